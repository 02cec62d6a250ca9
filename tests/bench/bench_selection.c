/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_selection.c -- what the selection of the k largest of E scores costs, beside that of one pass after another.
 *
 * Prints CSV: nanoseconds a token of moe_top_few(), two passes for each rank, and of moe_top_k(); by turns, medians of
 * processor time over 15 of them, on scores by a softmax of normal logits.  That both choose alike is seen to.
 */
#include <config.h>

#include <moesim/kit.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/seed.h"
#include "tests/bench/clock.h"

enum { TOKENS = 1024, MOST_EXPERTS = 512, MOST_CHOSEN = 32, TURNS = 15 };

static real scores[TOKENS * MOST_EXPERTS];
static uint32_t by_passes[TOKENS * MOST_CHOSEN], chosen[TOKENS * MOST_CHOSEN];

MOE_CLONED static void select_by_passes(size_t experts, size_t k)
{
	for (size_t t = 0; t < TOKENS; t++)
		moe_top_few(scores + t * experts, experts, k, by_passes + t * k);
}

MOE_CLONED static void select_top_k(size_t experts, size_t k)
{
	for (size_t t = 0; t < TOKENS; t++)
		moe_top_k(scores + t * experts, experts, k, chosen + t * k);
}

static void draw_scores(size_t experts)
{
	struct moe_rng rng = seed_stream(1, "selection", experts);
	moe_normals(&rng, scores, TOKENS * experts);
	for (real *row = scores; row < scores + TOKENS * experts; row += experts)
		moe_softmax(row, experts, 1, moe_max(row, experts), row);
}

static double time_of(void (*run)(size_t, size_t), size_t experts, size_t k)
{
	double since = clock_busy();
	run(experts, k);
	return 1e9 * (clock_busy() - since) / TOKENS;
}

static void compare(size_t experts, size_t k)
{
	double passes[TURNS], top_k[TURNS];
	for (size_t i = 0; i < TURNS; i++) {
		passes[i] = time_of(select_by_passes, experts, k);
		top_k[i] = time_of(select_top_k, experts, k);
	}
	if (memcmp(by_passes, chosen, TOKENS * k * sizeof *chosen) != 0) {
		fputs("bench: the two selections differ\n", stderr);
		exit(EXIT_FAILURE);
	}
	printf("%zu,%zu,%.0f,%.0f\n", experts, k, clock_median(passes, TURNS), clock_median(top_k, TURNS));
}

int main(void)
{
	static const size_t experts[] = { 16, 64, 256, 512 }, k[] = { 1, 2, 4, 8, 32 };
	puts("experts,k,by_passes,top_k");
	for (size_t i = 0; i < sizeof experts / sizeof *experts; i++) {
		draw_scores(experts[i]);
		for (size_t j = 0; j < sizeof k / sizeof *k; j++)
			if (k[j] <= experts[i])
				compare(experts[i], k[j]);
	}
	return EXIT_SUCCESS;
}
