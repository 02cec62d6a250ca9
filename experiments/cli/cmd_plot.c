/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_plot.c -- "moesim plot": draws the charts of runs, counts and models with gnuplot.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "experiments/charts/draw.h"
#include "experiments/cli/cmd.h"
#include "experiments/cli/layer_spread.h"
#include "experiments/models/list.h"
#include "experiments/study/analysis.h"
#include "experiments/study/compare_options.h"
#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/options.h"
#include "sim/base/text.h"

static const char *const formats[] = { "png+svg", "png", "svg", "pdf", NULL };
static const unsigned drawn_formats[] = { DRAW_PNG | DRAW_SVG, DRAW_PNG, DRAW_SVG, DRAW_PDF };
enum terminal { TERMINAL_NONE, TERMINAL_DUMB, TERMINAL_SIXEL };
static const char *const terminals[] = { "none", "dumb", "sixel", NULL };

struct plot_opts {
	int format, term;
	const char *only, *out, *against;
	double margin;
	int64_t timeout;
	bool lenient;
	struct analysis_choice counts; /* how files of counts and traces are read */
};

static const struct moe_opt plot_rows[] = {
	{ .name = "format",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct plot_opts, format),
	  .choices = formats,
	  .help = "file format of the charts" },
	{ .name = "term",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct plot_opts, term),
	  .choices = terminals,
	  .help = "draw in the terminal and write no picture files" },
	{ .name = "only",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct plot_opts, only),
	  .unit = "NAMES",
	  .help = "draw only these charts, comma-separated (moesim list charts)" },
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct plot_opts, out),
	  .unit = "DIR",
	  .help = "folder of the charts; otherwise plots in the first DIR, or in the working directory" },
	COMPARE_AGAINST_ROW("against", offsetof(struct plot_opts, against)),
	{ .name = "baseline",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct plot_opts, against),
	  .unit = "NAME",
	  .help = "another name of --against" },
	COMPARE_MARGIN_ROW(offsetof(struct plot_opts, margin)),
	{ .name = "timeout",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct plot_opts, timeout),
	  .low = 1,
	  .high = 86400,
	  .preset = 60,
	  .unit = "s",
	  .help = "time limit of gnuplot for one chart" },
	ANALYSIS_OPTIONS(struct plot_opts, counts),
	STUDY_LENIENT_ROW(offsetof(struct plot_opts, lenient)),
	{ .name = NULL },
};

struct plotting {
	const struct plot_opts *opt;
	enum chart_subject subject;
	bool chosen[CHARTS];
	struct study study;
	struct analysis analysis;
	struct model_list models;
	struct findings findings; /* of the study */
	FILE *notes;              /* why charts or parts of them were left out */
};

static int choose_chart(struct plotting *p, const char *name, struct error *err)
{
	const char *known[CHARTS + 1], *near;
	const struct chart *chart = chart_find(p->subject, name);
	size_t n = 0;
	if (chart) {
		p->chosen[chart - charts] = true;
		return 0;
	}
	for (size_t i = 0; i < CHARTS; i++)
		if (charts[i].subject == p->subject)
			known[n++] = charts[i].name;
	known[n] = NULL;
	near = text_nearest(name, known);
	if (near)
		fail(err, ERROR_USER, "unknown chart '%s' (did you mean '%s'?)", name, near);
	else
		fail(err, ERROR_USER, "none of these charts is called '%s' (known: %s)", name, chart_names(p->subject));
	return fail_at(err, "--only", 0, 0);
}

/* An empty list names all. */
static int choose_charts(struct plotting *p, const char *list, struct error *err)
{
	for (size_t i = 0; i < CHARTS; i++)
		p->chosen[i] = !*list && charts[i].subject == p->subject;
	while (*list) {
		size_t length = strcspn(list, ",");
		TRY(choose_chart(p, text_keep_n(list, length), err));
		list += length + (list[length] == ',');
	}
	return 0;
}

