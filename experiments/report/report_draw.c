/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_draw.c -- draws the report's charts and takes them into memory.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/draw.h"
#include "experiments/report/html.h"
#include "experiments/report/report.h"
#include "experiments/report/svg_inline.h"
#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

enum { SVG_LIMIT = 64 << 20, SECONDS = 60 };

static int take_picture(struct report *report, const char *path, struct report_chart *into, struct error *err)
{
	/* charts with text on their cells stay as on paper, or a dark screen would swap the letters' color and leave the
	 * cells' */
	const struct svg_inline how = { .prefix = into->chart->name,
									.label = into->chart->shows,
									.coloured_areas = into->chart->ink != CHART_IN_LINES,
									.on_paper = into->chart->ink == CHART_IN_CELLS,
									.ink = &report->ink };
	char *svg;
	size_t size;
	struct memory_file page;
	TRY(file_read(path, SVG_LIMIT, &svg, &size, err));
	memory_file_open(&page);
	int status = svg_inline(svg, &how, page.to, err);
	memory_file_close(&page);
	into->svg = page.text;
	free(svg);
	return status;
}

/* Series of one color are paler one by one, as tint() of plots/style.gp makes them. */
static uint32_t colour_of(const uint32_t *palette, size_t look)
{
	size_t place = look ? look - 1 : 0;
	uint32_t colour = palette[place % DRAW_COLOURS], tinted = 0;
	double pale = 0.2 * (double)(place / DRAW_COLOURS % 4);
	for (int shift = 16; shift >= 0; shift -= 8) {
		uint32_t channel = colour >> shift & 0xff;
		tinted = tinted << 8 | (channel + (uint32_t)((255 - channel) * pale));
	}
	return tinted;
}

/* The names of the lines stand at the right end of the picture, where a phone shows them last; so the caption has them,
 * too.  legend: "look<tab>label<newline>" */
static int take_key(struct report *report, const char *legend, struct report_chart *into, struct error *err)
{
	uint32_t palette[DRAW_COLOURS];
	struct memory_file page;
	TRY(draw_palette(palette, err));
	memory_file_open(&page);
	fputs("<span class=\"key\">", page.to);
	for (const char *end; *legend; legend = end + 1) {
		char *label;
		size_t look = strtoul(legend, &label, 10);
		end = label + strcspn(label, "\n");
		fputs("<span><svg width=\"10\" height=\"10\" aria-hidden=\"true\"><circle cx=\"5\" cy=\"5\" r=\"5\" fill=\"",
			  page.to);
		ink_use(&report->ink, colour_of(palette, look), page.to);
		fputs("\"/></svg> ", page.to);
		html_text(page.to, text_keep_n(label + 1, (size_t)(end - label - 1)));
		fputs("</span> ", page.to);
	}
	fputs("</span>", page.to);
	memory_file_close(&page);
	into->key = page.text;
	return 0;
}

static int take_chart(struct report *report, struct drawing *drawing, struct report_chart *into, struct error *err)
{
	struct drawn drawn;
	TRY(draw_chart(drawing, into->chart, &drawn, err));
	into->missing = drawn.missing;
	if (!drawn.ok)
		return 0;
	TRY(take_picture(report, draw_path(drawing, into->chart, DRAW_SVG), into, err));
	return drawn.legend ? take_key(report, drawn.legend, into, err) : 0;
}

static int take_charts(struct report *report, struct drawing *drawing, struct error *err)
{
	for (size_t i = 0; i < CHARTS; i++) {
		struct report_chart *into = &report->chart[i];
		into->chart = &charts[i];
		if (charts[i].subject != CHART_OF_RUNS)
			continue;
		if (i == CHART_differences && report->other_metric)
			into->missing = "it would compare another metric than this page";
		else
			TRY(take_chart(report, drawing, into, err));
	}
	return 0;
}

static const char *make_folder(struct error *err)
{
	const char *place = getenv("TMPDIR");
	char *name = strdup(path_join(place && *place ? place : "/tmp", "moesim-report-XXXXXX"));
	if (!name)
		error_no_memory("a file name");
	const char *folder = mkdtemp(name) ? text_keep(name) : NULL;
	if (!folder)
		fail(err, ERROR_WORLD, "cannot make a temporary folder like %s: %s", name, strerror(errno));
	free(name);
	return folder;
}

int report_draw(struct report *report, const struct chart_choice *choice, struct error *err)
{
	struct drawing drawing = {
		.folder = make_folder(err),
		.formats = DRAW_SVG,
		.timeout = SECONDS,
		.study = &report->study,
		.findings = &report->findings,
		.choice = *choice,
	};
	if (!drawing.folder || draw_begin(&drawing, err) != 0)
		return -1;
	int status = take_charts(report, &drawing, err);
	if (drawing.failed)
		report->no_charts = text_keep(drawing.first.text);
	draw_remove(&drawing);
	draw_end(&drawing);
	return status;
}
