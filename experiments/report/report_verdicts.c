/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_verdicts.c -- the report's part on what the runs allow to say, in words first.
 *
 * Nothing here is ranked: rows stand in the order of the study, and a difference counts when a test says so.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/report/html.h"
#include "experiments/report/report.h"
#include "sim/base/text.h"

static void write_label(const struct study *study, size_t series, FILE *to)
{
	html_text(to, study->series[series].label);
	fputs(study_sees_future(&study->series[series]) ? " †" : "", to);
}

const char *report_spoken(const struct compare_metric *metric)
{
	static const char *const special[][2] = { { "maxvio", "MaxVio" },
											  { "domain_mi", "domain MI" },
											  { "flops_per_token", "FLOPs per token" } };
	char words[64];
	size_t n = 0;
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (strcmp(special[i][0], metric->name) == 0)
			return special[i][1];
	for (; metric->name[n] && n + 1 < sizeof words; n++)
		words[n] = metric->name[n] == '_' ? ' ' : metric->name[n];
	return text_keep_n(words, n);
}

/* ---- in words ------------------------------------------------------------------------------------------------------
 */

/* The verdict on series `a` against `b`, whichever way round the pair was tested; false when it was not. */
static bool verdict_on(const struct comparison *of, size_t a, size_t b, enum verdict *verdict)
{
	for (size_t i = 0; i < of->pairs; i++) {
		const struct compare_pair *pair = &of->pair[i];
		bool same = pair->a == a && pair->b == b, turned = pair->a == b && pair->b == a;
		if (!same && !turned)
			continue;
		*verdict = pair->test.verdict;
		if (turned && pair->test.verdict == VERDICT_LOWER)
			*verdict = VERDICT_HIGHER;
		else if (turned && pair->test.verdict == VERDICT_HIGHER)
			*verdict = VERDICT_LOWER;
		return true;
	}
	return false;
}

static const char *than(enum verdict verdict)
{
	return verdict == VERDICT_EQUIVALENT || verdict == VERDICT_EQUAL ? "to"
		   : verdict == VERDICT_UNDECIDED                            ? "against"
																	 : "than";
}

/* "better than x and y"; nothing when there is nobody of this verdict. */
static bool write_group(const struct comparison *of, size_t a, enum verdict wanted, bool first, FILE *to)
{
	const char **name = calloc(of->study->n + 1, sizeof *name);
	enum verdict verdict;
	size_t n = 0;
	if (!name)
		error_no_memory("names");
	for (size_t b = 0; b < of->study->n; b++)
		if (verdict_on(of, a, b, &verdict) && verdict == wanted)
			name[n++] = of->study->series[b].label;
	if (n > 0) {
		const char *word = compare_verdict(of->metric, wanted);
		fprintf(to, "%s<em class=\"%s\">%s</em> %s ", first ? "" : "; ", word, word, than(wanted));
		report_list(to, n, name);
	}
	free(name);
	return n > 0;
}

static const enum verdict order[] = { VERDICT_LOWER, VERDICT_HIGHER, VERDICT_EQUIVALENT, VERDICT_EQUAL,
									  VERDICT_UNDECIDED };
enum { ORDERED = sizeof order / sizeof *order };

/* One sentence for every series. */
static void write_words(const struct comparison *of, FILE *to)
{
	fputs("<ul class=\"words\">\n", to);
	for (size_t a = 0; a < of->study->n; a++) {
		bool first = true;
		fputs("<li><b>", to);
		write_label(of->study, a, to);
		fputs("</b> is ", to);
		for (size_t i = 0; i < ORDERED; i++)
			first &= !write_group(of, a, order[i], first, to);
		fputs(first ? "not compared.</li>\n" : ".</li>\n", to);
	}
	fputs("</ul>\n", to);
}

