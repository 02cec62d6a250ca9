# SPDX-License-Identifier: GPL-3.0-or-later
# tradeoff.gp -- does balance cost quality?
#
# data: series,label,n,loss,loss_low,loss_high,maxvio,maxvio_low,maxvio_high,pareto

wide = 560
high = 360
legend = 56 + 6.6*(longest > 31 ? longest : 31)
width = 84 + wide + legend
height = 84 + (high > 18*series ? high : 18*series) + 56
load 'style.gp'

headline = 'Loss against balance at the end of training'
reading = 'Down and left is better.  '.(banded ? 'Mark and bars: ' : 'Marks: ').seeds.interval.'.'

span = y_most > y_least ? y_most - y_least : 0.1*abs(y_most) + 1e-6
low = y_least - 0.1*span
top = y_most + 0.14*span

set lmargin at screen X(84)
set rmargin at screen X(84 + wide)
set tmargin at screen Y(80)
set bmargin at screen Y(80 + high)
@HEAD
set key at screen X(84 + wide + 16),Y(80) left top Left reverse vertical samplen 2.2 spacing 1.25 width -2 font small_font
# MaxVio of nothing but chance and of complete collapse are both of interest
set nonlinear x via asinh(x/0.1) inverse 0.1*sinh(x)
set xrange [0:(x_most > 0.3 ? x_most : 0.3)*1.25]
set xtics (0, 0.1, 0.3, 1, 3, 10, 30, 100)
set yrange [low:top]
set xlabel 'MaxVio: load of the fullest expert over the fair share, less 1'
set ylabel loss_title offset 0.5,0

do for [k = 2:front] {
	set arrow from front_x[k-1],front_y[k-1] to front_x[k],front_y[k-1] nohead back linecolor rgb '#C9C9C9' linewidth 3
	set arrow from front_x[k],front_y[k-1] to front_x[k],front_y[k] nohead back linecolor rgb '#C9C9C9' linewidth 3
}
# a series without routed experts has no MaxVio: its loss is a line across, or beyond the edge
above = 0
do for [i = 1:series] {
	if (flat[i] == flat[i] && flat[i] <= top && flat[i] >= low) {
		set arrow from graph 0,first flat[i] to graph 1,first flat[i] nohead back linetype look[i] linewidth 1.5
		set label label[i] at graph 0.99,first flat[i] right offset 0,0.6 noenhanced font small_font
	}
	if (flat[i] == flat[i] && flat[i] > top) {
		set label sprintf('%s: %.3f, beyond the top', label[i], flat[i]) at graph 0.99,graph 0.985 - 0.05*above right \
			noenhanced font small_font textcolor rgb colour(look[i])
		above = above + 1
	}
}

clip(v) = v > 0 ? v : 0
x_of(i) = column('series') == i ? column('maxvio') : NaN
plot \
	for [i = 1:series] data using (x_of(i)):(column('loss')):(clip(column('maxvio_low'))):(column('maxvio_high')): \
		(column('loss_low')):(column('loss_high')) with xyerrorbars linetype look[i] dashtype 1 pointsize 0 linewidth 1.1 notitle, \
	for [i = 1:series] data using (x_of(i)):(column('loss')) with points linetype look[i] pointsize 1.3 notitle, \
	for [i = 1:series] keyentry with points linetype (flat[i] == flat[i] ? 0 : look[i]) pointsize (flat[i] == flat[i] ? 0 : 1.1) \
		title (flat[i] == flat[i] ? '' : label[i]), \
	keyentry with lines linecolor rgb (front > 1 ? '#C9C9C9' : 'white') dashtype 1 linewidth 3 title (front > 1 ? 'Pareto front: none is better in both' : '')
