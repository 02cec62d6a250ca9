/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recorder.c -- what of a run is written when.
 */
#include <config.h>

#include "sim/run/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/whole_csv.h"
#include "sim/run/token_sample.h"

void recorder_init(struct recorder *recorder, const char *folder, const struct settings *settings)
{
	*recorder = (struct recorder){ .folder = folder, .settings = settings };
}

static int open_file(struct recorder *recorder, enum run_file file, const struct csv_place *place, struct error *err)
{
	const char *path = path_join(recorder->folder, run_file_name(file));
	recorder->file[file] = csv_open(path, run_file_header(file, recorder->settings), place, err);
	return recorder->file[file] == NULL ? -1 : 0;
}

/* The names of the files are synced here once; their rows are synced at checkpoints. */
int recorder_open(struct recorder *recorder, struct error *err)
{
	for (int i = 0; i < RUN_FILES; i++)
		if (!run_file_is_of_the_end((enum run_file)i))
			TRY(open_file(recorder, (enum run_file)i, NULL, err));
	return folder_sync(recorder->folder, err);
}

/* A row of timing.csv as it was written, of a step that is done: "12,0.5,1e-05,...". */
static bool is_timing_row(const char *line, size_t length, size_t step)
{
	char *end;
	return strspn(line, "0123456789") > 0 && strtoull(line, &end, 10) <= step && *end == ',' &&
		   strspn(line, "0123456789.,e+-") == length;
}

/* The beginning of timing.csv that a resumed run goes on behind; false when there is none. */
static bool timing_place(const char *path, size_t step, struct csv_place *place)
{
	const char *header = run_file_header(FILE_TIMING, NULL);
	size_t size, at = strlen(header) + 1;
	struct error ignored;
	char *text;
	if (file_read(path, (size_t)1 << 30, &text, &size, &ignored) != 0)
		return false;
	bool found = size >= at && memcmp(text, header, at - 1) == 0 && text[at - 1] == '\n';
	for (char *end;
		 found && (end = strchr(text + at, '\n')) && is_timing_row(text + at, (size_t)(end - text) - at, step);)
		at = (size_t)(end - text) + 1;
	*place = (struct csv_place){ (int64_t)at, found ? text_hash_bytes(text, at, TEXT_HASH_START) : 0 };
	free(text);
	return found;
}

int recorder_continue(struct recorder *recorder, const struct recorder_place *place, size_t step, struct error *err)
{
	struct csv_place timing;
	bool timed = timing_place(path_join(recorder->folder, run_file_name(FILE_TIMING)), step, &timing);
	for (int i = 0; i < RUN_FILES; i++)
		if (!run_file_is_of_the_end((enum run_file)i) && i != FILE_TIMING)
			TRY(open_file(recorder, (enum run_file)i, &place->file[i], err));
	TRY(open_file(recorder, FILE_TIMING, timed ? &timing : NULL, err));
	for (int i = 0; i < RUN_FILES; i++)
		if (recorder->file[i] && (i != FILE_TIMING || timed))
			TRY(csv_cut(recorder->file[i], err));
	return folder_sync(recorder->folder, err);
}

void recorder_step(struct recorder *recorder, const struct trainer *trainer, const struct step_log *log,
				   const struct evaluation *evaluation, const struct run_price *price)
{
	const struct run_row row = { .trainer = trainer, .log = log, .evaluation = evaluation, .price = price };
	run_file_row(FILE_STEPS, recorder->file[FILE_STEPS], &row);
}

static void rows_of_layers(struct recorder *recorder, struct trainer *trainer, struct load *load, const char *scope)
{
	for (size_t i = 0; i < trainer->net.shape.layers; i++) {
		struct run_row row = { .trainer = trainer, .layer = i, .scope = scope };
		load_metrics(&load[i], &row.metrics);
		run_file_row(FILE_LAYERS, recorder->file[FILE_LAYERS], &row);
	}
}

