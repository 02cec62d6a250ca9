/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * show.c -- what a scene costs, as tables for a person.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>

#include "experiments/clusters/price.h"
#include "experiments/host/table.h"
#include "sim/base/text.h"

static void show_measure(struct table *table, const struct measure *measure)
{
	bool is_sum = measure_is_sum(measure);
	char bytes[TEXT_NUMBER];
	table_cell(table, "%s", step_names[measure->phase]);
	table_cell(table, "%s", measure_levels[measure->level]);
	table_number(table, is_sum ? (double)NAN : (double)measure->rows_max, 0);
	table_number(table, is_sum ? (double)NAN : measure->rows_mean, 1);
	table_cell(table, "%s", measure->bytes_max == 0 ? "-" : text_of_bytes((double)measure->bytes_max, bytes));
	table_number(table, measure->seconds * 1e3, 3);
	table_number(table, measure_imbalance(measure), 2);
	table_cell(table, "%s", bound_names[measure->bound]);
}

static void show_measures(const struct step *step)
{
	static const char *const header[] = { "<phase",  "<level",    "rows, most", "mean", "bytes, most",
										  "time ms", "imbalance", "<bound",     NULL };
	struct table table;
	table_begin(&table, header);
	for (size_t i = 0; i < step->n; i++)
		show_measure(&table, &step->measure[i]);
	table_end(&table, stdout);
}

static void show_layer(struct table *table, const struct traffic *routing, const struct priced *out)
{
	const struct step *step = &out->step;
	table_number(table, routing->step < 0 ? (double)NAN : (double)routing->step, 0);
	table_cell(table, "%" PRIu32, routing->layer);
	table_number(table, step->layer * 1e3, 3);
	table_number(table, step->compute * 1e3, 3);
	table_number(table, step->exposed * 1e3, 3);
	table_number(table, 100 * step->exposed / step->layer, 1);
	table_number(table, measure_imbalance(step_find(step, STEP_compute, LEVEL_DEVICE)), 2);
	table_cell(table, "%s", cause_names[out->diagnosis.cause]);
	table_cell(table, "%zu", out->diagnosis.device);
}

static const char *const layer_header[] = { "step",      "layer",     "time ms",     "computing", "exposed",
											"exposed %", "imbalance", "<bottleneck", "device",    NULL };

static void show_verdict(const struct traffic *routing, const struct priced *out)
{
	const char *step = routing->step > 0 ? text_keep_f(" of step %" PRId64, routing->step) : "";
	printf("\nLayer %" PRIu32
		   "%s takes %.3f ms, of which %.3f ms (%.1f%%) is communication that computation does not hide.\n%s\n",
		   routing->layer, step, out->step.layer * 1e3, out->step.exposed * 1e3,
		   100 * out->step.exposed / out->step.layer, out->diagnosis.sentence);
	if (out->rows.dropped > 0)
		printf("%" PRIu64 " of %" PRIu64 " choices are dropped.\n", out->rows.dropped, routing->assignments);
}

/* A terminal gets the phases of one layer, or a line per layer, and a verdict on the slowest. */
void price_show(const struct scene *scene, const struct prices *prices)
{
	const struct priced *out = prices->layer;
	size_t slowest = 0, n = scene->traffic.n;
	struct table table;
	if (n == 1)
		show_measures(&out[0].step);
	table_begin(&table, layer_header);
	for (size_t i = 0; i < n; i++) {
		slowest = out[i].step.layer > out[slowest].step.layer ? i : slowest;
		show_layer(&table, &scene->traffic.layer[i], &out[i]);
	}
	if (n > 1)
		table_end(&table, stdout);
	else
		table_free(&table);
	show_verdict(&scene->traffic.layer[slowest], &out[slowest]);
}
