/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_bandwidth.c -- the chart of exposed communication against the bandwidth of the network.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"
#include "sim/base/text.h"

enum { BANDWIDTHS_MOST = 64 };

/* One series: what its runs came to with each bandwidth; NAN where a run has not as many. */
struct bandwidths {
	size_t n, runs;
	double gbps[BANDWIDTHS_MOST];
	double *share[BANDWIDTHS_MOST], *time[BANDWIDTHS_MOST]; /* [runs] */
};

struct bandwidth_columns {
	int link, gbps, share, time;
};

static int find_columns(const struct csv_table *table, struct bandwidth_columns *at, struct error *err)
{
	TRY(run_folder_column(table, "link", &at->link, err));
	TRY(run_folder_column(table, "gbps", &at->gbps, err));
	TRY(run_folder_column(table, "exposed_share", &at->share, err));
	return run_folder_column(table, "layer_ms", &at->time, err);
}

/* The place of a bandwidth; a new one where no run of the series had it. */
static size_t place_of(struct chart_sheet *sheet, struct bandwidths *into, double gbps)
{
	size_t at = 0;
	while (at < into->n && into->gbps[at] != gbps)
		at++;
	if (at < into->n || at == BANDWIDTHS_MOST)
		return at;
	into->n++;
	into->gbps[at] = gbps;
	into->share[at] = ARENA_TAKE(&sheet->arena, into->runs, double);
	into->time[at] = ARENA_TAKE(&sheet->arena, into->runs, double);
	for (size_t i = 0; i < into->runs; i++)
		into->share[at][i] = into->time[at][i] = NAN;
	return at;
}

static int read_run(struct chart_sheet *sheet, const struct run_folder *run, size_t number, struct bandwidths *into,
					bool *within, struct error *err)
{
	struct csv_table table;
	struct bandwidth_columns at;
	TRY(run_folder_table(run, "bandwidth.csv", &table, err));
	int status = table.columns ? find_columns(&table, &at, err) : 0;
	for (size_t i = 0; status == 0 && i < table.rows; i++) {
		double gbps = csv_number(&table, i, at.gbps, NULL);
		size_t place = gbps > 0 ? place_of(sheet, into, gbps) : BANDWIDTHS_MOST;
		if (place == BANDWIDTHS_MOST)
			continue;
		into->share[place][number] = csv_number(&table, i, at.share, NULL);
		into->time[place][number] = csv_number(&table, i, at.time, NULL);
		*within |= strcmp(csv_cell(&table, i, at.link), "nvl") == 0;
	}
	csv_table_free(&table);
	return status;
}

/* What was drawn, over all series. */
struct drawn {
	size_t n, *shown, low, high;
	double *half; /* [n] */
	bool within;  /* some cluster has one node, so that the link within it was varied */
};

/* Where the mean share falls below one half, by a straight line over the logarithm; INFINITY: it does not, NAN: it was
 * never above. */
static double half_of(const struct bandwidths *of)
{
	double before = NAN;
	for (size_t i = 0; i < of->n; i++) {
		double now = estimate_of(of->share[i], of->runs).mean;
		if (before >= 0.5 && now < 0.5)
			return of->gbps[i - 1] * pow(of->gbps[i] / of->gbps[i - 1], (before - 0.5) / (before - now));
		before = now;
	}
	return before >= 0.5 ? INFINITY : NAN;
}

static void put_series(struct chart_sheet *sheet, size_t series, const struct bandwidths *of, struct drawn *drawn)
{
	drawn->shown[drawn->n] = series;
	drawn->half[drawn->n++] = half_of(of);
	for (size_t i = 0; i < of->n; i++) {
		struct estimate share = estimate_of(of->share[i], of->runs), time = estimate_of(of->time[i], of->runs);
		chart_put_name(sheet, drawn->n, series);
		chart_put(sheet, of->gbps[i]);
		csv_int(sheet->data, (int64_t)share.n);
		chart_put_estimate(sheet, &share);
		chart_put_estimate(sheet, &time);
		csv_row(sheet->data);
		chart_count_seeds(&share, &drawn->low, &drawn->high);
	}
}

/* `half_label[]`: "half at 23 GB/s". */
static void put_halves(struct chart_sheet *sheet, const struct drawn *drawn)
{
	const char **label = ARENA_TAKE(&sheet->arena, drawn->n, const char *);
	for (size_t i = 0; i < drawn->n; i++)
		label[i] = isfinite(drawn->half[i]) ? text_keep_f("half at %.3g GB/s", drawn->half[i])
				   : drawn->half[i] > 0     ? "more than half everywhere"
											: "less than half everywhere";
	chart_set_labels_as(sheet, drawn->n, label, "half_label", "half_longest");
	chart_set_numbers(sheet, "half", drawn->n, drawn->half);
}

int fill_bandwidth(struct chart_sheet *sheet, struct error *err)
{
	const struct study *study = sheet->study;
	struct drawn drawn = { .shown = ARENA_TAKE(&sheet->arena, study->n, size_t),
						   .half = ARENA_TAKE(&sheet->arena, study->n, double) };
	for (size_t s = 0; s < study->n; s++) {
		struct bandwidths of = { .runs = study->series[s].n };
		for (size_t i = 0; i < of.runs; i++)
			TRY(read_run(sheet, study->series[s].run[i], i, &of, &drawn.within, err));
		if (of.n > 0)
			put_series(sheet, s, &of, &drawn);
	}
	if (drawn.n == 0) {
		sheet->missing = "no finished run has a cluster (run --cluster)";
		return 0;
	}
	chart_set_series(sheet, drawn.n, drawn.shown);
	put_halves(sheet, &drawn);
	chart_set_seeds(sheet, drawn.low, drawn.high);
	chart_set_text(sheet, "x_title",
				   drawn.within ? "bandwidth of a device within its node, GB/s"
								: "bandwidth of a device to other nodes, GB/s");
	return 0;
}
