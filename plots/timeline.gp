# SPDX-License-Identifier: GPL-3.0-or-later
# timeline.gp -- what the time of a layer is made of, one thing after the other.
#
# data: series,label,n,backward,part,begin,end

array part_name[7] = ['attention', 'rows to experts', 'experts', 'waiting for the busiest device', 'rows back', 'shared experts', 'gradients of copies']
array part_colour[7] = [0x8C8C8C, 0x0072B2, 0x009E73, 0xE69F00, 0x56B4E9, 0x5FA58C, 0xCC79A7]

left_edge = 26 + 6.8*longest
wide = 720.0
width = left_edge + wide + 96
bar = series > 12 ? 20.0 : 26.0
high = bar*series + 12
top = 108
height = top + high + 56
load 'style.gp'

headline = 'The time of a layer on the cluster'
reading = 'A forward pass, then, paler, the backward pass.  Communication is as long as no computing hides it.  '.(seeds eq 'n = 1 seed' ? 'One seed.' : 'Bars: '.seeds.'.')

set multiplot
@HEAD
set key off
set style fill solid noborder
set border 1
if (!terminal_is_text) set grid noytics
set ytics scale 0 font small_font noenhanced
set ytics ()
do for [i = 1:series] { set ytics add (plain(label[i]) i) }
set yrange [series + 0.6:0.4]
set xrange [0:x_most*1.04]
set xtics nice(x_most/6.0)
set xlabel 'ms' font small_font offset 0,0.3
set lmargin at screen X(left_edge)
set rmargin at screen X(left_edge + wide)
set tmargin at screen Y(top)
set bmargin at screen Y(top + high)
# the key stands above the bars, in their colors
at_x = left_edge
do for [p = 1:7] {
	if (met[p]) {
		set object (10 + p) rectangle from screen X(at_x),Y(top - 13) to screen X(at_x + 9),Y(top - 22) \
			fillcolor rgb part_colour[p] fillstyle solid noborder
		set label (10 + p) part_name[p] at screen X(at_x + 14),Y(top - 18) left font small_font textcolor rgb text_colour
		at_x = at_x + 32 + 5.6*strlen(part_name[p])
	}
}
half = 0.36
begin_of(p, b) = column('part') == p && column('backward') == b ? column('begin') : NaN
do for [i = 1:series] {
	set label (100 + i) sprintf('  %.3g ms', bar_end[i]) at first bar_end[i],first i left font small_font textcolor rgb text_colour
}
plot \
	for [p = 1:7] for [b = 0:1] data using (begin_of(p, b)):'series':(begin_of(p, b)):(column('end')):(column('series') - half): \
		(column('series') + half) with boxxyerror fillcolor rgb (b ? shade(part_colour[p], 0.4) : part_colour[p]) notitle
unset multiplot
