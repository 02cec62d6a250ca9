/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_lookahead.c -- the probe of the future against brute force, against rules made up to deceive it, and on every
 * recipe, stream and seed.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/train/leak.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"
#include "tests/support/tiny_run.h"

static void open_well(struct tiny *tiny, const struct net_shape *shape, const char *text)
{
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(tiny_open(tiny, shape, text, &err) == 0, "%s: %s", text, err.text);
}

/* What the probe says of the first layer's router. */
static bool found(struct tiny *tiny, bool training, uint64_t seed)
{
	struct router *router = net_router(&tiny->net, 0);
	struct lookahead memory;
	net_forward(&tiny->net, &tiny->batch, 1, false);
	struct moe_call call = tiny->net.call;
	call.layer = 0;
	call.training = training;
	lookahead_create(&memory, router, &call, &tiny->arena);
	struct moe_tokens of = { tiny->batch.id, tiny->batch.domain, tiny->batch.guess, tiny->batch.class_of };
	return lookahead_found(&memory, router, &call, &of, net_router_input(&tiny->net, 0), seed);
}

/* ---- brute force ----------------------------------------------------------------------------------------------- */

/* Every batch whose logits are drawn from three values, and where each of its tokens goes; all tokens are alike but for
 * their logits.  Written in base `rows` a batch is the number of its first token's row, then of its second's ... */
enum { LEVELS = 3, TOKENS = 4, BATCHES = 3 * 3 * 3 * 3 * 3 * 3 * 3 * 3 };
static const real level[LEVELS] = { (real)-0.7, (real)0.1, (real)1 };
static uint64_t goes[BATCHES][TOKENS];

/* A number for the experts and weights of a token. */
static uint64_t way_of(const struct moe_plan *plan, size_t token)
{
	uint64_t hash = TEXT_HASH_START;
	for (size_t i = plan->token_first[token]; i < plan->token_first[token + 1]; i++) {
		uint32_t pair = plan->by_token[i];
		hash = text_hash_bytes(&plan->expert[pair], sizeof plan->expert[pair], hash);
		hash = text_hash_bytes(&plan->weight[pair], sizeof plan->weight[pair], hash);
	}
	return hash;
}

static size_t power(size_t base, size_t n)
{
	return n == 0 ? 1 : base * power(base, n - 1);
}

static void route_all(struct router *router, const struct moe_call *call, size_t batches)
{
	static const uint32_t same[TOKENS];
	static const real x[TOKENS * 4]; /* the width of tiny_shape */
	const struct moe_tokens of = { same, same, same, same };
	for (size_t batch = 0; batch < batches; batch++) {
		size_t digits = batch;
		for (size_t i = call->tokens * call->experts; i-- > 0; digits /= LEVELS)
			router->projection.logits[i] = level[digits % LEVELS];
		router_route(router, call, &of, x, router->projection.logits);
		for (size_t t = 0; t < call->tokens; t++)
			goes[batch][t] = way_of(&router->plan, t);
	}
}

/* Does any token of any batch go elsewhere than in the batch that has row 0 for all later tokens of its sequence? */
static bool any_looks_ahead(const struct moe_call *call, size_t batches)
{
	size_t rows = power(LEVELS, call->experts);
	for (size_t batch = 0; batch < batches; batch++)
		for (size_t t = 0; t < call->tokens; t++) {
			size_t end = (t / call->length + 1) * call->length; /* of the sequence; tokens t + 1 .. end - 1 are later */
			size_t behind = power(rows, call->tokens - end), later = power(rows, end - t - 1) * behind;
			size_t without = batch / later * later + batch % behind;
			if (goes[batch][t] != goes[without][t])
				return true;
		}
	return false;
}

struct shape {
	size_t sequences, length, experts;
};

static bool brute_force(struct tiny *tiny, const struct shape *shape, bool training)
{
	struct moe_call call = tiny->net.call;
	call.training = training;
	call.step = 1;
	call.sequences = shape->sequences;
	call.tokens = shape->sequences * shape->length;
	call.layer = 0;
	size_t batches = power(LEVELS, call.tokens * call.experts);
	ck_assert_uint_le(batches, BATCHES);
	route_all(net_router(&tiny->net, 0), &call, batches);
	return any_looks_ahead(&call, batches);
}

