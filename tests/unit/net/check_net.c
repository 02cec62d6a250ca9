/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_net.c -- the network at its ends (one expert, all experts), what later tokens may move, and what must be alike
 * between strategies.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "tests/support/tiny.h"

static void open_well(struct tiny *tiny, const struct net_shape *shape, const char *text)
{
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(tiny_open(tiny, shape, text, &err) == 0, "%s: %s", text, err.text);
}

static struct weight *span(struct net *net, const char *name, uint64_t index)
{
	for (size_t i = 0; i < net->params.spans; i++)
		if (strcmp(net->params.span[i].name, name) == 0 && net->params.span[i].index == index)
			return net->params.span[i].weight;
	return NULL;
}

static double loss_of(struct tiny *tiny, size_t step, bool training)
{
	return net_forward(&tiny->net, &tiny->batch, step, training).lm_loss;
}

/* ---- at the ends ----------------------------------------------------------------------------------------------- */

static void copy_weight(const struct weight *to, const struct weight *from)
{
	ck_assert_uint_eq(to->n, from->n);
	memcpy(to->w, from->w, to->n * sizeof(real));
}

static void check_same_gradient(struct net *a, const char *name_a, struct net *b, const char *name_b)
{
	const struct weight *left = span(a, name_a, 0), *right = span(b, name_b, 0);
	ck_assert_ptr_nonnull(left);
	ck_assert_ptr_nonnull(right);
	ck_assert_msg(memcmp(left->d_w, right->d_w, left->n * sizeof(real)) == 0, "the gradient of %s differs", name_a);
}

START_TEST(one_expert_is_the_dense_layer_exactly)
{
	static const char *const gates[] = { "gate=score", "gate=renorm", "gate=unit" };
	static const char *const alike[] = { "embedding", "attention-in", "attention-out", "norm-layer", "head" };
	struct tiny moe;
	open_well(&moe, &tiny_shape,
			  text_keep_f("scorer=softmax selector=top-k %s experts=1 k=1 expert-width=5", gates[_i]));
	struct tiny dense;
	open_well(&dense, &tiny_shape, "dense experts=1 k=1 expert-width=5");
	copy_weight(span(&dense.net, "shared-up", 0), span(&moe.net, "expert-up", 0));
	copy_weight(span(&dense.net, "shared-down", 0), span(&moe.net, "expert-down", 0));
	ck_assert_double_eq(loss_of(&moe, 1, true), loss_of(&dense, 1, true));
	net_backward(&moe.net, &moe.batch);
	net_backward(&dense.net, &dense.batch);
	for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
		check_same_gradient(&moe.net, alike[i], &dense.net, alike[i]);
	check_same_gradient(&moe.net, "expert-up", &dense.net, "shared-up");
	check_same_gradient(&moe.net, "expert-down", &dense.net, "shared-down");
	tiny_close(&moe);
	tiny_close(&dense);
}
END_TEST

/* y = sum_e s_e FFN_e(x), computed expert by expert over all tokens. */
START_TEST(all_experts_are_the_weighted_mixture)
{
	static const char *const texts[] = { "selector=top-k gate=renorm experts=4 k=4",
										 "selector=top-k gate=score experts=4 k=4",
										 "selector=expert-top gate=renorm experts=4 k=4" };
	enum { TOKENS = 12, WIDTH = 4, INNER = 3 };
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, texts[_i]);
	struct layer *layer = &tiny.net.block[0].layer;
	real before[TOKENS * INNER], hidden[TOKENS * INNER], y[TOKENS * WIDTH];
	double mixed[TOKENS * WIDTH] = { 0 };
	loss_of(&tiny, 1, false);
	for (size_t e = 0; e < 4; e++) {
		ffn_forward(&layer->expert[e], TOKENS, tiny.net.block[0].normed_middle, before, hidden, y);
		for (size_t i = 0; i < TOKENS * WIDTH; i++)
			mixed[i] += (double)layer->router.scores[i / WIDTH * 4 + e] * (double)y[i];
	}
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		ck_assert_double_eq_tol((double)tiny.net.branch[i], mixed[i], 1e-5);
	tiny_close(&tiny);
}
END_TEST

