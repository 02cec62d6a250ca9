/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * grid.c -- from a suite to its list of runs.
 */
#include <config.h>

#include "experiments/grid.h"

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
	const struct moe_opt *seed = options_find(grid->rows, "seed");
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

/* The strategy where it is swept or the section has no name of its own, else the section; then what else is swept. */
static const char *make_label(struct grid *grid, const struct suite_section *section, const struct axes *axes,
							  const char *const *value)
{
	struct label label = { .n = 0 };
	const struct moe_opt *strategy = options_find(grid->rows, "strategy");
	const struct suite_key *named = NULL;
	for (size_t i = 0; i < axes->n; i++)
		if (axes->key[i]->row == strategy)
			named = axes->key[i];
	if ((named && named->n > 1) || (strategy && strcmp(section->name, "global") == 0))
		label_add(&label, named ? value[row_number(grid, strategy)] : grid->preset[row_number(grid, strategy)]);
	else
		label_add(&label, section->name);
	for (size_t i = 0; i < axes->n; i++) {
		const struct suite_key *key = axes->key[i];
		if (key->n == 1 || key == axes->seed || key == named)
			continue;
		label_add(&label, "_");
		label_add(&label, key->row->name);
		label_add(&label, "=");
		label_add(&label, value[row_number(grid, key->row)]);
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

static bool is_listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

const char *grid_value(const struct grid *grid, const struct grid_run *run, size_t row)
{
	return run->value[row] ? run->value[row] : grid->preset[row];
}

static uint64_t hash_run(const struct grid *grid, const struct grid_run *run)
{
	uint64_t hash = TEXT_HASH_START;
	for (size_t i = 0; i < grid->n_rows; i++) {
		if (grid->fixed[i])
			continue;
		const char *name = grid->rows[i].name, *value = grid_value(grid, run, i);
		hash = text_hash_bytes(name, strlen(name) + 1, hash);
		hash = text_hash_bytes(value, strlen(value) + 1, hash);
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

/* Values of combination number `at` of an axes' points, the last key fastest. */
static const char **point_values(struct grid *grid, const struct axes *axes, size_t at)
{
	const char **value = ARENA_TAKE(&grid->arena, grid->n_rows, const char *);
	for (size_t i = axes->n; i-- > 0;) {
		const struct suite_key *key = axes->key[i];
		size_t choice = 0;
		if (key != axes->seed) {
			choice = at % key->n;
			at /= key->n;
		}
		value[row_number(grid, key->row)] = key->value[choice].text;
	}
	return value;
}

static void add_run(struct grid *grid, size_t point, const struct axes *axes, size_t seed)
{
	const char *const *value = grid->point[point].value;
	const struct moe_opt *row = options_find(grid->rows, "seed");
	if (axes->seed && seed > 0) {
		const char **own = ARENA_TAKE(&grid->arena, grid->n_rows, const char *);
		memcpy(own, value, grid->n_rows * sizeof *own);
		own[row_number(grid, row)] = axes->seed->value[seed].text;
		value = own;
	}
	struct grid_run *run = &grid->run[grid->n++];
	*run = (struct grid_run){ .point = point, .value = value };
	run->seed = row ? grid_value(grid, run, row_number(grid, row)) : "0";
	run->hash = hash_run(grid, run);
}

static void add_section_runs(struct grid *grid, const struct suite_section *section, const struct axes *axes)
{
	for (size_t p = 0; p < axes->points; p++) {
		const char *const *value = point_values(grid, axes, p);
		const char *label = make_label(grid, section, axes, value);
		grid->point[grid->points++] = (struct grid_point){ section, label, value };
		for (size_t s = 0; s < axes->seeds; s++)
			add_run(grid, grid->points - 1, axes, s);
	}
	for (size_t i = 0; i < axes->n; i++)
		grid->swept[row_number(grid, axes->key[i]->row)] |= axes->key[i]->n > 1;
}

static bool same_settings(const struct grid *grid, const struct grid_run *a, const struct grid_run *b)
{
	if (a->hash != b->hash)
		return false;
	for (size_t i = 0; i < grid->n_rows; i++)
		if (!grid->fixed[i] && strcmp(grid_value(grid, a, i), grid_value(grid, b, i)) != 0)
			return false;
	return true;
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
		if (same_settings(grid, sorted[i], sorted[i - 1]))
			sorted[i]->seed = NULL;
	size_t kept = 0;
	for (size_t i = 0; i < grid->n; i++)
		if (grid->run[i].seed)
			grid->run[kept++] = grid->run[i];
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

/* The defaults of all rows, as options_value() prints them. */
static void read_presets(struct grid *grid, const char *const *fixed)
{
	size_t size = 0;
	for (; grid->rows[grid->n_rows].name; grid->n_rows++)
		if (grid->rows[grid->n_rows].at + sizeof(int64_t) > size)
			size = grid->rows[grid->n_rows].at + sizeof(int64_t);
	char *values = ARENA_TAKE(&grid->arena, size + 1, char);
	grid->preset = ARENA_TAKE(&grid->arena, grid->n_rows, const char *);
	grid->fixed = ARENA_TAKE(&grid->arena, grid->n_rows, bool);
	grid->swept = ARENA_TAKE(&grid->arena, grid->n_rows, bool);
	options_preset(grid->rows, values);
	for (size_t i = 0; i < grid->n_rows; i++) {
		grid->preset[i] = options_value(&grid->rows[i], values);
		grid->fixed[i] = is_listed(fixed, grid->rows[i].name);
	}
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
		if (runs > GRID_LIMIT)
			return fail(err, ERROR_USER, "the suite makes more than %d runs", GRID_LIMIT);
	}
	grid->point = ARENA_TAKE(&grid->arena, points, struct grid_point);
	grid->run = ARENA_TAKE(&grid->arena, runs, struct grid_run);
	for (size_t i = 0; i < suite->n; i++)
		if (wanted(suite, i, only))
			add_section_runs(grid, &suite->section[i], &axes[i]);
	return 0;
}

/* Sections that differ in one value make that key a swept one, too. */
static void find_swept(struct grid *grid)
{
	for (size_t row = 0; row < grid->n_rows; row++)
		for (size_t i = 1; i < grid->n && !grid->swept[row]; i++)
			grid->swept[row] = strcmp(grid_value(grid, &grid->run[i], row), grid_value(grid, &grid->run[0], row)) != 0;
}

int grid_build(const struct suite *suite, const char *only, const char *const *fixed, struct grid *grid,
			   struct error *err)
{
	*grid = (struct grid){ .rows = suite->rows };
	read_presets(grid, fixed);
	if (refuse_unknown_section(suite, only, err) != 0 || add_all(grid, suite, only, err) != 0) {
		grid_free(grid);
		return -1;
	}
	part_labels(grid, true);
	part_labels(grid, false);
	drop_doubled(grid);
	find_swept(grid);
	for (size_t i = 0; i < grid->n; i++)
		grid->run[i].name = name_run(grid, &grid->run[i]);
	if (refuse_collision(grid, err) == 0)
		return 0;
	grid_free(grid);
	return -1;
}

char **grid_arguments(const struct grid *grid, const struct grid_run *run, const char *const *extra)
{
	size_t n = 1, at = 0;
	for (; extra[n - 1]; n++)
		;
	for (size_t i = 0; i < grid->n_rows; i++)
		n += run->value[i] ? 2 : 0;
	char **arguments = calloc(n, sizeof *arguments);
	for (size_t i = 0; arguments && i < grid->n_rows; i++)
		if (run->value[i]) {
			arguments[at++] = (char *)text_keep_f("--%s", grid->rows[i].name);
			arguments[at++] = (char *)run->value[i];
		}
	for (size_t i = 0; arguments && extra[i]; i++)
		arguments[at++] = (char *)extra[i];
	return arguments;
}

void grid_free(struct grid *grid)
{
	arena_free(&grid->arena);
	*grid = (struct grid){ .n = 0 };
}
