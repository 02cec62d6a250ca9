/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_reach.c -- a batch that is routed in blocks is routed as one: every part of every strategy has the reach that
 * it says.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>

#include "tests/support/tiny.h"

enum { SEQUENCES = 12, LENGTH = 48, TOKENS = SEQUENCES * LENGTH, EXPERTS = 24, WIDTH = 8, VOCABULARY = 50, LAYER = 1 };
enum { PROJECTOR, SCORER, SELECTOR, GATE, BALANCER };

static real x[TOKENS * WIDTH], logits[TOKENS * EXPERTS], whole[TOKENS * EXPERTS];
static uint32_t id[TOKENS], domain[TOKENS], guess[TOKENS], class_of[VOCABULARY];
static uint32_t token[TOKENS * EXPERTS], expert[TOKENS * EXPERTS], rank[TOKENS * EXPERTS];
static const struct moe_tokens of = { id, domain, guess, class_of };

static struct arena arena;
static struct router router;
static struct sentence sentence;
static struct layer_options layer;
static struct moe_call call;

static void draw_batch(void)
{
	struct moe_rng rng = seed_stream(5, "batch", 0);
	moe_normals(&rng, x, TOKENS * WIDTH);
	moe_normals(&rng, logits, TOKENS * EXPERTS);
	for (size_t t = 0; t < TOKENS; t++) {
		id[t] = (uint32_t)moe_below(&rng, VOCABULARY);
		domain[t] = (uint32_t)moe_below(&rng, 4);
		guess[t] = (uint32_t)moe_below(&rng, 4);
	}
	for (size_t i = 0; i < VOCABULARY; i++)
		class_of[i] = (uint32_t)(i % 5);
}

static void open_router(const char *text)
{
	struct error err = { .code = ERROR_NONE };
	draw_batch();
	catalog_use(strategy_parts, strategy_recipes);
	options_preset(layer_rows, &layer);
	layer.experts = EXPERTS;
	layer.k = 2;
	ck_assert_msg(sentence_read(text, NULL, &sentence, &err) == 0, "%s: %s", text, err.text);
	ck_assert_int_eq(sentence_apply(&sentence, &layer, &err), 0);
	arena = (struct arena){ 0 };
	call = (struct moe_call){ .width = WIDTH,
							  .tokens = TOKENS,
							  .sequences = SEQUENCES,
							  .length = LENGTH,
							  .experts = EXPERTS,
							  .k = (size_t)layer.k,
							  .vocabulary = VOCABULARY,
							  .domains = 4,
							  .classes = 5,
							  .layer = LAYER,
							  .layers = 2 };
	router_create(&router, &sentence, &layer, &call, &arena);
	router_seed(&router, 3);
}

/* The part at the start of its stream, as when it was called. */
static const struct moe_self *part_at_start(size_t i)
{
	struct part_memory *memory = &router.memory[i];
	uint64_t index = (uint64_t)LAYER << 40 | router.route.call.step;
	memory->rng = seed_at(router.route.call.training ? &memory->train : &memory->eval, index);
	return &memory->self;
}

static void check_scores(void)
{
	if (router.scores == NULL)
		return;
	((const struct moe_scorer *)sentence.scorer.part)->forward(part_at_start(SCORER), &router.route, whole);
	ck_assert_msg(memcmp(whole, router.scores, sizeof whole) == 0, "%s", sentence.scorer.part->name);
}

static void check_choice(void)
{
	if (router.choice == NULL)
		return;
	memcpy(whole, router.scores, sizeof whole);
	for (size_t i = 0; i < sentence.balancers; i++) {
		const struct moe_balancer *balancer = (const struct moe_balancer *)sentence.balancer[i].part;
		if (balancer->adjust)
			balancer->adjust(part_at_start(BALANCER + i), &router.route, whole);
	}
	ck_assert_msg(memcmp(whole, router.choice, sizeof whole) == 0, "%s", sentence.name);
}

static void check_picks(void)
{
	const struct moe_picks *got = router.route.picks;
	struct moe_picks want = { .max = router.max_pairs, .token = token, .expert = expert, .rank = rank };
	const struct moe_selector *selector = (const struct moe_selector *)sentence.selector.part;
	selector->select(part_at_start(SELECTOR), &router.route, &want);
	ck_assert_uint_eq(got->n, want.n);
	ck_assert_msg(memcmp(got->token, token, want.n * sizeof *token) == 0, "%s", selector->part.name);
	ck_assert_msg(memcmp(got->expert, expert, want.n * sizeof *expert) == 0, "%s", selector->part.name);
	ck_assert_msg(memcmp(got->rank, rank, want.n * sizeof *rank) == 0, "%s", selector->part.name);
}

