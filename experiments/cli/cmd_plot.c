/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_plot.c -- "moesim plot": draws the charts of runs, counts and models with gnuplot.
 *
 * Each chart becomes three things in DIR/plots: its data, a script that stands alone beside it, and the pictures.
 * Data and scripts are written first and stay when gnuplot is missing or fails.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/gnuplot.h"
#include "experiments/cli/cmd.h"
#include "experiments/host/places.h"
#include "experiments/models/list.h"
#include "experiments/study/analysis.h"
#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/trace/tally.h"

/* ---- options --------------------------------------------------------------------------------------------- */

enum format { FORMAT_BOTH, FORMAT_PNG, FORMAT_SVG, FORMAT_PDF };
static const char *const formats[] = { "png+svg", "png", "svg", "pdf", NULL };
enum terminal { TERMINAL_NONE, TERMINAL_DUMB, TERMINAL_SIXEL };
static const char *const terminals[] = { "none", "dumb", "sixel", NULL };

struct plot_opts {
	int format, term;
	const char *only, *out, *baseline;
	double margin;
	int64_t timeout;
	struct analysis_choice counts; /* how files of counts and traces are read */
};

static const struct moe_opt plot_rows[] = {
	{ .name = "format",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct plot_opts, format),
	  .choices = formats,
	  .help = "what the pictures are" },
	{ .name = "term",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct plot_opts, term),
	  .choices = terminals,
	  .help = "draw in the terminal and make no pictures" },
	{ .name = "only",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct plot_opts, only),
	  .help = "the charts to draw, with commas between them (all)" },
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct plot_opts, out),
	  .help = "the folder of the charts (plots, in the first DIR if there is one)" },
	{ .name = "baseline",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct plot_opts, baseline),
	  .help = "what paired differences are taken from (top-k, or the first)" },
	{ .name = "margin",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct plot_opts, margin),
	  .high = 1e9,
	  .unit = "nats",
	  .help = "a difference in loss below this makes no difference in practice (0: not stated)" },
	{ .name = "timeout",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct plot_opts, timeout),
	  .low = 1,
	  .high = 86400,
	  .preset = 60,
	  .unit = "s",
	  .help = "how long gnuplot may take for one picture" },
	ANALYSIS_OPTIONS(struct plot_opts, counts),
	{ .name = NULL },
};

static const char *const *chart_names(const struct chart *table)
{
	static const char *names[32];
	size_t n = 0;
	for (; table[n].name; n++)
		names[n] = table[n].name;
	names[n] = NULL;
	return names;
}

static const char *chart_list(const struct chart *table)
{
	const char *list = table[0].name;
	for (size_t i = 1; table[i].name; i++)
		list = text_keep_f("%s, %s", list, table[i].name);
	return list;
}

/* The bit of every chart of the table that is named in the list; an empty list names all. */
static int choose_charts(const struct chart *table, const char *list, unsigned *chosen, struct error *err)
{
	*chosen = *list ? 0 : ~0u;
	for (const char *from = list; *from;) {
		size_t length = strcspn(from, ",");
		const char *word = text_keep_n(from, length);
		size_t i = 0;
		while (table[i].name && strcmp(table[i].name, word) != 0)
			i++;
		if (!table[i].name) {
			const char *near = text_nearest(word, chart_names(table));
			if (near)
				fail(err, ERROR_USER, "no chart is called '%s' (did you mean '%s'?)", word, near);
			else
				fail(err, ERROR_USER, "no chart of these is called '%s' (known: %s)", word, chart_list(table));
			return fail_at(err, "--only", 0, 0);
		}
		*chosen |= 1u << i;
		from += length + (from[length] == ',');
	}
	return 0;
}

/* ---- one chart ------------------------------------------------------------------------------------------- */

struct plotting;

/* Something that has charts of its own. */
struct subject {
	const struct chart *charts;
	int (*read)(struct plotting *, int argc, char **args, struct error *err);
	void (*tell)(const struct plotting *);
};

/* What happens to all charts. */
struct plotting {
	const struct plot_opts *opt;
	const struct subject *subject;
	struct study study;
	struct analysis analysis;
	struct model_list models;
	struct chart_choice choice;
	const char *folder;
	unsigned drawn, left_out, failed;
	bool hopeless;      /* gnuplot is missing or hangs: it is not tried again */
	struct error first; /* of the charts that failed */
	FILE *notes;        /* why charts or parts of them were left out */
};

