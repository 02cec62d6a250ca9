/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_load.c -- any text as a law of loads; what is accepted has shares that add up to 1 and draws tokens of experts
 * that differ.
 */
#include <config.h>

#include <math.h>

#include "sim/cluster/load.h"
#include "tests/fuzz/fuzz.h"

enum { EXPERTS = 12, K = 3, TOKENS = 10 };

static void check_shares(const struct load_kind *load, const struct load_shape *shape)
{
	double share[EXPERTS], sum = 0;
	if (load->law->shares == NULL)
		return;
	load_shares(load, shape, 1, share);
	for (size_t e = 0; e < EXPERTS; e++) {
		FUZZ_EXPECT(share[e] >= 0);
		sum += share[e];
	}
	FUZZ_EXPECT(fabs(sum - 1) < 1e-9);
}

static void check_draw(const struct load_kind *load, const struct load_shape *shape)
{
	struct arena arena = { 0 };
	const struct traffic routing = load_draw(load, shape, 1, &arena);
	uint64_t sum = 0;
	for (size_t e = 0; e < EXPERTS; e++)
		sum += routing.count[e];
	FUZZ_EXPECT(sum == TOKENS * K);
	for (size_t i = 0; i < TOKENS * K; i++) {
		FUZZ_EXPECT(routing.expert[i] < EXPERTS);
		for (size_t j = i / K * K; j < i; j++)
			FUZZ_EXPECT(routing.expert[i] != routing.expert[j]);
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = fuzz_text(bytes, size);
	struct load_kind load;
	struct error err = { .code = ERROR_NONE };
	struct load_shape shape = { .experts = EXPERTS, .k = K, .tokens = TOKENS, .devices = 2, .seed = size };
	int status = load_parse(text, &load, &err);
	fuzz_check(status, &err);
	if (status == 0) {
		FUZZ_EXPECT(!load.law->takes_number || (load.number >= load.law->low && load.number <= load.law->high));
		status = load_check(&load, &shape, &err);
		fuzz_check(status, &err);
	}
	if (status == 0) {
		check_shares(&load, &shape);
		check_draw(&load, &shape);
	}
	free(text);
	return 0;
}
