/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare.c -- series of runs compared metric by metric.
 */
#include <config.h>

#include <math.h>

#include "experiments/study/compare_pairs.h"
#include "sim/base/text.h"

/* One loss, and what is judged beside it. */
static int choose_metrics(const struct compare_request *request, struct compare_page *page, struct error *err)
{
	const struct compare_metric *loss;
	size_t known, most = request->metrics + compare_metric_count();
	page->metric = ARENA_TAKE(&page->arena, most, const struct compare_metric *);
	for (; page->metrics < request->metrics; page->metrics++)
		page->metric[page->metrics] = request->metric[page->metrics];
	if (request->metrics > 0)
		return 0;
	TRY(compare_loss(page->study, &loss, err));
	page->metric[page->metrics++] = loss;
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++) {
		TRY(compare_known(page->study, metric, &known, err));
		if (!metric->is_loss && metric->judged && known > 0 && page->view == COMPARE_END)
			page->metric[page->metrics++] = metric;
	}
	return 0;
}

static int unknown_series(struct compare_page *page, const char *name, struct error *err)
{
	const char **label = ARENA_TAKE(&page->arena, page->study->n + 1, const char *), *near;
	size_t n = 0;
	for (size_t c = 0; c < page->contests; c++)
		for (size_t s = 0; s < page->contest[c].series.study.n; s++)
			label[n++] = page->contest[c].series.study.series[s].label;
	near = text_nearest(name, label);
	fail(err, ERROR_USER, "no run of '%s' here%s%s%s", name, near ? " (did you mean '" : "", near ? near : "",
		 near ? "'?)" : "");
	return fail_at(err, "--against", 0, 0);
}

/* A stream on which the one asked for has no run keeps the usual baseline. */
static int choose_baselines(const struct compare_request *request, struct compare_page *page, struct error *err)
{
	const char *against = request->against ? request->against : "";
	size_t found = 0;
	for (size_t c = 0; c < page->contests; c++) {
		const struct study *study = &page->contest[c].series.study;
		size_t baseline = contrast_baseline(study, against);
		found += baseline < study->n;
		if (baseline == study->n)
			baseline = contrast_baseline(study, "");
		page->contest[c].baseline = request->all_pairs ? study->n : baseline;
	}
	return found ? 0 : unknown_series(page, against, err);
}

/* A model without experts cannot be out of balance: no MaxVio counts as the best one. */
static int find_best(const struct study *study, const struct compare_metric *loss, struct arena *arena, bool *best,
					 struct error *err)
{
	const struct compare_metric *axis[] = { loss, compare_metric("maxvio"), compare_metric("flops_per_token") };
	enum { AXES = 3 };
	double *point = ARENA_TAKE(arena, study->n * AXES, double);
	for (size_t i = 0; i < AXES; i++) {
		struct comparison of;
		TRY(compare_means(study, COMPARE_END, axis[i], arena, &of, err));
		for (size_t s = 0; s < study->n; s++)
			point[s * AXES + i] = i == 1 && isnan(of.mean[s].mean) ? 0 : of.mean[s].mean;
	}
	stats_pareto(point, study->n, AXES, best);
	return 0;
}

static int measure_gap(const struct study *study, const struct compare_metric *loss, struct arena *arena,
					   struct gap *gap, struct error *err)
{
	struct comparison of;
	TRY(compare_means(study, COMPARE_END, loss, arena, &of, err));
	gap_measure(study, of.value, arena, gap);
	return 0;
}

static int compare_contest(const struct compare_request *request, struct compare_page *page,
						   struct compare_contest *contest, struct error *err)
{
	const struct study *study = &contest->series.study;
	const struct compare_metric *loss = page->metric[0]->is_loss ? page->metric[0] : compare_metric("excess_loss");
	struct contrasts contrasts = { .arena = &page->arena };
	contrast_list(study, contest->baseline, &contrasts);
	size_t listed = contrasts.n;
	if (request->asides && page->contests == 1 && !request->all_pairs && !(request->against && *request->against))
		contrast_asides(study, contest->baseline, &contrasts);
	contest->metric = ARENA_TAKE(&page->arena, page->metrics, struct comparison);
	contest->best = ARENA_TAKE(&page->arena, study->n, bool);
	for (size_t m = 0; m < page->metrics; m++) {
		TRY(compare_means(study, page->view, page->metric[m], &page->arena, &contest->metric[m], err));
		if (m == 0 && request->margin > 0)
			contest->metric[m].margin = request->margin;
		size_t n = m == 0 ? contrasts.n : listed;
		TRY(compare_pairs(request, contrasts.of, n, &page->arena, &contest->metric[m], err));
	}
	TRY(find_best(study, loss, &page->arena, contest->best, err));
	return measure_gap(study, loss, &page->arena, &contest->gap, err);
}

static int open_page(const struct compare_request *request, struct compare_page *page, struct error *err)
{
	struct contest *contest;
	TRY(choose_metrics(request, page, err));
	page->contests = contests_split(page->study, &page->arena, &contest);
	page->contest = ARENA_TAKE(&page->arena, page->contests, struct compare_contest);
	for (size_t c = 0; c < page->contests; c++)
		page->contest[c].series = contest[c];
	TRY(choose_baselines(request, page, err));
	for (size_t c = 0; c < page->contests; c++)
		TRY(compare_contest(request, page, &page->contest[c], err));
	compare_judge(page);
	return 0;
}

int compare_page(const struct study *study, const struct compare_request *request, struct compare_page *page,
				 struct error *err)
{
	*page = (struct compare_page){ .study = study, .view = request->view };
	if (open_page(request, page, err) == 0)
		return 0;
	compare_page_free(page);
	return -1;
}

void compare_page_free(struct compare_page *page)
{
	arena_free(&page->arena);
	*page = (struct compare_page){ .contests = 0 };
}
