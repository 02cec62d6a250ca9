#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# spelling.sh -- names every misspelled word, as codespell knows them (.codespellrc).  Skipped where codespell is absent;
# not part of make check, because its dictionary differs from version to version.  Run at the root of the source tree.
command -v codespell >/dev/null || { echo 'codespell not found: spelling is not checked' >&2; exit 0; }
find README.md CONTRIBUTING.md SECURITY.md CITATION.cff NEWS bootstrap configure.ac Makefile.am .ci .github docs sim strategies \
	experiments plots tests -type f ! -path 'tests/bad/*' ! -path 'tests/analyze/*' ! -path 'tests/configs/*' \
	! -path '*/.deps/*' ! -name '*.png' ! -name '*.o' ! -name '*.a' ! -name '*.log' ! -name '*.trs' -exec grep -I -l . {} + |
	xargs codespell
