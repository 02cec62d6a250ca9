# SPDX-License-Identifier: GPL-3.0-or-later
# matrix.gp -- which experts serve which domain, in models side by side.
#
# data: panel,model,layer,domain,row,expert,column,share

widest = 0
do for [d = 1:|domain|] { widest = strlen(domain[d]) > widest ? strlen(domain[d]) : widest }
left_edge = 30 + 6.6*(widest < 22 ? widest : 22)
wide = across == 1 ? 520 : across == 2 ? 380 : across == 3 ? 280 : 220
gap_x = 22
gap_y = 50
top_edge = 96
array row_high[rows]
array row_top[rows]
below = top_edge
do for [r = 1:rows] {
	do for [p = 1:panels] { if (row_of[p] == r) { m = model_of[p] } }
	row_high[r] = domains[m]*16.0 < 64 ? 64.0 : domains[m]*16.0 > 190 ? 190.0 : domains[m]*16.0
	row_top[r] = below
	below = below + row_high[r] + gap_y
}
width = left_edge + across*(wide + gap_x) + 104
width = width < 760 ? 760 : width
height = below < 300 ? 300 : below
load 'style.gp'

headline = 'Which experts serve which domain'
reading = 'White: the expert''s fair share of the domain''s tokens.  Each expert stands by the domain that uses it most.  NMI: 0 if domains do not matter.'

title_font(text, wide) = sprintf('%s,%.1f', bold, (format eq 'svg' ? 12 : 9.5)*(strlen(text)*7.4 > wide ? wide/(strlen(text)*7.4) : 1))

set multiplot
@HEAD
@LOADS
set key off
unset grid
set border 15
set view map
set style fill solid noborder
set cbtics font small_font
do for [p = 1:panels] {
	m = model_of[p]
	left = left_edge + (column_of[p] - 1)*(wide + gap_x)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(row_top[row_of[p]])
	set bmargin at screen Y(row_top[row_of[p]] + row_high[row_of[p]])
	heading = label[m].', layer '.layer[p].sprintf('   NMI %.3f', nmi[p])
	set title literal(heading) font title_font(heading, wide) offset 0,-0.6
	set xrange [-0.5:experts[p] - 0.5]
	set yrange [domains[m] - 0.5:-0.5]
	set format x ''
	set xtics experts[p]/4.0 scale 0
	unset ytics
	if (column_of[p] == 1) {
		set ytics () scale 0 font small_font noenhanced textcolor rgb text_colour
		every_nth = 1 + (domains[m] - 1)/16
		do for [d = 1:domains[m]] {
			if ((d - 1) % every_nth == 0) { set ytics add (short(domain[first_domain[m] + d]) d - 1) }
		}
	}
	unset colorbox
	set xlabel sprintf('%d experts', experts[p]) font small_font offset 0,0.9
	if (p == panels) {
		set colorbox user origin X(left_edge + across*(wide + gap_x)),Y(top_edge + 160) size X(14),160.0/height
		set cblabel 'tokens over the fair share' font small_font offset 0.5,0
	}
	plot data using 'column':'row':(doublings(column('share'))) every ::first[p]::first[p] + lines[p]*experts[p] - 1 \
		with image notitle
}
unset multiplot
