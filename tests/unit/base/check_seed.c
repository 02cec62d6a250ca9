/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_seed.c -- random streams are Philox's numbers, the same on every machine, and independent of one another.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_statistics_double.h>
#include <moesim/kit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "tests/support/child.h"

/* The known answers of Random123's kat_vectors for philox4x32-10. */
static const struct {
	uint32_t counter[4], key[2], words[4];
} known[] = {
	{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
	{ { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
	  { 0xffffffff, 0xffffffff },
	  { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
	{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
	  { 0xa4093822, 0x299f31d0 },
	  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

START_TEST(the_numbers_are_philox4x32_10)
{
	struct moe_rng rng = { .used = 4 };
	memcpy(rng.counter, known[_i].counter, sizeof rng.counter);
	memcpy(rng.key, known[_i].key, sizeof rng.key);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(moe_bits(&rng), known[_i].words[i]);
}
END_TEST

START_TEST(what_is_skipped_is_as_if_drawn)
{
	for (uint64_t drawn = 0; drawn < 6; drawn++)
		for (uint64_t n = 0; n < 11; n++) {
			struct moe_rng a = seed_stream(1, "skip", 0), b;
			a.counter[0] = UINT32_MAX - 1; /* so that the counter's second word moves */
			for (uint64_t i = 0; i < drawn; i++)
				moe_bits(&a);
			b = a;
			seed_skip(&a, n);
			for (uint64_t i = 0; i < n; i++)
				moe_bits(&b);
			for (int i = 0; i < 5; i++)
				ck_assert_uint_eq(moe_bits(&a), moe_bits(&b));
		}
}
END_TEST

/* Worked out by a separate implementation of FNV-1a, MurmurHash3's finalizer and Philox: these may never change, or
 * old runs could not be repeated. */
START_TEST(streams_are_what_they_were)
{
	static const uint32_t train[] = { 0x22d73eec, 0x02fed136, 0x0a72c2b8, 0x19447742, 0x7b4c9a3c, 0x2a4110c0 };
	static const uint32_t noise[] = { 0x531e5d72, 0xe38ae1f8, 0x7e28013c, 0x38268de0, 0x0349581a, 0x27abc179 };
	struct moe_rng a = seed_stream(1, "train", 0);
	struct moe_rng b = seed_stream(UINT64_C(0xfedcba9876543210), "noise/layer0", UINT64_C(0x123456789a));
	for (int i = 0; i < 6; i++) {
		ck_assert_uint_eq(moe_bits(&a), train[i]);
		ck_assert_uint_eq(moe_bits(&b), noise[i]);
	}
}
END_TEST

START_TEST(a_long_stream_carries_into_the_next_counter_word)
{
	struct moe_rng rng = seed_stream(1, "train", 5), next = rng;
	rng.counter[0] = UINT32_MAX;
	for (int i = 0; i < 4; i++)
		moe_bits(&rng);
	next.counter[1] = 1;
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(moe_bits(&rng), moe_bits(&next));
}
END_TEST

/* Two streams share no block of 128 bits: for 1000 words of each that would be chance of 1e-33. */
static void check_different(struct moe_rng a, struct moe_rng b)
{
	int equal = 0;
	for (int i = 0; i < 1000; i++)
		equal += moe_bits(&a) == moe_bits(&b);
	ck_assert_int_eq(equal, 0);
}

START_TEST(seed_name_and_index_all_count)
{
	struct moe_rng base = seed_stream(1, "train", 0);
	check_different(base, seed_stream(2, "train", 0));
	check_different(base, seed_stream(1, "eval", 0));
	check_different(base, seed_stream(1, "train", 1));
	check_different(base, seed_stream(1, "train", UINT64_C(1) << 32));
	check_different(base, seed_stream(UINT64_C(1) << 63 | 1, "train", 0));
	check_different(base, seed_stream(1, "", 0));
	check_different(base, seed_stream(1, "train ", 0));
}
END_TEST

START_TEST(another_consumer_moves_nobody)
{
	struct moe_rng alone = seed_stream(7, "init", 3), among = seed_stream(7, "init", 3);
	gsl_rng *other = gsl_rng_alloc(seed_rng_type);
	for (size_t i = 0; i < 100; i++) {
		seed_open(other, 7, "noise", i);
		gsl_rng_get(other);
		struct moe_rng third = seed_stream(7, "init", 4);
		moe_bits(&third);
		ck_assert_uint_eq(moe_bits(&among), moe_bits(&alone));
	}
	gsl_rng_free(other);
}
END_TEST

/* ---- behind GSL ---------------------------------------------------------------------------------------------- */

START_TEST(gsl_sees_the_same_words)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	struct moe_rng same = seed_stream(3, "train", 9);
	seed_open(rng, 3, "train", 9);
	ck_assert_uint_eq(gsl_rng_min(rng), 0);
	ck_assert_uint_eq(gsl_rng_max(rng), UINT32_MAX);
	ck_assert_str_eq(gsl_rng_name(rng), "philox4x32-10");
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(gsl_rng_get(rng), moe_bits(&same));
	gsl_rng_free(rng);
}
END_TEST

START_TEST(opening_starts_anew)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 1, "train", 0);
	gsl_rng_get(rng);
	seed_open(rng, 1, "train", 0);
	ck_assert_uint_eq(gsl_rng_get(rng), 0x22d73eec);
	gsl_rng_free(rng);
}
END_TEST

START_TEST(uniform_has_53_bits)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 1, "train", 0);
	ck_assert_double_eq(gsl_rng_uniform(rng), 0.13609688737765469); /* from the separate implementation */
	unsigned low_bits = 0;
	for (int i = 0; i < 10000; i++) {
		double u = gsl_rng_uniform(rng);
		ck_assert(u >= 0 && u < 1);
		low_bits |= (unsigned)(uint64_t)(u * 0x1p53) & 7;
	}
	ck_assert_uint_eq(low_bits, 7);
	gsl_rng_free(rng);
}
END_TEST

START_TEST(a_clone_goes_on_alike)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 1, "train", 0);
	gsl_rng_get(rng);
	gsl_rng *clone = gsl_rng_clone(rng);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(gsl_rng_get(rng), gsl_rng_get(clone));
	gsl_rng_free(clone);
	gsl_rng_free(rng);
}
END_TEST

