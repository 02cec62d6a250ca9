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
#include "sim/base/files.h"
#include "sim/base/text.h"

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
	const struct study *study = &report->study;
	if (*report->question)
		return report->question;
	if (report->explores)
		return text_keep_f("%s, step by step", *report->note.name ? report->note.name : folder_name(report->folder));
	if (study->n == 1)
		return text_keep_f("%s, %s", study->series[0].label, seeds_each(study));
	return text_keep_f("%zu ways of routing compared, %s", study->n, seeds_each(study));
}

static bool has_explorer(const struct report *report)
{
	return report->explorer.runs + report->explorer.left_out > 0;
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
	if (has_explorer(report))
		explorer_style(to);
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

/* Answers first, and what to keep in mind with them. */
static void write_findings(const struct report *report, FILE *to)
{
	const struct findings *findings = &report->findings;
	if (findings->n == 0)
		return;
	fputs("<ul class=\"answer\">\n", to);
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->finding[i];
		bool aside = finding->kind == FINDING_CAUTION || finding->kind >= FINDING_FUTURE;
		fputs(aside ? "<li class=\"aside\">" : "<li>", to);
		html_text(to, finding->text);
		fputs("</li>\n", to);
	}
	fputs("</ul>\n", to);
}

static const char *describe_training(const struct report *report)
{
	char tokens[TEXT_NUMBER], flops[TEXT_NUMBER];
	const struct run_record *record = &report->record[0][0];
	const struct run_folder *run = report->study.series[0].run[0];
	double steps;
	if (!text_to_real(run_folder_setting(run, "steps"), &steps) || isnan(run->tokens_per_step))
		return "";
	const char *text = text_keep_f("; %s tokens per run", text_of_count(steps * run->tokens_per_step, tokens));
	if (isnan(record->flops_per_token))
		return text;
	return text_keep_f("%s, %sFLOP per token forward", text, text_of_count(record->flops_per_token, flops));
}

static void write_facts(const struct report *report, FILE *to)
{
	const struct study *study = &report->study;
	const char *ways = study->n == 1 ? "way of routing" : "ways of routing";
	if (report->page.contests > 1)
		ways = text_keep_f("series on %zu streams", report->page.contests);
	fputs("<p class=\"facts\">", to);
	html_format(to, "%zu run%s: %zu %s, %s%s.", count_runs(study), count_runs(study) == 1 ? "" : "s", study->n, ways,
				seeds_each(study), describe_training(report));
	fputs("</p>\n", to);
}

static void warn(FILE *to, bool *any, const char *text)
{
	fputs(*any ? "<li>" : "<ul class=\"cautions\">\n<li>", to);
	html_text(to, text);
	fputs("</li>\n", to);
	*any = true;
}

static void write_cautions(const struct report *report, FILE *to)
{
	const struct study *study = &report->study;
	size_t runs = count_runs(study), done = count_status(study, "done") + count_status(study, "diverged");
	bool any = false;
	if (done < runs)
		warn(to, &any, text_keep_f("%zu of %zu runs are not finished.", runs - done, runs));
	if (study->repeats)
		warn(
			to, &any,
			text_keep_f("Left out, as they repeat the settings and seed of another: %zu of the runs.", study->repeats));
	for (size_t i = 0; i < study->runs.omissions; i++)
		warn(to, &any, text_keep_f("%s: %s", path_last(study->runs.omission[i].path), study->runs.omission[i].reason));
	if (any)
		fputs("</ul>\n", to);
}

static void write_contents(const struct report *report, FILE *to)
{
	static const char *const part[][2] = { { "verdicts", "Comparison" },
										   { "charts", "Charts" },
										   { "explorer", "Explorer" },
										   { "setting", "Settings" },
										   { "provenance", "Provenance" } };
	fputs("<nav aria-label=\"Contents\">", to);
	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		if (has_explorer(report) || strcmp(part[i][0], "explorer") != 0)
			fprintf(to, "<a href=\"#%s\">%s</a>", part[i][0], part[i][1]);
	fputs("</nav>\n", to);
}

static void write_study(const struct report *report, FILE *to)
{
	report_lead(report, to);
	write_contents(report, to);
	report_verdicts(report, to);
	report_charts(report, to);
	if (has_explorer(report))
		explorer_write(&report->explorer, to);
	report_setting(report, to);
	report_provenance(report, to);
}

void report_write(const struct report *report, FILE *to)
{
	write_head(report, to);
	write_title(report, to);
	write_findings(report, to);
	write_facts(report, to);
	write_cautions(report, to);
	fputs("</header>\n<main>\n", to);
	if (!report->explores)
		write_study(report, to);
	else
		explorer_write(&report->explorer, to);
	fprintf(
		to,
		"</main>\n<footer>Made by moesim %s.  Everything on this page is in this file.</footer>\n</body>\n</html>\n",
		build.version);
}
