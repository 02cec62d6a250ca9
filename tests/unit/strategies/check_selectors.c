/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_selectors.c -- selectors against references of a few lines, on values that lie apart, nearly tie, are all equal
 * or negative, for one token, one expert, and as many choices as experts.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"
#include "strategies/catalog.h"

enum { MOST_TOKENS = 48, MOST_EXPERTS = 12, ROOM = MOST_TOKENS * MOST_EXPERTS };

static struct moe_route route;
static struct moe_call *const call = &route.call;
static struct moe_rng numbers;
static real logits[ROOM], choice[ROOM];
static uint32_t id[MOST_TOKENS], token[ROOM], expert[ROOM], rank[ROOM];
static struct moe_picks picks = { .max = ROOM, .token = token, .expert = expert, .rank = rank };

/* What a selector remembers from one call to the next. */
static double memory[30 * MOST_EXPERTS];

/* rank + 1 of each token's pick of each expert; 0: not picked. */
static size_t picked[MOST_TOKENS][MOST_EXPERTS];

static const struct shape {
	size_t sequences, length, experts, k;
} shapes[] = { { 4, 12, 10, 3 }, { 1, 1, 10, 3 }, { 4, 12, 12, 12 }, { 3, 1, 1, 1 },
			   { 1, 7, 12, 4 },  { 2, 3, 12, 1 }, { 1, 48, 6, 2 },   { 3, 5, 8, 7 } };
enum { SHAPES = sizeof shapes / sizeof *shapes };

enum values { APART, NEARLY_TIED, EQUAL, NEGATIVE, COARSE, KINDS };

static void setup(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	numbers = seed_stream(7, "numbers", 0);
	memset(memory, 0, sizeof memory);
	route = (struct moe_route){ .of.id = id, .logits = logits, .scores = choice, .choice = choice };
}

static real draw_value(enum values kind)
{
	static const real all[KINDS] = { 0, (real)0.25, (real)0.125, 0, 0 };
	real spread = (real)moe_uniform(&numbers);
	if (kind == NEARLY_TIED)
		return all[kind] + (real)moe_below(&numbers, 4) * (real)2.9802322e-8; /* a last bit of a float */
	if (kind == EQUAL)
		return all[kind];
	if (kind == COARSE)
		return (real)moe_below(&numbers, 4);
	return kind == NEGATIVE ? -spread - 1 : spread;
}

static void draw_batch(const struct shape *shape, enum values kind)
{
	*call = (struct moe_call){ .tokens = shape->sequences * shape->length,
							   .sequences = shape->sequences,
							   .length = shape->length,
							   .experts = shape->experts,
							   .k = shape->k,
							   .vocabulary = 30,
							   .step = 1,
							   .training = true };
	for (size_t i = 0; i < call->tokens * call->experts; i++)
		choice[i] = draw_value(kind);
	for (size_t i = 0; i < call->tokens * call->experts; i++)
		logits[i] = draw_value(kind);
	for (size_t t = 0; t < call->tokens; t++)
		id[t] = (uint32_t)moe_below(&numbers, call->vocabulary);
}

/* The part with its options, or NULL when they do not fit the call. */
static const struct moe_selector *fitting(const char *name, const char *list, struct part_use *use)
{
	const struct moe_part *part = catalog_part(MOE_SELECTOR, name);
	struct error err = { .code = ERROR_NONE };
	char complaint[160];
	ck_assert_ptr_nonnull(part);
	*use = part_use_of(part);
	ck_assert_msg(part_use_set(use, list, &err) == 0, "%s", err.text);
	if (part->check && !part->check(call, use->opt, complaint, sizeof complaint))
		return NULL;
	return (const struct moe_selector *)part;
}

static void *filled(size_t size)
{
	void *bytes = malloc(size + 1);
	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 165, size + 1);
	return bytes;
}

static void spread_picks(size_t most)
{
	memset(picked, 0, sizeof picked);
	ck_assert_uint_le(picks.n, most);
	for (size_t i = 0; i < picks.n; i++) {
		ck_assert_uint_lt(token[i], call->tokens);
		ck_assert_uint_lt(expert[i], call->experts);
		ck_assert_uint_eq(picked[token[i]][expert[i]], 0);
		picked[token[i]][expert[i]] = rank[i] + 1;
	}
}

/* Runs a selector, which then settles when it is told so; false: its options do not fit this call. */
static bool run_and(bool settle, const char *name, const char *list)
{
	struct part_use use;
	const struct moe_selector *selector = fitting(name, list, &use);
	if (selector == NULL)
		return false;
	const struct moe_part *part = &selector->part;
	struct moe_rng rng = seed_stream(5, "part/train", call->step);
	struct moe_rng table = seed_stream(5, "part/table", (uint64_t)call->layer << 32);
	void *scratch = filled(part->scratch_size ? part->scratch_size(call, use.opt) : 0);
	const struct moe_self self = { .opt = use.opt, .state = memory, .scratch = scratch, .rng = &rng, .table = &table };
	ck_assert(part->state_size == NULL || part->state_size(call, use.opt) <= sizeof memory);
	picks.n = 0;
	selector->select(&self, &route, &picks);
	if (settle)
		part->settle(&self, &route);
	free(scratch);
	spread_picks(selector->max_picks ? selector->max_picks(call, use.opt) : call->tokens * call->k);
	return true;
}

