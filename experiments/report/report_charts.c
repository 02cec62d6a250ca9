/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_charts.c -- the charts on the page.
 */
#include <config.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/report/html.h"
#include "experiments/report/report.h"
#include "sim/base/text.h"

static void write_figure(const struct report_chart *chart, FILE *to)
{
	fprintf(to, "<figure id=\"chart-%s\">\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n",
			chart->chart->name, chart->chart->shows);
	fputs(chart->svg, to);
	fputs("</div>\n<figcaption>", to);
	if (chart->key)
		fputs(chart->key, to);
	html_text(to, chart->chart->reading);
	fputs("</figcaption>\n</figure>\n", to);
}

/* The one picture at the top: of a sweep its curves, of several streams the differences on each, else loss against
 * balance. */
static const struct report_chart *lead_of(const struct report *report)
{
	static const int of_one[] = { CHART_sweep, CHART_tradeoff, CHART_differences, CHART_loss };
	static const int of_streams[] = { CHART_differences, CHART_sweep, CHART_tradeoff, CHART_loss };
	for (size_t i = 0; i < sizeof of_one / sizeof *of_one; i++) {
		const struct report_chart *lead = &report->chart[report->page.contests > 1 ? of_streams[i] : of_one[i]];
		if (lead->svg)
			return lead;
	}
	return NULL;
}

void report_lead(const struct report *report, FILE *to)
{
	const struct report_chart *lead = lead_of(report);
	if (lead)
		write_figure(lead, to);
}

/* The height in pixels that the picture asks for; 0 when it does not say. */
static double height_of(const struct report_chart *chart)
{
	const char *at = strstr(chart->svg, " height=\"");
	return at ? strtod(at + strlen(" height=\""), NULL) : 0;
}

/* What says most stands open as long as it is not long; everything else is one line until it is asked for. */
static bool stands_open(const struct report_chart *chart)
{
	enum { PIXELS = 620 };
	bool open = chart->chart == &charts[CHART_differences] || chart->chart == &charts[CHART_load];
	return open && height_of(chart) <= PIXELS;
}

static void write_chart(const struct report_chart *chart, FILE *to)
{
	if (!stands_open(chart)) {
		html_fold(to, text_keep_f("%c%s", toupper((unsigned char)*chart->chart->shows), chart->chart->shows + 1),
				  false);
		write_figure(chart, to);
		html_fold_end(to);
		return;
	}
	write_figure(chart, to);
}

static void write_missing(const struct report *report, FILE *to)
{
	bool any = false;
	for (size_t i = 0; i < CHARTS; i++) {
		const struct report_chart *chart = &report->chart[i];
		if (chart->svg || !chart->missing)
			continue;
		fputs(any ? "<li>" : "<details>\n<summary>Not drawn</summary>\n<ul class=\"note\">\n<li>", to);
		fprintf(to, "<b>%s</b> ", chart->chart->name);
		html_format(to, "(%s): %s", chart->chart->shows, chart->missing);
		fputs("</li>\n", to);
		any = true;
	}
	if (any)
		fputs("</ul>\n</details>\n", to);
}

/* Those that stand open come first. */
static void write_charts(const struct report *report, bool open, FILE *to)
{
	const struct report_chart *lead = lead_of(report);
	for (size_t i = 0; i < CHARTS; i++) {
		const struct report_chart *chart = &report->chart[i];
		if (chart->svg && chart != lead && stands_open(chart) == open)
			write_chart(chart, to);
	}
}

void report_charts(const struct report *report, FILE *to)
{
	fputs("<section id=\"charts\">\n<h2>Charts</h2>\n", to);
	if (report->no_charts) {
		fputs("<p class=\"rule\">Charts are missing here: ", to);
		html_text(to, report->no_charts);
		fputs("</p>\n", to);
	}
	write_charts(report, true, to);
	write_charts(report, false, to);
	write_missing(report, to);
	fputs("</section>\n", to);
}
