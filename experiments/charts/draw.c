/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * draw.c -- draws charts in a folder.
 */
#include <config.h>

#include "experiments/charts/draw.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/charts/gnuplot.h"
#include "experiments/charts/picture.h"
#include "experiments/host/places.h"
#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

/* Scripts that those of the charts load: plots/NAME.gp. */
static const char *const shared[] = { "style", NULL };

static const struct {
	enum draw_format format;
	const char *name;
} formats[] = { { DRAW_PNG, "png" }, { DRAW_SVG, "svg" }, { DRAW_PDF, "pdf" } };
enum { FORMATS = sizeof formats / sizeof *formats };

/* What a chart writes of itself. */
struct pages {
	struct memory_file data, prelude, notes;
};

static const char *file_of(const struct drawing *drawing, const char *name, const char *suffix)
{
	return path_join(drawing->folder, text_keep_f("%s.%s", name, suffix));
}

const char *draw_path(const struct drawing *drawing, const struct chart *chart, enum draw_format format)
{
	size_t i = 0;
	while (formats[i].format != format)
		i++;
	return file_of(drawing, chart->name, formats[i].name);
}

static int read_script(const char *name, char **text, size_t *size, struct error *err)
{
	return file_read(path_join(place_plots(), text_keep_f("%s.gp", name)), 1 << 20, text, size, err);
}

int draw_palette(uint32_t colour[DRAW_COLOURS], struct error *err)
{
	static const char begin[] = "array colour_of[10] = [";
	char *script;
	size_t size, n = 0;
	TRY(read_script("style", &script, &size, err));
	const char *row = strstr(script, begin);
	char *at = row ? script + (row - script) + strlen(begin) : script + size;
	while (*at == '0' && n < DRAW_COLOURS) {
		colour[n++] = (uint32_t)strtoul(at, &at, 16);
		at += strspn(at, ", ");
	}
	free(script);
	return n == DRAW_COLOURS ? 0 : fail(err, ERROR_WORLD, "%s: no palette", path_join(place_plots(), "style.gp"));
}

/* How to use the script, the prelude, and the installed script as it is. */
static int write_script(const struct drawing *drawing, const struct chart *chart, const struct pages *pages,
						struct error *err)
{
	char *installed;
	size_t size;
	struct memory_file page;
	TRY(read_script(chart->script, &installed, &size, err));
	memory_file_open(&page);
	FILE *script = page.to;
	fprintf(script, "# %s\n# Made by moesim %s.  To draw it again, here: gnuplot %s.gp\n", chart->shows, VERSION,
			chart->name);
	fprintf(script, "# Another format (png, svg, pdf): gnuplot -e \"format='svg'\" %s.gp\n", chart->name);
	fprintf(script, "name = '%s'\ndata = '%s.csv'\n", chart->name, chart->name);
	fwrite(pages->prelude.text, 1, pages->prelude.size, script);
	putc('\n', script);
	fwrite(installed, 1, size, script);
	memory_file_close(&page);
	int failed = file_replace(file_of(drawing, chart->name, "gp"), page.text, page.size, err);
	free(installed);
	free(page.text);
	return failed;
}

/* What the scripts load stands beside them. */
static int copy_shared(const struct drawing *drawing, struct error *err)
{
	for (size_t i = 0; shared[i]; i++) {
		char *script;
		size_t size;
		TRY(read_script(shared[i], &script, &size, err));
		int failed = file_replace(file_of(drawing, shared[i], "gp"), script, size, err);
		free(script);
		TRY(failed);
	}
	return 0;
}

/* Nothing of an earlier call is taken for a picture of these runs. */
static void remove_chart(const struct drawing *drawing, const struct chart *chart)
{
	unlink(file_of(drawing, chart->name, "csv"));
	unlink(file_of(drawing, chart->name, "gp"));
	for (size_t i = 0; i < FORMATS; i++)
		unlink(file_of(drawing, chart->name, formats[i].name));
}

void draw_remove(const struct drawing *drawing)
{
	for (const struct chart *chart = charts; chart->name; chart++)
		remove_chart(drawing, chart);
	for (size_t i = 0; shared[i]; i++)
		unlink(file_of(drawing, shared[i], "gp"));
	rmdir(drawing->folder);
}

