/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * grid.c -- from a suite to its list of runs.
 */
#include <config.h>

#include "experiments/suite/grid.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"

enum { LABEL_LIMIT = 80 }; /* bytes; with seed and hash a folder stays well below 255 */

/* One section's keys with those it has from [global]; the seed stands last, so that it moves fastest. */
struct axes {
	size_t n;
	const struct suite_key **key; /* [n] */
	const struct suite_key *seed; /* key[n - 1], or NULL when no seed is said */
	size_t points, seeds;
};

static size_t row_number(const struct grid *grid, const struct moe_opt *row)
{
	return (size_t)(row - grid->rows);
}

/* ---- axes of a section ----------------------------------------------------------------------------------- */

static bool has_key(const struct suite_section *section, const struct moe_opt *row)
{
	for (size_t i = 0; i < section->n; i++)
		if (section->key[i].row == row)
			return true;
	return false;
}

static void add_axis(struct axes *axes, const struct suite_key *key, const struct moe_opt *seed)
{
	if (key->row == seed)
		axes->seed = key;
	else
		axes->key[axes->n++] = key;
}

/* Fails when the grid would hold more than GRID_LIMIT runs; products stay small enough not to wrap. */
static int count_axes(struct axes *axes, const struct suite_section *section, struct error *err)
{
	axes->points = 1;
	axes->seeds = axes->seed ? axes->seed->n : 1;
	for (size_t i = 0; i < axes->n; i++) {
		if (axes->key[i] != axes->seed)
			axes->points *= axes->key[i]->n;
		if (axes->points * axes->seeds > GRID_LIMIT) {
			fail(err, ERROR_USER, "[%s] makes more than %d runs", section->name, GRID_LIMIT);
			return fail_at(err, section->at.file, section->at.line, section->at.column);
		}
	}
	return 0;
}

static int find_axes(struct grid *grid, const struct suite *suite, const struct suite_section *section,
					 struct axes *axes, struct error *err)
{
	const struct suite_section *global = &suite->section[0];
	const struct moe_opt *seed = &grid->rows[grid->seed_row];
	*axes = (struct axes){ .key = ARENA_TAKE(&grid->arena, global->n + section->n + 1, const struct suite_key *) };
	if (section != global)
		for (size_t i = 0; i < global->n; i++)
			if (!has_key(section, global->key[i].row))
				add_axis(axes, &global->key[i], seed);
	for (size_t i = 0; i < section->n; i++)
		add_axis(axes, &section->key[i], seed);
	if (axes->seed)
		axes->key[axes->n++] = axes->seed;
	return count_axes(axes, section, err);
}

/* ---- labels ---------------------------------------------------------------------------------------------- */

struct label {
	char text[LABEL_LIMIT + 1];
	size_t n;
};

/* Anything but letters, digits and a few signs becomes '_', and so does the comma, for the sake of CSV. */
static void label_add(struct label *label, const char *text)
{
	for (; *text && label->n < LABEL_LIMIT; text++) {
		char c = isalnum((unsigned char)*text) || strchr("._=+-", *text) ? *text : '_';
		if (label->n == 0 && !isalnum((unsigned char)c))
			continue;
		if (c == '_' && label->n > 0 && label->text[label->n - 1] == '_')
			continue;
		label->text[label->n++] = c;
	}
	label->text[label->n] = '\0';
}

/* The value of a row at a point: in the suite's words, or else the one in effect. */
static const char *point_value(const struct grid_point *point, size_t row)
{
	return point->said[row] ? point->said[row] : point->resolved[row];
}

/* The strategy where it is swept or the section has no name of its own, else the section; then what else is swept. */
static const char *make_label(struct grid *grid, const struct grid_point *point, const struct axes *axes)
{
	struct label label = { .n = 0 };
	const struct moe_opt *strategy = options_find(grid->rows, "strategy");
	const struct suite_key *named = NULL;
	for (size_t i = 0; i < axes->n; i++)
		if (axes->key[i]->row == strategy)
			named = axes->key[i];
	bool by_strategy = (named && named->n > 1) || strcmp(point->section->name, "global") == 0;
	label_add(&label, by_strategy ? point_value(point, row_number(grid, strategy)) : point->section->name);
	for (size_t i = 0; i < axes->n; i++) {
		const struct suite_key *key = axes->key[i];
		if (key->n == 1 || key == axes->seed || key == named)
			continue;
		label_add(&label, "_");
		label_add(&label, key->row->name);
		label_add(&label, "=");
		label_add(&label, point_value(point, row_number(grid, key->row)));
	}
	if (label.n == 0)
		label_add(&label, "run");
	char *kept = ARENA_TAKE(&grid->arena, label.n + 1, char);
	memcpy(kept, label.text, label.n);
	return kept;
}

