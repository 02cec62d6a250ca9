# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# tap.sh -- what a shell test needs; a test begins with `. "$top_srcdir/tests/support/tap.sh"` and ends with `finish`.
#
# The test stands in a temporary folder of its own, which is gone at its end.  $MOESIM is the program under test,
# $top_srcdir and $top_builddir are absolute.

tap_count=0
# shellcheck disable=SC2154 # set by make
tap_folder=$(mktemp -d "$top_builddir/tmp.XXXXXX") || exit 99
# a test may have taken away its own permission to write
trap 'cd "$top_builddir" && chmod -R u+rwX "$tap_folder" && rm -rf "$tap_folder"' EXIT
trap 'exit 99' HUP INT TERM
cd "$tap_folder" || exit 99

# skip_all REASON -- the whole test does not apply here; only before the first result
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# finish -- states how many results there were, so that a test which stopped early is seen
finish()
{
	echo "1..$tap_count"
}

tap_result()
{
	tap_count=$((tap_count + 1))
	echo "$1 $tap_count - $2"
}

# skip WHAT REASON -- one result that does not apply here
skip()
{
	tap_result ok "$1 # SKIP $2"
}

# note TEXT... -- into the log
note()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# ok WHAT COMMAND... -- the command succeeds
ok()
{
	tap_what=$1
	shift
	if "$@" >tap.ok 2>&1; then
		tap_result ok "$tap_what"
	else
		tap_result 'not ok' "$tap_what"
		note "exit code $? of: $*"
		sed 's/^/#   /' tap.ok
	fi
}

# is WHAT GOT WANTED -- the two texts are the same
is()
{
	if [ "$2" = "$3" ]; then
		tap_result ok "$1"
	else
		tap_result 'not ok' "$1"
		note "got:    $2"
		note "wanted: $3"
	fi
}

# like WHAT GOT PATTERN -- some line of the text matches the extended regular expression
like()
{
	if printf '%s\n' "$2" | grep -E -q -e "$3"; then
		tap_result ok "$1"
	else
		tap_result 'not ok' "$1"
		note "got:    $2"
		note "wanted: /$3/"
	fi
}

# run COMMAND... -- leaves exit code, stdout and stderr in $code, $out and $err
run()
{
	"$@" >tap.out 2>tap.err </dev/null
	code=$?
	out=$(cat tap.out)
	# shellcheck disable=SC2034 # for the test
	err=$(cat tap.err)
}

# exits WHAT CODE COMMAND... -- run, and the exit code is this one
exits()
{
	tap_what=$1 tap_code=$2
	shift 2
	run "$@"
	is "$tap_what" "$code" "$tap_code"
	[ "$code" = "$tap_code" ] || note "$(cat tap.err)"
}

# fault FAULT 'CALL END' COMMAND... -- run, with the program replaced by one to which that fault happens at a call of its
# own, and never at a time: at the N-th call whose path ends so (tests/faults/faults.c).  Returns when all that the command
# started has ended, too.
fault()
{
	tap_fault=$1 tap_at=$2
	shift 2
	{
		FAULT=$tap_fault FAULT_AT=$tap_at "$top_builddir/tests/faults/moesim-faults" "$@" 9>&1 >tap.out 2>tap.err </dev/null
		echo $? >tap.code
	} | cat >/dev/null
	code=$(cat tap.code)
	# shellcheck disable=SC2034 # for the test
	out=$(cat tap.out) err=$(cat tap.err)
}

# has_terminal -- is there the program `script`, which makes one?
has_terminal()
{
	command -v script >/dev/null && TERM=xterm script -qec true /dev/null >/dev/null 2>&1
}

# shown COMMAND -- what the command, one word for the shell, shows on a terminal
shown()
{
	TERM=xterm script -qec "$1" /dev/null </dev/null | tr -d '\r'
}

# refuses WHAT CODE PATTERN COMMAND... -- run; the exit code is this one, stdout is empty, and stderr is one line that
# begins with "moesim: " and matches
refuses()
{
	tap_what=$1 tap_code=$2 tap_pattern=$3
	shift 3
	run "$@"
	if [ "$code" = "$tap_code" ] && [ -z "$out" ] && [ "$(wc -l <tap.err)" -eq 1 ] && grep -q '^moesim: ' tap.err &&
		grep -E -q -e "$tap_pattern" tap.err; then
		tap_result ok "$tap_what"
	else
		tap_result 'not ok' "$tap_what"
		note "of: $*"
		note "exit code $code (wanted $tap_code), wanted one line with /$tap_pattern/ on stderr, got:"
		sed 's/^/#   /' tap.err
		[ -z "$out" ] || note "and on stdout: $out"
	fi
}