static bool run(const char *name, const char *list)
{
	return run_and(false, name, list);
}

/* How many of value[0 .. n-1] are better than the i-th; the lower place wins a tie. */
static size_t better_than(const real *value, size_t n, size_t i)
{
	size_t better = 0;
	for (size_t j = 0; j < n; j++)
		better += value[j] > value[i] || (!(value[j] < value[i]) && j < i);
	return better;
}

/* Each token has k different experts, at the ranks 0 .. k - 1. */
static void check_ranks(void)
{
	for (size_t t = 0; t < call->tokens; t++) {
		bool seen[MOST_EXPERTS + 1] = { false };
		for (size_t e = 0; e < call->experts; e++)
			seen[picked[t][e]] = true;
		for (size_t r = 1; r <= call->k; r++)
			ck_assert(seen[r]);
	}
	ck_assert_uint_eq(picks.n, call->tokens * call->k);
}

static void check_best(const real *value)
{
	for (size_t t = 0; t < call->tokens; t++)
		for (size_t e = 0; e < call->experts; e++) {
			size_t place = better_than(value + t * call->experts, call->experts, e);
			ck_assert_uint_eq(picked[t][e], place < call->k ? place + 1 : 0);
		}
}

/* ---- group-quota ----------------------------------------------------------------------------------------------- */

/* Picked if among the best k / groups of its group; the rank is the place among all that are picked. */
static void check_quota(size_t groups)
{
	size_t size = call->experts / groups;
	for (size_t t = 0; t < call->tokens; t++) {
		const real *row = choice + t * call->experts;
		real kept[MOST_EXPERTS];
		for (size_t e = 0; e < call->experts; e++) {
			bool well = better_than(row + e / size * size, size, e % size) < call->k / groups;
			kept[e] = well ? row[e] : (real)-INFINITY;
			ck_assert_uint_eq(picked[t][e] > 0, well);
		}
		for (size_t e = 0; e < call->experts; e++)
			ck_assert(picked[t][e] == 0 || picked[t][e] == better_than(kept, call->experts, e) + 1);
	}
}

START_TEST(quotas_as_each_group_says)
{
	size_t well = 0;
	for (enum values kind = APART; kind < KINDS; kind++)
		for (size_t groups = 1; groups <= 12; groups++) {
			draw_batch(&shapes[_i], kind);
			bool fits = call->experts % groups == 0 && call->k % groups == 0;
			ck_assert(run("group-quota", text_keep_f("groups=%zu", groups)) == fits);
			if (fits)
				check_quota(groups);
			well += fits;
		}
	ck_assert_uint_ge(well, KINDS);
}
END_TEST

/* Two groups of four: .9 .8 .7 .6 | .5 .4 .3 .2; plain top-2 takes 0 and 1. */
START_TEST(a_quota_by_hand)
{
	static const real row[] = { (real).9, (real).8, (real).7, (real).6, (real).5, (real).4, (real).3, (real).2 };
	draw_batch(&(const struct shape){ 1, 1, 8, 4 }, APART);
	memcpy(choice, row, sizeof row);
	ck_assert(run("group-quota", "groups=2"));
	static const uint32_t wanted[] = { 0, 1, 4, 5 };
	ck_assert_mem_eq(expert, wanted, sizeof wanted);
	ck_assert(run("group-quota", "groups=4"));
	static const uint32_t pairs[] = { 0, 2, 4, 6 };
	ck_assert_mem_eq(expert, pairs, sizeof pairs);
}
END_TEST

/* ---- round-robin ----------------------------------------------------------------------------------------------- */

START_TEST(in_turn_all_have_the_same)
{
	size_t count[MOST_EXPERTS] = { 0 }, next = 0, least, most;
	draw_batch(&shapes[_i], APART);
	ck_assert(run("round-robin", ""));
	check_ranks();
	for (size_t i = 0; i < picks.n; i++) {
		ck_assert_uint_eq(expert[i], next);
		next = next + 1 < call->experts ? next + 1 : 0;
		count[expert[i]]++;
	}
	least = most = count[0];
	for (size_t e = 1; e < call->experts; e++) {
		least = count[e] < least ? count[e] : least;
		most = count[e] > most ? count[e] : most;
	}
	ck_assert_uint_le(most - least, 1);
}
END_TEST

/* ---- hash ------------------------------------------------------------------------------------------------------ */

static uint32_t before(size_t t)
{
	return t % call->length ? id[t - 1] : (uint32_t)call->vocabulary;
}

/* What decides, as one number. */
static size_t key_of(const char *of, size_t t)
{
	if (strcmp(of, "position") == 0)
		return t % call->length;
	if (strcmp(of, "token") == 0)
		return id[t];
	return strcmp(of, "previous") == 0 ? before(t) : id[t] * 31 + before(t);
}

