# SPDX-License-Identifier: GPL-3.0-or-later
# style.gp -- what all charts share: terminal, fonts, colours, layout.
#
# A chart sets width and height (pixels of an unscaled picture) and loads this file.  Colours are those of Okabe and Ito
# (2008), which colour-blind readers can tell apart; every series has a mark of its own as well.

if (!exists('format')) format = 'png'
if (!exists('out')) out = name.'.'.format
terminal_is_text = format eq 'dumb'

# A footnote has a line of its own at the foot.
if (!exists('footnote')) footnote = ''
foot = strlen(footnote) ? 26 : 0
height = height + foot

# Twice the pixels, so that a picture stays sharp on a good screen and at half its size.
if (format eq 'png') \
	set terminal pngcairo size 2*width,2*height font 'DejaVu Sans,9.5' fontscale 2 linewidth 2 pointscale 1.6 dashlength 0.8
if (format eq 'svg') \
	set terminal svg size width,height font 'sans-serif,12' dashlength 0.8 background 'white'
if (format eq 'pdf') \
	set terminal pdfcairo size width/96.0,height/96.0 font 'DejaVu Sans,9.5' pointscale 0.8 dashlength 0.8
if (format eq 'sixel') \
	set terminal sixelgd size width,height font 'DejaVu Sans,9' truecolor
if (terminal_is_text && coloured) set terminal dumb size columns_wide,rows_high ansi256
if (terminal_is_text && !coloured) set terminal dumb size columns_wide,rows_high mono
if (!terminal_is_text && format ne 'sixel') set output out

set encoding utf8
set datafile separator comma
set datafile columnheaders
set datafile missing ''

# ---- series: look = colour + 10 * variant ----------------------------------------------------------------------------

# in the order of the legends: black, gray, purple, vermilion, blue, green, orange, sky blue; then two of Paul Tol's
array colour_of[10] = [0x262626, 0x8C8C8C, 0xCC79A7, 0xD55E00, 0x0072B2, 0x009E73, 0xE69F00, 0x56B4E9, 0x999933, 0x882255]
# the same as letters, dark enough to be read on white (a contrast of 4.5 to 1)
array ink_of[10] = [0x262626, 0x6E6E6E, 0xA3437A, 0xB84F00, 0x00629A, 0x007A5A, 0x8F6400, 0x1B73A8, 0x6B6B1F, 0x882255]
array mark_of[10] = [2, 1, 13, 9, 7, 5, 11, 15, 3, 14]
# of one colour, each is paler than the one before, and dashed after four
pale(c, v) = c + int((255 - c)*0.2*(v%4))
shade(rgb, part) = int(rgb/65536 + (255 - rgb/65536)*part)*65536 + int(rgb/256%256 + (255 - rgb/256%256)*part)*256 + \
	int(rgb%256 + (255 - rgb%256)*part)
tint(rgb, v) = pale(rgb/65536, v)*65536 + pale(rgb/256%256, v)*256 + pale(rgb%256, v)
do for [v = 0:7] {
	do for [c = 1:10] {
		dash = c == 1 && v == 0 ? 2 : 1 + (v/4)*2 + v%2
		set linetype (c + 10*v) linecolor rgb tint(colour_of[c], v) linewidth 1.8 \
			pointtype mark_of[1 + (c - 1 + 3*v)%10] pointsize 0.75 dashtype dash
	}
}
# the dash of the reference: a baseline that is no mixture, or a floor
reference_colour = 0x6E6E6E

# for lines that several strategies share: values from dark to light
array ramp[8] = [0x0D0887, 0x4B03A1, 0x7D03A8, 0xA82296, 0xCB4679, 0xE56B5D, 0xF89441, 0xFDC328]

# ---- axes ------------------------------------------------------------------------------------------------------------

