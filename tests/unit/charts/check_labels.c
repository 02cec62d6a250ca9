/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_labels.c -- labels that cover nothing: no other label, no point, no edge.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "experiments/charts/labels.h"
#include "experiments/models/list.h"
#include "sim/base/seed.h"
#include <moesim/kit.h>

enum { MOST = 64 };

/* By how much two intervals share room. */
static double common(double a, double a_wide, double b, double b_wide)
{
	return fmin(a + a_wide / 2, b + b_wide / 2) - fmax(a - a_wide / 2, b - b_wide / 2);
}

static bool overlap(const struct label *a, const struct label *b)
{
	return common(a->at_x, a->wide, b->at_x, b->wide) > 0.01 && common(a->at_y, a->high, b->at_y, b->high) > 0.01;
}

static bool covers(const struct label *a, double x, double y)
{
	return fabs(a->at_x - x) < a->wide / 2 && fabs(a->at_y - y) < a->high / 2;
}

static void check_free(const struct label *label, size_t n, double wide, double high)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_double_ge(label[i].at_x - label[i].wide / 2, -0.01);
		ck_assert_double_le(label[i].at_x + label[i].wide / 2, wide + 0.01);
		ck_assert_double_ge(label[i].at_y - label[i].high / 2, -0.01);
		ck_assert_double_le(label[i].at_y + label[i].high / 2, high + 0.01);
		for (size_t j = 0; j < n; j++) {
			ck_assert_msg(!covers(&label[i], label[j].x, label[j].y), "label %zu covers point %zu", i, j);
			ck_assert_msg(i == j || !overlap(&label[i], &label[j]), "labels %zu and %zu overlap", i, j);
		}
	}
}

/* Where the text begins or ends, and the edge that is nearest, follow from its middle. */
static void check_sides(const struct label *label, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct label *l = &label[i];
		ck_assert_double_eq_tol(l->begin_x + l->side * l->wide / 2, l->at_x, 1e-9);
		ck_assert(l->side != 1 || l->begin_x >= l->x);
		ck_assert(l->side != -1 || l->begin_x <= l->x);
		ck_assert_double_le(fabs(l->edge_x - l->at_x), l->wide / 2 + 1e-9);
		ck_assert_double_le(fabs(l->edge_y - l->at_y), l->high / 2 + 1e-9);
	}
}

START_TEST(one_label_stands_right_of_its_point)
{
	struct label label = { .x = 100, .y = 50, .wide = 40, .high = LABEL_HIGH };
	labels_place(&label, 1, 300, 100);
	ck_assert_int_eq(label.side, 1);
	ck_assert_double_eq_tol(label.at_y, 50, 1e-9);
	ck_assert(!label.far);
	label = (struct label){ .x = 290, .y = 50, .wide = 40, .high = LABEL_HIGH };
	labels_place(&label, 1, 300, 100);
	ck_assert_int_eq(label.side, -1); /* there is no room at the edge */
}
END_TEST

START_TEST(crowds_are_told_apart)
{
	struct moe_rng rng = seed_stream(1, "labels", (uint64_t)_i);
	struct label label[MOST];
	size_t n = 8 + moe_below(&rng, 12);
	for (size_t i = 0; i < n; i++)
		label[i] = (struct label){ .x = 40 + 520 * moe_uniform(&rng),
								   .y = 40 + 320 * moe_uniform(&rng),
								   .wide = 20 + 60 * moe_uniform(&rng),
								   .high = LABEL_HIGH };
	labels_place(label, n, 600, 400);
	check_sides(label, n);
	check_free(label, n, 600, 400);
}
END_TEST

START_TEST(points_upon_each_other)
{
	struct label label[6];
	for (size_t i = 0; i < 6; i++)
		label[i] = (struct label){ .x = 200, .y = 100, .wide = 70, .high = LABEL_HIGH };
	labels_place(label, 6, 400, 200);
	check_free(label, 6, 400, 200);
}
END_TEST

/* As in the chart of models: 300 pixels a decade. */
START_TEST(the_built_in_models)
{
	struct model_list list;
	struct error err = { .code = ERROR_NONE };
	struct label label[MOST];
	ck_assert_int_eq(model_list_read(0, NULL, &list, &err), 0);
	ck_assert_uint_le(list.n, MOST);
	for (size_t i = 0; i < list.n; i++)
		label[i] = (struct label){ .x = (log10((double)list.model[i].total) - 9.6) * 300,
								   .y = (log10((double)list.model[i].active) - 8.8) * 300,
								   .wide = labels_width(list.model[i].label),
								   .high = LABEL_HIGH };
	labels_place(label, list.n, 900, 700);
	check_sides(label, list.n);
	check_free(label, list.n, 900, 700);
	model_list_free(&list);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("labels");
	TCase *tests = tcase_create("labels");
	tcase_add_test(tests, one_label_stands_right_of_its_point);
	tcase_add_loop_test(tests, crowds_are_told_apart, 0, 30);
	tcase_add_test(tests, points_upon_each_other);
	tcase_add_test(tests, the_built_in_models);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
