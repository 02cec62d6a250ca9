# SPDX-License-Identifier: GPL-3.0-or-later
# sweep.gp -- what a swept setting does to loss and balance.
#
# data: series,label,key,value,n,loss,loss_low,loss_high,loss_1,loss_2,loss_3,loss_4,maxvio,maxvio_low,maxvio_high,
#       maxvio_1,maxvio_2,maxvio_3,maxvio_4,dead,dead_low,dead_high,dead_1,dead_2,dead_3,dead_4

wide = 270.0
high = 210.0
gap_x = 74
gap_y = 86
legend = 60 + 6.6*longest
left_edge = 74
width = left_edge + 3*wide + 2*gap_x + legend
# each row has a legend of its own
most_lines = 0
do for [k = 1:keys] {
	lines = 0
	do for [i = 1:series] { lines = lines + (of_key[i] == k) }
	most_lines = lines > most_lines ? lines : most_lines
}
high = most_lines*17 > high ? most_lines*17 : high
height = 96 + keys*(high + gap_y)
load 'style.gp'

headline = 'Loss and balance over '.(keys == 1 ? key_name[1] : 'the swept settings')
reading = 'Lower is better, at the end of training.  '.(banded && !few ? 'Mark and bar: ' : 'Marks: ').bars.'.'

array metric[3] = ['loss', 'maxvio', 'dead']
array heading[3] = [loss_title, 'MaxVio', 'dead experts']
# side by side, so that bars do not hide each other
by(i) = aside[i]*0.012*(most_lines > 4 ? 4 : most_lines)
x_of(i, k) = of_key[i] != k || column('series') != i ? NaN : \
	key_log[k] ? column('value')*(most/least)**by(i) : column('value') + (most - least)*by(i)
clip(v) = v > 0 ? v : 0

stats data using (column('maxvio')) nooutput name 'M'
stats data using (column('dead')) nooutput name 'D'
stats data using (column('loss')) nooutput name 'L'
array top_of[3] = [0, M_max*1.2 + 0.1, D_max*1.1 + 0.4]

set multiplot
@HEAD
do for [k = 1:keys] {
	top = 96 + (k - 1)*(high + gap_y)
	set tmargin at screen Y(top)
	set bmargin at screen Y(top + high)
	eval sprintf('ticks = |ticks%d|', k)
	do for [m = 1:3] {
		left = left_edge + (m - 1)*(wide + gap_x)
		set lmargin at screen X(left)
		set rmargin at screen X(left + wide)
		set title heading[m] font panel_font offset 0,-0.5
		set xlabel key_name[k] noenhanced
		set xtics () noenhanced
		do for [t = 1:ticks] {
			eval sprintf('set xtics add (plain(ticks%d[%d]) places%d[%d])', k, t, k, t)
		}
		unset logscale x
		if (key_log[k]) { set logscale x }
		eval sprintf('least = 1.0*places%d[1]; most = 1.0*places%d[ticks]', k, k)
		at(place) = key_log[k] ? least*(most/least)**place : least + (most - least)*place
		set xrange [at(-0.08):at(1.08)]
		set yrange [*:*]
		if (m > 1) { set yrange [0:top_of[m]] }
		unset arrow
		if (m == 1 && ceiling[k] == ceiling[k]) {
			if (ceiling[k] < L_min) { set yrange [ceiling[k] - 0.06*(L_max - ceiling[k]):*] }
			set arrow from graph 0,first ceiling[k] to graph 1,first ceiling[k] nohead back linecolor rgb reference_colour dashtype 2 linewidth 1.2
			set label ceiling_title at graph 0.99,first ceiling[k] right offset 0,0.45 noenhanced font small_font textcolor rgb reference_colour
		}
		unset nonlinear y
		set ytics autofreq
		if (m == 2) {
			set nonlinear y via asinh(y/0.1) inverse 0.1*sinh(y)
			set ytics (0, 0.1, 0.3, 1, 3, 10, 30, 100)
		}
		set key off
		if (m == 3) {
			set key at screen X(width - legend + 16),Y(top) left top Left reverse vertical maxrows 1000 samplen 2.2 spacing 1.2 width -2 font small_font
		}
		plot \
			for [i = 1:series] for [s = 1:(seeds_low < 5 ? 4 : 0)] data using (x_of(i, k)):(column(metric[m].'_'.s)) \
				with points pointtype 7 pointsize 0.35 linecolor rgb shade(colour(look[i]), 0.3) notitle, \
			for [i = 1:series] data using (is_few(metric[m]) ? NaN : x_of(i, k)):(column(metric[m])): \
				(m > 1 ? clip(column(metric[m].'_low')) : column(metric[m].'_low')):(column(metric[m].'_high')) \
				with yerrorbars linetype look[i] dashtype 1 linewidth 1.1 pointsize 0 notitle, \
			for [i = 1:series] data using (x_of(i, k)):(column(metric[m])) \
				with linespoints linetype look[i] pointsize 0.9 notitle, \
			for [i = 1:series] keyentry with linespoints linetype look[i] title (of_key[i] == k ? label[i] : '')
		unset label
	}
}
unset multiplot