static bool is_coloured(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

/* What a chart writes of itself. */
struct pages {
	struct memory_file data, prelude, notes;
};

static int write_page(const struct plotting *p, const char *name, const char *suffix, const char *text, size_t size,
					  struct error *err)
{
	return file_replace(path_join(p->folder, text_keep_f("%s%s", name, suffix)), text, size, err);
}

/* The script: how to use it, the prelude, and the installed template as it is. */
static int write_script(const struct plotting *p, const struct chart *chart, const struct pages *pages,
						struct error *err)
{
	char *template;
	size_t template_size;
	struct memory_file page;
	TRY(file_read(path_join(place_plots(), text_keep_f("%s.gp", chart->name)), 1 << 20, &template, &template_size,
				  err));
	memory_file_open(&page);
	FILE *script = page.to;
	fprintf(script, "# %s\n# Made by moesim %s.  To draw it again, here: gnuplot %s.gp\n", chart->shows, VERSION,
			chart->name);
	fprintf(script, "# Another format (png, svg, pdf): gnuplot -e \"format='svg'\" %s.gp\n", chart->name);
	fprintf(script, "name = '%s'\ndata = '%s.csv'\n", chart->name, chart->name);
	fwrite(pages->prelude.text, 1, pages->prelude.size, script);
	putc('\n', script);
	fwrite(template, 1, template_size, script);
	memory_file_close(&page);
	int failed = write_page(p, chart->name, ".gp", page.text, page.size, err);
	free(template);
	free(page.text);
	return failed;
}

/* Nothing of an earlier call is taken for a picture of these runs. */
static void remove_old(const struct plotting *p, const struct chart *chart)
{
	static const char *const suffix[] = { ".csv", ".gp", ".png", ".svg", ".pdf" };
	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
		unlink(path_join(p->folder, text_keep_f("%s%s", chart->name, suffix[i])));
}

/* Browsers smooth small pictures that are drawn large; the cells of a heat map have edges. */
static int sharpen(const char *path, struct error *err)
{
	static const char from[] = "preserveAspectRatio='none'", to[] = " image-rendering='pixelated'";
	char *text;
	size_t size;
	struct memory_file sharp;
	TRY(file_read(path, (size_t)1 << 28, &text, &size, err));
	memory_file_open(&sharp);
	const char *at = text;
	for (const char *image; (image = strstr(at, from)) != NULL; at = image + strlen(from))
		fprintf(sharp.to, "%.*s%s", (int)(image + strlen(from) - at), at, to);
	fputs(at, sharp.to);
	memory_file_close(&sharp);
	int failed = sharp.size != size ? file_replace(path, sharp.text, sharp.size, err) : 0;
	free(text);
	free(sharp.text);
	return failed;
}

/* gnuplot does not look whether its writes succeed: on a full disk it ends well and leaves half a picture. */
static bool is_whole(const char *path, const char *format)
{
	static const char *const endings[][2] = { { "png", "IEND\xae\x42\x60\x82" },
											  { "svg", "</svg>" },
											  { "pdf", "%%EOF" } };
	char end[32];
	FILE *picture = fopen(path, "rb");
	size_t n = 0;
	if (picture && fseek(picture, -(long)sizeof end, SEEK_END) == 0)
		n = fread(end, 1, sizeof end, picture);
	if (picture)
		fclose(picture);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strcmp(endings[i][0], format) == 0)
			return memmem(end, n, endings[i][1], strlen(endings[i][1])) != NULL;
	return false;
}

/* A picture is drawn under another name, that of a file of our own making, and appears whole. */
static int draw_picture(const struct plotting *p, const struct chart *chart, const char *format, struct error *err)
{
	const char *whole = path_join(p->folder, text_keep_f("%s.%s", chart->name, format)), *path;
	TRY(file_reserve(whole, &path, err));
	const char *settings = text_keep_f("format='%s'; out='%s'", format, path_last(path));
	int failed = gnuplot_run(p->folder, text_keep_f("%s.gp", chart->name), settings, (unsigned)p->opt->timeout, err);
	if (!failed && !is_whole(path, format))
		failed = fail(err, ERROR_WORLD, "gnuplot ended without a whole picture of %s (is the disk full?)", chart->name);
	if (!failed && strcmp(format, "svg") == 0)
		failed = sharpen(path, err);
	if (!failed)
		return file_place(path, whole, err);
	unlink(path);
	return failed;
}

/* Characters of the terminal; those of an old one where it does not tell. */
static const char *terminal_commands(enum terminal terminal)
{
	struct winsize size = { .ws_col = 80, .ws_row = 24 };
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40 || size.ws_row < 12)
		size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	return text_keep_f("format='%s'; columns_wide=%d; rows_high=%d; coloured=%d", terminals[terminal], size.ws_col,
					   size.ws_row - 2, is_coloured());
}

