/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_trainer.c -- one run in memory: its size, its FLOPs and its steps.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/train/trainer.h"
#include "tests/support/tiny_run.h"

static struct settings settings;
static struct trainer trainer;

static void open_well(const struct assignment *more)
{
	struct error err = { .code = ERROR_NONE };
	tiny_resolve(&settings, more);
	ck_assert_msg(trainer_open(&trainer, &settings, &err) == 0, "%s", err.text);
}

static void open_strategy(const char *strategy)
{
	const struct assignment more[] = { { "strategy", strategy }, { NULL, NULL } };
	open_well(more);
}

/* ---- how large it is ------------------------------------------------------------------------------------------- */

static const struct assignment shapes[][4] = {
	{ { NULL, NULL } },
	{ { "layers", "3" }, { "stream", "topicmix,vocabulary=40" }, { NULL, NULL } },
	{ { "width", "12" }, { "heads", "3" }, { NULL, NULL } },
	{ { "shared", "2" }, { "top-k", "8" }, { NULL, NULL } },
	{ { "experts", "64" }, { "expert-width", "1" }, { NULL, NULL } },
	{ { "capacity", "0.9" }, { "jitter", "0.1" }, { "stream", "topicmix,vocabulary=40" }, { NULL, NULL } },
};
enum { SHAPES = sizeof shapes / sizeof *shapes, JITTERED = SHAPES - 1 };

static bool projects(const char *strategy)
{
	struct sentence sentence;
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(sentence_read(strategy, NULL, &sentence, &err) == 0, "%s", err.text);
	return sentence_projects(&sentence);
}

/* Parameters as they are and as they are counted, and memory as it is and as it is estimated. */
static void check_size(const char *strategy, const struct assignment *shape)
{
	struct assignment more[6] = { { "strategy", strategy }, { "experts", "32" } };
	struct trainer_needs needs;
	struct error err = { .code = ERROR_NONE };
	for (size_t i = 0; shape[i].name; i++)
		more[i + 2] = shape[i];
	open_well(more);
	ck_assert_int_eq(trainer_measure(&settings, &needs, &err), 0);
	ck_assert_msg((int64_t)trainer.net.params.n == trainer.cost.params_total, "%s: %zu parameters, counted %lld",
				  settings.text, trainer.net.params.n, (long long)trainer.cost.params_total);
	ck_assert_int_eq(needs.cost.params_total, trainer.cost.params_total);
	ck_assert_double_eq(needs.bytes, (double)trainer.arena.bytes);
	ck_assert_int_le(trainer.cost.params_active, trainer.cost.params_total);
	trainer_close(&trainer);
}

START_TEST(counts_are_what_is_there)
{
	static const char *const words[] = { " k=8", "" }; /* eight groups share k equally */
	catalog_use(strategy_parts, strategy_recipes);
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		for (size_t i = 0; i < 2 && (_i != JITTERED || projects(recipe->name)); i++) /* or it is refused */
			check_size(text_keep_f("%s%s", recipe->name, words[i]), shapes[_i]);
}
END_TEST

/* Memory is taken before the first step and never after it. */
START_TEST(steps_take_no_memory)
{
	struct step_log log;
	open_strategy("gshard balance=bias+aux,scope=running+z");
	size_t bytes = trainer.arena.bytes;
	const struct arena_block *block = trainer.arena.first;
	for (int i = 0; i < 3; i++)
		trainer_step(&trainer, true, &log);
	trainer_evaluate(&trainer);
	ck_assert_uint_eq(trainer.arena.bytes, bytes);
	ck_assert_ptr_eq(trainer.arena.first, block);
	trainer_close(&trainer);
}
END_TEST

START_TEST(too_large_is_refused_before_memory_is_taken)
{
	static const struct assignment huge[][4] = {
		{ { "experts", "65536" }, { "expert-width", "1048576" }, { "width", "65536" }, { NULL, NULL } },
		{ { "batch", "65536" }, { "seq-length", "65536" }, { NULL, NULL } },
		{ { "layers", "256" }, { "width", "65536" }, { NULL, NULL } },
		{ { "experts", "65536" }, { "top-k", "65536" }, { "batch", "65536" }, { NULL, NULL } },
	};
	struct error err = { .code = ERROR_NONE };
	tiny_resolve(&settings, huge[_i]);
	ck_assert_int_ne(trainer_open(&trainer, &settings, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, "memory") || strstr(err.text, "too large"), "%s", err.text);
}
END_TEST

/* ---- FLOPs ----------------------------------------------------------------------------------------------------- */

/* Width 8, two layers, 4 experts of width 3, 2 a token, 1 shared, 11 tokens, sequences of 5; each layer:
 *   queries, keys, values, output  2 * 4 * 8 * 8       = 512
 *   scores and mixing at 3 keys    2 * 2 * 8 * 3       =  96
 *   router                         2 * 8 * 4           =  64
 *   2 experts of 2 * 2 * 8 * 3                         = 192
 *   1 shared expert                                    =  96
 * which is 960; the head is 2 * 8 * 11 = 176. */
