#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# count.sh -- sums up what the tests with the given logs found, in one line.
for log
do
	shift
	set -- "$@" "${log%.log}.trs"
done
awk '
	$1 == ":test-result:" { count[$2]++ }
	END {
		printf "%d passed, %d failed, %d skipped\n", count["PASS"] + count["XFAIL"],
			count["FAIL"] + count["XPASS"] + count["ERROR"], count["SKIP"]
	}' "$@"