static const struct shape shapes[] = { { 1, 2, 2 }, { 1, 3, 2 }, { 1, 4, 2 }, { 2, 2, 2 }, { 1, 2, 3 }, { 2, 1, 3 } };
static const char *const sentences[] = {
	"scorer=softmax selector=top-k gate=score",
	"scorer=softmax selector=top-k gate=renorm",
	"scorer=softmax selector=top-k gate=renorm capacity=0.01",
	"scorer=softmax selector=top-k gate=score capacity=0.5",
	"scorer=softmax selector=top-k gate=score capacity=0.7",
	"scorer=sigmoid selector=top-k gate=renorm capacity=1",
	"scorer=sigmoid selector=top-k gate=score capacity=1.25",
	"scorer=softmax selector=top-k gate=score capacity=1.4",
	"scorer=softmax selector=top-k gate=score capacity=2",
	"scorer=softmax selector=top-k gate=score capacity=3",
	"scorer=softmax selector=top-k gate=score capacity=0.5 overflow=lowest-score",
	"scorer=sigmoid selector=top-k gate=score capacity=1 overflow=lowest-score",
	"scorer=softmax selector=top-k gate=renorm capacity=1.4 overflow=lowest-score",
	"scorer=softmax selector=top-k gate=score capacity=2 overflow=lowest-score",
	"scorer=softmax selector=top-k gate=score capacity=3 overflow=lowest-score",
	"scorer=softmax selector=top-k gate=score capacity=1 overflow=next-best",
	"scorer=softmax selector=top-k gate=score capacity=1.4 overflow=next-best",
	"scorer=softmax selector=top-k gate=score capacity=1 overflow=recycled",
	"scorer=softmax selector=top-k gate=renorm capacity=3 overflow=recycled",
	"scorer=softmax selector=top-k gate=score capacity=0.5 overflow=lowest-weight",
	"scorer=softmax selector=top-k gate=score capacity=1 overflow=batch-order",
	"scorer=softmax selector=expert-top gate=score",
	"scorer=softmax selector=expert-top,group=sequence gate=score",
	"scorer=sigmoid selector=expert-top gate=renorm",
	"scorer=softmax selector=group-top,groups=1,group-top-k=1 gate=score capacity=1",
	"scorer=softmax selector=base gate=sigmoid",
	"scorer=sigmoid selector=sinkhorn gate=score",
	"scorer=softmax selector=threshold gate=score",
	"scorer=softmax selector=threshold,warm-up=none gate=score",
	"scorer=softmax selector=sampled gate=renorm",
	"scorer=relu selector=positive gate=score",
	"scorer=softmax selector=near-best,noise=0.3 gate=sparsemixer,noise=0.3",
};
enum { SHAPES = sizeof shapes / sizeof *shapes, SENTENCES = sizeof sentences / sizeof *sentences };

START_TEST(the_probe_finds_what_brute_force_finds)
{
	const struct shape *shape = &shapes[_i];
	struct net_shape net = tiny_shape;
	size_t yes = 0, no = 0, apart = 0;
	net.sequences = shape->sequences;
	net.length = shape->length;
	for (size_t i = 0; i < SENTENCES; i++)
		for (size_t k = 1; k <= shape->experts; k++) {
			struct tiny tiny;
			const char *text = text_keep_f("%s experts=%zu k=%zu", sentences[i], shape->experts, k);
			open_well(&tiny, &net, text);
			bool truth[] = { brute_force(&tiny, shape, false), brute_force(&tiny, shape, true) };
			for (uint64_t seed = 1; seed <= 6; seed++)
				ck_assert_msg(found(&tiny, seed % 2, seed) == truth[seed % 2], "%s, seed %d: should be %d", text,
							  (int)seed, truth[seed % 2]);
			tiny_close(&tiny);
			yes += truth[0];
			no += !truth[0];
			apart += truth[0] != truth[1];
		}
	ck_assert_msg(no > 0 && (yes > 0) == (shape->length > 1), "%zu look ahead, %zu do not", yes, no);
	ck_assert_msg((apart > 0) == (shape->length > 1), "%zu look ahead in one phase alone", apart);
}
END_TEST

