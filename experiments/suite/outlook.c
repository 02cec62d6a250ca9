/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * outlook.c -- the runs of a suite before they are made.
 */
#include <config.h>

#include "experiments/suite/outlook.h"

#include <math.h>
#include <stdio.h>

#include "experiments/host/json_rows.h"
#include "experiments/host/table.h"
#include "experiments/suite/forecast.h"
#include "experiments/suite/power.h"
#include "sim/base/text.h"

/* "1 h 20 min", "3 min", "12 s" */
static const char *text_of_seconds(double seconds)
{
	if (seconds >= 3600)
		return text_keep_f("%.0f h %.0f min", floor(seconds / 3600), floor(fmod(seconds, 3600) / 60));
	return seconds >= 90 ? text_keep_f("%.0f min", seconds / 60) : text_keep_f("%.0f s", ceil(seconds));
}

static void put_count(struct table *table, double value)
{
	char text[TEXT_NUMBER];
	table_cell(table, "%s", text_of_count(value, text));
}

/* What is to do, and what it costs. */
struct outlook {
	size_t runs;
	double flops, bytes; /* of all; of the largest */
	size_t first;        /* the first of them */
};

static int print_run(struct table *table, const struct campaign *campaign, size_t i, bool costs,
					 struct outlook *outlook, struct error *err)
{
	struct forecast cost = { .flops = 0 };
	char bytes[TEXT_NUMBER];
	const enum run_state state = campaign->results->state[i];
	table_cell(table, "%zu", i + 1);
	table_cell(table, "%s", campaign->results->run[i]);
	table_cell(table, "%s", run_state_word(state));
	if (costs) {
		TRY(forecast_run(campaign->grid, &campaign->grid->run[i], &cost, err));
		put_count(table, cost.params_total);
		put_count(table, cost.params_active);
		put_count(table, cost.flops_per_token);
		put_count(table, cost.flops);
		table_cell(table, "%s", text_of_bytes(cost.bytes, bytes));
	}
	if (state == RUN_DONE || state == RUN_DIVERGED)
		return 0;
	outlook->first = outlook->runs++ ? outlook->first : i;
	outlook->flops += cost.flops;
	outlook->bytes = fmax(outlook->bytes, cost.bytes);
	return 0;
}

static int print_outlook(const struct campaign *campaign, const struct outlook *outlook, struct error *err)
{
	char flops[TEXT_NUMBER], bytes[TEXT_NUMBER];
	double pace;
	TRY(forecast_pace(campaign->grid, &campaign->grid->run[outlook->first], &pace, err));
	size_t jobs = campaign->at_a_time < outlook->runs ? campaign->at_a_time : outlook->runs;
	printf("%zu to do: %sFLOP, about %s with %zu at a time, up to %s of memory each\n", outlook->runs,
		   text_of_count(outlook->flops, flops), text_of_seconds(pace * outlook->flops / (double)jobs), jobs,
		   text_of_bytes(outlook->bytes, bytes));
	return 0;
}

/* Counting a run takes a few milliseconds: very large grids are listed without. */
int outlook_print(const struct suite *suite, const struct campaign *campaign, struct error *err)
{
	static const char *const header[] = { "",          "<run",   "<state", "parameters", "active", "FLOPs/token",
										  "FLOPs/run", "memory", NULL };
	static const char *const short_header[] = { "", "<run", "<state", NULL };
	enum { COUNTED = 500 };
	const struct grid *grid = campaign->grid;
	bool costs = grid->n <= COUNTED;
	struct outlook outlook = { 0, 0, 0, 0 };
	struct table table;
	int status = 0;
	table_begin(&table, costs ? header : short_header);
	for (size_t i = 0; i < grid->n && status == 0; i++)
		status = print_run(&table, campaign, i, costs, &outlook, err);
	if (status != 0) {
		table_free(&table);
		return -1;
	}
	suite_print_question(suite);
	table_end(&table, stdout);
	printf("\n%zu run%s in %s\n", grid->n, grid->n == 1 ? "" : "s", campaign->results->folder);
	if (costs && outlook.runs > 0)
		TRY(print_outlook(campaign, &outlook, err));
	return power_print(grid, campaign->results->folder, stdout, err);
}

static int add_run(json_t *runs, const struct campaign *campaign, size_t i, struct error *err)
{
	const struct grid_run *run = &campaign->grid->run[i];
	struct forecast cost;
	int64_t seed = 0;
	TRY(forecast_run(campaign->grid, run, &cost, err));
	text_to_int(run->seed, &seed);
	json_t *row =
		json_pack("{s:I, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I}", "index", (json_int_t)i + 1, "run",
				  campaign->results->run[i], "label", campaign->grid->point[run->point].label, "seed", (json_int_t)seed,
				  "state", run_state_word(campaign->results->state[i]), "params_total", (json_int_t)cost.params_total,
				  "params_active", (json_int_t)cost.params_active, "flops_per_token", (json_int_t)cost.flops_per_token,
				  "flops_total", (json_int_t)cost.flops, "memory_bytes", (json_int_t)cost.bytes);
	if (row == NULL || json_array_append_new(runs, row) != 0)
		error_no_memory("JSON");
	return 0;
}

int outlook_print_json(const struct suite *suite, const struct campaign *campaign, struct error *err)
{
	json_t *runs = json_array();
	int status = 0;
	for (size_t i = 0; i < campaign->grid->n && status == 0; i++)
		status = add_run(runs, campaign, i, err);
	if (status != 0) {
		json_decref(runs);
		return -1;
	}
	return json_print(json_pack("{s:s, s:s, s:s, s:o}", "suite", suite->name, "question", suite->question, "folder",
								campaign->results->folder, "runs", runs),
					  err);
}
