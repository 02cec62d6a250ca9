/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_loss.c -- how fast and how far each strategy learns.
 */
#include <config.h>

#include <math.h>

#include "experiments/charts/curves.h"

static const struct curve evaluated = {
	.file = "steps.csv", .values = 3, .column = { "eval_loss", "excess_loss", "bayes_loss" }, .bare_last = true
};
static const struct curve trained = {
	.file = "steps.csv", .values = 3, .column = { "lm_loss", "", "" }, .bare_last = true
};

static int put_all(struct chart_sheet *sheet, const struct curve *curve, struct curve_list *list, struct extent *extent,
				   struct error *err)
{
	const struct study *study = sheet->study;
	for (size_t i = 0; i < study->n; i++) {
		struct samples samples;
		TRY(curves_read(sheet, &study->series[i], curve, &samples, err));
		if (!curves_have(&samples, 0))
			continue;
		curves_put(sheet, list->n + 1, study->series[i].label, curve, &samples, extent);
		curve_list_add(list, i, extent);
	}
	return 0;
}

/* In one panel the loss with the Bayes loss stands beside the excess loss; panels of several groups show what could
 * still be learned, where that is known. */
static struct curve_chart choose_measures(bool is_evaluation, bool has_excess, bool grouped)
{
	struct curve_chart chart = { .headline = "Loss over training", .about = "Lower is better." };
	if (!has_excess || !grouped) {
		chart.measure[chart.measures].column = "loss";
		chart.measure[chart.measures].heading =
			is_evaluation ? "evaluation loss (nats per token)" : "training loss (nats per token)";
		chart.measure[chart.measures].scale = has_excess ? "loss" : "excess";
		chart.measure[chart.measures++].total = is_evaluation ? "eval_loss" : NULL;
	}
	if (has_excess) {
		chart.headline = grouped ? "Excess loss over training" : "Loss and excess loss over training";
		chart.about = "Lower is better.  Shown without the steep start.";
		chart.measure[chart.measures].column = "excess";
		chart.measure[chart.measures].heading = "excess loss over Bayes (nats per token)";
		chart.measure[chart.measures].scale = "excess";
		chart.measure[chart.measures++].total = "excess_loss";
	}
	if (has_excess && !grouped) {
		chart.reference = "bayes";
		chart.reference_title = "Bayes loss";
	}
	return chart;
}

static int describe(struct chart_sheet *sheet, bool is_evaluation, const struct extent *extent, struct curve_list *list,
					struct error *err)
{
	struct chart_groups groups;
	bool has_excess = extent->least[1] < INFINITY;
	if (!has_excess)
		chart_note(sheet, "excess loss: the stream's Bayes loss is not known");
	curves_set_series(sheet, list, extent, &groups);
	const struct curve_chart chart = choose_measures(is_evaluation, has_excess, groups.n > 1);
	return curves_set_measures(sheet, &chart, &groups, err);
}

int fill_loss(struct chart_sheet *sheet, struct error *err)
{
	struct extent extent = extent_new();
	struct curve_list list = curve_list_new(sheet);
	TRY(put_all(sheet, &evaluated, &list, &extent, err));
	bool is_evaluation = list.n > 0;
	if (!is_evaluation)
		TRY(put_all(sheet, &trained, &list, &extent, err));
	if (list.n == 0) {
		sheet->missing = "no run has a loss in its steps.csv";
		return 0;
	}
	return describe(sheet, is_evaluation, &extent, &list, err);
}
