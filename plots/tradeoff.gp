# SPDX-License-Identifier: GPL-3.0-or-later
# tradeoff.gp -- does balance cost quality?  A panel for each stream.
#
# data: series,label,n,loss,loss_low,loss_high,loss_1,loss_2,loss_3,loss_4,maxvio,maxvio_low,maxvio_high,maxvio_1,
#       maxvio_2,maxvio_3,maxvio_4,pareto

across = panels <= 3 ? panels : panels == 4 ? 2 : 3
down = (panels + across - 1)/across
wide = across == 1 ? 560.0 : 270.0
high = across == 1 ? 360.0 : 200.0
gap_x = 14
gap_y = 30
left_edge = 84
# the names stand beside the marks (where there is room), and at the ends of lines; a key is for what is left
as_text = exists('format') ? format eq 'dumb' : 0
named = named && !as_text
legend = named ? 30 + 6.5*(longest > 33 ? longest : 33) : 62 + 6.8*(longest > 31 ? longest : 31)
width = left_edge + across*(wide + gap_x) + legend
top = panels > 1 ? 100 : 80
block = down*(high + gap_y) - gap_y
height = top + (named || block > 18*(entries + 2) ? block : 18*(entries + 2)) + 60
# points that a line joins to the one before them in their sweep
joined = 0
do for [i = 1:series] { joined = joined + (before[i] > 0) }
crowd = entries
fronts = 0
do for [k = 2:front] { fronts = fronts + (front_panel[k] == front_panel[k-1]) }
load 'style.gp'

headline = 'Loss against balance at the end of training'
reading = 'Down and left is better.  '.(banded && !few ? 'Mark and bars: ' : 'Marks: ').bars.'.'
if (named && fronts) { reading = reading.'  Gray steps: the Pareto front, none is better in both.' }
if (joined) { reading = reading.'  Larger marks: larger values of what was swept.' }

low = y_low
most = y_high
front_colour = '#C9C9C9'
is_flat(i) = at_x[i] != at_x[i]
size(i) = joined ? 0.55 + 1.1*size_of[i] : across == 1 ? 1.3 : 1.1
clip(v) = v > 0 ? v : 0
x_of(i, p) = column('series') == i && panel_of[i] == p ? column('maxvio') : NaN

set multiplot
@HEAD
set key off
# MaxVio of nothing but chance and of complete collapse are both of interest
set nonlinear x via asinh(x/0.1) inverse 0.1*sinh(x)
set xrange [0:x_right]
set xtics (0, 0.1, 0.3, 1, 3, 10, 30, 100)
set yrange [low:most]

