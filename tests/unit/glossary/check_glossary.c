/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_glossary.c -- every word is explained once and found by all its names; every lesson is on a strategy there is.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "experiments/glossary/glossary.h"
#include "experiments/glossary/lessons.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"

START_TEST(terms_are_in_alphabetical_order)
{
	for (const struct term *term = glossary + 1; term->name; term++)
		ck_assert_msg(strcasecmp(term[-1].name, term->name) < 0, "'%s' stands before '%s'", term[-1].name, term->name);
}
END_TEST

START_TEST(no_name_means_two_things)
{
	const char *const *name = glossary_names();
	for (size_t i = 0; name[i]; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(strcasecmp(name[i], name[j]) != 0, "'%s' stands twice", name[i]);
}
END_TEST

START_TEST(meanings_are_sentences_without_their_stop)
{
	for (const struct term *term = glossary; term->name; term++) {
		size_t length = strlen(term->meaning);
		ck_assert_msg(length > 20 && term->meaning[length - 1] != '.', "%s", term->name);
		ck_assert_msg(*term->see == 0 || strncmp(term->see, "moesim ", 7) == 0, "%s", term->name);
	}
}
END_TEST

START_TEST(a_term_is_found_by_all_its_names)
{
	static const char *const ways[] = { "dead expert", "dead-expert", "Dead_Expert", "dead experts", "dead" };
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		ck_assert_ptr_nonnull(glossary_find(ways[i]));
		ck_assert_str_eq(glossary_find(ways[i])->name, "dead expert");
	}
	for (const char *const *name = glossary_names(); *name; name++)
		ck_assert_msg(glossary_find(*name) != NULL, "%s", *name);
	ck_assert_ptr_null(glossary_find("deader"));
	ck_assert_ptr_null(glossary_find("dead ex"));
	ck_assert_ptr_null(glossary_find(""));
}
END_TEST

static bool has(const char *name, const char *formula)
{
	for (const struct symbol *symbol = symbols; symbol->name; symbol++)
		if (strcmp(symbol->name, name) == 0)
			return symbol_stands_in(symbol, formula);
	ck_abort_msg("no symbol %s", name);
}

START_TEST(symbols_are_found_as_whole_words)
{
	ck_assert(has("E", "weight * E sum_e"));
	ck_assert(!has("E", "Every x"));
	ck_assert(has("s_e", "g_e = scale * s_e"));
	ck_assert(!has("s_e", "this_s_e"));
	ck_assert(!has("s_e", "s_ex"));
	ck_assert(has("c_e(t)", "c_e = s_e + b_e"));
	ck_assert(has("c_e(t)", "largest c_e(t)"));
	ck_assert(has("k", "kind of k"));
	ck_assert(!has("k", "kind"));
}
END_TEST

START_TEST(lessons_are_whole_and_of_strategies)
{
	for (const struct lesson *lesson = lessons; lesson->strategy; lesson++) {
		const char *const field[] = { lesson->does,    lesson->when,    lesson->costs, lesson->fails,
									  lesson->used_by, lesson->command, lesson->look };
		const struct moe_recipe *recipe = catalog_recipe(lesson->strategy);
		ck_assert_msg(recipe && strcmp(recipe->name, lesson->strategy) == 0, "%s", lesson->strategy);
		ck_assert_ptr_eq(lesson_find(lesson->strategy), lesson);
		for (size_t i = 0; i < sizeof field / sizeof *field; i++)
			ck_assert_msg(field[i] && *field[i], "field %zu of %s", i, lesson->strategy);
		ck_assert_msg(lesson->does[strlen(lesson->does) - 1] == '.', "%s", lesson->strategy);
	}
}
END_TEST

int main(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	Suite *suite = suite_create("glossary");
	TCase *words = tcase_create("words"), *teaching = tcase_create("lessons");
	tcase_add_test(words, terms_are_in_alphabetical_order);
	tcase_add_test(words, no_name_means_two_things);
	tcase_add_test(words, meanings_are_sentences_without_their_stop);
	tcase_add_test(words, a_term_is_found_by_all_its_names);
	tcase_add_test(words, symbols_are_found_as_whole_words);
	tcase_add_test(teaching, lessons_are_whole_and_of_strategies);
	suite_add_tcase(suite, words);
	suite_add_tcase(suite, teaching);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