/* One sentence for every verdict, where all were compared with one. */
static void write_sides(const struct comparison *of, size_t baseline, FILE *to)
{
	fputs("<ul class=\"words\">\n", to);
	for (size_t i = 0; i < ORDERED; i++) {
		const char *word = compare_verdict(of->metric, order[i]);
		size_t n = 0;
		fprintf(to, "<li><em class=\"%s\">%s</em> %s <b>", word, word, than(order[i]));
		write_label(of->study, baseline, to);
		fputs("</b>: ", to);
		for (size_t p = 0; p < of->pairs; p++)
			if (of->pair[p].test.verdict == order[i]) {
				fputs(n++ ? " · " : "", to);
				write_label(of->study, of->pair[p].a, to);
			}
		fputs(n ? "</li>\n" : "none</li>\n", to);
	}
	fputs("</ul>\n", to);
}

static void write_verdict(const struct compare_metric *metric, enum verdict verdict, FILE *to)
{
	const char *word = compare_verdict(metric, verdict);
	fprintf(to, "<em class=\"%s\">%s</em>", word, word);
}

static void write_rule(const struct report *report, FILE *to)
{
	const struct comparison *of = &report->contest[0].verdict;
	const char *where = report->contests > 1 ? " on the same stream" : "";
	size_t pairs = 0;
	char margin[TEXT_NUMBER];
	for (size_t i = 0; i < report->contests; i++)
		pairs += report->contest[i].verdict.pairs;
	fprintf(to, "<p class=\"rule\">On <b>%s</b>, over %zu pairs%s, at the 5%% level: ", report_spoken(of->metric),
			pairs, where);
	write_verdict(of->metric, VERDICT_EQUIVALENT, to);
	fprintf(to, ", surely within %s %s; otherwise ", text_of_double(of->margin, margin), of->metric->unit);
	write_verdict(of->metric, VERDICT_LOWER, to);
	fputs(" or ", to);
	write_verdict(of->metric, VERDICT_HIGHER, to);
	fputs(", surely different; ", to);
	write_verdict(of->metric, VERDICT_UNDECIDED, to);
	fputs(", these seeds cannot tell, which is no sign of equality.  Differences are paired by seed, since all see the "
		  "same tokens and start from the same weights; p values are corrected for everything that this page judges "
		  "(Holm).</p>\n",
		  to);
}

/* ---- tables ------------------------------------------------------------------------------------------------- */

