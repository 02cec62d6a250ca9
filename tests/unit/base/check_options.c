/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_options.c -- option rows set, check, print and explain; what is printed is read back.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <moesim/kit.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"

struct mixed {
	char before; /* so that no offset is 0 */
	int64_t k, steps, any;
	double rate, capacity, free;
	int scope;
	bool renorm;
	const char *path;
	char after;
};

static const char *const scopes[] = { "sequence", "batch", "running-buffer", NULL };

#define AT(field) offsetof(struct mixed, field)
static const struct moe_opt rows[] = {
	{ "k", MOE_OPT_INT, AT(k), 1, 64, 2, NULL, NULL, NULL, "experts", "experts per token" },
	{ "steps", MOE_OPT_INT, AT(steps), 0, 1e9, 1000, "none", NULL, NULL, NULL, "length of the run" },
	{ "any", MOE_OPT_INT, AT(any), -INFINITY, INFINITY, -5, NULL, NULL, NULL, NULL, "any integer" },
	{ "rate", MOE_OPT_REAL, AT(rate), 0, 1, 1e-3, NULL, NULL, NULL, NULL, "step of the bias" },
	{ "capacity-factor", MOE_OPT_REAL, AT(capacity), 0.5, INFINITY, 0, "none", NULL, NULL, NULL, "room per expert" },
	{ "free", MOE_OPT_REAL, AT(free), -INFINITY, INFINITY, 0, NULL, NULL, NULL, NULL, "any number" },
	{ "scope", MOE_OPT_CHOICE, AT(scope), 0, 2, 1, NULL, scopes, NULL, NULL, "over which tokens" },
	{ "renorm", MOE_OPT_FLAG, AT(renorm), 0, 1, 0, NULL, NULL, NULL, NULL, "make the weights sum to 1" },
	{ "path", MOE_OPT_TEXT, AT(path), 0, 0, 0, NULL, NULL, NULL, NULL, "where to read" },
	{ .name = NULL },
};
static const struct moe_opt no_rows[] = { { .name = NULL } };

static struct mixed mixed;
static struct error err;

static void setup(void)
{
	memset(&mixed, 0, sizeof mixed);
	memset(&err, 0, sizeof err);
	mixed.before = mixed.after = '!';
	options_preset(rows, &mixed);
}

/* No value is ever written beside its place. */
static void teardown(void)
{
	ck_assert_int_eq(mixed.before, '!');
	ck_assert_int_eq(mixed.after, '!');
}

static int assign(const char *name, const char *value)
{
	return options_assign(rows, &mixed, "balancer bias", name, value, &err);
}

static int assign_list(const char *text)
{
	return options_assign_list(rows, &mixed, "balancer bias", text, &err);
}

/* ---- setting ------------------------------------------------------------------------------------------------- */

START_TEST(presets_are_written)
{
	ck_assert_int_eq(mixed.k, 2);
	ck_assert_int_eq(mixed.any, -5);
	ck_assert_double_eq(mixed.rate, 1e-3);
	ck_assert_int_eq(mixed.scope, 1);
	ck_assert(!mixed.renorm);
	ck_assert_str_eq(mixed.path, "");
	for (const struct moe_opt *row = rows; row->name != NULL; row++) {
		ck_assert(options_is_preset(row, &mixed));
		ck_assert_str_eq(options_value_preset(row), options_value(row, &mixed));
	}
	options_preset(NULL, NULL);
}
END_TEST

START_TEST(values_are_set)
{
	ck_assert_int_eq(assign("k", "64"), 0);
	ck_assert_int_eq(assign("steps", "2k"), 0);
	ck_assert_int_eq(assign("any", "-9223372036854775808"), 0);
	ck_assert_int_eq(assign("rate", "0"), 0);
	ck_assert_int_eq(assign("capacity_factor", "1.25"), 0);
	ck_assert_int_eq(assign("scope", "running_buffer"), 0);
	ck_assert_int_eq(assign("renorm", NULL), 0);
	ck_assert_int_eq(assign("path", "a,b=c \xc3\xa9"), 0);
	ck_assert_int_eq(mixed.k, 64);
	ck_assert_int_eq(mixed.steps, 2000);
	ck_assert_int_eq(mixed.any, INT64_MIN);
	ck_assert_double_eq(mixed.rate, 0);
	ck_assert_double_eq(mixed.capacity, 1.25);
	ck_assert_int_eq(mixed.scope, 2);
	ck_assert(mixed.renorm);
	ck_assert_str_eq(mixed.path, "a,b=c \xc3\xa9");
}
END_TEST