static int draw(const struct plotting *p, const struct chart *chart, struct error *err)
{
	if (p->opt->term != TERMINAL_NONE)
		return gnuplot_run(p->folder, text_keep_f("%s.gp", chart->name), terminal_commands((enum terminal)p->opt->term),
						   (unsigned)p->opt->timeout, err);
	bool both = p->opt->format == FORMAT_BOTH;
	if (both || p->opt->format == FORMAT_PNG)
		TRY(draw_picture(p, chart, "png", err));
	if (both || p->opt->format == FORMAT_SVG)
		TRY(draw_picture(p, chart, "svg", err));
	if (p->opt->format == FORMAT_PDF)
		TRY(draw_picture(p, chart, "pdf", err));
	return 0;
}

static void tell_notes(const struct plotting *p, const struct chart *chart, const char *notes)
{
	for (const char *line = notes; *line;) {
		size_t length = strcspn(line, "\n");
		fprintf(p->notes, "  %-15s %.*s\n", chart->name, (int)length, line);
		line += length + (line[length] == '\n');
	}
}

/* Remembers why a chart could not be drawn; the others are tried all the same. */
static void note_failure(struct plotting *p, const struct error *err)
{
	if (p->failed++ == 0)
		p->first = *err;
	p->hopeless |= strstr(err->text, "was not found") || strstr(err->text, "was stopped");
}

static void draw_chart(struct plotting *p, const struct chart *chart)
{
	struct error err = { .code = ERROR_NONE };
	if (p->hopeless)
		p->failed++;
	else if (draw(p, chart, &err) != 0)
		note_failure(p, &err);
	else {
		p->drawn++;
		printf("  %-15s %s\n", chart->name, chart->shows);
	}
}

/* Writes data and script of the chart, unless it has nothing to show. */
static int write_chart(struct plotting *p, const struct chart *chart, bool *any, struct error *err)
{
	struct pages pages;
	memory_file_open(&pages.data);
	memory_file_open(&pages.prelude);
	memory_file_open(&pages.notes);
	struct chart_sheet sheet = { .study = &p->study,
								 .analysis = &p->analysis,
								 .models = &p->models,
								 .choice = &p->choice,
								 .data = csv_open_stream(pages.data.to, chart->columns),
								 .prelude = pages.prelude.to,
								 .notes = pages.notes.to };
	int failed = chart->fill(&sheet, err);
	int closed = csv_close(sheet.data, false, failed ? &(struct error){ .code = ERROR_NONE } : err);
	failed = failed ? failed : closed;
	memory_file_close(&pages.data);
	memory_file_close(&pages.prelude);
	memory_file_close(&pages.notes);
	if (!sheet.missing && chart->of_colour && p->opt->term == TERMINAL_DUMB && !is_coloured())
		sheet.missing = "a terminal without colours cannot show it";
	*any = !sheet.missing;
	if (!failed && *any)
		failed = write_page(p, chart->name, ".csv", pages.data.text, pages.data.size, err) ||
				 write_script(p, chart, &pages, err);
	if (!failed)
		tell_notes(p, chart, sheet.missing ? text_keep_f("not drawn: %s", sheet.missing) : pages.notes.text);
	arena_free(&sheet.arena);
	free(pages.data.text);
	free(pages.prelude.text);
	free(pages.notes.text);
	return failed;
}

static int plot_chart(struct plotting *p, const struct chart *chart, struct error *err)
{
	bool any;
	remove_old(p, chart);
	TRY(write_chart(p, chart, &any, err));
	if (any)
		draw_chart(p, chart);
	else
		p->left_out++;
	return 0;
}

/* ---- all charts ------------------------------------------------------------------------------------------ */

/* What the scripts load stands beside them. */
static int copy_shared(const struct plotting *p, struct error *err)
{
	for (size_t i = 0; chart_shared[i]; i++) {
		char *script;
		size_t size;
		TRY(file_read(path_join(place_plots(), text_keep_f("%s.gp", chart_shared[i])), 1 << 20, &script, &size, err));
		int failed = write_page(p, chart_shared[i], ".gp", script, size, err);
		free(script);
		TRY(failed);
	}
	return 0;
}

static int plot_all(struct plotting *p, unsigned chosen, struct error *err)
{
	const struct chart *table = p->subject->charts;
	TRY(folder_make(p->folder, err));
	TRY(copy_shared(p, err));
	p->subject->tell(p);
	for (size_t i = 0; table[i].name; i++)
		if (chosen & 1u << i)
			TRY(plot_chart(p, &table[i], err));
	return 0;
}

