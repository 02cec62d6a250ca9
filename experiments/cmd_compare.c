/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_compare.c -- moesim compare DIR...: what the runs allow to say of their strategies.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/cmd.h"
#include "experiments/study/compare.h"
#include "experiments/study/contest.h"
#include "experiments/table.h"
#include "experiments/whole_csv.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

struct compare_options {
	const char *metric, *against, *out;
	double margin;
};

#define AT(field) .at = offsetof(struct compare_options, field)
static const struct moe_opt compare_rows[] = {
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
	  .help = "compare with this strategy alone, instead of all pairs; fewer tests, smaller corrections" },
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  AT(out),
	  .help = "folder of compare.csv and pairs.csv (default the first DIR)" },
	{ .name = NULL },
};
#undef AT

/* One contest. */
struct trial {
	const char *stream; /* "" when there is only one */
	const struct study *study;
	size_t baseline; /* a series of the study, or study->n for all pairs */
	bool *best;      /* [study->n] */
};

struct job {
	const struct study *study; /* all of it */
	struct arena *arena;
	const struct compare_metric *main;
	double margin;
	size_t contests;
	struct trial *trial; /* [contests] */
	struct whole_csv means, pairs;
};

/* ---- choosing -------------------------------------------------------------------------------------------- */

/* Does any run have a number for this metric? */
static int is_known(const struct study *study, const struct compare_metric *metric, bool *known, struct error *err)
{
	*known = false;
	for (size_t s = 0; s < study->n && !*known; s++)
		for (size_t i = 0; i < study->series[s].n && !*known; i++) {
			double value;
			TRY(run_folder_summary(study->series[s].run[i], metric->name, &value, err));
			*known = !isnan(value);
		}
	return 0;
}

static int choose_metric(const struct compare_options *opt, const struct study *study,
						 const struct compare_metric **metric, struct error *err)
{
	bool excess = true;
	const char *names[16];
	size_t n = 0;
	for (; compare_metrics[n].name; n++) {
		names[n] = compare_metrics[n].name;
		if (strcmp(names[n], opt->metric) == 0) {
			*metric = &compare_metrics[n];
			return 0;
		}
	}
	names[n] = NULL;
	if (*opt->metric) {
		const char *near = text_nearest(opt->metric, names);
		fail(err, ERROR_USER, "unknown metric '%s' (%s%s'?)", opt->metric, near ? "did you mean '" : "how about '",
			 near ? near : "maxvio");
		return fail_at(err, "--metric", 0, 0);
	}
	TRY(is_known(study, &compare_metrics[0], &excess, err));
	*metric = &compare_metrics[excess ? 0 : 1];
	return 0;
}

/* The series called so, or study->n. */
static size_t find_series(const struct study *study, const char *label)
{
	size_t s = 0;
	while (s < study->n && strcmp(study->series[s].label, label) != 0)
		s++;
	return s;
}

/* Sets every contest's baseline; a name that stands in none of them is an error. */
static int choose_baselines(struct job *job, const char *label, struct error *err)
{
	const char **names = ARENA_TAKE(job->arena, job->study->n + 1, const char *), *near;
	size_t known = 0, found = 0;
	for (size_t i = 0; i < job->contests; i++) {
		struct trial *trial = &job->trial[i];
		trial->baseline = find_series(trial->study, label);
		found += trial->baseline < trial->study->n;
		for (size_t s = 0; s < trial->study->n; s++)
			names[known++] = trial->study->series[s].label;
	}
	if (!*label || found)
		return 0;
	near = text_nearest(label, names);
	fail(err, ERROR_USER, "no run of '%s' here%s%s%s", label, near ? " (did you mean '" : "", near ? near : "",
		 near ? "'?)" : "");
	return fail_at(err, "--against", 0, 0);
}

/* ---- CSV files ------------------------------------------------------------------------------------------- */

static void number_cell(struct csv_writer *to, double value)
{
	if (isnan(value))
		csv_empty(to);
	else
		csv_double(to, value);
}

