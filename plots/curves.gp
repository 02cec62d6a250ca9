# SPDX-License-Identifier: GPL-3.0-or-later
# curves.gp -- every chart of lines: something over training, or over the positions of a sequence.
#
# data: series,label[,layer],...  and of every measure M the columns M, M_low, M_high, and M_1 to M_4 of few seeds
#
# The prelude says what is drawn:
#   groups, group_title[], group_of[]    a group of series has panels of its own, one for each layer
#   measures, measure[], heading[]       columns of the data, each drawn in all panels, and their titles
#   scale[]                              'loss' (linear) and 'excess' (logarithmic where positive), both without the
#                                        steep start, 'violation' (near zero it must show zero, far above
#                                        it must not squeeze the rest), 'zero' (linear from zero)
#   reference_column, reference_title    drawn in gray in the panels of the first measure; '' for none
#   ceiling[], ceiling_title             a line across, of measure m and group g at (m - 1)*groups + g; NaN for none
#   headline, about                      about stands in front of what the lines are
#   x_column                             where the axis is not that of training

if (!exists('layers')) layers = 0
depth = layers > 0 ? layers : 1
panels = groups*depth
# the measures of a single panel stand side by side
beside = panels == 1 && measures > 1
across = beside ? measures : panels <= 3 ? panels : panels == 4 ? 2 : panels <= 9 ? 3 : 4
down = beside ? 1 : (panels + across - 1)/across
wide = beside ? 400.0 : panels == 1 ? 520.0 : groups == 1 ? (panels == 2 ? 400.0 : 300.0) : 270.0
high = beside ? 300.0 : panels == 1 ? 260.0 : groups == 1 ? 210.0 : 150.0
gap_y = 30
between = 70
left_edge = 62
crowd = 0
titled = 1
do for [g = 1:groups] {
	members = 0
	do for [i = 1:series] { members = members + (group_of[i] == g) }
	crowd = members > crowd ? members : crowd
}
do for [i = 1:series] {
	if (group_of[i] <= groups && strstrt(line_label[line_of[i]], group_title[group_of[i]]) != 1) { titled = 0 }
}
# Names stand at the ends of the lines, or as titles where each panel has one line; a key is for what is left.
as_text = exists('format') ? format eq 'dumb' : 0
named = !as_text && groups == 1 && (series + 2)*15 <= high
alone = groups > 1 && crowd == 1 && titled
has_key = !named && !alone
longest_title = strlen(reference_title) > strlen(ceiling_title) ? strlen(reference_title) : strlen(ceiling_title)
name_room = 30 + 6.5*(longest > longest_title ? longest : longest_title)
key_room = 52 + 6.8*(line_longest > longest_title ? line_longest : longest_title)
gap_x = !beside ? 16 : named ? name_room + 50 : 60
legend = named ? name_room : alone ? 20 : key_room + gap_x
width = left_edge + across*wide + (across - 1)*gap_x + legend
block = down*(high + gap_y) + between
tall = 92 + (beside ? 1 : measures)*block
height = !has_key || tall > 120 + 18*(lines + 2) ? tall : 120 + 18*(lines + 2)
load 'style.gp'
lined = (strlen(reference_column) ? '  Gray dots: '.reference_title.'.' : '').(strlen(ceiling_title) ? '  Dashes: '.ceiling_title.'.' : '')
reading = about.'  '.curves.'.'.(alone ? lined : '')

# In one group each series has the look that it has in every chart.  In several, strategies that share a line of the
# legend have colors that tell the values, and lines of one strategy go from its color to a pale one.
bare = 0
do for [k = 1:lines] { bare = bare + (line_look[k] == 0) }
array drawn[lines]
met = 0
hue(k) = line_look[k] > 0 ? 1 + int(line_look[k] - 1)%10 : 0
of_hue(k) = sum [j = 1:lines] (hue(j) == hue(k))
shade_of(k) = of_hue(k) > 1 ? 0.62*(int(line_look[k] - 1)/10)/(of_hue(k) - 1) : 0
do for [k = 1:lines] {
	drawn[k] = line_look[k] > 0 ? shade(colour_of[hue(k)], shade_of(k)) : ramp[1 + (bare > 1 ? (met*7)/(bare - 1) : 3)%8]
	met = met + (line_look[k] == 0)
	dash = line_look[k] == 1 ? 2 : 1
	set linetype (1000 + k) linecolor rgb drawn[k] linewidth 1.6 pointtype mark_of[1 + (k - 1)%10] pointsize 0.6 dashtype dash
}
type_of(i) = groups == 1 ? look[i] : 1000 + line_of[i]
fill_of(i) = groups == 1 ? colour(look[i]) : drawn[line_of[i]]
listed = groups == 1 ? series : lines
# in one group the legend stands in the order of the lines' ends
at_place(k) = exists('order') ? order[k] : k
listed_type(k) = groups == 1 ? look[at_place(k)] : 1000 + k
listed_label(k) = groups == 1 ? label[at_place(k)] : line_label[k]

