/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wrap.c -- text for a person, wrapped at the width of the terminal.
 */
#include <config.h>

#include "sim/base/wrap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sim/base/text.h"

enum { NARROWEST = 20 }; /* below this, wrapping helps nobody */

static bool ask_terminal(FILE *to, size_t *columns)
{
	struct winsize size;
	if (!isatty(fileno(to)) || ioctl(fileno(to), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return false;
	*columns = size.ws_col;
	return true;
}

static bool ask_environment(size_t *columns)
{
	const char *said = getenv("COLUMNS");
	int64_t number;
	if (!said || !text_to_int(said, &number) || number <= 0)
		return false;
	*columns = (size_t)number;
	return true;
}

static size_t ask(FILE *to)
{
	size_t columns = WRAP_USUAL;
	if (!ask_environment(&columns))
		ask_terminal(to, &columns);
	return columns < NARROWEST ? NARROWEST : columns;
}

size_t wrap_columns(FILE *to)
{
	size_t columns = ask(to);
	return columns > WRAP_WIDEST ? WRAP_WIDEST : columns;
}

size_t wrap_columns_of_terminal(FILE *to)
{
	return isatty(fileno(to)) ? wrap_columns(to) : WRAP_NEVER;
}

size_t wrap_columns_of_table(FILE *to)
{
	return isatty(fileno(to)) ? ask(to) : WRAP_NEVER;
}

static size_t length_of(const char *text, size_t bytes)
{
	size_t columns = 0;
	for (size_t i = 0; i < bytes; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

size_t wrap_length(const char *text)
{
	return length_of(text, strlen(text));
}

void wrap_text(FILE *to, const char *text, size_t at, size_t indent, size_t columns)
{
	bool fresh = true; /* no word stands on this line yet */
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t bytes = strcspn(text, " "), length = length_of(text, bytes);
		if ((!fresh || at > indent) && at + !fresh + length > columns) {
			fprintf(to, "\n%*s", (int)indent, "");
			at = indent;
			fresh = true;
		}
		fprintf(to, "%s%.*s", fresh ? "" : " ", (int)bytes, text);
		at += !fresh + length;
		fresh = false;
		text += bytes;
	}
	fputc('\n', to);
}

void wrap_entry(FILE *to, const char *head, size_t width, const char *body, size_t columns)
{
	enum { MARGIN = 2, GAP = 2 };
	size_t length = wrap_length(head), indent = MARGIN + width + GAP;
	if (*body == 0) {
		fprintf(to, "%*s%s\n", MARGIN, "", head);
	} else if (length > width) {
		fprintf(to, "%*s%s\n%*s", MARGIN, "", head, (int)indent, "");
		wrap_text(to, body, indent, indent, columns);
	} else {
		fprintf(to, "%*s%s%*s", MARGIN, "", head, (int)(width - length + GAP), "");
		wrap_text(to, body, indent, indent, columns);
	}
}