static void write_means(struct csv_writer *to, const struct comparison *of, const struct trial *trial)
{
	for (size_t s = 0; s < of->study->n; s++) {
		const struct estimate *e = &of->mean[s];
		csv_text(to, compare_view_name(of->view));
		csv_text(to, of->metric->name);
		csv_text(to, of->study->series[s].label);
		csv_int(to, (int64_t)e->n);
		csv_int(to, (int64_t)compare_diverged(&of->study->series[s]));
		number_cell(to, e->mean);
		number_cell(to, e->sd);
		number_cell(to, e->low);
		number_cell(to, e->high);
		csv_int(to, trial->best[s]);
		csv_text(to, trial->stream);
		csv_row(to);
	}
}

static void write_pairs(struct csv_writer *to, const struct comparison *of, const char *stream)
{
	for (size_t i = 0; i < of->pairs; i++) {
		const struct compare_pair *pair = &of->pair[i];
		const double number[] = {
			pair->difference.mean, pair->difference.sd, pair->difference.low, pair->difference.high,   pair->t, pair->p,
			pair->p_holm,          pair->margin,        pair->p_equivalence,  pair->p_equivalence_holm
		};
		csv_text(to, compare_view_name(of->view));
		csv_text(to, of->metric->name);
		csv_text(to, of->study->series[pair->a].label);
		csv_text(to, of->study->series[pair->b].label);
		csv_int(to, (int64_t)pair->difference.n);
		for (size_t k = 0; k < sizeof number / sizeof *number; k++)
			number_cell(to, number[k]);
		csv_text(to, compare_verdict(of->metric, pair->verdict));
		csv_text(to, stream);
		csv_row(to);
	}
}

/* ---- the terminal ---------------------------------------------------------------------------------------- */

