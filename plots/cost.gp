# SPDX-License-Identifier: GPL-3.0-or-later
# cost.gp -- what a strategy uses of what it has.
#
# data: series,label,n,experts,alive,effective,params_active,params_total,flops_per_token,flops_total,flops_all

left_edge = 26 + 6.6*longest
wide = 240.0
gap = 34
with_experts = most_experts > 0
parts = 2 + with_experts
bar = 24.0
width = left_edge + parts*(wide + gap) + 16
high = bar*series + 10
top = 116
height = top + high + 34
load 'style.gp'

headline = 'What each strategy uses of what it has'
reading = 'Means over layers and seeds at the end of training.  Effective experts: as many, used evenly, have the same entropy.'
if (!with_experts) { reading = 'Means over seeds.' }

set multiplot
@HEAD
set style fill solid noborder
set tmargin at screen Y(top)
set bmargin at screen Y(top + high)
set yrange [series + 0.6:0.4]
if (!terminal_is_text) set grid noytics
set ytics scale 0 font small_font noenhanced
set border 1
set key off
half = 0.36
part_of(some, all) = some < all ? '  '.human(some).' of '.human(all) : '  '.human(all)
pale = '#CFE0EE'
middle = '#6BA3CE'
dark = '#0B4A8C'
left(part) = left_edge + part*(wide + gap)
# the keys stand under the titles: a box in the color of the bars, and what it means
KEY = "set object box rectangle from screen X(at),Y(top - 5) to screen X(at + 9),Y(top - 14) front fillcolor rgb filled \
		fillstyle solid noborder; \
	set label box means at screen X(at + 13),Y(top - 9) left font small_font textcolor rgb text_colour"
NAMES = "set ytics (); do for [i = 1:series] { set ytics add (plain(label[i]) i) }"
part = 0
@NAMES

# ---- experts in use

if (with_experts) {
	set lmargin at screen X(left(0))
	set rmargin at screen X(left(0) + wide)
	set title 'experts of a layer at the end' font panel_font offset 0,1.1
	box = 1; at = left(0); filled = dark; means = 'effective'
	@KEY
	box = 2; at = left(0) + 82; filled = middle; means = 'alive'
	@KEY
	box = 3; at = left(0) + 134; filled = pale; means = 'dead'
	@KEY
	set xrange [0:most_experts*1.12]
	set xtics nice(most_experts/4.0)
	plot \
		data using (0):'series':(0):'experts':(column('series') - half):(column('series') + half) \
			with boxxyerror fillcolor rgb pale notitle, \
		data using (0):'series':(0):'alive':(column('series') - half):(column('series') + half) \
			with boxxyerror fillcolor rgb middle notitle, \
		data using (0):'series':(0):'effective':(column('series') - half):(column('series') + half) \
			with boxxyerror fillcolor rgb dark notitle, \
		data using 'experts':'series':(sprintf(' %.0f', column('alive'))) with labels left font small_font \
			textcolor rgb text_colour notitle
	unset label
	unset object
	unset ytics
	part = 1
}

# ---- parameters

set lmargin at screen X(left(part))
set rmargin at screen X(left(part) + wide)
set title 'parameters' font panel_font offset 0,1.1
box = 1; at = left(part); filled = dark; means = 'active for one token'
@KEY
box = 2; at = left(part) + 152; filled = pale; means = 'all'
@KEY
set format x '%.0s%c'
set xrange [0:most_params*1.6]
set xtics 0,nice(most_params/3.0),most_params*1.05
plot \
	data using (0):'series':(0):'params_total':(column('series') - half):(column('series') + half) \
		with boxxyerror fillcolor rgb pale notitle, \
	data using (0):'series':(0):'params_active':(column('series') - half):(column('series') + half) \
		with boxxyerror fillcolor rgb dark notitle, \
	data using 'params_total':'series':(part_of(column('params_active'), column('params_total'))) with labels left font small_font \
		textcolor rgb text_colour notitle
unset label
unset object
unset ytics

# ---- FLOPs

set lmargin at screen X(left(part + 1))
set rmargin at screen X(left(part + 1) + wide)
set title 'FLOPs per token, forward' font panel_font offset 0,1.1
box = 1; at = left(part + 1); filled = dark; means = 'as routed'
@KEY
box = 2; at = left(part + 1) + 84; filled = pale; means = 'if every expert ran'
@KEY
set xrange [0:most_flops*1.6]
set xtics 0,nice(most_flops/3.0),most_flops*1.05
plot \
	data using (0):'series':(0):'flops_all':(column('series') - half):(column('series') + half) \
		with boxxyerror fillcolor rgb pale notitle, \
	data using (0):'series':(0):'flops_per_token':(column('series') - half):(column('series') + half) \
		with boxxyerror fillcolor rgb dark notitle, \
	data using 'flops_all':'series':(part_of(column('flops_per_token'), column('flops_all'))) with labels left font small_font \
		textcolor rgb text_colour notitle
unset multiplot
