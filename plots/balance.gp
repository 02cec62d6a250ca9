# SPDX-License-Identifier: GPL-3.0-or-later
# balance.gp -- is the load spread evenly, and do experts die?
#
# data: series,label,layer,step,tokens,n,maxvio,maxvio_low,maxvio_high,dead,dead_low,dead_high,floor

if (groups > 1) {
	headline = 'Balance of the experts over training'
	about = 'Lower is better, measured '.scope.'.'
	measures = 2
	array measure[2] = ['maxvio', 'dead']
	array heading[2] = ['MaxVio: load of the fullest expert over the fair share, minus 1', 'dead experts (load below 1% of the fair share)']
	array scale[2] = ['violation', 'zero']
	floor_column = 'floor'
	floor_title = 'MaxVio of chance'
}
if (groups > 1) load 'multiples.gp'; exit

wide = layers == 1 ? 560 : layers == 2 ? 400 : 300
high = 200
legend = 56 + 6.6*(longest > 16 ? longest : 16)
left_edge = 66
width = left_edge + layers*(wide + 30) + legend
tall = 96 + 2*high + 36 + 52
height = tall > 110 + 18*series ? tall : 110 + 18*series
load 'style.gp'

headline = 'Balance of the experts over training'
reading = 'Lower is better, measured '.scope.'.  '.curves.'.'

x_column = x_title eq 'training step' ? 'step' : 'tokens'
x_of(i, l) = column('series') == i && stringcolumn('layer') eq layer[l] ? column(x_column)/x_unit : NaN
panel_title(what, l) = literal(what.(layers > 1 ? ', layer '.layer[l] : ''))

set multiplot
@HEAD
set key off
set xrange [0:x_most*1.0/x_unit]
do for [l = 1:layers] {
	left = left_edge + (l - 1)*(wide + 30)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set xtics nice(x_most*1.0/x_unit/(wide/80.0))

	# ---- MaxVio: near zero it must show zero, far above it must not squeeze the rest
	set tmargin at screen Y(96)
	set bmargin at screen Y(96 + high)
	set title panel_title('MaxVio: load of the fullest expert over the fair share, minus 1', l) font panel_font offset 0,-0.5
	if (layers > 1) { set title panel_title('MaxVio', l) }
	unset xlabel
	set nonlinear y via asinh(y/0.1) inverse 0.1*sinh(y)
	set yrange [0:(y_most > 0.3 ? y_most : 0.3)*1.15]
	set ytics (0, 0.1, 0.3, 1, 3, 10, 30, 100)
	set format x ''
	set format y (l > 1 ? '' : '%g')
	plot \
		for [i = 1:series] data using (x_of(i, l)):(band_from_zero(column('maxvio_low'))):(column('maxvio_high')) \
			with filledcurves fillcolor rgb colour(look[i]) notitle, \
		for [i = 1:series] data using (x_of(i, l)):(column('maxvio')) with linespoints linetype look[i] pointinterval -4 notitle, \
		data using (x_of(1, l)):(column('floor')) with lines linecolor rgb reference_colour dashtype 3 linewidth 1.5 notitle
	unset label
	unset nonlinear y

	# ---- dead experts
	set tmargin at screen Y(96 + high + 36)
	set bmargin at screen Y(96 + high + 36 + high)
	set title panel_title('dead experts (load below 1% of the fair share)', l)
	if (layers > 1) { set title panel_title('dead experts', l) }
	set xlabel x_title
	set yrange [0:(y2_most > 4 ? y2_most*1.1 : 4)]
	set ytics autofreq
	set format x '%g'
	plot \
		for [i = 1:series] data using (x_of(i, l)):(band_from_zero(column('dead_low'))):(column('dead_high')) \
			with filledcurves fillcolor rgb colour(look[i]) notitle, \
		for [i = 1:series] data using (x_of(i, l)):(column('dead')) with linespoints linetype look[i] pointinterval -4 notitle
}
@LEGEND
plot NaN notitle, for [k = 1:series] keyentry with linespoints linetype look[order[k]] title label[order[k]], \
	keyentry with lines linecolor rgb reference_colour dashtype 3 linewidth 1.5 title 'MaxVio of chance'
unset multiplot
