/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_compare.c -- moesim compare DIR...: what the runs allow to say of their strategies.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/host/table.h"
#include "experiments/study/compare.h"
#include "experiments/study/findings.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/whole_csv.h"

struct compare_options {
	const char *metric, *against, *out;
	double margin;
	bool all_pairs;
	int scale;
};

static const char *const scales[] = {
	[COMPARE_SCALE_AUTO] = "auto", [COMPARE_SCALE_PLAIN] = "plain", [COMPARE_SCALE_LOG] = "log", NULL
};

#define AT(field) .at = offsetof(struct compare_options, field)
static const struct moe_opt compare_rows[] = {
	{ .name = "metric",
	  .type = MOE_OPT_TEXT,
	  AT(metric),
	  .help =
		  "what is judged, comma-separated; the first is the main metric (default excess_loss, or eval_loss where no "
		  "exact loss is known, then maxvio, dead_experts and flops_per_token)" },
	{ .name = "margin",
	  .type = MOE_OPT_REAL,
	  AT(margin),
	  .low = 1e-300,
	  .high = 1e300,
	  .zero = "auto",
	  .help =
		  "differences of the main metric below this do not matter: the margin of equivalence, in its own unit, whatever "
		  "the scale of the test; auto: that of the metric, 0.01 nats for losses" },
	{ .name = "against",
	  .type = MOE_OPT_TEXT,
	  AT(against),
	  .help = "what everything is compared with (default plain token choice, else dense, else the first)" },
	{ .name = "all-pairs",
	  .type = MOE_OPT_FLAG,
	  AT(all_pairs),
	  .help = "compare every two strategies; many more tests, so that less can be seen" },
	{ .name = "scale",
	  .type = MOE_OPT_CHOICE,
	  AT(scale),
	  .choices = scales,
	  .help = "test the excess loss as it is (plain), or its logarithm, as x% less (log); auto: the scale on which the "
			  "paired differences scatter less" },
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  AT(out),
	  .help = "folder of compare.csv and pairs.csv (default the first DIR)" },
	{ .name = NULL },
};
#undef AT

enum { METRICS = 16 };

struct job {
	const struct study *study;
	struct compare_request request;
	const struct compare_metric *metric[METRICS]; /* of the request */
	struct compare_page page, at_equal_flops;
	struct whole_csv means, pairs;
};

/* ---- choosing -------------------------------------------------------------------------------------------- */

static int unknown_metric(const char *name, struct error *err)
{
	const char *names[METRICS] = { NULL };
	for (size_t n = 0; compare_metrics[n].name; n++)
		names[n] = compare_metrics[n].name;
	const char *near = text_nearest(name, names);
	fail(err, ERROR_USER, "unknown metric '%s' (%s%s'?)", name, near ? "did you mean '" : "how about '",
		 near ? near : "maxvio");
	return fail_at(err, "--metric", 0, 0);
}

static int add_metric(struct job *job, const char *name, struct error *err)
{
	const struct compare_metric *metric = compare_metric(name);
	if (!metric)
		return unknown_metric(name, err);
	for (size_t i = 0; i < job->request.metrics; i++)
		if (job->metric[i] == metric) {
			fail(err, ERROR_USER, "'%s' is given twice (give it once)", name);
			return fail_at(err, "--metric", 0, 0);
		}
	job->metric[job->request.metrics++] = metric;
	return 0;
}

static int choose_metrics(struct job *job, const char *list, struct error *err)
{
	if (!*list)
		return 0;
	for (;; list++) {
		size_t length = strcspn(list, ",");
		TRY(add_metric(job, text_keep_n(list, length), err));
		list += length;
		if (!*list)
			return 0;
	}
}

/* ---- CSV files ------------------------------------------------------------------------------------------- */

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
		csv_text(to, study_sees_future(&of->study->series[s]) ? "no" : "yes");
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

static void write_page(struct job *job, const struct compare_page *page, bool of_equal_size)
{
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++) {
			const struct compare_contest *contest = &page->contest[c];
			if (!of_equal_size)
				write_means(job->means.rows, &contest->metric[m], contest);
			write_pairs(job->pairs.rows, &contest->metric[m], of_equal_size, contest->series.title);
		}
}