text_colour = '#262626'
set border 3 linecolor rgb '#8C8C8C' linewidth 0.8
set tics nomirror out scale 0.5 textcolor rgb text_colour
if (!terminal_is_text) set grid linecolor rgb '#E4E4E4' linewidth 0.6 linetype 1 dashtype 1
set title textcolor rgb text_colour
set key noenhanced textcolor rgb text_colour
set style fill transparent solid (exists('crowd') && crowd > 4 || !exists('crowd') && exists('series') && series > 4 ? 0.11 : 0.18) noborder
# a chart with panels for groups of series sets crowd, the most series in a panel;
# so many bands upon each other would show nothing; their ends are in the data
if (!exists('banded')) banded = 0
if (!exists('crowd')) crowd = exists('series') ? series : 0
has_bands = banded && !terminal_is_text && crowd <= 8
# Of fewer than five seeds each has a line or a dot of its own (columns M_1 to M_4 of the data): the t interval of so few
# would fill the panel.
few = banded && seeds_high < 5
mixed = banded && seeds_low < 5 && seeds_high > 4
if (exists('seeds')) {
	if (has_bands) {
		curves = few ? 'Line: '.seeds.'; thin lines: each seed' : \
			'Line and band: '.seeds.interval.(mixed ? ', of fewer than 5 a thin line each' : '')
	} else {
		curves = 'Lines: '.seeds.(banded ? ' (without their spread)' : '')
	}
	bars = !banded ? seeds : few ? seeds.'; dots: each seed' : seeds.interval.(mixed ? ', of fewer than 5 a dot each' : '')
}
# is this row one of few seeds?
is_few(M) = column(M.'_2') == column(M.'_2')
set style textbox opaque noborder

# ---- layout in pixels ------------------------------------------------------------------------------------------------

X(pixels) = pixels*1.0/width
Y(pixels) = 1 - pixels*1.0/height   # from the top

bold = terminal_is_text ? '' : (format eq 'svg' ? 'sans-serif' : 'DejaVu Sans').':Bold'
# titles of panels
panel_font = bold.(format eq 'svg' ? ',12' : ',9.5')
small_font = format eq 'svg' ? ',11' : ',8.5'

