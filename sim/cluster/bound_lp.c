/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bound_lp.c -- a lower bound of the fullest device from a linear program over what devices can hold.
 */
#include <config.h>

#include "sim/cluster/bound_lp.h"

#ifndef HAVE_GLPK

double placement_bound_lp(const struct placement_shape *shape, const uint64_t *load, double low, double high)
{
	(void)shape;
	(void)load;
	(void)high;
	return low;
}

#else

#include <glpk.h>
#include <stdlib.h>

enum { BUCKETS = 2048, ITEMS_MOST = 1024, PATTERNS_MOST = 2000 };
/* Steps of the knapsack's innermost loop; some 0.2 s in all. */
static const double work_limit = 2e8;

/* A copy of an expert that is split into so many. */
struct item {
	uint32_t expert, copies;
	size_t size; /* in buckets, rounded down: that allows more, so that a bound stays one */
	double worth;
};

struct program {
	const struct placement_shape *shape;
	const uint64_t *load;
	size_t room, n;    /* slots of a device; items */
	struct item *item; /* [n] by expert */
	glp_prob *lp;      /* rows: the devices, each item, each expert; columns: y and slack of each item, patterns */
	double *best;      /* [room + 1][BUCKETS + 1] of the knapsack */
	uint32_t *last;    /* [room + 1][BUCKETS + 1] 1 + the item that came last, 0: none */
	double work;
	struct arena arena;
};

/* The splits that keep each copy at or below the load. */
static bool find_items(struct program *program, double load)
{
	const struct placement_shape *shape = program->shape;
	size_t most = shape->slots - shape->experts + 1;
	program->n = 0;
	for (uint32_t e = 0; e < shape->experts; e++) {
		size_t limit = program->load[e] > 0 ? most : 1, before = program->n;
		for (size_t c = 1; c <= limit; c++) {
			double share = (double)program->load[e] / (double)c;
			if (share > load)
				continue;
			if (program->n == ITEMS_MOST)
				return false;
			program->item[program->n++] =
				(struct item){ e, (uint32_t)c, (size_t)(share / load * BUCKETS * (1 - 1e-12)), 0 };
		}
		if (program->n == before)
			return false;
	}
	return true;
}

static int row_of_item(size_t i)
{
	return (int)i + 2;
}

static int row_of_expert(const struct program *program, uint32_t expert)
{
	return (int)(program->n + expert) + 2;
}

static void set_column(glp_prob *lp, int column, int n, const int *row, const double *value, double cost)
{
	glp_set_col_bnds(lp, column, GLP_LO, 0, 0);
	glp_set_obj_coef(lp, column, cost);
	glp_set_mat_col(lp, column, n, row, value);
}

/* Without patterns: all that is needed is slack, which costs. */
static void begin(struct program *program)
{
	glp_prob *lp = program->lp = glp_create_prob();
	size_t n = program->n, experts = program->shape->experts;
	glp_set_obj_dir(lp, GLP_MIN);
	glp_add_rows(lp, (int)(1 + n + experts));
	glp_add_cols(lp, (int)(2 * n));
	glp_set_row_bnds(lp, 1, GLP_UP, 0, (double)program->shape->devices);
	for (size_t i = 0; i < n; i++)
		glp_set_row_bnds(lp, row_of_item(i), GLP_LO, 0, 0);
	for (uint32_t e = 0; e < experts; e++)
		glp_set_row_bnds(lp, row_of_expert(program, e), GLP_FX, 1, 1);
	for (size_t i = 0; i < n; i++) {
		int row[3] = { 0, row_of_item(i), row_of_expert(program, program->item[i].expert) };
		double split[3] = { 0, -(double)program->item[i].copies, 1 }, slack[2] = { 0, 1 };
		set_column(lp, (int)(2 * i) + 1, 2, row, split, 0);
		set_column(lp, (int)(2 * i) + 2, 1, row, slack, 1);
	}
}

static void take_worths(struct program *program)
{
	for (size_t i = 0; i < program->n; i++) {
		double worth = glp_get_row_dual(program->lp, row_of_item(i));
		program->item[i].worth = worth < 0 ? 0 : worth > 1 ? 1 : worth;
	}
}