/* The first argument says what all are. */
static enum chart_subject subject_of(const char *word)
{
	if (strcmp(word, "models") == 0)
		return CHART_OF_MODELS;
	const char *dot = strrchr(word, '.');
	bool table = dot && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".jsonl") == 0) && !folder_exists(word);
	return table || strcmp(word, "-") == 0 || file_exists(word) ? CHART_OF_COUNTS : CHART_OF_RUNS;
}

static int read_counts(struct plotting *p, int argc, char **args, struct error *err)
{
	TRY(analysis_read(argc, args, &p->opt->counts, &p->analysis, err));
	analysis_tell(&p->analysis, stderr);
	return analysis_drop_unused(&p->analysis, stderr, err);
}

static int read_runs(struct plotting *p, size_t folders, char **folder, struct error *err)
{
	TRY(study_read_as(folders, folder, p->opt->lenient, &p->study, err));
	run_list_tell(&p->study.runs);
	if (findings_of_study(&p->study, p->opt->against, p->opt->margin, &p->findings, err) == 0)
		return 0;
	study_free(&p->study);
	return -1;
}

static int read_subject(struct plotting *p, int argc, char **args, struct error *err)
{
	switch (p->subject) {
	case CHART_OF_RUNS:
		return read_runs(p, (size_t)argc, args, err);
	case CHART_OF_COUNTS:
		return read_counts(p, argc, args, err);
	default: /* the user's own stand after the word `models` */
		return model_list_read((size_t)argc - 1, args + 1, &p->models, err);
	}
}

static void print_subject(const struct plotting *p, const char *folder)
{
	if (p->subject == CHART_OF_RUNS)
		printf("%zu run%s of %zu strateg%s; charts in %s:\n", p->study.runs.n, p->study.runs.n == 1 ? "" : "s",
			   p->study.n, p->study.n == 1 ? "y or setting" : "ies or settings", folder);
	else if (p->subject == CHART_OF_COUNTS)
		printf("%zu layer%s; charts in %s:\n", p->analysis.layers, p->analysis.layers == 1 ? "" : "s", folder);
	else
		printf("%zu models; charts in %s:\n", p->models.n, folder);
	for (size_t i = 0; i < p->study.repeats; i++)
		fprintf(p->notes, "  %-15s left out: the same settings and seed as another run\n", p->study.repeat[i]->name);
}

static bool is_colored(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

/* Characters of the terminal; those of an old one where it does not tell. */
static const char *terminal_commands(enum terminal terminal)
{
	struct winsize size = { .ws_col = 80, .ws_row = 24 };
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40 || size.ws_row < 12)
		size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	return text_keep_f("format='%s'; columns_wide=%d; rows_high=%d; coloured=%d", terminals[terminal], size.ws_col,
					   size.ws_row - 2, is_colored());
}

