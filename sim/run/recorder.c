/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recorder.c -- the run folder: what is written when.
 */
#include <config.h>

#include "sim/run/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

/* ---- the folder ----------------------------------------------------------------------------------------------- */

/* What a process left that was killed while it wrote the first manifest counts as nothing. */
static bool is_empty(const char *folder)
{
	DIR *dir = opendir(folder);
	bool empty = dir != NULL || errno == ENOENT;
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !file_is_leftover(entry->d_name))
			empty = false;
	if (dir)
		closedir(dir);
	return empty;
}

static int refuse_folder(const char *folder, enum recorder_mode mode, struct error *err)
{
	bool holds_run;
	TRY(file_look(path_join(folder, "manifest.json"), &holds_run, err));
	if (holds_run) {
		if (mode != RECORDER_NEW)
			return 0;
		fail(err, ERROR_USER, "the folder holds a run (choose another --out, or give --resume or --force)");
	} else if (mode == RECORDER_RESUME)
		fail(err, ERROR_USER, "there is no run to resume here");
	else if (!is_empty(folder))
		fail(err, ERROR_USER, "the folder is not empty and holds no run (choose another --out)");
	else
		return 0;
	return fail_at(err, folder, 0, 0);
}

static int take_lock(struct recorder *recorder, struct error *err)
{
	recorder->lock = open(recorder->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (recorder->lock >= 0 && flock(recorder->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	fail(err, ERROR_WORLD,
		 errno == EWOULDBLOCK ? "another process is writing to this folder" : "cannot lock the folder: %s",
		 strerror(errno));
	return fail_at(err, recorder->folder, 0, 0);
}

static bool is_of_the_end(enum run_file file)
{
	return file == FILE_SUMMARY || file == FILE_POSITIONS;
}

static int remove_files(const struct recorder *recorder, bool all, struct error *err)
{
	for (int i = 0; i < RUN_FILES; i++)
		if (all || is_of_the_end((enum run_file)i))
			TRY(file_remove(path_join(recorder->folder, run_file_name((enum run_file)i)), err));
	return folder_sync(recorder->folder, err);
}

int recorder_clear(const struct recorder *recorder, struct error *err)
{
	TRY(file_remove(path_join(recorder->folder, "checkpoint.bin"), err));
	return remove_files(recorder, true, err);
}

int recorder_clear_end(const struct recorder *recorder, struct error *err)
{
	return remove_files(recorder, false, err);
}

static bool is_writable(const char *folder)
{
	return access(folder, W_OK | X_OK) == 0;
}

int recorder_enter(struct recorder *recorder, const char *folder, enum recorder_mode mode, struct error *err)
{
	*recorder = (struct recorder){ .folder = folder, .lock = -1 };
	if (folder_exists(folder) || mode == RECORDER_RESUME)
		TRY(refuse_folder(folder, mode, err));
	TRY(folder_make(folder, err));
	if (!is_writable(folder))
		return fail(err, ERROR_WORLD, "cannot write into this folder: %s", strerror(errno)), fail_at(err, folder, 0, 0);
	TRY(take_lock(recorder, err));
	TRY(refuse_folder(folder, mode, err)); /* another process may have made a run here until a moment ago */
	return folder_sweep(folder, err);
}

static int open_file(struct recorder *recorder, enum run_file file, const struct csv_place *place, struct error *err)
{
	const char *path = path_join(recorder->folder, run_file_name(file));
	recorder->file[file] = csv_open(path, run_file_header(file), place, err);
	return recorder->file[file] == NULL ? -1 : 0;
}

/* The names of the files are synced here once; their rows are synced at checkpoints. */
int recorder_open(struct recorder *recorder, struct error *err)
{
	for (int i = 0; i < RUN_FILES; i++)
		if (!is_of_the_end((enum run_file)i))
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
	const char *header = run_file_header(FILE_TIMING);
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
		if (!is_of_the_end((enum run_file)i) && i != FILE_TIMING)
			TRY(open_file(recorder, (enum run_file)i, &place->file[i], err));
	TRY(open_file(recorder, FILE_TIMING, timed ? &timing : NULL, err));
	for (int i = 0; i < RUN_FILES; i++)
		if (recorder->file[i] && (i != FILE_TIMING || timed))
			TRY(csv_cut(recorder->file[i], err));
	return folder_sync(recorder->folder, err);
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* NAN is "not measured" throughout; other values are written so that they read back exactly. */
static void cell(struct csv_writer *file, double value)
{
	if (isnan(value))
		csv_empty(file);
	else
		csv_double(file, value);
}

/* What a step computed: there a nan is a result, not a gap.  Before the first step there is nothing. */
static void loss_cell(struct csv_writer *file, const struct trainer *trainer, double value)
{
	if (trainer->step)
		csv_double(file, value);
	else
		csv_empty(file);
}

static double excess(const struct trainer *trainer, const struct evaluation *evaluation)
{
	return evaluation->loss - trainer->anchors.bayes;
}

void recorder_step(struct recorder *recorder, const struct trainer *trainer, const struct step_log *log,
				   const struct evaluation *evaluation)
{
	struct csv_writer *file = recorder->file[FILE_STEPS];
	csv_int(file, (int64_t)trainer->step);
	csv_int(file, (int64_t)(trainer->step * trainer->net.call.tokens));
	loss_cell(file, trainer, log->loss);
	loss_cell(file, trainer, log->lm_loss);
	cell(file, trainer->step ? trainer_term(trainer, "aux_loss") : NAN);
	cell(file, trainer->step ? trainer_term(trainer, "z_loss") : NAN);
	cell(file, evaluation ? evaluation->loss : NAN);
	cell(file, evaluation ? trainer->anchors.bayes : NAN);
	cell(file, evaluation ? excess(trainer, evaluation) : NAN);
	cell(file, log->rate);
	loss_cell(file, trainer, log->grad_norm);
	cell(file, trainer->flops);
	csv_row(file);
}

static void layer_rows_of(struct recorder *recorder, struct trainer *trainer, struct load *load, const char *scope)
{
	struct csv_writer *file = recorder->file[FILE_LAYERS];
	for (size_t i = 0; i < trainer->net.shape.layers; i++) {
		struct metrics metrics;
		load_metrics(&load[i], &metrics);
		csv_int(file, (int64_t)trainer->step);
		csv_int(file, (int64_t)i);
		csv_text(file, scope);
		for (int j = 0; j < METRIC_COUNT; j++)
			cell(file, metric_value(&metric_rows[j], &metrics));
		csv_row(file);
	}
}

void recorder_batch(struct recorder *recorder, struct trainer *trainer)
{
	layer_rows_of(recorder, trainer, trainer->batch_load, "batch");
}

static void expert_rows(struct recorder *recorder, const struct trainer *trainer, size_t layer)
{
	struct csv_writer *file = recorder->file[FILE_EXPERTS];
	const struct load *load = &trainer->eval_load[layer];
	const struct router *router = net_router(&trainer->net, layer);
	const real *bias = router_offsets(router);
	for (size_t e = 0; e < load->experts; e++) {
		csv_int(file, (int64_t)trainer->step);
		csv_int(file, (int64_t)layer);
		csv_int(file, (int64_t)e);
		csv_double(file, load->assigned[e]);
		csv_double(file, load->kept[e]);
		cell(file, router->scores ? load->prob[e] / load->tokens : NAN);
		if (bias)
			csv_real(file, bias[e]);
		else
			csv_empty(file);
		csv_row(file);
	}
}

static void domain_rows(struct recorder *recorder, const struct trainer *trainer, size_t layer)
{
	struct csv_writer *file = recorder->file[FILE_DOMAINS];
	const struct load *load = &trainer->eval_load[layer];
	for (size_t i = 0; i < load->domains * load->experts; i++) {
		csv_int(file, (int64_t)trainer->step);
		csv_int(file, (int64_t)layer);
		csv_text(file, trainer->stream.domain_names[i / load->experts]);
		csv_int(file, (int64_t)(i % load->experts));
		csv_double(file, load->joint[i]);
		csv_row(file);
	}
}

static void timing_row(struct recorder *recorder, struct trainer *trainer)
{
	struct csv_writer *file = recorder->file[FILE_TIMING];
	const struct timing *timing = &trainer->timing;
	csv_int(file, (int64_t)trainer->step);
	csv_double(file, timing->data);
	csv_double(file, timing->forward);
	csv_double(file, timing->backward);
	csv_double(file, timing->optim);
	csv_double(file, timing->metrics);
	csv_row(file);
	trainer->timing = (struct timing){ 0 };
}

void recorder_evaluation(struct recorder *recorder, struct trainer *trainer)
{
	layer_rows_of(recorder, trainer, trainer->eval_load, "eval");
	for (size_t i = 0; i < trainer->net.shape.layers; i++) {
		expert_rows(recorder, trainer, i);
		domain_rows(recorder, trainer, i);
	}
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
	for (int i = 0; i < RUN_FILES; i++)
		if (recorder->file[i] && i != FILE_TIMING)
			place.file[i] = csv_place(recorder->file[i]);
	return place;
}

/* ---- the end -------------------------------------------------------------------------------------------------- */

static void summary_row(struct csv_writer *file, const char *run, const struct trainer *trainer,
						const struct outcome *outcome)
{
	const struct settings *settings = trainer->settings;
	const struct metrics *mean = &outcome->mean;
	csv_text(file, run);
	csv_text(file, settings->sentence.name);
	csv_text(file, settings->text);
	csv_int(file, settings->config.seed);
	csv_text(file, outcome->status);
	csv_int(file, (int64_t)trainer->step);
	csv_int(file, (int64_t)(trainer->step * trainer->net.call.tokens));
	cell(file, outcome->evaluation.loss);
	cell(file, trainer->anchors.bayes);
	cell(file, excess(trainer, &outcome->evaluation));
	cell(file, mean->maxvio);
	cell(file, mean->cv);
	cell(file, mean->dead_experts);
	cell(file, mean->drop_rate);
	cell(file, mean->domain_mi);
	csv_int(file, trainer->cost.params_total);
	csv_int(file, outcome->params_active);
	cell(file, outcome->flops_per_token);
	cell(file, trainer->flops);
	csv_text(file, leak_word(outcome->leak));
	cell(file, outcome->leak.change);
	cell(file, outcome->worst.maxvio);
	cell(file, mean->domain_nmi);
	cell(file, mean->domain_mi_floor);
	cell(file, mean->maxvio_floor);
	cell(file, mean->effective_experts);
	cell(file, mean->utilisation);
	cell(file, mean->entropy_normalised);
	csv_int(file, (int64_t)trainer->net.call.experts);
	csv_int(file, (int64_t)trainer->net.shape.layers);
	cell(file, trainer->anchors.uniform);
	cell(file, trainer->anchors.unigram);
	cell(file, trainer->anchors.bigram);
	cell(file, trainer->anchors.oracle);
	cell(file, trainer->anchors.bag);
	cell(file, outcome->pairs_per_token);
	csv_row(file);
}

static void position_rows(struct csv_writer *file, const struct trainer *trainer, size_t layer)
{
	const struct load *load = &trainer->eval_load[layer];
	for (size_t i = 0; i < load->length; i++) {
		csv_int(file, (int64_t)trainer->step);
		csv_int(file, (int64_t)layer);
		csv_int(file, (int64_t)i);
		csv_double(file, load->position_assigned[i]);
		csv_double(file, load->position_kept[i]);
		csv_row(file);
	}
}

static void rows_of_the_end(struct csv_writer *file, enum run_file which, const char *run,
							const struct trainer *trainer, const struct outcome *outcome)
{
	if (which == FILE_SUMMARY)
		summary_row(file, run, trainer, outcome);
	for (size_t i = 0; which == FILE_POSITIONS && i < trainer->net.shape.layers; i++)
		position_rows(file, trainer, i);
}

/* The file appears whole or not at all. */
static int write_at_the_end(struct recorder *recorder, enum run_file which, const struct trainer *trainer,
							const struct outcome *outcome, struct error *err)
{
	const char *path = path_join(recorder->folder, run_file_name(which));
	struct memory_file memory;
	memory_file_open(&memory);
	struct csv_writer *file = csv_open_stream(memory.to, run_file_header(which));
	rows_of_the_end(file, which, path_last(recorder->folder), trainer, outcome);
	int status = csv_close(file, false, err);
	memory_file_close(&memory);
	if (status == 0)
		status = file_replace(path, memory.text, memory.size, err);
	free(memory.text);
	return status;
}

int recorder_summary(struct recorder *recorder, const struct trainer *trainer, const struct outcome *outcome,
					 struct error *err)
{
	if (net_router(&trainer->net, 0)->capacity > 0)
		TRY(write_at_the_end(recorder, FILE_POSITIONS, trainer, outcome, err));
	return write_at_the_end(recorder, FILE_SUMMARY, trainer, outcome, err);
}

int recorder_close(struct recorder *recorder, struct error *err)
{
	int status = 0;
	for (int i = 0; i < RUN_FILES; i++) {
		if (recorder->file[i] && csv_close(recorder->file[i], true, err) != 0)
			status = -1;
		recorder->file[i] = NULL;
	}
	return status;
}

void recorder_leave(struct recorder *recorder)
{
	if (recorder->lock >= 0)
		close(recorder->lock);
	recorder->lock = -1;
}
