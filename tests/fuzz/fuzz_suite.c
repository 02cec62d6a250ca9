/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_suite.c -- any text as a suite file, and the grid of the suites that are accepted.
 */
#include <config.h>

#include "experiments/grid.h"
#include "experiments/suite.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = { "position", "lowest", NULL };

struct settings {
	const char *strategy;
	int64_t seed, steps;
	double lr;
	int overflow;
	bool quiet;
};

static const struct moe_opt rows[] = {
	{ "strategy", MOE_OPT_TEXT, offsetof(struct settings, strategy), .text = "top-k", .help = "who goes where" },
	{ "seed", MOE_OPT_INT, offsetof(struct settings, seed), 0, 1000, 1, .help = "seed" },
	{ "steps", MOE_OPT_INT, offsetof(struct settings, steps), 1, 1e6, 100, .help = "steps" },
	{ "lr", MOE_OPT_REAL, offsetof(struct settings, lr), 0, 10, 1e-3, .help = "learning rate" },
	{ "overflow", MOE_OPT_CHOICE, offsetof(struct settings, overflow), 0, 1, 0, .choices = words, .help = "rule" },
	{ "quiet", MOE_OPT_FLAG, offsetof(struct settings, quiet), 0, 1, 0, .help = "no output" },
	{ .name = NULL },
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct suite suite;
	struct error err = { .code = ERROR_NONE };
	int status = suite_parse("fuzz.suite", (const char *)bytes, size, rows, NULL, &suite, &err);
	fuzz_check(status, &err);
	if (status != 0)
		return 0;
	static const char *const fixed[] = { "quiet", NULL };
	struct grid grid;
	status = grid_build(&suite, NULL, fixed, &grid, &err);
	fuzz_check(status, &err);
	if (status == 0) {
		FUZZ_EXPECT(grid.n <= GRID_LIMIT);
		grid_free(&grid);
	}
	suite_free(&suite);
	return 0;
}
