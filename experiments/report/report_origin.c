/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_origin.c -- the report's parts on what was run: settings, builds, seeds, hashes, and how to run it again.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/host/shell.h"
#include "experiments/report/html.h"
#include "experiments/report/report.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

enum { VALUES_MOST = 24, HASH_SHOWN = 12 };

/* Different texts, in the order in which they come. */
struct values {
	size_t n; /* may be more than are kept */
	const char *value[VALUES_MOST];
};

static void add_value(struct values *values, const char *value)
{
	for (size_t i = 0; i < values->n && i < VALUES_MOST; i++)
		if (strcmp(values->value[i], value) == 0)
			return;
	if (values->n < VALUES_MOST)
		values->value[values->n] = value;
	values->n++;
}

static void write_values(const struct values *values, FILE *to)
{
	for (size_t i = 0; i < values->n && i < VALUES_MOST; i++) {
		fputs(i ? " <span class=\"or\">|</span> " : "", to);
		if (*values->value[i])
			html_text(to, values->value[i]);
		else
			fputs("<span class=\"or\">(none)</span>", to);
	}
	if (values->n > VALUES_MOST)
		fputs(" …", to);
}

/* Every record of the study, in order. */
#define FOR_EACH_RECORD(report, i, j)              \
	for (size_t i = 0; i < (report)->study.n; i++) \
		for (size_t j = 0; j < (report)->study.series[i].n; j++)

/* All that the field at this offset, a text, says. */
static struct values field_values(const struct report *report, size_t offset)
{
	struct values values = { .n = 0 };
	FOR_EACH_RECORD(report, i, j)
	{
		const char *text;
		memcpy(&text, (const char *)&report->record[i][j] + offset, sizeof(const char *));
		if (*text)
			add_value(&values, text);
	}
	return values;
}

static const struct record_setting *find_setting(const struct run_record *record, const char *name)
{
	for (size_t i = 0; i < record->settings; i++)
		if (strcmp(record->setting[i].name, name) == 0)
			return &record->setting[i];
	return NULL;
}

/* What a setting is in all runs, and whether anybody asked for it. */
static struct values setting_values(const struct report *report, const char *name, bool *asked)
{
	struct values values = { .n = 0 };
	*asked = false;
	FOR_EACH_RECORD(report, i, j)
	{
		const struct record_setting *setting = find_setting(&report->record[i][j], name);
		add_value(&values, setting ? setting->value : "");
		*asked |= setting && strcmp(setting->origin, "default") != 0;
	}
	*asked |= values.n > 1;
	return values;
}

static void write_range(const struct report *report, const char *name, size_t offset, const char *unit, FILE *to)
{
	double low = INFINITY, high = -INFINITY;
	char a[TEXT_NUMBER], b[TEXT_NUMBER];
	FOR_EACH_RECORD(report, i, j)
	{
		double value;
		memcpy(&value, (const char *)&report->record[i][j] + offset, sizeof value);
		low = fmin(low, value);
		high = fmax(high, value);
	}
	if (!isfinite(low))
		return;
	text_of_count(low, a);
	text_of_count(high, b);
	fprintf(to, "<tr><th scope=\"row\">%s</th><td>%s%s%s%s</td></tr>\n", name, a, strcmp(a, b) ? " to " : "",
			strcmp(a, b) ? b : "", unit);
}

static void write_text(const struct report *report, const char *name, size_t offset, FILE *to)
{
	struct values values = field_values(report, offset);
	if (values.n == 0)
		return;
	fprintf(to, "<tr><th scope=\"row\">%s</th><td>", name);
	write_values(&values, to);
	fputs("</td></tr>\n", to);
}

