#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# names.sh -- names every file whose name says nothing, and every part whose file, symbol and word do not agree.
bad=0
complain()
{
	echo "$*"
	bad=1
}

for file in $(find sim strategies experiments plots tests -type f -name '*[a-z]*.*' | sort)
do
	stem=${file##*/}
	stem=${stem%%.*}
	case _${stem}_ in
	*[_-]utils[_-]* | *[_-]util[_-]* | *[_-]misc[_-]* | *[_-]common[_-]* | *[_-]helpers[_-]* | *[_-]v[0-9][_-]* | \
		*[_-]new[_-]* | *[_-]old[_-]* | *[_-]priv[_-]*)
		complain "$file: a name should say what is in it" ;;
	esac
done

# strategies/selectors/top_k.c holds selector_top_k, called "top-k", and stands in parts.def as SELECTOR(top_k)
for file in strategies/projectors/*.c strategies/scorers/*.c strategies/selectors/*.c strategies/gates/*.c strategies/balancers/*.c
do
	[ -e "$file" ] || continue
	stem=$(basename "$file" .c)
	kind=$(basename "$(dirname "$file")" s)
	word=$(echo "$stem" | tr _ -)
	grep -E -q "^const struct moe_$kind ${kind}_$stem = \{" "$file" || complain "$file: no 'const struct moe_$kind ${kind}_$stem = {'"
	grep -q "\.name = \"$word\"" "$file" || complain "$file: no '.name = \"$word\"'"
	row="$(echo "$kind" | tr '[:lower:]' '[:upper:]')($stem)"
	grep -q -x "$row" strategies/parts.def || complain "$file: no row $row in parts.def"
done

# a header is guarded by its path
for file in $(find sim strategies experiments -name '*.h' | sort)
do
	guard=$(echo "${file#sim/api/}" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$file" || complain "$file: the guard should be $guard"
done
exit $bad
