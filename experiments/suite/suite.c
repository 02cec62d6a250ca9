/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite.c -- suite files: a small parser of our own.
 *
 * libinih does not tell its handler the line (Debian builds it without), and an error in the third alternative of a
 * grid is worth a column.
 */
#include <config.h>

#include "experiments/suite/suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/suite/suite_line.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"
#include "sim/run/run.h"

enum {
	FILE_LIMIT = 1 << 20,    /* bytes of one suite file */
	DEPTH_LIMIT = 8,         /* of includes */
	RANGE_LIMIT = 100 * 1000 /* values of one a..b */
};

struct reader {
	struct suite *suite;
	struct suite_line line;
	unsigned depth; /* of includes */
	size_t section; /* the current one; SIZE_MAX before the first */
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
static int canonical(struct reader *r, const struct moe_opt *row, const char *text, const char **out, struct error *err)
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
	*out = copy(&r->suite->arena, printed, strlen(printed));
	return 0;
}

static int add_value(struct reader *r, struct suite_key *key, const char *text, struct suite_place at,
					 struct error *err)
{
	const char *value = NULL;
	if (canonical(r, key->row, text, &value, err) != 0) {
		/* an option's own error may know its place inside the value */
		unsigned inside = err->column;
		err->column = 0;
		return fail_at(err, at.file, at.line, at.column + (inside ? inside - 1 : 0));
	}
	key->value = one_more(&r->suite->arena, key->value, key->n, sizeof *key->value);
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

static int add_range(struct reader *r, struct suite_key *key, int64_t low, int64_t high, struct suite_place at,
					 struct error *err)
{
	if (high < low) {
		fail(err, ERROR_USER, "the range %" PRId64 "..%" PRId64 " is empty (write the lower end first)", low, high);
		return suite_place_fail(err, at);
	}
	if ((uint64_t)high - (uint64_t)low >= RANGE_LIMIT) {
		fail(err, ERROR_USER, "the range %" PRId64 "..%" PRId64 " has more than %d values", low, high, RANGE_LIMIT);
		return suite_place_fail(err, at);
	}
	for (int64_t i = low; i <= high; i++) {
		char text[TEXT_NUMBER];
		snprintf(text, sizeof text, "%" PRId64, i);
		TRY(add_value(r, key, text, at, err));
	}
	return 0;
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
			fail(err, ERROR_USER, "'%s' appears twice among the values of '%s'", sorted[i]->text, key->row->name);
			return suite_place_fail(err, sorted[i]->at);
		}
	return 0;
}

/* "a | b | 1..5" up to the end of the line. */
static int read_values(struct reader *r, struct suite_key *key, struct error *err)
{
	for (;;) {
		struct suite_piece piece;
		int64_t low, high;
		TRY(suite_line_piece(&r->line, &piece, err));
		if (!piece.quoted && is_range(r->line.word, &low, &high))
			TRY(add_range(r, key, low, high, piece.at, err));
		else
			TRY(add_value(r, key, r->line.word, piece.at, err));
		if (suite_line_at_end(&r->line))
			return refuse_doubles(r->suite, key, err);
		r->line.at++;
	}
}

/* ---- lines ----------------------------------------------------------------------------------------------- */

static int enter_section(struct reader *r, const char *name, struct suite_place at, struct error *err)
{
	const struct suite_section *old = suite_find(r->suite, name);
	if (old && old->at.file == r->line.file) {
		fail(err, ERROR_USER, "section [%s] appears twice (first in line %u)", name, old->at.line);
		return suite_place_fail(err, at);
	}
	r->section = old ? (size_t)(old - r->suite->section) : add_section(r->suite, name, at);
	r->suite->section[r->section].at = at;
	return 0;
}

static int read_section(struct reader *r, struct error *err)
{
	r->line.at++;
	suite_line_skip_blanks(&r->line);
	struct suite_place at = suite_line_place(&r->line, r->line.at);
	const char *name = suite_line_name(&r->line);
	suite_line_skip_blanks(&r->line);
	if (r->line.at == r->line.end || *r->line.at != ']') {
		fail(err, ERROR_USER, "a section is [name], of letters, digits, '.', '_' and '-'");
		return suite_line_fail(&r->line, err);
	}
	if (!text_is_name(name)) {
		fail(err, ERROR_USER, "'%s' is not a valid section name (begin with a letter or a digit)", name);
		return suite_place_fail(err, at);
	}
	r->line.at++;
	suite_line_skip_blanks(&r->line);
	if (!suite_line_at_end(&r->line)) {
		fail(err, ERROR_USER, "nothing may follow [%s] on its line", name);
		return suite_line_fail(&r->line, err);
	}
	return enter_section(r, name, at, err);
}

static int read_file(struct suite *suite, const char *path, unsigned depth, struct error *err);

/* Beside the including file, unless the path is absolute. */
static const char *beside(struct reader *r, const char *path)
{
	const char *slash = strrchr(r->line.file, '/');
	if (path[0] == '/' || !slash)
		return copy(&r->suite->arena, path, strlen(path));
	size_t folder = (size_t)(slash - r->line.file) + 1, length = strlen(path);
	char *joined = ARENA_TAKE(&r->suite->arena, folder + length + 1, char);
	memcpy(joined, r->line.file, folder);
	memcpy(joined + folder, path, length);
	return joined;
}