static void write_bayes(const struct report *report, FILE *to)
{
	double low = INFINITY, high = -INFINITY;
	FOR_EACH_RECORD(report, i, j)
	{
		low = fmin(low, report->record[i][j].bayes_loss);
		high = fmax(high, report->record[i][j].bayes_loss);
	}
	if (!isfinite(low))
		return;
	fprintf(to, "<tr><th scope=\"row\">Best possible loss</th><td>%.4f", low);
	if (high > low)
		fprintf(to, " to %.4f", high);
	fputs(" nats per token (exact, on the evaluated tokens of each seed)</td></tr>\n", to);
}

/* Rows of the table: what was asked for, or what was not. */
static size_t write_settings(const struct report *report, bool wanted, FILE *to)
{
	const struct run_record *first = &report->record[0][0];
	size_t n = 0;
	for (size_t i = 0; i < first->settings; i++) {
		bool asked;
		struct values values = setting_values(report, first->setting[i].name, &asked);
		if (asked != wanted)
			continue;
		fputs("<tr><th scope=\"row\"><code>", to);
		html_text(to, first->setting[i].name);
		fputs("</code></th><td>", to);
		write_values(&values, to);
		fputs("</td></tr>\n", to);
		n++;
	}
	return n;
}

static void write_folded_settings(const struct report *report, const char *summary, bool wanted, FILE *to)
{
	html_fold(to, summary, false);
	fputs("<div class=\"scroll\">\n<table class=\"settings\">\n<tbody>\n", to);
	if (write_settings(report, wanted, to) == 0)
		fputs("<tr><td>nothing</td></tr>\n", to);
	fputs("</tbody>\n</table>\n</div>\n", to);
	html_fold_end(to);
}

void report_setting(const struct report *report, FILE *to)
{
	fputs("<section id=\"setting\">\n<h2>Settings</h2>\n", to);
	html_fold(to, "Streams and sizes", report->page.contests == 1);
	fputs("<div class=\"scroll\">\n<table class=\"settings\">\n<tbody>\n", to);
	write_text(report, "Stream", offsetof(struct run_record, stream), to);
	write_bayes(report, to);
	write_range(report, "Parameters", offsetof(struct run_record, params_total), "", to);
	write_range(report, "Active for a token", offsetof(struct run_record, params_active), " parameters", to);
	write_range(report, "Forward pass", offsetof(struct run_record, flops_per_token), "FLOP per token", to);
	fputs("</tbody>\n</table>\n</div>\n", to);
	html_fold_end(to);
	write_folded_settings(report, "Settings that were chosen", true, to);
	write_folded_settings(report, "Settings at their defaults", false, to);
	fputs("</section>\n", to);
}

static void write_word(FILE *to, const char *word)
{
	struct memory_file quoted;
	memory_file_open(&quoted);
	shell_quote(quoted.to, word);
	memory_file_close(&quoted);
	putc(' ', to);
	html_text(to, quoted.text);
	free(quoted.text);
}

static void write_suite_command(const struct report *report, FILE *to)
{
	fputs("<pre tabindex=\"0\"><code>moesim suite", to);
	write_word(to, report->note.file);
	for (size_t i = 0; i < SUITE_FLAGS; i++)
		if (report->note.flag[i])
			write_word(to, report->note.flag[i]);
	write_word(to, text_keep_f("--out=%s", report->folder));
	fputs("\nmoesim report", to);
	write_word(to, report->folder);
	fputs("</code></pre>\n", to);
}

/* The seeds of a series, and the settings that somebody chose; all of its runs have the same. */
static void write_series_command(const struct study_series *series, const struct run_record *record, FILE *to)
{
	bool several = series->n > 1;
	fputs("<code>", to);
	if (several) {
		fputs("for s in", to);
		for (size_t i = 0; i < series->n; i++)
			fprintf(to, " %" PRId64, series->run[i]->seed);
		fputs("; do ", to);
	}
	fputs("moesim run", to);
	for (size_t i = 0; i < record->settings; i++)
		if (strcmp(record->setting[i].origin, "user") == 0 && strcmp(record->setting[i].name, "seed") != 0)
			write_word(to, text_keep_f("--%s=%s", record->setting[i].name, record->setting[i].value));
	if (several)
		fputs(" --seed=$s; done", to);
	else
		fprintf(to, " --seed=%" PRId64, series->run[0]->seed);
	fputs("</code>", to);
}