/* A full expert in a batch of many sequences, of which each is too short to fill it: capacity 31 of 32 tokens. */
START_TEST(what_only_a_whole_batch_shows_is_found)
{
	static const struct {
		const char *text;
		bool ahead;
	} rules[] = {
		{ "scorer=softmax selector=top-k gate=score experts=4 k=2 capacity=1.93", true },
		{ "scorer=softmax selector=top-k gate=score experts=4 k=2 capacity=1.95", false }, /* 32 of 32 */
		{ "scorer=softmax selector=top-k gate=score experts=4 k=1 capacity=3.85", false },
		{ "scorer=softmax selector=top-k gate=score experts=4 k=1 capacity=3.85 overflow=lowest-score", true },
		{ "scorer=softmax selector=expert-top gate=score experts=4 k=3", true },
	};
	struct net_shape net = tiny_shape;
	struct tiny tiny;
	net.sequences = 16;
	net.length = 2;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		open_well(&tiny, &net, rules[i].text);
		for (uint64_t seed = 1; seed <= 12; seed++)
			ck_assert_msg(found(&tiny, false, seed) == rules[i].ahead, "%s, seed %d", rules[i].text, (int)seed);
		tiny_close(&tiny);
	}
}
END_TEST

/* ---- rules made up to deceive ---------------------------------------------------------------------------------- */

static void choose_first(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	(void)self;
	for (size_t t = 0; t < route->call.tokens; t++)
		moe_pick(picks, t, t % route->call.experts, 0);
}

/* The weight is the score less its mean over the sequence, which is far below what losses show. */
static void weigh_by_mean(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	const struct moe_plan *plan = route->plan;
	size_t experts = route->call.experts, length = route->call.length;
	(void)self;
	for (size_t p = 0; p < plan->pairs; p++) {
		size_t t = plan->token[p], e = plan->expert[p], first = t / length * length;
		double mean = 0;
		for (size_t i = first; i < first + length; i++)
			mean += (double)route->scores[i * experts + e] / (double)length;
		weight[p] = route->scores[t * experts + e] - (real)(1e-5 * mean);
	}
}

/* The same over the tokens up to this one, which is no looking ahead. */
static void weigh_by_past(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	const struct moe_plan *plan = route->plan;
	size_t experts = route->call.experts, length = route->call.length;
	(void)self;
	for (size_t p = 0; p < plan->pairs; p++) {
		size_t t = plan->token[p], e = plan->expert[p];
		weight[p] = 0;
		for (size_t i = t / length * length; i <= t; i++)
			weight[p] += route->scores[i * experts + e];
	}
}

/* In training alone. */
static void weigh_in_training(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	if (route->call.training)
		weigh_by_mean(self, route, weight);
	else
		weigh_by_past(self, route, weight);
}

/* By the next token's id alone, where there is one. */
static void choose_by_next(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	(void)self;
	for (size_t t = 0; t < route->call.tokens; t++) {
		bool last = t % route->call.length + 1 == route->call.length;
		moe_pick(picks, t, last ? 0 : route->of.id[t + 1] % route->call.experts, 0);
	}
}

