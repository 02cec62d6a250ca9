/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_clusters.c -- any bytes as a file of clusters; what is accepted has figures in range, each with its source.
 */
#include <config.h>

#include <math.h>

#include "sim/cluster/presets.h"
#include "tests/fuzz/fuzz.h"

static void check_preset(const struct preset *preset, bool is_whole)
{
	struct topology topology;
	struct error err = { .code = ERROR_NONE };
	for (size_t i = 0; i < PRESET_FIGURE_COUNT; i++) {
		FUZZ_EXPECT(isnan(preset->figure[i]) == (preset->source[i] == NULL));
		FUZZ_EXPECT(isnan(preset->figure[i]) || (preset->figure[i] >= 0 && preset->figure[i] <= 1e9));
	}
	for (size_t level = 0; level < LEVELS; level++) {
		const struct curve *curve = &preset->curve[level];
		FUZZ_EXPECT((curve->n > 0) == (preset->curve_file[level] > 0));
		FUZZ_EXPECT(!is_whole || curve_shortcut(curve) == curve->n);
		for (double bytes = 1; bytes < 1e15; bytes *= 7)
			FUZZ_EXPECT(curve_share(curve, bytes) >= 1e-6 * (1 - 1e-9) && curve_share(curve, bytes) <= 1 + 1e-9);
	}
	fuzz_check(preset_topology(preset, 2, 8, false, &topology, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct presets presets = { .n = 0 };
	struct error err = { .code = ERROR_NONE };
	int status = presets_read_bytes("fuzz.csv", bytes, size, &presets, &err);
	fuzz_check(status, &err);
	for (size_t i = 0; i < presets.n; i++)
		check_preset(&presets.preset[i], status == 0);
	presets_free(&presets);
	return 0;
}
