# SPDX-License-Identifier: GPL-3.0-or-later
# growth.gp -- how the time of a training step grows with experts, experts per token, and tokens.
#
# Run by "make bench" where gnuplot is; by hand: gnuplot -e "data='bench.csv'; out='growth.png'" growth.gp
# data: what,shape,part,threads,repeats,seconds,tokens_per_second,gflops

set datafile separator comma
set datafile columnheaders
set terminal pngcairo size 1900,640 font 'DejaVu Sans,9.5' fontscale 2 linewidth 2 pointscale 1.6
set output out
set encoding utf8
set border 3 linecolor rgb '#8C8C8C'
set tics nomirror out scale 0.5 textcolor rgb '#262626'
set grid linecolor rgb '#E4E4E4' linetype 1
set key top left reverse Left samplen 2
set logscale xy 2
set style line 1 linecolor rgb '#0072B2' linewidth 2 pointtype 7
set style line 2 linecolor rgb '#8C8C8C' linewidth 1.5 dashtype 2

array axis[3] = ['experts', 'top-k', 'batch']
array heading[3] = ['experts (two for each token)', 'experts for each token (of 64)', 'sequences of 128 tokens in a batch']
is(m) = stringcolumn('what') eq 'growth' && stringcolumn('shape') eq axis[m]
x(m) = is(m) ? real(stringcolumn('part')) : NaN
ms(m) = is(m) ? 1e3*column('seconds') : NaN
flop(m) = is(m) ? 1e9*column('gflops')*column('seconds') : NaN

set multiplot layout 1,3 margins 0.07,0.98,0.14,0.9 spacing 0.06,0
do for [m = 1:3] {
	# the line of the counted FLOPs is laid through the first point
	first_ms = NaN
	first_flop = NaN
	stats data using (first_ms == first_ms || !is(m) ? NaN : (first_ms = ms(m), first_flop = flop(m), 0)) nooutput
	set title heading[m]
	set ylabel (m == 1 ? 'ms a step, one thread' : '') offset 1,0
	set yrange [*:*]
	set xtics autofreq
	plot data using (x(m)):(first_ms*flop(m)/first_flop) with lines linestyle 2 title 'as its counted FLOPs', \
		data using (x(m)):(ms(m)) with linespoints linestyle 1 title 'measured'
}
unset multiplot
