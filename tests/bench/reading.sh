#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# reading.sh -- how fast moesim analyze reads traces: reading.sh MOESIM...
#
# Each program reads each file in turn, READING_ROUNDS times (5), so that what else the machine does meets all of them
# alike; the table has the median of the processor seconds, MB/s of them, and the peak memory.  The files have
# READING_MB (200) megabytes and are made in READING_FOLDER (a temporary folder), where they stay if it is named.  A program
# that cannot read a file shows "-".  GNU time is needed.
set -eu
: "${READING_MB:=200}" "${READING_ROUNDS:=5}"
[ $# -gt 0 ] || { echo 'reading.sh MOESIM...' >&2; exit 2; }
if [ -z "${READING_FOLDER-}" ]
then
	READING_FOLDER=$(mktemp -d)
	trap 'rm -rf "$READING_FOLDER"' EXIT
fi

# make KIND FILE -- 16 layers of 64 experts, 8 for each token, drawn anew for each of 1,021 tokens and repeated
make_file()
{
	[ -s "$2" ] || awk -v kind="$1" -v bytes="$READING_MB"000000 '
		BEGIN {
			srand(1)
			for (p = 0; p < 1021; p++) {
				split("", has)
				for (s = 0; s < 8; s++) {
					do
						e = int(rand() * 64)
					while (e in has)
					has[e] = 1
					id[p, s] = e
					list[p] = list[p] (s ? ", " : "") e
				}
			}
			if (kind == "csv")
				n += put("token,layer,slot,expert,weight\n")
			for (t = 0; n < bytes; t += kind == "megatron" ? 512 : 1)
				for (l = 0; l < 16; l++)
					n += put(kind == "csv" ? rows(t, l) : kind == "routes" ? route(t, l) : record(t, l))
		}
		function put(text) {
			printf "%s", text
			return length(text)
		}
		function rows(t, l,   s, text) {
			for (s = 0; s < 8; s++)
				text = text t "," l "," s "," id[(t * 31 + l * 7) % 1021, s] ",0." 123456 + s "\n"
			return text
		}
		function route(t, l) {
			return "{\"type\": \"route\", \"req_id\": \"r" int(t / 100) "\", \"token_idx\": " t % 100 ", \"layer\": " l \
				", \"topk_ids\": [" list[(t * 31 + l * 7) % 1021] "], \"topk_weights\": [0.2113974094390869, 0.1637970209" \
				"121704, 0.1412958353757858, 0.1192958354949951, 0.1066470146179199, 0.0964698791503906, 0.0872640609741" \
				"2109, 0.07383298873901367]}\n"
		}
		function record(t, l,   i, text) {
			text = "{\"step\": " t / 512 ", \"stage\": \"pre_dispatch\", \"block\": \"decoder\", \"layer\": " l \
				", \"rank\": 0, \"num_tokens\": 512, \"topk\": 8, \"top_indices\": ["
			for (i = 0; i < 512; i++)
				text = text (i ? ", " : "") "[" list[((t + i) * 31 + l * 7) % 1021] "]"
			return text "]}\n"
		}' >"$2"
}

# seconds PROGRAM FILE -- "SECONDS KILOBYTES" of one reading, or "-"
seconds()
{
	if /usr/bin/time -f '%U %S %M' -o "$READING_FOLDER/time" "$1" analyze --experts 64 "$2" >/dev/null 2>&1
	then
		awk '{ print $1 + $2, $3 }' "$READING_FOLDER/time"
	else
		echo -
	fi
}

# Tables.  Memory is the same in all rounds.
printf '%-10s %-40s %9s %9s %9s\n' file program seconds MB/s kB
for kind in csv routes megatron
do
	file=$READING_FOLDER/$kind.$([ $kind = csv ] && echo csv || echo jsonl)
	make_file $kind "$file"
	round=0
	: >"$READING_FOLDER/all"
	while [ $round -lt "$READING_ROUNDS" ]
	do
		for program in "$@"
		do
			echo "$program $(seconds "$program" "$file")" >>"$READING_FOLDER/all"
		done
		round=$((round + 1))
	done
	for program in "$@"
	do
		grep -F "$program " "$READING_FOLDER/all" | sort -k 2 -n | awk -v kind=$kind -v bytes="$(wc -c <"$file")" '
			{ s[NR] = $2; kb = $3; name = $1 }
			END {
				m = s[int((NR + 1) / 2)]
				printf "%-10s %-40s %9s %9s %9s\n", kind, name, m, (m > 0 ? sprintf("%.0f", bytes / m / 1e6) : "-"), kb
			}'
	done
done
