#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# calls.sh -- names every call of a function of the C library that hides a failure.  Run at the root of the source tree.
# open_memstream() drops output when memory runs out, and its fclose() may leave no text and say that all is well.
bad=0
for file in $(find sim strategies experiments -name '*.[ch]' | sort)
do
	grep -n 'open_memstream *(' "$file" | grep -v '^[0-9]*: \*' | sed "s,^,$file:,; s,$, (use memory_file_open),"
done | grep . && bad=1
exit $bad