/* What an expert without a network makes of a row, as the paper has it. */
static void plain_result(struct net *net, size_t expert, size_t width, const real *x, double *y)
{
	const struct weight *mix = span(net, "constant-mix", expert - 2),
						*vector = span(net, "constant-vector", expert - 2);
	double one = 0, other = 0;
	for (size_t i = 0; vector && i < width; i++) {
		one += (double)mix->w[i] * (double)x[i];
		other += (double)mix->w[width + i] * (double)x[i];
	}
	for (size_t i = 0; i < width; i++) {
		double share = exp(one) / (exp(one) + exp(other));
		y[i] = expert == 2 ? 0 : expert == 3 ? (double)x[i] : share * (double)x[i] + (1 - share) * (double)vector->w[i];
	}
}

/* Experts 0 and 1 are FFNs, 2 returns nothing, 3 its input, 4 and 5 a mix. */
START_TEST(experts_without_a_network)
{
	static const char *const ks[] = { "k=6", "k=3", "k=2 capacity=0.5", "k=3 shared=1" };
	enum { TOKENS = 12, WIDTH = 4, INNER = 3 };
	struct tiny tiny;
	open_well(&tiny, &tiny_shape,
			  text_keep_f("selector=top-k gate=score experts=2 zero=1 copy=1 constant=2 %s", ks[_i]));
	struct layer *layer = &tiny.net.block[0].layer;
	const struct moe_plan *plan = &layer->router.plan;
	const real *x = tiny.net.block[0].normed_middle;
	real before[INNER * TOKENS], hidden[INNER * TOKENS], y[WIDTH * TOKENS];
	double wanted[TOKENS * WIDTH] = { 0 };
	loss_of(&tiny, 1, false);
	for (size_t p = 0; p < plan->pairs; p++) {
		double result[WIDTH];
		ffn_forward(&layer->expert[plan->expert[p] % 2], 1, x + plan->token[p] * WIDTH, before, hidden, y);
		for (size_t i = 0; i < WIDTH; i++)
			result[i] = (double)y[i];
		if (plan->expert[p] >= 2)
			plain_result(&tiny.net, plan->expert[p], WIDTH, x + plan->token[p] * WIDTH, result);
		for (size_t i = 0; i < WIDTH; i++)
			wanted[plan->token[p] * WIDTH + i] += (double)plan->weight[p] * result[i];
	}
	if (layer->shared.inner) {
		ffn_forward(&layer->shared, TOKENS, x, before, hidden, y);
		for (size_t i = 0; i < TOKENS * WIDTH; i++)
			wanted[i] += (double)y[i];
	}
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		ck_assert_double_eq_tol((double)tiny.net.branch[i], wanted[i], 1e-5);
	ck_assert_uint_eq(net_pairs(&tiny.net), plan->first[2]);
	ck_assert_uint_eq(net_constant_pairs(&tiny.net), plan->pairs - plan->first[4]);
	ck_assert_uint_eq(plan->pairs - plan->first[2],
					  plan->assigned[2] + plan->assigned[3] + plan->assigned[4] + plan->assigned[5]);
	tiny_close(&tiny);
}
END_TEST

/* With nothing kept, only the shared expert is left. */
START_TEST(shared_experts_are_added)
{
	enum { TOKENS = 12, WIDTH = 4, INNER = 6 };
	struct tiny both;
	open_well(&both, &tiny_shape, "top-k shared=2");
	struct tiny routed;
	open_well(&routed, &tiny_shape, "top-k");
	struct layer *layer = &both.net.block[0].layer;
	real before[TOKENS * INNER], hidden[TOKENS * INNER], y[TOKENS * WIDTH];
	loss_of(&both, 1, false);
	loss_of(&routed, 1, false);
	ffn_forward(&layer->shared, TOKENS, both.net.block[0].normed_middle, before, hidden, y);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		ck_assert_double_eq_tol((double)both.net.branch[i], (double)routed.net.branch[i] + (double)y[i], 1e-5);
	tiny_close(&both);
	tiny_close(&routed);
}
END_TEST

/* ---- what is alike between strategies -------------------------------------------------------------------------- */