/* Equal keys go to the same experts at the same ranks; other keys to others, now and then. */
START_TEST(a_hash_depends_on_its_key_alone)
{
	static const char *const keys[] = { "token", "previous", "bigram", "position" };
	static size_t table[31 * 31][MOST_EXPERTS];
	static bool seen[31 * 31];
	const char *of = keys[_i];
	size_t again = 0, others = 0, last = SIZE_MAX;
	memset(seen, 0, sizeof seen);
	for (size_t step = 1; step <= 60; step++) {
		draw_batch(&shapes[0], APART);
		call->step = step;
		call->training = step % 2;
		ck_assert(run("hash", text_keep_f("of=%s", of)));
		check_ranks();
		for (size_t t = 0; t < call->tokens; t++) {
			size_t key = key_of(of, t);
			if (seen[key])
				ck_assert_mem_eq(table[key], picked[t], sizeof picked[t]);
			again += seen[key];
			seen[key] = true;
			memcpy(table[key], picked[t], sizeof picked[t]);
			others += last != SIZE_MAX && memcmp(table[last], table[key], sizeof table[key]) != 0;
			last = key;
		}
	}
	ck_assert_uint_gt(again, 1000);
	ck_assert_uint_gt(others, 1000);
}
END_TEST

/* A bigram is no sum of its words: of all pairs of 30 words nearly all find experts of their own (720 orders of 3 in
 * 10). */
START_TEST(bigrams_differ_in_either_word)
{
	size_t same = 0, pairs = 0;
	draw_batch(&(const struct shape){ 1, 48, 10, 3 }, APART);
	for (size_t t = 0; t < 48; t++)
		id[t] = (uint32_t)(t / 2 % 2 ? t % 2 ? 5 : 9 : t % 2 ? 9 : 5); /* 5 9 9 5 5 9 9 5: all four pairs */
	ck_assert(run("hash", "of=bigram"));
	for (size_t t = 1; t < 48; t++)
		for (size_t u = 1; u < t; u++) {
			bool like = id[t] == id[u] && id[t - 1] == id[u - 1];
			bool equal = memcmp(picked[t], picked[u], sizeof picked[t]) == 0;
			ck_assert(!like || equal);
			same += !like && equal;
			pairs += !like;
		}
	ck_assert_uint_gt(pairs, 500);
	ck_assert_uint_eq(same, 0);
}
END_TEST

/* Each table chooses in its own block; blocks do not move together. */
START_TEST(tables_have_blocks_of_their_own)
{
	size_t differ = 0, well = 0;
	for (size_t tables = 1; tables <= 12; tables++) {
		draw_batch(&shapes[_i], APART);
		bool fits = call->experts % tables == 0 && call->k % tables == 0;
		ck_assert(run("hash", text_keep_f("tables=%zu", tables)) == fits);
		if (!fits)
			continue;
		well++;
		check_ranks();
		size_t size = call->experts / tables, each = call->k / tables;
		for (size_t i = 0; i < picks.n; i++) {
			ck_assert_uint_eq(expert[i] / size, rank[i] / each);
			differ += rank[i] >= each && expert[i] % size != expert[i - each] % size;
		}
	}
	ck_assert_uint_ge(well, 1);
	if (shapes[_i].experts == 12 && shapes[_i].k == 4) /* where a block has a choice to make */
		ck_assert_uint_gt(differ, 0);
}
END_TEST

/* The longest processing time first: whoever is most frequent goes to where there is least, all ids being counted. */
START_TEST(balanced_by_the_first_batch)
{
	size_t n[30] = { 0 }, wanted[30][MOST_EXPERTS] = { { 0 } }, order[30];
	double load[MOST_EXPERTS] = { 0 };
	draw_batch(&shapes[_i], APART);
	for (size_t t = 0; t < call->tokens; t++) {
		id[t] = id[t] / (uint32_t)(1 + t % 3); /* some are frequent */
		n[id[t]]++;
	}
	for (size_t i = 0; i < 30; i++) {
		size_t place = 0;
		for (size_t j = 0; j < 30; j++)
			place += n[j] > n[i] || (n[j] == n[i] && j < i);
		order[place] = i;
	}
	for (size_t i = 0; i < 30; i++)
		for (size_t r = 1; r <= call->k; r++) {
			size_t best = MOST_EXPERTS;
			for (size_t e = call->experts; e-- > 0;)
				if (!wanted[order[i]][e] && (best == MOST_EXPERTS || load[e] <= load[best]))
					best = e;
			wanted[order[i]][best] = r;
			load[best] += 30 * (double)n[order[i]] + 1;
		}
	ck_assert(run("hash", ""));
	size_t plain[MOST_TOKENS][MOST_EXPERTS];
	memcpy(plain, picked, sizeof plain);
	ck_assert(run_and(true, "hash", "balanced"));
	ck_assert_mem_eq(plain, picked, sizeof plain); /* nothing is known in the first step */
	for (size_t step = 2; step < 5; step++) {      /* and nothing is learned later on */
		draw_batch(&shapes[_i], APART);
		ck_assert(run_and(true, "hash", "balanced"));
		check_ranks();
		for (size_t t = 0; t < call->tokens; t++)
			ck_assert_mem_eq(picked[t], wanted[id[t]], sizeof *picked);
	}
}
END_TEST

