/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_group_top.c -- group-limited selection: worked out by hand, and against full sorts of groups and experts.
 */
#include <config.h>

#include <check.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"
#include "strategies/catalog.h"

enum { MOST_EXPERTS = 64, MOST_TOKENS = 32 };

static const struct moe_selector *selector(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	return (const struct moe_selector *)catalog_part(MOE_SELECTOR, "group-top");
}

/* Runs the selector with those options; expert[tokens][k] in the order of rank. */
static void run(const char *list, const struct moe_call *call, const real *choice, uint32_t *expert)
{
	const struct moe_part *part = &selector()->part;
	struct error err = { .code = ERROR_NONE };
	uint32_t token[MOST_TOKENS * MOST_EXPERTS], rank[MOST_TOKENS * MOST_EXPERTS];
	struct moe_picks picks = { .max = call->tokens * call->k, .token = token, .expert = expert, .rank = rank };
	struct part_use use = part_use_of(part);
	ck_assert_int_eq(part_use_set(&use, list, &err), 0);
	struct moe_self self = { .opt = use.opt, .scratch = malloc(part->scratch_size(call, use.opt)) };
	struct moe_route route = { .call = *call, .choice = choice };
	selector()->select(&self, &route, &picks);
	free(self.scratch);
	ck_assert_uint_eq(picks.n, call->tokens * call->k);
	for (size_t i = 0; i < picks.n; i++) {
		ck_assert_uint_eq(token[i], i / call->k);
		ck_assert_uint_eq(rank[i], i % call->k);
	}
}

/* ---- by hand --------------------------------------------------------------------------------------------------- */

/* Four groups of two.  Best experts: .9 .8 .7 .1; sums: .9+.0 .8+.5 .7+.65 .1+.05, so the two rules choose the groups
 * 0 and 1, or 2 and 1. */
static const real by_hand[] = { (real).9, (real).0, (real).8, (real).5, (real).7, (real).65, (real).1, (real).05 };

static void expect(const char *list, size_t k, const uint32_t *wanted)
{
	uint32_t expert[8];
	struct moe_call call = { .tokens = 1, .sequences = 1, .length = 1, .experts = 8, .k = k };
	run(list, &call, by_hand, expert);
	for (size_t i = 0; i < k; i++)
		ck_assert_msg(expert[i] == wanted[i], "%s: choice %zu is %u, not %u", list, i, (unsigned)expert[i],
					  (unsigned)wanted[i]);
}

START_TEST(a_token_by_hand)
{
	expect("groups=4,group-top-k=2,group-score=best", 3, (const uint32_t[]){ 0, 2, 3 });
	expect("groups=4,group-top-k=2,group-score=two-best", 3, (const uint32_t[]){ 2, 4, 5 });
	expect("groups=4,group-top-k=1,group-score=best", 2, (const uint32_t[]){ 0, 1 });
	expect("groups=4,group-top-k=1,group-score=two-best", 2, (const uint32_t[]){ 4, 5 });
	expect("groups=2,group-top-k=1,group-score=best", 3, (const uint32_t[]){ 0, 2, 3 });
	expect("groups=1,group-top-k=1", 4, (const uint32_t[]){ 0, 2, 4, 5 });
	expect("groups=4,group-top-k=2,group-score=best,quota", 2, (const uint32_t[]){ 0, 2 });
	expect("groups=4,group-top-k=1,group-score=two-best,quota", 2, (const uint32_t[]){ 4, 5 });
	expect("groups=8,group-top-k=3", 3, (const uint32_t[]){ 0, 2, 4 });
}
END_TEST

START_TEST(a_tie_goes_to_the_lower)
{
	const real flat[12] = { 0 };
	uint32_t expert[4];
	struct moe_call call = { .tokens = 1, .sequences = 1, .length = 1, .experts = 12, .k = 4 };
	run("groups=4,group-top-k=2", &call, flat, expert);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(expert[i], i);
}
END_TEST

/* ---- against full sorts ---------------------------------------------------------------------------------------- */

struct item {
	real value;
	uint32_t id;
};

static int descending(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->id < y->id ? -1 : 1;
}

static void sort(struct item *item, size_t n)
{
	qsort(item, n, sizeof *item, descending);
}

/* Sorts a group's experts, then all groups, then the best `most` experts of each of the first `chosen` groups. */
static void reference(const real *choice, size_t experts, size_t groups, size_t chosen, bool two, size_t most,
					  struct item *out)
{
	size_t each = experts / groups, n = 0;
	struct item group[MOST_EXPERTS], member[MOST_EXPERTS];
	for (size_t g = 0; g < groups; g++) {
		for (size_t i = 0; i < each; i++)
			member[i] = (struct item){ choice[g * each + i], (uint32_t)i };
		sort(member, each);
		group[g] = (struct item){ two && each > 1 ? member[0].value + member[1].value : member[0].value, (uint32_t)g };
	}
	sort(group, groups);
	for (size_t g = 0; g < chosen; g++) {
		for (size_t i = 0; i < each; i++)
			member[i] = (struct item){ choice[group[g].id * each + i], (uint32_t)(group[g].id * each + i) };
		sort(member, each);
		for (size_t i = 0; i < most; i++)
			out[n++] = member[i];
	}
	sort(out, n);
}

/* Few different values, so that ties abound. */
static void draw(struct moe_rng *rng, real *choice, size_t n)
{
	size_t levels = moe_below(rng, 2) ? 5 : 1000;
	for (size_t i = 0; i < n; i++)
		choice[i] = (real)moe_below(rng, levels) / (real)levels - (real)0.25;
}

