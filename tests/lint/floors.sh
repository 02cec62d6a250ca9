#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# floors.sh -- names every file that includes from a floor above its own (the table of CONTRIBUTING.md), or from another
# folder of its own floor.  Run at the root of the source tree.
# shellcheck disable=SC2016 # awk's $
find sim strategies experiments -name '*.[ch]' | sort | xargs awk '
	BEGIN {
		split("sim/api 0 sim/base 1 sim/multiply 2 sim/data 2 sim/cost 2 sim/trace 2 sim/exchange 2 sim/cluster 3 sim/model 3 sim/route 4 sim/net 5 " \
			"sim/metrics 6 sim/train 7 sim/run 8 strategies 9 experiments/glossary 10 experiments/host 10 experiments/models 10 " \
			"experiments/study 11 experiments/clusters 11 experiments/suite 12 experiments/charts 12 experiments/demo 12 " \
			"experiments/report 13 " \
			"experiments/cli 14", word, " ")
		for (i = 1; i in word; i += 2)
			floor[word[i]] = word[i + 1]
	}
	# the first part of a path in strategies, the first two elsewhere
	function folder(path,   part) {
		split(path, part, "/")
		return part[1] == "strategies" ? part[1] : part[1] "/" part[2]
	}
	function complain(why) {
		printf "%s:%d: %s: %s\n", FILENAME, FNR, $2, why
		bad = 1
	}
	FNR == 1 {
		here = folder(FILENAME)
		if (!(here in floor))
			complain("the folder " here " stands on no floor")
	}
	/^#[ \t]*include[ \t]*"/ {
		path = $2
		gsub(/"/, "", path)
		there = folder(path)
		if (here == "strategies") {
			if (path ~ /\//)
				complain("a part sees <moesim/...> and the files beside it alone")
		}
		else if (!(there in floor))
			complain("project files are included by their path from the root")
		else if (floor[there] > floor[here])
			complain("from floor " floor[here] " up to floor " floor[there])
		else if (floor[there] == floor[here] && there != here)
			complain("from a neighbor on floor " floor[here])
	}
	END { exit bad }
'