/* Metrics that nobody judges have means, too. */
static int write_other_means(struct job *job, struct error *err)
{
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++) {
		bool judged = false;
		for (size_t m = 0; m < job->page.metrics; m++)
			judged |= job->page.metric[m] == metric;
		for (size_t c = 0; c < job->page.contests && !judged; c++) {
			struct comparison of;
			TRY(compare_means(&job->page.contest[c].series.study, COMPARE_END, metric, &job->page.arena, &of, err));
			write_means(job->means.rows, &of, &job->page.contest[c]);
		}
	}
	return 0;
}

static int write_rows(struct job *job, struct error *err)
{
	write_page(job, &job->page, false);
	TRY(write_other_means(job, err));
	write_page(job, &job->at_equal_flops, false);
	write_page(job, &job->page, true);
	return 0;
}

static int write_files(struct job *job, const char *folder, struct error *err)
{
	whole_csv_begin(&job->means, "view,metric,strategy,n,diverged,mean,sd,ci_low,ci_high,pareto,stream,gap_closed,"
								 "gap_closed_low,gap_closed_high,causal");
	whole_csv_begin(&job->pairs, "view,metric,a,b,n,difference,sd,ci_low,ci_high,simultaneous_low,simultaneous_high,"
								 "relative,relative_low,relative_high,scale,t,p_difference,p_equivalence,margin,p,"
								 "verdict,detectable,stream");
	int status = write_rows(job, err);
	struct error later;
	int means = whole_csv_end(&job->means, status ? NULL : path_join(folder, "compare.csv"), status ? &later : err);
	int pairs = whole_csv_end(&job->pairs, status || means ? NULL : path_join(folder, "pairs.csv"),
							  status || means ? &later : err);
	return status || means || pairs ? -1 : 0;
}

/* ---- the table of means ---------------------------------------------------------------------------------- */

static const char *note_of(const struct study_series *series)
{
	return compare_diverged(series) ? "d" : "";
}

/* Numbers without scatter, such as FLOPs, have no interval to show. */
static void put_mean(struct table *table, const struct compare_metric *metric, const struct estimate *e)
{
	char count[TEXT_NUMBER];
	if (metric->decimals == 0 && !isnan(e->mean))
		table_cell(table, "%s", text_of_count(e->mean, count));
	else
		table_interval(table, e->mean, e->sd > 0 ? (e->high - e->low) / 2 : NAN, metric->decimals);
}

/* "76% (70 to 81%)" */
static void put_gap(struct table *table, const struct ratio *gap)
{
	if (isnan(gap->value))
		table_cell(table, "-");
	else if (isnan(gap->low))
		table_cell(table, "%.0f%%", 100 * gap->value);
	else
		table_cell(table, "%.0f%% (%.0f to %.0f%%)", 100 * gap->value, 100 * gap->low, 100 * gap->high);
}

static const char *experts_per_token(const struct study_series *series)
{
	return run_folder_setting(series->run[0], "top-k");
}

/* The experts per token of all series whose metric is known; NULL when they differ. */
static const char *common_k(const struct comparison *of)
{
	const char *common = "";
	for (size_t s = 0; s < of->study->n; s++) {
		const char *k = experts_per_token(&of->study->series[s]);
		if (of->mean[s].n == 0)
			continue;
		if (*common && strcmp(common, k) != 0)
			return NULL;
		common = k;
	}
	return common;
}

/* What means something else with another k stands beside its k. */
static const char *heading(const struct comparison *of)
{
	const char *k = of->metric->of_k ? common_k(of) : "";
	if (strcmp(of->metric->name, "flops_per_token") == 0)
		return "FLOPs/token";
	return text_keep_f("%s%s +- 95%%", of->metric->name, k && *k ? text_keep_f(" (k=%s)", k) : "");
}

struct columns {
	size_t n;
	struct comparison of[METRICS];
};

static void put_row(struct table *table, const struct compare_contest *contest, const struct columns *shown, size_t s)
{
	const struct study_series *series = &contest->series.study.series[s];
	table_cell(table, "%s", series->label);
	table_cell(table, "%zu", series->n - compare_diverged(series));
	for (size_t i = 0; i < shown->n; i++) {
		put_mean(table, shown->of[i].metric, &shown->of[i].mean[s]);
		if (i == 0)
			put_gap(table, &contest->gap.share[s]);
		if (shown->of[i].metric->of_k && !common_k(&shown->of[i]))
			table_cell(table, "k=%s", experts_per_token(series));
	}
	table_cell(table, "%s", study_sees_future(series) ? "no" : "yes");
	table_cell(table, "%s", contest->best[s] ? "*" : "");
	table_cell(table, "%s", note_of(series));
}

