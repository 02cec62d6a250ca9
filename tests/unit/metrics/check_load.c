/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_load.c -- what is counted of a layer's routing over several batches, against counts made pair by pair.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/metrics/balance.h"
#include "sim/metrics/load.h"
#include "tests/support/tiny.h"

enum { DOMAINS = 3, EXPERTS = 4, TOKENS = 12, BATCHES = 3 };

static struct tiny tiny;
static struct load load;

/* The same sums, collected the slow way. */
struct sums {
	double assigned[EXPERTS], kept[EXPERTS], joint[DOMAINS][EXPERTS], domain[DOMAINS], prob[EXPERTS];
	double position_assigned[TOKENS], position_kept[TOKENS]; /* of which `length` are used */
	double unrouted, entropy, top1, logit_z;
};
static struct sums sums;

static void open_case(const char *text)
{
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(tiny_open(&tiny, &tiny_shape, text, &err) == 0, "%s: %s", text, err.text);
	load_create(&load, tiny.net.call.experts, DOMAINS, tiny.net.call.length, &tiny.arena);
	sums = (struct sums){ .unrouted = 0 };
}

static void add_router(const struct router *router)
{
	for (size_t t = 0; t < TOKENS; t++) {
		double all = 0, top = 0, z = 0;
		for (size_t e = 0; router->scores && e < EXPERTS; e++)
			all += (double)router->scores[t * EXPERTS + e];
		for (size_t e = 0; router->scores && e < EXPERTS; e++) {
			double share = (double)router->scores[t * EXPERTS + e] / all;
			sums.prob[e] += share;
			sums.entropy -= share * log(share);
			top = fmax(top, share);
		}
		for (size_t e = 0; router->projection.logits && e < EXPERTS; e++)
			z += exp((double)router->projection.logits[t * EXPERTS + e]);
		sums.top1 += top;
		sums.logit_z += log(z) * log(z);
	}
}

static void add_pairs(const struct router *router, const uint32_t *domain)
{
	bool routed[TOKENS] = { false };
	for (size_t i = 0; i < router->planner.picks.n; i++) {
		sums.assigned[router->planner.picks.expert[i]]++;
		sums.joint[domain[router->planner.picks.token[i]]][router->planner.picks.expert[i]]++;
		sums.position_assigned[router->planner.picks.token[i] % load.length]++;
	}
	for (size_t p = 0; p < router->plan.pairs; p++) {
		sums.kept[router->plan.expert[p]]++;
		routed[router->plan.token[p]] = true;
		sums.position_kept[router->plan.token[p] % load.length]++;
	}
	for (size_t t = 0; t < TOKENS; t++) {
		sums.domain[domain[t]]++;
		sums.unrouted += !routed[t];
	}
}

static void run_batches(void)
{
	const struct router *router = net_router(&tiny.net, 0);
	for (size_t b = 0; b < BATCHES; b++) {
		for (size_t t = 0; t < TOKENS; t++) {
			tiny.batch.id[t] = (uint32_t)(5 * t + 3 * b) % 7;
			tiny.batch.domain[t] = (uint32_t)(t * t + b) % DOMAINS;
		}
		net_forward(&tiny.net, &tiny.batch, b + 1, false);
		load_add(&load, router, tiny.batch.domain);
		add_pairs(router, tiny.batch.domain);
		add_router(router);
	}
}

static void check_counts(void)
{
	ck_assert_double_eq(load.tokens, BATCHES * TOKENS);
	ck_assert_double_eq(load.unrouted, sums.unrouted);
	for (size_t e = 0; e < EXPERTS; e++) {
		ck_assert_double_eq(load.assigned[e], sums.assigned[e]);
		ck_assert_double_eq(load.kept[e], sums.kept[e]);
		for (size_t d = 0; d < DOMAINS; d++)
			ck_assert_double_eq(load.joint[d * EXPERTS + e], sums.joint[d][e]);
	}
	for (size_t d = 0; d < DOMAINS; d++)
		ck_assert_double_eq(load.domain_tokens[d], sums.domain[d]);
	for (size_t i = 0; i < load.length; i++) {
		ck_assert_double_eq(load.position_assigned[i], sums.position_assigned[i]);
		ck_assert_double_eq(load.position_kept[i], sums.position_kept[i]);
	}
}

static const char *const texts[] = {
	"selector=top-p,p=0.6",
	"top-k",
	"top-k,capacity=0.5",
	"expert-choice,k=1",
	"gshard,capacity=0.4",
	"scorer=sigmoid capacity=0.3 k=3",
	"switch,capacity=0.6,overflow=lowest-score",
	"top-k,experts=2,copy=1,constant=1,capacity=0.5",
	"top-k,experts=3,zero=1,k=3",
};
enum { TEXTS = sizeof texts / sizeof *texts };

START_TEST(counts_pair_by_pair)
{
	open_case(texts[_i]);
	run_batches();
	check_counts();
	for (size_t e = 0; e < EXPERTS; e++)
		ck_assert_double_eq_tol(load.prob[e], sums.prob[e], 1e-5);
	tiny_close(&tiny);
}
END_TEST

