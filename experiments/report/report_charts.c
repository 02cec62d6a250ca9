/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_charts.c -- the report's charts: drawn by `plot`, taken into the page.
 */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/host/jobs.h"
#include "experiments/report/html.h"
#include "experiments/report/report.h"
#include "experiments/report/svg_inline.h"
#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

/* How each chart is read.  One that writes on its coloured cells stays as it is on paper, or a dark screen would swap
 * the letters' colour and leave the cells'. */
static const struct {
	const char *chart, *reading;
	bool on_paper;
} readings[] = {
	{ .chart = "loss",
	  .reading = "Lower is better, and the dotted line is as low as any model can get.  Where bands overlap, look at "
				 "the paired "
				 "differences instead: seeds differ more from one another than the strategies do." },
	{ .chart = "load",
	  .reading = "A row is an expert: white has its fair share of the tokens, red more, blue less, and black is dead.  "
				 "Even colour "
				 "is balance; a black floor is capacity that was paid for and never used." },
	{ .chart = "balance",
	  .reading = "MaxVio is how far the fullest expert is above its fair share: 0 is perfect, and the gray line is "
				 "what pure chance "
				 "gives.  Below it, how many experts get almost nothing." },
	{ .chart = "tradeoff",
	  .reading =
		  "Left is better balanced, down is better predicted; nothing on the line is beaten in both.  Bars are "
		  "95% intervals of each mark alone; whether two differ is judged on paired differences, in the table." },
	{ .chart = "domains",
	  .reading = "A column is an expert, a row a domain of the data.  Dark spots are experts that serve one domain; a "
				 "flat row means "
				 "that the router does not tell the domain apart." },
	{ .chart = "cost",
	  .reading =
		  "The strong part of a bar is what a token uses, the faint part what the model has.  Compare losses only "
		  "between bars "
		  "of the same length, or know what the difference costs." },
	{ .chart = "differences",
	  .reading = "Left of zero is better than the baseline.  A bar that crosses zero decides nothing; one inside the "
				 "shade, where "
				 "there is one, makes no difference in practice." },
	{ .chart = "target",
	  .reading =
		  "How much training each needs to reach the same loss: shorter is cheaper.  Empty rows never reached it.  "
		  "Seconds compare only runs of one machine that had nothing else to do." },
	{ .chart = "specialisation",
	  .reading = "0: the expert says nothing of the domain; 1: it says everything.  More is not better by "
				 "itself: it shows what the "
				 "experts divide the work by." },
	{ .chart = "saturation",
	  .reading = "The share of the score that goes to the first choice.  Near 1 the router has made up its mind, "
				 "and a gradient can "
				 "hardly change it any more." },
	{ .chart = "drops",
	  .reading =
		  "Tokens that found their experts full and went without.  What is dropped in training costs loss twice: the "
		  "token, and what the expert would have learned from it." },
	{ .chart = "positions",
	  .reading =
		  "Who pays for full experts: where the line climbs, late tokens of a sequence go without more often.  The "
		  "capacity is shared by a batch, so that the sequences at its end may pay instead." },
	{ .chart = "sweep",
	  .reading = "Loss, balance and dead experts against each setting that was varied; bands are 95% intervals over "
				 "seeds.  Look for "
				 "flat stretches: there the setting does not matter." },
	{ .chart = "map",
	  .reading = "Each cell is a mean over seeds, darker is lower; a frame marks the lowest of all strategies in that "
				 "place.  Check "
				 "a frame against the pairs above before believing it.",
	  .on_paper = true },
	{ .chart = NULL },
};

static size_t row_of(const struct chart *chart)
{
	size_t i = 0;
	while (readings[i].chart && strcmp(readings[i].chart, chart->name) != 0)
		i++;
	return i;
}

const char *report_reading(const struct chart *chart)
{
	return readings[row_of(chart)].reading;
}

/* ---- drawing --------------------------------------------------------------------------------------------------------
 */

/* What the one job, `plot`, is told. */
struct drawing {
	const char *folder;
	size_t n;
	char **argument; /* [n] */
	int code;
};

