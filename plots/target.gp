# SPDX-License-Identifier: GPL-3.0-or-later
# target.gp -- how much training each strategy needs to reach the same loss, in FLOPs and in seconds.
#
# data: series,label,row,n,reached,flops,flops_low,flops_high,flops_1,flops_2,flops_3,flops_4,seconds,seconds_low,
#       seconds_high,seconds_1,seconds_2,seconds_3,seconds_4

left_edge = 30 + 6.8*longest
panels = seconds_most > 0 ? 2 : 1
wide = panels == 2 ? 340.0 : 520.0
gap = 110
bar = 26.0
high = bar*series + 10
top = 92
width = left_edge + panels*(wide + gap) + 20
height = top + high + 58
load 'style.gp'

headline = streams == 1 ? sprintf('Training to the loss at which %s ends (%.3f)', target_of, target) : \
	'Training to the loss at which '.target_of.' ends on the same stream'
reading = 'Shorter is better.  '.(banded && !few ? 'Bar and line: ' : 'Bars: ').bars.(paired ? ', target of the same seed.' : '.')

set multiplot
@HEAD
set key off
set border 1
if (!terminal_is_text) set grid noytics
set style fill solid noborder
half = 0.34
amount(value, m) = m == 1 ? human(value) : sprintf('%.3g s', value)
said(value, m) = column('reached') == 0 ? '  never reached' : '  '.amount(value, m). \
	(column('reached') < column('n') ? sprintf(' (in %d of %d)', column('reached'), column('n')) : '')
array measure[2] = ['flops', 'seconds']
array heading[2] = ['training FLOPs', 'seconds of training, on the machine that ran it']
array most[2] = [x_most, seconds_most]

do for [m = 1:panels] {
	left = left_edge + (m - 1)*(wide + gap)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(top)
	set bmargin at screen Y(top + high)
	set title heading[m] font panel_font offset 0,-0.5
	set ytics scale 0 font small_font noenhanced
	set ytics ()
	do for [i = 1:series] { set ytics add ((m == 1 ? plain(label[i]) : '') i) }
	set yrange [series + 0.6:0.4]
	set xrange [0:most[m]*1.04]
	set xtics nice(most[m]/4.0)
	set format x (m == 1 ? '%.0s%c' : '%g')
	plot \
		for [i = 1:series] data using (0):(column('series') == i ? column('row') : NaN):(0):(column(measure[m])): \
			(column('row') - half):(column('row') + half) with boxxyerror fillcolor rgb colour(look[i]) notitle, \
		for [s = 1:(seeds_low < 5 ? 4 : 0)] data using (column(measure[m].'_'.s)):(column('row') + 0.18) \
			with points pointtype 7 pointsize 0.7 linecolor rgb 'white' notitle, \
		for [s = 1:(seeds_low < 5 ? 4 : 0)] data using (column(measure[m].'_'.s)):(column('row') + 0.18) \
			with points pointtype 7 pointsize 0.45 linecolor rgb '#262626' notitle, \
		data using (is_few(measure[m]) ? NaN : column(measure[m])):'row':(column(measure[m].'_low')):(column(measure[m].'_high')) \
			with xerrorbars pointsize 0 linecolor rgb '#262626' linewidth 1.2 notitle, \
		data using (most[m]*1.04):'row':(said(column(measure[m]), m)) with labels left font small_font \
			textcolor rgb text_colour notitle
	unset label
}
unset multiplot