static void begin_table(const char *label, FILE *to)
{
	fprintf(to, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table>\n", label);
}

static void end_table(FILE *to)
{
	fputs("</table>\n</div>\n", to);
}

/* "−0.0123"; the sign of a difference is always shown. */
static const char *signed_number(double value, int decimals)
{
	const char *digits = text_keep_f("%.*f", decimals, fabs(value));
	return text_keep_f("%s%s", value < 0 ? "−" : "+", digits);
}

static void write_mean(const struct comparison *of, size_t series, FILE *to)
{
	const struct estimate *mean = &of->mean[series];
	int decimals = of->metric->decimals;
	char count[TEXT_NUMBER];
	fputs("<td class=\"n\">", to);
	if (isnan(mean->mean))
		fputs("–", to);
	else if (decimals == 0)
		fputs(text_of_count(mean->mean, count), to);
	else
		fprintf(to, "%.*f", decimals, mean->mean);
	if (mean->sd > 0)
		fprintf(to, "<small> ± %.*f</small>", decimals, (mean->high - mean->low) / 2);
	fputs("</td>", to);
}

static void write_mean_row(const struct report *report, const struct report_contest *contest, size_t s, FILE *to)
{
	const struct study_series *series = &contest->series.study.series[s];
	size_t diverged = compare_diverged(series);
	fputs("<tr><th scope=\"row\">", to);
	write_label(&contest->series.study, s, to);
	fprintf(to, "</th><td class=\"n\">%zu%s</td>", series->n - diverged,
			diverged ? text_keep_f(" <small>(%zu diverged)</small>", diverged) : "");
	for (size_t i = 0; i < report->metrics; i++)
		write_mean(&report->metric[i], contest->series.from[s], to);
	fprintf(to, "<td class=\"c\">%s</td></tr>\n", contest->best[s] ? "✓" : "");
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

static void write_means(const struct report *report, FILE *to)
{
	fputs("<h3>How the runs ended</h3>\n", to);
	begin_table("Means over seeds", to);
	fputs("<thead><tr><th scope=\"col\">routing</th><th scope=\"col\" class=\"n\">runs</th>", to);
	for (size_t i = 0; i < report->metrics; i++)
		fprintf(to, "<th scope=\"col\" class=\"n\">%s%s</th>", report_spoken(report->metric[i].metric),
				*report->metric[i].metric->unit ? text_keep_f("<br><small>%s</small>", report->metric[i].metric->unit)
												: "");
	fputs("<th scope=\"col\" class=\"c\">Pareto</th></tr></thead>\n", to);
	for (size_t c = 0; c < report->contests; c++) {
		fputs("<tbody>\n", to);
		write_stream_row(&report->contest[c].series, report->metrics + 3, to);
		for (size_t s = 0; s < report->contest[c].series.study.n; s++)
			write_mean_row(report, &report->contest[c], s, to);
		fputs("</tbody>\n", to);
	}
	end_table(to);
	fputs("<p class=\"note\">Means over seeds ± half of the 95% t interval.  Pareto ✓: no other is as good in loss, "
		  "MaxVio "
		  "and FLOPs per token and better in one of them (of the means).</p>\n",
		  to);
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

static void write_pair(const struct comparison *of, const struct compare_pair *pair, FILE *to)
{
	const struct estimate *difference = &pair->difference;
	const char *word = compare_verdict(of->metric, pair->test.verdict);
	int decimals = of->metric->decimals;
	fputs("<tr><th scope=\"row\">", to);
	write_label(of->study, pair->a, to);
	fprintf(to, "</th><td><em class=\"%s\">%s</em> %s</td><td>", word, word, than(pair->test.verdict));
	write_label(of->study, pair->b, to);
	fprintf(to, "</td><td class=\"n\">%s</td>",
			isnan(difference->mean) ? "–" : signed_number(difference->mean, decimals));
	if (isnan(difference->low))
		fputs("<td class=\"n\">–</td>", to);
	else
		fprintf(to, "<td class=\"n\">%s to %s</td>", signed_number(difference->low, decimals),
				signed_number(difference->high, decimals));
	fprintf(to, "<td class=\"n\">%zu</td>", difference->n);
	write_p(pair->test.p, to);
	fputs("</tr>\n", to);
}

static void write_pairs(const struct report *report, FILE *to)
{
	enum { COLUMNS = 7 };
	fputs("<h3>Every pair, with its interval</h3>\n", to);
	begin_table("Paired differences", to);
	fputs("<thead><tr><th scope=\"col\">routing</th><th scope=\"col\">is</th><th scope=\"col\">the other</th>"
		  "<th scope=\"col\" class=\"n\">difference</th><th scope=\"col\" class=\"n\">95% interval</th>"
		  "<th scope=\"col\" class=\"n\">seeds</th><th scope=\"col\" class=\"n\">p</th></tr></thead>\n",
		  to);
	for (size_t c = 0; c < report->contests; c++) {
		const struct comparison *of = &report->contest[c].verdict;
		if (of->pairs == 0)
			continue;
		fputs("<tbody>\n", to);
		write_stream_row(&report->contest[c].series, COLUMNS, to);
		for (size_t i = 0; i < of->pairs; i++)
			write_pair(of, &of->pair[i], to);
		fputs("</tbody>\n", to);
	}
	end_table(to);
}

static bool write_contest(const struct report_contest *contest, FILE *to)
{
	const struct comparison *of = &contest->verdict;
	if (of->pairs == 0)
		return false;
	if (*contest->series.title) {
		fputs("<h3>On ", to);
		html_text(to, contest->series.title);
		fputs("</h3>\n", to);
	}
	if (contest->baseline < of->study->n)
		write_sides(of, contest->baseline, to);
	else
		write_words(of, to);
	return true;
}

void report_verdicts(const struct report *report, FILE *to)
{
	bool any = false;
	fputs("<section id=\"verdicts\">\n<h2>What the runs allow to say</h2>\n", to);
	for (size_t i = 0; i < report->contests; i++)
		any |= write_contest(&report->contest[i], to);
	if (any)
		write_rule(report, to);
	else
		fputs("<p>There is nothing to compare: no two ways of routing saw the same stream.</p>\n", to);
	write_means(report, to);
	if (any)
		write_pairs(report, to);
	fputs("</section>\n", to);
}
