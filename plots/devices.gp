# SPDX-License-Identifier: GPL-3.0-or-later
# devices.gp -- rows of the devices, sorted: who computes and who sends, and how far above the others the busiest is.
#
# data: series,label,rank,n,computed,nvl,nic

# a cluster of one node has no network, and one device sends nothing
array drawn_kind[3]
panels = 0
do for [k = 1:3] { if (most[k] > 0) { panels = panels + 1; drawn_kind[panels] = k } }
wide = 270.0
high = 260.0
gap_x = 62
left_edge = 70
legend = 62 + 6.8*longest
width = left_edge + panels*(wide + gap_x) - gap_x + 14 + legend
height = 108 + high + 62
height = height > 120 + 19*series ? height : 120 + 19*series
load 'style.gp'

array kind[3] = ['rows that experts compute', 'rows within nodes', 'rows between nodes']
rows_of(k) = k == 1 ? column('computed') : k == 2 ? column('nvl') : column('nic')
headline = 'Rows of every device, from most to least'
reading = 'Everybody waits for the leftmost: flat lines are balance, low ones little traffic.  '.(seeds eq 'n = 1 seed' ? 'One seed.' : 'Lines: '.seeds.'.')

set multiplot
@HEAD
set key off
set xrange [1:(devices > 1 ? devices : 2)]
set xlabel 'devices, from the busiest' font small_font offset 0,0.3
set xtics add (1)
set tmargin at screen Y(108)
set bmargin at screen Y(108 + high)
set format y '%.0s%c'
do for [p = 1:panels] {
	left = left_edge + (p - 1)*(wide + gap_x)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set title kind[drawn_kind[p]] font panel_font offset 0,-0.4
	set yrange [0:most[drawn_kind[p]]*1.06]
	plot for [i = 1:series] data using (column('series') == i ? column('rank') : NaN):(rows_of(drawn_kind[p])) \
		with linespoints linetype look[i] pointinterval -8 notitle
	unset label
}
@LEGEND
plot NaN notitle, for [i = 1:series] keyentry with linespoints linetype look[i] title label[i]
unset multiplot
