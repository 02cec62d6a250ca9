#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# listed.sh -- names every file that no Makefile fragment lists: it would be missing from the program or from the tarball.
# Run at the root of the source tree.
bad=0
listed=$(mktemp)
trap 'rm -f "$listed"' EXIT
for fragment in Makefile.am */*.am
do
	# a program of the tests is made from the one source of its name
	sed -e "s,%D%,$(dirname "$fragment"),g" -e 's,\$(top_srcdir)/,,g' "$fragment" | tr -s ' \t\\' '\n\n\n' |
		sed -n -e 's,^\./,,' -e 'p' -e 's,^tests/.*/[^./]*$,&.c,p'
done | sort -u >"$listed"

for file in $(find sim strategies experiments plots docs \( -name '*.[ch]' -o -name '*.def' -o -name '*.gp' -o -name '*.suite' \
	-o -name '*.csv' -o -name '*.md' -o -name '*.png' \) | sort) \
	$(find tests -name 'check_*.c' -o -name '*.test' -o -name 'fuzz_*.c' | sort)
do
	grep -q -x -F "$file" "$listed" || { echo "$file: no *.am lists this file"; bad=1; }
done

# configure makes links of these folders, and automake makes folders of those that hold sources
for folder in $(sed -n 's/.*for moe_folder in //p' configure.ac)
do
	[ -z "$(find "$folder" -name '*.[ch]')" ] || { echo "$folder: a folder that configure links must hold no source"; bad=1; }
done
exit $bad
