# SPDX-License-Identifier: GPL-3.0-or-later
# loss.gp -- how fast and how far each strategy learns.
#
# data: series,label,step,tokens,n,loss,loss_low,loss_high,excess,excess_low,excess_high,bayes

if (groups > 1) {
	headline = has_excess ? 'What of the loss could still be learned, over training' : 'Loss over training'
	about = 'Lower is better.'
	measures = 1
	array measure[1] = [(has_excess ? 'excess' : 'loss')]
	array heading[1] = [(has_excess ? 'excess loss over Bayes (nats per token)' : loss_title)]
	array scale[1] = ['log']
	floor_column = floor_title = ''
}
if (groups > 1) load 'multiples.gp'; exit

panels = 1 + has_excess
panel = 390
legend = 56 + 6.6*(longest > 16 ? longest : 16)
width = 66 + panels*panel + (panels - 1)*74 + legend
height = 130 + (series > 17 ? 18*series : 310)
load 'style.gp'

headline = has_excess ? 'Loss over training, and what of it could still be learned' : 'Loss over training'
reading = 'Lower is better.  '.curves.'.'.(has_excess ? '  Right: without the steep start.' : '')

x_column = x_title eq 'training step' ? 'step' : 'tokens'
# of an axis, which must not be empty
spread(from, to) = to > from ? to - from : 1
x_of(i) = column('series') == i ? column(x_column)/x_unit : NaN

stats data using (column('bayes')) nooutput name 'B'
stats data using (column('loss')) nooutput name 'L'

set multiplot
@HEAD
set key off
set tmargin at screen Y(92)
set bmargin at screen Y(height - foot - 50)
set xlabel x_title
set xrange [0:x_most*1.0/x_unit]

# ---- the loss itself: all of training

set lmargin at screen X(58)
set rmargin at screen X(58 + panel)
set title loss_title font panel_font offset 0,-0.4
if (has_excess) {
	set label 1 'Bayes loss: no model can do better' at graph 0.98,first B_mean right offset 0,-0.8 \
		font small_font textcolor rgb reference_colour
	bottom = B_mean < L_min ? B_mean : L_min # by chance a model may be better on the tokens at hand
	top = B_mean > L_max ? B_mean : L_max
	set yrange [bottom - 0.09*spread(bottom, top):*]
}
plot \
	for [i = 1:series] data using (x_of(i)):(band(column('loss_low'))):(column('loss_high')) \
		with filledcurves fillcolor rgb colour(look[i]) notitle, \
	for [i = 1:series] data using (x_of(i)):(column('loss')) with lines linetype look[i] notitle, \
	(has_excess ? B_mean : NaN) with lines linecolor rgb reference_colour dashtype 3 linewidth 1.5 notitle

# ---- what is left to learn, where the stream's Bayes loss is known

if (has_excess) {
	unset label
	set lmargin at screen X(58 + panel + 74)
	set rmargin at screen X(58 + 2*panel + 74)
	set title 'excess loss over Bayes (nats per token'.(excess_positive ? ', log scale)' : ')')
	if (excess_positive) { set logscale y }
	set yrange [*:*]
	# the steep start would leave no room for the differences
	stats data using (column(x_column) >= 0.12*x_most ? column('excess') : NaN) nooutput name 'E'
	low = excess_positive ? E_min/1.06 : E_min - 0.04*spread(E_min, E_max)
	high = excess_positive ? E_max*1.06 : E_max + 0.04*spread(E_min, E_max)
	set yrange [low:high]
	if (excess_positive) { set ytics () }
	if (excess_positive && high/low < 8) {
		step = nice((high - low)/6)
		do for [t = ceil(low/step):floor(high/step)] { set ytics add (t*step) }
	}
	if (excess_positive && high/low >= 8) {
		do for [t = floor(log10(low)):ceil(log10(high))] { set ytics add (10.0**t, 2*10.0**t, 5*10.0**t) }
	}
	above(v) = v > low ? v : low
	plot \
		for [i = 1:series] data using (x_of(i)):(band(above(column('excess_low')))):(column('excess_high')) \
			with filledcurves fillcolor rgb colour(look[i]) notitle, \
		for [i = 1:series] data using (x_of(i)):(column('excess')) \
			with linespoints linetype look[i] pointinterval -4 notitle
}
@LEGEND
plot NaN notitle, for [k = 1:series] keyentry with linespoints linetype look[order[k]] title label[order[k]]
unset multiplot
