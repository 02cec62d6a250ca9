# SPDX-License-Identifier: GPL-3.0-or-later
# specialisation.gp -- do experts become specialists as training goes on?
#
# data: series,label,layer,step,tokens,n,nmi,nmi_low,nmi_high

if (groups > 1) {
	headline = 'Specialisation of the experts over training'
	about = '0: the domain says nothing of the expert; 1: everything.'
	measures = 1
	array measure[1] = ['nmi']
	array heading[1] = ['NMI of domain and expert']
	array scale[1] = ['zero']
	floor_column = floor_title = ''
}
if (groups > 1) load 'multiples.gp'; exit

wide = layers == 1 ? 560 : layers == 2 ? 400 : 300
high = 260
legend = 56 + 6.6*(longest > 16 ? longest : 16)
left_edge = 72
width = left_edge + layers*(wide + 30) + legend
tall = 96 + high + 52
height = tall > 110 + 18*series ? tall : 110 + 18*series
load 'style.gp'

headline = 'Specialisation of the experts over training'
reading = '0: the domain says nothing of the expert; 1: everything.  '.curves.'.'

x_column = x_title eq 'training step' ? 'step' : 'tokens'
x_of(i, l) = column('series') == i && stringcolumn('layer') eq layer[l] ? column(x_column)/x_unit : NaN

set multiplot
@HEAD
set key off
set tmargin at screen Y(96)
set bmargin at screen Y(96 + high)
set xrange [0:x_most*1.0/x_unit]
set xtics nice(x_most*1.0/x_unit/(wide/80.0))
set yrange [0:(y_most > 0 ? y_most : 1)*1.12]
set xlabel x_title
do for [l = 1:layers] {
	left = left_edge + (l - 1)*(wide + 30)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set title literal('NMI of domain and expert'.(layers > 1 ? ', layer '.layer[l] : '')) font panel_font offset 0,-0.5
	set format y (l > 1 ? '' : '%g')
	plot \
		for [i = 1:series] data using (x_of(i, l)):(band_from_zero(column('nmi_low'))):(column('nmi_high')) \
			with filledcurves fillcolor rgb colour(look[i]) notitle, \
		for [i = 1:series] data using (x_of(i, l)):(column('nmi')) with linespoints linetype look[i] pointinterval -4 notitle
	unset label
}
@LEGEND
plot NaN notitle, for [k = 1:series] keyentry with linespoints linetype look[order[k]] title label[order[k]]
unset multiplot
