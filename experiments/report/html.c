/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * html.c -- text in a web page, whatever it holds.
 */
#include <config.h>

#include "experiments/report/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sim/base/text.h"

/* The bytes of the character that begins here and its code point; 0 when it is no UTF-8 (RFC 3629). */
static size_t character(const char *text, uint32_t *point)
{
	const unsigned char *at = (const unsigned char *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;
	*point = n == 1 ? at[0] : at[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (at[i] >> 6 != 2)
			return 0;
		*point = *point << 6 | (at[i] & 0x3fu);
	}
	bool surrogate = *point >= 0xd800 && *point <= 0xdfff;
	return n < 2 || (*point >= least[n] && *point <= 0x10ffff && !surrogate) ? n : 0;
}

static bool is_allowed(uint32_t point)
{
	bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
	bool none = (point & 0xfffe) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
	return point == '\t' || point == '\n' || (!control && !none);
}

static const char *entity(uint32_t point)
{
	switch (point) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_text(FILE *to, const char *text)
{
	while (*text) {
		uint32_t point;
		size_t n = character(text, &point);
		if (n == 0 || !is_allowed(point))
			fputs("\xef\xbf\xbd", to);
		else if (entity(point))
			fputs(entity(point), to);
		else
			fwrite(text, 1, n, to);
		text += n ? n : 1;
	}
}

/* Would it end the string, or mean something to who reads the page around it? */
static bool is_escaped(uint32_t point)
{
	return point < 0x20 || point == '"' || point == '\\' || entity(point);
}

void html_json(FILE *to, const char *text)
{
	putc('"', to);
	while (*text) {
		uint32_t point;
		size_t n = character(text, &point);
		if (n == 0 || !is_allowed(point))
			fputs("\xef\xbf\xbd", to);
		else if (is_escaped(point))
			fprintf(to, "\\u%04" PRIx32, point);
		else
			fwrite(text, 1, n, to);
		text += n ? n : 1;
	}
	putc('"', to);
}

void html_format(FILE *to, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	html_text(to, text_keep_v(format, args));
	va_end(args);
}

void html_fold(FILE *to, const char *summary, bool open)
{
	fprintf(to, "<details%s>\n<summary>", open ? " open=\"open\"" : "");
	html_text(to, summary);
	fputs("</summary>\n", to);
}

void html_fold_end(FILE *to)
{
	fputs("</details>\n", to);
}