START_TEST(the_word_for_zero_is_zero)
{
	mixed.capacity = 2;
	ck_assert_int_eq(assign("steps", "none"), 0);
	ck_assert_int_eq(mixed.steps, 0);
	ck_assert_int_eq(assign("capacity-factor", "none"), 0);
	ck_assert_double_eq(mixed.capacity, 0);
	ck_assert_int_eq(assign("capacity-factor", "0"), -1);
	ck_assert_int_eq(assign("k", "none"), -1);
}
END_TEST

START_TEST(flags_know_their_words)
{
	static const char *const yes[] = { "true", "yes", "on", "1", "", NULL };
	static const char *const no[] = { "false", "no", "off", "0", NULL };
	for (int i = 0; yes[i] != NULL; i++) {
		mixed.renorm = false;
		ck_assert_int_eq(assign("renorm", yes[i]), 0);
		ck_assert(mixed.renorm);
	}
	for (int i = 0; no[i] != NULL; i++) {
		mixed.renorm = true;
		ck_assert_int_eq(assign("renorm", no[i]), 0);
		ck_assert(!mixed.renorm);
	}
	ck_assert_int_eq(assign("renorm", "perhaps"), -1);
}
END_TEST

static const struct {
	const char *name, *value, *error;
} wrong[] = {
	{ "k", "65", "k = 65: must be an integer from 1 to 64" },
	{ "k", "0", "k = 0: must be an integer from 1 to 64" },
	{ "k", "-1", "k = -1: must be an integer from 1 to 64" },
	{ "k", "1.5", "k = 1.5: must be an integer from 1 to 64" },
	{ "k", "0x10", "k = 0x10: must be an integer from 1 to 64" },
	{ "k", "", "k = '': must be an integer from 1 to 64" },
	{ "k", NULL, "k needs a value: an integer from 1 to 64" },
	{ "k", "1\n2", "k = 1?2: must be an integer from 1 to 64" },
	{ "steps", "1e10", "steps = 1e10: must be an integer from 0 to 1000000000, or none" },
	{ "any", "1e19", "any = 1e19: must be an integer" },
	{ "rate", "nan", "rate = nan: must be a number from 0 to 1" },
	{ "rate", "1e309", "rate = 1e309: must be a number from 0 to 1" },
	{ "rate", "1.0000001", "rate = 1.0000001: must be a number from 0 to 1" },
	{ "capacity-factor", "0.4", "capacity-factor = 0.4: must be a number of at least 0.5, or none" },
	{ "free", "inf", "free = inf: must be a number" },
	{ "scope", "bach", "scope = bach: must be one of: sequence, batch, running-buffer (did you mean 'batch'?)" },
	{ "scope", "galaxy", "scope = galaxy: must be one of: sequence, batch, running-buffer" },
	{ "renorm", "2", "renorm = 2: must be true or false" },
	{ "path", "a\nb", "path must not hold control characters" },
	{ "path", NULL, "path needs a value: text" },
	{ "rat", "1", "unknown option 'rat' of balancer bias (did you mean 'rate'?)" },
	{ "galaxy", "1",
	  "unknown option 'galaxy' of balancer bias (known: k, steps, any, rate, capacity-factor, free, scope, renorm, "
	  "path)" },
};

START_TEST(wrong_values_are_explained_and_not_written)
{
	struct mixed before;
	memcpy(&before, &mixed, sizeof before);
	ck_assert_int_eq(assign(wrong[_i].name, wrong[_i].value), -1);
	ck_assert_str_eq(err.text, wrong[_i].error);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_mem_eq(&mixed, &before, sizeof mixed);
}
END_TEST

START_TEST(a_long_value_does_not_hide_the_reason)
{
	char value[3001];
	memset(value, '9', 3000);
	value[3000] = 0;
	ck_assert_int_eq(assign("k", value), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "999...: must be an integer from 1 to 64"));
	ck_assert_int_eq(assign(value, "1"), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "999...' of balancer bias"));
}
END_TEST

START_TEST(a_thing_without_options_says_so)
{
	ck_assert_int_eq(options_assign(no_rows, &mixed, "gate unit", "x", "1", &err), -1);
	ck_assert_str_eq(err.text, "unknown option 'x': gate unit has no options");
	ck_assert_int_eq(options_assign(NULL, NULL, "gate unit", "x", "1", &err), -1);
	ck_assert_str_eq(err.text, "unknown option 'x': gate unit has no options");
}
END_TEST

