/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite.c -- suite files: a small parser of our own.
 *
 * libinih does not tell its handler the line (Debian builds it without), and an error in the third alternative of a
 * grid is worth a column.
 */
#include <config.h>

#include "experiments/suite.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"

enum {
	FILE_LIMIT = 1 << 20,    /* bytes of one suite file */
	DEPTH_LIMIT = 8,         /* of includes */
	RANGE_LIMIT = 100 * 1000 /* values of one a..b */
};

/* Where the parser stands: one line of one file. */
struct scan {
	struct suite *suite;
	const char *file;
	unsigned line, depth;
	const char *start, *at, *end; /* the line, without its end */
	size_t section;               /* the current one; SIZE_MAX before the first */
	char *word;                   /* [longest line + 1] an alternative without its quotes */
};

/* An alternative as read: its text stands in scan->word. */
struct piece {
	struct suite_place at;
	bool quoted;
};

/* ---- memory ---------------------------------------------------------------------------------------------- */

/* Room for one more behind n things.  Doubles at powers of two; the outgrown copy stays in the arena. */
static void *one_more(struct arena *arena, void *old, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return old;
	void *wider = arena_take(arena, n ? 2 * n : 1, size);
	if (n)
		memcpy(wider, old, n * size);
	return wider;
}

static const char *copy(struct arena *arena, const char *text, size_t length)
{
	char *kept = ARENA_TAKE(arena, length + 1, char);
	memcpy(kept, text, length);
	return kept;
}

/* ---- characters of a line -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end && is_blank(*s->at))
		s->at++;
}

static bool at_comment(const struct scan *s)
{
	return s->at < s->end && *s->at == '#' && (s->at == s->start || is_blank(s->at[-1]));
}

static bool at_end(const struct scan *s)
{
	return s->at == s->end || at_comment(s);
}

static struct suite_place place_of(const struct scan *s, const char *at)
{
	return (struct suite_place){ s->file, s->line, (unsigned)(at - s->start) + 1 };
}

static int fail_place(struct error *err, struct suite_place at)
{
	return fail_at(err, at.file, at.line, at.column);
}

/* For an error that is already worded. */
static int fail_here(const struct scan *s, struct error *err)
{
	return fail_place(err, place_of(s, s->at));
}

/* ---- sections and keys ----------------------------------------------------------------------------------- */

const struct suite_section *suite_find(const struct suite *suite, const char *name)
{
	for (size_t i = 0; i < suite->n; i++)
		if (strcmp(suite->section[i].name, name) == 0)
			return &suite->section[i];
	return NULL;
}

static size_t add_section(struct suite *suite, const char *name, struct suite_place at)
{
	suite->section = one_more(&suite->arena, suite->section, suite->n, sizeof *suite->section);
	suite->section[suite->n] = (struct suite_section){ .name = name, .at = at };
	return suite->n++;
}

static struct suite_key *find_key(const struct suite_section *section, const struct moe_opt *row)
{
	for (size_t i = 0; i < section->n; i++)
		if (section->key[i].row == row)
			return &section->key[i];
	return NULL;
}

static struct suite_key *add_key(struct suite *suite, struct suite_section *section, const struct moe_opt *row)
{
	section->key = one_more(&suite->arena, section->key, section->n, sizeof *section->key);
	section->key[section->n] = (struct suite_key){ .row = row };
	return &section->key[section->n++];
}

static void remove_key(struct suite_section *section, const struct moe_opt *row)
{
	struct suite_key *key = find_key(section, row);
	if (!key)
		return;
	size_t behind = section->n - (size_t)(key - section->key) - 1;
	memmove(key, key + 1, behind * sizeof *key);
	section->n--;
}

/* ---- values ---------------------------------------------------------------------------------------------- */

/* The value as its row prints it back: checked, and the same for every spelling of it. */
static int canonical(struct scan *s, const struct moe_opt *row, const char *text, const char **out, struct error *err)
{
	union {
		int64_t whole;
		double number;
		int word;
		bool flag;
		const char *text;
	} slot = { 0 };
	struct moe_opt alone = *row;
	alone.at = 0;
	TRY(options_set(&alone, &slot, text, err));
	const char *printed = options_value(&alone, &slot);
	*out = copy(&s->suite->arena, printed, strlen(printed));
	return 0;
}

