/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * roff.c -- the pieces of a manual page.
 */
#include <config.h>

#include "experiments/cli/roff.h"

#include <ctype.h>
#include <stdbool.h>

#include "sim/base/build.h"

void roff_begin(const char *name, int section, const char *purpose, FILE *to)
{
	fputs(".TH ", to);
	for (const char *at = name; *at; at++)
		putc(toupper((unsigned char)*at), to);
	fprintf(to, " %d \"\" \"moesim %s\" \"%s\"\n.ad l\n.SH NAME\n", section, build.version,
			section == 1 ? "User commands" : "File formats");
	roff_text(name, to);
	fprintf(to, " \\- %s\n", purpose);
}

void roff_heading(const char *text, FILE *to)
{
	fprintf(to, ".SH %s\n", text);
}

/* Also at the beginning of each of its lines. */
void roff_text(const char *text, FILE *to)
{
	bool begins = true;
	for (; *text; text++) {
		if (begins && (*text == '.' || *text == '\''))
			fputs("\\&", to);
		begins = *text == '\n';
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '"')
			fputs("\\(dq", to);
		else if (*text == '-')
			fputs("\\-", to);
		else
			putc(*text, to);
	}
}

void roff_paragraph(const char *text, FILE *to)
{
	fputs(".PP\n", to);
	roff_text(text, to);
	putc('\n', to);
}

void roff_example(const char *lines, FILE *to)
{
	fputs(".PP\n.RS 4\n.nf\n", to);
	roff_text(lines, to);
	fputs("\n.fi\n.RE\n", to);
}

void roff_item(const char *head, const char *body, FILE *to)
{
	fputs(".TP\n.B ", to);
	roff_text(head, to);
	putc('\n', to);
	roff_text(body, to);
	putc('\n', to);
}
