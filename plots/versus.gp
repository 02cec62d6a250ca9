# SPDX-License-Identifier: GPL-3.0-or-later
# versus.gp -- model against model: what balance and specialisation go together?
#
# data: series,model,layer,panel,maxvio,nmi,label,label_x,label_y,side

left_edge = 76
gap_x = 34
top_edge = 84
legend = 40 + 7.0*longest
legend = legend < 120 ? 120 : legend
width = left_edge + 2*(wide + gap_x) + legend
height = top_edge + high + 60
load 'style.gp'

headline = 'Model against model: balance and specialisation'
reading = 'A mark is a layer; numbers tell which, the line goes from the first to the last.  Left: better balanced.  Up: experts that tell domains apart.'

set multiplot
@HEAD
set key off
set tmargin at screen Y(top_edge)
set bmargin at screen Y(top_edge + high)
set nonlinear x via asinh(x/0.1) inverse 0.1*sinh(x)
set xtics (0, 0.1, 0.3, 1, 3, 10, 30, 100) font small_font
set ytics font small_font
set yrange [0:top]

array heading[2] = ['all domains weighed alike', 'the worst domain alone']
do for [k = 1:2] {
	left = left_edge + (k - 1)*(wide + gap_x)
	of(i, value) = column('series') == i && column('panel') == k ? column(value) : NaN
	text_of(i, s) = column('side') == s ? of(i, 'label_y') : NaN
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set title heading[k] font panel_font offset 0,-0.6
	set xrange [0:right[k]]
	set xlabel 'MaxVio' font small_font offset 0,0.4
	set format y (k == 1 ? '%g' : '')
	unset ylabel
	if (k == 1) { set ylabel 'NMI of domain and expert' font small_font offset 1,0 }
	plot \
		for [i = 1:series] data using (of(i, 'maxvio')):'nmi' with lines linecolor rgb colour(look[i]) linewidth 0.7 dashtype 3 notitle, \
		for [i = 1:series] data using (of(i, 'maxvio')):'nmi' with points pointtype mark_of[1 + int(look[i] - 1)%10] \
			pointsize 1.2 linecolor rgb colour(look[i]) notitle, \
		for [i = 1:series] data using 'label_x':(text_of(i, 1)):'label' with labels left font small_font \
			textcolor rgb ink(look[i]) notitle, \
		for [i = 1:series] data using 'label_x':(text_of(i, 0)):'label' with labels center font small_font \
			textcolor rgb ink(look[i]) notitle, \
		for [i = 1:series] data using 'label_x':(text_of(i, -1)):'label' with labels right font small_font \
			textcolor rgb ink(look[i]) notitle
}
set lmargin at screen X(left_edge + 2*(wide + gap_x))
set rmargin at screen X(width - 8)
unset border
unset xtics
unset ytics
unset title
unset xlabel
unset ylabel
unset grid
set key at screen X(left_edge + 2*(wide + gap_x)),Y(top_edge) left top Left reverse vertical samplen 1.4 spacing 1.25 font small_font
plot [0:1] [0:1] NaN notitle, \
	for [i = 1:series] keyentry with points pointtype mark_of[1 + int(look[i] - 1)%10] pointsize 1.3 linecolor rgb colour(look[i]) title label[i]
unset multiplot