static const struct moe_selector first = {
	.part = { .kind = MOE_SELECTOR, .name = "first", .wants = MOE_SCORES },
	.select = choose_first,
};
static const struct moe_selector next = {
	.part = { .kind = MOE_SELECTOR, .name = "next" },
	.select = choose_by_next,
};
#define GATE(hook)                                                                         \
	{                                                                                      \
		.part = { .kind = MOE_GATE, .name = #hook, .wants = MOE_SCORES }, .forward = hook, \
	}
static const struct moe_gate gates[] = { GATE(weigh_by_mean), GATE(weigh_by_past), GATE(weigh_in_training) };

/* Puts the parts in the place of those of an opened network. */
static void deceive(struct tiny *tiny, const struct moe_selector *selector, const struct moe_gate *gate)
{
	if (selector)
		tiny->sentence.selector.part = &selector->part;
	if (gate)
		tiny->sentence.gate.part = &gate->part;
}

START_TEST(a_last_bit_of_a_weight_is_enough)
{
	static const bool ahead[2][3] = { { true, false, false }, { true, false, true } }; /* by phase and gate */
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, "scorer=softmax selector=top-k gate=score k=1");
	for (size_t i = 0; i < 3; i++)
		for (int training = 0; training < 2; training++)
			for (uint64_t seed = 1; seed <= 12; seed++) {
				deceive(&tiny, &first, &gates[i]);
				ck_assert_msg(found(&tiny, training, seed) == ahead[training][i], "%s in phase %d", gates[i].part.name,
							  training);
			}
	tiny_close(&tiny);
}
END_TEST

START_TEST(ids_of_later_tokens_are_changed)
{
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, "hash k=1");
	ck_assert(!found(&tiny, false, 1));
	deceive(&tiny, &next, NULL);
	for (uint64_t seed = 1; seed <= 12; seed++)
		ck_assert(found(&tiny, false, seed));
	tiny_close(&tiny);
}
END_TEST

/* Noise of training is the same for both futures; a collapsed router is alike for all tokens, and not its rule. */
START_TEST(noise_and_collapse_decide_nothing)
{
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, "top-k,second=0.5,k=2 jitter=0.9");
	for (uint64_t seed = 1; seed <= 12; seed++)
		ck_assert(!found(&tiny, true, seed));
	tiny_close(&tiny);
	open_well(&tiny, &tiny_shape, "expert-choice");
	tiny_spread_logits(&tiny.net, 0);
	for (uint64_t seed = 1; seed <= 12; seed++)
		ck_assert(found(&tiny, false, seed));
	tiny_close(&tiny);
}
END_TEST

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static struct settings settings;
static struct trainer trainer;

/* Those that look ahead; all others do not.  GShard's second choices wait for all first choices, later ones too. */
static const char *const ahead[] = { "expert-choice", "gshard", "st-moe", "hunyuan-large", "moe-plus-plus" };

/* Those that look ahead in training alone: prices and assignments of the batch itself, and expert choice as a warm-up.
 */
static const char *const in_training[] = { "base", "bip", "s-base", "expert-threshold" };

/* Of two tokens alone, each with one choice, the first always finds room: none that moves on is an earlier one. */
static bool two_alone(const char *recipe, const struct assignment *stream)
{
	return strcmp(recipe, "hunyuan-large") == 0 && strcmp(stream[1].value, "2") == 0;
}

static const char *truth_of(const char *recipe, const struct assignment *stream)
{
	if (two_alone(recipe, stream))
		return "yes";
	for (size_t i = 0; i < sizeof ahead / sizeof *ahead; i++)
		if (strcmp(recipe, ahead[i]) == 0)
			return "no";
	for (size_t i = 0; i < sizeof in_training / sizeof *in_training; i++)
		if (strcmp(recipe, in_training[i]) == 0)
			return "train-only";
	return "yes";
}

static const struct assignment streams[][4] = {
	{ { "stream", "topicmix" }, { "seq-length", "64" }, { "batch", "4" } },
	{ { "stream", "uniform,vocabulary=2" }, { "seq-length", "4" }, { "batch", "32" } },
	{ { "stream", "uniform,vocabulary=2" }, { "seq-length", "2" }, { "batch", "1" } },
	{ { "stream", NULL }, { "seq-length", "16" }, { "batch", "4" } },
};
enum { STREAMS = sizeof streams / sizeof *streams, SEEDS = 12, STEPS = 3 };

