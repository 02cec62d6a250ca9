/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_tradeoff.c -- the frontier of loss against balance, on each stream.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"
#include "experiments/charts/labels.h"
#include "experiments/study/causality.h"
#include "experiments/study/statistics.h"
#include "sim/base/text.h"

struct tradeoff {
	size_t n, *shown;
	struct chart_end *loss, *maxvio;
	bool *pareto;
	struct chart_streams streams;
	struct chart_limits limits;
};

static int read_tradeoff(struct chart_sheet *sheet, struct tradeoff *t, struct error *err)
{
	const char *column;
	size_t most = sheet->study->n;
	*t = (struct tradeoff){ .shown = ARENA_TAKE(&sheet->arena, most, size_t),
							.loss = ARENA_TAKE(&sheet->arena, most, struct chart_end),
							.maxvio = ARENA_TAKE(&sheet->arena, most, struct chart_end),
							.pareto = ARENA_TAKE(&sheet->arena, most, bool) };
	chart_split_streams(sheet, &t->streams);
	TRY(chart_loss_column(sheet, &column, err));
	TRY(chart_limits(sheet, &t->streams, column, &t->limits, err));
	for (size_t i = 0; i < most; i++) {
		const struct study_series *series = &sheet->study->series[i];
		TRY(chart_end(sheet, series, column, &t->loss[t->n], err));
		TRY(chart_end(sheet, series, "maxvio", &t->maxvio[t->n], err));
		chart_note_unfinished(sheet, series);
		if (t->loss[t->n].of.n)
			t->shown[t->n++] = i;
	}
	return 0;
}

/* Sorts the stream's series that no other one beats in both by MaxVio. */
static size_t find_front(struct chart_sheet *sheet, struct tradeoff *t, size_t stream, size_t *front)
{
	double(*point)[2] = arena_take(&sheet->arena, t->n, sizeof *point);
	bool *best = ARENA_TAKE(&sheet->arena, t->n, bool);
	size_t *member = ARENA_TAKE(&sheet->arena, t->n, size_t), members = 0, n = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->streams.of[t->shown[i]] == stream) {
			point[members][0] = t->loss[i].of.mean;
			point[members][1] = t->maxvio[i].of.mean;
			member[members++] = i;
		}
	stats_pareto(&point[0][0], members, 2, best);
	for (size_t m = 0; m < members; m++) {
		t->pareto[member[m]] = best[m];
		if (!best[m])
			continue;
		size_t at = n++;
		for (; at > 0 && t->maxvio[front[at - 1]].of.mean > t->maxvio[member[m]].of.mean; at--)
			front[at] = front[at - 1];
		front[at] = member[m];
	}
	return n;
}

/* `front_x[]`, `front_y[]`, `front_panel[]`: stream after stream, from left to right. */
static void put_fronts(struct chart_sheet *sheet, struct tradeoff *t)
{
	double *x = ARENA_TAKE(&sheet->arena, t->n, double), *y = ARENA_TAKE(&sheet->arena, t->n, double);
	double *panel = ARENA_TAKE(&sheet->arena, t->n, double);
	size_t *front = ARENA_TAKE(&sheet->arena, t->n, size_t), n = 0;
	for (size_t stream = 0; stream < t->streams.n; stream++) {
		size_t length = find_front(sheet, t, stream, front);
		for (size_t i = 0; i < length; i++, n++) {
			x[n] = t->maxvio[front[i]].of.mean;
			y[n] = t->loss[front[i]].of.mean;
			panel[n] = (double)stream + 1;
		}
	}
	chart_set_number(sheet, "front", (double)n);
	chart_set_numbers(sheet, "front_x", n, x);
	chart_set_numbers(sheet, "front_y", n, y);
	chart_set_numbers(sheet, "front_panel", n, panel);
}

/* More lines of a legend than this and nobody finds his own: then the points of one sweep share a line. */
enum { ENTRIES_TOLD_APART = 8 };

struct legend {
	size_t n;
	const char **label; /* [n] */
	double *look;       /* [n] */
	size_t *of;         /* [series shown] */
	size_t *before;     /* [series shown] the one before it in its sweep, or SIZE_MAX */
	size_t *place;      /* [series shown] its place in its sweep, from 0 */
};