static int add_value(struct scan *s, struct suite_key *key, const char *text, struct suite_place at, struct error *err)
{
	const char *value = NULL;
	if (canonical(s, key->row, text, &value, err) != 0) {
		/* an option's own error may know its place inside the value */
		unsigned inside = err->column;
		err->column = 0;
		return fail_at(err, at.file, at.line, at.column + (inside ? inside - 1 : 0));
	}
	key->value = one_more(&s->suite->arena, key->value, key->n, sizeof *key->value);
	key->value[key->n++] = (struct suite_value){ value, at };
	return 0;
}

/* Is it "a..b"?  Only whole numbers make a range; "../data" does not. */
static bool is_range(const char *text, int64_t *low, int64_t *high)
{
	const char *dots = strstr(text, "..");
	if (!dots || (size_t)(dots - text) >= TEXT_NUMBER)
		return false;
	char first[TEXT_NUMBER] = "";
	memcpy(first, text, (size_t)(dots - text));
	return text_to_int(first, low) && text_to_int(dots + 2, high);
}

static int add_range(struct scan *s, struct suite_key *key, int64_t low, int64_t high, struct suite_place at,
					 struct error *err)
{
	if (high < low) {
		fail(err, ERROR_USER, "the range %" PRId64 "..%" PRId64 " is empty (write the lower end first)", low, high);
		return fail_place(err, at);
	}
	if ((uint64_t)high - (uint64_t)low >= RANGE_LIMIT) {
		fail(err, ERROR_USER, "the range %" PRId64 "..%" PRId64 " has more than %d values", low, high, RANGE_LIMIT);
		return fail_place(err, at);
	}
	for (int64_t i = low; i <= high; i++) {
		char text[TEXT_NUMBER];
		snprintf(text, sizeof text, "%" PRId64, i);
		TRY(add_value(s, key, text, at, err));
	}
	return 0;
}

/* Blanks around a bare '+' go: "aux + z" is one stack of two balancers, and on a command line '+' joins bare. */
static size_t append_plus(struct scan *s, size_t n)
{
	while (n > 0 && is_blank(s->word[n - 1]))
		n--;
	s->word[n++] = '+';
	s->at++;
	skip_blanks(s);
	return n;
}

static bool plus_between_blanks(const struct scan *s)
{
	return *s->at == '+' && s->at > s->start && is_blank(s->at[-1]) && s->at + 1 < s->end && is_blank(s->at[1]);
}

/* Copies a quoted stretch; s->at stands on the opening quote. */
static int read_quoted(struct scan *s, size_t *n, struct error *err)
{
	const char *close = memchr(s->at + 1, *s->at, (size_t)(s->end - s->at - 1));
	if (!close) {
		fail(err, ERROR_USER, "this quote is not closed on its line");
		return fail_here(s, err);
	}
	for (s->at++; s->at < close; s->at++)
		s->word[(*n)++] = *s->at;
	s->at++;
	return 0;
}

/* Reads one alternative up to '|', a comment or the end of the line into s->word, blanks at its end cut. */
static int read_piece(struct scan *s, struct piece *piece, struct error *err)
{
	skip_blanks(s);
	*piece = (struct piece){ .at = place_of(s, s->at) };
	size_t n = 0, keep = 0;
	while (!at_end(s) && *s->at != '|') {
		if (*s->at == '"' || *s->at == '\'') {
			piece->quoted = true;
			TRY(read_quoted(s, &n, err));
			keep = n;
		} else if (plus_between_blanks(s)) {
			n = keep = append_plus(s, n > keep ? n : keep);
		} else {
			s->word[n++] = *s->at++;
		}
	}
	while (n > keep && is_blank(s->word[n - 1]))
		n--;
	s->word[n] = '\0';
	if (n > 0 || piece->quoted)
		return 0;
	fail(err, ERROR_USER, "a value is missing here");
	return fail_place(err, piece->at);
}

static int compare_values(const void *a, const void *b)
{
	const struct suite_value *x = *(const struct suite_value *const *)a, *y = *(const struct suite_value *const *)b;
	int order = strcmp(x->text, y->text);
	if (order == 0)
		order = (x > y) - (x < y);
	return order;
}