/* ---- sampled --------------------------------------------------------------------------------------------------- */

/* The Gumbel-top-k trick in its own words, on the part's own stream. */
START_TEST(samples_are_the_largest_perturbed_logarithms)
{
	for (enum values kind = APART; kind < KINDS; kind++) {
		draw_batch(&shapes[_i], kind);
		ck_assert(run("sampled", ""));
		check_ranks();
		if (kind == NEGATIVE || kind == COARSE)
			continue;
		struct moe_rng rng = seed_stream(5, "part/train", call->step);
		for (size_t t = 0; t < call->tokens; t++) {
			double key[MOST_EXPERTS], at[MOST_EXPERTS + 1];
			for (size_t e = 0; e < call->experts; e++) {
				double gumbel = -log(-log((moe_bits(&rng) + 0.5) / 4294967296.0));
				key[e] = log((double)choice[t * call->experts + e]) + gumbel;
				at[picked[t][e]] = key[e];
			}
			for (size_t r = 2; r <= call->k; r++)
				ck_assert_double_ge(at[r - 1], at[r] - 1e-6);
			for (size_t e = 0; e < call->experts; e++)
				ck_assert(picked[t][e] || key[e] <= at[call->k] + 1e-6);
		}
	}
}
END_TEST

/* Without replacement: a first with chance c_a, then b with chance c_b / (1 - c_a). */
START_TEST(samples_come_as_often_as_they_should)
{
	static const double share[] = { 0.4, 0.3, 0.2, 0.1 };
	double count[4][4] = { { 0 } }, n = 0, chi = 0;
	draw_batch(&(const struct shape){ 1, 48, 4, 2 }, APART);
	for (size_t i = 0; i < 48 * 4; i++)
		choice[i] = (real)share[i % 4];
	for (call->step = 1; call->step <= 500; call->step++) {
		ck_assert(run("sampled", ""));
		for (size_t i = 0; i < picks.n; i += 2, n++)
			count[expert[i]][expert[i + 1]]++;
	}
	for (size_t a = 0; a < 4; a++)
		for (size_t b = 0; b < 4; b++) {
			double wanted = n * share[a] * share[b] / (1 - share[a]);
			chi += a == b ? 0 : (count[a][b] - wanted) * (count[a][b] - wanted) / wanted;
		}
	ck_assert_double_gt(gsl_cdf_chisq_Q(chi, 11), 1e-4);
}
END_TEST

/* What has no chance comes last, the lower expert first. */
START_TEST(nothing_is_sampled_before_what_has_a_chance)
{
	static const real row[] = { 0, -1, (real)1e-20, 0, 5, -3 };
	draw_batch(&(const struct shape){ 1, 1, 6, 4 }, APART);
	memcpy(choice, row, sizeof row);
	for (call->step = 1; call->step <= 50; call->step++) {
		ck_assert(run("sampled", ""));
		static const uint32_t wanted[] = { 4, 2, 0, 1 };
		ck_assert_mem_eq(expert, wanted, sizeof wanted);
	}
}
END_TEST

START_TEST(evaluation_is_greedy_unless_it_is_told)
{
	for (enum values kind = APART; kind < KINDS; kind++) {
		draw_batch(&shapes[_i], kind);
		call->training = false;
		ck_assert(run("sampled", ""));
		check_best(choice);
	}
	if (shapes[_i].k == 12 || shapes[_i].experts < 10 || shapes[_i].length < 7)
		return;
	size_t drawn[MOST_TOKENS][MOST_EXPERTS], same = 0;
	draw_batch(&shapes[_i], EQUAL);
	call->training = false;
	ck_assert(run("sampled", "evaluate=sampled"));
	memcpy(drawn, picked, sizeof drawn);
	for (size_t t = 0; t < call->tokens; t++)
		same += picked[t][0] == 1;
	ck_assert_uint_lt(same, call->tokens);
	call->training = true;
	ck_assert(run("sampled", "evaluate=greedy"));
	ck_assert_mem_eq(drawn, picked, sizeof drawn); /* training draws, whatever is said of evaluation */
}
END_TEST

/* ---- base ------------------------------------------------------------------------------------------------------ */

static double logit(size_t t, size_t e)
{
	return (double)logits[t * call->experts + e];
}

static size_t room(void)
{
	return (call->k * call->tokens + call->experts - 1) / call->experts;
}

/* The most that tokens t, t + 1, ... can have together when so many places are taken: every set of k experts is tried
 * for every token. */