int draw_begin(struct drawing *drawing, struct error *err)
{
	gnuplot_hold_signals(&drawing->before);
	if (folder_make(drawing->folder, err) == 0 && copy_shared(drawing, err) == 0)
		return 0;
	draw_end(drawing);
	return -1;
}

void draw_end(struct drawing *drawing)
{
	sigprocmask(SIG_SETMASK, &drawing->before, NULL);
}

static enum gnuplot_end call_gnuplot(const struct drawing *drawing, const struct chart *chart, struct error *err)
{
	const char *script = text_keep_f("%s.gp", chart->name);
	enum gnuplot_end end = GNUPLOT_DREW;
	if (drawing->terminal)
		return gnuplot_run(drawing->folder, script, drawing->terminal, drawing->timeout, err);
	for (size_t i = 0; i < FORMATS && end == GNUPLOT_DREW; i++)
		if (drawing->formats & formats[i].format)
			end = picture_draw(drawing->folder, chart->name, formats[i].name, drawing->timeout, err);
	return end;
}

/* Remembers why a chart could not be drawn; the others are tried all the same. */
static bool draw(struct drawing *drawing, const struct chart *chart)
{
	struct error err = { .code = ERROR_NONE };
	enum gnuplot_end end = drawing->hopeless ? GNUPLOT_UNUSABLE : call_gnuplot(drawing, chart, &err);
	if (end == GNUPLOT_DREW)
		return true;
	drawing->hopeless = end == GNUPLOT_UNUSABLE;
	if (drawing->failed++ == 0)
		drawing->first = err;
	return false;
}

/* `finding`: what the chart shows of these runs, where a finding says so in one line. */
static void set_title(const struct drawing *drawing, const struct chart *chart, struct chart_sheet *sheet)
{
	const char *title = drawing->findings ? findings_title(drawing->findings, chart->title) : NULL;
	chart_set_text(sheet, "finding", title ? title : "");
}

static int fill(const struct drawing *drawing, const struct chart *chart, struct pages *pages, struct drawn *drawn,
				struct error *err)
{
	struct chart_sheet sheet = { .study = drawing->study,
								 .analysis = drawing->analysis,
								 .models = drawing->models,
								 .choice = &drawing->choice,
								 .data = csv_open_stream(pages->data.to, chart->columns),
								 .prelude = pages->prelude.to,
								 .notes = pages->notes.to };
	struct error ignored;
	set_title(drawing, chart, &sheet);
	int filled = chart->fill(&sheet, err), closed = csv_close(sheet.data, false, filled ? &ignored : err);
	drawn->missing = sheet.missing ? text_keep(sheet.missing) : NULL;
	drawn->legend = sheet.legend;
	arena_free(&sheet.arena);
	return filled || closed ? -1 : 0;
}

static int write_chart(const struct drawing *drawing, const struct chart *chart, struct drawn *drawn, struct error *err)
{
	struct pages pages;
	memory_file_open(&pages.data);
	memory_file_open(&pages.prelude);
	memory_file_open(&pages.notes);
	int failed = fill(drawing, chart, &pages, drawn, err);
	memory_file_close(&pages.data);
	memory_file_close(&pages.prelude);
	memory_file_close(&pages.notes);
	if (!failed && !drawn->missing && chart->ink != CHART_IN_LINES && drawing->colorless)
		drawn->missing = "it needs a terminal with colors";
	if (!failed && !drawn->missing)
		failed = file_replace(file_of(drawing, chart->name, "csv"), pages.data.text, pages.data.size, err) ||
				 write_script(drawing, chart, &pages, err);
	drawn->notes = text_keep(pages.notes.text);
	free(pages.data.text);
	free(pages.prelude.text);
	free(pages.notes.text);
	return failed ? -1 : 0;
}

int draw_chart(struct drawing *drawing, const struct chart *chart, struct drawn *drawn, struct error *err)
{
	*drawn = (struct drawn){ .notes = "" };
	remove_chart(drawing, chart);
	TRY(write_chart(drawing, chart, drawn, err));
	drawn->ok = !drawn->missing && draw(drawing, chart);
	return 0;
}