static int compare_labels(const void *a, const void *b)
{
	const struct grid_point *x = *(struct grid_point *const *)a, *y = *(struct grid_point *const *)b;
	int order = strcmp(x->label, y->label);
	return order ? order : (x > y) - (x < y);
}

static const char *format_name(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *format_name(struct arena *arena, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	char *kept = ARENA_TAKE(arena, (size_t)n + 1, char);
	memcpy(kept, text, (size_t)n);
	return kept;
}

static struct grid_point **sort_points(struct grid *grid)
{
	struct grid_point **sorted = ARENA_TAKE(&grid->arena, grid->points, struct grid_point *);
	for (size_t i = 0; i < grid->points; i++)
		sorted[i] = &grid->point[i];
	qsort(sorted, grid->points, sizeof *sorted, compare_labels);
	return sorted;
}

/* Points of several sections, or cut labels, may be called alike: then the section goes before, and where that is not
 * enough a number behind. */
static void part_labels(struct grid *grid, bool with_section)
{
	struct grid_point **sorted = sort_points(grid);
	for (size_t i = 0, end; i < grid->points; i = end) {
		for (end = i + 1; end < grid->points && strcmp(sorted[end]->label, sorted[i]->label) == 0;)
			end++;
		for (size_t j = i; end - i > 1 && j < end; j++)
			sorted[j]->label = with_section
								   ? format_name(&grid->arena, "%.40s.%s", sorted[j]->section->name, sorted[j]->label)
								   : format_name(&grid->arena, "%s.%zu", sorted[j]->label, j - i + 1);
	}
}

/* ---- hashes ---------------------------------------------------------------------------------------------- */

/* The name at the front of a strategy's text. */
static const char *strategy_of(const struct grid *grid, const struct grid_point *point)
{
	const struct moe_opt *row = options_find(grid->rows, "strategy");
	const char *said = row ? point->said[row_number(grid, row)] : NULL;
	const char *text = said ? said : row ? row->text : "";
	return text_keep_n(text, strcspn(text, ", "));
}

bool grid_names(const struct grid *grid, const char *name)
{
	for (size_t i = 0; i < grid->points; i++)
		if (strcmp(grid->point[i].label, name) == 0 || strcmp(strategy_of(grid, &grid->point[i]), name) == 0)
			return true;
	return false;
}

const char *grid_value(const struct grid *grid, const struct grid_run *run, size_t row)
{
	return row == grid->seed_row ? run->seed : point_value(&grid->point[run->point], row);
}

static uint64_t hash_run(const struct grid *grid, const struct grid_run *run)
{
	uint64_t hash = TEXT_HASH_START;
	for (size_t i = 0; i < grid->n_rows; i++) {
		const char *value = i == grid->seed_row ? run->seed : grid->point[run->point].resolved[i];
		hash = settings_hash_row(grid->rows[i].name, value, hash);
	}
	return hash;
}

/* The last bits of FNV-1a depend on few bytes; folding the halves mixes them. */
static const char *name_run(struct grid *grid, const struct grid_run *run)
{
	uint32_t folded = (uint32_t)(run->hash >> 32) ^ (uint32_t)run->hash;
	return format_name(&grid->arena, "%s-s%s-%08" PRIx32, grid->point[run->point].label, run->seed, folded);
}

/* ---- the runs -------------------------------------------------------------------------------------------- */

size_t grid_given(const struct grid *grid, const struct grid_run *run, struct assignment *given)
{
	size_t n = 0;
	for (size_t i = 0; i < grid->n_rows; i++) {
		const char *value = i == grid->seed_row ? run->seed : grid->point[run->point].said[i];
		if (value)
			given[n++] = (struct assignment){ grid->rows[i].name, value };
	}
	return n;
}

/* Which of a key's alternatives belongs to combination number `at` of the points; the last key moves fastest. */
static const struct suite_value *chosen(const struct axes *axes, const struct suite_key *key, size_t at)
{
	for (size_t i = axes->n; i-- > 0;) {
		if (axes->key[i] == axes->seed)
			continue;
		if (axes->key[i] == key)
			return &key->value[at % key->n];
		at /= axes->key[i]->n;
	}
	return &key->value[0];
}

static const char **said_values(struct grid *grid, const struct axes *axes, size_t at)
{
	const char **value = ARENA_TAKE(&grid->arena, grid->n_rows, const char *);
	for (size_t i = 0; i < axes->n; i++)
		if (axes->key[i] != axes->seed)
			value[row_number(grid, axes->key[i]->row)] = chosen(axes, axes->key[i], at)->text;
	return value;
}

/* An error of a flag becomes one of the suite's text: of the value that the flag would have had, or of the section. */
static int fail_value(const struct suite *suite, const struct suite_section *section, const struct axes *axes,
					  size_t at, struct error *err)
{
	const struct moe_opt *row = strncmp(err->file, "--", 2) == 0 ? suite->settings->find(err->file + 2) : NULL;
	struct suite_place place = section->at;
	for (size_t i = 0; i < axes->n; i++)
		if (axes->key[i]->row == row)
			place = chosen(axes, axes->key[i], at)->at;
	if (place.line > 0 && err->column > 0)
		place.column += err->column - 1;
	err->line = err->column = 0;
	err->file[0] = '\0';
	return fail_at(err, place.file, place.line, place.column);
}

static int resolve(struct grid *grid, const struct suite *suite, const struct axes *axes, size_t at,
				   struct grid_point *point, struct error *err)
{
	struct grid_run first = { .point = (size_t)(point - grid->point),
							  .seed = axes->seed ? axes->seed->value[0].text : NULL };
	const char **value = ARENA_TAKE(&grid->arena, grid->n_rows, const char *);
	struct assignment given[CONFIG_ROWS];
	if (suite->settings->resolve(given, grid_given(grid, &first, given), value, err) != 0)
		return fail_value(suite, point->section, axes, at, err);
	point->resolved = value;
	return 0;
}

static void add_runs(struct grid *grid, const struct axes *axes, size_t point)
{
	for (size_t s = 0; s < axes->seeds; s++) {
		struct grid_run *run = &grid->run[grid->n++];
		run->point = point;
		run->seed = axes->seed ? axes->seed->value[s].text : grid->point[point].resolved[grid->seed_row];
		run->hash = hash_run(grid, run);
	}
}

static int add_section_runs(struct grid *grid, const struct suite *suite, const struct suite_section *section,
							const struct axes *axes, struct error *err)
{
	for (size_t at = 0; at < axes->points; at++) {
		struct grid_point *point = &grid->point[grid->points];
		*point = (struct grid_point){ .section = section, .said = said_values(grid, axes, at) };
		TRY(resolve(grid, suite, axes, at, point, err));
		point->label = make_label(grid, point, axes);
		add_runs(grid, axes, grid->points++);
	}
	for (size_t i = 0; i < axes->n; i++)
		grid->swept[row_number(grid, axes->key[i]->row)] |= axes->key[i]->n > 1;
	return 0;
}

static int compare_hashes(const void *a, const void *b)
{
	const struct grid_run *x = *(struct grid_run *const *)a, *y = *(struct grid_run *const *)b;
	return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : (x > y) - (x < y);
}

/* A run that two sections ask for is made once. */
static void drop_doubled(struct grid *grid)
{
	struct grid_run **sorted = ARENA_TAKE(&grid->arena, grid->n, struct grid_run *);
	for (size_t i = 0; i < grid->n; i++)
		sorted[i] = &grid->run[i];
	qsort(sorted, grid->n, sizeof *sorted, compare_hashes);
	for (size_t i = 1; i < grid->n; i++)
		if (sorted[i]->hash == sorted[i - 1]->hash)
			sorted[i]->seed = NULL;
	size_t kept = 0;
	for (size_t i = 0; i < grid->n; i++)
		if (grid->run[i].seed) {
			grid->point[grid->run[i].point].runs++;
			grid->run[kept++] = grid->run[i];
		}
	grid->doubled = grid->n - kept;
	grid->n = kept;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct grid_run *const *)a)->name, (*(struct grid_run *const *)b)->name);
}

