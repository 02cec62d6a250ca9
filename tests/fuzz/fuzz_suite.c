/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_suite.c -- any text as a suite file, and the grid of the suites that are accepted.
 */
#include <config.h>

#include "experiments/suite/grid.h"
#include "experiments/suite/run_settings.h"
#include "sim/base/options.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"
#include "tests/fuzz/fuzz.h"

/* As for a run, but no stream is opened: a corpus would read the disk. */
static int resolve(const struct assignment *given, size_t n, const char **value, struct error *err)
{
	struct settings settings;
	const struct moe_opt *rows = config_rows();
	TRY(settings_resolve(given, n, &settings, err));
	for (size_t i = 0; rows[i].name; i++)
		value[i] = options_value(&rows[i], &settings.config);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct suite suite;
	struct error err = { .code = ERROR_NONE };
	struct suite_settings settings = *run_settings();
	settings.resolve = resolve;
	catalog_use(strategy_parts, strategy_recipes);
	int status = suite_parse("fuzz.suite", (const char *)bytes, size, &settings, &suite, &err);
	fuzz_check(status, &err);
	if (status != 0)
		return 0;
	struct grid grid;
	status = grid_build(&suite, NULL, &grid, &err);
	fuzz_check(status, &err);
	if (status == 0) {
		FUZZ_EXPECT(grid.n <= GRID_LIMIT);
		grid_free(&grid);
	}
	suite_free(&suite);
	return 0;
}
