# SPDX-License-Identifier: GPL-3.0-or-later
# experts.gp -- the load of every expert, sorted: are they used alike, and is that true of each domain alone?
#
# data: panel,model,layer,domain,line,rank,expert,load

wide = across == 1 ? 420 : across == 2 ? 330 : across == 3 ? 250 : 210
high = 130
gap_x = 22
gap_y = 58
left_edge = 62
top_edge = 96
legend = 176
width = left_edge + across*(wide + gap_x) + legend
width = width < 760 ? 760 : width
height = top_edge + rows*(high + gap_y) + 26
load 'style.gp'

headline = 'Load of every expert, sorted'
several = 0
do for [p = 1:panels] { several = lines[p] > 1 ? 1 : several }
reading = 'Experts from the most to the least used.  1 is the fair share.'
if (several) { reading = reading.'  The dark line weighs all domains alike, a pale one is one domain.' }
title_font(text, wide) = sprintf('%s,%.1f', bold, (format eq 'svg' ? 12 : 9.5)*(strlen(text)*7.4 > wide ? wide/(strlen(text)*7.4) : 1))

set multiplot
@HEAD
set key off
# on a scale of doublings; what is (almost) never used lies on the floor
floor_of(v) = v < 1/32. ? 1/32. : v
set logscale y 2
set yrange [1/32.:2**ceil(log(most)/log(2) + 0.15)]
name_of(k) = k == -5 ? '< 1/32' : k < 0 ? sprintf('1/%d', 2**-k) : sprintf('%d', 2**k)
do for [p = 1:panels] {
	left = left_edge + (column_of[p] - 1)*(wide + gap_x)
	top = top_edge + (row_of[p] - 1)*(high + gap_y)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(top)
	set bmargin at screen Y(top + high)
	heading = label[model_of[p]].', layer '.layer[p]
	set title literal(heading) font title_font(heading, wide) offset 0,-0.6
	set xrange [0.5:experts[p] + 0.5]
	set xtics ('1' 1) font small_font
	do for [k = 1:4] { if (experts[p] >= 8 || k == 4) { set xtics add (sprintf('%d', experts[p]*k/4) experts[p]*k/4) } }
	set ytics () font small_font
	set ytics add ((column_of[p] == 1 ? name_of(-5) : '') 2.0**-5)
	do for [k = -4:10:(most > 16 ? 2 : 1)] { set ytics add ((column_of[p] == 1 ? name_of(k) : '') 2.0**k) }
	unset ylabel
	unset xlabel
	if (column_of[p] == 1) { set ylabel 'load / fair share' font small_font offset 0.5,0 }
	if (row_of[p] == rows) { set xlabel 'expert, by load' font small_font offset 0,0.6 }
	set arrow 1 from graph 0,first 1 to graph 1,first 1 nohead back linecolor rgb reference_colour linewidth 1 dashtype 2
	if (lines[p] > 1) {
		set label 1 sprintf('%s: %.1f', short(worst[p]), worst_load[p]) at graph 0.97,graph 0.93 right \
			font small_font textcolor rgb '#3A6D98' noenhanced
	}
	set label 2 sprintf('%.2g', pooled_load[p]) at graph 0.97,graph 0.80 right font small_font textcolor rgb '#0B4A8C'
	# the pooled line stands last, so that it is drawn over the others
	block(k) = first[p] + (k - 1)*experts[p]
	plot \
		for [k = 1:lines[p] - 1] data using (column('rank') - 0.5):(floor_of(column('load'))) \
			every ::block(k)::block(k) + experts[p] - 1 with steps linecolor rgb '#9CC4E4' linewidth 1 dashtype 1 notitle, \
		for [k = 1:lines[p] - 1] data using (column('rank') - 0.5):(floor_of(column('load'))):(1):(0) \
			every ::block(k)::block(k) + experts[p] - 1 with vectors nohead linecolor rgb '#9CC4E4' linewidth 1 dashtype 1 notitle, \
		data using (column('rank') - 0.5):(floor_of(column('load'))) every ::block(lines[p])::block(lines[p]) + experts[p] - 1 \
			with steps linecolor rgb '#0B4A8C' linewidth 2.2 dashtype 1 notitle, \
		data using (column('rank') - 0.5):(floor_of(column('load'))):(1):(0) every ::block(lines[p])::block(lines[p]) + experts[p] - 1 \
			with vectors nohead linecolor rgb '#0B4A8C' linewidth 2.2 dashtype 1 notitle
	unset label
	unset arrow
}
# the legend, in a panel of its own that shows nothing else
set lmargin at screen X(left_edge + across*(wide + gap_x))
set rmargin at screen X(width - 8)
set tmargin at screen Y(top_edge)
set bmargin at screen Y(top_edge + high)
unset border
unset xtics
unset ytics
unset title
unset xlabel
unset ylabel
unset grid
set key at screen X(left_edge + across*(wide + gap_x) + 4),Y(top_edge + 4) left top Left reverse vertical samplen 2 spacing 1.25 font small_font
plot [0:1] [1:2] NaN notitle, \
	keyentry with lines linecolor rgb '#0B4A8C' linewidth 2.2 title (several ? 'all domains alike' : 'all tokens'), \
	keyentry with lines linecolor rgb (several ? '#9CC4E4' : '#FFFFFF') linewidth 1 title (several ? 'one domain alone' : ' '), \
	keyentry with lines linecolor rgb reference_colour dashtype 2 title 'the fair share', \
	keyentry with points pointtype -1 title 'numbers: the fullest'
unset multiplot