/* A doubled alternative would make the same run twice. */
static int refuse_doubles(struct suite *suite, const struct suite_key *key, struct error *err)
{
	const struct suite_value **sorted = ARENA_TAKE(&suite->arena, key->n, const struct suite_value *);
	for (size_t i = 0; i < key->n; i++)
		sorted[i] = &key->value[i];
	qsort(sorted, key->n, sizeof *sorted, compare_values);
	for (size_t i = 1; i < key->n; i++)
		if (strcmp(sorted[i]->text, sorted[i - 1]->text) == 0) {
			fail(err, ERROR_USER, "'%s' stands twice among the values of '%s'", sorted[i]->text, key->row->name);
			return fail_place(err, sorted[i]->at);
		}
	return 0;
}

/* "a | b | 1..5" up to the end of the line. */
static int read_values(struct scan *s, struct suite_key *key, struct error *err)
{
	for (;;) {
		struct piece piece;
		int64_t low, high;
		TRY(read_piece(s, &piece, err));
		if (!piece.quoted && is_range(s->word, &low, &high))
			TRY(add_range(s, key, low, high, piece.at, err));
		else
			TRY(add_value(s, key, s->word, piece.at, err));
		if (at_end(s))
			return refuse_doubles(s->suite, key, err);
		s->at++;
	}
}

/* ---- lines ----------------------------------------------------------------------------------------------- */

static const char *read_name(struct scan *s)
{
	const char *from = s->at;
	while (s->at < s->end && (isalnum((unsigned char)*s->at) || strchr("._-", *s->at)))
		s->at++;
	return copy(&s->suite->arena, from, (size_t)(s->at - from));
}

static int enter_section(struct scan *s, const char *name, struct suite_place at, struct error *err)
{
	const struct suite_section *old = suite_find(s->suite, name);
	if (old && old->at.file == s->file) {
		fail(err, ERROR_USER, "section [%s] stands twice (first in line %u)", name, old->at.line);
		return fail_place(err, at);
	}
	s->section = old ? (size_t)(old - s->suite->section) : add_section(s->suite, name, at);
	s->suite->section[s->section].at = at;
	return 0;
}

static int read_section(struct scan *s, struct error *err)
{
	s->at++;
	skip_blanks(s);
	struct suite_place at = place_of(s, s->at);
	const char *name = read_name(s);
	skip_blanks(s);
	if (s->at == s->end || *s->at != ']') {
		fail(err, ERROR_USER, "a section is [name], of letters, digits, '.', '_' and '-'");
		return fail_here(s, err);
	}
	if (!text_is_name(name)) {
		fail(err, ERROR_USER, "'%s' is no name for a section (begin with a letter or a digit)", name);
		return fail_place(err, at);
	}
	s->at++;
	skip_blanks(s);
	if (!at_end(s)) {
		fail(err, ERROR_USER, "nothing may follow [%s] on its line", name);
		return fail_here(s, err);
	}
	return enter_section(s, name, at, err);
}

static int read_file(struct suite *suite, const char *path, unsigned depth, struct error *err);

/* Beside the including file, unless the path is absolute. */
static const char *beside(struct scan *s, const char *path)
{
	const char *slash = strrchr(s->file, '/');
	if (path[0] == '/' || !slash)
		return copy(&s->suite->arena, path, strlen(path));
	size_t folder = (size_t)(slash - s->file) + 1, length = strlen(path);
	char *joined = ARENA_TAKE(&s->suite->arena, folder + length + 1, char);
	memcpy(joined, s->file, folder);
	memcpy(joined + folder, path, length);
	return joined;
}

static int read_include(struct scan *s, struct suite_place at, struct error *err)
{
	struct piece piece;
	TRY(read_piece(s, &piece, err));
	if (!at_end(s)) {
		fail(err, ERROR_USER, "include takes one file (quote a name that holds '|')");
		return fail_here(s, err);
	}
	if (s->section != SIZE_MAX) {
		fail(err, ERROR_USER, "include stands behind a section (move it above the first one)");
		return fail_place(err, at);
	}
	const char *path = beside(s, s->word);
	for (size_t i = 0; i < s->suite->files; i++)
		if (strcmp(s->suite->file[i], path) == 0) {
			fail(err, ERROR_USER, "'%s' is included already", path);
			return fail_place(err, piece.at);
		}
	if (s->depth + 1 == DEPTH_LIMIT) {
		fail(err, ERROR_USER, "includes stand more than %d deep", DEPTH_LIMIT);
		return fail_place(err, at);
	}
	if (!file_exists(path)) {
		fail(err, ERROR_USER, "there is no file '%s' to include", path);
		return fail_place(err, piece.at);
	}
	return read_file(s->suite, path, s->depth + 1, err);
}

