# SPDX-License-Identifier: GPL-3.0-or-later
# gap.gp -- how much of what routing could bring each strategy brings, a panel for each stream.
#
# data: series,label,row,n,share,share_low,share_high

across = panels <= 3 ? panels : panels == 4 ? 2 : 3
down = (panels + across - 1)/across
left_edge = 30 + 6.8*longest
wide = across == 1 ? 560.0 : across == 2 ? 340.0 : 240.0
numbers = 150
bar = 28.0 - (rows > 12 ? 6 : 0)
high = bar*rows + 16
space = 36
top = panels > 1 ? 124 : 100
width = left_edge + across*(wide + numbers)
height = top + down*(high + space) - space + 58
load 'style.gp'

headline = 'Share of what routing could bring'
reading = '0%: random routing (dense where there is none).  100%: planted.  Mark and bar: '.seeds.' with its 95% interval (Fieller), for each alone.'
amount(row) = sprintf('  %.0f%%', 100*column('share')).(column('share_low') == column('share_low') ? sprintf(' (%.0f to %.0f)', 100*column('share_low'), 100*column('share_high')) : '')
left_end = least < -2 ? 1.15*least : -4

set multiplot
@HEAD
set key off
set border 1
if (!terminal_is_text) set grid noytics
set ytics scale 0 font small_font noenhanced
set yrange [0.4:rows + 0.6]
set xrange [left_end:104]
set xtics 0,25,100
set arrow from 0,graph 0 to 0,graph 1 nohead back linecolor rgb '#8C8C8C' linewidth 1.2
set arrow from 100,graph 0 to 100,graph 1 nohead back linecolor rgb '#8C8C8C' linewidth 1.2

do for [p = 1:panels] {
	left = left_edge + ((p - 1)%across)*(wide + numbers)
	from_top = top + ((p - 1)/across)*(high + space)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(from_top)
	set bmargin at screen Y(from_top + high)
	set title literal(clipped(panel_title[p], wide + numbers - 10)) font small_font offset 0,-0.6
	if (panels == 1) { unset title }
	set ytics ()
	do for [r = 1:rows] { set ytics add ((p - 1)%across ? '' : plain(label[r]) rows + 1 - r) }
	set format x (p + across > panels ? '%g%%' : '')
	unset xlabel
	if (p + across > panels) { set xlabel 'share of the gap closed' noenhanced }
	plot \
		for [i = 1:series] data using (column('series') == i && panel_of[i] == p ? 100*column('share') : NaN): \
			'row':(100*column('share_low')):(100*column('share_high')) \
			with xerrorbars linetype (1 + (look[i] - 1)%10) dashtype 1 linewidth 1.8 pointsize (rows > 12 ? 1 : 1.3) notitle, \
		data using (panel_of[int(column('series'))] == p ? 104 : NaN):'row':(amount(0)) with labels left font small_font \
			textcolor rgb text_colour notitle
}
unset multiplot
