/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.c -- the page: its head, what stands at its top, and the order of its parts.
 */
#include <config.h>

#include "experiments/report/report.h"

#include <math.h>
#include <string.h>

#include "experiments/report/html.h"
#include "sim/base/build.h"
#include "sim/base/text.h"

void report_list(FILE *to, size_t n, const char *const *of)
{
	for (size_t i = 0; i < n; i++) {
		fputs(i == 0 ? "" : i + 1 < n ? ", " : " and ", to);
		html_text(to, of[i]);
	}
}

/* ---- counting ----------------------------------------------------------------------------------------------- */

static size_t count_status(const struct study *study, const char *status)
{
	size_t n = 0;
	for (size_t i = 0; i < study->n; i++)
		for (size_t j = 0; j < study->series[i].n; j++)
			n += strcmp(study->series[i].run[j]->status, status) == 0;
	return n;
}

static size_t count_runs(const struct study *study)
{
	size_t n = 0;
	for (size_t i = 0; i < study->n; i++)
		n += study->series[i].n;
	return n;
}

/* "5 seeds each", "3 to 5 seeds each" */
static const char *seeds_each(const struct study *study)
{
	size_t low = SIZE_MAX, high = 0;
	for (size_t i = 0; i < study->n; i++) {
		low = study->series[i].n < low ? study->series[i].n : low;
		high = study->series[i].n > high ? study->series[i].n : high;
	}
	if (low == high)
		return text_keep_f("%zu seed%s%s", high, high == 1 ? "" : "s", study->n > 1 ? " each" : "");
	return text_keep_f("%zu to %zu seeds each", low, high);
}

static bool sees_future(const struct study_series *series)
{
	bool sees = false;
	for (size_t i = 0; i < series->n; i++)
		sees |= series->run[i]->sees_future;
	return sees;
}

/* ---- the head ------------------------------------------------------------------------------------------------------
 */

static const char *folder_name(const char *folder)
{
	size_t length = strlen(folder);
	while (length > 1 && folder[length - 1] == '/')
		length--;
	const char *path = text_keep_n(folder, length), *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

static const char *title_of(const struct report *report)
{
	const struct study *study = report->study;
	if (*report->question)
		return report->question;
	if (study->n == 1)
		return text_keep_f("%s, %s", study->series[0].label, seeds_each(study));
	return text_keep_f("%zu ways of routing compared, %s", study->n, seeds_each(study));
}

static void write_head(const struct report *report, FILE *to)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		  "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
		  to);
	html_text(to, title_of(report));
	fprintf(to, "</title>\n<meta name=\"generator\" content=\"moesim %s\">\n<style>\n", build.version);
	for (size_t i = 0; report_style[i]; i++)
		fputs(report_style[i], to);
	fputs(":root{\n", to);
	ink_declare(&report->ink, false, to);
	fputs("}\n@media screen and (prefers-color-scheme:dark){:root{\n", to);
	ink_declare(&report->ink, true, to);
	fputs("}}\n</style>\n</head>\n<body>\n", to);
}

static void write_title(const struct report *report, FILE *to)
{
	fputs("<header>\n<p class=\"kicker\">moesim report <span>", to);
	html_text(to, *report->note.name ? report->note.name : folder_name(report->folder));
	fputs("</span></p>\n<h1>", to);
	html_text(to, title_of(report));
	fputs("</h1>\n", to);
}

/* ---- what stands at the top --------------------------------------------------------------------------------- */

static void fact(FILE *to, const char *name, const char *number, const char *words)
{
	fprintf(to, "<li><span>%s</span> <b>", name);
	html_text(to, number);
	fputs("</b> ", to);
	html_text(to, words);
	fputs("</li>\n", to);
}

static void write_verdict_counts(const struct report *report, FILE *to)
{
	size_t count[VERDICT_HIGHER + 1] = { 0 }, pairs = 0;
	for (size_t c = 0; c < report->contests; c++) {
		const struct comparison *of = &report->contest[c].verdict;
		for (size_t i = 0; i < of->pairs; i++)
			count[of->pair[i].test.verdict]++;
		pairs += of->pairs;
	}
	if (pairs == 0)
		return;
	fact(to, "Pairs that differ", text_keep_f("%zu of %zu", count[VERDICT_LOWER] + count[VERDICT_HIGHER], pairs),
		 text_keep_f("%zu equivalent, %zu undecided", count[VERDICT_EQUIVALENT], count[VERDICT_UNDECIDED]));
}

static void write_range(const struct report *report, FILE *to)
{
	const struct comparison *of = &report->metric[0];
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < report->study->n; i++) {
		low = fmin(low, of->mean[i].mean);
		high = fmax(high, of->mean[i].mean);
	}
	if (isfinite(low))
		fact(to, "Loss at the end", low < high ? text_keep_f("%.3f to %.3f", low, high) : text_keep_f("%.3f", low),
			 text_keep_f("%s, in %s", report_spoken(of->metric), of->metric->unit));
}