if (!exists('x_column')) x_column = x_title eq 'training step' ? 'step' : 'tokens'
marks = x_column eq 'position' ? -int(x_most/8 + 1) : -4
group_in(p) = 1 + (p - 1)/depth
layer_in(p) = 1 + (p - 1)%depth
in_panel(i, p) = group_of[i] == group_in(p) && column('series') == i && (layers == 0 || stringcolumn('layer') eq layer[layer_in(p)])
x_of(i, p) = in_panel(i, p) ? column(x_column)/x_unit : NaN
has_reference = strlen(reference_column) > 0
# a line, where no panel has several of them
single = groups == 1 || crowd == 1
# the series of one group share their reference
first_in(g) = groups == 1 ? 1 : 0
x_of_reference(p) = (layers == 0 || stringcolumn('layer') eq layer[layer_in(p)]) && group_of[int(column('series'))] == group_in(p) && \
	(groups > 1 || column('series') == 1) ? column(x_column)/x_unit : NaN

is_told(m) = column(x_column) >= (is_steep ? 0.12 : 0)*x_most
# the most and the least of what is drawn at a place, bands aside
larger(a, b) = b > a ? b : a
smaller(a, b) = b < a ? b : a
seeds_of(M, s) = has_bands ? column(M.'_'.s) : NaN
wide_of(M) = larger(larger(larger(larger(column(M), seeds_of(M, 1)), seeds_of(M, 2)), seeds_of(M, 3)), seeds_of(M, 4))
narrow(M) = smaller(smaller(smaller(smaller(column(M), seeds_of(M, 1)), seeds_of(M, 2)), seeds_of(M, 3)), seeds_of(M, 4))
seed_lines = has_bands && seeds_low < 5 ? (seeds_high < 5 ? int(seeds_high) : 4) : 0

# how far below the top of its panel a value stands, in pixels
asinh_of(v) = asinh(v/0.1)
share_of(v) = is_log ? log(v/low)/log(most/low) : scale[m] eq 'violation' ? asinh_of(v)/asinh_of(most) : (v - low)/(most - low)
below_top(v) = v > most ? 0 : v < low ? high : high*(1 - share_of(v))
# the last value of a column in a panel
LAST = "last = NaN; stats data using (wanted(p) && column(what) == column(what) ? (last = column(what)) : NaN) nooutput"

