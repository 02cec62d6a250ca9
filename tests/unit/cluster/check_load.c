/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_load.c -- drawn routings: shares in closed form, and draws that follow them.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/load.h"

enum { EXPERTS = 16 };

static struct load_kind parsed(const char *text)
{
	struct load_kind load;
	struct error err;
	ck_assert_int_eq(load_parse(text, &load, &err), 0);
	return load;
}

static void shares_of(const char *text, double *share)
{
	struct load_kind load = parsed(text);
	struct load_shape shape = { .experts = EXPERTS, .k = 2, .tokens = 1000, .devices = 4, .seed = 3 };
	struct error err;
	double sum = 0;
	ck_assert_int_eq(load_check(&load, &shape, &err), 0);
	load_shares(&load, &shape, 0, share);
	for (size_t e = 0; e < EXPERTS; e++)
		sum += share[e];
	ck_assert_double_eq_tol(sum, 1, 1e-14);
}

START_TEST(shares_in_closed_form)
{
	double share[EXPERTS];
	shares_of("uniform", share);
	ck_assert_double_eq(share[7], 1.0 / 16);
	shares_of("zipf:2", share);
	ck_assert_double_eq_tol(share[0] / share[3], 16, 1e-12);
	ck_assert_double_eq_tol(share[0], 1 / 1.5843465334449871, 1e-12); /* the sum of i^-2 up to 16 */
	shares_of("k-hot:4", share);
	ck_assert_double_eq(share[3], 0.25);
	ck_assert_double_eq(share[4], 0);
	shares_of("hot-rank:5", share); /* 4 experts of 5, 12 of 1 */
	ck_assert_double_eq(share[3], 5.0 / 32);
	ck_assert_double_eq(share[4], 1.0 / 32);
	shares_of("spread:3", share); /* 3, 2 + 13/15, ..., 1: their sum 16 * 2 */
	ck_assert_double_eq_tol(share[0], 3.0 / 32, 1e-15);
	ck_assert_double_eq_tol(share[5], (3 - 2 * 5 / 15.0) / 32, 1e-15);
	ck_assert_double_eq_tol(share[15], 1.0 / 32, 1e-15);
	shares_of("ragged:0", share);
	ck_assert_double_eq(share[7], 1.0 / 16);
	shares_of("balancedness:0.7", share);
	ck_assert_double_eq_tol(1.0 / 16 / share[0], 0.7, 1e-9);
}
END_TEST

/* Over many layers: the logarithms of a log-normal law spread by sigma, Dirichlet shares vary as (1 - 1/E) / (E a + 1)
 * over E, and powers differ by a factor of at most 0.8 of the tokens. */
START_TEST(random_shares_follow_their_laws)
{
	enum { LAYERS = 2000 };
	double share[EXPERTS], logs = 0, squares = 0, below = 0;
	struct load_shape shape = { .experts = EXPERTS, .k = 2, .tokens = 1000, .devices = 4, .seed = 1 };
	struct load_kind normal = parsed("log-normal:0.6"), dirichlet = parsed("dirichlet:2"), power = parsed("power:2");
	for (uint32_t layer = 0; layer < LAYERS; layer++) {
		load_shares(&normal, &shape, layer, share);
		logs += pow(log(share[0] / share[1]), 2) / 2;
		load_shares(&dirichlet, &shape, layer, share);
		squares += pow(share[0] - 1.0 / EXPERTS, 2);
		load_shares(&power, &shape, layer, share);
		below += share[0] < share[1];
		for (size_t e = 0; e < EXPERTS; e++)
			ck_assert(share[e] / share[0] <= 800 && share[e] / share[0] >= 1 / 800.0);
	}
	ck_assert_double_eq_tol(logs / LAYERS, 0.36, 0.36 * 0.1);
	ck_assert_double_eq_tol(below / LAYERS, 0.5, 0.05);
	ck_assert_double_eq_tol(squares / LAYERS, 15.0 / 256 / 33, 15.0 / 256 / 33 * 0.1);
}
END_TEST