START_TEST(strategies_begin_with_the_same_weights)
{
	struct net_shape shape = tiny_shape;
	shape.layers = 2;
	struct tiny first;
	open_well(&first, &shape, "top-k experts=8");
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++) {
		struct tiny other;
		open_well(&other, &shape, text_keep_f("%s experts=16", recipe->name));
		size_t common = 0;
		for (size_t i = 0; i < other.net.params.spans; i++) {
			const struct param_span *own = &other.net.params.span[i];
			const struct weight *weight = span(&first.net, own->name, own->index);
			if (weight == NULL || strcmp(own->name, "router") == 0)
				continue;
			ck_assert_uint_eq(weight->n, own->weight->n);
			ck_assert_msg(memcmp(weight->w, own->weight->w, weight->n * sizeof(real)) == 0, "%s of %s", own->name,
						  recipe->name);
			common++;
		}
		ck_assert_uint_ge(common, 3 + 2 * 4 + (other.net.call.experts ? 2 * 2 * 8 : 0));
		tiny_close(&other);
	}
	tiny_close(&first);
}
END_TEST

START_TEST(initial_weights_have_their_spread)
{
	struct net_shape shape = {
		.layers = 2, .width = 64, .heads = 2, .vocabulary = 100, .sequences = 1, .length = 2, .embedding_scale = 0.3
	};
	struct tiny tiny;
	open_well(&tiny, &shape, "top-k experts=8 expert-width=16");
	for (size_t i = 0; i < tiny.net.params.spans; i++) {
		const struct param_span *own = &tiny.net.params.span[i];
		double sum = 0, squares = 0, n = (double)own->weight->n;
		for (size_t j = 0; j < own->weight->n; j++) {
			double x = (double)own->weight->w[j] / (strcmp(own->name, "router") == 0 ? 50 : 1);
			sum += x;
			squares += (x - own->mean) * (x - own->mean);
		}
		ck_assert_double_eq_tol(sum / n, own->mean, 6 * own->std / sqrt(n) + 1e-12);
		ck_assert_double_eq_tol(sqrt(squares / n), own->std, 6 * own->std / sqrt(2 * n) + 1e-12);
	}
	ck_assert_int_ne(memcmp(span(&tiny.net, "expert-up", 0)->w, span(&tiny.net, "expert-up", 1)->w, 64), 0);
	ck_assert_int_ne(memcmp(span(&tiny.net, "router", 0)->w, span(&tiny.net, "router", 1)->w, 64), 0);
	tiny_close(&tiny);
}
END_TEST

/* A balancer that weighs nothing changes nothing. */
START_TEST(idle_balancers_change_nothing)
{
	static const char *const idle[] = { "aux,weight=0", "z,weight=0", "bias,rate=0",
										"aux,weight=0+z,weight=0+bias,rate=0" };
	struct tiny plain;
	open_well(&plain, &tiny_shape, "top-k");
	struct tiny other;
	open_well(&other, &tiny_shape, text_keep_f("top-k balance=%s", idle[_i]));
	for (size_t step = 1; step <= 3; step++) {
		double a = net_forward(&plain.net, &plain.batch, step, true).total;
		double b = net_forward(&other.net, &other.batch, step, true).total;
		ck_assert_double_eq(a, b);
		net_backward(&plain.net, &plain.batch);
		net_backward(&other.net, &other.batch);
		net_settle(&plain.net);
		net_settle(&other.net);
	}
	ck_assert_int_eq(memcmp(plain.net.params.grad, other.net.params.grad, plain.net.params.n * sizeof(real)), 0);
	tiny_close(&plain);
	tiny_close(&other);
}
END_TEST

START_TEST(objective_is_the_loss_and_the_terms)
{
	struct net_shape shape = tiny_shape;
	shape.layers = 2;
	struct tiny tiny;
	open_well(&tiny, &shape, "top-k balance=aux,weight=0.5+z,weight=0.25");
	struct objective objective = net_forward(&tiny.net, &tiny.batch, 1, true);
	double wanted = objective.lm_loss;
	for (size_t i = 0; i < 2; i++) {
		const struct router *router = net_router(&tiny.net, i);
		wanted += 0.5 * router->term[0].value + 0.25 * router->term[1].value;
		ck_assert_double_gt(router->term[1].value, 0);
	}
	ck_assert_double_eq_tol(objective.total, wanted, 1e-12);
	objective = net_forward(&tiny.net, &tiny.batch, 1, false);
	ck_assert_double_eq(objective.total, objective.lm_loss);
	tiny_close(&tiny);
}
END_TEST