/* Two different runs in one folder would be a silent loss: 32 bits of hash are few, so look. */
static int refuse_collision(struct grid *grid, struct error *err)
{
	struct grid_run **sorted = ARENA_TAKE(&grid->arena, grid->n, struct grid_run *);
	for (size_t i = 0; i < grid->n; i++)
		sorted[i] = &grid->run[i];
	qsort(sorted, grid->n, sizeof *sorted, compare_names);
	for (size_t i = 1; i < grid->n; i++)
		if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
			return fail(err, ERROR_USER, "two different runs are both called %s (rename a section)", sorted[i]->name);
	return 0;
}

/* ---- the grid -------------------------------------------------------------------------------------------- */

/* Is the section asked for?  [global] alone is a grid when there is no other section. */
static bool wanted(const struct suite *suite, size_t at, const char *only)
{
	if (at == 0)
		return suite->n == 1;
	if (!only || !*only)
		return true;
	size_t length = strlen(suite->section[at].name);
	for (const char *name = only; name; name = strchr(name, ',')) {
		name += *name == ',';
		if (strncmp(name, suite->section[at].name, length) == 0 && (name[length] == ',' || !name[length]))
			return true;
	}
	return false;
}

static int refuse_unknown_section(const struct suite *suite, const char *only, struct error *err)
{
	for (const char *name = only; name && *name;) {
		size_t length = strcspn(name, ",");
		const char *word = text_keep_n(name, length);
		if (!suite_find(suite, word) || suite->n == 1 || strcmp(word, "global") == 0) {
			const char **names = calloc(suite->n + 1, sizeof *names);
			for (size_t i = 1; names && i < suite->n; i++)
				names[i - 1] = suite->section[i].name;
			const char *near = names ? text_nearest(word, names) : NULL;
			free(names);
			if (near)
				return fail(err, ERROR_USER, "--only: no section [%s] (did you mean '%s'?)", word, near);
			return fail(err, ERROR_USER, "--only: no section [%s] in this suite", word);
		}
		name += length + (name[length] == ',');
	}
	return 0;
}

