/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_router.c -- a router of logits that come from elsewhere, beside one that projects.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "tests/support/tiny.h"

enum { TOKENS = 12, EXPERTS = 4 };

static struct arena arena;
static struct router router;
static struct sentence sentence;
static struct layer_options layer;
static struct moe_call call;

/* A router of that sentence over 4 experts; there is no width, no seed and no parameter. */
static void open_logits(const char *text, size_t k)
{
	struct error err = { .code = ERROR_NONE };
	catalog_use(strategy_parts, strategy_recipes);
	options_preset(layer_rows, &layer);
	layer.experts = EXPERTS;
	layer.k = (int64_t)k;
	ck_assert_msg(sentence_read(text, NULL, &sentence, &err) == 0, "%s: %s", text, err.text);
	ck_assert_int_eq(sentence_apply(&sentence, &layer, &err), 0);
	arena = (struct arena){ 0 };
	call = (struct moe_call){ .tokens = TOKENS,
							  .sequences = 2,
							  .length = TOKENS / 2,
							  .experts = EXPERTS,
							  .k = (size_t)layer.k,
							  .vocabulary = 7,
							  .domains = 2,
							  .classes = 3 };
	router_create(&router, &sentence, &layer, &call, &arena);
}

static void draw_logits(real *logits)
{
	struct moe_rng rng = seed_stream(3, "logits", 0);
	for (size_t i = 0; i < TOKENS * EXPERTS; i++)
		logits[i] = (real)(4 * moe_uniform(&rng) - 2);
}

/* Token 0: e^2, e^1, 1, 1 over their sum; the two best are experts 1 and 3, with weights e / (1 + e), 1 / (1 + e). */
START_TEST(top_two_by_hand)
{
	real logits[TOKENS * EXPERTS] = { 0, 2, 0, 1 };
	open_logits("top-k", 2);
	router_route(&router, &call, NULL, NULL, logits);
	ck_assert_uint_eq(router.plan.pairs, 2 * TOKENS);
	const uint32_t *pair = router.plan.by_token;
	ck_assert_uint_eq(router.plan.expert[pair[0]], 1);
	ck_assert_uint_eq(router.plan.expert[pair[1]], 3);
	ck_assert_double_eq_tol((double)router.plan.weight[pair[0]], exp(1) / (1 + exp(1)), 1e-6);
	ck_assert_double_eq_tol((double)router.plan.weight[pair[1]], 1 / (1 + exp(1)), 1e-6);
	arena_free(&arena);
}
END_TEST

/* Shares .5, .25, .125, .125 of every token: p = .5 takes one expert, .6 and .75 two, .8 three, 1 all. */
START_TEST(top_p_by_hand)
{
	static const struct {
		const char *text;
		size_t each;
	} cases[] = { { "selector=top-p,p=0", 1 },       { "selector=top-p,p=0.49", 1 }, { "selector=top-p,p=0.6", 2 },
				  { "selector=top-p,p=0.74", 2 },    { "selector=top-p,p=0.8", 3 },  { "selector=top-p,p=1", 4 },
				  { "selector=top-p,p=1,most=2", 2 } };
	real logits[TOKENS * EXPERTS];
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++)
			logits[t * EXPERTS + (e + t) % EXPERTS] = (real)log((double[]){ .125, .5, .125, .25 }[e]);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		open_logits(cases[i].text, 1);
		router_route(&router, &call, NULL, NULL, logits);
		for (size_t t = 0; t < TOKENS; t++)
			ck_assert_msg(router.plan.token_first[t + 1] - router.plan.token_first[t] == cases[i].each, "%s: token %zu",
						  cases[i].text, t);
		arena_free(&arena);
	}
}
END_TEST

/* A set of experts, bit by bit, with the share of a token's probabilities that it has. */
struct set {
	size_t members, size;
	double sum;
};

static struct set set_of(size_t members, const real *logits)
{
	struct set set = { .members = members };
	double all = 0;
	for (size_t e = 0; e < EXPERTS; e++)
		all += exp((double)logits[e]);
	for (size_t e = 0; e < EXPERTS; e++)
		if (members >> e & 1) {
			set.sum += exp((double)logits[e]) / all;
			set.size++;
		}
	return set;
}

/* Of all sets that reach p the smallest, and among these the one with the largest sum. */
static struct set best_set(double p, const real *logits)
{
	struct set best = { .size = EXPERTS + 1 };
	for (size_t members = 1; members < 1u << EXPERTS; members++) {
		struct set set = set_of(members, logits);
		if (set.sum >= p && (set.size < best.size || (set.size == best.size && set.sum > best.sum)))
			best = set;
	}
	return best;
}

