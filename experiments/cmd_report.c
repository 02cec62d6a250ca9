/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_report.c -- moesim report DIR: a study as one web page.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/cmd.h"
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
	  .zero = "default",
	  .help = "differences of that metric below this do not matter: the margin of equivalence (0.01 nats for losses)" },
	{ .name = "against",
	  .type = MOE_OPT_TEXT,
	  AT(against),
	  .help = "compare with this strategy alone (default all pairs; of more than 12 strategies, top-k or the first)" },
	{ .name = NULL },
};
#undef AT

enum { PAIRS_OF = 12 }; /* so many series are all compared with one another; of more, each with one */

/* ---- choosing ------------------------------------------------------------------------------------------------------
 */

static const struct compare_metric *find_metric(const char *name)
{
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++)
		if (strcmp(metric->name, name) == 0)
			return metric;
	return NULL;
}

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

static int choose_baseline(const struct report_options *opt, const struct study *study, size_t *baseline,
						   struct error *err)
{
	const char *wanted = *opt->against ? opt->against : "top-k";
	size_t same_label = study->n, same_strategy = study->n;
	*baseline = study->n;
	if (!*opt->against && study->n <= PAIRS_OF)
		return 0;
	for (size_t s = study->n; s-- > 0;) {
		same_label = strcmp(study->series[s].label, wanted) == 0 ? s : same_label;
		same_strategy = strcmp(study->series[s].strategy, wanted) == 0 ? s : same_strategy;
	}
	*baseline = same_label < study->n ? same_label : same_strategy;
	if (*baseline < study->n)
		return 0;
	*baseline = 0;
	if (!*opt->against)
		return 0;
	fail(err, ERROR_USER, "no run of '%s' here", opt->against);
	return fail_at(err, "--against", 0, 0);
}

/* ---- gathering -----------------------------------------------------------------------------------------------------
 */

static bool is_known(const struct comparison *of)
{
	for (size_t s = 0; s < of->study->n; s++)
		if (of->mean[s].n > 0)
			return true;
	return false;
}

/* The metric becomes a column of the report if any run has it. */
static int add_metric(struct report *report, const struct compare_metric *metric, bool needed, struct error *err)
{
	struct comparison *into = &report->metric[report->metrics];
	for (size_t i = 0; i < report->metrics; i++)
		if (report->metric[i].metric == metric)
			return 0;
	if (report->metrics == REPORT_METRICS)
		return 0;
	TRY(compare_study(report->study, COMPARE_END, metric, metric->margin, 0, into, err));
	if (needed || is_known(into))
		report->metrics++;
	else
		compare_free(into);
	return 0;
}

/* The verdicts' metric first, then what belongs beside it. */
static int add_metrics(const struct report_options *opt, struct report *report, struct error *err)
{
	static const char *const beside[] = { "maxvio", "dead_experts", "drop_rate", "domain_mi", "flops_per_token" };
	const struct compare_metric *first = find_metric(*opt->metric ? opt->metric : "excess_loss");
	if (!first)
		return unknown_metric(opt->metric, err);
	TRY(add_metric(report, first, *opt->metric != '\0', err));
	if (report->metrics == 0)
		TRY(add_metric(report, find_metric("eval_loss"), true, err));
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		TRY(add_metric(report, find_metric(beside[i]), false, err));
	return 0;
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

/* What is said of the series that saw one stream. */
static int judge(const struct report_options *opt, struct report *report, struct report_contest *contest,
				 struct arena *arena, struct error *err)
{
	const struct compare_metric *metric = report->metric[0].metric;
	const struct study *study = &contest->series.study;
	bool loss = strcmp(metric->name, "eval_loss") == 0;
	contest->best = ARENA_TAKE(arena, study->n, bool);
	TRY(choose_baseline(opt, study, &contest->baseline, err));
	TRY(compare_pareto(study, find_metric(loss ? "eval_loss" : "excess_loss"), contest->best, err));
	return compare_study(study, COMPARE_END, metric, opt->margin > 0 ? opt->margin : metric->margin, contest->baseline,
						 &contest->verdict, err);
}

static int judge_all(const struct report_options *opt, struct report *report, struct arena *arena, struct error *err)
{
	struct contest *contest;
	size_t n = contests_split(report->study, arena, &contest);
	report->contest = ARENA_TAKE(arena, n, struct report_contest);
	for (size_t i = 0; i < n; i++) {
		report->contest[i].series = contest[i];
		TRY(judge(opt, report, &report->contest[i], arena, err));
		report->contests++;
	}
	return 0;
}

static int gather(const struct report_options *opt, struct study *study, size_t folders, char **folder,
				  struct report *report, struct error *err)
{
	TRY(suite_note_read(folder[0], &report->note, err));
	report->question = *opt->question ? opt->question : report->note.question;
	TRY(add_metrics(opt, report, err));
	TRY(judge_all(opt, report, &study->arena, err));
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
	if (status == 0)
		printf("wrote %s\n", path);
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
	for (size_t i = 0; i < report.metrics; i++)
		compare_free(&report.metric[i]);
	for (size_t i = 0; i < report.contests; i++)
		compare_free(&report.contest[i].verdict);
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
	.summary = "one web page: question, verdicts in words, charts, provenance",
	.arguments = "DIR...",
	.about =
		"Writes one HTML file that needs no other: the suite's question, what the runs allow to say (as compare does, "
		"in words and with every interval), all charts that plot makes with a sentence on how to read each, the "
		"settings, and for every run its seed, build and hashes, with the command that makes it again.  Readable on "
		"a phone, in light and dark, and on paper.",
	.opts = report_rows,
	.opts_size = sizeof(struct report_options),
	.run = report_command,
};
