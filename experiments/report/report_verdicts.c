/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_verdicts.c -- the report's tables: every way of routing against the baseline, and every test.
 *
 * Nothing here is ranked: rows stand in the order of the study, and a difference counts when a test says so.  A
 * comparison has one p, the same in every table.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/glossary/glossary.h"
#include "experiments/report/html.h"
#include "experiments/report/report.h"
#include "experiments/study/causality.h"
#include "experiments/study/contrast.h"
#include "experiments/study/wording.h"
#include "sim/base/text.h"

enum { ROWS_OPEN = 16 }; /* a longer table is folded */

static void write_label(const struct study *study, size_t series, FILE *to)
{
	html_text(to, causality_label(&study->series[series], study->series[series].label));
}

/* A baseline, or a router that shows a limit, by its role. */
static const char *role_word(const struct study_series *series)
{
	switch (contrast_role(series)) {
	case MOE_FLOOR:
		return "floor";
	case MOE_CEILING:
		return "ceiling";
	case MOE_ORACLE:
		return "oracle";
	default:
		return "";
	}
}

static void begin_table(const char *label, FILE *to)
{
	fprintf(to, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table>\n", label);
}

static void end_table(FILE *to)
{
	fputs("</table>\n</div>\n", to);
}

/* A word of the glossary tells its meaning to who points at it. */
static void write_word(const char *text, FILE *to)
{
	const struct term *term = glossary_find(text);
	if (!term) {
		html_text(to, text);
		return;
	}
	fputs("<abbr title=\"", to);
	html_text(to, term->meaning);
	fputs("\">", to);
	html_text(to, text);
	fputs("</abbr>", to);
}

static void write_heading(const char *text, const char *small, const char *class, FILE *to)
{
	fprintf(to, "<th scope=\"col\"%s>", *class ? text_keep_f(" class=\"%s\"", class) : "");
	write_word(text, to);
	if (*small) {
		fputs("<br><small>", to);
		html_text(to, small);
		fputs("</small>", to);
	}
	fputs("</th>", to);
}

/* "−0.0123"; the sign of a difference is always shown. */
static const char *signed_number(double value, int decimals)
{
	return text_keep_f("%s%.*f", value < 0 ? "−" : "+", decimals, fabs(value));
}

static const char *signed_percent(double value)
{
	return text_keep_f("%s%.0f%%", value < 0 ? "−" : "+", fabs(100 * value));
}

/* Colored by what a test says of it; the word itself where there is room for one. */
static void write_verdict(const struct compare_metric *metric, enum verdict verdict, const char *text, FILE *to)
{
	const char *word = compare_verdict(metric, verdict);
	fprintf(to, "<em class=\"%s\">", word);
	html_text(to, text ? text : word);
	fputs("</em>", to);
}

static const char *mean_text(const struct comparison *of, size_t series)
{
	char count[TEXT_NUMBER];
	double mean = of->mean[series].mean;
	if (isnan(mean))
		return "–";
	return of->metric->decimals == 0 ? text_keep(text_of_count(mean, count))
									 : text_keep_f("%.*f", of->metric->decimals, mean);
}

/* The mean, colored where it surely differs from the baseline's. */
static void write_mean(const struct comparison *of, size_t series, const struct compare_pair *pair, FILE *to)
{
	const struct estimate *mean = &of->mean[series];
	const char *text = mean_text(of, series);
	fputs("<td class=\"n\">", to);
	if (pair && (pair->test.verdict == VERDICT_LOWER || pair->test.verdict == VERDICT_HIGHER))
		write_verdict(of->metric, pair->test.verdict, text, to);
	else
		fputs(text, to);
	if (mean->sd > 0)
		fprintf(to, "<small> ± %.*f</small>", of->metric->decimals, (mean->high - mean->low) / 2);
	fputs("</td>", to);
}

static void write_p(double p, FILE *to)
{
	if (isnan(p))
		fputs("<td class=\"n\">–</td>", to);
	else if (p < 0.0001)
		fputs("<td class=\"n\">&lt; 0.0001</td>", to);
	else
		fprintf(to, "<td class=\"n\">%.4f</td>", p);
}

/* "−7% (−11 to −3%)", or the plain difference and its interval. */
static void write_difference(const struct comparison *of, const struct compare_pair *pair, FILE *to)
{
	int decimals = of->metric->decimals;
	fputs("<td class=\"n\">", to);
	if (!isnan(pair->relative)) {
		fputs(signed_percent(pair->relative), to);
		if (!isnan(pair->relative_low))
			fprintf(to, " <small>(%s to %s)</small>", signed_percent(pair->relative_low),
					signed_percent(pair->relative_high));
	} else if (!isnan(pair->difference.mean)) {
		fputs(signed_number(pair->difference.mean, decimals), to);
		if (!isnan(pair->low))
			fprintf(to, " <small>(%s to %s)</small>", signed_number(pair->low, decimals),
					signed_number(pair->high, decimals));
	} else {
		fputs("–", to);
	}
	fputs("</td>", to);
}

static void write_plain_difference(const struct comparison *of, const struct compare_pair *pair, FILE *to)
{
	fprintf(to, "<td class=\"n\">%s</td>",
			isnan(pair->difference.mean) ? "–" : signed_number(pair->difference.mean, of->metric->decimals));
}

static void write_share(const struct ratio *share, FILE *to)
{
	fputs("<td class=\"n\">", to);
	if (isnan(share->value))
		fputs("–", to);
	else
		fprintf(to, "%.0f%%", 100 * share->value);
	if (!isnan(share->low))
		fprintf(to, "<small> (%.0f to %.0f%%)</small>", 100 * share->low, 100 * share->high);
	fputs("</td>", to);
}

/* The pair in which the series stands against its counterpart, or NULL. */
static const struct compare_pair *pair_of(const struct compare_contest *contest, const struct comparison *of,
										  size_t series)
{
	if (contest->baseline >= of->study->n)
		return NULL;
	for (size_t i = 0; i < of->pairs; i++)
		if (of->pair[i].a == series && !of->pair[i].aside)
			return &of->pair[i];
	return NULL;
}

static bool has_gap(const struct report *report)
{
	for (size_t c = 0; c < report->page.contests; c++)
		for (size_t s = 0; s < report->page.contest[c].series.study.n; s++)
			if (!isnan(report->page.contest[c].gap.share[s].value))
				return true;
	return false;
}

static bool is_logarithmic(const struct report *report)
{
	for (size_t c = 0; c < report->page.contests; c++)
		if (report->page.contest[c].metric[0].logarithmic)
			return true;
	return false;
}

static void write_metric_heading(const struct compare_metric *metric, FILE *to)
{
	write_heading(metric->said, metric->unit, "n", to);
}

static void write_table_head(const struct report *report, const struct compare_contest *contest, FILE *to)
{
	const struct study *study = &contest->series.study;
	const struct compare_page *page = &report->page;
	fputs("<thead><tr>", to);
	write_heading("routing", "", "", to);
	write_heading("runs", "", "n", to);
	write_metric_heading(page->metric[0], to);
	if (contest->baseline < study->n) {
		write_heading(text_keep_f("against %s", study->series[contest->baseline].strategy), "", "", to);
		write_heading("difference", "simultaneous 96% interval", "n", to);
		if (is_logarithmic(report))
			write_heading("difference", page->metric[0]->unit, "n", to);
		write_heading("p", "", "n", to);
	}
	if (has_gap(report))
		write_heading("gap closed", "95% interval", "n", to);
	for (size_t m = 1; m < page->metrics; m++)
		write_metric_heading(page->metric[m], to);
	for (size_t i = 0; i < report->besides; i++)
		write_metric_heading(report->beside[i].metric, to);
	write_heading("Pareto", "", "c", to);
	fputs("</tr></thead>\n<tbody>\n", to);
}

static void write_pair_cells(const struct report *report, const struct compare_contest *contest, size_t s, FILE *to)
{
	const struct comparison *of = &contest->metric[0];
	const struct compare_pair *pair = pair_of(contest, of, s);
	const char *role = role_word(&of->study->series[s]);
	if (contest->baseline >= of->study->n)
		return;
	if (!pair) {
		fprintf(to, "<td><span class=\"or\">%s</span></td><td></td>%s<td></td>", *role ? role : "baseline",
				is_logarithmic(report) ? "<td></td>" : "");
		return;
	}
	fputs("<td>", to);
	write_verdict(of->metric, pair->test.verdict, NULL, to);
	fputs("</td>", to);
	write_difference(of, pair, to);
	if (is_logarithmic(report))
		write_plain_difference(of, pair, to);
	write_p(pair->test.p, to);
}

static void write_row(const struct report *report, const struct compare_contest *contest, size_t s, FILE *to)
{
	const struct study_series *series = &contest->series.study.series[s];
	size_t diverged = compare_diverged(series);
	fputs("<tr><th scope=\"row\">", to);
	write_label(&contest->series.study, s, to);
	fprintf(to, "</th><td class=\"n\">%zu%s</td>", series->n - diverged,
			diverged ? text_keep_f(" <small>(%zu diverged)</small>", diverged) : "");
	write_mean(&contest->metric[0], s, NULL, to);
	write_pair_cells(report, contest, s, to);
	if (has_gap(report))
		write_share(&contest->gap.share[s], to);
	for (size_t m = 1; m < report->page.metrics; m++)
		write_mean(&contest->metric[m], s, pair_of(contest, &contest->metric[m], s), to);
	for (size_t i = 0; i < report->besides; i++)
		write_mean(&report->beside[i], contest->series.from[s], NULL, to);
	fprintf(to, "<td class=\"c\">%s</td></tr>\n", contest->best[s] ? "✓" : "");
}

static void write_contest(const struct report *report, const struct compare_contest *contest, FILE *to)
{
	const char *ways = wording_count(contest->series.study.n, "way");
	bool folded = report->page.contests > 1 || contest->series.study.n > ROWS_OPEN;
	if (*contest->series.title)
		html_fold(to, text_keep_f("On %s: %s of routing", contest->series.title, ways), false);
	else if (folded)
		html_fold(to, text_keep_f("All %s of routing", ways), false);
	begin_table("Every way of routing", to);
	write_table_head(report, contest, to);
	for (size_t s = 0; s < contest->series.study.n; s++)
		write_row(report, contest, s, to);
	fputs("</tbody>\n", to);
	end_table(to);
	if (folded || *contest->series.title)
		html_fold_end(to);
}

static void write_test(const struct comparison *of, const struct compare_pair *pair, FILE *to)
{
	fputs("<tr><td>", to);
	html_text(to, of->metric->said);
	fputs("</td><th scope=\"row\">", to);
	write_label(of->study, pair->a, to);
	fputs("</th><td>", to);
	write_label(of->study, pair->b, to);
	fprintf(to, "</td><td class=\"n\">%zu</td>", pair->difference.n);
	write_plain_difference(of, pair, to);
	write_difference(of, pair, to);
	write_p(pair->test.p, to);
	fputs("<td>", to);
	write_verdict(of->metric, pair->test.verdict, NULL, to);
	fputs("</td></tr>\n", to);
}

/* The heading of rows that belong to one stream. */
static void write_stream_row(const struct contest *contest, size_t columns, FILE *to)
{
	if (!*contest->title)
		return;
	fprintf(to, "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"%zu\">", columns);
	html_text(to, contest->title);
	fputs("</th></tr>\n", to);
}

static size_t count_pairs(const struct compare_page *page)
{
	size_t n = 0;
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++)
			n += page->contest[c].metric[m].pairs;
	return n;
}