START_TEST(top_p_takes_the_fewest)
{
	real logits[TOKENS * EXPERTS];
	size_t sizes[EXPERTS + 1] = { 0 };
	draw_logits(logits);
	open_logits("selector=top-p,p=0.7", 1);
	router_route(&router, &call, NULL, NULL, logits);
	for (size_t t = 0; t < TOKENS; t++) {
		struct set best = best_set(0.7, logits + t * EXPERTS);
		size_t members = 0;
		for (size_t i = router.plan.token_first[t]; i < router.plan.token_first[t + 1]; i++)
			members |= (size_t)1 << router.plan.expert[router.plan.by_token[i]];
		ck_assert_uint_eq(members, best.members);
		sizes[best.size]++;
	}
	ck_assert_uint_gt(sizes[1] + sizes[2], 0);
	ck_assert_uint_gt(sizes[3] + sizes[4], 0);
	arena_free(&arena);
}
END_TEST

/* Everything that does not read the router's input routes the logits of a layer as that layer did, bit by bit. */
static void check_like_forward(const char *text)
{
	struct tiny tiny;
	struct router alone;
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(tiny_open(&tiny, &tiny_shape, text, &err) == 0, "%s: %s", text, err.text);
	net_forward(&tiny.net, &tiny.batch, 1, false);
	const struct router *inside = net_router(&tiny.net, 0);
	if (inside->route.call.experts > 0 && !(sentence_wants(&tiny.sentence) & MOE_INPUT)) {
		struct moe_tokens of = { tiny.batch.id, tiny.batch.domain, tiny.batch.guess, tiny.batch.class_of };
		router_create(&alone, &tiny.sentence, &tiny.layer, &inside->route.call, &tiny.arena);
		router_seed(&alone, 1);
		router_route(&alone, &inside->route.call, &of, NULL, inside->projection.logits);
		ck_assert_uint_eq(alone.plan.pairs, inside->plan.pairs);
		ck_assert_mem_eq(alone.plan.token, inside->plan.token, alone.plan.pairs * sizeof *alone.plan.token);
		ck_assert_mem_eq(alone.plan.expert, inside->plan.expert, alone.plan.pairs * sizeof *alone.plan.expert);
		ck_assert_mem_eq(alone.plan.weight, inside->plan.weight, alone.plan.pairs * sizeof *alone.plan.weight);
	}
	tiny_close(&tiny);
}

START_TEST(logits_alone_route_as_in_the_layer)
{
	for (const struct moe_recipe *recipe = strategy_recipes; recipe->name; recipe++)
		if (strcmp(recipe->name, "deepseek-v3") != 0 && strcmp(recipe->name, "deepseek-moe") != 0) /* more experts */
			check_like_forward(recipe->name);
	check_like_forward("selector=top-p,p=0.6");
}
END_TEST

/* A selector that does not say that it reads ids or the input gets none here, and would crash. */
START_TEST(selectors_read_what_they_say)
{
	real logits[TOKENS * EXPERTS];
	draw_logits(logits);
	for (size_t i = 0; strategy_parts[i]; i++) {
		const struct moe_part *part = strategy_parts[i];
		if (part->kind != MOE_SELECTOR || ((const struct moe_selector *)part)->select == NULL)
			continue;
		open_logits(text_keep_f("selector=%s%s%s", part->name, options_find(part->opts, "groups") ? ",groups=2" : "",
								options_find(part->opts, "group-top-k") ? ",group-top-k=2" : ""),
					2);
		struct error err = { .code = ERROR_NONE };
		if (sentence_lacks(&sentence, ~0u, MOE_LOGITS | MOE_SCORES, &err) == 0)
			router_route(&router, &call, NULL, NULL, logits);
		arena_free(&arena);
	}
}
END_TEST

START_TEST(what_is_lacking_is_said)
{
	struct error err = { .code = ERROR_NONE };
	open_logits("frozen", 2);
	ck_assert_int_eq(sentence_lacks(&sentence, MOE_INPUT | MOE_IDS, MOE_IDS, &err), -1);
	ck_assert_str_eq(err.text, "selector 'frozen' reads the router's input");
	arena_free(&arena);
	open_logits("hash", 2);
	ck_assert_int_eq(sentence_lacks(&sentence, MOE_INPUT | MOE_IDS, MOE_IDS, &err), 0);
	ck_assert_int_eq(sentence_lacks(&sentence, MOE_INPUT | MOE_IDS, 0, &err), -1);
	ck_assert_str_eq(err.text, "selector 'hash' reads the token ids");
	arena_free(&arena);
	open_logits("planted-domain", 2);
	ck_assert_int_eq(sentence_lacks(&sentence, MOE_DOMAINS | MOE_CLASSES, 0, &err), -1);
	ck_assert_str_eq(err.text, "selector 'planted' reads the hidden domain of each token and the class of each token");
	arena_free(&arena);
}
END_TEST