static char **arguments_of(void *context, size_t job)
{
	const struct drawing *drawing = context;
	char **copy = calloc(drawing->n + 1, sizeof *copy);
	(void)job;
	if (!copy)
		error_no_memory("arguments");
	memcpy(copy, drawing->argument, drawing->n * sizeof *copy);
	return copy;
}

static const char *log_of(void *context, size_t job)
{
	(void)job;
	return path_join(((const struct drawing *)context)->folder, "stderr");
}

static bool on_end(void *context, size_t job, int code)
{
	(void)job;
	((struct drawing *)context)->code = code;
	return true;
}

/* Why `plot` failed: its own words without its name, and without where it left its scripts, which are gone by then. */
static const char *complaint(const struct drawing *drawing)
{
	static const char name[] = "moesim: ";
	struct error ignored;
	char *text;
	size_t size;
	if (file_read(log_of((void *)drawing, 0), 1 << 20, &text, &size, &ignored) != 0 || size == 0)
		return "gnuplot could not be run";
	text[size - (text[size - 1] == '\n')] = '\0';
	char *line = strrchr(text, '\n'); /* before it stand the runs that do not count */
	line = line ? line + 1 : text;
	char *where = strrchr(line, '(');
	if (where && where > line && strstr(where, drawing->folder))
		where[-1] = '\0';
	const char *kept = text_keep(strncmp(line, name, strlen(name)) == 0 ? line + strlen(name) : line);
	free(text);
	return kept;
}

static int plot(struct drawing *drawing, size_t folders, char *const *folder, const struct chart_choice *choice,
				struct error *err)
{
	size_t n = 0;
	char **argument = calloc(folders + 9, sizeof *argument);
	if (!argument)
		error_no_memory("arguments");
	argument[n++] = (char *)"plot";
	argument[n++] = (char *)"--format=svg";
	argument[n++] = (char *)"--lenient"; /* what is damaged has been told */
	argument[n++] = (char *)text_keep_f("--out=%s", drawing->folder);
	if (choice->margin > 0)
		argument[n++] = (char *)text_keep_f("--margin=%.17g", choice->margin);
	if (*choice->baseline)
		argument[n++] = (char *)text_keep_f("--baseline=%s", choice->baseline);
	argument[n++] = (char *)"--";
	for (size_t i = 0; i < folders; i++)
		argument[n++] = folder[i];
	drawing->n = n;
	drawing->argument = argument;
	const struct jobs jobs = {
		.n = 1, .at_a_time = 1, .context = drawing, .arguments = arguments_of, .log = log_of, .ended = on_end
	};
	int status = jobs_run(&jobs, err);
	free(argument);
	if (status > 0)
		return fail(err, ERROR_WORLD, "stopped while drawing");
	return status;
}

/* ---- taking them -------------------------------------------------------------------------------------------- */

enum { SVG_LIMIT = 64 << 20 };

/* Why a chart has nothing to show, in its own words. */
static int find_reason(const struct report *report, const struct chart_choice *choice, struct report_chart *into,
					   struct error *err)
{
	struct memory_file page[3];
	for (int i = 0; i < 3; i++)
		memory_file_open(&page[i]);
	struct chart_sheet sheet = { .study = report->study,
								 .choice = choice,
								 .data = csv_open_stream(page[0].to, into->chart->columns),
								 .prelude = page[1].to,
								 .notes = page[2].to };
	struct error ignored;
	int status = into->chart->fill(&sheet, err);
	csv_close(sheet.data, false, &ignored);
	into->missing = status == 0 && sheet.missing ? text_keep(sheet.missing) : NULL;
	arena_free(&sheet.arena);
	for (int i = 0; i < 3; i++) {
		memory_file_close(&page[i]);
		free(page[i].text);
	}
	return status;
}