static double most_from(size_t t, size_t *taken)
{
	double most = -INFINITY;
	if (t == call->tokens)
		return 0;
	for (unsigned set = 0; set < 1u << call->experts; set++) {
		double sum = 0;
		size_t n = 0;
		bool fits = true;
		for (size_t e = 0; e < call->experts; e++)
			if (set >> e & 1) {
				fits = taken[e]++ < room() && fits;
				sum += logit(t, e);
				n++;
			}
		if (fits && n == call->k)
			most = fmax(most, sum + most_from(t + 1, taken));
		for (size_t e = 0; e < call->experts; e++)
			taken[e] -= set >> e & 1;
	}
	return most;
}

static double sum_of_picks(void)
{
	double sum = 0;
	for (size_t i = 0; i < picks.n; i++)
		sum += logit(token[i], expert[i]);
	return sum;
}

START_TEST(an_assignment_is_the_best_of_all)
{
	for (int i = 0; i < 60; i++) {
		size_t experts = 1 + moe_below(&numbers, 4), k = 1 + moe_below(&numbers, experts), taken[4] = { 0 };
		struct shape shape = { 1, 1 + moe_below(&numbers, experts == 4 && k == 2 ? 5 : 6), experts, k };
		draw_batch(&shape, (enum values)_i);
		for (size_t j = 0; _i == COARSE && j < call->tokens; j++) /* one expert that all want most */
			logits[j * experts] += 2;
		ck_assert(run("base", ""));
		check_ranks();
		ck_assert_double_eq_tol(sum_of_picks(), most_from(0, taken), 1e-6);
	}
}
END_TEST

/* What the members of expert i lose at least when one of them moves to j. */
static double loss_of_move(size_t i, size_t j)
{
	double loss = INFINITY;
	for (size_t t = 0; t < call->tokens; t++)
		if (picked[t][i] && !picked[t][j])
			loss = fmin(loss, logit(t, i) - logit(t, j));
	return loss;
}

/* No round of moves, and no row of moves that ends where there is room, gains anything: the assignment is optimal
 * (Klein 1967).  All ways between experts by Floyd and Warshall. */
static void check_nobody_gains(void)
{
	double way[MOST_EXPERTS][MOST_EXPERTS];
	size_t load[MOST_EXPERTS] = { 0 };
	for (size_t i = 0; i < picks.n; i++)
		load[expert[i]]++;
	for (size_t i = 0; i < call->experts; i++)
		for (size_t j = 0; j < call->experts; j++)
			way[i][j] = i == j ? 0 : loss_of_move(i, j);
	for (size_t m = 0; m < call->experts; m++)
		for (size_t i = 0; i < call->experts; i++)
			for (size_t j = 0; j < call->experts; j++)
				way[i][j] = fmin(way[i][j], way[i][m] + way[m][j]);
	for (size_t i = 0; i < call->experts; i++) {
		ck_assert_uint_le(load[i], room());
		for (size_t j = 0; j < call->experts; j++)
			ck_assert(way[i][j] >= -1e-6 || (i != j && load[j] == room()));
	}
}

START_TEST(nobody_gains_by_moving_on)
{
	for (enum values kind = APART; kind < KINDS; kind++)
		for (int i = 0; i < 10; i++) {
			draw_batch(&shapes[_i], kind);
			for (size_t t = 0; i % 2 && t < call->tokens; t++)
				logits[t * call->experts + moe_below(&numbers, call->experts) / 2] += (real)0.5; /* a crowd */
			ck_assert(run("base", ""));
			check_ranks();
			check_nobody_gains();
		}
}
END_TEST

/* What is no number, or has no bound, may go anywhere, but it goes. */
START_TEST(an_assignment_bears_any_logits)
{
	static const double odd[] = { NAN, INFINITY, -INFINITY, 3e38, -3e38, 0 };
	for (int i = 0; i < 20; i++) {
		draw_batch(&shapes[_i], APART);
		for (size_t j = 0; j < call->tokens * call->experts; j++)
			if (moe_below(&numbers, 3) == 0)
				logits[j] = (real)odd[moe_below(&numbers, 6)];
		ck_assert(run("base", ""));
		ck_assert_uint_eq(picks.n, call->tokens * call->k);
	}
}
END_TEST

/* ---- sinkhorn -------------------------------------------------------------------------------------------------- */

/* Megatron-LM's iterations on exp(z) as it is; plan[t][e]. */
static void scale_by_turns(double plan[MOST_TOKENS][MOST_EXPERTS])
{
	size_t tokens = call->tokens, experts = call->experts;
	double d0[MOST_TOKENS], d1[MOST_EXPERTS], error = 1;
	for (size_t e = 0; e < experts; e++)
		d1[e] = 1;
	for (int rounds = 0; error > 1e-4 && rounds < 1000; rounds++) {
		for (size_t t = 0; t < tokens; t++) {
			double sum = 0;
			for (size_t e = 0; e < experts; e++)
				sum += d1[e] * exp(logit(t, e));
			d0[t] = 1 / (double)tokens / (sum + 1e-8);
		}
		error = 0;
		for (size_t e = 0; e < experts; e++) {
			double sum = 0, old = d1[e];
			for (size_t t = 0; t < tokens; t++)
				sum += d0[t] * exp(logit(t, e));
			d1[e] = 1 / (double)experts / (sum + 1e-8);
			error += fabs(d1[e] - old) / (double)experts;
		}
	}
	for (size_t t = 0; t < tokens; t++)
		for (size_t e = 0; e < experts; e++)
			plan[t][e] = d1[e] * exp(logit(t, e)) * d0[t];
}

