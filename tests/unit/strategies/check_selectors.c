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
	void *memory = malloc(size + 1);
	ck_assert_ptr_nonnull(memory);
	memset(memory, 165, size + 1);
	return memory;
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

/* Runs a selector that remembers nothing; false: its options do not fit this call. */
static bool run(const char *name, const char *list)
{
	struct part_use use;
	const struct moe_selector *selector = fitting(name, list, &use);
	if (selector == NULL)
		return false;
	const struct moe_part *part = &selector->part;
	struct moe_rng rng = seed_stream(5, "part/train", call->step);
	struct moe_rng table = seed_stream(5, "part/table", (uint64_t)call->layer << 32);
	void *scratch = filled(part->scratch_size ? part->scratch_size(call, use.opt) : 0);
	const struct moe_self self = { .opt = use.opt, .scratch = scratch, .rng = &rng, .table = &table };
	picks.n = 0;
	selector->select(&self, &route, &picks);
	free(scratch);
	spread_picks(selector->max_picks ? selector->max_picks(call, use.opt) : call->tokens * call->k);
	return true;
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
	{ "scorer=none selector=round-robin gate=unit", NULL },
	{ "scorer=none selector=sampled gate=unit", "selector 'sampled' needs scores" },
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
	tcase_add_loop_test(tests, samples_are_the_largest_perturbed_logarithms, 0, SHAPES);
	tcase_add_test(tests, samples_come_as_often_as_they_should);
	tcase_add_test(tests, nothing_is_sampled_before_what_has_a_chance);
	tcase_add_loop_test(tests, evaluation_is_greedy_unless_it_is_told, 0, SHAPES);
	tcase_add_loop_test(tests, what_does_not_fit_is_said, 0, (int)(sizeof fits / sizeof *fits));
	tcase_add_test(tests, positions_need_no_ids);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
