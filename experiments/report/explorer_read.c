/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explorer_read.c -- what a run recorded of its experts, domains and tokens, step by step.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/ids.h"
#include "experiments/report/explorer.h"
#include "sim/base/text.h"

/* A table whose rows are told apart by what stands in some of its columns, the first of them the slowest. */
enum { KEYS_MOST = 4 };
struct keyed {
	struct csv_table table;
	size_t keys;
	int column[KEYS_MOST];
	struct ids ids[KEYS_MOST];
	size_t (*id)[KEYS_MOST]; /* [rows] */
};

static int refuse_row(const struct keyed *keyed, size_t row, const char *what, struct error *err)
{
	fail(err, ERROR_USER, "%s", what);
	return fail_at(err, keyed->table.path, keyed->table.line[row], 0);
}

static int number_rows(struct keyed *keyed, struct error *err)
{
	for (size_t row = 0; row < keyed->table.rows; row++)
		for (size_t i = 0; i < keyed->keys; i++) {
			keyed->id[row][i] = ids_of(&keyed->ids[i], csv_cell(&keyed->table, row, keyed->column[i]));
			if (keyed->id[row][i] == SIZE_MAX)
				return refuse_row(keyed, row, "more different names in a column than can be shown", err);
		}
	return 0;
}

static int read_keys(struct keyed *keyed, const char *const *key, struct arena *arena, struct error *err)
{
	keyed->id = arena_take(arena, keyed->table.rows, sizeof *keyed->id);
	for (; key[keyed->keys]; keyed->keys++) {
		TRY(run_folder_column(&keyed->table, key[keyed->keys], &keyed->column[keyed->keys], err));
		ids_start(&keyed->ids[keyed->keys], arena, &keyed->table);
	}
	return number_rows(keyed, err);
}

/* Things that are counted from 0 are named so. */
static int check_counted(const struct keyed *keyed, size_t key, const char *what, struct error *err)
{
	const struct ids *ids = &keyed->ids[key];
	for (size_t i = 0; i < ids->n; i++)
		if (strcmp(ids->name[i], text_keep_f("%zu", i)) != 0) {
			fail(err, ERROR_USER, "%s '%s' stands where %zu should", what, ids->name[i], i);
			return fail_at(err, keyed->table.path, 0, 0);
		}
	return 0;
}

/* Is the product of the keys' numbers the number of rows, at most `rows` anyway? */
static bool is_grid(const struct keyed *keyed)
{
	size_t left = keyed->table.rows;
	for (size_t i = 0; i < keyed->keys; i++) {
		if (keyed->ids[i].n == 0 || left % keyed->ids[i].n != 0)
			return false;
		left /= keyed->ids[i].n;
	}
	return left == 1;
}

static size_t place_in_grid(const struct keyed *keyed, size_t row)
{
	size_t at = 0;
	for (size_t i = 0; i < keyed->keys; i++)
		at = at * keyed->ids[i].n + keyed->id[row][i];
	return at;
}

/* One number for every combination of the keys, in their order. */
static int take_grid(const struct keyed *keyed, const char *column, struct arena *arena, double **value,
					 struct error *err)
{
	int at;
	TRY(run_folder_column(&keyed->table, column, &at, err));
	if (!is_grid(keyed)) {
		fail(err, ERROR_USER, "has %zu rows, and not one for each step, layer and expert", keyed->table.rows);
		return fail_at(err, keyed->table.path, 0, 0);
	}
	*value = ARENA_TAKE(arena, keyed->table.rows, double);
	for (size_t row = 0; row < keyed->table.rows; row++) {
		double tokens = csv_number(&keyed->table, row, at, NULL);
		(*value)[place_in_grid(keyed, row)] = tokens > 0 && isfinite(tokens) ? tokens : 0;
	}
	return 0;
}

static int take_steps(const struct keyed *keyed, struct arena *arena, struct explorer_run *into, struct error *err)
{
	into->steps = keyed->ids[0].n;
	into->step = ARENA_TAKE(arena, into->steps, int64_t);
	for (size_t i = 0; i < into->steps; i++)
		if (!text_to_int(keyed->ids[0].name[i], &into->step[i])) {
			fail(err, ERROR_USER, "step '%s' is not a whole number", keyed->ids[0].name[i]);
			return fail_at(err, keyed->table.path, 0, 0);
		}
	return 0;
}

static int take_experts(struct keyed *keyed, struct arena *arena, struct explorer_run *into, struct error *err)
{
	static const char *const keys[] = { "step", "layer", "expert", NULL };
	TRY(read_keys(keyed, keys, arena, err));
	TRY(check_counted(keyed, 1, "layer", err));
	TRY(check_counted(keyed, 2, "expert", err));
	TRY(take_grid(keyed, "assigned", arena, &into->load, err));
	into->layers = keyed->ids[1].n;
	into->experts = keyed->ids[2].n;
	return take_steps(keyed, arena, into, err);
}

/* The steps of another file of the run, and as many layers. */
static int check_same(const struct keyed *keyed, const struct explorer_run *run, struct error *err)
{
	bool same = keyed->ids[0].n == run->steps && keyed->ids[1].n == run->layers;
	for (size_t i = 0; same && i < run->steps; i++)
		same = strcmp(keyed->ids[0].name[i], text_keep_f("%lld", (long long)run->step[i])) == 0;
	if (same)
		return 0;
	fail(err, ERROR_USER, "has other steps or layers than experts.csv");
	return fail_at(err, keyed->table.path, 0, 0);
}