static void print_means(const struct compare_contest *contest, const struct columns *shown)
{
	const char *header[2 * METRICS + 8] = { "<strategy", "n" };
	size_t n = 2;
	struct table table;
	for (size_t i = 0; i < shown->n; i++) {
		header[n++] = heading(&shown->of[i]);
		if (i == 0)
			header[n++] = "gap closed";
		if (shown->of[i].metric->of_k && !common_k(&shown->of[i]))
			header[n++] = "at";
	}
	header[n++] = "<causal";
	header[n++] = "Pareto";
	header[n] = "<note";
	table_begin(&table, header);
	for (size_t s = 0; s < contest->series.study.n; s++)
		put_row(&table, contest, shown, s);
	table_end(&table, stdout);
}

/* The judged metrics, and the domain information. */
static int choose_columns(struct job *job, const struct compare_contest *contest, struct columns *shown,
						  struct error *err)
{
	shown->n = 0;
	for (size_t m = 0; m < job->page.metrics; m++)
		shown->of[shown->n++] = contest->metric[m];
	if (job->request.metrics > 0)
		return 0;
	return compare_means(&contest->series.study, COMPARE_END, compare_metric("domain_mi"), &job->page.arena,
						 &shown->of[shown->n++], err);
}

/* ---- the table of contrasts ------------------------------------------------------------------------------ */

/* "38% less (35 to 41%)", "12% more (3 to 22%)", "4% less (12% less to 5% more)" */
static const char *relative_words(double value, double low, double high)
{
	const char *word = value < 0 ? "less" : "more";
	double ends[] = { fabs(value < 0 ? high : low), fabs(value < 0 ? low : high) };
	if (isnan(low))
		return text_keep_f("%.0f%% %s", 100 * fabs(value), word);
	if (low * high > 0)
		return text_keep_f("%.0f%% %s (%.0f to %.0f%%)", 100 * fabs(value), word, 100 * ends[0], 100 * ends[1]);
	return text_keep_f("%.0f%% %s (%.0f%% less to %.0f%% more)", 100 * fabs(value), word, 100 * fabs(low),
					   100 * fabs(high));
}

static void put_interval(struct table *table, const struct comparison *of, const struct compare_pair *pair)
{
	int decimals = of->metric->decimals;
	if (pair->exact)
		table_cell(table, "no scatter");
	else if (!isnan(pair->relative))
		table_cell(table, "%s", relative_words(pair->relative, pair->relative_low, pair->relative_high));
	else if (isnan(pair->low))
		table_cell(table, "-");
	else
		table_cell(table, "%+.*f to %+.*f", decimals, pair->low, decimals, pair->high);
}

static void put_pair(struct table *table, const struct comparison *of, const struct compare_pair *pair, bool first)
{
	const struct study *study = of->study;
	table_cell(table, "%s", first ? study->series[pair->a].label : "");
	table_cell(table, "%s", first ? study->series[pair->b].label : "");
	table_cell(table, "%s", of->metric->name);
	table_cell(table, "%zu", pair->difference.n);
	if (isnan(pair->difference.mean))
		table_cell(table, "-");
	else
		table_cell(table, "%+.*f", of->metric->decimals, pair->difference.mean);
	put_interval(table, of, pair);
	table_number(table, pair->test.p, 4);
	table_cell(table, "%s", compare_verdict(of->metric, pair->test.verdict));
}

/* Causality is a fact of the routing rule: nothing to test. */
static void put_causality(struct table *table, const struct study *study, const struct compare_pair *pair)
{
	bool a = study_sees_future(&study->series[pair->a]), b = study_sees_future(&study->series[pair->b]);
	if (a == b)
		return;
	static const char *const empty[] = { "", "", "causal", "", "", "", "-" };
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		table_cell(table, "%s", empty[i]);
	table_cell(table, "%s", a ? "not causal" : "causal");
}

/* A table of all pairs is read while it is short; else it shows those of the series with the lowest mean. */
enum { CONTRASTS_SHOWN = 45 };