set multiplot
@HEAD
set key off
set xrange [0:x_most*1.0/x_unit]
set xtics nice(x_most*1.0/x_unit/(wide/75))
do for [m = 1:measures] {
	unset logscale y
	unset nonlinear y
	set yrange [*:*]
	# the steep start of a loss would leave no room for the differences
	is_steep = scale[m] eq 'excess' || scale[m] eq 'loss'
	stats data using (is_told(m) ? narrow(measure[m]) : NaN) nooutput name 'L'
	stats data using (is_told(m) ? wide_of(measure[m]) : NaN) nooutput name 'M'
	lowest = L_min
	do for [g = 1:groups] { lowest = ceiling[(m - 1)*groups + g] < lowest ? ceiling[(m - 1)*groups + g] : lowest }
	if (m == 1 && has_reference && scale[m] eq 'loss') {
		stats data using (column(reference_column)) nooutput name 'R'
		lowest = R_min < lowest ? R_min : lowest
	}
	span = M_max > lowest ? M_max - lowest : 1
	is_log = scale[m] eq 'excess' && lowest > 0
	low = scale[m] eq 'loss' ? lowest - 0.06*span : scale[m] ne 'excess' ? 0 : is_log ? lowest/1.08 : lowest - 0.05*span
	most = scale[m] eq 'loss' ? M_max + 0.03*span : scale[m] eq 'excess' ? (is_log ? M_max*1.08 : M_max + 0.05*span) : \
		scale[m] eq 'violation' && M_max < 0.3 ? 0.35 : M_max > 0 ? M_max*1.1 : 1
	# bands may go beyond the lines, but a single wide one must not squeeze all the rest
	if (has_bands) {
		stats data using (is_few(measure[m]) ? column(measure[m]) : column(measure[m].'_high')) nooutput name 'H'
		if (low == 0 && H_max*1.03 > most) { most = H_max*1.03 < 1.4*M_max ? H_max*1.03 : 1.4*M_max }
	}
	# a band that lies above the frame is not drawn: between a point outside and one inside it would not follow its line
	clip(v) = !has_bands || v > most ? NaN : v > low ? v : low
	clip_top(v) = v < most ? v : most
	if (is_log) { set logscale y }
	if (scale[m] eq 'violation') { set nonlinear y via asinh(y/0.1) inverse 0.1*sinh(y) }
	set yrange [low:most]
	set ytics autofreq
	if (scale[m] eq 'violation') { set ytics (0, 0.1, 0.3, 1, 3, 10, 30, 100) }
	if (is_log) {
		set ytics ()
		step = nice((most - low)/4)
		if (most/low < 8) { do for [t = ceil(low/step):floor(most/step)] { set ytics add (t*step) } }
		if (most/low >= 8) { do for [t = floor(log10(low)):ceil(log10(most))] { set ytics add (10.0**t, 2*10.0**t, 5*10.0**t) } }
	}
	do for [p = 1:panels] {
		place = beside ? m : p
		left = left_edge + ((place - 1)%across)*(wide + gap_x)
		top = 108 + (beside ? 0 : (m - 1)*block + ((p - 1)/across)*(high + gap_y))
		set lmargin at screen X(left)
		set rmargin at screen X(left + wide)
		set tmargin at screen Y(top)
		set bmargin at screen Y(top + high)
		name_of_panel = group_title[group_in(p)].(layers > 1 ? (strlen(group_title[group_in(p)]) ? ', ' : '').'layer '.layer[layer_in(p)] : '')
		if (alone && layers <= 1) {
			do for [i = 1:series] { if (group_of[i] == group_in(p)) { name_of_panel = line_label[line_of[i]] } }
		}
		set title literal(clipped(name_of_panel, wide)) font small_font offset 0,-0.7
		set format y ((place - 1)%across == 0 || beside ? '%g' : '')
		set format x (beside || p + across > panels ? '%g' : '')
		set xlabel (beside || p + across > panels ? x_title : '') offset 0,0.3 font small_font
		unset label 904
		if (p == 1) {
			set label 904 heading[m].(is_log ? ', log scale' : '') at screen X(beside ? left : 16),Y(top - (beside ? 16 : 31)) left \
				font panel_font textcolor rgb text_colour noenhanced
		}
		unset arrow
		limit = ceiling[(m - 1)*groups + group_in(p)]
		if (limit == limit) {
			set arrow from graph 0,first limit to graph 1,first limit nohead back linecolor rgb reference_colour dashtype 2 linewidth 1.2
		}
		if (named && (beside || p == panels)) {
			ends = 0
			what = measure[m]
			do for [i = 1:series] {
				wanted(p) = in_panel(i, p)
				@LAST
				if (last == last) {
					ends = ends + 1
					end_at[ends] = below_top(last); end_name[ends] = label[i]; end_ink[ends] = ink(look[i])
				}
			}
			if (m == 1 && has_reference) {
				what = reference_column
				wanted(p) = x_of_reference(p) == x_of_reference(p)
				@LAST
				if (last == last) {
					ends = ends + 1
					end_at[ends] = below_top(last); end_name[ends] = reference_title; end_ink[ends] = reference_colour
				}
			}
			if (limit == limit) {
				ends = ends + 1
				end_at[ends] = below_top(limit); end_name[ends] = ceiling_title; end_ink[ends] = reference_colour
			}
			@END_NAMES
		}
		plot \
			for [i = 1:series] data using (is_few(measure[m]) ? NaN : x_of(i, p)):(clip(column(measure[m].'_low'))): \
				(clip_top(column(measure[m].'_high'))) with filledcurves fillcolor rgb fill_of(i) notitle, \
			for [i = 1:series] for [s = 1:seed_lines] data using (x_of(i, p)):(column(measure[m].'_'.s)) \
				with lines linecolor rgb shade(fill_of(i), 0.45) linewidth 0.6 dashtype 1 notitle, \
			for [i = 1:series] data using (x_of(i, p)):(column(measure[m])) \
				with linespoints linetype type_of(i) pointinterval (scale[m] eq 'loss' ? -1000 : marks) notitle, \
			data using (m == 1 && has_reference ? x_of_reference(p) : NaN):(has_reference ? column(reference_column) : NaN) \
				with linespoints linecolor rgb reference_colour dashtype 3 linewidth (single ? 1.5 : 0) pointtype 7 \
				pointsize (single ? 0 : 0.15) notitle
		unset label
	}
}
unset arrow
if (has_key) {
@LEGEND
plot NaN notitle, for [k = 1:listed] keyentry with linespoints linetype listed_type(k) title listed_label(k), \
	for [k = 1:1] keyentry with linespoints linecolor rgb (has_reference ? reference_colour : 0xFFFFFF) dashtype 3 \
		linewidth (single ? 1.5 : 0) pointtype 7 pointsize (single ? 0 : 0.3) title (has_reference ? reference_title : ''), \
	keyentry with lines linecolor rgb (strlen(ceiling_title) ? reference_colour : 0xFFFFFF) dashtype 2 linewidth 1.2 title ceiling_title
}
unset multiplot