# Names as they are, where gnuplot would take some characters for commands of its text layout (an SVG is bold only so).
escaped(one) = strlen(one) && strstrt('{}^_@&~\', one) ? '\'.one : one
literal(text) = strlen(text) < 2 ? escaped(text) : literal(text[1:strlen(text)/2]).literal(text[strlen(text)/2 + 1:])

# Text that belongs to no panel, hung on the first one drawn; each is shrunk to the width of the chart.
squeeze(text, at, wide) = wide < strlen(text)*at*0.64 ? wide/(strlen(text)*0.64) : at
sized(text, at, face) = sprintf('%s,%.1f', face, squeeze(text, (format eq 'svg' ? 1.28 : 1)*at, (width - 32)*(format eq 'svg' ? 1.12 : 0.8)))
# The head is what was found, where a finding says so in a line; what the chart shows then goes in front of the reading.
if (!exists('finding')) finding = ''
head(headline) = strlen(finding) ? finding : headline
lead(headline) = strlen(finding) ? headline.'.  ' : ''
HEAD = "set label 901 literal(head(headline)) at screen X(16),Y(24) left font sized(head(headline), 12.5, bold) textcolor rgb text_colour; \
	set label 902 lead(headline).reading at screen X(16),Y(47) left font sized(lead(headline).reading, 8.5, '') textcolor rgb '#595959' noenhanced; \
	set label 903 footnote at screen X(16),Y(height - 12) left font small_font textcolor rgb '#595959' noenhanced"
set macros

# Something that is drawn only to hang a legend on it.
# The legend stands beside the last panel, in the order of the lines' ends.  It is a panel of its own: gnuplot makes no
# key higher than its panel.
LEGEND = "unset label; unset title; unset xlabel; unset ylabel; unset border; unset tics; unset grid; unset logscale; \
	set lmargin at screen X(width - legend); set rmargin at screen X(width - 2); \
	set tmargin at screen Y(84); set bmargin at screen Y(height - 4); set xrange [0:1]; set yrange [0:1]; \
	set key at screen X(width - legend + 6),Y(92) left top Left reverse vertical samplen 2.2 spacing 1.25 \
	width -2 font small_font"
colour(look) = tint(colour_of[1 + (look - 1)%10], (look - 1)/10)
ink(look) = ink_of[1 + int(look - 1)%10]

# Names beside the right ends of lines.  A chart fills end_at[] (pixels below the top of the panel), end_name[], end_ink[]
# and says how many there are (ends); END_NAMES sorts them, moves them apart without letting them leave the panel, and
# draws them with a thin line from where they belong.  (Pushed apart downwards, and upwards; the middle of both keeps each
# near its line.)
end_gap = 15.0
end_space = 18
array end_at[40]; array end_name[40]; array end_ink[40]; array end_low[40]; array end_high[40]
ends = 0
END_NAMES = "\
	do for [k = 2:ends] { do for [j = k:2:-1] { if (end_at[j] < end_at[j-1]) { \
		held = end_at[j]; end_at[j] = end_at[j-1]; end_at[j-1] = held; \
		held = end_ink[j]; end_ink[j] = end_ink[j-1]; end_ink[j-1] = held; \
		held_name = end_name[j]; end_name[j] = end_name[j-1]; end_name[j-1] = held_name } } }; \
	do for [k = 1:ends] { end_low[k] = k > 1 && end_low[k-1] + end_gap > end_at[k] ? end_low[k-1] + end_gap : end_at[k] }; \
	do for [k = ends:1:-1] { end_high[k] = k < ends && end_high[k+1] - end_gap < end_at[k] ? end_high[k+1] - end_gap : end_at[k] }; \
	do for [k = 1:ends] { end_low[k] = (end_low[k] + end_high[k])/2; \
		bound = 5 + (k - 1)*end_gap; end_low[k] = end_low[k] < bound ? bound : end_low[k] }; \
	do for [k = ends:1:-1] { bound = high - 5 - (ends - k)*end_gap; end_low[k] = end_low[k] > bound ? bound : end_low[k] }; \
	do for [k = 1:ends] { \
		set arrow from graph 1,graph 1 - end_at[k]/high to screen X(left + wide + end_space - 5),screen Y(top + end_low[k]) nohead \
			linecolor rgb end_ink[k] linewidth 0.5 dashtype 1; \
		set label end_name[k] at screen X(left + wide + end_space),screen Y(top + end_low[k]) left noenhanced font small_font \
			textcolor rgb end_ink[k] }"

# Round steps for tick marks where gnuplot's own would be odd.
decade(v) = 10.0**floor(log10(v))
nice(v) = v/decade(v) < 1.5 ? decade(v) : v/decade(v) < 3.5 ? 2*decade(v) : v/decade(v) < 7.5 ? 5*decade(v) : 10*decade(v)

# Loads and shares in units of what each expert would get if all were used alike, on a scale of doublings: blue is
# less than that, red more, black (almost) nothing.
doublings(v) = v < 0.01 ? -5.5 : v < 1/16. ? -4 : v > 16 ? 4 : log(v)/log(2)
LOADS = "set palette defined (-5 '#101010', -4.5 '#101010', -4.499 '#0B4A8C', -2 '#6AAED6', 0 '#F7F7F7', 2 '#F4A582', 4 '#A50F26'); \
	set cbrange [-5:4]; \
	set cbtics ('dead' -4.75, '1/16' -4, '1/8' -3, '1/4' -2, '1/2' -1, 'fair' 0, '2 x' 1, '4 x' 2, '8 x' 3, '16 x' 4) \
		scale 0.3 offset -0.6,0"

# Names come from data: percent signs must not be taken for formats of tick marks, and long ones are cut.
short(text) = plain(strlen(text) > 22 ? text[1:20].'…' : text)
plain(text) = strstrt(text, '%') == 0 ? text : text[1:strstrt(text, '%') - 1].'%%'.plain(text[strstrt(text, '%') + 1:])

# "334 k": three digits
human(v) = sprintf('%.3g', real(gprintf('%.6s', v))).gprintf(v < 1000 ? '' : ' %c', v)

# The title of a small panel: a label that does not fit goes on in a second line, in smaller letters, and cut.
letter = 7.4
fits(text, wide) = strlen(text)*letter <= wide
cut(text, n) = strlen(text) <= n ? text : text[1:n/2].'…'.text[strlen(text) - n/2 + 2:]
clipped(text, wide) = cut(text, int(wide/(0.6*letter)))
blank(text) = strstrt(text, ' ')
folded(text, wide) = fits(text, wide) || blank(text) == 0 ? clipped(text, wide) : \
	clipped(text[1:blank(text) - 1], wide)."\n".clipped(text[blank(text) + 1:], wide)
line(text, wide) = fits(text, wide) || blank(text) == 0 ? strlen(text) : \
	blank(text) > strlen(text) - blank(text) ? blank(text) : strlen(text) - blank(text)
shrunk(text, wide) = line(text, wide)*letter <= wide ? 1 : wide/(line(text, wide)*letter) < 0.6 ? 0.6 : wide/(line(text, wide)*letter)
panel_title_font(text, wide) = sprintf('%s,%.1f', bold, (format eq 'svg' ? 12 : 9.5)*shrunk(text, wide))

# The lower end of a band; that of things that cannot be negative.
band(v) = has_bands ? v : NaN
band_from_zero(v) = !has_bands ? NaN : v > 0 ? v : 0
