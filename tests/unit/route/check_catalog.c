/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_catalog.c -- the catalog grows: no number of parts, names, options, balancers or words is too large.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"
#include "strategies/catalog.h"

enum { MANY = 700 };

/* A gate with as many options as there are rows in its table, in a struct of several kilobytes. */
struct wide {
	double value[MANY];
};

static struct moe_opt rows[MANY + 1];
static struct moe_gate gates[MANY];
static const struct moe_part *parts[MANY + 1];
static struct moe_recipe recipes[MANY + 1];

static void make_many(void)
{
	for (size_t i = 0; i < MANY; i++) {
		rows[i] = (struct moe_opt){ .name = text_keep_f("o%zu", i),
									.type = MOE_OPT_REAL,
									.at = offsetof(struct wide, value) + i * sizeof(double),
									.high = 1e6,
									.preset = (double)i,
									.help = "a number" };
		gates[i].part = (struct moe_part){
			.kind = MOE_GATE, .name = text_keep_f("gate-%zu", i), .opts = rows, .opts_size = sizeof(struct wide)
		};
		parts[i] = &gates[i].part;
		recipes[i] = (struct moe_recipe){ .name = text_keep_f("recipe-%zu", i),
										  .alias = text_keep_f("alias-%zu", i),
										  .sentence = text_keep_f("gate=gate-%zu,o1=7", i) };
	}
}

static void setup(void)
{
	struct error err;
	make_many();
	catalog_use(strategy_parts, strategy_recipes);
	ck_assert_int_eq(catalog_add(parts, recipes, &err), 0);
}

static size_t count(const char *const *names)
{
	size_t n = 0;
	while (names[n])
		n++;
	return n;
}

START_TEST(everything_added_is_found)
{
	size_t built_in = 0, kind = 0;
	while (strategy_recipes[built_in].name)
		built_in++;
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_ptr_eq(catalog_part(MOE_GATE, gates[i].part.name), &gates[i].part);
		ck_assert_str_eq(catalog_recipe(recipes[i].name)->sentence, recipes[i].sentence);
		ck_assert_str_eq(catalog_recipe(recipes[i].alias)->name, recipes[i].name);
		ck_assert_str_eq(catalog_recipes()[built_in + i].name, recipes[i].name);
	}
	for (size_t i = 0; catalog_parts()[i]; i++) {
		ck_assert_uint_le(kind, catalog_parts()[i]->kind);
		kind = catalog_parts()[i]->kind;
	}
	ck_assert_uint_gt(count(catalog_part_names(MOE_GATE)), MANY);
	ck_assert_uint_gt(count(catalog_recipe_names()), 2 * MANY);
}
END_TEST

/* The last of them is suggested for a typing error. */
START_TEST(the_last_name_is_suggested)
{
	struct sentence sentence;
	struct error err = { .code = ERROR_NONE };
	ck_assert_int_eq(sentence_read("gate=gatee-699", NULL, &sentence, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'gate-699'?"));
	ck_assert_int_eq(sentence_read("gate=unit router-lrr=1", NULL, &sentence, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'router-lr'?"));
}
END_TEST

START_TEST(options_may_be_large)
{
	struct sentence sentence, copy;
	struct error err = { .code = ERROR_NONE };
	ck_assert_int_eq(sentence_read("recipe-5,o699=0.25,o3=4", NULL, &sentence, &err), 0);
	copy = sentence;
	ck_assert_int_eq(sentence_read("recipe-5", NULL, &sentence, &err), 0);
	const struct wide *wide = copy.gate.opt;
	ck_assert_double_eq(wide->value[699], 0.25);
	ck_assert_double_eq(wide->value[3], 4);
	ck_assert_double_eq(wide->value[1], 7);
	ck_assert_double_eq(wide->value[2], 2);
	ck_assert_double_eq(((const struct wide *)sentence.gate.opt)->value[699], 699);
}
END_TEST

START_TEST(balancers_may_be_many)
{
	struct sentence sentence;
	struct error err = { .code = ERROR_NONE };
	const char *text = "balance=z,weight=0";
	for (int i = 1; i < 100; i++)
		text = text_keep_f("%s+z,weight=%d", text, i);
	ck_assert_int_eq(sentence_read(text, NULL, &sentence, &err), 0);
	ck_assert_uint_eq(sentence.balancers, 100);
	for (size_t i = 0; i < 100; i++) {
		const struct part_use *use = sentence_part(&sentence, 4 + i);
		ck_assert_str_eq(options_value(options_find(use->part->opts, "weight"), use->opt), text_keep_f("%zu", i));
	}
}
END_TEST

static const struct moe_recipe no_recipes[] = { { .name = NULL } };
static const struct moe_part *const no_parts[] = { NULL };

/* Refused in words, and nothing of the list stays behind. */
START_TEST(a_taken_name_is_refused)
{
	static const struct moe_gate fresh = { .part = { .kind = MOE_GATE, .name = "fresh" } },
								 taken = { .part = { .kind = MOE_GATE, .name = "gate-3" } },
								 elsewhere = { .part = { .kind = MOE_SCORER, .name = "gate-3" } };
	const struct moe_part *const one[] = { &fresh.part, &taken.part, NULL },
								 *const twice[] = { &fresh.part, &fresh.part, NULL },
								 *const other_kind[] = { &elsewhere.part, NULL };
	const struct moe_recipe by_alias[] = { { .name = "new", .alias = "alias-3" }, { .name = NULL } };
	struct error err;
	ck_assert_int_eq(catalog_add(one, no_recipes, &err), -1);
	ck_assert_str_eq(err.text, "there is already a gate 'gate-3' (give the new one another name)");
	ck_assert_ptr_null(catalog_part(MOE_GATE, "fresh"));
	ck_assert_int_eq(catalog_add(twice, no_recipes, &err), -1);
	ck_assert_int_eq(catalog_add(no_parts, by_alias, &err), -1);
	ck_assert_str_eq(err.text, "there is already a strategy 'alias-3' (give the new one another name)");
	ck_assert_ptr_null(catalog_recipe("new"));
	ck_assert_int_eq(catalog_add(other_kind, no_recipes, &err), 0);
	ck_assert_ptr_eq(catalog_part(MOE_SCORER, "gate-3"), &elsewhere.part);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("catalog");
	TCase *cases = tcase_create("growth");
	tcase_add_checked_fixture(cases, setup, NULL);
	tcase_add_test(cases, everything_added_is_found);
	tcase_add_test(cases, the_last_name_is_suggested);
	tcase_add_test(cases, options_may_be_large);
	tcase_add_test(cases, balancers_may_be_many);
	tcase_add_test(cases, a_taken_name_is_refused);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