/* The row of a key; an unknown one is an error with a suggestion. */
static const struct moe_opt *find_row(const struct suite *suite, const char *name, struct suite_place at,
									  struct error *err)
{
	const struct moe_opt *row = suite->settings->find(name);
	if (row)
		return row;
	const char *near = text_nearest(name, suite->settings->names());
	if (near && strcmp(near, name) == 0)
		fail(err, ERROR_USER, "'%s' is a flag alone (say it in 'strategy' or 'balance')", name);
	else if (near)
		fail(err, ERROR_USER, "unknown key '%s' (did you mean '%s'?)", name, near);
	else
		fail(err, ERROR_USER, "unknown key '%s' (a key is a flag of moesim run without its dashes)", name);
	fail_place(err, at);
	return NULL;
}

static int read_key(struct scan *s, const char *name, struct suite_place at, struct error *err)
{
	const struct moe_opt *row = find_row(s->suite, name, at, err);
	if (!row)
		return -1;
	if (s->section == SIZE_MAX) {
		fail(err, ERROR_USER, "'%s' stands before the first section (write [global] above it)", name);
		return fail_place(err, at);
	}
	struct suite_section *section = &s->suite->section[s->section];
	struct suite_key *key = find_key(section, row);
	if (key && key->at.file == s->file) {
		fail(err, ERROR_USER, "'%s' stands twice in [%s] (first in line %u)", name, section->name, key->at.line);
		return fail_place(err, at);
	}
	if (!key)
		key = add_key(s->suite, section, row);
	*key = (struct suite_key){ .row = row, .at = at };
	return read_values(s, key, err);
}

static int read_assignment(struct scan *s, struct error *err)
{
	struct suite_place at = place_of(s, s->at);
	const char *name = read_name(s);
	skip_blanks(s);
	if (!*name || s->at == s->end || *s->at != '=') {
		fail(err, ERROR_USER, "this line is neither [section] nor key = value");
		return fail_here(s, err);
	}
	s->at++;
	if (strcmp(name, "include") == 0)
		return read_include(s, at, err);
	return read_key(s, name, at, err);
}

static int refuse_control(struct scan *s, struct error *err)
{
	for (s->at = s->start; s->at < s->end; s->at++)
		if (((unsigned char)*s->at < ' ' && *s->at != '\t') || *s->at == 0x7f) {
			fail(err, ERROR_USER, "byte 0x%02x is no text (is this a suite file?)", (unsigned char)*s->at);
			return fail_here(s, err);
		}
	s->at = s->start;
	return 0;
}

static int read_line(struct scan *s, struct error *err)
{
	TRY(refuse_control(s, err));
	skip_blanks(s);
	if (at_end(s))
		return 0;
	return *s->at == '[' ? read_section(s, err) : read_assignment(s, err);
}

/* Moves on to the next line of the text; false at its end. */
static bool next_line(struct scan *s, const char *text_end)
{
	const char *start = s->line == 0 ? s->start : s->end;
	if (s->line > 0) {
		start += start < text_end && *start == '\r';
		start += start < text_end && *start == '\n';
	}
	if (start >= text_end)
		return false;
	const char *newline = memchr(start, '\n', (size_t)(text_end - start));
	s->start = s->at = start;
	s->end = newline ? newline : text_end;
	if (s->end > start && s->end[-1] == '\r')
		s->end--;
	s->line++;
	return true;
}

/* ---- the question ---------------------------------------------------------------------------------------- */

/* "quick.suite -- which ...?" asks "which ...?". */
static const char *after_title(const char *text)
{
	const char *dashes = strstr(text, ".suite -- ");
	return dashes && !memchr(text, ' ', (size_t)(dashes - text)) ? dashes + strlen(".suite -- ") : text;
}

