/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_metrics.c -- the metrics that series are compared in.
 */
#include <config.h>

#include "experiments/study/compare_metrics.h"

#include <string.h>

#include "sim/base/text.h"

const struct compare_metric compare_metrics[] = {
	{ .name = "excess_loss",
	  .said = "excess loss",
	  .unit = "nats/token",
	  .sense = -1,
	  .margin = 0.01,
	  .decimals = 4,
	  .proportional = true,
	  .is_loss = true,
	  .judged = true },
	{ .name = "eval_loss",
	  .said = "evaluation loss",
	  .unit = "nats/token",
	  .sense = -1,
	  .margin = 0.01,
	  .decimals = 4,
	  .is_loss = true,
	  .judged = true },
	{ .name = "maxvio", .said = "MaxVio", .unit = "", .sense = -1, .margin = 0.1, .decimals = 3, .judged = true },
	{ .name = "dead_experts",
	  .said = "dead experts",
	  .unit = "experts",
	  .sense = -1,
	  .margin = 0.5,
	  .decimals = 1,
	  .resolution = 1,
	  .judged = true },
	{ .name = "drop_rate",
	  .said = "drop rate",
	  .unit = "",
	  .sense = -1,
	  .margin = 0.005,
	  .decimals = 4,
	  .shown = SHOWN_BY_REPORT },
	{ .name = "domain_mi",
	  .said = "domain MI",
	  .unit = "nats",
	  .margin = 0.02,
	  .decimals = 3,
	  .of_k = true,
	  .shown = SHOWN_BY_COMPARE | SHOWN_BY_REPORT },
	{ .name = "flops_per_token",
	  .said = "FLOPs per token",
	  .heading = "FLOPs/token",
	  .unit = "FLOP",
	  .sense = -1,
	  .margin = 1,
	  .judged = true },
	{ .name = "layer_ms",
	  .said = "layer time",
	  .unit = "ms",
	  .sense = -1,
	  .margin = 0.1,
	  .decimals = 2,
	  .proportional = true,
	  .optional = true,
	  .judged = true },
	{ .name = "exposed_share",
	  .said = "exposed communication",
	  .unit = "",
	  .margin = 0.01,
	  .decimals = 3,
	  .optional = true,
	  .shown = SHOWN_BY_COMPARE | SHOWN_BY_REPORT },
	{ .name = NULL },
};
enum { METRICS = sizeof compare_metrics / sizeof *compare_metrics - 1 };

size_t compare_metric_count(void)
{
	return METRICS;
}

const struct compare_metric *compare_metric(const char *name)
{
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++)
		if (strcmp(metric->name, name) == 0)
			return metric;
	return NULL;
}

static int unknown_metric(const char *name, struct error *err)
{
	const char *names[METRICS + 1] = { NULL }, *known = "";
	for (size_t i = 0; i < METRICS; i++) {
		names[i] = compare_metrics[i].name;
		known = text_keep_f("%s%s%s", known, i ? ", " : "", names[i]);
	}
	const char *near = text_nearest(name, names);
	fail(err, ERROR_USER, "unknown metric '%s' (%s%s%s)", name,
		 near ? "did you mean '" : "known: ", near ? near : known, near ? "'?" : "");
	return fail_at(err, "--metric", 0, 0);
}

static int add_metric(const char *name, const struct compare_metric **list, size_t *n, struct error *err)
{
	const struct compare_metric *metric = compare_metric(name);
	if (!metric)
		return unknown_metric(name, err);
	for (size_t i = 0; i < *n; i++)
		if (list[i] == metric) {
			fail(err, ERROR_USER, "'%s' is given twice (give it once)", name);
			return fail_at(err, "--metric", 0, 0);
		}
	list[(*n)++] = metric;
	return 0;
}

int compare_metrics_read(const char *list, struct arena *arena, const struct compare_metric ***metric, size_t *n,
						 struct error *err)
{
	*metric = ARENA_TAKE(arena, METRICS, const struct compare_metric *);
	*n = 0;
	if (!*list)
		return 0;
	for (;; list++) {
		size_t length = strcspn(list, ",");
		TRY(add_metric(text_keep_n(list, length), *metric, n, err));
		list += length;
		if (!*list)
			return 0;
	}
}

const char *compare_verdict(const struct compare_metric *metric, enum verdict verdict)
{
	static const char *const word[][2] = { [VERDICT_UNDECIDED] = { "undecided", "undecided" },
										   [VERDICT_EQUIVALENT] = { "equivalent", "equivalent" },
										   [VERDICT_EQUAL] = { "equal", "equal" },
										   [VERDICT_LOWER] = { "lower", "better" },
										   [VERDICT_HIGHER] = { "higher", "worse" } };
	return word[verdict][metric->sense < 0];
}
