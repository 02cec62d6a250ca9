#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# layout.sh -- the layout of the C code as clang-format has it, and what shellcheck warns of in the scripts (but for names
# that make or tap.sh set).  Not part of make check,
# because the tools differ from version to version.  Run at the root of the source tree.
status=0
for tool in clang-format shellcheck
do
	command -v $tool >/dev/null || { echo "$tool not found" >&2; status=1; }
done
[ $status -eq 0 ] || exit 1
find sim strategies experiments tests -name '*.[ch]' -exec clang-format -n -Werror {} + || status=1
find bootstrap .ci/run tests \( -name bootstrap -o -name run -o -name '*.sh' -o -name '*.test' \) -type f \
	-exec shellcheck -s sh -S warning -e SC1091,SC2154 {} + || status=1
exit $status