/* The first block of comment lines, joined, without licence lines. */
static const char *read_question(struct suite *suite, const char *text, size_t size)
{
	struct scan s = { .suite = suite, .start = text };
	char *question = ARENA_TAKE(&suite->arena, size + 1, char);
	size_t n = 0;
	while (next_line(&s, text + size)) {
		skip_blanks(&s);
		if (s.at == s.end && n == 0)
			continue;
		if (s.at == s.end || *s.at != '#')
			break;
		while (s.at < s.end && (*s.at == '#' || is_blank(*s.at)))
			s.at++;
		size_t length = (size_t)(s.end - s.at);
		if (length == 0 && n > 0)
			break;
		if (length == 0 || strncmp(s.at, "SPDX-", length < 5 ? length : 5) == 0)
			continue;
		if (n > 0)
			question[n++] = ' ';
		memcpy(question + n, s.at, length);
		n += length;
	}
	return after_title(question);
}

/* ---- files ----------------------------------------------------------------------------------------------- */

static int parse(struct suite *suite, const char *name, const char *text, size_t size, unsigned depth,
				 struct error *err)
{
	struct scan s = { .suite = suite, .file = name, .depth = depth, .section = SIZE_MAX };
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	suite->file = one_more(&suite->arena, suite->file, suite->files, sizeof *suite->file);
	suite->file[suite->files++] = name;
	s.word = ARENA_TAKE(&suite->arena, size + 1, char);
	s.start = text;
	while (next_line(&s, text + size))
		TRY(read_line(&s, err));
	if (depth == 0)
		suite->question = read_question(suite, text, size);
	return 0;
}

static int read_file(struct suite *suite, const char *path, unsigned depth, struct error *err)
{
	char *text;
	size_t size;
	TRY(file_read(path, FILE_LIMIT, &text, &size, err));
	int status = parse(suite, path, text, size, depth, err);
	free(text);
	return status;
}

static const char *name_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t length = strlen(base), ending = strlen(".suite");
	if (length > ending && strcmp(base + length - ending, ".suite") == 0)
		length -= ending;
	return copy(arena, base, length);
}

static void begin(struct suite *suite, const char *path, const struct suite_settings *settings)
{
	*suite = (struct suite){ .settings = settings, .question = "" };
	suite->name = name_of(&suite->arena, path);
	add_section(suite, "global", (struct suite_place){ "", 0, 0 });
}

int suite_read(const char *path, const struct suite_settings *settings, struct suite *suite, struct error *err)
{
	begin(suite, path, settings);
	const char *kept = copy(&suite->arena, path, strlen(path));
	if (read_file(suite, kept, 0, err) == 0)
		return 0;
	suite_free(suite);
	return -1;
}

int suite_parse(const char *name, const char *text, size_t size, const struct suite_settings *settings,
				struct suite *suite, struct error *err)
{
	begin(suite, name, settings);
	const char *kept = copy(&suite->arena, name, strlen(name));
	if (parse(suite, kept, text, size, 0, err) == 0)
		return 0;
	suite_free(suite);
	return -1;
}

int suite_set(struct suite *suite, const char *flag, const char *assignment, struct error *err)
{
	size_t length = strlen(assignment);
	const char *text = copy(&suite->arena, assignment, length);
	struct scan s = { .suite = suite, .file = flag, .line = 0 };
	s.start = s.at = text;
	s.end = text + length;
	s.word = ARENA_TAKE(&suite->arena, length + 1, char);
	TRY(refuse_control(&s, err));
	const char *name = read_name(&s);
	skip_blanks(&s);
	if (!*name || s.at == s.end || *s.at != '=') {
		fail(err, ERROR_USER, "'%s' is not key=value", assignment);
		return fail_at(err, flag, 0, 0);
	}
	s.at++;
	struct suite_place at = { flag, 0, 0 };
	const struct moe_opt *row = find_row(suite, name, at, err);
	if (!row)
		return -1;
	for (size_t i = 0; i < suite->n; i++)
		remove_key(&suite->section[i], row);
	struct suite_key *key = add_key(suite, &suite->section[0], row);
	key->at = at;
	return read_values(&s, key, err);
}

void suite_free(struct suite *suite)
{
	arena_free(&suite->arena);
	*suite = (struct suite){ .question = "" };
}