static void write_hash(const struct run_record *record, const char *name, FILE *to)
{
	const struct record_file *file = run_record_file(record, name);
	if (!file) {
		fputs("<td>–</td>", to);
		return;
	}
	fputs("<td><code title=\"", to);
	html_text(to, file->sha256);
	fputs("\">", to);
	html_format(to, "%.*s", HASH_SHOWN, file->sha256);
	fputs("</code></td>", to);
}

static void write_run(const struct run_folder *run, const struct run_record *record, FILE *to)
{
	fprintf(to, "<tr><td class=\"n\">%" PRId64 "</td><td>", run->seed);
	html_text(to, run->name);
	fputs("</td><td>", to);
	html_text(to, run->status);
	fputs("</td><td>", to);
	html_format(to, "%.10s", record->written);
	fputs("</td><td>", to);
	html_format(to, "%s %s", record->version, record->git);
	fputs("</td>", to);
	write_hash(record, "steps.csv", to);
	write_hash(record, "summary.csv", to);
	fputs("</tr>\n", to);
}

static void write_series(const struct report *report, size_t s, FILE *to)
{
	const struct study_series *series = &report->study.series[s];
	fputs("<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"7\">", to);
	html_text(to, series->label);
	fputs("<small><br>", to);
	html_text(to, series->run[0]->sentence);
	if (!*report->note.file) {
		fputs("<br>", to);
		write_series_command(series, &report->record[s][0], to);
	}
	fputs("</small></th></tr>\n", to);
	for (size_t j = 0; j < series->n; j++)
		write_run(series->run[j], &report->record[s][j], to);
	fputs("</tbody>\n", to);
}

void report_provenance(const struct report *report, FILE *to)
{
	size_t runs = 0;
	FOR_EACH_RECORD(report, i, j)
	runs++;
	fputs("<section id=\"provenance\">\n<h2>Provenance</h2>\n", to);
	if (*report->note.file) {
		fputs("<p>The same build gives the same numbers, to the last byte, with:</p>\n", to);
		write_suite_command(report, to);
	} else {
		fputs("<p>The same build gives the same numbers, to the last byte, with the command above each group of "
			  "runs below.</p>\n",
			  to);
	}
	html_fold(to, text_keep_f("Builds, and all %zu runs with the hashes of their files", runs), false);
	fputs("<div class=\"scroll\">\n<table class=\"settings\">\n<tbody>\n", to);
	write_text(report, "Version", offsetof(struct run_record, version), to);
	write_text(report, "Source", offsetof(struct run_record, git), to);
	write_text(report, "Compiler", offsetof(struct run_record, compiler), to);
	write_text(report, "Precision", offsetof(struct run_record, precision), to);
	write_text(report, "Matrix products", offsetof(struct run_record, cblas), to);
	write_text(report, "System", offsetof(struct run_record, system), to);
	fputs("</tbody>\n</table>\n</div>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		  "aria-label=\"Runs\">\n<table class=\"runs\">\n"
		  "<thead><tr><th scope=\"col\" class=\"n\">seed</th><th scope=\"col\">run</th><th scope=\"col\">status</th>"
		  "<th scope=\"col\">ended</th><th scope=\"col\">build</th><th scope=\"col\">steps.csv (SHA-256)</th>"
		  "<th scope=\"col\">summary.csv (SHA-256)</th></tr></thead>\n",
		  to);
	for (size_t s = 0; s < report->study.n; s++)
		write_series(report, s, to);
	fputs("</table>\n</div>\n", to);
	html_fold_end(to);
	fputs("</section>\n", to);
}
