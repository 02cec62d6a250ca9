/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_placement.c -- any bytes as a file of placements; what is accepted has every expert in as many slots as it says.
 */
#include <config.h>

#include "sim/cluster/placement.h"
#include "tests/fuzz/fuzz.h"

static void check_placement(const struct placement *placement)
{
	size_t slots = 0;
	for (size_t e = 0; e < placement->shape.experts; e++) {
		FUZZ_EXPECT(placement->copies[e] > 0);
		FUZZ_EXPECT(placement->first[e + 1] - placement->first[e] == placement->copies[e]);
		for (size_t i = placement->first[e]; i < placement->first[e + 1]; i++)
			FUZZ_EXPECT(placement->expert[placement->slot[i]] == e);
		slots += placement->copies[e];
	}
	FUZZ_EXPECT(slots == placement->shape.slots);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error err = { .code = ERROR_NONE };
	struct arena arena = { 0 };
	struct placement placement;
	struct placement_shape shape = { .experts = 2, .devices = 2, .nodes = 1, .groups = 1 };
	int status = placement_read_bytes("fuzz.csv", bytes, size, 0, &shape, &arena, &placement, &err);
	fuzz_check(status, &err);
	if (status == 0)
		check_placement(&placement);
	arena_free(&arena);
	return 0;
}