/* Of 12 tokens whose first choice is expert 0 a factor of 0.5 keeps ceil(0.5 * 12 / 4) = 2, one of 2 six; 4, which is
 * experts / k, all. */
START_TEST(capacity_in_evaluation)
{
	static const struct {
		const char *text;
		size_t training, evaluation;
	} cases[] = { { "top-k,k=1,capacity=0.5", 2, 2 },
				  { "top-k,k=1,capacity=0.5,eval-capacity=2", 2, 6 },
				  { "top-k,k=1,capacity=0.5,eval-capacity=4", 2, 12 },
				  { "top-k,k=1,eval-capacity=0.5", 12, 2 },
				  { "top-k,k=1,capacity=0.5,eval-capacity=same", 2, 2 } };
	real logits[TOKENS * EXPERTS];
	for (size_t i = 0; i < TOKENS * EXPERTS; i++)
		logits[i] = i % EXPERTS == 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		open_logits(cases[i].text, 1);
		call.training = true;
		call.step = 1;
		router_route(&router, &call, NULL, NULL, logits);
		ck_assert_uint_eq(router.plan.pairs, cases[i].training);
		call.training = false;
		router_route(&router, &call, NULL, NULL, logits);
		ck_assert_uint_eq(router.plan.pairs, cases[i].evaluation);
		ck_assert_uint_eq(router.plan.dropped, TOKENS - cases[i].evaluation);
		arena_free(&arena);
	}
}
END_TEST

/* Random parts draw from the streams of the seed, by name, phase, layer and step. */
START_TEST(the_seed_decides_what_is_random)
{
	real logits[TOKENS * EXPERTS];
	uint32_t first[2 * TOKENS];
	draw_logits(logits);
	open_logits("random", 2);
	router_route(&router, &call, NULL, NULL, logits);
	memcpy(first, router.planner.picks.expert, sizeof first);
	router_route(&router, &call, NULL, NULL, logits);
	ck_assert_mem_eq(first, router.planner.picks.expert, sizeof first);
	router_seed(&router, 1);
	router_route(&router, &call, NULL, NULL, logits);
	ck_assert_mem_ne(first, router.planner.picks.expert, sizeof first);
	router_seed(&router, 0);
	call.step = 1;
	router_route(&router, &call, NULL, NULL, logits);
	ck_assert_mem_ne(first, router.planner.picks.expert, sizeof first);
	struct moe_rng fresh = seed_stream(0, "random/eval", 1), kept = seed_at(&router.memory[2].eval, 1);
	ck_assert_mem_eq(fresh.key, kept.key, sizeof fresh.key);
	ck_assert_mem_eq(fresh.counter, kept.counter, sizeof fresh.counter);
	ck_assert_uint_eq(fresh.used, kept.used);
	arena_free(&arena);
}
END_TEST

/* The balancers' terms of a training pass come without a gradient's memory. */
START_TEST(terms_without_gradients)
{
	real logits[TOKENS * EXPERTS] = { 0 };
	open_logits("scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.5+z,weight=2", 2);
	call.training = true;
	router_route(&router, &call, NULL, NULL, logits);
	ck_assert_double_eq_tol(router.term[0].value, 1, 1e-6); /* equal scores are in balance, whoever is picked */
	ck_assert_double_eq_tol(router.term[1].value, log(4) * log(4), 1e-5);
	ck_assert_double_eq(router.term[1].weight, 2);
	arena_free(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("router");
	TCase *cases = tcase_create("logits");
	tcase_add_test(cases, top_two_by_hand);
	tcase_add_test(cases, capacity_in_evaluation);
	tcase_add_test(cases, top_p_by_hand);
	tcase_add_test(cases, top_p_takes_the_fewest);
	tcase_add_test(cases, logits_alone_route_as_in_the_layer);
	tcase_add_test(cases, selectors_read_what_they_say);
	tcase_add_test(cases, what_is_lacking_is_said);
	tcase_add_test(cases, the_seed_decides_what_is_random);
	tcase_add_test(cases, terms_without_gradients);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
