/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_target.c -- how many FLOPs and how much time each series needed to reach the same loss.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"
#include "sim/base/text.h"

/* Where a line through two points is at y. */
static double crossing(double x0, double y0, double x1, double y1, double y)
{
	return x0 + (x1 - x0) * (y0 - y) / (y0 - y1);
}

/* The step at which the run's loss was first at the target, by a straight line between evaluations; NAN when it never
 * was.  *steps: those of the whole run. */
static int step_of_target(const struct run_folder *run, const char *column, double target, double *at, double *steps,
						  struct error *err)
{
	struct csv_table table;
	double loss_before = NAN, step_before = NAN;
	*at = *steps = NAN;
	TRY(run_folder_table(run, "steps.csv", &table, err));
	int step = csv_column(&table, "step"), loss = csv_column(&table, column);
	for (size_t i = 0; step >= 0 && loss >= 0 && i < table.rows; i++) {
		double now = csv_number(&table, i, loss, NULL);
		*steps = csv_number(&table, i, step, NULL);
		if (now <= target && !isfinite(*at))
			*at = isfinite(loss_before) ? crossing(step_before, loss_before, *steps, now, target) : *steps;
		if (isfinite(now)) {
			loss_before = now;
			step_before = *steps;
		}
	}
	csv_table_free(&table);
	return 0;
}

/* Seconds of training, without evaluations, in a row of timing.csv. */
static double training_seconds(const struct csv_table *table, size_t row)
{
	static const char *const phase[] = { "data_s", "forward_s", "backward_s", "optim_s" };
	double sum = 0;
	for (size_t i = 0; i < sizeof phase / sizeof *phase; i++)
		sum += csv_number(table, row, csv_column(table, phase[i]), NULL);
	return sum;
}

/* The seconds that the run had trained at a step; NAN when its times are not known. */
static int seconds_at(const struct run_folder *run, double step, double *seconds, struct error *err)
{
	struct csv_table table;
	double sum = 0, before = 0;
	*seconds = NAN;
	TRY(run_folder_table(run, "timing.csv", &table, err));
	int column = csv_column(&table, "step");
	for (size_t i = 0; column >= 0 && i < table.rows && !isfinite(*seconds); i++) {
		double now = csv_number(&table, i, column, NULL), more = training_seconds(&table, i);
		if (step <= now)
			*seconds = sum + (now > before ? more * (step - before) / (now - before) : more);
		sum += more;
		before = now;
	}
	csv_table_free(&table);
	return 0;
}

/* The loss that all series on one stream should reach: the end of one of them, seed by seed where the seeds agree. */
struct target {
	const struct study_series *of; /* NULL: nothing is finished */
	double *end;                   /* [of->n] */
	double mean;
};

static double target_of(const struct target *target, const struct run_folder *run)
{
	for (size_t i = 0; i < target->of->n; i++)
		if (target->of->run[i]->seed == run->seed && isfinite(target->end[i]))
			return target->end[i];
	return target->mean;
}

/* The end of the dense baseline where there is one, else the worst end. */
static int choose_target(struct chart_sheet *sheet, const struct chart_streams *streams, size_t stream,
						 const char *column, struct target *target, struct error *err)
{
	*target = (struct target){ .mean = NAN };
	for (size_t i = 0; i < sheet->study->n; i++) {
		const struct study_series *series = &sheet->study->series[i];
		double *end;
		if (streams->of[i] != stream)
			continue;
		TRY(chart_totals(sheet, series, column, &end, err));
		struct estimate loss = estimate_of(end, series->n);
		bool dense = strcmp(series->strategy, "dense") == 0;
		if (loss.n && (dense || !(loss.mean <= target->mean)))
			*target = (struct target){ series, end, loss.mean };
		if (loss.n && dense)
			break;
	}
	return 0;
}

/* What a series needed. */
struct need {
	struct chart_end flops, seconds;
};

static int read_need(struct chart_sheet *sheet, const struct study_series *series, const struct target *target,
					 const char *column, struct need *need, struct error *err)
{
	need->flops = need->seconds = (struct chart_end){ .n = series->n };
	double *flops = need->flops.seed = ARENA_TAKE(&sheet->arena, series->n, double);
	double *seconds = need->seconds.seed = ARENA_TAKE(&sheet->arena, series->n, double);
	for (size_t i = 0; i < series->n; i++) {
		const struct run_folder *run = series->run[i];
		double step, steps, total;
		TRY(step_of_target(run, column, target_of(target, run), &step, &steps, err));
		TRY(run_folder_summary(run, "flops_total", &total, err));
		TRY(seconds_at(run, step, &seconds[i], err));
		flops[i] = total / steps * step; /* every step costs the same */
	}
	need->flops.of = estimate_of(flops, series->n);
	need->seconds.of = estimate_of(seconds, series->n);
	return 0;
}

static void put_need(struct chart_sheet *sheet, size_t place, size_t series, const struct need *need)
{
	chart_put_name(sheet, place, series);
	csv_int(sheet->data, (int64_t)place);
	csv_int(sheet->data, (int64_t)sheet->study->series[series].n);
	csv_int(sheet->data, (int64_t)need->flops.of.n);
	chart_put_end(sheet, &need->flops);
	chart_put_end(sheet, &need->seconds);
	csv_row(sheet->data);
}

int fill_target(struct chart_sheet *sheet, struct error *err)
{
	const char *column;
	struct chart_streams streams;
	double least = 0, most_flops = 0, most_seconds = 0;
	size_t *shown = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t), n = 0, low = 0, high = 0;
	chart_split_streams(sheet, &streams);
	struct target *target = ARENA_TAKE(&sheet->arena, streams.n, struct target), *of = NULL;
	TRY(chart_loss_column(sheet, &column, err));
	for (size_t i = 0; i < streams.n; i++)
		TRY(choose_target(sheet, &streams, i, column, &target[i], err));
	for (size_t i = 0; i < sheet->study->n; i++) {
		struct need need;
		if (!target[streams.of[i]].of)
			continue;
		of = &target[streams.of[i]];
		TRY(read_need(sheet, &sheet->study->series[i], of, column, &need, err));
		shown[n++] = i;
		put_need(sheet, n, i, &need);
		chart_count_seeds(&need.flops.of, &low, &high);
		chart_reach(&need.flops, &least, &most_flops);
		chart_reach(&need.seconds, &least, &most_seconds);
	}
	if (high == 0 || n < 2) {
		sheet->missing = "it needs two finished strategies with evaluations and FLOPs";
		return 0;
	}
	chart_set_series(sheet, n, shown);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "streams", (double)streams.n);
	chart_set_number(sheet, "target", of->mean);
	chart_set_text(sheet, "target_of", of->of->strategy);
	chart_set_number(sheet, "paired", high > 1);
	chart_set_number(sheet, "x_most", most_flops);
	chart_set_number(sheet, "seconds_most", most_seconds);
	return 0;
}