/* Bounds of every numeric row: the bounds are in, their neighbors outside are out. */
START_TEST(bounds_are_inclusive)
{
	char text[TEXT_NUMBER];
	for (const struct moe_opt *row = rows; row->name != NULL; row++) {
		if (row->type != MOE_OPT_INT && row->type != MOE_OPT_REAL)
			continue;
		bool whole = row->type == MOE_OPT_INT;
		if (isfinite(row->low)) {
			ck_assert_int_eq(options_set(row, &mixed, text_of_double(row->low, text), &err), 0);
			double below = whole ? row->low - 1 : nextafter(row->low, -INFINITY);
			ck_assert_int_eq(options_set(row, &mixed, text_of_double(below, text), &err), -1);
		}
		if (isfinite(row->high)) {
			ck_assert_int_eq(options_set(row, &mixed, text_of_double(row->high, text), &err), 0);
			double above = whole ? row->high + 1 : nextafter(row->high, INFINITY);
			ck_assert_int_eq(options_set(row, &mixed, text_of_double(above, text), &err), -1);
		}
	}
}
END_TEST

/* ---- lists --------------------------------------------------------------------------------------------------- */

START_TEST(a_list_is_assigned)
{
	ck_assert_int_eq(assign_list("k=4,renorm,scope=sequence,path=a=b"), 0);
	ck_assert_int_eq(mixed.k, 4);
	ck_assert(mixed.renorm);
	ck_assert_int_eq(mixed.scope, 0);
	ck_assert_str_eq(mixed.path, "a=b");
	ck_assert_int_eq(assign_list(""), 0);
	ck_assert_int_eq(options_assign_list(NULL, NULL, "gate unit", "", &err), 0);
}
END_TEST

START_TEST(commas_and_backslashes_can_be_written)
{
	ck_assert_int_eq(assign_list("path=a\\,b\\\\c\\d,k=3"), 0);
	ck_assert_str_eq(mixed.path, "a,b\\c\\d");
	ck_assert_int_eq(mixed.k, 3);
}
END_TEST

static const struct {
	const char *list, *error;
	unsigned column;
} wrong_lists[] = {
	{ "k=65", "k = 65: must be an integer from 1 to 64", 1 },
	{ "k=4,rat=1", "unknown option 'rat' of balancer bias (did you mean 'rate'?)", 5 },
	{ "k=4,,renorm", "an option is missing here (write NAME=VALUE,NAME=VALUE for balancer bias)", 5 },
	{ "k=4,", "an option is missing here (write NAME=VALUE,NAME=VALUE for balancer bias)", 5 },
	{ ",", "an option is missing here (write NAME=VALUE,NAME=VALUE for balancer bias)", 1 },
	{ "=4", "an option is missing here (write NAME=VALUE,NAME=VALUE for balancer bias)", 1 },
	{ "path=a\\,b,k", "k needs a value: an integer from 1 to 64", 11 },
	{ "k=1,renorm,k=2", "option 'k' of balancer bias is given twice", 12 },
	{ "capacity-factor=1,capacity_factor=1", "option 'capacity-factor' of balancer bias is given twice", 19 },
	{ "k=4, renorm", "unknown option ' renorm' of balancer bias (did you mean 'renorm'?)", 5 },
};

START_TEST(a_wrong_list_is_explained_with_its_place)
{
	ck_assert_int_eq(assign_list(wrong_lists[_i].list), -1);
	ck_assert_str_eq(err.text, wrong_lists[_i].error);
	ck_assert_uint_eq(err.column, wrong_lists[_i].column);
}
END_TEST

/* ---- printing ------------------------------------------------------------------------------------------------ */

static const char *any_text(struct moe_rng *rng)
{
	static const char *const texts[] = { "",   "a", "a,b", "\\", "x\\,y\\\\", ",,", "k=2", "/a path/with \xe2\x82\xac",
										 "\\n" };
	return texts[moe_below(rng, sizeof texts / sizeof *texts)];
}

static struct mixed any_values(struct moe_rng *rng)
{
	struct mixed any = mixed;
	any.k = 1 + (int64_t)moe_below(rng, 64);
	any.steps = (int64_t)moe_below(rng, 3);
	any.any = (int64_t)((uint64_t)moe_bits(rng) << 32 | moe_bits(rng));
	any.rate = moe_uniform(rng);
	any.capacity = moe_below(rng, 2) ? 0 : 0.5 + moe_uniform(rng) * 1e10;
	any.free = ldexp(moe_uniform(rng) - 0.5, (int)moe_below(rng, 2000) - 1000);
	any.scope = (int)moe_below(rng, 3);
	any.renorm = moe_below(rng, 2) == 1;
	any.path = any_text(rng);
	return any;
}

static void check_equal(const struct mixed *a, const struct mixed *b)
{
	ck_assert_int_eq(a->k, b->k);
	ck_assert_int_eq(a->steps, b->steps);
	ck_assert_int_eq(a->any, b->any);
	ck_assert_double_eq(a->rate, b->rate);
	ck_assert_double_eq(a->capacity, b->capacity);
	ck_assert_double_eq(a->free, b->free);
	ck_assert_int_eq(a->scope, b->scope);
	ck_assert_int_eq(a->renorm, b->renorm);
	ck_assert_str_eq(a->path, b->path);
}