static int take_domains(struct keyed *keyed, struct arena *arena, struct explorer_run *into, struct error *err)
{
	static const char *const keys[] = { "step", "layer", "domain", "expert", NULL };
	TRY(read_keys(keyed, keys, arena, err));
	TRY(check_same(keyed, into, err));
	TRY(check_counted(keyed, 3, "expert", err));
	TRY(take_grid(keyed, "tokens", arena, &into->joint, err));
	if (keyed->ids[3].n != into->experts) {
		fail(err, ERROR_USER, "has %zu experts, and experts.csv %zu", keyed->ids[3].n, into->experts);
		return fail_at(err, keyed->table.path, 0, 0);
	}
	into->domains = keyed->ids[2].n;
	into->domain = keyed->ids[2].name;
	return 0;
}

/* The cells of a row of tokens.csv. */
struct token_columns {
	int expert, weight, domain, id, text, position;
};

static int find_columns(const struct keyed *keyed, struct token_columns *at, struct error *err)
{
	TRY(run_folder_column(&keyed->table, "expert", &at->expert, err));
	TRY(run_folder_column(&keyed->table, "weight", &at->weight, err));
	TRY(run_folder_column(&keyed->table, "domain", &at->domain, err));
	TRY(run_folder_column(&keyed->table, "token_id", &at->id, err));
	TRY(run_folder_column(&keyed->table, "text", &at->text, err));
	return run_folder_column(&keyed->table, "position", &at->position, err);
}

static int whole(const struct keyed *keyed, size_t row, int column, int64_t *value, struct error *err)
{
	if (text_to_int(csv_cell(&keyed->table, row, column), value))
		return 0;
	return refuse_row(keyed, row, text_keep_f("'%s' is not a whole number", csv_cell(&keyed->table, row, column)), err);
}

/* Without the apostrophe that keeps a spreadsheet from running it. */
static const char *plain_text(const char *cell)
{
	return text_keep(cell[0] == '\'' && cell[1] && strchr("=+-@", cell[1]) ? cell + 1 : cell);
}

static int take_token(const struct keyed *keyed, size_t row, const struct token_columns *at,
					  struct explorer_token *token, struct error *err)
{
	token->text = plain_text(csv_cell(&keyed->table, row, at->text));
	token->domain = text_keep(csv_cell(&keyed->table, row, at->domain));
	TRY(whole(keyed, row, keyed->column[2], &token->number, err));
	TRY(whole(keyed, row, at->id, &token->id, err));
	return whole(keyed, row, at->position, &token->position, err);
}

static int take_pick(const struct keyed *keyed, size_t row, const struct token_columns *at, size_t experts,
					 struct explorer_pick *pick, struct error *err)
{
	TRY(whole(keyed, row, at->expert, &pick->expert, err));
	if (pick->expert < -1 || pick->expert >= (int64_t)experts)
		return refuse_row(keyed, row, text_keep_f("there is no expert %lld", (long long)pick->expert), err);
	double weight = csv_number(&keyed->table, row, at->weight, NULL);
	pick->weight = isfinite(weight) ? weight : 0;
	return 0;
}

/* Where the picks of every step, layer and token begin; each has one row at least. */
static int count_picks(const struct keyed *keyed, struct arena *arena, struct explorer_run *into, struct error *err)
{
	size_t cells = into->steps * into->layers, rows = keyed->table.rows;
	bool fits = into->tokens <= rows / cells;
	into->first = ARENA_TAKE(arena, (fits ? cells * into->tokens : 0) + 1, size_t);
	for (size_t row = 0; fits && row < rows; row++)
		into->first[place_in_grid(keyed, row) + 1]++;
	for (size_t i = 0; fits && i < cells * into->tokens; i++) {
		fits = into->first[i + 1] > 0;
		into->first[i + 1] += into->first[i];
	}
	if (fits)
		return 0;
	fail(err, ERROR_USER, "lacks a token in some step or layer");
	return fail_at(err, keyed->table.path, 0, 0);
}

static int take_tokens(struct keyed *keyed, struct arena *arena, struct explorer_run *into, struct error *err)
{
	static const char *const keys[] = { "step", "layer", "token", NULL };
	struct token_columns at;
	TRY(read_keys(keyed, keys, arena, err));
	TRY(find_columns(keyed, &at, err));
	TRY(check_same(keyed, into, err));
	into->tokens = keyed->ids[2].n;
	TRY(count_picks(keyed, arena, into, err));
	into->token = ARENA_TAKE(arena, into->tokens, struct explorer_token);
	into->pick = ARENA_TAKE(arena, keyed->table.rows, struct explorer_pick);
	size_t *next = ARENA_TAKE(arena, into->steps * into->layers * into->tokens, size_t);
	for (size_t row = 0; row < keyed->table.rows; row++) {
		size_t cell = place_in_grid(keyed, row);
		TRY(take_token(keyed, row, &at, &into->token[keyed->id[row][2]], err));
		TRY(take_pick(keyed, row, &at, into->experts, &into->pick[into->first[cell] + next[cell]++], err));
	}
	return 0;
}

typedef int (*taker)(struct keyed *, struct arena *, struct explorer_run *, struct error *);

static int read_file(const struct run_folder *run, const char *file, taker take, struct arena *arena,
					 struct explorer_run *into, struct error *err)
{
	struct keyed keyed = { .keys = 0 };
	TRY(run_folder_table(run, file, &keyed.table, err));
	int status = keyed.table.rows ? take(&keyed, arena, into, err) : 0;
	csv_table_free(&keyed.table);
	return status;
}

int explorer_run_read(const struct run_folder *run, struct arena *arena, struct explorer_run *into, struct error *err)
{
	*into = (struct explorer_run){ .label = run->name };
	TRY(read_file(run, "experts.csv", take_experts, arena, into, err));
	if (into->steps == 0)
		return 0;
	TRY(read_file(run, "domains.csv", take_domains, arena, into, err));
	return read_file(run, "tokens.csv", take_tokens, arena, into, err);
}