static const char *note_of(const struct study_series *series)
{
	return text_keep_f("%s%s", series->run[0]->sees_future ? "f" : "", compare_diverged(series) ? "d" : "");
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

static void print_means(const struct study *study, const struct comparison *shown, size_t n, const bool *best)
{
	const char *header[16] = { "<strategy", "n" };
	struct table table;
	for (size_t i = 0; i < n; i++)
		header[2 + i] = strcmp(shown[i].metric->name, "flops_per_token") == 0
							? "FLOPs/token"
							: text_keep_f("%s +- 95%%", shown[i].metric->name);
	header[2 + n] = "Pareto";
	header[3 + n] = "<note";
	table_begin(&table, header);
	for (size_t s = 0; s < study->n; s++) {
		table_cell(&table, "%s", study->series[s].label);
		table_cell(&table, "%zu", study->series[s].n - compare_diverged(&study->series[s]));
		for (size_t i = 0; i < n; i++)
			put_mean(&table, shown[i].metric, &shown[i].mean[s]);
		table_cell(&table, "%s", best[s] ? "*" : "");
		table_cell(&table, "%s", note_of(&study->series[s]));
	}
	table_end(&table, stdout);
}

/* A table of all pairs is read while it is short; else it shows those of the series with the lowest mean. */
enum { PAIRS_SHOWN = 45 };

static size_t leader_of(const struct comparison *of)
{
	size_t leader = of->study->n;
	for (size_t s = 0; s < of->study->n; s++)
		if (!isnan(of->mean[s].mean) && (leader == of->study->n || of->mean[s].mean < of->mean[leader].mean))
			leader = s;
	return leader;
}

static void print_pairs(const struct comparison *of)
{
	static const char *const header[] = { "<a",       "<against b",      "n",     "a - b +- 95%",
										  "p (Holm)", "p (equivalence)", "<a is", NULL };
	struct table table;
	size_t leader = of->pairs > PAIRS_SHOWN ? leader_of(of) : of->study->n;
	table_begin(&table, header);
	for (size_t i = 0; i < of->pairs; i++) {
		const struct compare_pair *pair = &of->pair[i];
		if (leader < of->study->n && pair->a != leader && pair->b != leader)
			continue;
		table_cell(&table, "%s", of->study->series[pair->a].label);
		table_cell(&table, "%s", of->study->series[pair->b].label);
		table_cell(&table, "%zu", pair->difference.n);
		table_interval(&table, pair->difference.mean, (pair->difference.high - pair->difference.low) / 2,
					   of->metric->decimals);
		table_number(&table, pair->p_holm, 4);
		table_number(&table, pair->p_equivalence_holm, 4);
		table_cell(&table, "%s", compare_verdict(of->metric, pair->verdict));
	}
	table_end(&table, stdout);
	if (leader < of->study->n)
		printf("\nThese are the pairs with '%s', whose mean is the lowest; all %zu are in pairs.csv.\n",
			   of->study->series[leader].label, of->pairs);
}

static void print_rules(const struct job *job)
{
	char margin[TEXT_NUMBER];
	printf(
		"\nVerdicts on %s at 5%%, corrected over the pairs%s: 'equivalent' when surely within %s%s%s, else better or\n"
		"worse when surely different, else undecided, which means that these seeds cannot tell.\n",
		job->main->name, job->contests > 1 ? " on the same stream" : "", text_of_double(job->margin, margin),
		*job->main->unit ? " " : "", job->main->unit);
	puts("*: no other strategy is as good in loss, MaxVio and FLOPs per token and better in one (of the means).");
}

static void print_notes(const struct study *study)
{
	bool future = false, lost = false;
	for (size_t s = 0; s < study->n; s++) {
		future |= study->series[s].run[0]->sees_future;
		lost |= compare_diverged(&study->series[s]) > 0;
	}
	if (future)
		puts("f: looks at later tokens of the sequence, so its loss is not that of a language model that writes.");
	if (lost)
		puts("d: runs that diverged are left out; the others may have been the lucky ones.");
}

/* ---- the command ----------------------------------------------------------------------------------------- */

static double margin_of(const struct job *job, const struct compare_metric *metric)
{
	return metric == job->main ? job->margin : metric->margin;
}

static bool is_loss(const struct compare_metric *metric)
{
	return metric == &compare_metrics[0] || metric == &compare_metrics[1];
}

/* All metrics at the end, the losses at equal FLOPs, and those of equal size. */
static int write_view(struct job *job, const struct trial *trial, enum compare_view view, struct error *err)
{
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++) {
		struct comparison of;
		if (view == COMPARE_EQUAL_FLOPS && !is_loss(metric))
			continue;
		TRY(compare_study(trial->study, view, metric, margin_of(job, metric), trial->baseline, &of, err));
		if (view != COMPARE_EQUAL_SIZE)
			write_means(job->means.rows, &of, trial);
		write_pairs(job->pairs.rows, &of, trial->stream);
		compare_free(&of);
	}
	return 0;
}

static int write_files(struct job *job, const char *folder, struct error *err)
{
	whole_csv_begin(&job->means, "view,metric,strategy,n,diverged,mean,sd,ci_low,ci_high,pareto,stream");
	whole_csv_begin(&job->pairs, "view,metric,a,b,n,difference,sd,ci_low,ci_high,t,p,p_holm,margin,p_equivalence,"
								 "p_equivalence_holm,verdict,stream");
	int status = 0;
	for (int view = 0; view < COMPARE_VIEWS; view++)
		for (size_t i = 0; i < job->contests && status == 0; i++)
			status = write_view(job, &job->trial[i], (enum compare_view)view, err);
	struct error later;
	int means = whole_csv_end(&job->means, status ? NULL : path_join(folder, "compare.csv"), status ? &later : err);
	int pairs = whole_csv_end(&job->pairs, status || means ? NULL : path_join(folder, "pairs.csv"),
							  status || means ? &later : err);
	return status || means || pairs ? -1 : 0;
}

