/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_report.c -- moesim report DIR: a study as one web page.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/report/report.h"
#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

struct report_options {
	const char *out, *question, *metric, *against;
	double margin;
};

#define AT(field) .at = offsetof(struct report_options, field)
static const struct moe_opt report_rows[] = {
	{ .name = "out", .type = MOE_OPT_TEXT, AT(out), .help = "the page (default report.html in the first DIR)" },
	{ .name = "question",
	  .type = MOE_OPT_TEXT,
	  AT(question),
	  .help = "what the runs are to answer (default the suite's own question)" },
	{ .name = "metric",
	  .type = MOE_OPT_TEXT,
	  AT(metric),
	  .help = "metric of the verdicts (default excess_loss, or eval_loss where no exact loss is known)" },
	{ .name = "margin",
	  .type = MOE_OPT_REAL,
	  AT(margin),
	  .low = 1e-300,
	  .high = 1e300,
	  .zero = "auto",
	  .help = "differences of that metric below this do not matter: the margin of equivalence (0.01 nats for losses)" },
	{ .name = "against",
	  .type = MOE_OPT_TEXT,
	  AT(against),
	  .help = "what everything is compared with (default plain token choice, else dense, else the first)" },
	{ .name = NULL },
};
#undef AT

/* ---- choosing */

static int unknown_metric(const char *name, struct error *err)
{
	const char *names[16];
	size_t n = 0;
	for (; compare_metrics[n].name && n < 15; n++)
		names[n] = compare_metrics[n].name;
	names[n] = NULL;
	const char *near = text_nearest(name, names);
	fail(err, ERROR_USER, "unknown metric '%s' (%s%s)", name, near ? "did you mean " : "try ", near ? near : names[0]);
	return fail_at(err, "--metric", 0, 0);
}

/* ---- gathering */

enum { METRICS_MOST = 16 };

/* One loss is judged, the usual one or the one asked for. */
static bool is_loss(const struct compare_metric *metric)
{
	return strcmp(metric->unit, compare_metrics[0].unit) == 0;
}

/* The metric that was asked for first, then those that are always judged; none: the usual ones. */
static int choose_metrics(const struct report_options *opt, const struct compare_metric **metric, size_t *n,
						  struct error *err)
{
	const struct compare_metric *first = *opt->metric ? compare_metric(opt->metric) : NULL;
	*n = 0;
	if (!*opt->metric)
		return 0;
	if (!first)
		return unknown_metric(opt->metric, err);
	metric[(*n)++] = first;
	for (const struct compare_metric *other = compare_metrics; other->name && *n < METRICS_MOST; other++)
		if (other != first && other->judged && !is_loss(other))
			metric[(*n)++] = other;
	return 0;
}

static bool is_known(const struct comparison *of)
{
	for (size_t s = 0; s < of->study->n; s++)
		if (of->mean[s].n > 0)
			return true;
	return false;
}

/* What nobody judges but many want to see. */
static int add_beside(struct report *report, struct error *err)
{
	static const char *const name[] = { "drop_rate", "domain_mi" };
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		struct comparison *into = &report->beside[report->also];
		bool judged = false;
		for (size_t m = 0; m < report->page.metrics; m++)
			judged |= report->page.metric[m] == compare_metric(name[i]);
		TRY(compare_means(report->study, COMPARE_END, compare_metric(name[i]), &report->page.arena, into, err));
		report->also += !judged && is_known(into);
	}
	return 0;
}

static int judge(const struct report_options *opt, struct report *report, struct error *err)
{
	const struct compare_metric *metric[METRICS_MOST];
	struct compare_request request = {
		.metric = metric, .margin = opt->margin, .against = opt->against, .asides = true
	};
	TRY(choose_metrics(opt, metric, &request.metrics, err));
	TRY(compare_page(report->study, &request, &report->page, err));
	findings_of(&report->page, &report->findings);
	report->other_metric = *opt->metric && report->page.metric[0] != compare_metrics;
	return add_beside(report, err);
}

static int read_records(struct report *report, struct arena *arena, struct error *err)
{
	const struct study *study = report->study;
	report->record = ARENA_TAKE(arena, study->n, struct run_record *);
	for (size_t s = 0; s < study->n; s++) {
		report->record[s] = ARENA_TAKE(arena, study->series[s].n, struct run_record);
		for (size_t i = 0; i < study->series[s].n; i++)
			TRY(run_record_read(study->series[s].run[i], arena, &report->record[s][i], err));
	}
	return 0;
}

static int gather(const struct report_options *opt, struct study *study, size_t folders, char **folder,
				  struct report *report, struct error *err)
{
	TRY(suite_note_read(folder[0], &report->note, err));
	report->question = *opt->question ? opt->question : report->note.question;
	TRY(judge(opt, report, err));
	TRY(read_records(report, &study->arena, err));
	const struct chart_choice choice = { .baseline = opt->against, .margin = opt->margin };
	return report_draw(report, folders, folder, &choice, err);
}

/* ---- the command ---------------------------------------------------------------------------------------------------
 */

static int write_page(const struct report *report, const char *path, struct error *err)
{
	struct memory_file page;
	memory_file_open(&page);
	report_write(report, page.to);
	memory_file_close(&page);
	int status = file_replace(path, page.text, page.size, err);
	if (status == 0) {
		findings_print(&report->findings, stdout);
		printf("wrote %s\n", path);
	}
	free(page.text);
	return status;
}

static int make_report(const struct report_options *opt, struct study *study, size_t folders, char **folder,
					   struct error *err)
{
	struct report report = { .study = study, .folder = folder[0] };
	int status = gather(opt, study, folders, folder, &report, err);
	if (status == 0)
		status = write_page(&report, *opt->out ? opt->out : path_join(folder[0], "report.html"), err);
	if (status == 0 && report.no_charts)
		status = fail(err, ERROR_WORLD, "the report has no charts, or not all: %s", report.no_charts);
	compare_page_free(&report.page);
	report_free(&report);
	return status;
}

static int report_command(const void *options, int argc, char **args, struct error *err)
{
	struct study study;
	if (argc < 1)
		return fail(err, ERROR_USER, "report on what? (give the folder of a suite or of a run)");
	TRY(study_read((size_t)argc, args, &study, err));
	int status = make_report(options, &study, (size_t)argc, args, err);
	study_free(&study);
	return status;
}

const struct command command_report = {
	.name = "report",
	.summary = "one web page: question, answer, charts, provenance",
	.arguments = "DIR...",
	.about =
		"Writes one HTML file that needs no other: the suite's question, its answer in a few sentences computed from "
		"the "
		"verdicts (printed as well), a table of everything against the baseline with every interval, all charts that "
		"plot "
		"makes with a sentence on how to read each, the settings, and for every run its seed, build and hashes, with "
		"the "
		"command that makes it again.  What is long is folded.  Readable on a phone, in light and dark, and on paper.",
	.opts = report_rows,
	.opts_size = sizeof(struct report_options),
	.files = true,
	.run = report_command,
};
