# SPDX-License-Identifier: GPL-3.0-or-later
# differences.gp -- which strategies really differ: paired differences over common seeds, a panel for each stream.
#
# data: series,label,row,n,difference,difference_low,difference_high,difference_1,difference_2,difference_3,
#       difference_4,paired_low,paired_high,relative,relative_low,relative_high,relative_1,relative_2,relative_3,
#       relative_4,p,verdict

across = panels <= 3 ? panels : panels == 4 ? 2 : 3
down = (panels + across - 1)/across
left_edge = 30 + 6.8*longest
wide = across == 1 ? 520.0 : across == 2 ? 320.0 : 230.0
numbers = shares ? 270 : 230
bar = 28.0 - (rows > 12 ? 6 : 0)
high = bar*rows + 16
gap = 36
top = panels > 1 ? 124 : 100
width = left_edge + across*(wide + numbers)
height = top + down*(high + gap) - gap + 58
load 'style.gp'

headline = 'Difference in loss from '.baseline
if (strlen(subject)) { headline = 'Difference in loss of '.subject.' from '.baseline.', on each stream' }
reading = 'Mark and bar: '.seeds.(few ? ' (dots)' : '').' with its interval, paired by seed, at 96% for '.\
	(tests > 1 ? sprintf('all %g tests of the page at once', tests) : 'the only test').'; p: corrected for them (Holm).'.\
	(cut ? '  Bars are cut at the edge.' : '')
# what a row shows: a share in percent, or the plain difference
shown(end) = shares ? 100*column('relative'.end) : column('difference'.end)
amount(row) = (column('relative') == column('relative') ? sprintf('  %+.0f%%', 100*column('relative')) : '').sprintf('  %+.4f', column('difference'))
# a p value alone does not say of what: of a difference, or of being equivalent
chance(row) = '  '.strcol('verdict').(column('p') != column('p') ? '' : column('p') < 0.0005 ? ', p < 0.001' : sprintf(', p = %.3f', column('p')))
span = x_most > x_least ? x_most - x_least : 1e-6
least = x_least - 0.04*span
most = x_most + 0.04*span
# a margin in nats has no place on an axis of shares
if (shares) { margin = 0 }
if (margin > 0) {
	least = least < -1.15*margin ? least : -1.15*margin
	most = most > 1.15*margin ? most : 1.15*margin
}

loss_name = strstrt(loss_title, ' (') ? loss_title[1:strstrt(loss_title, ' (') - 1] : loss_title
x_title = shares ? 'difference in '.loss_name.' (%)' : across > 2 ? 'difference (nats per token)' : 'difference in '.loss_title

set multiplot
@HEAD
set key off
set border 1
if (!terminal_is_text) set grid noytics
set ytics scale 0 font small_font noenhanced
set yrange [0.4:rows + 0.6]
set xrange [least:most]
set xtics nice((most - least)/(across == 1 ? 6 : 3.5))
set arrow from 0,graph 0 to 0,graph 1 nohead back linecolor rgb '#8C8C8C' linewidth 1.2
if (margin > 0) {
	set object 1 rectangle from -margin,graph 0 to margin,graph 1 back fillcolor rgb '#EDEDED' fillstyle solid noborder
	set label sprintf('shaded: within %g, no difference in practice', margin) at screen X(width - 16),Y(72) right \
		font small_font textcolor rgb '#595959'
}
set label 'left of the line: better than '.baseline at screen X(16),Y(72) left font small_font noenhanced textcolor rgb '#595959'

do for [p = 1:panels] {
	left = left_edge + ((p - 1)%across)*(wide + numbers)
	from_top = top + ((p - 1)/across)*(high + gap)
	set lmargin at screen X(left)
	set rmargin at screen X(left + wide)
	set tmargin at screen Y(from_top)
	set bmargin at screen Y(from_top + high)
	set title literal(clipped(panel_title[p], wide + numbers - 10)) font small_font offset 0,-0.6
	if (panels == 1) { unset title }
	set ytics ()
	do for [r = 1:rows] { set ytics add ((p - 1)%across ? '' : plain(label[r]) rows + 1 - r) }
	set format x (p + across > panels ? '%g' : '')
	unset xlabel
	if (p + across > panels) { set xlabel x_title noenhanced }
	plot \
		for [i = 1:series] for [s = 1:(seeds_low < 5 ? 4 : 0)] data using \
			(column('series') == i && panel_of[i] == p ? shown('_'.s) : NaN):(column('row') - 0.24) \
			with points pointtype 7 pointsize 0.4 linecolor rgb shade(colour_of[1 + int(look[i] - 1)%10], 0.3) notitle, \
		for [i = 1:series] data using (column('series') == i && panel_of[i] == p ? shown('') : NaN): \
			'row':(shown('_low')):(shown('_high')) \
			with xerrorbars linetype (1 + (look[i] - 1)%10) dashtype 1 linewidth 1.8 pointsize (rows > 12 ? 1 : 1.3) notitle, \
		data using (panel_of[int(column('series'))] == p ? most : NaN):'row':(amount(0).chance(0)) with labels left font small_font \
			textcolor rgb text_colour notitle
	unset label
}
unset multiplot
