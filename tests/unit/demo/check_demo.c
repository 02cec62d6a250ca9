/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_demo.c -- what the demo draws and says, on figures and routings made up for it.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/demo/figures.h"
#include "sim/base/memory_file.h"

/* ---- cells */

static struct memory_file file;

static struct ink ink_of(size_t columns, bool color)
{
	memory_file_open(&file);
	return (struct ink){ .to = file.to, .columns = columns, .color = color };
}

static const struct line *line_of(const char *text)
{
	static struct line line;
	line = (struct line){ .label = "prose", .n = strlen(text) };
	for (size_t i = 0; i < line.n; i++) {
		line.text[i] = text[i];
		choices_add(&line.choices[i], (uint32_t)i, 0.31);
		choices_add(&line.choices[i], 15, 0.69);
	}
	return &line;
}

START_TEST(the_largest_weight_stands_first)
{
	struct choices choices = { .n = 0 };
	choices_add(&choices, 4, 0.2);
	choices_add(&choices, 9, 0.5);
	choices_add(&choices, 2, 0.3);
	ck_assert_uint_eq(choices.n, 3);
	ck_assert_uint_eq(choices.expert[0], 9);
	ck_assert_uint_eq(choices.expert[1], 2);
	ck_assert_uint_eq(choices.expert[2], 4);
	ck_assert_double_eq(choices.weight[2], 0.2);
}
END_TEST

START_TEST(a_line_stands_above_its_experts)
{
	struct ink ink = ink_of(80, false);
	line_print(&ink, line_of("abc"));
	memory_file_close(&file);
	ck_assert_str_eq(file.text, "  prose    abc\n"
								"  1st      fff\n"
								"  weight   666\n"
								"  2nd      012\n");
	free(file.text);
}
END_TEST

START_TEST(a_narrow_screen_has_strips)
{
	struct ink ink = ink_of(13, false);
	line_print(&ink, line_of("abc"));
	memory_file_close(&file);
	ck_assert_str_eq(file.text, "  prose    ab\n"
								"  1st      ff\n"
								"  weight   66\n"
								"  2nd      01\n"
								"  prose    c\n"
								"  1st      f\n"
								"  weight   6\n"
								"  2nd      2\n");
	free(file.text);
}
END_TEST

/* As where experts choose: nobody took the b, and the c has one expert with the whole weight. */
START_TEST(numbers_of_experts_are_told_where_they_differ)
{
	struct line line = *line_of("abc");
	struct ink ink = ink_of(80, false);
	line.choices[1].n = 0;
	line.choices[2] = (struct choices){ .n = 1, .expert = { 3 }, .weight = { 1 } };
	line_print(&ink, &line);
	memory_file_close(&file);
	ck_assert_str_eq(file.text, "  prose    abc\n"
								"  1st      f.3\n"
								"  weight   6.9\n"
								"  2nd      0..\n"
								"  experts  201\n");
	free(file.text);
}
END_TEST

START_TEST(colors_add_nothing_but_color)
{
	const char *plain;
	struct ink ink = ink_of(80, true);
	line_print(&ink, line_of("a"));
	memory_file_close(&file);
	plain = "\033[38;5;16;48;5;114ma\033[0m";
	ck_assert_ptr_nonnull(strstr(file.text, plain));
	for (char *at = file.text; (at = strchr(at, '\033')) != NULL;)
		memmove(at, strchr(at, 'm') + 1, strlen(strchr(at, 'm')));
	ck_assert_str_eq(file.text, "  prose    a\n  1st      f\n  weight   6\n  2nd      0\n");
	free(file.text);
}
END_TEST

START_TEST(loads_wrap_and_tell_the_dead)
{
	static const double load[] = { 1.25, 0, 1.75 };
	static const bool dead[] = { false, true, false };
	struct ink ink = ink_of(21, false);
	loads_print(&ink, 3, load, dead);
	memory_file_close(&file);
	ck_assert_str_eq(file.text, "  expert       0    1\n"
								"  load      1.25 dead\n"
								"  expert       2\n"
								"  load      1.75\n");
	free(file.text);
}
END_TEST

