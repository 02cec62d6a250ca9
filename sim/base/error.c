/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * error.c -- the three kinds of errors: the user's mistake, a system error, our own bug.
 */
#include <config.h>

#include <gsl/gsl_errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"

/* Messages quote what the user typed or what a file holds; no byte of that may move the cursor or end the line. */
static void clean(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c != 0; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

/* Takes away the beginning of a UTF-8 character whose end was cut off. */
static void drop_half_character(char *text)
{
	size_t n = strlen(text), back = 0;
	while (back < n && back < 3 && ((unsigned char)text[n - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back == n)
		return;
	unsigned char lead = (unsigned char)text[n - 1 - back];
	size_t wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	if (back < wanted)
		text[n - 1 - back] = 0;
}

static void cut_copy(char *to, size_t room, const char *from)
{
	if ((size_t)snprintf(to, room, "%s", from) >= room)
		drop_half_character(to);
	clean(to);
}

/* Goes through a text of its own, so that the old text of *err may be among the arguments. */
int fail(struct error *err, enum error_code code, const char *format, ...)
{
	struct error fresh = { .code = code };
	va_list args;
	va_start(args, format);
	int length = vsnprintf(fresh.text, sizeof fresh.text, format, args);
	va_end(args);
	if (length < 0)
		cut_copy(fresh.text, sizeof fresh.text, format);
	else if ((size_t)length >= sizeof fresh.text)
		drop_half_character(fresh.text);
	clean(fresh.text);
	*err = fresh;
	return -1;
}

int fail_at(struct error *err, const char *file, unsigned line, unsigned column)
{
	if (err->file[0] != 0)
		return -1;
	cut_copy(err->file, sizeof err->file, file);
	if (err->line == 0)
		err->line = line;
	if (err->column == 0)
		err->column = column;
	return -1;
}

void error_print(const struct error *err)
{
	char line[16] = "", column[16] = "";
	if (err->line != 0)
		snprintf(line, sizeof line, ":%u", err->line);
	if (err->column != 0)
		snprintf(column, sizeof column, ":%u", err->column);
	if (err->file[0] != 0)
		fprintf(stderr, "moesim: %s%s%s: %s\n", err->file, line, column, err->text);
	else
		fprintf(stderr, "moesim: %s\n", err->text);
}

void error_no_memory(const char *what)
{
	fprintf(stderr, "moesim: out of memory: %s\n", what);
	exit(ERROR_WORLD);
}

void bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "moesim: %s:%d: internal error: %s (please report this)\n", file, line, what);
	abort();
}

static void gsl_bug(const char *reason, const char *file, int line, int number)
{
	char what[512];
	if (number == GSL_ENOMEM)
		error_no_memory("GSL");
	snprintf(what, sizeof what, "GSL: %s (%s)", reason, gsl_strerror(number));
	bug(file, line, what);
}

void error_catch_gsl(void)
{
	gsl_set_error_handler(gsl_bug);
}