static size_t leader_of(const struct comparison *of)
{
	size_t leader = of->study->n;
	for (size_t s = 0; s < of->study->n; s++)
		if (!isnan(of->mean[s].mean) && (leader == of->study->n || of->mean[s].mean < of->mean[leader].mean))
			leader = s;
	return leader;
}

/* The pair of these two in a metric, or NULL: it may not be comparable in that one. */
static const struct compare_pair *same_pair(const struct comparison *of, const struct compare_pair *pair)
{
	for (size_t i = 0; i < of->pairs; i++)
		if (of->pair[i].a == pair->a && of->pair[i].b == pair->b)
			return &of->pair[i];
	return NULL;
}

static void put_contrast(struct table *table, const struct compare_page *page, const struct compare_contest *contest,
						 const struct compare_pair *pair)
{
	bool first = true;
	for (size_t m = 0; m < page->metrics; m++) {
		const struct compare_pair *found = same_pair(&contest->metric[m], pair);
		if (!found || (found->difference.n == 0 && m > 0))
			continue;
		put_pair(table, &contest->metric[m], found, first);
		first = false;
	}
	put_causality(table, &contest->series.study, pair);
}

static void print_contrasts(const struct compare_page *page, const struct compare_contest *contest)
{
	static const char *const header[] = { "<a", "<against b", "<metric", "n", "a - b", "<simultaneous 96%",
										  "p",  "<a is",      NULL };
	const struct comparison *main = &contest->metric[0];
	size_t leader = main->pairs > CONTRASTS_SHOWN && contest->baseline == main->study->n ? leader_of(main) : SIZE_MAX;
	struct table table;
	table_begin(&table, header);
	for (size_t i = 0; i < main->pairs; i++)
		if (!main->pair[i].aside && (leader == SIZE_MAX || main->pair[i].a == leader || main->pair[i].b == leader))
			put_contrast(&table, page, contest, &main->pair[i]);
	table_end(&table, stdout);
	if (leader < main->study->n)
		printf("\nThese are the pairs with '%s', whose mean is the lowest; all %zu are in pairs.csv.\n",
			   main->study->series[leader].label, main->pairs);
}

/* ---- what the tables mean -------------------------------------------------------------------------------- */

static void print_power(const struct compare_contest *contest, size_t metrics)
{
	const char *missed = findings_missed(contest, metrics);
	if (*missed)
		printf("\nPower: differences below about %s\nwould more often than 1 in 5 have been missed (medians over the "
			   "pairs; more seeds see more).\n",
			   missed);
}

static void print_rules(const struct compare_page *page)
{
	const struct comparison *main = &page->contest[0].metric[0];
	char margin[TEXT_NUMBER];
	printf(
		"\nVerdicts: the %zu tests of this page are one family; the chance that any verdict is false is at most 5%%\n"
		"(Holm: 4%% for differences, 1%% for equivalence).  %s is equivalent when surely within %s%s%s.\n"
		"Intervals hold all at once; verdicts are corrected step by step and may be decided where one still holds 0.\n"
		"undecided: these seeds cannot tell.  no scatter: the same in every seed, nothing to infer.\n",
		page->tests, main->metric->name, text_of_double(main->margin, margin), *main->metric->unit ? " " : "",
		main->metric->unit);
	puts("*: no other strategy is as good in loss, MaxVio and FLOPs per token and better in one (of the means).");
}

static void print_notes(const struct study *study)
{
	bool future = false, lost = false;
	for (size_t s = 0; s < study->n; s++) {
		future |= study_sees_future(&study->series[s]);
		lost |= compare_diverged(&study->series[s]) > 0;
	}
	if (future)
		puts("not causal: looks at later tokens of the sequence; an autoregressive model cannot have its loss.");
	if (lost)
		puts("d: runs that diverged are left out; the surviving runs may be a biased sample.");
}

static void print_gap(const struct compare_contest *contest)
{
	const struct gap *gap = &contest->gap;
	const struct study *study = &contest->series.study;
	if (gap->floor < study->n && gap->ceiling < study->n)
		printf("gap closed: from %s (0%%) to %s (100%%), paired by seed, with its 95%% interval (Fieller).\n",
			   study->series[gap->floor].label, study->series[gap->ceiling].label);
}

