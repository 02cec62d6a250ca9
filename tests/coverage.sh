#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# coverage.sh -- prints how many lines of each source file the tests ran, least first, and of all; before that, every
# refusal of what a user gave that no test met.  Its argument is the source tree as the compiler was told of it; run it at
# the root of a build tree made with --enable-coverage.
find sim strategies experiments -name '*.gcno' | sort | while read -r notes
do
	gcov --stdout "$notes" 2>/dev/null
done | awk -F: -v top="$1/" '
	{ raw = $0; gsub(/ /, "", $1); gsub(/ /, "", $2) }
	$2 == 0 && $3 == "Source" {
		file = index($4, top) == 1 ? substr($4, length(top) + 1) : $4
		ours = file ~ /^(sim|strategies|experiments)\//
	}
	!ours || $1 == "-" || $2 == 0 { next }
	# a file is compiled in both precisions: a line counts when it ran in either
	{ line[file, $2] = line[file, $2] || $1 !~ /^(#####|=====)$/ }
	/ERROR_USER/ && /fail\(/ {
		text = raw
		sub(/^[^:]*:[^:]*:[ \t]*/, "", text)
		refusal[file, $2] = text
	}
	END {
		for (key in refusal)
			if (!line[key]) {
				split(key, part, SUBSEP)
				printf "%6s   %s:%d: %s\n", "-1", part[1], part[2], refusal[key]
			}
		for (key in line) {
			split(key, part, SUBSEP)
			all[part[1]]++
			ran[part[1]] += line[key]
		}
		for (file in all) {
			printf "%6.1f%%  %5d of %5d  %s\n", 100 * ran[file] / all[file], ran[file], all[file], file
			sum_all += all[file]
			sum_ran += ran[file]
		}
		printf "%6.1f%%  %5d of %5d  lines in all\n", sum_all ? 100 * sum_ran / sum_all : 0, sum_ran, sum_all
	}' | sort -n | sed 's/^    -1   /unmet:   /'