static void write_tests(const struct compare_page *page, FILE *to)
{
	static const char *const heading[][2] = { { "metric", "" }, { "routing", "" }, { "against", "" },
											  { "seeds", "n" }, { "plain", "n" },  { "difference", "n" },
											  { "p", "n" },     { "verdict", "" } };
	enum { COLUMNS = sizeof heading / sizeof *heading };
	html_fold(to, text_keep_f("All %zu comparisons", count_pairs(page)), false);
	begin_table("All comparisons", to);
	fputs("<thead><tr>", to);
	for (size_t i = 0; i < COLUMNS; i++)
		write_heading(heading[i][0], "", heading[i][1], to);
	fputs("</tr></thead>\n", to);
	for (size_t c = 0; c < page->contests; c++) {
		fputs("<tbody>\n", to);
		write_stream_row(&page->contest[c].series, COLUMNS, to);
		for (size_t m = 0; m < page->metrics; m++)
			for (size_t i = 0; i < page->contest[c].metric[m].pairs; i++)
				write_test(&page->contest[c].metric[m], &page->contest[c].metric[m].pair[i], to);
		fputs("</tbody>\n", to);
	}
	end_table(to);
	html_fold_end(to);
}

static void write_rule(const struct report *report, FILE *to)
{
	const struct comparison *of = &report->page.contest[0].metric[0];
	char margin[TEXT_NUMBER];
	const char *name = of->metric->said;
	fputs("<p class=\"rule\">", to);
	write_verdict(of->metric, VERDICT_LOWER, NULL, to);
	fputs(" or ", to);
	write_verdict(of->metric, VERDICT_HIGHER, NULL, to);
	fprintf(to, ": the %s differs; ", name);
	write_verdict(of->metric, VERDICT_EQUIVALENT, NULL, to);
	fprintf(to, ": it lies within %s %s; ", text_of_double(of->margin, margin), of->metric->unit);
	write_verdict(of->metric, VERDICT_UNDECIDED, NULL, to);
	fprintf(
		to,
		": these seeds cannot tell, which is no sign of equality.  The %zu tests on this page are one family: the "
		"probability of any false verdict among them is at most 5%% (Holm), and intervals of differences hold all at "
		"once (Bonferroni).  Differences are paired by seed, since all see the same tokens and start from the same "
		"weights.",
		report->page.tests);
	if (is_logarithmic(report))
		fprintf(to, "  Tests of the %s are on its logarithm, on which paired differences scatter less.", name);
	const char *missed = findings_missed(&report->page.contest[0], report->page.metrics);
	if (*missed)
		fprintf(
			to,
			"  Power: differences below about %s would more often than 1 in 5 have been missed; more seeds see more.",
			missed);
	fputs("</p>\n", to);
}

static void write_notes(const struct report *report, FILE *to)
{
	fputs("<p class=\"note\">Means over seeds ± half of the 95% t interval of each.  A colored number surely differs "
		  "from "
		  "the baseline's.  Dead experts get less than 1% of their fair share.  ",
		  to);
	if (has_gap(report))
		fputs("Gap closed: of the loss between floor and ceiling, the share that is gone.  ", to);
	fputs("Pareto ✓: no other is as good in loss, MaxVio and FLOPs per token and better in one of them (of the means).",
		  to);
	fputs(causality_breaks_any(&report->study) ? "  †: looks at later tokens.</p>\n" : "</p>\n", to);
}

void report_verdicts(const struct report *report, FILE *to)
{
	const struct compare_page *page = &report->page;
	bool any = count_pairs(page) > 0;
	fputs("<section id=\"verdicts\">\n<h2>Comparison</h2>\n", to);
	if (!any)
		fputs("<p>There is nothing to compare: no two ways of routing saw the same stream.</p>\n", to);
	for (size_t c = 0; c < page->contests; c++)
		write_contest(report, &page->contest[c], to);
	write_notes(report, to);
	if (any) {
		write_rule(report, to);
		write_tests(page, to);
	}
	fputs("</section>\n", to);
}
