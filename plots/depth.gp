# SPDX-License-Identifier: GPL-3.0-or-later
# depth.gp -- balance and specialisation, layer by layer.
#
# data: series,model,layer,place,experts,maxvio,floor,worst,effective,mi,nmi,mi_floor,ep_imbalance

bar = places > 120 ? 6 : places > 60 ? 9 : places > 24 ? 15 : places > 12 ? 26 : 40
wide = places*bar + 20.0
wide = wide < 420 ? 420.0 : wide
high = 120
gap_y = 34
left_edge = 72
top_edge = 84
legend = 200
parts = 2 + (with_domains > 0)
width = left_edge + wide + legend
width = width < 800 ? 800 : width
height = top_edge + parts*(high + gap_y) + 36
load 'style.gp'

headline = 'Balance and specialisation, layer by layer'
reading = 'Bars: all domains weighed alike.  MaxVio: the fullest expert''s load over the fair share, minus 1.  NMI: 0 if domains do not matter.'
if (with_domains == 0) { reading = 'MaxVio: the fullest expert''s load over the fair share, minus 1.' }

set multiplot
@HEAD
set key off
set lmargin at screen X(left_edge)
set rmargin at screen X(left_edge + wide)
set xrange [0.4:places + 0.6]
set style fill solid noborder
if (!terminal_is_text) set grid noxtics
unset xtics
set ytics font small_font
of(i, name) = column('series') == i ? column(name) : NaN
half = 0.38
part = 0
top(part) = top_edge + part*(high + gap_y)
NEXT = "set tmargin at screen Y(top(part)); set bmargin at screen Y(top(part) + high); part = part + 1"

@NEXT
set title 'MaxVio' font panel_font offset 0,-0.6
most_shown = most_alone > most_pooled ? most_alone : most_pooled
set yrange [0:(most_shown > 0 ? most_shown : 1)*1.12]
plot \
	for [i = 1:series] data using 'place':(of(i, 'maxvio')):(column('place') - half):(column('place') + half):(0):(of(i, 'maxvio')) \
		with boxxyerror fillcolor rgb colour(look[i]) notitle, \
	for [i = 1:series] data using 'place':(of(i, 'worst')) with points pointtype 13 pointsize 0.9 linecolor rgb colour(look[i]) notitle, \
	for [i = 1:series] data using (column('place') - half):(of(i, 'floor')):(2*half):(0) with vectors nohead \
		linecolor rgb '#262626' linewidth 1.2 dashtype 3 notitle, \
	for [i = 1:series] data using (column('place') - half):(of(i, 'ep_imbalance') - 1):(2*half):(0) with vectors nohead \
		linecolor rgb '#262626' linewidth 2.2 dashtype 1 notitle

@NEXT
set title 'effective experts, share of all' font panel_font
set yrange [0:100]
set format y '%g%%'
if (part == parts) { LAYERS = 1 } else { LAYERS = 0 }
NAMES = "set xtics () scale 0 font small_font textcolor rgb text_colour offset 0,0.3; \
	do for [i = 1:series] { do for [l = 1:layers[i]] { \
		if ((l - 1) % (bar < 10 ? 8 : bar < 20 ? 4 : 1) == 0 && (bar > 9 || layers[i] > 3)) { set xtics add (layer_name[begin[i] + l - 1] begin[i] + l - 1) } } }; \
	set xlabel 'layer' font small_font offset 0,0.6"
if (LAYERS) { @NAMES }
plot for [i = 1:series] data using 'place':(100*of(i, 'effective')):(column('place') - half):(column('place') + half):(0): \
	(100*of(i, 'effective')) with boxxyerror fillcolor rgb colour(look[i]) notitle

if (with_domains > 0) {
	@NEXT
	@NAMES
	set title 'NMI of domain and expert' font panel_font
	set format y '%g'
	set yrange [0:(most_nmi > 0 ? most_nmi : 1)*1.12]
	plot for [i = 1:series] data using 'place':(of(i, 'nmi')):(column('place') - half):(column('place') + half):(0):(of(i, 'nmi')) \
		with boxxyerror fillcolor rgb colour(look[i]) notitle
}
# the legend, in a panel of its own that shows nothing else
set lmargin at screen X(left_edge + wide + 6)
set rmargin at screen X(width - 8)
set tmargin at screen Y(top_edge)
set bmargin at screen Y(top_edge + high)
unset border
unset xtics
unset ytics
unset title
unset xlabel
unset grid
set key at screen X(left_edge + wide + 14),Y(top_edge) left top Left reverse vertical samplen 1.4 spacing 1.25 font small_font
plot [0:1] [0:1] NaN notitle, \
	for [i = 1:series] keyentry with boxes fillcolor rgb colour(look[i]) title label[i], \
	keyentry with points pointtype (with_domains > 0 ? 13 : -1) linecolor rgb '#262626' title (with_domains > 0 ? 'worst domain alone' : ''), \
	keyentry with lines linecolor rgb '#262626' dashtype 3 title 'chance alone', \
	keyentry with lines linecolor rgb (ranks > 0 ? '#262626' : '#FFFFFF') linewidth 2.2 title (ranks > 0 ? sprintf('the fullest of %d ranks', ranks) : ' ')
unset multiplot
