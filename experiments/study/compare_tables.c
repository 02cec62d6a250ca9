/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_tables.c -- a page of comparisons on the terminal.
 */
#include <config.h>

#include "experiments/study/compare_tables.h"

#include <math.h>
#include <string.h>

#include "experiments/host/table.h"
#include "experiments/study/causality.h"
#include "experiments/study/findings.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"

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
	if (of->metric->heading)
		return of->metric->heading;
	return text_keep_f("%s%s +- 95%%", of->metric->name, k && *k ? text_keep_f(" (k=%s)", k) : "");
}

struct columns {
	size_t n;
	struct comparison *of; /* [n] */
	bool *at_k;            /* [n] it depends on k, which differs: k stands beside it */
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
		if (shown->at_k[i])
			table_cell(table, "k=%s", experts_per_token(series));
	}
	table_cell(table, "%s", causality_breaks(series) ? "no" : "yes");
	table_cell(table, "%s", contest->best[s] ? "*" : "");
	table_cell(table, "%s", compare_diverged(series) ? "d" : "");
}

static void print_means(const struct compare_contest *contest, const struct columns *shown, struct arena *arena)
{
	const char **header = ARENA_TAKE(arena, 2 * shown->n + 8, const char *);
	size_t n = 0;
	struct table table;
	header[n++] = "<strategy";
	header[n++] = "n";
	for (size_t i = 0; i < shown->n; i++) {
		header[n++] = heading(&shown->of[i]);
		if (i == 0)
			header[n++] = "gap closed";
		if (shown->at_k[i])
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

static bool is_known(const struct comparison *of)
{
	for (size_t s = 0; s < of->study->n; s++)
		if (of->mean[s].n > 0)
			return true;
	return false;
}

/* The judged metrics; where they are the usual ones, those shown beside them as well. */
static int choose_columns(const struct compare_page *page, const struct compare_contest *contest, bool usual,
						  struct arena *arena, struct columns *shown, struct error *err)
{
	const struct study *study = &contest->series.study;
	size_t most = page->metrics + compare_metric_count();
	*shown =
		(struct columns){ .of = ARENA_TAKE(arena, most, struct comparison), .at_k = ARENA_TAKE(arena, most, bool) };
	for (size_t m = 0; m < page->metrics; m++)
		shown->of[shown->n++] = contest->metric[m];
	for (const struct compare_metric *metric = compare_metrics; usual && metric->name; metric++)
		if (metric->shown & SHOWN_BY_COMPARE) {
			TRY(compare_means(study, COMPARE_END, metric, arena, &shown->of[shown->n], err));
			shown->n += !metric->optional || is_known(&shown->of[shown->n]);
		}
	for (size_t i = 0; i < shown->n; i++)
		shown->at_k[i] = shown->of[i].metric->of_k && !common_k(&shown->of[i]);
	return 0;
}

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
	bool a = causality_breaks(&study->series[pair->a]), b = causality_breaks(&study->series[pair->b]);
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

static void put_contrast(struct table *table, const struct compare_page *page, const struct compare_contest *contest,
						 const struct compare_pair *pair)
{
	bool first = true;
	for (size_t m = 0; m < page->metrics; m++) {
		const struct compare_pair *found = compare_pair_of(&contest->metric[m], pair->a, pair->b);
		if (!found || (found->difference.n == 0 && m > 0))
			continue;
		put_pair(table, &contest->metric[m], found, first);
		first = false;
	}
	put_causality(table, &contest->series.study, pair);
}

/* A paragraph: on a terminal as wide as that is, elsewhere with its own ends of lines. */
static void tell(const char *text)
{
	size_t columns = wrap_columns_of_terminal(stdout);
	if (columns == WRAP_NEVER) {
		puts(text);
		return;
	}
	if (*text == '\n')
		putchar(*text++);
	const char *joined = "";
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		joined = text_keep_f("%s%.*s ", joined, (int)(end - text), text);
	}
	wrap_text(stdout, joined, 0, 0, columns);
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
		tell(text_keep_f("\nThese are the pairs with '%s', whose mean is the lowest; all %zu are in pairs.csv.",
						 main->study->series[leader].label, main->pairs));
}

static void print_power(const struct compare_contest *contest, size_t metrics)
{
	const char *missed = findings_missed(contest, metrics);
	if (*missed)
		tell(text_keep_f(
			"\nPower: differences below about %s\nwould more often than 1 in 5 have been missed (medians over "
			"the pairs; more seeds see more).",
			missed));
}

static void print_rules(const struct compare_page *page)
{
	const struct comparison *main = &page->contest[0].metric[0];
	char margin[TEXT_NUMBER];
	tell(text_keep_f(
		"\nVerdicts: the %zu tests of this page are one family; the chance that any verdict is false is at most 5%%\n"
		"(Holm: 4%% for differences, 1%% for equivalence).  %s is equivalent when surely within %s%s%s.\n"
		"Intervals hold all at once; verdicts are corrected step by step and may be decided where one still holds 0.",
		page->tests, main->metric->name, text_of_double(main->margin, margin), *main->metric->unit ? " " : "",
		main->metric->unit));
	tell("undecided: these seeds cannot tell.  no scatter: the same in every seed, nothing to infer.");
	tell("*: no other strategy is as good in loss, MaxVio and FLOPs per token and better in one (of the means).");
}

static void print_notes(const struct study *study)
{
	bool lost = false;
	for (size_t s = 0; s < study->n; s++)
		lost |= compare_diverged(&study->series[s]) > 0;
	if (causality_breaks_any(study))
		tell("not causal: looks at later tokens of the sequence; an autoregressive model cannot have its loss.");
	if (lost)
		tell("d: runs that diverged are left out; the surviving runs may be a biased sample.");
}

static void print_gap(const struct compare_contest *contest)
{
	const struct gap *gap = &contest->gap;
	const struct study *study = &contest->series.study;
	if (gap->floor < study->n && gap->ceiling < study->n)
		tell(text_keep_f("gap closed: from %s (0%%) to %s (100%%), paired by seed, with its 95%% interval (Fieller).",
						 study->series[gap->floor].label, study->series[gap->ceiling].label));
}

static int print_contest(const struct compare_page *page, const struct compare_contest *contest, bool usual,
						 struct error *err)
{
	struct columns shown;
	struct arena arena = { .first = NULL };
	int status = choose_columns(page, contest, usual, &arena, &shown, err);
	if (status == 0) {
		if (*contest->series.title)
			printf("%s\n\n", contest->series.title);
		print_means(contest, &shown, &arena);
		putchar('\n');
		print_contrasts(page, contest);
		print_power(contest, page->metrics);
		if (*contest->series.title)
			putchar('\n');
	}
	arena_free(&arena);
	return status;
}

int compare_tables_print(const struct compare_page *page, bool usual, struct error *err)
{
	for (size_t c = 0; c < page->contests; c++)
		TRY(print_contest(page, &page->contest[c], usual, err));
	print_rules(page);
	print_gap(&page->contest[0]);
	print_notes(page->study);
	return 0;
}
