/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_tradeoff.c -- the frontier of loss against balance, on each stream.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"
#include "experiments/study/causality.h"
#include "experiments/study/statistics.h"
#include "sim/base/text.h"

struct tradeoff {
	size_t n, *shown;
	struct estimate *loss, *maxvio;
	bool *pareto;
	struct chart_streams streams;
};

/* `ceiling[]`, `ceiling_label[]` and `bag[]` of each stream. */
static int put_limits(struct chart_sheet *sheet, const struct chart_streams *streams, const char *column,
					  struct error *err)
{
	struct chart_limits limits;
	TRY(chart_limits(sheet, streams, column, &limits, err));
	chart_set_numbers(sheet, "ceiling", streams->n, limits.ceiling);
	chart_set_texts(sheet, "ceiling_label", streams->n, limits.ceiling_label);
	chart_set_numbers(sheet, "bag", streams->n, limits.bag);
	return 0;
}

static int read_tradeoff(struct chart_sheet *sheet, struct tradeoff *t, struct error *err)
{
	const char *column;
	size_t most = sheet->study->n;
	*t = (struct tradeoff){ .shown = ARENA_TAKE(&sheet->arena, most, size_t),
							.loss = ARENA_TAKE(&sheet->arena, most, struct estimate),
							.maxvio = ARENA_TAKE(&sheet->arena, most, struct estimate),
							.pareto = ARENA_TAKE(&sheet->arena, most, bool) };
	chart_split_streams(sheet, &t->streams);
	TRY(chart_loss_column(sheet, &column, err));
	TRY(put_limits(sheet, &t->streams, column, err));
	for (size_t i = 0; i < most; i++) {
		const struct study_series *series = &sheet->study->series[i];
		TRY(chart_total(sheet, series, column, &t->loss[t->n], err));
		TRY(chart_total(sheet, series, "maxvio", &t->maxvio[t->n], err));
		chart_note_unfinished(sheet, series);
		if (t->loss[t->n].n)
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
			point[members][0] = t->loss[i].mean;
			point[members][1] = t->maxvio[i].mean;
			member[members++] = i;
		}
	stats_pareto(&point[0][0], members, 2, best);
	for (size_t m = 0; m < members; m++) {
		t->pareto[member[m]] = best[m];
		if (!best[m])
			continue;
		size_t at = n++;
		for (; at > 0 && t->maxvio[front[at - 1]].mean > t->maxvio[member[m]].mean; at--)
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
			x[n] = t->maxvio[front[i]].mean;
			y[n] = t->loss[front[i]].mean;
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
static void put_legend(struct chart_sheet *sheet, const struct tradeoff *t)
{
	struct legend legend;
	double *number[6];
	size_t *length = ARENA_TAKE(&sheet->arena, t->n, size_t);
	make_legend(sheet, t, &legend);
	for (size_t k = 0; k < sizeof number / sizeof *number; k++)
		number[k] = ARENA_TAKE(&sheet->arena, t->n, double);
	for (size_t i = 0; i < t->n; i++)
		length[legend.of[i]] = legend.place[i] > length[legend.of[i]] ? legend.place[i] : length[legend.of[i]];
	for (size_t i = 0; i < t->n; i++) {
		number[0][i] = (double)legend.of[i] + 1;
		number[1][i] = legend.before[i] == SIZE_MAX ? 0 : (double)legend.before[i] + 1;
		number[2][i] = length[legend.of[i]] ? (double)legend.place[i] / (double)length[legend.of[i]] : 0.5;
		number[3][i] = (double)t->streams.of[t->shown[i]] + 1;
		number[4][i] = t->maxvio[i].mean;
		number[5][i] = t->loss[i].mean;
	}
	chart_set_number(sheet, "entries", (double)legend.n);
	chart_set_labels(sheet, legend.n, legend.label);
	chart_set_numbers(sheet, "entry_look", legend.n, legend.look);
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
		flat[i] = t->maxvio[i].n ? NAN : t->loss[i].mean;
	chart_set_numbers(sheet, "flat", t->n, flat);
}

static void put_tradeoff(struct chart_sheet *sheet, struct tradeoff *t)
{
	size_t low = 0, high = 0;
	double most = 0, top = -INFINITY, bottom = INFINITY;
	put_fronts(sheet, t);
	for (size_t i = 0; i < t->n; i++) {
		chart_put_name(sheet, i + 1, t->shown[i]);
		csv_int(sheet->data, (int64_t)t->loss[i].n);
		chart_put_estimate(sheet, &t->loss[i]);
		chart_put_estimate(sheet, &t->maxvio[i]);
		csv_int(sheet->data, t->pareto[i]);
		csv_row(sheet->data);
		chart_count_seeds(&t->loss[i], &low, &high);
		if (t->maxvio[i].n) {
			/* intervals of two seeds are so wide that the marks would fall together */
			bool few = t->loss[i].n < 3;
			most = fmax(most, few ? t->maxvio[i].mean : t->maxvio[i].high);
			top = fmax(top, few ? t->loss[i].mean : t->loss[i].high);
			bottom = fmin(bottom, few ? t->loss[i].mean : t->loss[i].low);
		}
	}
	chart_set_series(sheet, t->n, t->shown);
	put_legend(sheet, t);
	put_flat(sheet, t);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "x_most", most);
	chart_set_number(sheet, "y_least", bottom);
	chart_set_number(sheet, "y_most", top);
}

/* Has any series both? */
static bool is_empty(const struct tradeoff *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->maxvio[i].n)
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
