# SPDX-License-Identifier: GPL-3.0-or-later
# models.gp -- what sparsity buys: parameters that a token meets against parameters that there are.
#
# data: label,total,active,mine,side,label_total,label_active,line_total,line_active

left_edge = 86
top_edge = 76
wide = decade*(log10(right) - log10(left))
high = decade*(log10(top) - log10(low))
width = left_edge + wide + 24
height = top_edge + high + 56
load 'style.gp'

headline = 'Active against total parameters of Mixture-of-Experts models'
reading = 'Both axes are logarithmic.  The dotted lines: models that use the same share of their parameters for one token.'
if (mine > 0) { reading = reading.'  Yours in red.' }

@HEAD
set key off
set lmargin at screen X(left_edge)
set rmargin at screen X(left_edge + wide)
set tmargin at screen Y(top_edge)
set bmargin at screen Y(top_edge + high)
set logscale xy
set xrange [left:right]
set yrange [low:top]
# of parameters a thousand million is a billion
parameters(v) = v < 1e9 || v >= 1e12 ? human(v) : sprintf('%g B', v/1e9)
set xtics ()
set ytics ()
do for [power = 3:13] {
	do for [digit in '1 2 5'] {
		at = digit*10.0**power
		if (digit == 1 || decade > 170) { set xtics add (parameters(at) at) }
		if (digit == 1 || decade > 80) { set ytics add (parameters(at) at) }
	}
}
set xlabel 'total parameters'
set ylabel 'active parameters per token, input embedding included' offset 0.5,0

# Each line of equal share leaves the frame at the right or at the top; its name stands a little before that.
if (!terminal_is_text) {
	array share[5] = [1, 0.3, 0.1, 0.03, 0.01]
	array share_name[5] = ['all active: a dense model', '30%', '10%', '3%', '1%']
	do for [k = 1:5] {
		end = right*share[k] < top ? right : top/share[k]
		begin = left*share[k] > low ? left : low/share[k]
		if (begin < end) {
			set arrow from first begin,first begin*share[k] to first end,first end*share[k] nohead back \
				linecolor rgb '#B4B4B4' linewidth 1 dashtype 3
			lift = 10**(4.0/decade)
			at = 10**(log10(k == 1 ? begin : end) + (k == 1 ? 0.1 : -0.16))
			if (at > begin) {
				set label share_name[k] at first at/lift,first at*share[k]*lift left rotate by 45 \
					font small_font textcolor rgb reference_colour
			}
		}
	}
}

of(own, side, value) = column('mine') == own && column('side') == side ? value : NaN
plot \
	data using 'total':'active':(column('line_total') - column('total')):(column('line_active') - column('active')) \
		with vectors nohead linecolor rgb '#B4B4B4' linewidth 0.8 dashtype 1 notitle, \
	data using 'total':(column('mine') == 0 ? column('active') : NaN) with points pointtype 7 pointsize 0.9 \
		linecolor rgb '#0072B2' notitle, \
	data using 'total':(column('mine') == 1 ? column('active') : NaN) with points pointtype 13 pointsize 1.5 \
		linecolor rgb '#D55E00' notitle, \
	for [own = 0:1] data using 'label_total':(of(own, 1, column('label_active'))):'label' with labels left noenhanced \
		font small_font textcolor rgb (own ? '#B84F00' : text_colour) notitle, \
	for [own = 0:1] data using 'label_total':(of(own, -1, column('label_active'))):'label' with labels right noenhanced \
		font small_font textcolor rgb (own ? '#B84F00' : text_colour) notitle, \
	for [own = 0:1] data using 'label_total':(of(own, 0, column('label_active'))):'label' with labels center noenhanced \
		font small_font textcolor rgb (own ? '#B84F00' : text_colour) notitle