static int read_include(struct reader *r, struct suite_place at, struct error *err)
{
	struct suite_piece piece;
	TRY(suite_line_piece(&r->line, &piece, err));
	if (!suite_line_at_end(&r->line)) {
		fail(err, ERROR_USER, "include takes one file (quote a name that holds '|')");
		return suite_line_fail(&r->line, err);
	}
	if (r->section != SIZE_MAX) {
		fail(err, ERROR_USER, "include comes after a section (move it above the first one)");
		return suite_place_fail(err, at);
	}
	const char *path = beside(r, r->line.word);
	for (size_t i = 0; i < r->suite->files; i++)
		if (strcmp(r->suite->file[i], path) == 0) {
			fail(err, ERROR_USER, "'%s' is included already", path);
			return suite_place_fail(err, piece.at);
		}
	if (r->depth + 1 == DEPTH_LIMIT) {
		fail(err, ERROR_USER, "includes are nested more than %d deep", DEPTH_LIMIT);
		return suite_place_fail(err, at);
	}
	if (!file_exists(path)) {
		fail(err, ERROR_USER, "there is no file '%s' to include", path);
		return suite_place_fail(err, piece.at);
	}
	return read_file(r->suite, path, r->depth + 1, err);
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
	suite_place_fail(err, at);
	return NULL;
}

/* How all runs are carried out: no setting, so that it is no part of the grid. */
static const struct moe_opt carried_rows[] = { RUN_CHECKPOINT_ROW(offsetof(struct suite, checkpoint_every)),
											   { .name = NULL } };

static int read_carried(struct reader *r, const struct moe_opt *row, struct suite_place at, struct error *err)
{
	struct suite_piece piece;
	if (r->section != 0) {
		fail(err, ERROR_USER, "'%s' belongs in [global], since it is the same for all runs", row->name);
		return suite_place_fail(err, at);
	}
	TRY(suite_line_piece(&r->line, &piece, err));
	if (!suite_line_at_end(&r->line)) {
		fail(err, ERROR_USER, "'%s' takes one value", row->name);
		return suite_line_fail(&r->line, err);
	}
	return options_set(row, r->suite, r->line.word, err) == 0 ? 0 : suite_place_fail(err, piece.at);
}

static int read_key(struct reader *r, const char *name, struct suite_place at, struct error *err)
{
	const struct moe_opt *carried = options_find(carried_rows, name);
	if (carried)
		return read_carried(r, carried, at, err);
	const struct moe_opt *row = find_row(r->suite, name, at, err);
	if (!row)
		return -1;
	if (r->section == SIZE_MAX) {
		fail(err, ERROR_USER, "'%s' comes before the first section (write [global] above it)", name);
		return suite_place_fail(err, at);
	}
	struct suite_section *section = &r->suite->section[r->section];
	struct suite_key *key = find_key(section, row);
	if (key && key->at.file == r->line.file) {
		fail(err, ERROR_USER, "'%s' appears twice in [%s] (first in line %u)", name, section->name, key->at.line);
		return suite_place_fail(err, at);
	}
	if (!key)
		key = add_key(r->suite, section, row);
	*key = (struct suite_key){ .row = row, .at = at };
	return read_values(r, key, err);
}

static int read_assignment(struct reader *r, struct error *err)
{
	struct suite_place at = suite_line_place(&r->line, r->line.at);
	const char *name = suite_line_name(&r->line);
	suite_line_skip_blanks(&r->line);
	if (!*name || r->line.at == r->line.end || *r->line.at != '=') {
		fail(err, ERROR_USER, "this line is neither [section] nor key = value");
		return suite_line_fail(&r->line, err);
	}
	r->line.at++;
	if (strcmp(name, "include") == 0)
		return read_include(r, at, err);
	return read_key(r, name, at, err);
}

static int read_line(struct reader *r, struct error *err)
{
	TRY(suite_line_check(&r->line, err));
	suite_line_skip_blanks(&r->line);
	if (suite_line_at_end(&r->line))
		return 0;
	return *r->line.at == '[' ? read_section(r, err) : read_assignment(r, err);
}

/* ---- files ----------------------------------------------------------------------------------------------- */

static int parse(struct suite *suite, const char *name, const char *text, size_t size, unsigned depth,
				 struct error *err)
{
	struct reader r = { .suite = suite, .depth = depth, .section = SIZE_MAX };
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	suite->file = one_more(&suite->arena, suite->file, suite->files, sizeof *suite->file);
	suite->file[suite->files++] = name;
	r.line = (struct suite_line){ .file = name, .start = text, .word = ARENA_TAKE(&suite->arena, size + 1, char) };
	while (suite_line_next(&r.line, text + size))
		TRY(read_line(&r, err));
	if (depth == 0)
		suite->question = suite_line_question(&suite->arena, text, size);
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
	const char *text = copy(&suite->arena, assignment, strlen(assignment));
	struct reader r = { .suite = suite };
	struct suite_line *line = &r.line;
	*line = (struct suite_line){
		flag, 0, text, text, strchr(text, '\0'), ARENA_TAKE(&suite->arena, strlen(text) + 1, char)
	};
	TRY(suite_line_check(line, err));
	const char *name = suite_line_name(line);
	suite_line_skip_blanks(line);
	if (!*name || line->at == line->end || *line->at != '=') {
		fail(err, ERROR_USER, "'%s' is not key=value", assignment);
		return fail_at(err, flag, 0, 0);
	}
	line->at++;
	struct suite_place at = { flag, 0, 0 };
	const struct moe_opt *row = find_row(suite, name, at, err);
	if (!row)
		return -1;
	for (size_t i = 0; i < suite->n; i++)
		remove_key(&suite->section[i], row);
	struct suite_key *key = add_key(suite, &suite->section[0], row);
	key->at = at;
	return read_values(&r, key, err);
}

void suite_print_question(const struct suite *suite)
{
	if (!*suite->question)
		return;
	wrap_text(stdout, text_keep_f("%s: %s", suite->name, suite->question), 0, 0, wrap_columns_of_terminal(stdout));
	putchar('\n');
}

void suite_free(struct suite *suite)
{
	arena_free(&suite->arena);
	*suite = (struct suite){ .question = "" };
}
