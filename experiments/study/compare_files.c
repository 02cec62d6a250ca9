/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_files.c -- compare.csv and pairs.csv: every mean, and every pair.
 */
#include <config.h>

#include "experiments/study/compare_files.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/study/causality.h"
#include "sim/base/files.h"

struct files {
	const struct compare_page *page, *at_equal_flops;
	struct compare_files *to;
};

static void number_cells(struct csv_writer *to, const double *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(value[i]))
			csv_empty(to);
		else
			csv_double(to, value[i]);
}
#define NUMBER_CELLS(to, array) number_cells((to), (array), sizeof(array) / sizeof *(array))

static void write_means(struct csv_writer *to, const struct comparison *of, const struct compare_contest *contest)
{
	for (size_t s = 0; s < of->study->n; s++) {
		const struct estimate *e = &of->mean[s];
		const struct ratio *gap = &contest->gap.share[s];
		const double number[] = { e->mean, e->sd, e->low, e->high };
		const double share[] = { gap->value, gap->low, gap->high };
		csv_text(to, compare_view_name(of->view));
		csv_text(to, of->metric->name);
		csv_text(to, of->study->series[s].label);
		csv_int(to, (int64_t)e->n);
		csv_int(to, (int64_t)compare_diverged(&of->study->series[s]));
		NUMBER_CELLS(to, number);
		csv_int(to, contest->best[s]);
		csv_text(to, contest->series.title);
		NUMBER_CELLS(to, share);
		csv_text(to, causality_breaks(&of->study->series[s]) ? "no" : "yes");
		csv_row(to);
	}
}

static void write_pair(struct csv_writer *to, const struct comparison *of, const struct compare_pair *pair,
					   const char *view, const char *stream)
{
	const struct estimate *difference = &pair->difference;
	const double seen[] = { difference->mean, difference->sd, difference->low,    difference->high,   pair->low,
							pair->high,       pair->relative, pair->relative_low, pair->relative_high };
	const double tested[] = { pair->t, pair->test.p_difference, pair->test.p_equivalence, pair->margin, pair->test.p };
	const double found[] = { pair->detectable };
	csv_text(to, view);
	csv_text(to, of->metric->name);
	csv_text(to, of->study->series[pair->a].label);
	csv_text(to, of->study->series[pair->b].label);
	csv_int(to, (int64_t)difference->n);
	NUMBER_CELLS(to, seen);
	csv_text(to, pair->exact ? "exact" : of->logarithmic ? "log" : "plain");
	NUMBER_CELLS(to, tested);
	csv_text(to, compare_verdict(of->metric, pair->test.verdict));
	NUMBER_CELLS(to, found);
	csv_text(to, stream);
	csv_row(to);
}

/* Pairs of equal size are a choice among those at the end: the same tests, not more of them. */
static void write_pairs(struct csv_writer *to, const struct comparison *of, bool of_equal_size, const char *stream)
{
	for (size_t i = 0; i < of->pairs; i++)
		if (!of_equal_size || of->pair[i].same_size)
			write_pair(to, of, &of->pair[i], of_equal_size ? "equal-parameters" : compare_view_name(of->view), stream);
}

static void write_page(struct files *files, const struct compare_page *page, bool of_equal_size)
{
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++) {
			const struct compare_contest *contest = &page->contest[c];
			if (!of_equal_size)
				write_means(files->to->means.rows, &contest->metric[m], contest);
			write_pairs(files->to->pairs.rows, &contest->metric[m], of_equal_size, contest->series.title);
		}
}

/* Metrics that are not judged have means, too. */
static int write_other_means(struct files *files, struct arena *arena, struct error *err)
{
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++) {
		bool judged = false;
		for (size_t m = 0; m < files->page->metrics; m++)
			judged |= files->page->metric[m] == metric;
		for (size_t c = 0; c < files->page->contests && !judged && !metric->optional; c++) {
			struct comparison of;
			TRY(compare_means(&files->page->contest[c].series.study, COMPARE_END, metric, arena, &of, err));
			write_means(files->to->means.rows, &of, &files->page->contest[c]);
		}
	}
	return 0;
}

static int write_rows(struct files *files, struct arena *arena, struct error *err)
{
	write_page(files, files->page, false);
	TRY(write_other_means(files, arena, err));
	write_page(files, files->at_equal_flops, false);
	write_page(files, files->page, true);
	return 0;
}

int compare_files_make(const struct compare_page *page, const struct compare_page *at_equal_flops,
					   struct compare_files *to, struct error *err)
{
	struct files files = { .page = page, .at_equal_flops = at_equal_flops, .to = to };
	struct arena arena = { .first = NULL };
	struct error later;
	whole_csv_begin(&to->means, "view,metric,strategy,n,diverged,mean,sd,ci_low,ci_high,pareto,stream,gap_closed,"
								"gap_closed_low,gap_closed_high,causal");
	whole_csv_begin(&to->pairs, "view,metric,a,b,n,difference,sd,ci_low,ci_high,simultaneous_low,simultaneous_high,"
								"relative,relative_low,relative_high,scale,t,p_difference,p_equivalence,margin,p,"
								"verdict,detectable,stream");
	int status = write_rows(&files, &arena, err);
	status = whole_csv_finish(&to->means, status ? &later : err) || status ? -1 : 0;
	status = whole_csv_finish(&to->pairs, status ? &later : err) || status ? -1 : 0;
	arena_free(&arena);
	if (status)
		compare_files_free(to);
	return status;
}

void compare_files_free(struct compare_files *files)
{
	free(files->means.memory.text);
	free(files->pairs.memory.text);
}

int compare_files_write(const struct compare_files *files, const char *folder, struct error *err)
{
	const struct memory_file *means = &files->means.memory, *pairs = &files->pairs.memory;
	TRY(file_replace(path_join(folder, "compare.csv"), means->text, means->size, err));
	return file_replace(path_join(folder, "pairs.csv"), pairs->text, pairs->size, err);
}