static void compare(struct moe_rng *rng, size_t groups, size_t each)
{
	real choice[MOST_TOKENS * MOST_EXPERTS];
	uint32_t expert[MOST_TOKENS * MOST_EXPERTS];
	size_t experts = groups * each, chosen = 1 + moe_below(rng, groups), k = 1 + moe_below(rng, chosen * each);
	bool two = moe_below(rng, 2), quota = k % chosen == 0 && moe_below(rng, 2);
	struct moe_call call = { .tokens = MOST_TOKENS, .sequences = 1, .length = MOST_TOKENS, .experts = experts, .k = k };
	draw(rng, choice, MOST_TOKENS * experts);
	char list[96];
	snprintf(list, sizeof list, "groups=%zu,group-top-k=%zu,group-score=%s%s", groups, chosen,
			 two ? "two-best" : "best", quota ? ",quota" : "");
	run(list, &call, choice, expert);
	for (size_t t = 0; t < MOST_TOKENS; t++) {
		struct item wanted[MOST_EXPERTS];
		reference(choice + t * experts, experts, groups, chosen, two, quota ? k / chosen : each, wanted);
		for (size_t i = 0; i < k; i++)
			ck_assert_msg(expert[t * k + i] == wanted[i].id, "%s, %zu experts: choice %zu is %u, not %u", list, experts,
						  i, (unsigned)expert[t * k + i], (unsigned)wanted[i].id);
	}
}

START_TEST(any_token_as_full_sorts_say)
{
	struct moe_rng rng = seed_stream(1, "group-top", 0);
	for (int i = 0; i < 400; i++) {
		size_t groups = 1 + moe_below(&rng, 8), each = 1 + moe_below(&rng, 8);
		compare(&rng, groups, each);
	}
}
END_TEST

/* With every group chosen the groups do not matter. */
START_TEST(all_groups_are_no_limit)
{
	struct moe_rng rng = seed_stream(2, "group-top", 0);
	real choice[MOST_TOKENS * 24];
	uint32_t expert[MOST_TOKENS * 5], best[5];
	struct moe_call call = { .tokens = MOST_TOKENS, .sequences = 1, .length = MOST_TOKENS, .experts = 24, .k = 5 };
	draw(&rng, choice, MOST_TOKENS * 24);
	run("groups=6,group-top-k=6", &call, choice, expert);
	for (size_t t = 0; t < MOST_TOKENS; t++) {
		moe_top_k(choice + t * 24, 24, 5, best);
		ck_assert_mem_eq(expert + t * 5, best, sizeof best);
	}
}
END_TEST

/* ---- what does not fit ----------------------------------------------------------------------------------------- */

static const struct {
	const char *sentence, *complaint; /* NULL: none */
} fits[] = {
	{ "selector=group-top experts=64 k=8", NULL },
	{ "selector=group-top experts=8 k=4", NULL },
	{ "selector=group-top,groups=3,group-top-k=3 experts=9 k=9", NULL },
	{ "deepseek-v3", NULL },
	{ "deepseek-v3 experts=256", NULL },
	{ "deepseek-v3,groups=5 experts=20", NULL },
	{ "selector=group-top experts=12 k=2",
	  "selector 'group-top': groups = 8: 12 experts cannot be divided into equal groups" },
	{ "selector=group-top experts=4 k=2", "cannot be divided into equal groups" },
	{ "selector=group-top,groups=4,group-top-k=5 experts=64 k=2", "group-top-k = 5: there are only 4 groups" },
	{ "selector=group-top,quota experts=64 k=8", NULL },
	{ "selector=group-top,quota experts=64 k=6",
	  "quota: top-k 6 cannot be shared equally by 4 groups (use a multiple)" },
	{ "selector=group-top experts=64 k=33", "top-k 33 exceeds the 32 experts of 4 groups of 8" },
	{ "deepseek-v3 experts=8", "top-k 8 exceeds the 4 experts of 4 groups of 1" },
	{ "selector=group-top experts=8 k=9", "top-k 9 exceeds the 8 experts" },
};

START_TEST(what_does_not_fit_is_said)
{
	struct sentence sentence;
	struct layer_options layer;
	struct error err = { .code = ERROR_NONE };
	const char *text = fits[_i].sentence, *complaint = fits[_i].complaint;
	catalog_use(strategy_parts, strategy_recipes);
	options_preset(layer_rows, &layer);
	ck_assert_msg(sentence_read(text, NULL, &sentence, &err) == 0, "%s: %s", text, err.text);
	ck_assert_int_eq(sentence_apply(&sentence, &layer, &err), 0);
	ck_assert_msg((sentence_check(&sentence, &layer, &err) == 0) == (complaint == NULL), "%s: %s", text, err.text);
	if (complaint)
		ck_assert_msg(err.code == ERROR_USER && strstr(err.text, complaint), "%s: %s", text, err.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("group-top");
	TCase *tests = tcase_create("group-top");
	tcase_add_test(tests, a_token_by_hand);
	tcase_add_test(tests, a_tie_goes_to_the_lower);
	tcase_add_test(tests, any_token_as_full_sorts_say);
	tcase_add_test(tests, all_groups_are_no_limit);
	tcase_add_loop_test(tests, what_does_not_fit_is_said, 0, (int)(sizeof fits / sizeof *fits));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