START_TEST(normal_deviates_have_their_moments)
{
	enum { N = 100000 };
	static double sample[N];
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 1, "normal", 0);
	for (int i = 0; i < N; i++)
		sample[i] = gsl_ran_gaussian_ziggurat(rng, 1);
	/* five standard errors: 1 / sqrt N, sqrt(2 / N), sqrt(6 / N) */
	ck_assert_double_lt(fabs(gsl_stats_mean(sample, 1, N)), 5 * sqrt(1. / N));
	ck_assert_double_lt(fabs(gsl_stats_variance(sample, 1, N) - 1), 5 * sqrt(2. / N));
	ck_assert_double_lt(fabs(gsl_stats_skew(sample, 1, N)), 5 * sqrt(6. / N));
	gsl_rng_free(rng);
}
END_TEST

/* First words of neighboring streams, in 64 bins: chi squared must be neither large nor too small to be true. */
static void check_spread(uint32_t (*word)(size_t))
{
	enum { BINS = 64, N = 64000 };
	double count[BINS] = { 0 }, chi = 0;
	for (size_t i = 0; i < N; i++)
		count[word(i) >> 26]++;
	for (int i = 0; i < BINS; i++)
		chi += (count[i] - N / BINS) * (count[i] - N / BINS) / (N / BINS);
	double p = gsl_cdf_chisq_Q(chi, BINS - 1);
	ck_assert_msg(p > 1e-6 && p < 1 - 1e-6, "p = %g", p);
}

static uint32_t by_index(size_t i)
{
	struct moe_rng rng = seed_stream(1, "train", i);
	return moe_bits(&rng);
}

static uint32_t by_seed(size_t i)
{
	struct moe_rng rng = seed_stream(i, "train", 0);
	return moe_bits(&rng);
}

static uint32_t by_name(size_t i)
{
	char name[16];
	snprintf(name, sizeof name, "%zu", i);
	struct moe_rng rng = seed_stream(1, name, 0);
	return moe_bits(&rng);
}

static uint32_t by_place(size_t i)
{
	static struct moe_rng rng;
	if (i == 0)
		rng = seed_stream(1, "place", 0);
	return moe_bits(&rng);
}

START_TEST(neighbouring_streams_are_spread)
{
	check_spread(by_index);
	check_spread(by_seed);
	check_spread(by_name);
	check_spread(by_place);
}
END_TEST

START_TEST(small_numbers_are_even)
{
	struct moe_rng rng = seed_stream(1, "below", 0);
	double count[7] = { 0 }, chi = 0;
	for (int i = 0; i < 70000; i++)
		count[moe_below(&rng, 7)]++;
	for (int i = 0; i < 7; i++)
		chi += (count[i] - 10000) * (count[i] - 10000) / 10000;
	ck_assert_double_gt(gsl_cdf_chisq_Q(chi, 6), 1e-6);
	ck_assert_uint_eq(moe_below(&rng, 1), 0);
}
END_TEST

static void open_a_stranger(void)
{
	static gsl_rng *rng; /* within reach when the child ends, so that no leak is seen */
	rng = gsl_rng_alloc(gsl_rng_mt19937);
	seed_open(rng, 1, "train", 0);
}

START_TEST(another_generator_is_a_bug)
{
	ck_assert_int_eq(child_run(open_a_stranger).signal, SIGABRT);
}
END_TEST

static TCase *streams(void)
{
	TCase *tests = tcase_create("streams");
	tcase_add_loop_test(tests, the_numbers_are_philox4x32_10, 0, (int)(sizeof known / sizeof *known));
	tcase_add_test(tests, streams_are_what_they_were);
	tcase_add_test(tests, what_is_skipped_is_as_if_drawn);
	tcase_add_test(tests, a_long_stream_carries_into_the_next_counter_word);
	tcase_add_test(tests, seed_name_and_index_all_count);
	tcase_add_test(tests, another_consumer_moves_nobody);
	tcase_add_test(tests, neighbouring_streams_are_spread);
	tcase_add_test(tests, small_numbers_are_even);
	return tests;
}

static TCase *behind_gsl(void)
{
	TCase *tests = tcase_create("gsl");
	tcase_add_test(tests, gsl_sees_the_same_words);
	tcase_add_test(tests, opening_starts_anew);
	tcase_add_test(tests, uniform_has_53_bits);
	tcase_add_test(tests, a_clone_goes_on_alike);
	tcase_add_test(tests, normal_deviates_have_their_moments);
	tcase_add_test(tests, another_generator_is_a_bug);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("seed");
	suite_add_tcase(suite, streams());
	suite_add_tcase(suite, behind_gsl());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