/* ---- the command ----------------------------------------------------------------------------------------- */

static int print_contest(struct job *job, const struct compare_contest *contest, struct error *err)
{
	struct columns shown;
	TRY(choose_columns(job, contest, &shown, err));
	if (*contest->series.title)
		printf("%s\n\n", contest->series.title);
	print_means(contest, &shown);
	putchar('\n');
	print_contrasts(&job->page, contest);
	print_power(contest, job->page.metrics);
	if (*contest->series.title)
		putchar('\n');
	return 0;
}

static int print_all(struct job *job, const char *folder, struct error *err)
{
	struct findings findings;
	findings_of(&job->page, &findings);
	findings_print(&findings, stdout);
	for (size_t c = 0; c < job->page.contests; c++)
		TRY(print_contest(job, &job->page.contest[c], err));
	print_rules(&job->page);
	print_gap(&job->page.contest[0]);
	print_notes(job->study);
	printf("\nwrote %s and %s\n", path_join(folder, "compare.csv"), path_join(folder, "pairs.csv"));
	return 0;
}

/* The view at equal FLOPs is a page of its own, of the losses alone. */
static int compare_at_equal_flops(struct job *job, struct error *err)
{
	struct compare_request request = job->request;
	const struct compare_metric *loss = compare_metric("excess_loss");
	if (strcmp(job->page.metric[0]->name, "eval_loss") == 0)
		loss = job->page.metric[0];
	request.view = COMPARE_EQUAL_FLOPS;
	request.metrics = 1;
	request.metric = &loss;
	request.margin = loss == job->page.metric[0] ? request.margin : 0;
	return compare_page(job->study, &request, &job->at_equal_flops, err);
}

static int compare_all(struct job *job, const char *folder, struct error *err)
{
	TRY(compare_page(job->study, &job->request, &job->page, err));
	TRY(compare_at_equal_flops(job, err));
	TRY(folder_make(folder, err));
	TRY(write_files(job, folder, err));
	return print_all(job, folder, err);
}

static int compare_command(const void *options, int argc, char **args, struct error *err)
{
	const struct compare_options *opt = options;
	struct study study;
	struct job job = { .study = &study,
					   .request = { .margin = opt->margin,
									.against = opt->against,
									.all_pairs = opt->all_pairs,
									.asides = true,
									.scale = (enum compare_scale)opt->scale } };
	job.request.metric = job.metric;
	if (argc < 1)
		return fail(err, ERROR_USER, "compare takes folders of runs or suites (moesim compare --help)");
	if (opt->all_pairs && *opt->against) {
		fail(err, ERROR_USER, "conflicts with --against (leave out one of them)");
		return fail_at(err, "--all-pairs", 0, 0);
	}
	TRY(choose_metrics(&job, opt->metric, err));
	TRY(study_read((size_t)argc, args, &study, err));
	int status = compare_all(&job, *opt->out ? opt->out : args[0], err);
	if (study.repeats > 0)
		fprintf(stderr, "moesim: %zu runs repeat the settings and seed of another and are left out\n", study.repeats);
	compare_page_free(&job.page);
	compare_page_free(&job.at_equal_flops);
	study_free(&study);
	return status;
}

const struct command command_compare = {
	.name = "compare",
	.summary = "means, paired differences and verdicts",
	.arguments = "DIR...",
	.about =
		"Reads the runs of run folders and suites, and says first in sentences what their verdicts come to.  For every "
		"metric and strategy: n, mean, standard deviation and "
		"95% t interval over the seeds, and the share of the gap between random routing and the planted ceiling that "
		"the strategy closes.  Everything is compared with one baseline (--against; --all-pairs for every two): the "
		"paired difference over the seeds that both have, and the verdict: better, worse, equivalent, equal or "
		"undecided.  All tests of a page, over metrics, strategies and streams, are one family (Holm), so that the "
		"chance of any false verdict is at most 5%; intervals of differences are simultaneous.  Excess loss is tested "
		"on its logarithm where that scatters less, and told as x% less.  The view at equal training FLOPs is a family "
		"of its own; pairs of equal total parameters are marked as a view, too, with the same p.  Where the runs saw "
		"different streams, those of each stream are compared among themselves.",
	.opts = compare_rows,
	.opts_size = sizeof(struct compare_options),
	.files = true,
	.run = compare_command,
};
