/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_make.c -- gathers what the page says.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "experiments/report/report.h"
#include "sim/base/files.h"
#include "sim/base/memory_file.h"

/* The metric that was asked for first, then those that are always judged, with one loss among them; none: the usual
 * ones. */
static int choose_metrics(const struct report_choice *choice, struct arena *arena, struct compare_request *request,
						  struct error *err)
{
	const struct compare_metric **metric, **all;
	TRY(compare_metrics_read(choice->metric, arena, &metric, &request->metrics, err));
	request->metric = metric;
	if (request->metrics == 0)
		return 0;
	all = ARENA_TAKE(arena, request->metrics + compare_metric_count(), const struct compare_metric *);
	request->metrics = 0;
	all[request->metrics++] = metric[0];
	for (const struct compare_metric *other = compare_metrics; other->name; other++)
		if (other != metric[0] && other->judged && !other->is_loss)
			all[request->metrics++] = other;
	request->metric = all;
	return 0;
}

static bool is_known(const struct comparison *of)
{
	for (size_t s = 0; s < of->study->n; s++)
		if (of->mean[s].n > 0)
			return true;
	return false;
}

static bool is_judged(const struct compare_page *page, const struct compare_metric *metric)
{
	for (size_t m = 0; m < page->metrics; m++)
		if (page->metric[m] == metric)
			return true;
	return false;
}

static int add_beside(struct report *report, struct error *err)
{
	report->beside = ARENA_TAKE(&report->arena, compare_metric_count(), struct comparison);
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++) {
		struct comparison *into = &report->beside[report->besides];
		if (!(metric->shown & SHOWN_BY_REPORT) || is_judged(&report->page, metric))
			continue;
		TRY(compare_means(&report->study, COMPARE_END, metric, &report->arena, into, err));
		report->besides += is_known(into);
	}
	return 0;
}

static int judge(const struct report_choice *choice, struct report *report, struct error *err)
{
	struct compare_request request = { .margin = choice->margin, .against = choice->against, .asides = true };
	TRY(choose_metrics(choice, &report->arena, &request, err));
	TRY(compare_page(&report->study, &request, &report->page, err));
	findings_of(&report->page, &report->findings);
	report->other_metric = *choice->metric && report->page.metric[0] != compare_metric("excess_loss");
	return add_beside(report, err);
}

/* A page tells where its numbers come from, so that every file must be what the run wrote. */
static int read_records(struct report *report, struct error *err)
{
	const struct study *study = &report->study;
	report->record = ARENA_TAKE(&report->arena, study->n, struct run_record *);
	for (size_t s = 0; s < study->n; s++) {
		report->record[s] = ARENA_TAKE(&report->arena, study->series[s].n, struct run_record);
		for (size_t i = 0; i < study->series[s].n; i++) {
			report->record[s][i] = study->series[s].run[i]->record;
			TRY(run_folder_verify(study->series[s].run[i], err));
		}
	}
	return 0;
}

static int check_explorer(const struct report *report, struct error *err)
{
	if (report->explorer.runs > 0)
		return 0;
	fail(err, ERROR_USER, "%s",
		 report->explorer.left_out ? "the runs have too many experts for a page"
								   : "no run has experts, so there is nothing to explore");
	return fail_at(err, report->folder, 0, 0);
}

static int gather(const struct report_choice *choice, size_t folders, char **folder, struct report *report,
				  struct error *err)
{
	TRY(study_read_as(folders, folder, choice->lenient, &report->study, err));
	run_list_tell(&report->study.runs);
	TRY(suite_note_read(folder[0], &report->note, err));
	report->question = *choice->question || choice->explorer ? choice->question : report->note.question;
	TRY(read_records(report, err));
	TRY(explorer_read(&report->study, choice->explorer, &report->explorer, err));
	if (choice->explorer)
		return check_explorer(report, err);
	TRY(judge(choice, report, err));
	const struct chart_choice drawn = { .against = choice->against, .margin = choice->margin };
	return report_draw(report, &drawn, err);
}

int report_make(const struct report_choice *choice, size_t folders, char **folder, struct report *report,
				struct error *err)
{
	*report = (struct report){ .folder = folder[0], .explores = choice->explorer };
	if (gather(choice, folders, folder, report, err) == 0)
		return 0;
	report_free(report);
	return -1;
}

int report_save(const struct report *report, const char *path, struct error *err)
{
	struct memory_file page;
	memory_file_open(&page);
	report_write(report, page.to);
	memory_file_close(&page);
	int status = file_replace(path, page.text, page.size, err);
	free(page.text);
	return status;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < CHARTS; i++)
		free(report->chart[i].svg);
	explorer_free(&report->explorer);
	compare_page_free(&report->page);
	study_free(&report->study);
	arena_free(&report->arena);
	*report = (struct report){ .folder = "" };
}
