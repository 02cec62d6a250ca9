# SPDX-License-Identifier: GPL-3.0-or-later
# load.gp -- what becomes of every single expert: who is used, who starves.
#
# data: panel,label,layer,rank,expert,bin,tokens,load

# few panels stand in rows that are as full as can be; the layers of a run stand side by side
even = panels < 4 ? panels : panels == 5 || panels == 6 || panels == 9 ? 3 : panels < 13 ? 4 : 6
across = layers > 1 ? layers*(layers < 4 ? 4/layers : 1) : even
across = across > panels ? panels : across
down = (panels + across - 1)/across
wide = 1.0*(across == 1 ? 500 : across < 3 ? 320 : across < 5 ? 210 : 160)
high = 150.0
gap_x = 16
gap_y = longest*7.4 > wide ? 48 : 34
width = 74 + across*(wide + gap_x) + 90
width = width < 720 ? 720 : width   # the line on how to read it
height = 62 + down*(high + gap_y) + 58
load 'style.gp'

headline = 'Load of every expert over training'
reading = 'Each row is one expert of one run ('.of_run.'), the fullest at the end on top.  White: the fair share of the tokens.'

set multiplot
@HEAD
@LOADS
set style fill solid noborder
set cblabel 'load' offset 0.5,0 font small_font
set cbtics font small_font
set key off
unset grid
set border 15
set view map
do for [p = 1:panels] {
	column_of = (p - 1)%across
	row_of = (p - 1)/across
	left = 60 + column_of*(wide + gap_x)
	top = 62 + gap_y + row_of*(high + gap_y)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(top)
	set bmargin at screen Y(top + high)
	heading = label[p].(layers > 1 ? '  layer '.layer[p] : '')
	set title literal(folded(heading, wide)) font panel_title_font(heading, wide) offset 0,-0.6
	set xrange [0:columns[p]*scale[p]/x_unit]
	set yrange [rows[p] - 0.5:-0.5]
	set xtics nice(columns[p]*scale[p]/x_unit/2.6)
	set ytics ('1' 0)
	do for [k = 1:4] {
		at = k*rows[p]/4
		if (rows[p] >= 16 || k == 4) { set ytics add (sprintf('%d', at) at - 1) }
	}
	set format x (p + across > panels ? '%g' : '')
	if (column_of > 0) { set ytics format '' ('' 0) }
	unset colorbox
	unset xlabel
	unset ylabel
	if (column_of == 0) { set ylabel 'experts' offset 0.2,0 font small_font }
	if (p + across > panels) { set xlabel x_title offset 0,0.4 font small_font }
	if (p == panels) {
		set colorbox user origin X(60 + across*(wide + gap_x)),Y(62 + gap_y + 0.9*high) size X(14),0.9*high/height
	}
	plot data using ((column('bin') + 0.5)*scale[p]/x_unit):(column('rank')):(doublings(column('load'))) \
		every ::first[p]::last[p] with image notitle
	unset label
}
unset multiplot