static int verdict(const struct plotting *p, struct error *err)
{
	if (p->failed == 0)
		return 0;
	*err = p->first;
	if (p->failed > 1)
		fail(err, ERROR_WORLD, "%s (%u charts are not drawn; data and scripts are in %s)", p->first.text, p->failed,
			 p->folder);
	else
		fail(err, ERROR_WORLD, "%s (data and script are in %s)", p->first.text, p->folder);
	return -1;
}

/* ---- what can be plotted ----------------------------------------------------------------------------------- */

static int read_runs(struct plotting *p, int argc, char **args, struct error *err)
{
	return study_read((size_t)argc, args, &p->study, err);
}

static void tell_runs(const struct plotting *p)
{
	printf("%zu run%s of %zu strateg%s; charts in %s:\n", p->study.runs.n, p->study.runs.n == 1 ? "" : "s", p->study.n,
		   p->study.n == 1 ? "y or setting" : "ies or settings", p->folder);
	for (size_t i = 0; i < p->study.repeats; i++)
		fprintf(p->notes, "  %-15s left out: the same settings and seed as another run\n", p->study.repeat[i]->name);
}

static int read_counts(struct plotting *p, int argc, char **args, struct error *err)
{
	TRY(analysis_read(argc, args, &p->opt->counts, &p->analysis, err));
	analysis_tell(&p->analysis, stderr);
	return analysis_drop_unused(&p->analysis, stderr, err);
}

static void tell_counts(const struct plotting *p)
{
	printf("%zu layer%s; charts in %s:\n", p->analysis.layers, p->analysis.layers == 1 ? "" : "s", p->folder);
}

/* Behind the word `models` stand the user's own. */
static int read_models(struct plotting *p, int argc, char **args, struct error *err)
{
	return model_list_read((size_t)argc - 1, args + 1, &p->models, err);
}

static void tell_models(const struct plotting *p)
{
	printf("%zu models; charts in %s:\n", p->models.n, p->folder);
}

static const struct subject subjects[] = {
	{ charts, read_runs, tell_runs },
	{ charts_of_counts, read_counts, tell_counts },
	{ charts_of_models, read_models, tell_models },
};

/* The first argument tells what all are. */
static const struct subject *subject_of(const char *word)
{
	if (strcmp(word, "models") == 0)
		return &subjects[2];
	const char *dot = strrchr(word, '.');
	bool table = dot && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".jsonl") == 0) && !folder_exists(word);
	return table || strcmp(word, "-") == 0 || file_exists(word) ? &subjects[1] : &subjects[0];
}

static int plot(struct plotting *p, unsigned chosen, struct error *err)
{
	struct memory_file notes;
	memory_file_open(&notes);
	p->notes = notes.to;
	int failed = plot_all(p, chosen, err);
	memory_file_close(&notes);
	if (!failed && *notes.text)
		printf("left out:\n%s", notes.text);
	free(notes.text);
	return failed ? failed : verdict(p, err);
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
	struct plotting p = { .opt = o, .choice = { .baseline = o->baseline, .margin = o->margin } };
	unsigned chosen;
	if (argc < 1)
		return fail(err, ERROR_USER,
					"plot what? (give the folder of a run or of a suite, a file of counts, or the word models)");
	p.subject = subject_of(args[0]);
	if (p.subject->read != read_counts)
		TRY(refuse_counts_flags(o, err));
	TRY(choose_charts(p.subject->charts, o->only, &chosen, err));
	TRY(p.subject->read(&p, argc, args, err));
	const char *usual = p.subject == subjects ? path_join(args[0], "plots") : "plots";
	p.folder = *o->out ? o->out : usual;
	int failed = plot(&p, chosen, err);
	study_free(&p.study);
	analysis_free(&p.analysis);
	model_list_free(&p.models);
	return failed;
}

const struct command command_plot = {
	.name = "plot",
	.summary = "draws the charts of runs, of expert counts and traces, or of models with gnuplot",
	.arguments = "DIR...|FILE...|models [MODEL...]",
	.about =
		"Each DIR is the folder of a run, or holds such folders (a suite).  Runs that differ in nothing but the seed "
		"become one line with its 95% interval.  Each FILE holds expert counts or a routing trace, as moesim analyze "
		"reads them, with the same flags; the models in all files stand side by side.  The word models draws the "
		"parameters of the built-in "
		"models, and among them each MODEL that moesim model would count: a config.json, or the folder of a run.  The "
		"charts go to --out, or else to the folder plots in the first DIR or in the working directory, each with its "
		"data (NAME.csv) and a script that draws it again (NAME.gp); a chart that has nothing to show is left out, and "
		"the reason is said.",
	.opts = plot_rows,
	.opts_size = sizeof(struct plot_opts),
	.files = true,
	.run = run_plot,
};