/* Relabelling the experts, with all that is theirs, changes no output. */
START_TEST(experts_have_no_order)
{
	static const char *const texts[] = { "top-k", "expert-choice", "mixtral", "switch,overflow=lowest-score" };
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, texts[_i]);
	double before = loss_of(&tiny, 1, false);
	struct weight *map = span(&tiny.net, "router", 0);
	for (size_t i = 0; i < tiny_shape.width; i++) {
		real kept = map->w[i * 4];
		map->w[i * 4] = map->w[i * 4 + 2];
		map->w[i * 4 + 2] = kept;
	}
	static const char *const names[] = { "expert-up", "expert-down" };
	for (size_t n = 0; n < 2; n++) {
		struct weight *a = span(&tiny.net, names[n], 0), *b = span(&tiny.net, names[n], 2);
		for (size_t i = 0; i < a->n; i++) {
			real kept = a->w[i];
			a->w[i] = b->w[i];
			b->w[i] = kept;
		}
	}
	ck_assert_double_eq_tol(loss_of(&tiny, 1, false), before, 1e-5);
	tiny_close(&tiny);
}
END_TEST

/* ---- what later tokens move ------------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	bool causal;
} rules[] = {
	{ "dense", true },
	{ "random", true },
	{ "hash", true },
	{ "top-k", true },
	{ "aux-loss", true },
	{ "bias", true },
	{ "shared", true },
	{ "switch", true },
	{ "mixtral", true },
	{ "grok-1", true },
	{ "top-k,k=1,capacity=0.5", true },
	{ "expert-choice", false },
	{ "expert-choice,group=sequence", false },
	{ "gshard,capacity=0.6,second=none", false },
	{ "top-k,k=1,capacity=0.5,overflow=lowest-score", false },
};
enum { RULES = sizeof rules / sizeof *rules };

/* The largest change of the losses in one sequence before position `from` when its tokens from there on change. */
static double change_before(struct tiny *tiny, size_t sequence, size_t from)
{
	size_t length = tiny->batch.length, first = sequence * length;
	double kept[64], most = 0;
	uint32_t ids[64];
	loss_of(tiny, 1, true);
	for (size_t t = 0; t < length; t++) {
		kept[t] = tiny->net.head.loss[first + t];
		ids[t] = tiny->batch.id[first + t];
		if (t >= from)
			tiny->batch.id[first + t] = (ids[t] + 1 + (uint32_t)t % 5) % 7;
	}
	loss_of(tiny, 1, true);
	for (size_t t = 0; t < from; t++)
		most = fmax(most, fabs(tiny->net.head.loss[first + t] - kept[t]));
	memcpy(tiny->batch.id + first, ids, length * sizeof *ids);
	return most;
}

START_TEST(later_tokens_move_what_the_rule_allows)
{
	struct net_shape shape = tiny_shape;
	double most = 0;
	shape.length = 24;
	shape.sequences = 3;
	struct tiny tiny;
	open_well(&tiny, &shape, text_keep_f("%s %s", rules[_i].text, "experts=4"));
	/* after some steps, so that what balancers learned decides, too */
	for (size_t step = 1; step <= 5; step++) {
		loss_of(&tiny, step, true);
		net_settle(&tiny.net);
	}
	for (size_t s = 0; s < shape.sequences; s++)
		for (size_t from = 1; from < shape.length; from += 4)
			most = fmax(most, change_before(&tiny, s, from));
	if (rules[_i].causal)
		ck_assert_double_lt(most, 1e-5);
	else
		ck_assert_double_gt(most, 1e-3);
	tiny_close(&tiny);
}
END_TEST

/* Sequences do not see one another where nothing is shared between them. */
START_TEST(sequences_are_independent)
{
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, "top-k");
	double alone[6], change = 0;
	struct batch one = tiny.batch;
	one.sequences = 1;
	net_forward(&tiny.net, &one, 1, false);
	memcpy(alone, tiny.net.head.loss, sizeof alone);
	loss_of(&tiny, 1, false);
	for (size_t t = 0; t < 6; t++)
		change = fmax(change, fabs(alone[t] - tiny.net.head.loss[t]));
	ck_assert_double_lt(change, 1e-5);
	tiny_close(&tiny);
}
END_TEST

/* ---- training and evaluation ----------------------------------------------------------------------------------- */