static const struct study_series *series_at(const struct chart_sheet *sheet, const struct tradeoff *t, size_t i)
{
	return &sheet->study->series[t->shown[i]];
}

/* The setting along which the series' strategy was swept furthest, in numbers; study->keys when there is none. */
static size_t swept_key(const struct chart_sheet *sheet, const struct study_series *series)
{
	const struct study *study = sheet->study;
	size_t chosen = study->keys, most = 2;
	for (size_t k = 0; k < study->keys; k++) {
		size_t values = 0;
		for (size_t i = 0; i < study->n; i++) {
			double value;
			bool met = strcmp(study->series[i].strategy, series->strategy) != 0 ||
					   text_to_real(study->series[i].value[k], &value) == false;
			for (size_t j = 0; j < i && !met; j++)
				met = strcmp(study->series[j].strategy, series->strategy) == 0 &&
					  strcmp(study->series[j].value[k], study->series[i].value[k]) == 0;
			values += !met;
		}
		if (values > most) {
			most = values;
			chosen = k;
		}
	}
	return chosen;
}

/* Do the two differ in nothing but that key? */
static bool same_sweep(const struct study *study, const struct study_series *a, const struct study_series *b,
					   size_t key)
{
	bool same = strcmp(a->strategy, b->strategy) == 0;
	for (size_t k = 0; same && k < study->keys; k++)
		same = k == key || strcmp(a->value[k], b->value[k]) == 0;
	return same;
}

/* "aux-loss aux.scope=batch, by aux.weight" */
static const char *sweep_label(const struct chart_sheet *sheet, const struct tradeoff *t, size_t i, size_t key)
{
	const struct study *study = sheet->study;
	const struct study_series *series = series_at(sheet, t, i);
	const char *label = series->strategy;
	if (key == study->keys)
		return t->streams.label[t->shown[i]];
	for (size_t k = 0; k < study->keys; k++) {
		bool tells = false;
		for (size_t j = 0; j < t->n && k != key; j++)
			tells |= t->streams.of[t->shown[j]] == t->streams.of[t->shown[i]] &&
					 strcmp(series_at(sheet, t, j)->strategy, series->strategy) == 0 &&
					 strcmp(series_at(sheet, t, j)->value[k], series->value[k]) != 0;
		if (tells)
			label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
	}
	return causality_label(series, text_keep_f("%s, by %s", label, study->key[key]));
}

static size_t distinct_labels(const struct tradeoff *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n; i++) {
		bool met = false;
		for (size_t j = 0; j < i && !met; j++)
			met = strcmp(t->streams.label[t->shown[i]], t->streams.label[t->shown[j]]) == 0;
		n += !met;
	}
	return n;
}

static bool has_look(const struct legend *legend, double look)
{
	for (size_t e = 0; e < legend->n; e++)
		if (legend->look[e] == look)
			return true;
	return false;
}

static bool is_used(const struct chart_sheet *sheet, const struct legend *legend, unsigned colour)
{
	for (size_t i = 0; i < sheet->study->n; i++)
		if (sheet->study->series[i].colour == colour)
			return true;
	return has_look(legend, colour);
}

/* A strategy's first line has its colour; others take colours that are free, as long as there are any. */
static double choose_look(const struct chart_sheet *sheet, const struct legend *legend, unsigned colour)
{
	if (!has_look(legend, colour))
		return colour;
	for (unsigned c = STUDY_COLOURS; c > 2; c--) /* not the greys of the baselines */
		if (!is_used(sheet, legend, c))
			return c;
	for (unsigned variant = 1; variant < 8; variant++)
		if (!has_look(legend, colour + STUDY_COLOURS * variant))
			return colour + STUDY_COLOURS * variant;
	return colour;
}

static size_t entry_of(const struct chart_sheet *sheet, struct legend *legend, const char *label, unsigned colour)
{
	size_t e = 0;
	while (e < legend->n && strcmp(legend->label[e], label) != 0)
		e++;
	if (e == legend->n) {
		legend->look[e] = choose_look(sheet, legend, colour);
		legend->label[legend->n++] = label;
	}
	return e;
}