static void note_lines(const struct plotting *p, const struct chart *chart, const char *notes)
{
	for (const char *line = notes; *line;) {
		size_t length = strcspn(line, "\n");
		fprintf(p->notes, "  %-15s %.*s\n", chart->name, (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static int plot_chart(struct plotting *p, struct drawing *drawing, const struct chart *chart, struct error *err)
{
	struct drawn drawn;
	TRY(draw_chart(drawing, chart, &drawn, err));
	if (drawn.ok)
		printf("  %-15s %s\n", chart->name, chart->shows);
	note_lines(p, chart, drawn.missing ? text_keep_f("not drawn: %s", drawn.missing) : drawn.notes);
	return 0;
}

static int plot_charts(struct plotting *p, struct drawing *drawing, struct error *err)
{
	TRY(draw_begin(drawing, err));
	print_subject(p, drawing->folder);
	int status = 0;
	for (size_t i = 0; i < CHARTS && status == 0; i++)
		if (p->chosen[i])
			status = plot_chart(p, drawing, &charts[i], err);
	draw_end(drawing);
	return status;
}

static int verdict(const struct drawing *drawing, struct error *err)
{
	if (drawing->failed == 0)
		return 0;
	if (drawing->failed > 1)
		return fail(err, ERROR_WORLD, "%s (%u charts are not drawn; data and scripts are in %s)", drawing->first.text,
					drawing->failed, drawing->folder);
	return fail(err, ERROR_WORLD, "%s (data and script are in %s)", drawing->first.text, drawing->folder);
}

static int plot(struct plotting *p, struct drawing *drawing, struct error *err)
{
	struct memory_file notes;
	memory_file_open(&notes);
	p->notes = notes.to;
	int failed = plot_charts(p, drawing, err);
	memory_file_close(&notes);
	if (!failed && p->opt->counts.percentiles)
		layer_spread_print(&p->analysis);
	if (!failed && *notes.text)
		printf("left out:\n%s", notes.text);
	free(notes.text);
	return failed ? failed : verdict(drawing, err);
}

/* Runs and models say themselves what the flags of counts are about. */
static int refuse_counts_flags(const struct plot_opts *opt, struct error *err)
{
	static const struct moe_opt of_counts[] = { ANALYSIS_OPTIONS(struct plot_opts, counts), { .name = NULL } };
	for (const struct moe_opt *row = of_counts; row->name; row++)
		if (!options_is_preset(row, opt)) {
			fail(err, ERROR_USER, "is for files of counts and traces, not for runs or models");
			return fail_at(err, text_keep_f("--%s", row->name), 0, 0);
		}
	return 0;
}

static int run_plot(const void *opt, int argc, char **args, struct error *err)
{
	const struct plot_opts *o = opt;
	struct plotting p = { .opt = o };
	if (argc < 1)
		return fail(err, ERROR_USER,
					"missing DIR (give the folder of a run or of a suite, a file of counts, or the word models)");
	p.subject = subject_of(args[0]);
	if (p.subject != CHART_OF_COUNTS)
		TRY(refuse_counts_flags(o, err));
	TRY(choose_charts(&p, o->only, err));
	TRY(read_subject(&p, argc, args, err));
	const char *usual = p.subject == CHART_OF_RUNS ? path_join(args[0], "plots") : "plots";
	struct drawing drawing = { .folder = *o->out ? o->out : usual,
							   .formats = drawn_formats[o->format],
							   .terminal = o->term == TERMINAL_NONE ? NULL : terminal_commands((enum terminal)o->term),
							   .colorless = o->term == TERMINAL_DUMB && !is_colored(),
							   .timeout = (unsigned)o->timeout,
							   .study = &p.study,
							   .analysis = &p.analysis,
							   .models = &p.models,
							   .findings = &p.findings,
							   .choice = { .against = o->against, .margin = o->margin } };
	int failed = plot(&p, &drawing, err);
	study_free(&p.study);
	analysis_free(&p.analysis);
	model_list_free(&p.models);
	return failed;
}

const struct command command_plot = {
	.name = "plot",
	.summary = "draw charts of runs, of expert counts and traces, or of models with gnuplot",
	.arguments = "DIR...|FILE...|models [MODEL...]",
	.about =
		"Each DIR is the folder of a run, or holds such folders (a suite).  Runs that differ only in the seed become "
		"one "
		"line with its 95% interval.  Each FILE holds expert counts or a routing trace, which are read as by moesim "
		"analyze, with the same flags; the models in all files stand side by side.  The word models draws the "
		"parameters of the built-in models, and among them each MODEL that moesim model accepts: a config.json, or the "
		"folder of a run.  The charts go to --out, or else to the folder plots in the first DIR or in the working "
		"directory, each with its data (NAME.csv) and a script that draws it again (NAME.gp).  A chart that has "
		"nothing "
		"to show is left out, with the reason.  moesim list charts lists the charts.",
	.opts = plot_rows,
	.opts_size = sizeof(struct plot_opts),
	.files = true,
	.run = run_plot,
};
