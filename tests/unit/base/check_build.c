/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_build.c -- the program knows what it was built from.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/build.h"
#include "sim/base/real.h"

START_TEST(version_is_the_package_version)
{
	ck_assert_str_eq(build.version, PACKAGE_VERSION);
}
END_TEST

START_TEST(git_state_is_one_word)
{
	ck_assert_uint_gt(strlen(build.git), 0);
	ck_assert_uint_eq(strcspn(build.git, " \n"), strlen(build.git));
}
END_TEST

START_TEST(precision_is_that_of_real)
{
	ck_assert_str_eq(build.precision, sizeof(real) == sizeof(float) ? "single" : "double");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("build");
	TCase *facts = tcase_create("facts");
	tcase_add_test(facts, version_is_the_package_version);
	tcase_add_test(facts, git_state_is_one_word);
	tcase_add_test(facts, precision_is_that_of_real);
	suite_add_tcase(suite, facts);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
