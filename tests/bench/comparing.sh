#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# comparing.sh -- how long moesim compare takes for many runs: comparing.sh MOESIM [RUNS...]
#
# One tiny run is trained and copied RUNS times (1000 10000) in three shapes: five strategies with many seeds each, a sweep
# of two settings with ten seeds, and a sweep with one seed.  A copy has its own settings, seed and loss, and the size and
# hash of its summary stand in its manifest, so that it passes every check of a real run.  The table has seconds of the
# processor and peak memory, and by what factor each grew since the row before: for ten times the runs, linear is 10.  The
# copies are made in COMPARING_FOLDER (a temporary folder), where they stay if it is named.  GNU time is needed.
set -eu
[ $# -gt 0 ] || { echo 'comparing.sh MOESIM [RUNS...]' >&2; exit 2; }
moesim=$1
shift
[ $# -gt 0 ] || set -- 1000 10000
if [ -z "${COMPARING_FOLDER-}" ]
then
	COMPARING_FOLDER=$(mktemp -d)
	trap 'rm -rf "$COMPARING_FOLDER"' EXIT
fi
one=$COMPARING_FOLDER/one
[ -d "$one" ] || "$moesim" run --quiet --strategy=top-k --seed=1 --steps=8 --width=8 --experts=4 --expert-width=4 --batch=2 \
	--seq-length=16 --eval-tokens=64 --eval-every=4 --stream=topicmix,domains=2,vocabulary=16 --out="$one"

# plan SHAPE RUNS -- a line for each run: its name, strategy, learning rate, warmup and seed
plan()
{
	awk -v shape="$1" -v runs="$2" 'BEGIN {
		split("top-k hash random aux-loss bias", strategy, " ")
		each = shape == "seeds" ? runs / 5 : shape == "grid" ? 10 : 1
		for (run = 0; run < runs; run++) {
			at = int(run / each)
			swept = shape != "seeds"
			printf "%06d %s %g %d %d\n", run, strategy[at % 5 + 1], swept ? 0.001 * (1 + int(at / 5) % 20) : 0.03,
				swept ? 1 + int(at / 100) : 20, run % each + 1
		}
	}'
}

# write FILE AWK-STATEMENTS -- the file of every run of the plan: `text` is that of the one run, for the statements to change
write()
{
	awk -v file="$1" '
		FILENAME == ARGV[1] { whole = whole $0 "\n"; next }
		FILENAME == ARGV[2] { sum[$2] = $1; next }
		FILENAME == ARGV[3] { size[$2] = $1; next }
		{ text = whole; '"${2-}"'; to = $1 "/" file; printf "%s", text >to; close(to) }
	' "$one/$1" sums sizes plan
}

# copies SHAPE RUNS -- makes them, in the folder they are to be in
copies()
{
	plan "$1" "$2" >plan
	: >sums
	: >sizes
	cut -d ' ' -f 1 plan | xargs mkdir -p
	for file in steps.csv layers.csv experts.csv domains.csv timing.csv
	do
		write $file
	done
	# shellcheck disable=SC2016 # fields of awk
	write summary.csv 'sub(/\none,top-k,/, "\n" $1 "," $2 ",", text)
		sub(/",1,done,/, "\"," $5 ",done,", text)
		loss = 0.5 + length($2) / 100 + $3 + $4 / 1000 + sin($1 * 7.1) / 100
		sub(/,8,256,[^,]*,[^,]*,[^,]*,/, ",8,256," loss + 1.5 ",1.5," loss ",", text)'
	sed 's/ .*/\/summary.csv/' plan | xargs sha256sum >sums
	sed 's/ .*/\/summary.csv/' plan | xargs wc -c >sizes
	# shellcheck disable=SC2016
	write manifest.json 'sub(/"strategy": "top-k"/, "\"strategy\": \"" $2 "\"", text)
		sub(/"value": "top-k"/, "\"value\": \"" $2 "\"", text)
		sub(/"seed": 1,/, "\"seed\": " $5 ",", text)
		sub(/"name": "lr",\n *"value": "[^"]*"/, "\"name\": \"lr\", \"value\": \"" $3 "\"", text)
		sub(/"name": "warmup",\n *"value": "[^"]*"/, "\"name\": \"warmup\", \"value\": \"" $4 "\"", text)
		sub(/ "settings_hash": "[0-9a-f]*",\n/, "", text)
		summary = $1 "/summary.csv"
		sub(/"summary.csv": .\n *"bytes": [0-9]+,\n *"sha256": "[0-9a-f]+"/, \
			"\"summary.csv\": { \"bytes\": " size[summary] ", \"sha256\": \"" sum[summary] "\"", text)'
	rm plan sums sizes
}

printf '%-6s %7s %8s %9s %7s %7s\n' shape runs seconds MB 'x time' 'x memory'
for shape in seeds grid single
do
	before=
	for runs
	do
		folder=$COMPARING_FOLDER/$shape-$runs
		[ -d "$folder" ] || { mkdir "$folder" && (cd "$folder" && copies $shape "$runs"); }
		/usr/bin/time -f '%U %S %M' -o "$COMPARING_FOLDER/time" "$moesim" compare "$folder" --out "$COMPARING_FOLDER/out" \
			>"$COMPARING_FOLDER/table"
		awk -v shape=$shape -v runs="$runs" -v before="$before" '{
			split(before, was, " ")
			printf "%-6s %7d %8.2f %9.1f %7s %7s\n", shape, runs, $1 + $2, $3 / 1024,
				before == "" ? "-" : sprintf("%.1f", ($1 + $2) / (was[1] + was[2])),
				before == "" ? "-" : sprintf("%.1f", $3 / was[3])
		}' "$COMPARING_FOLDER/time"
		before=$(cat "$COMPARING_FOLDER/time")
	done
done
