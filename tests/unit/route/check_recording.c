/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_recording.c -- a recorded routing comes back pick by pick, or is refused with the reason.
 */
#include <config.h>

#include <check.h>
#include <moesim/kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/route/recording.h"
#include "tests/support/folder.h"

/* Two layers of 4 experts, 2 for each of 3 tokens in a batch; 2 steps, 2 batches held out. */
static const struct recording_shape shape = { .layers = 2,
											  .experts = 4,
											  .k = 2,
											  .tokens = 3,
											  .steps = 2,
											  .evaluations = 2,
											  .most = 6,
											  .each = true,
											  .ranked = true };
static const char header[] = "step,token,layer,slot,expert\n";

static const char *written(const char *text)
{
	const char *path = in_folder("trace.csv");
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

/* Expert of token t in that place, all different inside a token. */
static size_t expert_of(size_t step, size_t token, size_t layer, size_t slot)
{
	return (step + 2 * token + 3 * layer + slot * (1 + token % 3)) % 4;
}

/* Tokens [first, first + n) of a step in both layers, the rows from back to front when asked for. */
static const char *rows(size_t step, size_t n, bool reversed)
{
	const char *text = "";
	for (size_t i = 0; i < 4 * n; i++) {
		size_t at = reversed ? 4 * n - 1 - i : i, token = at / 4, layer = at / 2 % 2, slot = at % 2;
		text =
			text_keep_f("%s%zu,%zu,%zu,%zu,%zu\n", text, step, token, layer, slot, expert_of(step, token, layer, slot));
	}
	return text;
}

static void check_batch(const struct recording *recording, size_t batch, size_t step, size_t first)
{
	uint32_t token[6], expert[6], rank[6];
	for (size_t layer = 0; layer < 2; layer++) {
		struct moe_picks picks = { .max = 6, .token = token, .expert = expert, .rank = rank };
		recording_pick(recording, batch, layer, &picks);
		ck_assert_uint_eq(picks.n, 6);
		for (size_t i = 0; i < 6; i++) {
			ck_assert_uint_eq(token[i], i / 2);
			ck_assert_uint_eq(rank[i], i % 2);
			ck_assert_uint_eq(expert[i], expert_of(step, first + i / 2, layer, i % 2));
		}
	}
}

START_TEST(training_steps_come_back)
{
	struct recording recording;
	struct error err = { .code = ERROR_NONE };
	const char *text = text_keep_f("%s%s%s%s", header, rows(2, 3, true), rows(1, 3, false), rows(3, 3, false));
	ck_assert_msg(recording_read(written(text), &shape, &recording, &err) == 0, "%s", err.text);
	ck_assert(recording.training);
	ck_assert_uint_eq(recording.batches, 2);
	check_batch(&recording, 0, 1, 0);
	check_batch(&recording, 1, 2, 0);
	recording_free(&recording);
}
END_TEST

START_TEST(held_out_tokens_come_back)
{
	struct recording recording, other;
	struct error err = { .code = ERROR_NONE };
	const char *text = text_keep_f("%s%s", header, rows(9, 6, true));
	ck_assert_msg(recording_read(written(text), &shape, &recording, &err) == 0, "%s", err.text);
	ck_assert(!recording.training);
	ck_assert_uint_eq(recording.batches, 2);
	check_batch(&recording, 0, 9, 0);
	check_batch(&recording, 1, 9, 3);
	text = text_keep_f("%s%s", header, rows(8, 6, false));
	ck_assert_msg(recording_read(written(text), &shape, &other, &err) == 0, "%s", err.text);
	ck_assert(recording.content != other.content);
	recording_free(&other);
	recording_free(&recording);
}
END_TEST

/* Where experts choose, a token may have none, or more than k, and no choice comes before another. */
START_TEST(choices_of_experts_come_back)
{
	static const char text[] = "step,token,layer,slot,expert\n1,0,0,0,3\n1,0,0,1,1\n1,0,0,2,2\n1,2,0,0,0\n1,1,1,0,0\n";
	struct recording_shape free_shape = shape;
	struct recording recording;
	struct error err = { .code = ERROR_NONE };
	static const uint32_t wanted[] = { 3, 1, 2, 0 };
	uint32_t token[6], expert[6], rank[6];
	struct moe_picks picks = { .max = 6, .token = token, .expert = expert, .rank = rank };
	free_shape.each = free_shape.ranked = false;
	free_shape.steps = 1;
	ck_assert_msg(recording_read(written(text), &free_shape, &recording, &err) == 0, "%s", err.text);
	recording_pick(&recording, 0, 0, &picks);
	ck_assert_uint_eq(picks.n, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(token[i], i == 3 ? 2 : 0);
		ck_assert_uint_eq(expert[i], wanted[i]);
		ck_assert_uint_eq(rank[i], 0);
	}
	recording_free(&recording);
}
END_TEST

static const struct {
	const char *text, *complaint;
} wrong[] = {
	{ "1,0,0,0,1\n1,0,0,1,2\n1,1,0,0,1\n1,1,0,1,3\n1,0,0,2,1\n", "has 3 experts, and a token of the run 2" },
	{ "1,0,0,0,1\n1,1,0,0,1\n1,0,0,1,1\n", "has an expert twice" },
	{ "1,0,0,0,1\n1,0,0,1,4\n", "expert 4 is out of range" },
	{ "1,0,2,0,1\n1,0,2,1,2\n", "layer 2" },
	{ "0,0,0,0,1\n0,0,0,1,2\n", "the trace has 1 token in 1 step" },
	{ "1,0,0,0,1\n1,1,0,0,1\n1,2,0,0,1\n2,0,0,1,1\n2,2,0,0,1\n", "token 0 of step 2 in layer 0 lacks its choice 0" },
	{ "2,2,0,0,1\n3,2,0,1,2\n", "the trace has 3 tokens in 2 steps" },
	{ "1,0,0,0,1\n1,1,0,0,1\n1,2,0,0,1\n2,2,0,0,1\n", "no token of layer 0 has more than 1 expert" },
};

START_TEST(what_does_not_fit_is_refused)
{
	struct recording_shape one = shape;
	struct recording recording;
	struct error err = { .code = ERROR_NONE };
	one.layers = _i < 4 ? 2 : 1;
	const char *tail = _i < 2 ? rows(2, 3, false) : "";
	const char *text = text_keep_f("%s%s%s", header, wrong[_i].text, tail);
	ck_assert_int_eq(recording_read(written(text), &one, &recording, &err), -1);
	ck_assert_msg(strstr(err.text, wrong[_i].complaint) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.file, "trace.csv"));
	ck_assert_ptr_null(recording.first);
}
END_TEST

START_TEST(a_trace_of_both_is_refused)
{
	struct recording_shape both = shape;
	struct recording recording;
	struct error err = { .code = ERROR_NONE };
	both.steps = both.evaluations = 1;
	ck_assert_int_eq(recording_read(written(text_keep_f("%s%s", header, rows(1, 3, false))), &both, &recording, &err),
					 -1);
	ck_assert_ptr_nonnull(strstr(err.text, "fits both"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recording");
	TCase *tests = tcase_create("recording");
	tcase_add_checked_fixture(tests, folder_setup, folder_teardown);
	tcase_add_test(tests, training_steps_come_back);
	tcase_add_test(tests, held_out_tokens_come_back);
	tcase_add_test(tests, choices_of_experts_come_back);
	tcase_add_loop_test(tests, what_does_not_fit_is_refused, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(tests, a_trace_of_both_is_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