/* The pattern that is worth most: at most `room` items whose sizes fit. */
static double knapsack(struct program *program)
{
	size_t width = BUCKETS + 1;
	for (size_t b = 0; b < width; b++)
		program->best[b] = 0;
	for (size_t k = 1; k <= program->room; k++) {
		double *best = program->best + k * width, *before = best - width;
		uint32_t *last = program->last + k * width;
		for (size_t b = 0; b < width; b++) {
			best[b] = before[b];
			last[b] = 0;
		}
		for (size_t i = 0; i < program->n; i++) {
			const struct item *item = &program->item[i];
			for (size_t b = item->size; item->worth > 0 && b < width; b++)
				if (before[b - item->size] + item->worth > best[b]) {
					best[b] = before[b - item->size] + item->worth;
					last[b] = (uint32_t)i + 1;
				}
		}
	}
	program->work += (double)program->room * (double)program->n * BUCKETS;
	return program->best[program->room * width + BUCKETS];
}

/* Adds the knapsack's pattern to the program. */
static void add_pattern(struct program *program)
{
	int row[64] = { 0, 1 }, n = 1;
	double value[64] = { 0, 1 };
	size_t b = BUCKETS;
	for (size_t k = program->room; k > 0; k--) {
		uint32_t last = program->last[k * (BUCKETS + 1) + b];
		if (last == 0)
			continue;
		int at = 2, own = row_of_item(last - 1);
		b -= program->item[last - 1].size;
		while (at <= n && row[at] != own)
			at++;
		if (at > n)
			row[n = at] = own;
		value[at]++;
	}
	set_column(program->lp, glp_add_cols(program->lp, 1), n, row, value, 0);
}

/* What all experts need at least at these worths, less what all devices can offer: above 0 it cannot be done. */
static double shortage(const struct program *program, double most)
{
	double needed = 0;
	for (size_t i = 0; i < program->n;) {
		double least = program->item[i].worth * program->item[i].copies;
		for (uint32_t e = program->item[i].expert; i < program->n && program->item[i].expert == e; i++) {
			double worth = program->item[i].worth * program->item[i].copies;
			least = worth < least ? worth : least;
		}
		needed += least;
	}
	return needed - most * (double)program->shape->devices;
}

/* Is it proved that no placement has all devices at or below the load? */
static bool is_out_of_reach(struct program *program, double load)
{
	bool proved = false;
	glp_smcp how;
	if (!find_items(program, load))
		return false;
	begin(program);
	glp_init_smcp(&how);
	how.msg_lev = GLP_MSG_OFF;
	for (int patterns = 0; patterns < PATTERNS_MOST && program->work < work_limit; patterns++) {
		if (glp_simplex(program->lp, &how) != 0 || glp_get_obj_val(program->lp) < 1e-9)
			break;
		take_worths(program);
		double most = knapsack(program), offered = -glp_get_row_dual(program->lp, 1);
		proved = shortage(program, most) > 1e-9 * (double)program->shape->devices;
		if (proved || most <= offered + 1e-9)
			break;
		add_pattern(program);
	}
	glp_delete_prob(program->lp);
	return proved;
}

double placement_bound_lp(const struct placement_shape *shape, const uint64_t *load, double low, double high)
{
	struct program program = { .shape = shape, .load = load, .room = shape->slots / shape->devices };
	if (program.room > 60 || !(low > 0))
		return low;
	size_t cells = (program.room + 1) * (BUCKETS + 1);
	program.item = ARENA_TAKE(&program.arena, ITEMS_MOST, struct item);
	program.best = ARENA_TAKE(&program.arena, cells, double);
	program.last = ARENA_TAKE(&program.arena, cells, uint32_t);
	while (high - low > 1e-4 * high && program.work < work_limit) {
		double middle = 0.5 * (low + high);
		if (is_out_of_reach(&program, middle))
			low = middle;
		else
			high = middle;
	}
	arena_free(&program.arena);
	glp_free_env();
	return low;
}

#endif