/* Was the selector given blocks, as its reach is? */
static size_t in_blocks(void)
{
	enum moe_reach reach = reach_of(sentence.selector.part, sentence.selector.opt, &router.route.call);
	return reach_cut(reach, &router.route.call).blocks > 1;
}

/* Without the router's matrix, which some losses read and no choice does.  A training step, so that the state of the
 * parts is not that of the start, another, and an evaluation; returns in how many of these the selection was in blocks.
 */
static size_t check_strategy(const char *text)
{
	size_t blocks = 0;
	open_router(text);
	bool routes =
		((const struct moe_selector *)sentence.selector.part)->select && !(sentence_wants(&sentence) & MOE_MAP);
	for (size_t step = 0; routes && step < 3; step++) {
		call.training = step < 2;
		call.step = call.training ? step + 1 : 1;
		router_route(&router, &call, &of, x, logits);
		check_scores();
		check_choice();
		check_picks();
		blocks += in_blocks();
		if (call.training)
			router_settle(&router);
	}
	arena_free(&arena);
	return blocks;
}

START_TEST(all_strategies_are_routed_as_a_whole)
{
	size_t blocks = 0;
	catalog_use(strategy_parts, strategy_recipes);
	for (const struct moe_recipe *recipe = strategy_recipes; recipe->name; recipe++)
		blocks += check_strategy(recipe->name);
	ck_assert_uint_ge(blocks, 100);
}
END_TEST

/* Parts that no strategy has, or not with these options. */
START_TEST(other_parts_are_routed_as_a_whole)
{
	ck_assert_uint_eq(check_strategy("scorer=relu selector=top-p gate=score"), 3);
	ck_assert_uint_eq(check_strategy("scorer=sqrt-softplus selector=top-k,second=0.5 gate=score k=3"), 3);
	ck_assert_uint_eq(check_strategy("scorer=softmax selector=expert-top,group=sequence gate=score"), 3);
	ck_assert_uint_eq(check_strategy("scorer=softmax selector=expert-top gate=score"), 0);
	ck_assert_uint_eq(check_strategy("scorer=sigmoid selector=threshold,warm-up=1 gate=score"), 2);
	ck_assert_uint_eq(check_strategy("scorer=softmax selector=sampled,evaluate=sampled gate=score k=3"), 3);
	ck_assert_uint_eq(check_strategy("scorer=softmax selector=hash,of=bigram,tables=2 gate=score"), 3);
	ck_assert_uint_eq(check_strategy("scorer=softmax selector=hash,of=position gate=score"), 3);
	ck_assert_uint_eq(check_strategy("scorer=softmax selector=planted,by=guess gate=score"), 3);
	ck_assert_uint_eq(check_strategy("scorer=sigmoid selector=top-k gate=score balance=bias+quantile,ema=0.5"), 3);
}
END_TEST

/* Blocks cover the batch, in order, in whole sequences where that is the reach. */
START_TEST(blocks_cover_the_batch)
{
	for (size_t length = 1; length < 700; length = length * 3 + 1)
		for (size_t sequences = 1; sequences < 9000 / length; sequences = sequences * 2 + 1)
			for (enum moe_reach reach = MOE_REACH_BATCH; reach <= MOE_REACH_TOKEN; reach++) {
				struct moe_call batch = { .tokens = sequences * length, .sequences = sequences, .length = length };
				struct cut cut = reach_cut(reach, &batch);
				size_t tokens = 0;
				ck_assert_uint_le(cut.blocks, reach == MOE_REACH_BATCH ? 1 : reach_most_blocks(&batch));
				for (size_t b = 0; b < cut.blocks; b++) {
					struct moe_call block = reach_call(&cut, &batch, b);
					ck_assert_uint_gt(block.tokens, 0);
					ck_assert_uint_eq(block.sequences * block.length, block.tokens);
					ck_assert(reach == MOE_REACH_TOKEN || block.length == length);
					ck_assert_uint_eq(tokens, b * cut.size);
					tokens += block.tokens;
				}
				ck_assert_uint_eq(tokens, batch.tokens);
			}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reach");
	TCase *cases = tcase_create("blocks");
	tcase_add_test(cases, all_strategies_are_routed_as_a_whole);
	tcase_add_test(cases, other_parts_are_routed_as_a_whole);
	tcase_add_test(cases, blocks_cover_the_batch);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