/* Hot parts follow each other and come back; bursts are rare, of any expert, and as large as they are said to be. */
START_TEST(shares_move_with_steps)
{
	enum { STEPS = 4000 };
	double share[EXPERTS];
	size_t bursts = 0, of_expert[EXPERTS] = { 0 };
	struct load_shape shape = { .experts = EXPERTS, .k = 2, .tokens = 1000, .devices = 4, .seed = 3 };
	struct load_kind rotating = parsed("rotating:5"), burst = parsed("burst:9"), still = parsed("log-normal");
	double first[EXPERTS];
	load_shares(&still, &shape, 0, first);
	for (shape.step = 0; shape.step < STEPS; shape.step++) {
		load_shares(&rotating, &shape, 0, share);
		for (size_t e = 0; e < EXPERTS; e++)
			ck_assert_double_eq_tol(share[e], (e / 4 == shape.step % 4 ? 5 : 1) / 32.0, 1e-15);
		load_shares(&still, &shape, 0, share);
		ck_assert_mem_eq(share, first, sizeof share);
		load_shares(&burst, &shape, 0, share);
		for (size_t e = 0; e < EXPERTS; e++) {
			bool is_hot = share[e] > 0.1;
			ck_assert(!is_hot || fabs(share[e] - 9.0 / 24) < 1e-15);
			of_expert[e] += is_hot;
			bursts += is_hot;
		}
	}
	ck_assert_double_eq_tol((double)bursts / STEPS, 1.0 / 8, 4 * sqrt(7.0 / 64 / STEPS));
	for (size_t e = 0; e < EXPERTS; e++)
		ck_assert_double_eq_tol((double)of_expert[e], STEPS / 128.0, 5 * sqrt(STEPS / 128.0));
}
END_TEST

/* Evenly from 1 - X to 1 + X: the variance of a share is X^2 / 3 / E^2, where many experts leave the sum alone. */
START_TEST(ragged_shares_are_even)
{
	enum { MANY = 10000 };
	struct load_kind load = parsed("ragged:0.6");
	struct load_shape shape = { .experts = MANY, .k = 2, .tokens = 1000, .devices = 4, .seed = 3 };
	double share[MANY], squares = 0;
	load_shares(&load, &shape, 0, share);
	for (size_t e = 0; e < MANY; e++) {
		ck_assert(share[e] * MANY > 0.38 && share[e] * MANY < 1.62);
		squares += pow(share[e] * MANY - 1, 2) / MANY;
	}
	ck_assert_double_eq_tol(squares, 0.12, 0.12 * 0.03);
}
END_TEST

static void two_largest(const double *logit, size_t n, size_t *largest, size_t *next)
{
	*largest = logit[1] > logit[0];
	*next = !*largest;
	for (size_t i = 2; i < n; i++)
		if (logit[i] > logit[*largest]) {
			*next = *largest;
			*largest = i;
		} else if (logit[i] > logit[*next]) {
			*next = i;
		}
}

/* The two largest logits are experts i and j with the chance p_i p_j / (1 - p_i), as they are drawn. */
START_TEST(logits_follow_the_shares)
{
	enum { TOKENS = 200000, FEW = 4 };
	struct load_kind load = parsed("zipf:1.5");
	struct load_shape shape = { .experts = FEW, .k = 2, .tokens = TOKENS, .devices = 4, .seed = 9 };
	double share[FEW], pairs[FEW][FEW] = { { 0 } }, *logit = calloc(TOKENS * FEW, sizeof *logit);
	load_shares(&load, &shape, 0, share);
	load_logits(&load, &shape, 0, logit);
	for (size_t t = 0; t < TOKENS; t++) {
		size_t first, second;
		two_largest(logit + t * FEW, FEW, &first, &second);
		pairs[first][second]++;
	}
	for (size_t i = 0; i < FEW; i++)
		for (size_t j = 0; j < FEW; j++) {
			double chance = i == j ? 0 : share[i] * share[j] / (1 - share[i]);
			ck_assert_double_eq_tol(pairs[i][j] / TOKENS, chance, 5 * sqrt(chance / TOKENS) + 1e-12);
		}
	free(logit);
}
END_TEST

START_TEST(logits_of_a_balanced_load)
{
	struct load_kind load = parsed("balanced");
	struct load_shape shape = { .experts = EXPERTS, .k = 4, .tokens = 64, .devices = 4 };
	struct arena arena = { 0 };
	struct traffic traffic = load_draw(&load, &shape, 0, &arena);
	double logit[64 * EXPERTS];
	load_logits(&load, &shape, 0, logit);
	for (size_t t = 0; t < 64; t++)
		for (size_t i = 0; i < 4; i++)
			ck_assert_double_eq(logit[t * EXPERTS + traffic.expert[t * 4 + i]], 4 - (double)i);
	arena_free(&arena);
}
END_TEST

/* Choices are made one after the other without replacement: the pair (i, j) has the chance p_i p_j / (1 - p_i). */
START_TEST(draws_follow_the_shares)
{
	enum { TOKENS = 200000, FEW = 4 };
	struct load_kind load = parsed("zipf:1.5");
	struct load_shape shape = { .experts = FEW, .k = 2, .tokens = TOKENS, .devices = 4, .seed = 9 };
	struct arena arena = { 0 };
	struct traffic traffic = load_draw(&load, &shape, 0, &arena);
	double share[FEW], pairs[FEW][FEW] = { { 0 } };
	load_shares(&load, &shape, 0, share);
	for (size_t t = 0; t < TOKENS; t++)
		pairs[traffic.expert[2 * t]][traffic.expert[2 * t + 1]]++;
	for (size_t i = 0; i < FEW; i++)
		for (size_t j = 0; j < FEW; j++) {
			double chance = i == j ? 0 : share[i] * share[j] / (1 - share[i]);
			ck_assert_double_eq_tol(pairs[i][j] / TOKENS, chance, 5 * sqrt(chance / TOKENS) + 1e-12);
		}
	arena_free(&arena);
}
END_TEST