void recorder_batch(struct recorder *recorder, struct trainer *trainer)
{
	rows_of_layers(recorder, trainer, trainer->batch_load, "batch");
}

static struct run_row row_of_layer(const struct trainer *trainer, size_t layer)
{
	const struct router *router = net_router(&trainer->net, layer);
	return (struct run_row){ .trainer = trainer,
							 .layer = layer,
							 .load = &trainer->eval_load[layer],
							 .has_scores = router->scores != NULL,
							 .bias = router_offsets(router) };
}

static void expert_rows(struct recorder *recorder, const struct trainer *trainer, size_t layer)
{
	struct run_row row = row_of_layer(trainer, layer);
	for (; row.expert < row.load->experts; row.expert++)
		run_file_row(FILE_EXPERTS, recorder->file[FILE_EXPERTS], &row);
}

static void domain_rows(struct recorder *recorder, const struct trainer *trainer, size_t layer)
{
	struct run_row row = row_of_layer(trainer, layer);
	for (; row.domain < row.load->domains; row.domain++)
		for (row.expert = 0; row.expert < row.load->experts; row.expert++)
			run_file_row(FILE_DOMAINS, recorder->file[FILE_DOMAINS], &row);
}

/* One row for each pick of the token, or one that says that there is none. */
static void pick_rows(struct recorder *recorder, const struct moe_route *route, struct run_row *row)
{
	const uint32_t *first = recorder->by_token.first, token = (uint32_t)row->token;
	uint32_t n = first[token + 1] - first[token];
	for (row->slot = 0; row->slot < (n ? n : 1); row->slot++) {
		row->chosen = n ? (int64_t)route->picks->expert[recorder->by_token.pick[first[token] + row->slot]] : -1;
		row->weight = n ? token_picks_weight(route->plan, token, (uint32_t)row->chosen) : 0;
		run_file_row(FILE_TOKENS, recorder->file[FILE_TOKENS], row);
	}
}

static void token_rows(struct recorder *recorder, const struct trainer *trainer, size_t layer)
{
	const struct moe_route *route = &net_router(&trainer->net, layer)->route;
	const struct batch *batch = &trainer->eval_batch;
	size_t sequence[TOKEN_SAMPLE_SEQUENCES], n = token_sample(batch, sequence), length = token_sample_length(batch);
	struct run_row row = row_of_layer(trainer, layer);
	token_picks_sort(&recorder->by_token, route->picks, route->call.tokens);
	for (size_t i = 0; i < n * length; i++) {
		row.token = sequence[i / length] * batch->length + i % length;
		pick_rows(recorder, route, &row);
	}
}

/* Where there are experts to choose from. */
static void rows_of_tokens(struct recorder *recorder, const struct trainer *trainer)
{
	if (trainer->net.call.experts == 0)
		return;
	if (recorder->by_token.first == NULL)
		token_picks_take(&recorder->by_token, trainer);
	for (size_t i = 0; i < trainer->net.shape.layers; i++)
		token_rows(recorder, trainer, i);
}

static void timing_row(struct recorder *recorder, struct trainer *trainer)
{
	const struct run_row row = { .trainer = trainer };
	run_file_row(FILE_TIMING, recorder->file[FILE_TIMING], &row);
	trainer->timing = (struct timing){ 0 };
}

void recorder_evaluation(struct recorder *recorder, struct trainer *trainer)
{
	rows_of_layers(recorder, trainer, trainer->eval_load, "eval");
	for (size_t i = 0; i < trainer->net.shape.layers; i++) {
		expert_rows(recorder, trainer, i);
		domain_rows(recorder, trainer, i);
	}
	rows_of_tokens(recorder, trainer);
	timing_row(recorder, trainer);
}

int recorder_flush(struct recorder *recorder, struct error *err)
{
	for (int i = 0; i < RUN_FILES; i++)
		if (recorder->file[i])
			TRY(csv_flush(recorder->file[i], err));
	return 0;
}