static void write_tokens(const struct report *report, FILE *to)
{
	char tokens[TEXT_NUMBER], flops[TEXT_NUMBER];
	const struct run_record *record = &report->record[0][0];
	const struct run_folder *run = report->study->series[0].run[0];
	double steps;
	if (!text_to_real(run_folder_setting(run, "steps"), &steps) || isnan(run->tokens_per_step))
		return;
	fact(to, "Training", text_of_count(steps * run->tokens_per_step, tokens),
		 isnan(record->flops_per_token)
			 ? "tokens a run"
			 : text_keep_f("tokens a run; %sFLOP a token forward", text_of_count(record->flops_per_token, flops)));
}

static void write_facts(const struct report *report, FILE *to)
{
	const struct study *study = report->study;
	fputs("<ul class=\"facts\">\n", to);
	const char *ways = study->n == 1 ? "way of routing" : "ways of routing";
	if (report->contests > 1)
		ways = text_keep_f("series on %zu streams", report->contests);
	fact(to, "Runs", text_keep_f("%zu", count_runs(study)),
		 text_keep_f("%zu %s, %s", study->n, ways, seeds_each(study)));
	write_verdict_counts(report, to);
	write_range(report, to);
	write_tokens(report, to);
	fputs("</ul>\n", to);
}

/* ---- what the reader must know first ------------------------------------------------------------------------ */

static void warn(FILE *to, bool *any, const char *text)
{
	fputs(*any ? "<li>" : "<ul class=\"cautions\">\n<li>", to);
	html_text(to, text);
	fputs("</li>\n", to);
	*any = true;
}

static const char *damaged_runs(const struct report *report)
{
	size_t n = 0;
	const char *first = "";
	for (size_t i = 0; i < report->study->n; i++)
		for (size_t j = 0; j < report->study->series[i].n; j++) {
			const struct record_file *file = run_record_damage(&report->record[i][j]);
			if (file && n++ == 0)
				first = text_keep_f("%s of %s", file->name, report->study->series[i].run[j]->name);
		}
	return n ? text_keep_f("Files of %zu run%s are not what their manifests say, first %s.", n, n == 1 ? "" : "s",
						   first)
			 : NULL;
}

static void warn_of_seers(const struct study *study, FILE *to, bool *any)
{
	const char *names = "";
	for (size_t i = 0; i < study->n; i++)
		if (sees_future(&study->series[i]))
			names = text_keep_f("%s%s%s", names, *names ? ", " : "", study->series[i].label);
	if (*names)
		warn(to, any,
			 text_keep_f(
				 "Marked † (%s): the choice of experts looks at later tokens of the sequence, so this loss is not "
				 "that of a language model that writes.",
				 names));
}

static void write_cautions(const struct report *report, FILE *to)
{
	const struct study *study = report->study;
	size_t runs = count_runs(study), diverged = count_status(study, "diverged");
	size_t done = count_status(study, "done") + diverged;
	bool any = false;
	if (runs == study->n)
		warn(to, &any, "One seed each: nothing here tells a difference from chance.");
	if (diverged)
		warn(to, &any,
			 text_keep_f("%zu of %zu runs diverged and are left out of all means; the others may have been the "
						 "lucky ones.",
						 diverged, runs));
	if (done < runs)
		warn(to, &any, text_keep_f("%zu of %zu runs are not finished.", runs - done, runs));
	warn_of_seers(study, to, &any);
	if (study->repeats)
		warn(to, &any,
			 text_keep_f("%zu runs repeat the settings and seed of another and are left out.", study->repeats));
	const char *damaged = damaged_runs(report);
	if (damaged)
		warn(to, &any, damaged);
	if (any)
		fputs("</ul>\n", to);
}

static void write_contents(const struct report *report, FILE *to)
{
	static const char *const part[][2] = {
		{ "verdicts", "Verdicts" }, { "charts", "Charts" }, { "setting", "Setting" }, { "provenance", "Provenance" }
	};
	fputs("<nav aria-label=\"Contents\">", to);
	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		fprintf(to, "<a href=\"#%s\">%s</a>", part[i][0], part[i][1]);
	for (size_t i = 0; i < report->charts; i++)
		if (report->chart[i].svg)
			fprintf(to, "<a class=\"minor\" href=\"#chart-%s\">%s</a>", report->chart[i].chart->name,
					report->chart[i].chart->name);
	fputs("</nav>\n</header>\n<main>\n", to);
}

void report_write(const struct report *report, FILE *to)
{
	write_head(report, to);
	write_title(report, to);
	write_facts(report, to);
	write_cautions(report, to);
	write_contents(report, to);
	report_verdicts(report, to);
	report_charts(report, to);
	report_setting(report, to);
	report_provenance(report, to);
	fprintf(
		to,
		"</main>\n<footer>Made by moesim %s.  Everything on this page is in this file.</footer>\n</body>\n</html>\n",
		build.version);
}
