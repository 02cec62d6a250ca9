/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * route_tables.c -- a routed batch as rows: its choices, or its metrics and losses.
 */
#include <config.h>

#include "experiments/cli/route_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/real.h"
#include "sim/base/text.h"
#include "sim/metrics/load.h"

/* A line of the output, before it has its number. */
struct line {
	uint32_t token, expert, rank, dropped;
	real choice;
};

/* By token; then the better choice first, which where experts choose has no rank. */
static int compare_lines(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	if (a->token != b->token)
		return a->token < b->token ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->choice < b->choice || a->choice > b->choice)
		return a->choice > b->choice ? -1 : 1;
	return a->expert < b->expert ? -1 : a->expert > b->expert;
}

static real at_expert(const real *of, size_t experts, const struct line *line)
{
	return of ? of[line->token * experts + line->expert] : 0;
}

static struct line *sorted_lines(const struct router *router, size_t experts, struct arena *arena)
{
	const struct planner *planner = &router->planner;
	const struct moe_picks *picks = &planner->picks;
	struct line *line = ARENA_TAKE(arena, picks->n, struct line);
	for (size_t i = 0; i < picks->n; i++) {
		line[i] = (struct line){ picks->token[i], planner->to[i], picks->rank[i], planner->dropped[i], 0 };
		line[i].choice = at_expert(router->route.choice, experts, &line[i]);
	}
	if (picks->n > 0)
		qsort(line, picks->n, sizeof *line, compare_lines);
	return line;
}

/* The combine weight; a token's pairs stand in the order of their experts. */
static real weight_of(const struct moe_plan *plan, const struct line *line)
{
	size_t low = plan->token_first[line->token], high = plan->token_first[line->token + 1];
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (plan->expert[plan->by_token[middle]] <= line->expert)
			low = middle;
		else
			high = middle;
	}
	return plan->weight[plan->by_token[low]];
}

static void put_line(struct csv_writer *out, const struct router *router, size_t experts, const struct line *line,
					 uint32_t number)
{
	csv_int(out, line->token);
	csv_int(out, number);
	csv_int(out, line->expert);
	if (router->route.scores)
		csv_real(out, at_expert(router->route.scores, experts, line));
	else
		csv_empty(out);
	csv_real(out, line->dropped ? 0 : weight_of(&router->plan, line));
	csv_int(out, !line->dropped);
	csv_row(out);
}

enum { AT_A_TIME = 4096 };

int route_choices(struct csv_writer *out, const struct router *router, const struct moe_call *call, struct arena *arena,
				  struct error *err)
{
	size_t n = router->planner.picks.n;
	struct line *line = sorted_lines(router, call->experts, arena);
	uint32_t number = 0;
	for (size_t i = 0; i < n; i++) {
		number = i > 0 && line[i].token == line[i - 1].token ? number + 1 : 0;
		put_line(out, router, call->experts, &line[i], number);
		if (i % AT_A_TIME == AT_A_TIME - 1)
			TRY(csv_flush(out, err));
	}
	return 0;
}

static void put_metric(struct csv_writer *out, const char *name, double value)
{
	if (isnan(value))
		return;
	csv_text(out, name);
	csv_double(out, value);
	csv_row(out);
}

/* A column of steps.csv stands for all balancers that write into it. */
static void put_losses(struct csv_writer *out, const struct router *router)
{
	const struct sentence *sentence = router->sentence;
	for (size_t i = 0; i < sentence->balancers; i++) {
		const char *name = ((const struct moe_balancer *)sentence->balancer[i].part)->column;
		double value = 0, weighted = 0;
		bool first = true;
		for (size_t j = 0; name && j < sentence->balancers; j++) {
			const char *other = ((const struct moe_balancer *)sentence->balancer[j].part)->column;
			if (other == NULL || strcmp(other, name) != 0)
				continue;
			first = first && j >= i;
			value += router->term[j].value;
			weighted += router->term[j].value * router->term[j].weight;
		}
		if (name == NULL || !first)
			continue;
		put_metric(out, name, value);
		put_metric(out, text_keep_f("%s_weighted", name), weighted);
	}
}

void route_metrics(struct csv_writer *out, const struct router *router, const struct moe_call *call,
				   struct arena *arena)
{
	struct load load;
	struct metrics metrics;
	uint32_t *domain = ARENA_TAKE(arena, call->tokens, uint32_t); /* all 0 */
	load_create(&load, call->experts, 1, call->length, arena);
	load_clear(&load);
	load_add(&load, router, domain);
	load_metrics(&load, &metrics);
	put_metric(out, "tokens", load.tokens);
	put_metric(out, "experts", (double)(load.experts - load.bare));
	for (size_t i = 0; i < METRIC_COUNT; i++)
		put_metric(out, metric_rows[i].name, metric_value(&metric_rows[i], &metrics));
	put_losses(out, router);
}