/* A text of few words, so that a tiny corpus has enough of each. */
static const char *write_corpus(void)
{
	char text[4096];
	size_t n = 0;
	for (unsigned i = 0; n < sizeof text - 16; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s ", i * i % 7 < 3 ? "one" : i % 3 ? "two" : "three");
	put_file(in_folder("text"), text, n);
	return text_keep_f("corpus,path=%s", in_folder("text"));
}

static void verdict_of(const char *recipe, const struct assignment *stream, const char *corpus, int seed)
{
	struct assignment more[TINY_MORE] = { { "strategy", recipe },
										  { "experts", "16" },
										  { "seed", text_keep_f("%d", seed) },
										  stream[0],
										  stream[1],
										  stream[2] };
	struct error err = { .code = ERROR_NONE };
	struct step_log log;
	if (more[3].value == NULL)
		more[3].value = corpus;
	tiny_resolve(&settings, more);
	bool told = sentence_wants(&settings.sentence) & (MOE_CLASSES | MOE_GUESSES);
	if (trainer_open(&trainer, &settings, &err) != 0) {
		ck_assert_msg(told, "%s", err.text);
		return; /* planted, and this stream does not tell what it plants by */
	}
	for (int i = 0; i < STEPS; i++)
		trainer_step(&trainer, false, &log);
	struct leak leak = leak_measure(&trainer);
	ck_assert_msg(strcmp(leak_word(leak), truth_of(recipe, stream)) == 0,
				  "%s on %s, seed %d: causal is %s, should be %s", recipe, more[3].value, seed, leak_word(leak),
				  truth_of(recipe, stream));
	trainer_close(&trainer);
}

START_TEST(every_recipe_is_told_on_every_stream)
{
	const char *corpus = write_corpus();
	catalog_use(strategy_parts, strategy_recipes);
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		for (int seed = 1; seed <= SEEDS; seed++)
			verdict_of(recipe->name, streams[_i], corpus, seed);
}
END_TEST

/* The recipes of these layers differ in nothing but their phase, so that the word must come from the gate. */
START_TEST(training_alone_has_its_word)
{
	struct error err = { .code = ERROR_NONE };
	const struct assignment more[] = { { "strategy", "top-k,k=1" }, { NULL, NULL } };
	tiny_resolve(&settings, more);
	settings.sentence.gate.part = &gates[2].part;
	ck_assert_int_eq(trainer_open(&trainer, &settings, &err), 0);
	struct leak leak = leak_measure(&trainer);
	ck_assert_str_eq(leak_word(leak), "train-only");
	ck_assert_double_eq_tol(leak.change, 0, 1e-5);
	trainer_close(&trainer);
}
END_TEST

START_TEST(one_token_has_no_future)
{
	struct error err = { .code = ERROR_NONE };
	const struct assignment more[] = { { "strategy", "expert-choice" }, { "seq-length", "1" }, { NULL, NULL } };
	tiny_resolve(&settings, more);
	ck_assert_int_eq(trainer_open(&trainer, &settings, &err), 0);
	struct leak leak = leak_measure(&trainer);
	ck_assert_str_eq(leak_word(leak), "yes");
	ck_assert_double_eq(leak.change, 0);
	ck_assert_str_eq(leak_word((struct leak){ .change = NAN }), "");
	trainer_close(&trainer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lookahead");
	TCase *rules = tcase_create("rules"), *runs = tcase_create("runs");
	catalog_use(strategy_parts, strategy_recipes);
	tcase_add_loop_test(rules, the_probe_finds_what_brute_force_finds, 0, SHAPES);
	tcase_add_test(rules, what_only_a_whole_batch_shows_is_found);
	tcase_add_test(rules, a_last_bit_of_a_weight_is_enough);
	tcase_add_test(rules, ids_of_later_tokens_are_changed);
	tcase_add_test(rules, noise_and_collapse_decide_nothing);
	tcase_add_checked_fixture(runs, folder_setup, folder_teardown);
	tcase_add_loop_test(runs, every_recipe_is_told_on_every_stream, 0, STREAMS);
	tcase_add_test(runs, training_alone_has_its_word);
	tcase_add_test(runs, one_token_has_no_future);
	tcase_set_timeout(rules, 60);
	tcase_set_timeout(runs, 120);
	suite_add_tcase(suite, rules);
	suite_add_tcase(suite, runs);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
