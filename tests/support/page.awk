# SPDX-License-Identifier: GPL-3.0-or-later
# page.awk -- is this a well-formed page that needs nothing but itself?  Names everything that is wrong.  The scripts of the
# explorer are all that a page may have, and nothing in them may end them, reach out, or write HTML.

function wrong(what) { print what; bad = 1 }

# One start tag's attributes: name="value", each once; ids and links are kept.
function attributes(tag, text,    seen, name, value) {
	while (match(text, /^[ \t\n]*[a-zA-Z_:][-a-zA-Z0-9_:.]*="[^"<]*"/)) {
		name = substr(text, 1, RLENGTH)
		text = substr(text, RLENGTH + 1)
		sub(/^[ \t\n]*/, "", name)
		value = name
		sub(/="[^"]*"$/, "", name)
		sub(/^[^"]*"/, "", value)
		sub(/"$/, "", value)
		if (index(seen, " " name " ")) wrong("<" tag "> has two attributes " name)
		seen = seen " " name " "
		if (name ~ /^on/) wrong("<" tag "> has " name)
		if (name == "id" && id[value]++) wrong("two elements have the id " value)
		if (name == "href" || name == "src") link[++links] = value
		if (value ~ /url\(/ && value !~ /^url\(#/) wrong("<" tag "> loads " value)
		while (match(value, /url\(#[^)]*\)/)) {
			link[++links] = "#" substr(value, RSTART + 5, RLENGTH - 6)
			value = substr(value, RSTART + RLENGTH)
		}
	}
	if (text !~ /^[ \t\n]*\/?$/) wrong("<" tag ">: attributes out of form: " text)
	return text ~ /\/$/
}

function start(tag, rest,    empty) {
	ours = tag == "script" ? rest ~ /^ id="explorer-(data" type="application\/json|script)"$/ : tag == "input" && rest ~ / type="range"/
	if (tag ~ /^(script|link|iframe|object|embed|base|form|input)$/ && !ours) wrong("there is a <" tag ">")
	empty = attributes(tag, rest)
	if (tag !~ /^(meta|br|hr|img|input)$/ && !empty) open[++depth] = tag
}

function end(tag) {
	if (depth == 0 || open[depth] != tag) wrong("</" tag "> after <" open[depth] ">")
	else depth--
}

# What stands in a script is none of the page's tags.
/^<script id="explorer-/ { page = page $0 "\n"; script = $0; next }
/^<\/script>$/ { script = "" }
script {
	if (script ~ /json/ ? /[<>&]/ : /<|:\/\/|innerHTML|outerHTML|insertAdjacent|document\.write|eval *\(|Function|import|fetch|XMLHttp/)
		wrong("a script holds " $0)
	next
}
{ page = page $0 "\n" }

END {
	if (page !~ /^<!DOCTYPE html>\n<html lang="en">/) wrong("it does not begin as a page")
	sub(/^<!DOCTYPE html>/, "", page)
	while (match(page, /<[^>]*>/)) {
		text = substr(page, 1, RSTART - 1)
		tag = substr(page, RSTART + 1, RLENGTH - 2)
		page = substr(page, RSTART + RLENGTH)
		if (text ~ />/ && open[depth] != "style") wrong("a > stands alone: " text)
		gsub(/&(amp|lt|gt|quot|#39|nbsp);/, "", text)
		if (text ~ /&/) wrong("an & stands alone: " text)
		if (open[depth] == "style" && text ~ /@import|url\(/) wrong("the style loads something")
		name = tag
		sub(/[ \t\n\/].*$/, "", name)
		if (tag ~ /^\//) end(substr(tag, 2))
		else if (name !~ /^[a-zA-Z][a-zA-Z0-9]*$/) wrong("<" tag "> is no tag")
		else start(name, substr(tag, length(name) + 1))
	}
	if (depth) wrong("<" open[depth] "> has no end")
	if (page ~ /[<>&]/) wrong("it ends with " page)
	for (i = 1; i <= links; i++)
		if (link[i] ~ /^#/ ? !(substr(link[i], 2) in id) : link[i] !~ /^data:image\/png;base64,/) wrong("a link leads to " link[i])
	exit bad
}