START_TEST(sinkhorn_takes_the_largest_of_the_plan)
{
	for (enum values kind = APART; kind < KINDS; kind++) {
		double plan[MOST_TOKENS][MOST_EXPERTS];
		draw_batch(&shapes[_i], kind);
		for (size_t t = 0; t < call->tokens; t++)
			logits[t * call->experts] += 1; /* what many want */
		ck_assert(run("sinkhorn", ""));
		check_ranks();
		scale_by_turns(plan);
		for (size_t t = 0; t < call->tokens; t++)
			for (size_t a = 0; a < call->experts; a++)
				for (size_t b = 0; b < call->experts; b++)
					if (picked[t][a] && (!picked[t][b] || picked[t][a] < picked[t][b]))
						ck_assert_double_ge(plan[t][a], plan[t][b] * (1 - 1e-6));
	}
}
END_TEST

START_TEST(sinkhorn_ends_whatever_the_logits)
{
	draw_batch(&shapes[0], APART);
	for (size_t i = 0; i < call->tokens * call->experts; i++)
		logits[i] = (real)(i % 7 == 0 ? 1e30 : i % 5 == 0 ? -1e30 : 300.0 * (double)(i % 3));
	ck_assert(run("sinkhorn", "tolerance=0,rounds=50"));
	check_ranks();
}
END_TEST