START_TEST(evaluation_changes_no_state)
{
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, "bias balance=bias,rate=0.1+aux,scope=running");
	struct router *router = net_router(&tiny.net, 0);
	uint8_t kept[2][4096];
	for (size_t step = 1; step <= 3; step++) {
		loss_of(&tiny, step, true);
		net_settle(&tiny.net);
	}
	for (size_t j = 0; j < 2; j++) {
		ck_assert_uint_gt(router->memory[4 + j].state_size, 0);
		ck_assert_uint_le(router->memory[4 + j].state_size, sizeof kept[j]);
		memcpy(kept[j], router->memory[4 + j].state, router->memory[4 + j].state_size);
	}
	double first = loss_of(&tiny, 1, false);
	ck_assert_double_eq(loss_of(&tiny, 1, false), first);
	for (size_t j = 0; j < 2; j++)
		ck_assert_mem_eq(kept[j], router->memory[4 + j].state, router->memory[4 + j].state_size);
	tiny_close(&tiny);
}
END_TEST

/* The bias of a step comes from the counts of the steps before it. */
START_TEST(bias_waits_for_the_end_of_the_step)
{
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, "bias,rate=0.1");
	const struct router *router = net_router(&tiny.net, 0);
	loss_of(&tiny, 1, true);
	for (size_t e = 0; e < 4; e++)
		ck_assert_double_eq((double)router_offsets(router)[e], 0);
	net_settle(&tiny.net);
	double moved = 0;
	for (size_t e = 0; e < 4; e++)
		moved += fabs((double)router_offsets(router)[e]);
	ck_assert_double_gt(moved, 0);
	tiny_close(&tiny);
}
END_TEST

START_TEST(jitter_is_for_training)
{
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, "top-k,jitter=0.5");
	struct tiny plain;
	open_well(&plain, &tiny_shape, "top-k");
	ck_assert_double_eq(loss_of(&tiny, 1, false), loss_of(&plain, 1, false));
	double first = loss_of(&tiny, 1, true);
	ck_assert_double_ne(first, loss_of(&plain, 1, true));
	ck_assert_double_ne(first, loss_of(&tiny, 2, true));
	ck_assert_double_eq(first, loss_of(&tiny, 1, true));
	tiny_close(&tiny);
	tiny_close(&plain);
}
END_TEST

/* A few steps down the gradient make the loss smaller, whatever the strategy. */
static void descend(const char *recipe)
{
	struct tiny tiny;
	open_well(&tiny, &tiny_shape, text_keep_f("%s experts=16", recipe));
	double first = loss_of(&tiny, 1, true), last = first;
	for (size_t step = 1; step <= 60; step++) {
		last = loss_of(&tiny, step, true);
		net_backward(&tiny.net, &tiny.batch);
		for (size_t i = 0; i < tiny.net.params.n; i++)
			tiny.net.params.value[i] -= (real)0.1 * tiny.net.params.grad[i];
		net_settle(&tiny.net);
	}
	ck_assert_msg(last < first - 0.1, "%s: %g then %g", recipe, first, last);
	tiny_close(&tiny);
}

START_TEST(descent_descends)
{
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		descend(recipe->name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net");
	TCase *ends = tcase_create("ends"), *alike = tcase_create("alike"), *causal = tcase_create("causal");
	TCase *training = tcase_create("training");
	catalog_use(strategy_parts, strategy_recipes);
	tcase_add_loop_test(ends, one_expert_is_the_dense_layer_exactly, 0, 3);
	tcase_add_loop_test(ends, all_experts_are_the_weighted_mixture, 0, 3);
	tcase_add_loop_test(ends, experts_without_a_network, 0, 4);
	tcase_add_test(ends, shared_experts_are_added);
	tcase_add_test(alike, strategies_begin_with_the_same_weights);
	tcase_add_test(alike, initial_weights_have_their_spread);
	tcase_add_loop_test(alike, idle_balancers_change_nothing, 0, 4);
	tcase_add_test(alike, objective_is_the_loss_and_the_terms);
	tcase_add_loop_test(alike, experts_have_no_order, 0, 4);
	tcase_add_loop_test(causal, later_tokens_move_what_the_rule_allows, 0, RULES);
	tcase_add_test(causal, sequences_are_independent);
	tcase_add_test(training, evaluation_changes_no_state);
	tcase_add_test(training, bias_waits_for_the_end_of_the_step);
	tcase_add_test(training, jitter_is_for_training);
	tcase_add_test(training, descent_descends);
	suite_add_tcase(suite, ends);
	suite_add_tcase(suite, alike);
	suite_add_tcase(suite, causal);
	suite_add_tcase(suite, training);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