/* ---- sentences */

static struct figures figure[3];

static void two_strategies(void)
{
	figure[0] = (struct figures){ .strategy = "top-k", .experts = 8, .fullest = 1.5, .loss = 5, .information = 0.1 };
	figure[1] = (struct figures){ .strategy = "top-k",
								  .step = 70,
								  .experts = 8,
								  .fullest = 4,
								  .dead_experts = 3,
								  .loss = 2.5,
								  .information = 0.2,
								  .specialist = 1,
								  .subject = "code",
								  .share = 0.5,
								  .share_of_text = 0.25 };
	figure[2] = (struct figures){ .strategy = "bias",
								  .step = 70,
								  .experts = 8,
								  .fullest = 1.25,
								  .loss = 2.25,
								  .information = 0.3,
								  .specialist = 6,
								  .subject = "maths",
								  .share = 0.75,
								  .share_of_text = 0.25 };
	for (size_t i = 0; i < 3; i++)
		figure[i].causal = CAUSALITY_YES;
}

static void says(const char *sentence)
{
	const char *text = figures_text(figure, 3);
	ck_assert_msg(strstr(text, sentence) != NULL, "no '%s' in: %s", sentence, text);
}

START_TEST(a_collapse_is_told_with_its_course)
{
	says("Under top-k, 3 of 8 experts were dead after 70 steps (0 before training, 3 after 70 steps), and the fullest "
		 "took 4.00 times its fair share");
	says("On the same text bias left 0 dead, with 1.25 for the fullest.");
}
END_TEST

START_TEST(where_none_died_none_is_told)
{
	figure[1].dead_experts = 0;
	says("Under top-k no expert was dead after 70 steps; the fullest took 4.00 times its fair share.");
	ck_assert_ptr_null(strstr(figures_text(figure, 3), "compute nothing"));
}
END_TEST

START_TEST(the_strategy_that_tells_most_of_the_text_is_named)
{
	says(
		"under bias, what an expert tells of the kind of text rose from 0.10 to 0.30 nats, and expert 6 had 75% of its "
		"tokens from maths, which is 25% of all");
	figure[1].information = 0.4;
	says("under top-k, what an expert tells of the kind of text rose from 0.10 to 0.40 nats, and expert 1 had 50%");
	figure[1].information = figure[2].information = 0.05;
	says("did not rise from 0.10 to 0.05 nats");
}
END_TEST

START_TEST(who_looks_ahead_is_named)
{
	says("No later token changed where an earlier one went.");
	figure[2].causal = CAUSALITY_NO;
	says("Under bias, later tokens changed where earlier ones went");
	figure[1].causal = CAUSALITY_NO;
	says("Under top-k and bias, later tokens changed");
}
END_TEST

START_TEST(losses_are_told_as_they_are)
{
	says("The held-out loss was 5.00 nats per token before training; at the end top-k has 2.50, bias has 2.25.");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("demo");
	TCase *cells = tcase_create("cells"), *sentences = tcase_create("sentences");
	tcase_add_test(cells, the_largest_weight_stands_first);
	tcase_add_test(cells, a_line_stands_above_its_experts);
	tcase_add_test(cells, a_narrow_screen_has_strips);
	tcase_add_test(cells, numbers_of_experts_are_told_where_they_differ);
	tcase_add_test(cells, colors_add_nothing_but_color);
	tcase_add_test(cells, loads_wrap_and_tell_the_dead);
	tcase_add_checked_fixture(sentences, two_strategies, NULL);
	tcase_add_test(sentences, a_collapse_is_told_with_its_course);
	tcase_add_test(sentences, where_none_died_none_is_told);
	tcase_add_test(sentences, the_strategy_that_tells_most_of_the_text_is_named);
	tcase_add_test(sentences, who_looks_ahead_is_named);
	tcase_add_test(sentences, losses_are_told_as_they_are);
	suite_add_tcase(suite, cells);
	suite_add_tcase(suite, sentences);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
