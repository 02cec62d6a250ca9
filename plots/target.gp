# SPDX-License-Identifier: GPL-3.0-or-later
# target.gp -- how much training each strategy needs to reach the same loss.
#
# data: series,label,row,n,reached,flops,flops_low,flops_high

left_edge = 30 + 6.8*longest
wide = 520.0
bar = 26.0
high = bar*series + 10
top = 76
width = left_edge + wide + 130
height = top + high + 58
load 'style.gp'

headline = sprintf('Training FLOPs to reach the loss at which %s ends (%.3f)', target_of, target)
reading = 'Shorter is better.  '.(banded ? 'Bar and line: ' : 'Bars: ').seeds.interval.(paired ? ', target of the same seed.' : '.')

set lmargin at screen X(left_edge)
set rmargin at screen X(left_edge + wide)
set tmargin at screen Y(top)
set bmargin at screen Y(top + high)
@HEAD
set key off
set border 1
if (!terminal_is_text) set grid noytics
set ytics scale 0 font small_font noenhanced
set ytics ()
do for [i = 1:series] { set ytics add (plain(label[i]) i) }
set yrange [series + 0.6:0.4]
set xrange [0:x_most*1.04]
set xtics nice(x_most/5.0)
set format x '%.0s%c'
set xlabel 'training FLOPs'
set style fill solid noborder
half = 0.34

plot \
	for [i = 1:series] data using (0):(column('series') == i ? column('row') : NaN):(0):'flops': \
		(column('row') - half):(column('row') + half) with boxxyerror fillcolor rgb colour(look[i]) notitle, \
	data using 'flops':'row':'flops_low':'flops_high' with xerrorbars pointsize 0 linecolor rgb '#262626' \
		linewidth 1.2 notitle, \
	data using (x_most*1.04):'row':(column('reached') < column('n') ? \
		(column('reached') == 0 ? '  never reached' : sprintf('  in %d of %d seeds', column('reached'), column('n'))) : \
		'  '.human(column('flops'))) with labels left font small_font textcolor rgb text_colour notitle
