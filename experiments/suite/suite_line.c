/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite_line.c -- the lines of a suite file and what they are made of.
 */
#include <config.h>

#include "experiments/suite/suite_line.h"

#include <ctype.h>
#include <string.h>

#include "sim/base/text.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void suite_line_skip_blanks(struct suite_line *line)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
}

static bool at_comment(const struct suite_line *line)
{
	return line->at < line->end && *line->at == '#' && (line->at == line->start || is_blank(line->at[-1]));
}

bool suite_line_at_end(const struct suite_line *line)
{
	return line->at == line->end || at_comment(line);
}

struct suite_place suite_line_place(const struct suite_line *line, const char *at)
{
	return (struct suite_place){ line->file, line->number, (unsigned)(at - line->start) + 1 };
}

int suite_place_fail(struct error *err, struct suite_place at)
{
	return fail_at(err, at.file, at.line, at.column);
}

int suite_line_fail(const struct suite_line *line, struct error *err)
{
	return suite_place_fail(err, suite_line_place(line, line->at));
}

bool suite_line_next(struct suite_line *line, const char *text_end)
{
	const char *start = line->number == 0 ? line->start : line->end;
	if (line->number > 0) {
		start += start < text_end && *start == '\r';
		start += start < text_end && *start == '\n';
	}
	if (start >= text_end)
		return false;
	const char *newline = memchr(start, '\n', (size_t)(text_end - start));
	line->start = line->at = start;
	line->end = newline ? newline : text_end;
	if (line->end > start && line->end[-1] == '\r')
		line->end--;
	line->number++;
	return true;
}

int suite_line_check(struct suite_line *line, struct error *err)
{
	for (line->at = line->start; line->at < line->end; line->at++)
		if (((unsigned char)*line->at < ' ' && *line->at != '\t') || *line->at == 0x7f) {
			fail(err, ERROR_USER, "byte 0x%02x is not text (is this a suite file?)", (unsigned char)*line->at);
			return suite_line_fail(line, err);
		}
	line->at = line->start;
	return 0;
}

const char *suite_line_name(struct suite_line *line)
{
	const char *from = line->at;
	while (line->at < line->end && (isalnum((unsigned char)*line->at) || strchr("._-", *line->at)))
		line->at++;
	return text_keep_n(from, (size_t)(line->at - from));
}

/* Blanks around a bare '+' go: "aux + z" is one stack of two balancers, and on a command line '+' joins bare. */
static size_t append_plus(struct suite_line *line, size_t n)
{
	while (n > 0 && is_blank(line->word[n - 1]))
		n--;
	line->word[n++] = '+';
	line->at++;
	suite_line_skip_blanks(line);
	return n;
}

static bool plus_between_blanks(const struct suite_line *line)
{
	return *line->at == '+' && line->at > line->start && is_blank(line->at[-1]) && line->at + 1 < line->end &&
		   is_blank(line->at[1]);
}

/* Copies a quoted stretch; line->at stands on the opening quote. */
static int read_quoted(struct suite_line *line, size_t *n, struct error *err)
{
	const char *close = memchr(line->at + 1, *line->at, (size_t)(line->end - line->at - 1));
	if (!close) {
		fail(err, ERROR_USER, "this quote is not closed on its line");
		return suite_line_fail(line, err);
	}
	for (line->at++; line->at < close; line->at++)
		line->word[(*n)++] = *line->at;
	line->at++;
	return 0;
}

int suite_line_piece(struct suite_line *line, struct suite_piece *piece, struct error *err)
{
	suite_line_skip_blanks(line);
	*piece = (struct suite_piece){ .at = suite_line_place(line, line->at) };
	size_t n = 0, keep = 0;
	while (!suite_line_at_end(line) && *line->at != '|') {
		if (*line->at == '"' || *line->at == '\'') {
			piece->quoted = true;
			TRY(read_quoted(line, &n, err));
			keep = n;
		} else if (plus_between_blanks(line)) {
			n = keep = append_plus(line, n);
		} else {
			line->word[n++] = *line->at++;
		}
	}
	while (n > keep && is_blank(line->word[n - 1]))
		n--;
	line->word[n] = '\0';
	if (n > 0 || piece->quoted)
		return 0;
	fail(err, ERROR_USER, "a value is missing here");
	return suite_place_fail(err, piece->at);
}

/* ---- the question ---------------------------------------------------------------------------------------- */

/* "quick.suite -- which ...?" asks "which ...?". */
static const char *after_title(const char *text)
{
	const char *dashes = strstr(text, ".suite -- ");
	return dashes && !memchr(text, ' ', (size_t)(dashes - text)) ? dashes + strlen(".suite -- ") : text;
}

const char *suite_line_question(struct arena *arena, const char *text, size_t size)
{
	struct suite_line line = { .start = text };
	char *question = ARENA_TAKE(arena, size + 1, char);
	size_t n = 0;
	while (suite_line_next(&line, text + size)) {
		suite_line_skip_blanks(&line);
		if (line.at == line.end && n == 0)
			continue;
		if (line.at == line.end || *line.at != '#')
			break;
		while (line.at < line.end && (*line.at == '#' || is_blank(*line.at)))
			line.at++;
		size_t length = (size_t)(line.end - line.at);
		if (length == 0 && n > 0)
			break;
		if (length == 0 || strncmp(line.at, "SPDX-", length < 5 ? length : 5) == 0)
			continue;
		if (n > 0)
			question[n++] = ' ';
		memcpy(question + n, line.at, length);
		n += length;
	}
	return after_title(question);
}