START_TEST(flops_by_hand)
{
	static const struct assignment more[] = {
		{ "layers", "2" }, { "experts", "4" }, { "shared", "1" }, { NULL, NULL }
	};
	struct step_log log;
	open_well(more);
	ck_assert_int_eq(trainer.cost.flops_forward, 2 * 960 + 176);
	ck_assert_int_eq(trainer.cost.flops_training, 3 * (2 * 960 + 176));
	trainer_step(&trainer, false, &log);
	trainer_step(&trainer, false, &log);
	ck_assert_double_eq(trainer.flops, 2 * 15 * 3.0 * (2 * 960 + 176));
	struct evaluation evaluation = trainer_evaluate(&trainer);
	ck_assert_double_eq(evaluation.pairs, 4);
	trainer_close(&trainer);
}
END_TEST

/* What is dropped is not computed: one row an expert and layer is 4 of 30 pairs. */
START_TEST(dropped_pairs_cost_nothing)
{
	static const struct assignment more[] = { { "experts", "4" }, { "capacity", "0.01" }, { NULL, NULL } };
	struct step_log log;
	open_well(more);
	double all = (double)trainer.cost.flops_forward, expert = 2 * 2 * 8 * 3;
	trainer_step(&trainer, false, &log);
	double pairs = (double)net_router(&trainer.net, 0)->plan.pairs;
	ck_assert_double_le(pairs, 4);
	ck_assert_double_eq_tol(trainer.flops, 3 * (15 * (all - 2 * expert) + pairs * expert), 1e-6);
	trainer_close(&trainer);
}
END_TEST

/* A selector that chooses how many experts a token gets is counted by what it chose, whatever top-k says. */
START_TEST(chosen_pairs_are_what_counts)
{
	static const struct assignment more[] = { { "experts", "4" },
											  { "strategy", "selector=top-p,p=0.8" },
											  { NULL, NULL } };
	struct step_log log;
	open_well(more);
	double all = (double)trainer.cost.flops_forward, expert = 2 * 2 * 8 * 3;
	trainer_step(&trainer, false, &log);
	double pairs = (double)net_pairs(&trainer.net);
	ck_assert_double_gt(pairs, 2 * 15);
	ck_assert_double_eq_tol(trainer.flops, 3 * (15 * (all - 2 * expert) + pairs * expert), 1e-6);
	struct evaluation evaluation = trainer_evaluate(&trainer);
	ck_assert_double_gt(evaluation.pairs, 2);
	ck_assert_double_le(evaluation.pairs, 4);
	trainer_close(&trainer);
}
END_TEST

/* FFNs and mixes are counted as they were chosen; what returns nothing or its input costs nothing. */
START_TEST(experts_without_a_network_cost_what_they_compute)
{
	static const struct assignment more[] = { { "experts", "4" },
											  { "strategy", "top-k,k=3,zero=1,copy=2,constant=3" },
											  { NULL, NULL } };
	struct step_log log;
	open_well(more);
	ck_assert_int_eq((int64_t)trainer.net.params.n, trainer.cost.params_total);
	double rest = (double)(trainer.cost.flops_forward - trainer.cost.flops[COST_EXPERTS]), expert = 2 * 2 * 8 * 3;
	trainer_step(&trainer, false, &log);
	double pairs = (double)net_pairs(&trainer.net), mixes = (double)net_constant_pairs(&trainer.net);
	ck_assert_double_gt(pairs, 0);
	ck_assert_double_gt(mixes, 0);
	ck_assert_double_lt(pairs + mixes, 3 * 15);
	ck_assert_double_eq_tol(trainer.flops, 3 * (15 * rest + pairs * expert + mixes * 4 * 8), 1e-6);
	struct evaluation evaluation = trainer_evaluate(&trainer);
	ck_assert_double_eq_tol(evaluation.pairs + evaluation.bare, 3, 1e-12);
	ck_assert_double_lt(evaluation.constant, evaluation.bare);
	trainer_close(&trainer);
}
END_TEST

/* With all experts a token passes all parameters; half a pair more is half an expert of 2 * 8 * 3 more. */
START_TEST(active_parameters_by_hand)
{
	static const struct assignment more[] = { { "layers", "2" }, { "experts", "4" }, { NULL, NULL } };
	open_well(more);
	ck_assert_int_eq(cost_active_with(&trainer.cost, 2 * 2, 0), trainer.cost.params_active);
	ck_assert_int_eq(cost_active_with(&trainer.cost, 2 * 4, 0), trainer.cost.params_total);
	ck_assert_int_eq(cost_active_with(&trainer.cost, 4.5, 0), trainer.cost.params_active + 24);
	trainer_close(&trainer);
}
END_TEST

/* The dense layer does the arithmetic of k experts, and no more. */
START_TEST(dense_has_the_active_flops_of_the_mixture)
{
	open_strategy("scorer=none selector=hash gate=unit"); /* no router */
	int64_t hash = trainer.cost.flops_forward;
	trainer_close(&trainer);
	open_strategy("dense");
	ck_assert_int_eq(trainer.cost.flops_forward, hash);
	trainer_close(&trainer);
}
END_TEST

