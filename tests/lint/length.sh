#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# length.sh -- names every function of more than 80 lines, and every line of more than 120 columns (a tab is four).
# shellcheck disable=SC2016 # awk's $
find sim strategies experiments tests -name '*.[ch]' | sort | xargs awk '
	function complain(why) {
		printf "%s:%d: %s\n", FILENAME, FNR, why
		bad = 1
	}
	FNR == 1 { first = 0 }
	# the style puts the braces of a function, and of nothing else that is long, on lines of their own
	/^{$/ { first = FNR }
	/^}$/ && first {
		if (FNR - first - 1 > 80)
			complain("a function of " FNR - first - 1 " lines")
		first = 0
	}
	{
		wide = $0
		tabs = gsub(/\t/, "", wide)
		# count characters, not bytes, of UTF-8 in any locale
		gsub(/[\200-\277]/, "", wide)
		if (length(wide) + 4 * tabs > 120)
			complain("a line of " length(wide) + 4 * tabs " columns")
	}
	END { exit bad }
'
