#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# messages.sh -- names every error message of the program that no test spells, and every exemption that has become
# needless.  Run at the root of the source tree.
#
# A message is the format of a call that fills or prints an error.  A test spells it when three words of it in a row, or
# four around one or two that are filled in, stand in the test and in no other message.  That such a test also reaches the message
# is what `make coverage` tells.  A message that no test can have stands in messages.exempt, below its reason.  Running
# out of memory has no list of its own: make check-faults lets every allocation fail.
sources=$(find sim strategies experiments -name '*.[ch]' | sort)
tests=$(find tests -name '*.test' -o -path 'tests/unit/*.[ch]' -o -name '*.tsv' -o -name 'refuse-*.suite' -o -name 'refuse-*.json' | sort)
exempt=tests/lint/messages.exempt
[ -f "$exempt" ] || exempt=/dev/null
# shellcheck disable=SC2086 # no file of ours has a blank in its name
LC_ALL=C awk '
	function opens_call(text) {
		return match(text, /(^|[^A-Za-z0-9_])(fail(_path|_type|_token)?\(|complain\(|snprintf\(complaint,|fprintf\(stderr,)/)
	}

	# Skips one token of C at the head of the text; true when it is the parenthesis that ends the call.
	function ends_call(text,   c) {
		c = substr(text, 1, 1)
		if (c == "\"" && match(text, /^"([^"\\]|\\.)*"/)) {
			literal = literal substr(text, 2, RLENGTH - 2)
		} else if (match(text, /^PRI[a-zA-Z0-9]+/)) {
			literal = literal "d"
		} else if (!match(text, /^[ \t\n]+/)) {
			end_literal()
			if (!match(text, /^([A-Za-z0-9_]+|.(\\.|[^\\])\047)/) || (c != "\047" && RLENGTH == 3 && c !~ /[A-Za-z0-9_]/))
				RLENGTH = 1
			depth += (c == "(") - (c == ")")
		}
		return depth == 0
	}

	# The first literal is the message, a later one only where it is long: a choice of words, or of messages.
	function end_literal() {
		if (literal != "" && (literals++ == 0 || literal ~ /[a-z]+ [a-z]+ [^ ]+ [^ ]/))
			note_message(literal)
		literal = ""
	}

	function read_source(   place) {
		while (opens_call(source)) {
			place = substr(source, 1, RSTART + RLENGTH)
			line += gsub(/\n/, "\n", place)
			printing = substr(source, RSTART, RLENGTH) ~ /fprintf/
			source = substr(source, RSTART + RLENGTH)
			read_call(substr(source, 1, 3000))
		}
		source = ""
	}

	function read_call(text) {
		depth = 1
		literals = 0
		literal = ""
		while (text != "" && !ends_call(text))
			text = substr(text, RLENGTH + 1)
		end_literal()
	}

	# One blank between words and signs; what a conversion fills in is the sign \001, and one number as good as another.
	function words_of(text) {
		gsub(/%%/, "\002", text)
		gsub(/%[-+ 0#]*([*]|[0-9]+)?([.]([*]|[0-9]+))?(hh|h|ll|l|z|j|t)?[diuoxXeEfgGcsp]/, " \001 ", text)
		gsub(/\\n|\\t/, " ", text)
		gsub(/\002/, "%", text)
		gsub(/\\/, "", text)
		gsub(/[0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?/, "9", text)
		gsub(/[^A-Za-z0-9_\001-]|--/, " & ", text)
		gsub(/[ \t\n]+/, " ", text)
		return text
	}

	# Into run[1...]: the n words in a row that say enough, with what is filled in between them when there are four.
	function runs_of(text, n,   word, words, i, j, one, count) {
		words = split(text, word, " ")
		count = 0
		for (i = 1; i + n - 1 <= words; i++) {
			one = word[i]
			for (j = 1; j < n; j++)
				one = one " " word[i + j]
			if (one ~ /[a-z][a-z].* .*[a-z][a-z]/ && one !~ /^\001|\001$|\001.*\001/ &&
					(n >= 4 || one !~ /\001/))
				run[++count] = one
		}
		return count
	}

	function note_message(text,   words, n, i, count) {
		words = words_of(text)
		if (printing && text !~ /^moesim: / || words !~ /[a-z][a-z]/)
			return
		if (words in at) {
			at[words] = at[words] ", " file ":" line
			return
		}
		message[++messages] = words
		at[words] = file ":" line
		spelling[words] = text
		for (n = 4; n >= 2; n--) {
			count = runs_of(words, n)
			for (i = 1; i <= count; i++)
				if (!((run[i], words) in counted)) {
					counted[run[i], words]
					holders[run[i]]++
				}
		}
	}

	function look_for(one) {
		if (one in holders)
			met[one]
	}

	# A text of tests, long enough to be worth the work.
	function read_tests(   n, i, j, count, word) {
		gsub(/"[ \t\n]+"/, "", tests)
		tests = words_of(tests)
		for (n = 5; n >= 2; n--) {
			count = runs_of(tests, n)
			for (i = 1; i <= count; i++) {
				look_for(run[i])
				if (n < 4)
					continue
				split(run[i], word, " ")
				look_for(word[1] " \001 " word[n - 1] " " word[n])
				look_for(word[1] " " word[2] " \001 " word[n])
			}
		}
		tests = ""
	}

	# Of a short message two words may be all; one that has none of its own, as a sentence around a longer reason, shares
	# those of others, and where it has no two words there is nothing to look for.
	function is_spelled(words,   n, i, count, own, shared) {
		own = shared = 0
		for (n = 4; n >= 2; n--) {
			if (n == 2 && own + shared > 0)
				break
			count = runs_of(words, n)
			for (i = 1; i <= count; i++)
				if (holders[run[i]] > 1) {
					shared += 1 + (run[i] in met) * 1000
				} else {
					own++
					if (run[i] in met)
						return 1
				}
		}
		return own == 0 && (shared == 0 || shared >= 1000)
	}

	FNR == 1 {
		read_source()
		file = FILENAME
		line = 1
	}
	file ~ /^(sim|strategies|experiments)\// {
		source = source ($0 ~ /^[ \t]*(\/\*|\*\/|\* |#)/ ? "" : $0) "\n"
		next
	}
	file ~ /[.]exempt$/ {
		if (!/^#/ && NF)
			exempt[$0] = FNR
		next
	}
	{
		tests = tests $0 "\n"
		if (length(tests) > 20000)
			read_tests()
	}

	END {
		read_tests()
		for (i = 1; i <= messages; i++) {
			words = message[i]
			text = spelling[words]
			spelled = is_spelled(words)
			if (!spelled && !(text in exempt) && bad = 1)
				print at[words] ": no test spells \"" text "\""
			if (spelled && text in exempt && bad = 1)
				print "messages.exempt:" exempt[text] ": a test spells this message (remove the line)"
			delete exempt[text]
		}
		for (text in exempt)
			print "messages.exempt:" exempt[text] ": there is no such message (remove the line)"
		for (text in exempt)
			bad = 1
		exit bad
	}' $sources "$exempt" $tests
