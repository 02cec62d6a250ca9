# SPDX-License-Identifier: GPL-3.0-or-later
# multiples.gp -- small multiples: a panel for each group of series, with shared axes and one legend.
#
# A chart of curves that has several groups sets what follows and loads this file instead of drawing its one panel:
#   measures, measure[], heading[]    columns of the data that are drawn, each in panels of its own, and their titles
#   scale[]                           'log', 'violation' (near zero it must show zero, far above not squeeze the rest),
#                                     'zero' (linear from zero)
#   floor_column, floor_title         a reference in the panels of the first measure; '' for none
#   headline, about                   about stands in front of what the lines are
#   x_column, x_title, x_unit         where the axis is not that of training

if (!exists('layers')) layers = 0
depth = layers > 0 ? layers : 1
panels = groups*depth
across = panels <= 3 ? panels : panels == 4 ? 2 : panels <= 9 ? 3 : 4
down = (panels + across - 1)/across
wide = panels == 1 ? 520.0 : 270.0
high = panels == 1 ? 260.0 : 150.0
gap_x = 16
gap_y = 30
between = 70
left_edge = 62
legend = 52 + 6.8*(line_longest > strlen(floor_title) ? line_longest : strlen(floor_title))
width = left_edge + across*(wide + gap_x) + legend
block = down*(high + gap_y) + between
tall = 92 + measures*block
height = tall > 120 + 18*(lines + 1) ? tall : 120 + 18*(lines + 1)
crowd = 0
do for [g = 1:groups] {
	members = 0
	do for [i = 1:series] { members = members + (group_of[i] == g) }
	crowd = members > crowd ? members : crowd
}
load 'style.gp'
reading = about.'  '.curves.'.'

# where strategies share a line, colours tell the values
bare = 0
do for [k = 1:lines] { bare = bare + (line_look[k] == 0) }
array drawn[lines]
met = 0
# lines of one strategy: from its colour to a pale one
hue(k) = line_look[k] > 0 ? 1 + int(line_look[k] - 1)%10 : 0
of_hue(k) = sum [j = 1:lines] (hue(j) == hue(k))
shade_of(k) = of_hue(k) > 1 ? 0.62*(int(line_look[k] - 1)/10)/(of_hue(k) - 1) : 0
do for [k = 1:lines] {
	drawn[k] = line_look[k] > 0 ? shade(colour_of[hue(k)], shade_of(k)) : ramp[1 + (bare > 1 ? (met*7)/(bare - 1) : 3)%8]
	met = met + (line_look[k] == 0)
	dash = line_look[k] == 1 ? 2 : 1
	set linetype (1000 + k) linecolor rgb drawn[k] linewidth 1.6 pointtype mark_of[1 + (k - 1)%10] pointsize 0.6 dashtype dash
}

if (!exists('x_column')) x_column = x_title eq 'training step' ? 'step' : 'tokens'
group_in(p) = 1 + (p - 1)/depth
layer_in(p) = 1 + (p - 1)%depth
in_panel(i, p) = group_of[i] == group_in(p) && column('series') == i && (layers == 0 || stringcolumn('layer') eq layer[layer_in(p)])
x_of(i, p) = in_panel(i, p) ? column(x_column)/x_unit : NaN

set multiplot
@HEAD
set key off
set xrange [0:x_most*1.0/x_unit]
set xtics nice(x_most*1.0/x_unit/(wide/75))
do for [m = 1:measures] {
	unset logscale y
	unset nonlinear y
	set yrange [*:*]
	# the steep start of a loss would leave no room for the differences
	stats data using (column(x_column) >= (scale[m] eq 'log' ? 0.12 : 0)*x_most ? column(measure[m]) : NaN) nooutput name 'M'
	low = scale[m] eq 'log' ? (M_min > 0 ? M_min/1.08 : M_min - 0.05*(M_max - M_min)) : 0
	most = scale[m] eq 'log' ? M_max*1.08 : scale[m] eq 'violation' && M_max < 0.3 ? 0.35 : M_max > 0 ? M_max*1.1 : 1
	is_log = scale[m] eq 'log' && M_min > 0
	# bands may go beyond the lines, but a single wide one must not squeeze all the rest
	if (has_bands) {
		stats data using (column(x_column) >= 0 ? column(measure[m].'_high') : NaN) nooutput name 'H'
		if (scale[m] ne 'log' && H_max*1.03 > most) { most = H_max*1.03 < 1.4*M_max ? H_max*1.03 : 1.4*M_max }
	}
	clip(v) = !has_bands ? NaN : v > low ? v : low
	clip_top(v) = v < most ? v : most
	if (is_log) { set logscale y }
	if (scale[m] eq 'violation') { set nonlinear y via asinh(y/0.1) inverse 0.1*sinh(y) }
	set yrange [low:most]
	set ytics autofreq
	if (scale[m] eq 'violation') { set ytics (0, 0.1, 0.3, 1, 3, 10, 30, 100) }
	if (is_log) {
		set ytics ()
		step = nice((most - low)/4)
		if (most/low < 8) { do for [t = ceil(low/step):floor(most/step)] { set ytics add (t*step) } }
		if (most/low >= 8) { do for [t = floor(log10(low)):ceil(log10(most))] { set ytics add (10.0**t, 2*10.0**t, 5*10.0**t) } }
	}
	do for [p = 1:panels] {
		left = left_edge + ((p - 1)%across)*(wide + gap_x)
		top = 108 + (m - 1)*block + ((p - 1)/across)*(high + gap_y)
		set lmargin at screen X(left)
		set rmargin at screen X(left + wide)
		set tmargin at screen Y(top)
		set bmargin at screen Y(top + high)
		name_of_panel = group_title[group_in(p)].(layers > 1 ? (strlen(group_title[group_in(p)]) ? ', ' : '').'layer '.layer[layer_in(p)] : '')
		set title literal(clipped(name_of_panel, wide)) font small_font offset 0,-0.7
		set format y ((p - 1)%across ? '' : '%g')
		set format x (p + across > panels ? '%g' : '')
		set xlabel (p + across > panels ? x_title : '') offset 0,0.3 font small_font
		unset label 904
		if (p == 1) {
			set label 904 heading[m] at screen X(16),Y(top - 31) left font panel_font textcolor rgb text_colour noenhanced
		}
		plot \
			for [i = 1:series] data using (x_of(i, p)):(clip(column(measure[m].'_low'))):(clip_top(column(measure[m].'_high'))) \
				with filledcurves fillcolor rgb drawn[line_of[i]] notitle, \
			for [i = 1:series] data using (x_of(i, p)):(column(measure[m])) \
				with linespoints linetype (1000 + line_of[i]) pointinterval (x_column eq 'position' ? -int(x_most/8 + 1) : -4) notitle, \
			data using (m == 1 && strlen(floor_column) && (layers == 0 || stringcolumn('layer') eq layer[layer_in(p)]) && \
				group_of[int(column('series'))] == group_in(p) ? column(x_column)/x_unit : NaN): \
				(strlen(floor_column) ? column(floor_column) : NaN) \
				with points pointtype 7 pointsize 0.15 linecolor rgb reference_colour notitle
		unset label 901
		unset label 902
		unset label 903
	}
}
unset label
@LEGEND
plot NaN notitle, for [k = 1:lines] keyentry with linespoints linetype (1000 + k) title line_label[k], \
	keyentry with points pointtype 7 pointsize 0.3 linecolor rgb (strlen(floor_title) ? reference_colour : 0xFFFFFF) title floor_title
unset multiplot