static void make_legend(struct chart_sheet *sheet, const struct tradeoff *t, struct legend *legend)
{
	const struct study *study = sheet->study;
	bool joined = distinct_labels(t) > ENTRIES_TOLD_APART;
	*legend = (struct legend){ .label = ARENA_TAKE(&sheet->arena, t->n, const char *),
							   .look = ARENA_TAKE(&sheet->arena, t->n, double),
							   .of = ARENA_TAKE(&sheet->arena, t->n, size_t),
							   .before = ARENA_TAKE(&sheet->arena, t->n, size_t),
							   .place = ARENA_TAKE(&sheet->arena, t->n, size_t) };
	for (size_t i = 0; i < t->n; i++) {
		const struct study_series *series = series_at(sheet, t, i);
		size_t key = joined ? swept_key(sheet, series) : study->keys;
		legend->of[i] = entry_of(sheet, legend, sweep_label(sheet, t, i, key), series->colour);
		legend->before[i] = SIZE_MAX;
		for (size_t j = i; key < study->keys && j-- > 0 && legend->before[i] == SIZE_MAX;)
			if (same_sweep(study, series, series_at(sheet, t, j), key)) {
				legend->before[i] = j;
				legend->place[i] = legend->place[j] + 1;
			}
	}
}

/* `entries`, `entry_label[]`, `entry_look[]`; of each series `entry_of[]`, `before[]` (0: none), `size_of[]` in its
 * sweep from 0 to 1, `panel_of[]`, and where it is: `at_x[]`, `at_y[]`. */
static void put_legend(struct chart_sheet *sheet, const struct tradeoff *t, const struct legend *legend)
{
	double *number[6];
	size_t *length = ARENA_TAKE(&sheet->arena, t->n, size_t);
	for (size_t k = 0; k < sizeof number / sizeof *number; k++)
		number[k] = ARENA_TAKE(&sheet->arena, t->n, double);
	for (size_t i = 0; i < t->n; i++)
		length[legend->of[i]] = legend->place[i] > length[legend->of[i]] ? legend->place[i] : length[legend->of[i]];
	for (size_t i = 0; i < t->n; i++) {
		number[0][i] = (double)legend->of[i] + 1;
		number[1][i] = legend->before[i] == SIZE_MAX ? 0 : (double)legend->before[i] + 1;
		number[2][i] = length[legend->of[i]] ? (double)legend->place[i] / (double)length[legend->of[i]] : 0.5;
		number[3][i] = (double)t->streams.of[t->shown[i]] + 1;
		number[4][i] = t->maxvio[i].of.mean;
		number[5][i] = t->loss[i].of.mean;
	}
	chart_set_number(sheet, "entries", (double)legend->n);
	chart_set_labels(sheet, legend->n, legend->label);
	chart_set_numbers(sheet, "entry_look", legend->n, legend->look);
	static const char *const name[] = { "entry_of", "before", "size_of", "panel_of", "at_x", "at_y" };
	for (size_t k = 0; k < sizeof number / sizeof *number; k++)
		chart_set_numbers(sheet, name[k], t->n, number[k]);
	chart_set_number(sheet, "panels", (double)t->streams.n);
	chart_set_texts(sheet, "panel_title", t->streams.n, t->streams.title);
}

/* `flat[]`: the losses of series without routed experts, which have a place on one axis only; NaN for the others. */
static void put_flat(struct chart_sheet *sheet, const struct tradeoff *t)
{
	double *flat = ARENA_TAKE(&sheet->arena, t->n, double);
	for (size_t i = 0; i < t->n; i++)
		flat[i] = t->maxvio[i].of.n ? NAN : t->loss[i].of.mean;
	chart_set_numbers(sheet, "flat", t->n, flat);
}

/* `ceiling[]`, `ceiling_label[]` and `bag[]` of each stream. */
static void put_limits(struct chart_sheet *sheet, const struct tradeoff *t)
{
	chart_set_numbers(sheet, "ceiling", t->streams.n, t->limits.ceiling);
	chart_set_texts(sheet, "ceiling_label", t->streams.n, t->limits.ceiling_label);
	chart_set_numbers(sheet, "bag", t->streams.n, t->limits.bag);
}

/* Of all panels.  MaxVio begins at 0, on a scale that is straight near 0 and logarithmic above. */
struct frame {
	double right, low, top;
};