START_TEST(evaluation_takes_the_best_logits)
{
	static const char *const names[] = { "base", "sinkhorn", "near-best" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (enum values kind = APART; kind < KINDS; kind++) {
			draw_batch(&shapes[_i], kind);
			call->training = false;
			ck_assert(run(names[i], ""));
			check_best(logits);
		}
}
END_TEST

/* ---- threshold ------------------------------------------------------------------------------------------------- */

static int falling(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* The last score that expert choice takes. */
static double last_taken(size_t e)
{
	double column[MOST_TOKENS];
	size_t share = (call->k * call->tokens + call->experts - 1) / call->experts;
	for (size_t t = 0; t < call->tokens; t++)
		column[t] = (double)choice[t * call->experts + e];
	qsort(column, call->tokens, sizeof *column, falling);
	return column[(share < call->tokens ? share : call->tokens) - 1];
}

/* Two batches make a mean, later ones an average that forgets; what is above it is taken, in evaluation, too. */
START_TEST(thresholds_follow_what_experts_would_take)
{
	for (enum values kind = APART; kind < KINDS; kind++) {
		double wanted[MOST_EXPERTS] = { 0 };
		memset(memory, 0, sizeof memory);
		for (size_t step = 1; step <= 6; step++) {
			draw_batch(&shapes[_i], kind);
			call->step = step;
			call->training = step % 3 > 0; /* settled for the test's sake alone where it is not */
			ck_assert(run_and(true, "threshold", "decay=0.6,warm-up=none"));
			for (size_t t = 0; step > 1 && t < call->tokens; t++)
				for (size_t e = 0; e < call->experts; e++) {
					double apart = (double)choice[t * call->experts + e] - wanted[e];
					ck_assert(fabs(apart) < 1e-12 || picked[t][e] == (apart > 0));
				}
			for (size_t e = 0; e < call->experts; e++)
				wanted[e] += fmax(0.4, 1 / (double)step) * (last_taken(e) - wanted[e]);
		}
	}
}
END_TEST

START_TEST(while_warming_up_experts_choose)
{
	for (enum values kind = APART; kind < KINDS; kind++) {
		size_t by_experts[MOST_TOKENS][MOST_EXPERTS];
		memset(memory, 0, sizeof memory);
		draw_batch(&shapes[_i], kind);
		ck_assert(run("expert-top", ""));
		memcpy(by_experts, picked, sizeof by_experts);
		for (call->step = 1; call->step <= 4; call->step++) {
			ck_assert(run_and(true, "threshold", "warm-up=3"));
			bool same = memcmp(by_experts, picked, sizeof by_experts) == 0;
			ck_assert(same == (call->step <= 3)); /* the last one taken is at the threshold, not above it */
		}
		call->step = 2;
		call->training = false; /* the past is known by now */
		ck_assert(run("threshold", "warm-up=3"));
		for (size_t t = 0; t < call->tokens; t++)
			for (size_t e = 0; e < call->experts; e++)
				ck_assert_uint_eq(picked[t][e], (double)choice[t * call->experts + e] > last_taken(e));
	}
}
END_TEST

START_TEST(without_a_past_a_token_takes_its_best)
{
	for (enum values kind = APART; kind < KINDS; kind++) {
		draw_batch(&shapes[_i], kind);
		for (int training = 0; training < 2; training++) {
			call->training = training;
			ck_assert(run("threshold", "warm-up=none"));
			for (size_t t = 0; t < call->tokens; t++)
				for (size_t e = 0; e < call->experts; e++)
					ck_assert_uint_eq(picked[t][e],
									  better_than(choice + t * call->experts, call->experts, e) < call->k);
		}
	}
}
END_TEST

/* ---- near-best ------------------------------------------------------------------------------------------------- */

/* Each choice is within 2 noise of the best that the earlier ones left, told relative to the larger of the two. */
START_TEST(choices_are_near_the_best_that_is_left)
{
	size_t drawn = 0;
	for (enum values kind = APART; kind < KINDS; kind++) {
		draw_batch(&shapes[_i], kind);
		ck_assert(run("near-best", "noise=0.15"));
		check_ranks();
		for (size_t t = 0; t < call->tokens; t++)
			for (size_t e = 0; e < call->experts; e++) {
				double best = -INFINITY;
				for (size_t j = 0; j < call->experts; j++)
					if (picked[t][j] == 0 || picked[t][j] >= picked[t][e])
						best = fmax(best, logit(t, j));
				double size = fmax(fabs(logit(t, e)), best);
				ck_assert(picked[t][e] == 0 || best - logit(t, e) <= 0.3 * size + 1e-6);
				drawn += picked[t][e] && best > logit(t, e);
			}
	}
	ck_assert(drawn > 0 || shapes[_i].experts * shapes[_i].length < 20);
}
END_TEST

/* Of 1, 0.9, 0.8 and 0 only 0 is far: a pair comes with the chance of a, then of b among those near the best left. */
START_TEST(near_ones_come_by_their_softmax)
{
	static const double value[] = { 1, 0.9, 0.8, 0 };
	double count[4][4] = { { 0 } }, n = 0, chi = 0;
	draw_batch(&(const struct shape){ 1, 48, 4, 2 }, APART);
	for (size_t i = 0; i < 48 * 4; i++)
		logits[i] = (real)value[i % 4];
	for (call->step = 1; call->step <= 500; call->step++) {
		ck_assert(run("near-best", "noise=0.11"));
		for (size_t i = 0; i < picks.n; i += 2, n++)
			count[expert[i]][expert[i + 1]]++;
	}
	for (size_t a = 0; a < 3; a++)
		for (size_t b = 0; b < 3; b++) {
			double all = exp(1) + exp(0.9) + exp(0.8), left = all - exp(value[a]);
			double wanted = n * exp(value[a]) / all * exp(value[b]) / left;
			chi += a == b ? 0 : (count[a][b] - wanted) * (count[a][b] - wanted) / wanted;
		}
	ck_assert_double_gt(gsl_cdf_chisq_Q(chi, 5), 1e-4);
	for (size_t a = 0; a < 4; a++)
		ck_assert(count[a][3] + count[3][a] == 0);
}
END_TEST

/* ---- positive -------------------------------------------------------------------------------------------------- */

START_TEST(what_is_above_nothing_is_taken)
{
	for (enum values kind = APART; kind < KINDS; kind++) {
		size_t above = 0;
		draw_batch(&shapes[_i], kind);
		for (size_t i = 0; i < call->tokens * call->experts; i += 2) /* as many scores of relu are, some as -0 */
			choice[i] = choice[i] < (real)0.5 ? i % 4 ? 0 : -(real)0 : choice[i];
		ck_assert(run("positive", ""));
		for (size_t t = 0; t < call->tokens; t++)
			for (size_t e = 0; e < call->experts; e++) {
				bool wanted = choice[t * call->experts + e] > 0;
				ck_assert_uint_eq(picked[t][e], wanted);
				above += wanted;
			}
		ck_assert_uint_eq(picks.n, above);
		ck_assert(kind != NEGATIVE || above == 0);
	}
}
END_TEST

/* ---- what does not fit ----------------------------------------------------------------------------------------- */

static const struct {
	const char *sentence, *complaint; /* NULL: none */
} fits[] = {
	{ "selector=group-quota experts=64 k=8", NULL },
	{ "selector=group-quota experts=64 k=16", NULL },
	{ "selector=group-quota experts=60 k=8", "groups = 8: 60 experts cannot be divided into equal groups" },
	{ "selector=group-quota experts=64 k=2", "top-k 2 cannot be shared equally by 8 groups (use a multiple)" },
	{ "selector=group-quota,groups=2 experts=64 k=2", NULL },
	{ "selector=hash,tables=2 experts=64 k=2", NULL },
	{ "selector=hash,tables=3 experts=64 k=3", "tables = 3: 64 experts cannot be divided into equal blocks" },
	{ "selector=hash,tables=2 experts=64 k=3", "top-k 3 cannot be shared equally by 2 tables" },
	{ "scorer=none selector=hash,of=position gate=unit", NULL },
	{ "selector=hash,balanced", NULL },
	{ "selector=hash,balanced,of=bigram", "balanced: one table of ids alone can be (use of=token and tables=1)" },
	{ "selector=hash,balanced,tables=2 experts=64 k=2", "balanced: one table of ids alone can be" },
	{ "scorer=none selector=round-robin gate=unit", NULL },
	{ "selector=base experts=4096", NULL },
	{ "selector=base experts=4097", "at most 4096 experts, not 4097 (try selector=sinkhorn)" },
	{ "scorer=none selector=base gate=unit", "selector 'base' needs logits" },
	{ "scorer=none selector=sinkhorn gate=unit", "selector 'sinkhorn' needs logits" },
	{ "scorer=none selector=threshold gate=unit", "selector 'threshold' needs scores" },
	{ "scorer=none selector=sampled gate=unit", "selector 'sampled' needs scores" },
	{ "scorer=none selector=near-best gate=unit", "selector 'near-best' needs logits" },
	{ "scorer=none selector=hash gate=sparsemixer", "gate 'sparsemixer' needs logits" },
	{ "selector=near-best balance=bias", "selector 'near-best' does not compare the scores of experts" },
	{ "scorer=none selector=positive gate=unit", "selector 'positive' needs scores" },
	{ "scorer=none selector=hash gate=sigmoid", "gate 'sigmoid' needs logits" },
	{ "scorer=none selector=hash gate=straight-through", "gate 'straight-through' needs scores" },
};

START_TEST(what_does_not_fit_is_said)
{
	struct sentence sentence;
	struct layer_options layer;
	struct error err = { .code = ERROR_NONE };
	const char *text = fits[_i].sentence, *complaint = fits[_i].complaint;
	options_preset(layer_rows, &layer);
	ck_assert_msg(sentence_read(text, NULL, &sentence, &err) == 0, "%s: %s", text, err.text);
	ck_assert_int_eq(sentence_apply(&sentence, &layer, &err), 0);
	ck_assert_msg((sentence_check(&sentence, &layer, &err) == 0) == (complaint == NULL), "%s: %s", text, err.text);
	if (complaint)
		ck_assert_msg(err.code == ERROR_USER && strstr(err.text, complaint), "%s: %s", text, err.text);
}
END_TEST

/* Ids are asked for where they are read. */
START_TEST(positions_need_no_ids)
{
	struct part_use use;
	for (int position = 0; position < 2; position++) {
		draw_batch(&shapes[0], APART);
		fitting("hash", position ? "of=position" : "of=previous", &use);
		ck_assert_uint_eq(use.part->wants_with(use.opt), position ? 0 : MOE_IDS);
	}
	route.of.id = NULL;
	ck_assert(run("hash", "of=position"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selectors");
	TCase *tests = tcase_create("selectors");
	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_loop_test(tests, quotas_as_each_group_says, 0, SHAPES);
	tcase_add_test(tests, a_quota_by_hand);
	tcase_add_loop_test(tests, in_turn_all_have_the_same, 0, SHAPES);
	tcase_add_loop_test(tests, a_hash_depends_on_its_key_alone, 0, 4);
	tcase_add_test(tests, bigrams_differ_in_either_word);
	tcase_add_loop_test(tests, tables_have_blocks_of_their_own, 0, SHAPES);
	tcase_add_loop_test(tests, balanced_by_the_first_batch, 0, SHAPES);
	tcase_add_loop_test(tests, samples_are_the_largest_perturbed_logarithms, 0, SHAPES);
	tcase_add_test(tests, samples_come_as_often_as_they_should);
	tcase_add_test(tests, nothing_is_sampled_before_what_has_a_chance);
	tcase_add_loop_test(tests, evaluation_is_greedy_unless_it_is_told, 0, SHAPES);
	tcase_add_loop_test(tests, an_assignment_is_the_best_of_all, 0, KINDS);
	tcase_add_loop_test(tests, nobody_gains_by_moving_on, 0, SHAPES);
	tcase_add_loop_test(tests, an_assignment_bears_any_logits, 0, SHAPES);
	tcase_add_loop_test(tests, sinkhorn_takes_the_largest_of_the_plan, 0, SHAPES);
	tcase_add_test(tests, sinkhorn_ends_whatever_the_logits);
	tcase_add_loop_test(tests, evaluation_takes_the_best_logits, 0, SHAPES);
	tcase_add_loop_test(tests, thresholds_follow_what_experts_would_take, 0, SHAPES);
	tcase_add_loop_test(tests, while_warming_up_experts_choose, 0, SHAPES);
	tcase_add_loop_test(tests, without_a_past_a_token_takes_its_best, 0, SHAPES);
	tcase_add_loop_test(tests, choices_are_near_the_best_that_is_left, 0, SHAPES);
	tcase_add_test(tests, near_ones_come_by_their_softmax);
	tcase_add_loop_test(tests, what_is_above_nothing_is_taken, 0, SHAPES);
	tcase_add_loop_test(tests, what_does_not_fit_is_said, 0, (int)(sizeof fits / sizeof *fits));
	tcase_add_test(tests, positions_need_no_ids);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
