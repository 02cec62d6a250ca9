# SPDX-License-Identifier: GPL-3.0-or-later
# domains.gp -- what each expert serves: do domains have experts of their own?
#
# data: panel,label,layer,domain,row,expert,column,share

across = layers > 1 ? (layers > 3 ? 3 : layers) : panels > 12 ? 3 : panels > 9 ? 2 : 1
down = (panels + across - 1)/across
wide = across == 1 ? 640.0 : across == 2 ? 420.0 : 300.0
high = domains*12.0 < 60 ? 60.0 : domains*12.0 > 160 ? 160.0 : domains*12.0
widest = 0
do for [d = 1:domains] { widest = strlen(domain[d]) > widest ? strlen(domain[d]) : widest }
left_edge = 46 + 6.6*(widest < 22 ? widest : 22)
gap_x = 22
gap_y = 30
width = left_edge + across*(wide + gap_x) + 100
height = 96 + down*(high + gap_y)
load 'style.gp'

headline = 'Which experts serve which domain'
reading = 'Dark: many of the domain''s tokens go to the expert, which stands by the domain that uses it most ('.of_run.').'
if (across*wide > 620) { reading = reading.'  NMI: 0 if domains do not matter.' }

# a few extreme cells must not bleach all others
cap = most < 2 ? 2 : most > 8 ? 8 : most

set multiplot
@HEAD
set key off
unset grid
set border 15
set view map
set style fill solid noborder
set palette defined (0 '#FFFFFF', 1 '#DCE9F5', 2.5 '#9CC4E4', 5 '#3F83BF', 8 '#08306B')
set cbrange [0:cap]
set cbtics font small_font scale 0.3 offset -0.6,0
set cbtics ('0' 0, 'even' 1)
do for [k = 2:cap] { if (k % 2 == 0) { set cbtics add (sprintf('%d x', k) k) } }
if (most > cap) { set cbtics add (sprintf('> %d x', cap) cap) }
do for [p = 1:panels] {
	column_of = (p - 1)%across
	row_of = (p - 1)/across
	left = left_edge + column_of*(wide + gap_x)
	top = 96 + row_of*(high + gap_y)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(top)
	set bmargin at screen Y(top + high)
	heading = label[p].(layers > 1 ? '  layer '.layer[p] : '').(scale[p] == scale[p] ? sprintf('   NMI %.2f', scale[p]) : '')
	set title literal(heading) font sprintf('%s,%.1f', bold, (format eq 'svg' ? 12 : 9.5)*(strlen(heading)*7.4 > wide ? wide/(strlen(heading)*7.4) : 1)) \
		offset 0,-0.7
	set xrange [-0.5:columns[p] - 0.5]
	set yrange [rows[p] - 0.5:-0.5]
	set format x ''
	set xtics columns[p]/4.0 scale 0
	unset ytics
	if (column_of == 0) {
		set ytics () scale 0 font small_font noenhanced textcolor rgb text_colour
		every_nth = 1 + rows[p]/16
		do for [d = 1:rows[p]] {
			if ((d - 1) % every_nth == 0 && d <= domains) { set ytics add (short(domain[d]) d - 1) }
		}
	}
	unset colorbox
	unset xlabel
	unset ylabel
	if (column_of == 0) { set ylabel 'domain' font small_font offset 0.3,0 }
	if (p + across > panels) { set xlabel sprintf('%d experts', columns[p]) font small_font offset 0,0.8 }
	if (p == panels) {
		set colorbox user origin X(left_edge + across*(wide + gap_x)),Y(96 + 140) size X(14),140.0/height
		set cblabel 'tokens over an even spread' font small_font offset 0.3,0
	}
	plot data using 'column':'row':(column('share') > cap ? cap : column('share')) every ::first[p]::last[p] with image notitle
	unset label
}
unset multiplot