below_top(v) = high*(most - v)/(most - low)
NAMED = 'noenhanced font small_font textcolor rgb ink(entry_look[entry_of[i]])'
do for [p = 1:panels] {
	ends = 0
	left = left_edge + ((p - 1)%across)*(wide + gap_x)
	from_top = top + ((p - 1)/across)*(high + gap_y)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(from_top)
	set bmargin at screen Y(from_top + high)
	set title literal(clipped(panel_title[p], wide)) font small_font offset 0,-0.7
	if (panels == 1) { unset title }
	set format x (p + across > panels ? '%g' : '')
	set format y ((p - 1)%across ? '' : '%g')
	unset xlabel
	unset ylabel
	if (p + across > panels) { set xlabel (across > 1 ? 'MaxVio' : 'MaxVio: load of the fullest expert over the fair share, minus 1') }
	if ((p - 1)%across == 0) { set ylabel (down > 1 ? loss_title[1:strstrt(loss_title.' (', ' (') - 1] : loss_title) offset 0.5,0 }
	do for [k = 2:front] {
		if (front_panel[k] == p && front_panel[k-1] == p) {
			set arrow from front_x[k-1],front_y[k-1] to front_x[k],front_y[k-1] nohead back linecolor rgb front_colour linewidth 3
			set arrow from front_x[k],front_y[k-1] to front_x[k],front_y[k] nohead back linecolor rgb front_colour linewidth 3
		}
	}
	# what no routing gets below, where it is known
	do for [k = 1:2] {
		limit = k == 1 ? ceiling[p] : bag[p]
		limit_title = k == 1 ? 'ceiling: '.ceiling_label[p] : 'ideal reader of the bag of tokens'
		if (limit == limit && limit <= most && limit >= low) {
			set arrow from graph 0,first limit to graph 1,first limit nohead back linecolor rgb reference_colour dashtype 3 linewidth 1.2
			if (!named) { set label limit_title at graph 0.99,first limit right offset 0,0.45 noenhanced font small_font textcolor rgb reference_colour }
			if (named) {
				ends = ends + 1
				end_at[ends] = below_top(limit); end_name[ends] = limit_title; end_ink[ends] = reference_colour
			}
		}
	}
	# a series without routed experts has no MaxVio: its loss is a line across, or beyond the edge
	above = 0
	do for [i = 1:series] {
		if (named && is_flat(i) && at_y[i] <= most && at_y[i] >= low && ends < 38) {
			ends = ends + 1
			end_at[ends] = below_top(at_y[i]); end_name[ends] = label[entry_of[i]]; end_ink[ends] = ink(entry_look[entry_of[i]])
		}
		if (named && name_x[i] == name_x[i]) {
			if (edge_x[i] == edge_x[i]) {
				set arrow from first at_x[i],first at_y[i] to graph edge_x[i]/wide,graph edge_y[i]/high nohead back \
					linecolor rgb ink(entry_look[entry_of[i]]) linewidth 0.5 dashtype 1
			}
			if (name_side[i] > 0) { set label label[entry_of[i]] at graph name_x[i]/wide,graph name_y[i]/high left @NAMED }
			if (name_side[i] < 0) { set label label[entry_of[i]] at graph name_x[i]/wide,graph name_y[i]/high right @NAMED }
			if (name_side[i] == 0) { set label label[entry_of[i]] at graph name_x[i]/wide,graph name_y[i]/high center @NAMED }
		}
		if (panel_of[i] == p && is_flat(i) && at_y[i] <= most && at_y[i] >= low) {
			set arrow from graph 0,first at_y[i] to graph 1,first at_y[i] nohead back linetype entry_look[entry_of[i]] linewidth 1.5
		}
		if (panel_of[i] == p && is_flat(i) && at_y[i] > most && above < 5) {
			set label sprintf('%s: %.3f, beyond the top', label[entry_of[i]], at_y[i]) at graph 0.99,graph (0.94 - above*17.0/high) \
				right noenhanced font small_font textcolor rgb ink(entry_look[entry_of[i]])
			above = above + 1
		}
		if (panel_of[i] == p && before[i] > 0 && !is_flat(i) && !is_flat(before[i])) {
			set arrow from at_x[before[i]],at_y[before[i]] to at_x[i],at_y[i] nohead back \
				linecolor rgb colour(entry_look[entry_of[i]]) linewidth 1 dashtype 1
		}
	}
	top_of_all = top
	top = from_top
	if (named) {
		@END_NAMES
	}
	top = top_of_all
	plot \
		for [i = 1:series] for [s = 1:(seeds_low < 5 ? 4 : 0)] data using \
			(x_of(i, p) == x_of(i, p) ? column('maxvio_'.s) : NaN):(column('loss_'.s)) with points pointtype 7 pointsize 0.35 \
			linecolor rgb shade(colour(entry_look[entry_of[i]]), 0.3) notitle, \
		for [i = 1:series] data using (is_few('loss') ? NaN : x_of(i, p)):(column('loss')):(clip(column('maxvio_low'))):(column('maxvio_high')): \
			(column('loss_low')):(column('loss_high')) with xyerrorbars linetype entry_look[entry_of[i]] dashtype 1 pointsize 0 \
			linewidth (joined ? 0.5 : 1.1) notitle, \
		for [i = 1:series] data using (x_of(i, p)):(column('loss')) with points linetype entry_look[entry_of[i]] \
			pointsize size(i) notitle
	unset label
	unset arrow
}
array flat[entries]
do for [i = 1:series] { flat[entry_of[i]] = is_flat(i) }
if (!named) {
@LEGEND
plot NaN notitle, \
	for [e = 1:entries] keyentry with linespoints linetype entry_look[e] linewidth 1.4 pointsize (flat[e] ? 0 : 1.1) \
		title (flat[e] || joined ? label[e] : ''), \
	for [e = 1:entries] keyentry with points linetype entry_look[e] pointsize 1.1 title (flat[e] || joined ? '' : label[e]), \
	keyentry with lines linecolor rgb (fronts ? front_colour : 'white') dashtype 1 linewidth 3 \
		title (fronts ? 'Pareto front: none is better in both' : '')
}
unset multiplot
