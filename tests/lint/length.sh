#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# length.sh -- names every function of more than 80 lines.  Run at the root of the source tree.
# shellcheck disable=SC2016 # awk's $
find sim strategies experiments tests -name '*.[ch]' | sort | xargs awk '
	FNR == 1 { first = 0 }
	# the style puts the braces of a function, and of nothing else that is long, on lines of their own
	/^{$/ { first = FNR }
	/^}$/ && first {
		if (FNR - first - 1 > 80) {
			printf "%s:%d: a function of %d lines\n", FILENAME, FNR, FNR - first - 1
			bad = 1
		}
		first = 0
	}
	END { exit bad }
'
