# SPDX-License-Identifier: GPL-3.0-or-later
# differences.gp -- which strategies really differ: paired differences over common seeds.
#
# data: series,label,row,n,difference,difference_low,difference_high,p

left_edge = 30 + 6.8*longest
wide = 520.0
bar = 28.0
high = bar*series + 16
top = 100
width = left_edge + wide + 150
height = top + high + 58
load 'style.gp'

headline = 'Difference in loss from '.baseline
reading = 'Mark and bar: '.seeds.interval.', paired by seed.  p: t test, Holm-corrected for all rows.'

set lmargin at screen X(left_edge)
set rmargin at screen X(left_edge + wide)
set tmargin at screen Y(top)
set bmargin at screen Y(top + high)
@HEAD
set key off
set border 1
if (!terminal_is_text) set grid noytics
set ytics scale 0 font small_font noenhanced
set ytics ()
do for [i = 1:series] { set ytics add (plain(label[i]) series + 1 - i) }
set yrange [0.4:series + 0.6]
span = x_most > x_least ? x_most - x_least : 1e-6
least = x_least - 0.04*span
most = x_most + 0.04*span
if (margin > 0) {
	least = least < -1.15*margin ? least : -1.15*margin
	most = most > 1.15*margin ? most : 1.15*margin
	set object 1 rectangle from -margin,graph 0 to margin,graph 1 back fillcolor rgb '#EDEDED' fillstyle solid noborder
	set label sprintf('shaded: within %g, no difference in practice', margin) at screen X(left_edge + wide),Y(72) right \
		font small_font textcolor rgb '#595959'
}
set xrange [least:most]
set xtics nice((most - least)/6)
set arrow from 0,graph 0 to 0,graph 1 nohead back linecolor rgb '#8C8C8C' linewidth 1.2
set label 'better than '.baseline at screen X(left_edge),Y(top - 10) left font small_font noenhanced textcolor rgb '#595959'
if (margin <= 0) {
	set label 'worse' at screen X(left_edge + wide),Y(top - 10) right font small_font textcolor rgb '#595959'
}
set xlabel 'difference in '.loss_title noenhanced

plot \
	for [i = 1:series] data using (column('series') == i ? column('difference') : NaN):'row':'difference_low':'difference_high' \
		with xerrorbars linetype look[i] dashtype 1 linewidth 1.8 pointsize 1.3 notitle, \
	data using (most):'row':(sprintf('  %+.4f  (p %s)', column('difference'), \
		column('p') < 0.0005 ? '< 0.001' : sprintf('= %.3f', column('p')))) with labels left font small_font \
		textcolor rgb text_colour notitle
