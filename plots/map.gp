# SPDX-License-Identifier: GPL-3.0-or-later
# map.gp -- which strategy wins where: loss over two swept settings.
#
# data: panel,label,column,row,x,y,n,loss,least

columns = |x_value|
rows = |y_value|
across = panels < 4 ? panels : panels == 4 ? 2 : 3
down = (panels + across - 1)/across
wide = columns*58.0 < 180 ? 180.0 : columns*58.0
high = rows*34.0 < 90 ? 90.0 : rows*34.0
left_edge = 110
gap_x = 22
gap_y = 36
width = left_edge + across*(wide + gap_x) + 96
width = width < 760 ? 760 : width
height = 96 + down*(high + gap_y) + 40
load 'style.gp'

headline = 'Loss over '.x_name.' and '.y_name
reading = 'Numbers: '.loss_title.', means over the seeds.'.(panels > 1 ? '  Framed: the lowest of all strategies in that place.' : '')

set multiplot
@HEAD
set key off
unset grid
set border 15
set style fill solid noborder
set palette defined (0 '#0B4A8C', 0.5 '#9CC4E4', 1 '#FFFFFF')
span = most > least ? most - least : 1e-6
set cbrange [least:least + span]
set cbtics nice(span/3.0) font small_font scale 0.3 offset -0.6,0
# below this share of the scale numbers are white, above it black: either way a contrast of 4.5 to 1
white_below = 0.192
number_format = span < 0.01 ? '%.4f' : '%.3f'
do for [p = 1:panels] {
	column_of = (p - 1)%across
	row_of = (p - 1)/across
	left = left_edge + column_of*(wide + gap_x)
	top = 96 + row_of*(high + gap_y)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(top)
	set bmargin at screen Y(top + high)
	set title literal(label[p]) font panel_font offset 0,-0.7
	set xrange [-0.5:columns - 0.5]
	set yrange [-0.5:rows - 0.5]
	# an empty list of tick marks would bring gnuplot's own
	unset xtics
	unset ytics
	if (p + across > panels) {
		set xtics () scale 0 font small_font noenhanced textcolor rgb text_colour
		do for [c = 1:columns] { set xtics add (short(x_value[c]) c - 1) }
	}
	if (column_of == 0) {
		set ytics () scale 0 font small_font noenhanced textcolor rgb text_colour
		do for [r = 1:rows] { set ytics add (short(y_value[r]) r - 1) }
	}
	unset colorbox
	unset xlabel
	unset ylabel
	if (column_of == 0) { set ylabel y_name font small_font noenhanced }
	if (p + across > panels) { set xlabel x_name font small_font offset 0,0.4 noenhanced }
	if (p == panels) {
		set colorbox user origin X(left_edge + across*(wide + gap_x)),Y(96 + 0.9*high) size X(14),0.9*high/height
	}
	plot \
		data using (column('panel') == p ? column('column') : NaN):'row':(column('column') - 0.5):(column('column') + 0.5): \
			(column('row') - 0.5):(column('row') + 0.5):'loss' with boxxyerror linecolor palette notitle, \
		data using (column('panel') == p && column('least') == 1 ? column('column') : NaN):'row':(column('column') - 0.46): \
			(column('column') + 0.46):(column('row') - 0.44):(column('row') + 0.44) \
			with boxxyerror fillstyle empty linecolor rgb '#D55E00' linewidth 2.5 notitle, \
		data using (column('panel') == p ? column('column') : NaN):'row':(sprintf(number_format, column('loss'))): \
			(column('loss') < least + white_below*span ? 0xFFFFFF : 0x000000) with labels font small_font textcolor rgb variable notitle
	unset label
}
unset multiplot
