/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_simulated.c -- what is counted of a simulated network is what it takes: the formulas of sim/cost against the
 * parameters that the network registers, one by one.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/train/trainer.h"
#include "strategies/catalog.h"

static const struct assignment shapes[][5] = {
	{ { "layers", "1" }, { "width", "16" }, { "heads", "2" }, { "experts", "16" }, { "expert-width", "3" } },
	{ { "layers", "3" }, { "width", "24" }, { "heads", "3" }, { "experts", "32" }, { "shared", "2" } },
};

static void compare(const char *strategy, const struct assignment shape[5])
{
	struct assignment given[] = { { "strategy", strategy },
								  shape[0],
								  shape[1],
								  shape[2],
								  shape[3],
								  shape[4],
								  { "stream", "uniform" },
								  { "seq-length", "8" },
								  { "batch", "2" },
								  { "eval-tokens", "16" } };
	struct settings settings;
	struct trainer trainer;
	struct trainer_needs needs;
	struct error err = { 0 };
	ck_assert_msg(settings_resolve(given, sizeof given / sizeof *given, &settings, &err) == 0, "%s: %s", strategy,
				  err.text);
	ck_assert_msg(trainer_measure(&settings, &needs, &err) == 0, "%s: %s", strategy, err.text);
	ck_assert_msg(trainer_open(&trainer, &settings, &err) == 0, "%s: %s", strategy, err.text);
	ck_assert_msg((int64_t)trainer.net.params.n == needs.cost.params_total,
				  "%s: the network has %zu, counted were %lld", strategy, trainer.net.params.n,
				  (long long)needs.cost.params_total);
	trainer_close(&trainer);
}

START_TEST(a_network_has_the_parameters_that_are_counted)
{
	catalog_use(strategy_parts, strategy_recipes);
	for (const struct moe_recipe *recipe = strategy_recipes; recipe->name; recipe++)
		compare(recipe->name, shapes[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("simulated");
	TCase *count = tcase_create("count");
	tcase_set_timeout(count, 60);
	tcase_add_loop_test(count, a_network_has_the_parameters_that_are_counted, 0,
						(int)(sizeof shapes / sizeof shapes[0]));
	suite_add_tcase(suite, count);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