/* Where nearly everything goes to one expert, the others are still drawn, and no expert twice. */
START_TEST(extreme_shares_end)
{
	static const char *const kinds[] = { "zipf:16", "k-hot:8", "dirichlet:0.001", "hot-rank:1e6" };
	struct load_kind load = parsed(kinds[_i]);
	struct load_shape shape = { .experts = EXPERTS, .k = 8, .tokens = 2000, .devices = 4, .seed = 9 };
	struct arena arena = { 0 };
	struct traffic traffic = load_draw(&load, &shape, 0, &arena);
	for (size_t t = 0; t < traffic.tokens; t++) {
		unsigned taken = 0;
		for (size_t i = 0; i < 8; i++) {
			ck_assert_uint_eq(taken >> traffic.expert[8 * t + i] & 1, 0);
			taken |= 1U << traffic.expert[8 * t + i];
		}
	}
	arena_free(&arena);
}
END_TEST

/* A token is in at most M groups; with a quota in exactly M, with k / M experts each. */
START_TEST(groups_are_limited)
{
	for (int quota = 0; quota < 2; quota++) {
		struct load_kind load = parsed("zipf:1");
		struct load_shape shape = { EXPERTS, 4, 2000, 4, 8, 2, quota, 9, 0 };
		struct arena arena = { 0 };
		struct error err;
		ck_assert_int_eq(load_check(&load, &shape, &err), 0);
		struct traffic traffic = load_draw(&load, &shape, 0, &arena);
		for (size_t t = 0; t < traffic.tokens; t++) {
			size_t of_group[8] = { 0 }, groups = 0;
			for (size_t i = 0; i < 4; i++)
				groups += of_group[traffic.expert[4 * t + i] / 2]++ == 0;
			ck_assert_uint_le(groups, 2);
			for (size_t g = 0; quota && g < 8; g++)
				ck_assert(of_group[g] == 0 || of_group[g] == 2);
		}
		arena_free(&arena);
	}
}
END_TEST

/* Every device uses every expert equally often, whether k divides their number or not. */
START_TEST(balanced_is_balanced)
{
	size_t k = _i == 0 ? 4 : 3;
	struct load_kind load = parsed("balanced");
	struct load_shape shape = { .experts = EXPERTS, .k = k, .tokens = 4 * 16 * 5, .devices = 4 };
	struct arena arena = { 0 };
	struct traffic traffic = load_draw(&load, &shape, 0, &arena);
	for (size_t d = 0; d < 4; d++) {
		size_t count[EXPERTS] = { 0 };
		for (size_t i = d * 80 * k; i < (d + 1) * 80 * k; i++)
			count[traffic.expert[i]]++;
		for (size_t e = 0; e < EXPERTS; e++)
			ck_assert_uint_eq(count[e], 80 * k / EXPERTS);
	}
	arena_free(&arena);
}
END_TEST

/* Another seed or layer is another draw; the same is the same. */
START_TEST(draws_are_reproducible)
{
	struct load_kind load = parsed("log-normal");
	struct load_shape shape = { .experts = EXPERTS, .k = 4, .tokens = 500, .devices = 4, .seed = 9 };
	struct arena arena = { 0 };
	struct traffic first = load_draw(&load, &shape, 0, &arena), again = load_draw(&load, &shape, 0, &arena),
				   layer = load_draw(&load, &shape, 1, &arena);
	size_t bytes = (size_t)first.assignments * sizeof *first.expert;
	ck_assert_mem_eq(first.expert, again.expert, bytes);
	ck_assert_int_ne(memcmp(first.expert, layer.expert, bytes), 0);
	arena_free(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load");
	TCase *cases = tcase_create("load");
	tcase_add_test(cases, shares_in_closed_form);
	tcase_add_test(cases, random_shares_follow_their_laws);
	tcase_add_test(cases, shares_move_with_steps);
	tcase_add_test(cases, ragged_shares_are_even);
	tcase_add_test(cases, logits_follow_the_shares);
	tcase_add_test(cases, logits_of_a_balanced_load);
	tcase_add_test(cases, draws_follow_the_shares);
	tcase_add_loop_test(cases, extreme_shares_end, 0, 4);
	tcase_add_test(cases, groups_are_limited);
	tcase_add_loop_test(cases, balanced_is_balanced, 0, 2);
	tcase_add_test(cases, draws_are_reproducible);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
