/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_flags.c -- the command line of a command: its own flags, and of the settings the groups that it takes.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/cli/flags.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"

struct router_options {
	struct given given;
	const char *out;
	bool quiet;
};

static const struct moe_opt rows[] = {
	{ .name = "out", .type = MOE_OPT_TEXT, .at = offsetof(struct router_options, out), .help = "a file" },
	{ .name = "quiet", .type = MOE_OPT_FLAG, .at = offsetof(struct router_options, quiet), .help = "no output" },
	{ .name = NULL },
};

/* A command that routes logits: it trains nothing, so that it has no use for steps. */
static const struct command router = {
	.name = "router",
	.summary = "",
	.arguments = "",
	.about = "",
	.opts = rows,
	.opts_size = sizeof(struct router_options),
	.settings = SETTINGS_ROUTING | SETTINGS_SEED,
};

static struct flags flags;
static struct error err;

static void setup(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	err = (struct error){ .code = ERROR_NONE };
}

static void teardown(void)
{
	flags_free(&flags);
}

/* Up to three words behind the command's name. */
static int reads(const struct command *command, const char *a, const char *b, const char *c)
{
	static char word[4][64];
	char *argv[5] = { NULL };
	const char *const given[] = { command->name, a, b, c };
	int argc = 0;
	for (; argc < 4 && given[argc]; argc++)
		argv[argc] = strcpy(word[argc], given[argc]);
	return flags_read(command, argc, argv, &flags, &err);
}

START_TEST(settings_of_its_groups_are_taken)
{
	ck_assert_int_eq(reads(&router, "--top-k=3", "--seed", "7"), 0);
	const struct router_options *opt = flags.opt;
	ck_assert_uint_eq(opt->given.n, 2);
	ck_assert_str_eq(opt->given.assignment[0].name, "top-k");
	ck_assert_str_eq(opt->given.assignment[0].value, "3");
	ck_assert_str_eq(opt->given.assignment[1].name, "seed");
}
END_TEST

START_TEST(so_are_their_aliases)
{
	ck_assert_int_eq(reads(&router, "--moe_router_topk=3", "--router-aux-loss-coef", "0.1"), 0);
	const struct router_options *opt = flags.opt;
	ck_assert_uint_eq(opt->given.n, 2);
}
END_TEST

static const struct {
	const char *flag, *text;
} refused[] = {
	{ "--steps=7", "router does not use the setting '--steps' (run does)" },
	{ "--train-iters=7", "router does not use the setting '--train-iters' (run does)" },
	{ "--width=7", "router does not use the setting '--width' (run does)" },
	{ "--router-lr=7", "router does not use the setting '--router-lr' (run does)" },
	{ "--stream=topicmix", "router does not use the setting '--stream' (run does)" },
	{ "--batch=1", "router does not use the setting '--batch' (run does)" },
	{ "--eval-every=1", "router does not use the setting '--eval-every' (run does)" },
	{ "--quite", "unknown flag '--quite' (did you mean '--quiet'?)" },
	{ "--index=2", "unknown flag '--index': it belongs to suite, not to router" },
	{ "--nothing", "unknown flag '--nothing' (see: moesim router --help)" },
	{ "top-k", "unexpected argument 'top-k' (did you mean '--strategy top-k'?)" },
	{ "-x", "unknown flag '-x' (see: moesim router --help)" },
	{ "-j1", "unknown flag '-j' (see: moesim router --help)" },
	{ "-o", "flag '-o' needs a value" },
};
enum { REFUSED = sizeof refused / sizeof *refused };

START_TEST(the_rest_is_refused)
{
	ck_assert_int_eq(reads(&router, refused[_i].flag, NULL, NULL), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.text, refused[_i].text);
}
END_TEST

START_TEST(a_command_without_groups_takes_no_setting)
{
	ck_assert_int_eq(reads(&command_suite, "--steps=7", "x.suite", NULL), -1);
	ck_assert_str_eq(err.text, "suite does not use the setting '--steps' (write --set steps=VALUE)");
}
END_TEST

START_TEST(letters_are_short_for_flags)
{
	ck_assert_int_eq(reads(&router, "-qo", "there", NULL), 0);
	const struct router_options *opt = flags.opt;
	ck_assert(opt->quiet);
	ck_assert_str_eq(opt->out, "there");
}
END_TEST

/* Every setting is in exactly one group, and each group has a title of its own and some setting. */
START_TEST(groups_part_the_settings)
{
	unsigned seen = 0;
	for (const struct moe_opt *row = config_rows(); row->name; row++) {
		unsigned group = config_group(row);
		ck_assert_msg(group && (group & (group - 1)) == 0 && (group & SETTINGS_ALL) == group, "%s", row->name);
		seen |= group;
	}
	ck_assert_uint_eq(seen, SETTINGS_ALL);
	for (unsigned a = 1; a < SETTINGS_ALL; a <<= 1)
		for (unsigned b = 1; b < a; b <<= 1)
			ck_assert_str_ne(config_group_title((enum setting_group)a), config_group_title((enum setting_group)b));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flags");
	TCase *tests = tcase_create("flags");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, settings_of_its_groups_are_taken);
	tcase_add_test(tests, so_are_their_aliases);
	tcase_add_loop_test(tests, the_rest_is_refused, 0, REFUSED);
	tcase_add_test(tests, a_command_without_groups_takes_no_setting);
	tcase_add_test(tests, letters_are_short_for_flags);
	tcase_add_test(tests, groups_part_the_settings);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
