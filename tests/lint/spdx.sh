#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# spdx.sh -- names every source file that does not say its license and, in its first lines, what it is:
# "name.c -- what it is".
find bootstrap configure.ac Makefile.am sim strategies experiments plots tests -type f \
	\( -name '*.[ch]' -o -name '*.def' -o -name '*.am' -o -name '*.sh' -o -name '*.test' -o -name '*.gp' \
	-o -name '*.py' -o -name '*.suite' -o -name bootstrap -o -name configure.ac \) ! -path 'tests/bad/*' | sort |
{
	bad=0
	while read -r file
	do
		top=$(head -n 5 "$file")
		case $top in
		*'SPDX-License-Identifier: GPL-3.0-or-later'*) ;;
		*) echo "$file: no SPDX line"; bad=1 ;;
		esac
		case $top in
		*"${file##*/} -- "*) ;;
		*) echo "$file: no line that says '${file##*/} -- what it is'"; bad=1 ;;
		esac
	done
	exit $bad
}