static struct frame frame_of(const struct tradeoff *t)
{
	double least = 0, most = 0, low = INFINITY, top = -INFINITY;
	for (size_t i = 0; i < t->n; i++)
		if (t->maxvio[i].of.n) {
			chart_reach(&t->maxvio[i], &least, &most);
			chart_reach(&t->loss[i], &low, &top);
		}
	for (size_t s = 0; s < t->streams.n; s++)
		low = fmin(low, fmin(t->limits.ceiling[s], t->limits.bag[s]));
	double span = top > low ? top - low : 0.1 * fabs(top) + 1e-6;
	return (struct frame){ 1.25 * fmax(most, 0.3), low - 0.1 * span, top + 0.14 * span };
}

/* In pixels of the one panel. */
enum { WIDE = 560, HIGH = 360, NAMES_MOST = 12, MARKS_MOST = 40 };

static double pixel_x(const struct frame *frame, double maxvio)
{
	return WIDE * asinh(maxvio / 0.1) / asinh(frame->right / 0.1);
}

static double pixel_y(const struct frame *frame, double loss)
{
	return HIGH * (loss - frame->low) / (frame->top - frame->low);
}

/* Marks and their names, and then what no name should cover, as points. */
struct marks {
	size_t n;
	struct label *label;
};

static void add_point(struct marks *marks, double x, double y)
{
	marks->label[marks->n++] = (struct label){ .x = x, .y = y };
}

enum { EVERY = 20, POINTS = (WIDE + HIGH) / EVERY + 2 }; /* of a line, in pixels: no name fits in between */

/* A line along an axis. */
static void add_line(struct marks *marks, double x0, double y0, double x1, double y1)
{
	double length = fabs(x1 - x0) + fabs(y1 - y0);
	size_t n = length > 0 && length <= WIDE + HIGH ? (size_t)(length / EVERY) + 1 : 0; /* not of a NaN */
	for (size_t i = 0; i <= n && n > 0; i++)
		add_point(marks, x0 + (x1 - x0) * (double)i / (double)n, y0 + (y1 - y0) * (double)i / (double)n);
}

/* The dots or the bars of a series. */
static void add_spread(struct marks *marks, const struct frame *frame, const struct chart_end *maxvio,
					   const struct chart_end *loss)
{
	double x = pixel_x(frame, maxvio->of.mean), y = pixel_y(frame, loss->of.mean);
	for (size_t s = 0; s < loss->n && loss->n <= CHART_SEEDS; s++)
		if (isfinite(loss->seed[s]) && isfinite(maxvio->seed[s]))
			add_point(marks, pixel_x(frame, maxvio->seed[s]), pixel_y(frame, loss->seed[s]));
	if (loss->n <= CHART_SEEDS)
		return;
	add_line(marks, fmax(0, pixel_x(frame, maxvio->of.low)), y, pixel_x(frame, maxvio->of.high), y);
	add_line(marks, x, pixel_y(frame, loss->of.low), x, pixel_y(frame, loss->of.high));
}

static void add_spreads(struct marks *marks, const struct tradeoff *t, const struct frame *frame)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->maxvio[i].of.n)
			add_spread(marks, frame, &t->maxvio[i], &t->loss[i]);
		else
			add_line(marks, 0, pixel_y(frame, t->loss[i].of.mean), WIDE, pixel_y(frame, t->loss[i].of.mean));
	add_line(marks, 0, pixel_y(frame, t->limits.ceiling[0]), WIDE, pixel_y(frame, t->limits.ceiling[0]));
	add_line(marks, 0, pixel_y(frame, t->limits.bag[0]), WIDE, pixel_y(frame, t->limits.bag[0]));
}

static void add_front(struct chart_sheet *sheet, struct marks *marks, struct tradeoff *t, const struct frame *frame)
{
	size_t *front = ARENA_TAKE(&sheet->arena, t->n, size_t), n = find_front(sheet, t, 0, front);
	for (size_t i = 1; i < n; i++) {
		double x = pixel_x(frame, t->maxvio[front[i]].of.mean), y = pixel_y(frame, t->loss[front[i - 1]].of.mean);
		add_line(marks, pixel_x(frame, t->maxvio[front[i - 1]].of.mean), y, x, y);
		add_line(marks, x, y, x, pixel_y(frame, t->loss[front[i]].of.mean));
	}
}

