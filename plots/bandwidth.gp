# SPDX-License-Identifier: GPL-3.0-or-later
# bandwidth.gp -- when does the network become the bottleneck, and for whom?
#
# data: series,label,gbps,n,exposed,exposed_low,exposed_high,time,time_low,time_high

wide = 380.0
high = 300.0
gap_x = 70
left_edge = 62
legend = 66 + 6.8*(longest > half_longest + 2 ? longest : half_longest + 2)
width = left_edge + 2*wide + gap_x + 10 + legend
height = 100 + high + 62
height = height > 110 + 38*series ? height : 110 + 38*series
load 'style.gp'

# bands of few seeds stay: the lines are close to each other, and two panels have room for them
if (few) { curves = 'Line and band: '.seeds.interval }
headline = 'Communication against the bandwidth of the network'
reading = 'Above one half, the network is the bottleneck.  A low share is no virtue where computing is slow: compare the times.  '.curves.'.'

in_series(i) = column('series') == i ? column('gbps') : NaN
stats data using (column('gbps')) nooutput name 'G'
stats data using (column('time')) nooutput name 'T'

set multiplot
@HEAD
set key off
set logscale x 2
set xrange [G_min:G_max]
set xtics () font small_font
do for [k = 0:20] { set xtics add (sprintf('%d', 2**k) 2**k) }
set xlabel x_title font small_font offset 0,0.3
set tmargin at screen Y(108)
set bmargin at screen Y(108 + high)

set lmargin at screen X(left_edge)
set rmargin at screen X(left_edge + wide)
set title 'exposed communication, share of the time of a layer' font panel_font offset 0,-0.4
set yrange [0:1]
set ytics 0,0.25,1
set arrow 1 from graph 0,first 0.5 to graph 1,first 0.5 nohead back linecolor rgb reference_colour dashtype 2 linewidth 1.2
plot \
	for [i = 1:series] data using (in_series(i)):(band(column('exposed_low'))):(column('exposed_high')) \
		with filledcurves fillcolor rgb colour(look[i]) notitle, \
	for [i = 1:series] data using (in_series(i)):(column('exposed')) with linespoints linetype look[i] pointinterval -4 notitle
unset label
unset arrow

set lmargin at screen X(left_edge + wide + gap_x)
set rmargin at screen X(left_edge + 2*wide + gap_x)
set title 'time of a layer, ms, log scale' font panel_font offset 0,-0.4
set logscale y
set yrange [T_min/1.15:T_max*1.15]
set ytics autofreq
do for [t = floor(log10(T_min)):ceil(log10(T_max))] { set ytics add (10.0**t, 2*10.0**t, 5*10.0**t) }
plot \
	for [i = 1:series] data using (in_series(i)):(band(column('time_low'))):(column('time_high')) \
		with filledcurves fillcolor rgb colour(look[i]) notitle, \
	for [i = 1:series] data using (in_series(i)):(column('time')) with linespoints linetype look[i] pointinterval -4 notitle
@LEGEND
plot NaN notitle, for [k = 1:2*series] keyentry with linespoints linetype (k%2 ? look[(k + 1)/2] : -2) \
	title (k%2 ? label[(k + 1)/2] : '   '.half_label[k/2])
unset multiplot