START_TEST(metrics_of_the_counts)
{
	struct metrics metrics;
	double picks = 0, kept = 0, top = 0, n = BATCHES * TOKENS, bare = 0, constant = 0, dropped = 0, all = 0;
	open_case(texts[_i]);
	run_batches();
	load_metrics(&load, &metrics);
	size_t networks = (size_t)tiny.layer.experts;
	for (size_t e = 0; e < EXPERTS; e++) {
		all += sums.assigned[e];
		dropped += sums.assigned[e] - sums.kept[e];
		bare += e < networks ? 0 : sums.kept[e];
		constant += e < EXPERTS - (size_t)tiny.layer.constant ? 0 : sums.kept[e];
	}
	for (size_t e = 0; e < networks; e++) {
		picks += sums.assigned[e];
		kept += sums.kept[e];
		top = fmax(top, sums.assigned[e]);
	}
	ck_assert_double_eq(load_bare_pairs(&load), bare / n);
	ck_assert_double_eq(load_constant_pairs(&load), constant / n);
	ck_assert_double_eq(metrics.assignments, picks);
	ck_assert_double_eq(load_picks(&load), picks / n);
	ck_assert_double_eq(load_pairs(&load), kept / n);
	/* the floor of as many picks a token as there really were */
	ck_assert_double_eq(metrics.maxvio_floor, balance_noise_maxvio(networks, picks / n, n));
	ck_assert_double_eq_tol(metrics.cv_floor, sqrt(((double)networks - picks / n) / (picks / n * n)), 1e-12);
	ck_assert_double_eq_tol(metrics.maxvio, top / (picks / (double)networks) - 1, 1e-12);
	ck_assert_double_eq_tol(metrics.drop_rate, dropped / all, 1e-12);
	ck_assert_double_eq_tol(metrics.token_drop_rate, sums.unrouted / n, 1e-12);
	ck_assert_double_eq_tol(metrics.route_entropy, sums.entropy / n, 1e-5);
	ck_assert_double_eq_tol(metrics.top1_prob, sums.top1 / n, 1e-5);
	ck_assert_double_eq_tol(metrics.logit_z, sums.logit_z / n, 1e-5);
	ck_assert_double_eq_tol(load_pairs(&load), kept / n, 1e-12);
	tiny_close(&tiny);
}
END_TEST

/* Mutual information from its definition. */
START_TEST(domains_and_experts)
{
	struct metrics metrics;
	double sum = 0, rows[DOMAINS] = { 0 }, columns[EXPERTS] = { 0 }, wanted = 0;
	open_case("top-k");
	run_batches();
	load_metrics(&load, &metrics);
	for (size_t d = 0; d < DOMAINS; d++)
		for (size_t e = 0; e < EXPERTS; e++) {
			sum += sums.joint[d][e];
			rows[d] += sums.joint[d][e];
			columns[e] += sums.joint[d][e];
		}
	for (size_t d = 0; d < DOMAINS; d++)
		for (size_t e = 0; e < EXPERTS; e++)
			if (sums.joint[d][e] > 0)
				wanted += sums.joint[d][e] / sum * log(sums.joint[d][e] * sum / rows[d] / columns[e]);
	ck_assert_double_eq_tol(metrics.domain_mi, wanted, 1e-12);
	tiny_close(&tiny);
}
END_TEST

START_TEST(without_scores_nothing_is_made_up)
{
	struct metrics metrics;
	open_case("hash scorer=none gate=unit");
	run_batches();
	check_counts();
	load_metrics(&load, &metrics);
	ck_assert_double_nan(metrics.route_entropy);
	ck_assert_double_nan(metrics.top1_prob);
	ck_assert_double_nan(metrics.logit_z);
	ck_assert(!isnan(metrics.maxvio));
	tiny_close(&tiny);
}
END_TEST

START_TEST(without_experts_nothing_is_measured)
{
	struct metrics metrics;
	open_case("dense");
	net_forward(&tiny.net, &tiny.batch, 1, false);
	load_add(&load, net_router(&tiny.net, 0), tiny.batch.domain);
	load_metrics(&load, &metrics);
	for (int i = 0; i < METRIC_COUNT; i++)
		ck_assert_msg(isnan(metric_value(&metric_rows[i], &metrics)), "%s", metric_rows[i].name);
	ck_assert_double_eq(load.tokens, TOKENS);
	ck_assert_double_eq(load_pairs(&load), 0);
	tiny_close(&tiny);
}
END_TEST

START_TEST(cleared_begins_anew)
{
	open_case("top-k,capacity=0.5");
	run_batches();
	sums = (struct sums){ .unrouted = 0 };
	load_clear(&load);
	ck_assert_double_eq(load_pairs(&load), 0);
	run_batches();
	check_counts();
	tiny_close(&tiny);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load");
	TCase *counts = tcase_create("counts");
	tcase_add_loop_test(counts, counts_pair_by_pair, 0, TEXTS);
	tcase_add_loop_test(counts, metrics_of_the_counts, 0, TEXTS);
	tcase_add_test(counts, domains_and_experts);
	tcase_add_test(counts, without_scores_nothing_is_made_up);
	tcase_add_test(counts, without_experts_nothing_is_measured);
	tcase_add_test(counts, cleared_begins_anew);
	suite_add_tcase(suite, counts);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