/* ---- steps ----------------------------------------------------------------------------------------------------- */

START_TEST(evaluation_is_the_mean_over_whole_batches)
{
	open_strategy("top-k");
	struct evaluation evaluation = trainer_evaluate(&trainer);
	double sum = 0;
	ck_assert_uint_eq(evaluation.tokens, 45); /* 40 rounded up to batches of 15 */
	for (size_t i = 0; i < 3; i++) {
		stream_eval(&trainer.stream, i, &trainer.eval_batch);
		sum += net_forward(&trainer.net, &trainer.eval_batch, i + 1, false).lm_loss / 3;
	}
	ck_assert_double_eq_tol(evaluation.loss, sum, 1e-12);
	ck_assert_double_eq(trainer_evaluate(&trainer).loss, evaluation.loss);
	ck_assert_double_eq_tol(trainer.anchors.bayes, log(11), 1e-12);
	ck_assert_double_eq_tol(trainer.anchors.uniform, log(11), 1e-12);
	trainer_close(&trainer);
}
END_TEST

/* A stream of one token in truth: what is to be learned is learned. */
START_TEST(training_lowers_the_loss)
{
	static const struct assignment more[] = {
		{ "stream", "topicmix,vocabulary=12,domains=1" }, { "steps", "60" }, { "lr", "0.02" }, { NULL, NULL }
	};
	struct step_log log;
	open_well(more);
	double before = trainer_evaluate(&trainer).loss;
	for (int i = 0; i < 60; i++) {
		trainer_step(&trainer, false, &log);
		ck_assert(!log.diverged);
	}
	ck_assert_double_lt(trainer_evaluate(&trainer).loss, before - 0.2);
	trainer_close(&trainer);
}
END_TEST

START_TEST(a_huge_rate_diverges_at_once)
{
	static const struct assignment more[] = { { "lr", "1e6" }, { "warmup", "0" }, { NULL, NULL } };
	struct step_log log = { .diverged = false };
	open_well(more);
	for (int i = 0; i < 4 && !log.diverged; i++)
		trainer_step(&trainer, false, &log);
	ck_assert(log.diverged);
	ck_assert_uint_le(trainer.step, 3);
	trainer_close(&trainer);
}
END_TEST

/* A balancer may weigh as much as it likes: that alone is no divergence. */
START_TEST(a_heavy_balancer_is_no_divergence)
{
	struct step_log log;
	open_strategy("top-k balance=aux,weight=1000");
	trainer_step(&trainer, false, &log);
	ck_assert_double_gt(log.loss, 500);
	ck_assert(!log.diverged);
	trainer_close(&trainer);
}
END_TEST

START_TEST(terms_are_means_over_layers)
{
	static const struct assignment more[] = { { "layers", "2" }, { "balance", "aux+z" }, { NULL, NULL } };
	struct step_log log;
	open_well(more);
	trainer_step(&trainer, false, &log);
	double aux = 0, z = 0;
	for (size_t i = 0; i < 2; i++) {
		aux += net_router(&trainer.net, i)->term[0].value / 2;
		z += net_router(&trainer.net, i)->term[1].value / 2;
	}
	ck_assert_double_eq_tol(trainer_term(&trainer, "aux_loss"), aux, 1e-12);
	ck_assert_double_eq_tol(trainer_term(&trainer, "z_loss"), z, 1e-12);
	ck_assert_double_eq_tol(log.loss, log.lm_loss + 2 * (0.01 * aux + 0.001 * z), 1e-9);
	ck_assert_double_nan(trainer_term(&trainer, "no_loss"));
	trainer_close(&trainer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trainer");
	TCase *size = tcase_create("size"), *flops = tcase_create("flops"), *steps = tcase_create("steps");
	tcase_add_loop_test(size, counts_are_what_is_there, 0, SHAPES);
	tcase_add_test(size, steps_take_no_memory);
	tcase_add_loop_test(size, too_large_is_refused_before_memory_is_taken, 0, 4);
	tcase_add_test(flops, flops_by_hand);
	tcase_add_test(flops, dropped_pairs_cost_nothing);
	tcase_add_test(flops, chosen_pairs_are_what_counts);
	tcase_add_test(flops, experts_without_a_network_cost_what_they_compute);
	tcase_add_test(flops, active_parameters_by_hand);
	tcase_add_test(flops, dense_has_the_active_flops_of_the_mixture);
	tcase_add_test(steps, evaluation_is_the_mean_over_whole_batches);
	tcase_add_test(steps, training_lowers_the_loss);
	tcase_add_test(steps, a_huge_rate_diverges_at_once);
	tcase_add_test(steps, a_heavy_balancer_is_no_divergence);
	tcase_add_test(steps, terms_are_means_over_layers);
	tcase_set_timeout(size, 60);
	suite_add_tcase(suite, size);
	suite_add_tcase(suite, flops);
	suite_add_tcase(suite, steps);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