static int print_trial(const struct job *job, const struct trial *trial, struct error *err)
{
	const struct compare_metric *shown[] = { job->main, &compare_metrics[2], &compare_metrics[3], &compare_metrics[5],
											 &compare_metrics[6] };
	enum { SHOWN = sizeof shown / sizeof *shown };
	struct comparison of[SHOWN];
	size_t n = 0;
	int status = 0;
	for (size_t i = 0; i < SHOWN && status == 0; i++) {
		if (i > 0 && shown[i] == job->main)
			continue;
		status =
			compare_study(trial->study, COMPARE_END, shown[i], margin_of(job, shown[i]), trial->baseline, &of[n], err);
		n += status == 0;
	}
	if (status == 0) {
		if (*trial->stream)
			printf("%s\n\n", trial->stream);
		print_means(trial->study, of, n, trial->best);
		putchar('\n');
		print_pairs(&of[0]);
		if (*trial->stream)
			putchar('\n');
	}
	while (n > 0)
		compare_free(&of[--n]);
	return status;
}

/* Only series that saw the same stream compete; each contest has its own pairs, corrections and Pareto set. */
static int open_trials(struct job *job, const char *against, struct error *err)
{
	struct contest *contest;
	job->contests = contests_split(job->study, job->arena, &contest);
	job->trial = ARENA_TAKE(job->arena, job->contests, struct trial);
	for (size_t i = 0; i < job->contests; i++) {
		struct trial *trial = &job->trial[i];
		*trial = (struct trial){ .stream = contest[i].title, .study = &contest[i].study };
		trial->best = ARENA_TAKE(job->arena, trial->study->n, bool);
		TRY(compare_pareto(trial->study, is_loss(job->main) ? job->main : &compare_metrics[0], trial->best, err));
	}
	return choose_baselines(job, against, err);
}

static int compare_all(const struct compare_options *opt, struct study *study, const char *folder, struct error *err)
{
	struct job job = { .study = study, .arena = &study->arena };
	TRY(choose_metric(opt, study, &job.main, err));
	job.margin = opt->margin > 0 ? opt->margin : job.main->margin;
	TRY(open_trials(&job, opt->against, err));
	TRY(folder_make(folder, err));
	TRY(write_files(&job, folder, err));
	for (size_t i = 0; i < job.contests; i++)
		TRY(print_trial(&job, &job.trial[i], err));
	print_rules(&job);
	print_notes(study);
	printf("\nwrote %s and %s\n", path_join(folder, "compare.csv"), path_join(folder, "pairs.csv"));
	return 0;
}

static int compare_command(const void *options, int argc, char **args, struct error *err)
{
	const struct compare_options *opt = options;
	struct study study;
	if (argc < 1)
		return fail(err, ERROR_USER, "compare takes folders of runs or suites (moesim compare --help)");
	TRY(study_read((size_t)argc, args, &study, err));
	int status = compare_all(opt, &study, *opt->out ? opt->out : args[0], err);
	if (study.repeats > 0)
		fprintf(stderr, "moesim: %zu runs repeat the settings and seed of another and are left out\n", study.repeats);
	study_free(&study);
	return status;
}

const struct command command_compare = {
	.name = "compare",
	.summary = "means, paired differences and what they allow to say",
	.arguments = "DIR...",
	.about =
		"Reads the runs of run folders and suites.  For every metric and strategy: n, mean, standard deviation and "
		"95% t interval over the seeds; for every pair of strategies the paired difference over the seeds that both "
		"have, with its interval, p value (Holm-corrected over the pairs) and a test of equivalence (two one-sided "
		"t tests), and the verdict: better, worse, equivalent or undecided.  The views at equal training FLOPs and "
		"of equal total parameters are in pairs.csv.  Where the runs saw different streams, those of each stream are "
		"compared among themselves.",
	.opts = compare_rows,
	.opts_size = sizeof(struct compare_options),
	.run = compare_command,
};