/* The last mark of each line of the legend has its name. */
static bool is_last(const struct tradeoff *t, const struct legend *legend, size_t i)
{
	for (size_t j = i + 1; j < t->n; j++)
		if (legend->of[j] == legend->of[i] && t->maxvio[j].of.n)
			return false;
	return true;
}

static void add_marks(struct marks *marks, const struct tradeoff *t, const struct legend *legend,
					  const struct frame *frame)
{
	for (size_t i = 0; i < t->n; i++) {
		bool flat = t->maxvio[i].of.n == 0, named = !flat && is_last(t, legend, i);
		add_point(marks, flat ? -WIDE : pixel_x(frame, t->maxvio[i].of.mean), pixel_y(frame, t->loss[i].of.mean));
		marks->label[i].wide = named ? labels_width(legend->label[legend->of[i]]) : 0;
		marks->label[i].high = named ? LABEL_HIGH : 0;
	}
}

/* `name_x[]` (NaN: it has none), `name_y[]` (pixels from the lower left corner), `name_side[]` (1: right of the mark),
 * and where a line that leads there ends, `edge_x[]` and `edge_y[]`; NaN: no line. */
static void put_names(struct chart_sheet *sheet, struct tradeoff *t, const struct legend *legend,
					  const struct frame *frame)
{
	struct marks marks = { 0, ARENA_TAKE(&sheet->arena, t->n * (1 + CHART_SEEDS + 5 * POINTS) + 2 * POINTS,
										 struct label) };
	add_marks(&marks, t, legend, frame);
	add_spreads(&marks, t, frame);
	add_front(sheet, &marks, t, frame);
	labels_place(marks.label, marks.n, WIDE, HIGH);
	static const char *const name[] = { "name_x", "name_y", "name_side", "edge_x", "edge_y" };
	for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
		double *value = ARENA_TAKE(&sheet->arena, t->n, double);
		for (size_t i = 0; i < t->n; i++) {
			const struct label *at = &marks.label[i];
			const double field[] = { at->begin_x, at->at_y, at->side, at->far ? at->edge_x : NAN,
									 at->far ? at->edge_y : NAN };
			value[i] = at->wide > 0 ? field[k] : NAN;
		}
		chart_set_numbers(sheet, name[k], t->n, value);
	}
}

static void put_rows(struct chart_sheet *sheet, const struct tradeoff *t)
{
	size_t low = 0, high = 0;
	for (size_t i = 0; i < t->n; i++) {
		chart_put_name(sheet, i + 1, t->shown[i]);
		csv_int(sheet->data, (int64_t)t->loss[i].of.n);
		chart_put_end(sheet, &t->loss[i]);
		chart_put_end(sheet, &t->maxvio[i]);
		csv_int(sheet->data, t->pareto[i]);
		csv_row(sheet->data);
		chart_count_seeds(&t->loss[i].of, &low, &high);
	}
	chart_set_seeds(sheet, low, high);
}

static void put_tradeoff(struct chart_sheet *sheet, struct tradeoff *t)
{
	struct frame frame = frame_of(t);
	struct legend legend;
	make_legend(sheet, t, &legend);
	bool named = t->streams.n == 1 && legend.n <= NAMES_MOST && t->n <= MARKS_MOST;
	put_fronts(sheet, t);
	put_rows(sheet, t);
	chart_set_series(sheet, t->n, t->shown);
	put_legend(sheet, t, &legend);
	put_limits(sheet, t);
	put_flat(sheet, t);
	chart_set_number(sheet, "named", named);
	if (named)
		put_names(sheet, t, &legend, &frame);
	chart_set_number(sheet, "x_right", frame.right);
	chart_set_number(sheet, "y_low", frame.low);
	chart_set_number(sheet, "y_high", frame.top);
}

/* Has any series both? */
static bool is_empty(const struct tradeoff *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->maxvio[i].of.n)
			return false;
	return true;
}

int fill_tradeoff(struct chart_sheet *sheet, struct error *err)
{
	struct tradeoff t;
	TRY(read_tradeoff(sheet, &t, err));
	if (is_empty(&t)) {
		sheet->missing = "no finished run has both a loss and a MaxVio in its summary.csv";
		return 0;
	}
	put_tradeoff(sheet, &t);
	return 0;
}