START_TEST(what_is_printed_is_read_back)
{
	struct moe_rng rng = { .key = { 1, 2 }, .used = 4 };
	for (int i = 0; i < 2000; i++) {
		struct mixed any = any_values(&rng);
		for (const struct moe_opt *row = rows; row->name != NULL; row++)
			ck_assert_int_eq(options_set(row, &mixed, options_value(row, &any), &err), 0);
		check_equal(&mixed, &any);
		options_preset(rows, &mixed);
		ck_assert_int_eq(assign_list(options_list(rows, &any, i % 2)), 0);
		check_equal(&mixed, &any);
		options_preset(rows, &mixed);
	}
}
END_TEST

START_TEST(lists_show_what_differs_or_all)
{
	ck_assert_str_eq(options_list(rows, &mixed, false), "");
	ck_assert_str_eq(options_list(NULL, NULL, true), "");
	ck_assert_str_eq(options_list(rows, &mixed, true), "k=2,steps=1000,any=-5,rate=0.001,capacity-factor=none,free=0,"
													   "scope=batch,renorm=false,path=");
	assign_list("rate=0.5,k=3,steps=none,renorm,path=a\\,b");
	ck_assert_str_eq(options_list(rows, &mixed, false), "k=3,steps=none,rate=0.5,renorm=true,path=a\\,b");
}
END_TEST

START_TEST(names_are_found)
{
	ck_assert_ptr_eq(options_find(rows, "capacity_factor"), &rows[4]);
	ck_assert_ptr_null(options_find(rows, "capacity"));
	ck_assert_ptr_null(options_find(NULL, "k"));
	const char *const *names = options_names(rows);
	ck_assert_str_eq(names[0], "k");
	ck_assert_str_eq(names[8], "path");
	ck_assert_ptr_null(names[9]);
	ck_assert_ptr_null(options_names(NULL)[0]);
}
END_TEST

START_TEST(help_has_a_line_for_each_row)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	options_help(rows, 1000, to);
	options_help(NULL, 1000, to);
	fclose(to);
	ck_assert_str_eq(text,
					 "  k=N                experts per token [experts] (integer from 1 to 64; default 2)\n"
					 "  steps=N            length of the run (integer from 0 to 1000000000, or none; default 1000)\n"
					 "  any=N              any integer (integer; default -5)\n"
					 "  rate=X             step of the bias (number from 0 to 1; default 0.001)\n"
					 "  capacity-factor=X  room per expert (number of at least 0.5, or none; default none)\n"
					 "  free=X             any number (number; default 0)\n"
					 "  scope=WORD         over which tokens (one of: sequence, batch, running-buffer; default batch)\n"
					 "  renorm             make the weights sum to 1\n"
					 "  path=TEXT          where to read\n");
	free(text);
}
END_TEST

START_TEST(help_is_wrapped_below_itself)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	options_help(&rows[1], 44, to);
	fclose(to);
	*strstr(text, "  any") = '\0';
	ck_assert_str_eq(text, "  steps=N            length of the run\n"
						   "                     (integer from 0 to\n"
						   "                     1000000000, or none;\n"
						   "                     default 1000)\n");
	free(text);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static TCase *setting(void)
{
	TCase *tests = tcase_create("setting");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, presets_are_written);
	tcase_add_test(tests, values_are_set);
	tcase_add_test(tests, the_word_for_zero_is_zero);
	tcase_add_test(tests, flags_know_their_words);
	tcase_add_loop_test(tests, wrong_values_are_explained_and_not_written, 0, COUNT(wrong));
	tcase_add_test(tests, a_long_value_does_not_hide_the_reason);
	tcase_add_test(tests, a_thing_without_options_says_so);
	tcase_add_test(tests, bounds_are_inclusive);
	tcase_add_test(tests, a_list_is_assigned);
	tcase_add_test(tests, commas_and_backslashes_can_be_written);
	tcase_add_loop_test(tests, a_wrong_list_is_explained_with_its_place, 0, COUNT(wrong_lists));
	return tests;
}

static TCase *printing(void)
{
	TCase *tests = tcase_create("printing");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, what_is_printed_is_read_back);
	tcase_add_test(tests, lists_show_what_differs_or_all);
	tcase_add_test(tests, names_are_found);
	tcase_add_test(tests, help_has_a_line_for_each_row);
	tcase_add_test(tests, help_is_wrapped_below_itself);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("options");
	suite_add_tcase(suite, setting());
	suite_add_tcase(suite, printing());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