static int add_all(struct grid *grid, const struct suite *suite, const char *only, struct error *err)
{
	struct axes *axes = ARENA_TAKE(&grid->arena, suite->n, struct axes);
	size_t points = 0, runs = 0;
	for (size_t i = 0; i < suite->n; i++) {
		if (!wanted(suite, i, only))
			continue;
		TRY(find_axes(grid, suite, &suite->section[i], &axes[i], err));
		points += axes[i].points;
		runs += axes[i].points * axes[i].seeds;
		if (runs > GRID_LIMIT) {
			fail(err, ERROR_USER, "the suite makes more than %d runs", GRID_LIMIT);
			return fail_at(err, suite->section[i].at.file, suite->section[i].at.line, suite->section[i].at.column);
		}
	}
	grid->point = ARENA_TAKE(&grid->arena, points, struct grid_point);
	grid->run = ARENA_TAKE(&grid->arena, runs, struct grid_run);
	for (size_t i = 0; i < suite->n; i++)
		if (wanted(suite, i, only))
			TRY(add_section_runs(grid, suite, &suite->section[i], &axes[i], err));
	return 0;
}

/* Sections that differ in what they say of a key make it a swept one, too. */
static void find_swept(struct grid *grid)
{
	for (size_t row = 0; row < grid->n_rows; row++)
		for (size_t i = 1; i < grid->points && !grid->swept[row]; i++)
			grid->swept[row] = (grid->point[i].said[row] || grid->point[0].said[row]) &&
							   strcmp(point_value(&grid->point[i], row), point_value(&grid->point[0], row)) != 0;
}

static int fill(struct grid *grid, const struct suite *suite, const char *only, struct error *err)
{
	while (grid->rows[grid->n_rows].name)
		grid->n_rows++;
	grid->seed_row = row_number(grid, options_find(grid->rows, "seed"));
	grid->swept = ARENA_TAKE(&grid->arena, grid->n_rows, bool);
	TRY(refuse_unknown_section(suite, only, err));
	TRY(add_all(grid, suite, only, err));
	part_labels(grid, true);
	part_labels(grid, false);
	drop_doubled(grid);
	find_swept(grid);
	for (size_t i = 0; i < grid->n; i++)
		grid->run[i].name = name_run(grid, &grid->run[i]);
	return refuse_collision(grid, err);
}

int grid_build(const struct suite *suite, const char *only, struct grid *grid, struct error *err)
{
	*grid = (struct grid){ .rows = suite->settings->rows };
	if (fill(grid, suite, only, err) == 0)
		return 0;
	grid_free(grid);
	return -1;
}

char **grid_arguments(const struct grid *grid, const struct grid_run *run, const char *command,
					  const char *const *extra)
{
	struct assignment given[CONFIG_ROWS];
	size_t said = grid_given(grid, run, given), more = 0, n = 0;
	while (extra[more])
		more++;
	const char **arguments = calloc(said + more + 2, sizeof *arguments);
	if (!arguments)
		error_no_memory("a run's arguments");
	arguments[n++] = command;
	for (size_t i = 0; i < said; i++)
		arguments[n++] = text_keep_f("--%s=%s", given[i].name, given[i].value);
	for (size_t i = 0; i < more; i++)
		arguments[n++] = extra[i];
	return (char **)arguments;
}

void grid_free(struct grid *grid)
{
	arena_free(&grid->arena);
	*grid = (struct grid){ .n = 0 };
}