int recorder_sync(struct recorder *recorder, struct error *err)
{
	TRY(recorder_flush(recorder, err));
	for (int i = 0; i < RUN_FILES; i++)
		if (recorder->file[i] && i != FILE_TIMING)
			TRY(csv_sync(recorder->file[i], err));
	return 0;
}

struct recorder_place recorder_place(const struct recorder *recorder)
{
	struct recorder_place place = { { { 0 } } };
	for (int i = 0; i < RUN_PLACES; i++)
		if (recorder->file[i] && i != FILE_TIMING)
			place.file[i] = csv_place(recorder->file[i]);
	return place;
}

static int write_summary(struct recorder *recorder, const struct trainer *trainer, const struct outcome *outcome,
						 struct error *err)
{
	const struct run_row row = { .trainer = trainer, .outcome = outcome, .run = path_last(recorder->folder) };
	struct whole_csv csv;
	whole_csv_begin(&csv, run_file_header(FILE_SUMMARY, recorder->settings));
	run_file_row(FILE_SUMMARY, csv.rows, &row);
	return whole_csv_end(&csv, path_join(recorder->folder, run_file_name(FILE_SUMMARY)), err);
}

static int write_positions(struct recorder *recorder, const struct trainer *trainer, struct error *err)
{
	struct whole_csv csv;
	whole_csv_begin(&csv, run_file_header(FILE_POSITIONS, recorder->settings));
	for (size_t i = 0; i < trainer->net.shape.layers; i++) {
		struct run_row row = row_of_layer(trainer, i);
		for (; row.position < row.load->length; row.position++)
			run_file_row(FILE_POSITIONS, csv.rows, &row);
	}
	return whole_csv_end(&csv, path_join(recorder->folder, run_file_name(FILE_POSITIONS)), err);
}

static void bill_row(enum run_file file, const struct run_bill *bill, size_t i, struct run_row *row)
{
	row->bandwidth = file == FILE_BANDWIDTH ? &bill->bandwidth[i] : NULL;
	row->phase = file == FILE_PHASES ? &bill->phase[i] : NULL;
	row->device = file == FILE_DEVICES ? &bill->device[i] : NULL;
}

static int write_bill(struct recorder *recorder, const struct trainer *trainer, const struct run_bill *bill,
					  struct error *err)
{
	const size_t rows[RUN_FILES] = {
		[FILE_BANDWIDTH] = bill->bandwidths, [FILE_PHASES] = bill->phases, [FILE_DEVICES] = bill->devices
	};
	for (int file = 0; file < RUN_FILES; file++) {
		struct run_row row = { .trainer = trainer, .bill = bill };
		struct whole_csv csv;
		if (rows[file] == 0)
			continue;
		whole_csv_begin(&csv, run_file_header((enum run_file)file, recorder->settings));
		for (size_t i = 0; i < rows[file]; i++) {
			bill_row((enum run_file)file, bill, i, &row);
			run_file_row((enum run_file)file, csv.rows, &row);
		}
		TRY(whole_csv_end(&csv, path_join(recorder->folder, run_file_name((enum run_file)file)), err));
	}
	return 0;
}

int recorder_summary(struct recorder *recorder, const struct trainer *trainer, const struct outcome *outcome,
					 const struct run_bill *bill, struct error *err)
{
	if (router_capacity(net_router(&trainer->net, 0), false) > 0)
		TRY(write_positions(recorder, trainer, err));
	TRY(write_bill(recorder, trainer, bill, err));
	return write_summary(recorder, trainer, outcome, err);
}

int recorder_close(struct recorder *recorder, struct error *err)
{
	int status = 0;
	token_picks_free(&recorder->by_token);
	for (int i = 0; i < RUN_FILES; i++) {
		if (recorder->file[i] && csv_close(recorder->file[i], true, err) != 0)
			status = -1;
		recorder->file[i] = NULL;
	}
	return status;
}