static int take_picture(struct report *report, const char *path, struct report_chart *into, struct error *err)
{
	const struct svg_inline how = { .prefix = into->chart->name,
									.label = into->chart->shows,
									.coloured_areas = into->chart->of_colour,
									.on_paper = readings[row_of(into->chart)].on_paper,
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

static int take_charts(struct report *report, const struct drawing *drawing, const struct chart_choice *choice,
					   struct error *err)
{
	for (size_t i = 0; charts[i].name; i++) {
		struct report_chart *into = &report->chart[report->charts++];
		const char *path = path_join(drawing->folder, text_keep_f("%s.svg", charts[i].name));
		into->chart = &charts[i];
		if (report->other_metric && charts[i].fill == chart_fill_differences) {
			into->missing = "it would compare another metric than this page";
			continue;
		}
		if (file_exists(path))
			TRY(take_picture(report, path, into, err));
		else
			TRY(find_reason(report, choice, into, err));
	}
	return 0;
}

/* Nothing of `plot` stays but the pictures in memory. */
static void remove_folder(const char *folder)
{
	static const char *const ending[] = { "csv", "gp", "svg" };
	for (size_t i = 0; charts[i].name; i++)
		for (size_t j = 0; j < sizeof ending / sizeof *ending; j++)
			unlink(path_join(folder, text_keep_f("%s.%s", charts[i].name, ending[j])));
	for (size_t i = 0; chart_shared[i]; i++)
		unlink(path_join(folder, text_keep_f("%s.gp", chart_shared[i])));
	unlink(path_join(folder, "stderr"));
	rmdir(folder);
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

int report_draw(struct report *report, size_t folders, char *const *folder, const struct chart_choice *choice,
				struct error *err)
{
	struct drawing drawing = { .folder = make_folder(err) };
	if (!drawing.folder)
		return -1;
	int status = plot(&drawing, folders, folder, choice, err);
	if (status == 0 && drawing.code != 0)
		report->no_charts = complaint(&drawing);
	if (status == 0)
		status = take_charts(report, &drawing, choice, err);
	remove_folder(drawing.folder);
	return status;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->charts; i++)
		free(report->chart[i].svg);
	report->charts = 0;
}

/* ---- the page ----------------------------------------------------------------------------------------------- */

static void write_figure(const struct report_chart *chart, FILE *to)
{
	fprintf(to, "<figure id=\"chart-%s\">\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n",
			chart->chart->name, chart->chart->shows);
	fputs(chart->svg, to);
	fputs("</div>\n<figcaption>", to);
	html_text(to, report_reading(chart->chart) ? report_reading(chart->chart) : chart->chart->shows);
	fputs("</figcaption>\n</figure>\n", to);
}

static const struct report_chart *drawn(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->charts; i++)
		if (report->chart[i].svg && strcmp(report->chart[i].chart->name, name) == 0)
			return &report->chart[i];
	return NULL;
}

/* The one picture at the top: of a sweep its curves, of several streams the differences on each, else loss against
 * balance. */
static const struct report_chart *lead_of(const struct report *report)
{
	static const char *const of_one[] = { "sweep", "tradeoff", "differences", "loss" };
	static const char *const of_streams[] = { "differences", "sweep", "tradeoff", "loss" };
	for (size_t i = 0; i < sizeof of_one / sizeof *of_one; i++) {
		const struct report_chart *lead = drawn(report, report->page.contests > 1 ? of_streams[i] : of_one[i]);
		if (lead)
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
	static const char *const open[] = { "differences", "load" };
	enum { PIXELS = 620 };
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		if (strcmp(chart->chart->name, open[i]) == 0)
			return height_of(chart) <= PIXELS;
	return false;
}

static void write_chart(const struct report_chart *chart, FILE *to)
{
	if (!stands_open(chart)) {
		report_fold(to, text_keep_f("%c%s", toupper((unsigned char)*chart->chart->shows), chart->chart->shows + 1),
					false);
		write_figure(chart, to);
		report_fold_end(to);
		return;
	}
	write_figure(chart, to);
}

static void write_missing(const struct report *report, FILE *to)
{
	bool any = false;
	for (size_t i = 0; i < report->charts; i++) {
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
	for (size_t i = 0; i < report->charts; i++) {
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
