# SPDX-License-Identifier: GPL-3.0-or-later
# compile_commands.awk -- turns the output of `make -n` into a compilation database, one entry for each compiler call.
# Set `folder` to the directory in which make runs.
function quoted(text)
{
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}
BEGIN { printf "[" }
/ -c -o [^ ]+\.o / {
	# automake writes  depbase=...;\ gcc ... -c -o x.o `test -f 'x.c' || echo '../'`x.c &&\ mv ...
	sub(/^.*depbase=[^;]*;[ \\]*/, "")
	sub(/[ ;&\\]*$/, "")
	sub(/-MT [^ ]+ -MD -MP -MF [^ ]+ /, "")
	source = $0
	sub(/^.* -c -o [^ ]+\.o /, "", source)
	if (source ~ /^`/) {
		outside = source
		sub(/^`[^`]*echo '/, "", outside)
		sub(/'`.*$/, "", outside)
		sub(/^`[^`]*`/, "", source)
		if (system("test -f '" folder "/" source "'") != 0)
			source = outside source
		sub(/`[^`]*`.*$/, source)
	}
	printf "%s\n{ \"directory\": %s, \"file\": %s, \"command\": %s }", n++ ? "," : "", quoted(folder), quoted(source), quoted($0)
}
END { print "\n]" }
