#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# coverage.sh -- prints how many lines of each source file the tests ran, least first, and of all; fails, with a list, when
# a file is below 90% or a refusal of what a user gave was met by no test.  Of refusals tests/lint/messages.exempt says
# which need another machine.  Its argument is the source tree as the compiler was told of it; run it at the root of a
# build tree made with --enable-coverage.
least=90
find sim strategies experiments -name '*.gcno' | sort | while read -r notes
do
	gcov --stdout "$notes" 2>/dev/null
done | awk -F: -v top="$1/" -v least=$least -v exempt="$1/tests/lint/messages.exempt" '
	BEGIN {
		while ((getline text <exempt) > 0) {
			sub(/^elsewhere: /, "", text)
			if (text != "" && text !~ /^#/)
				excused[text]
		}
	}

	function is_excused(refusal,   text) {
		for (text in excused)
			if (index(refusal, "\"" text))
				return 1
		return 0
	}

	{ raw = $0; gsub(/ /, "", $1); gsub(/ /, "", $2) }
	$2 == 0 && $3 == "Source" {
		file = index($4, top) == 1 ? substr($4, length(top) + 1) : $4
		ours = file ~ /^(sim|strategies|experiments)\//
	}
	{
		text = raw
		sub(/^[^:]*:[^:]*:[ \t]*/, "", text)
	}
	# the format may stand on the next line
	ours && open != "" { refusal[open] = refusal[open] " " text }
	{ open = "" }
	!ours || $1 == "-" || $2 == 0 { next }
	# no lines: the marks of what is not used, and the end of memory, to which make check-faults comes
	text ~ /^\(void\)[a-z_]+;$/ || text ~ /^error_no_memory\(/ { next }
	# a file is compiled in both precisions: a line counts when it ran in either
	{ line[file, $2] = line[file, $2] || $1 !~ /^(#####|=====)$/ }
	/ERROR_USER/ && /fail\(/ {
		refusal[file, $2] = text
		if (text !~ /"/)
			open = file SUBSEP $2
	}
	END {
		for (key in refusal)
			if (!line[key] && is_excused(refusal[key])) {
				delete line[key]
				delete refusal[key]
			}
		for (key in line) {
			split(key, part, SUBSEP)
			all[part[1]]++
			ran[part[1]] += line[key]
		}
		for (file in all) {
			printf "%6.1f%%  %5d of %5d  %s\n", 100 * ran[file] / all[file], ran[file], all[file], file | "sort -n"
			sum_all += all[file]
			sum_ran += ran[file]
		}
		close("sort -n")
		printf "%6.1f%%  %5d of %5d  lines in all\n", sum_all ? 100 * sum_ran / sum_all : 0, sum_ran, sum_all
		for (key in refusal)
			if (!line[key] && bad = 1) {
				split(key, part, SUBSEP)
				printf "unmet: %s:%d: %s\n", part[1], part[2], refusal[key]
			}
		for (file in all)
			if (100 * ran[file] < least * all[file] && bad = 1)
				printf "below %d%%: %s\n", least, file
		exit bad || !sum_all
	}'
