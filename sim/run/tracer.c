/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tracer.c -- the routing of the held-out tokens, in a file that `analyze` reads beside those of real models.
 */
#include <config.h>

#include "sim/run/tracer.h"

#include <stdlib.h>
#include <unistd.h>

#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/run/token_picks.h"

#define TOKENS "model,step,domain,token,layer,slot,expert,weight,token_id,text,position"
static const char *const headers[] = { "model,step,domain,layer,expert,count", TOKENS, TOKENS };

int tracer_open(struct tracer *tracer, const char *path, enum tracer_form form, struct error *err)
{
	*tracer = (struct tracer){ .path = path, .form = form };
	return file_reserve(path, &tracer->beside, err);
}

/* What all rows of a trace share. */
struct tracer_desk {
	struct csv_writer *file;
	const char *model;
	const struct trainer *trainer;
	struct token_picks by_token;
};

static void put_front(const struct tracer_desk *desk, uint32_t domain)
{
	csv_text(desk->file, desk->model);
	csv_int(desk->file, (int64_t)desk->trainer->step);
	csv_text(desk->file, desk->trainer->stream.domain_names[domain]);
}

static int write_counts(struct tracer_desk *desk, struct trainer *trainer, struct error *err)
{
	trainer_evaluate(trainer);
	for (size_t layer = 0; layer < trainer->net.shape.layers; layer++) {
		const struct load *load = &trainer->eval_load[layer];
		for (size_t i = 0; i < load->domains * load->experts; i++) {
			if (load->domain_tokens[i / load->experts] == 0)
				continue; /* no token was held out of this domain: there is nothing to tell of it */
			put_front(desk, (uint32_t)(i / load->experts));
			csv_int(desk->file, (int64_t)layer);
			csv_int(desk->file, (int64_t)(i % load->experts));
			csv_double(desk->file, load->joint[i]);
			csv_row(desk->file);
		}
		TRY(csv_flush(desk->file, err));
	}
	return 0;
}

/* number: of the batch among those that share a step. */
static void put_token(const struct tracer_desk *desk, const struct moe_route *route, const struct batch *batch,
					  size_t number, uint32_t token, size_t layer)
{
	const struct moe_picks *picks = route->picks;
	const struct token_picks *by = &desk->by_token;
	for (uint32_t i = by->first[token]; i < by->first[token + 1]; i++) {
		uint32_t expert = picks->expert[by->pick[i]];
		put_front(desk, batch->domain[token]);
		csv_int(desk->file, (int64_t)(number * route->call.tokens + token));
		csv_int(desk->file, (int64_t)layer);
		csv_int(desk->file, (int64_t)(i - by->first[token]));
		csv_int(desk->file, expert);
		csv_real(desk->file, token_picks_weight(route->plan, token, expert));
		csv_int(desk->file, batch->id[token]);
		csv_text(desk->file, stream_text(&desk->trainer->stream, batch->id[token]));
		csv_int(desk->file, (int64_t)(token % batch->length));
		csv_row(desk->file);
	}
}

/* The picks of the last batch that was routed. */
static int write_batch(struct tracer_desk *desk, const struct batch *batch, size_t number, struct error *err)
{
	for (size_t layer = 0; layer < desk->trainer->net.shape.layers; layer++) {
		const struct moe_route *route = &net_router(&desk->trainer->net, layer)->route;
		token_picks_sort(&desk->by_token, route->picks, route->call.tokens);
		for (uint32_t t = 0; t < route->call.tokens; t++)
			put_token(desk, route, batch, number, t, layer);
	}
	return csv_flush(desk->file, err);
}

static int write_tokens(struct tracer_desk *desk, struct trainer *trainer, struct error *err)
{
	for (size_t i = 0; i < trainer->eval_batches; i++) {
		stream_eval(&trainer->stream, i, &trainer->eval_batch);
		net_forward(&trainer->net, &trainer->eval_batch, i + 1, false);
		TRY(write_batch(desk, &trainer->eval_batch, i, err));
	}
	return 0;
}

static void free_desk(struct tracer *tracer)
{
	token_picks_free(&tracer->desk->by_token);
	free(tracer->desk);
	tracer->desk = NULL;
}

static int open_desk(struct tracer *tracer, const char *model, const struct trainer *trainer, struct error *err)
{
	struct tracer_desk *desk = tracer->desk = calloc(1, sizeof *desk);
	if (desk == NULL)
		error_no_memory("a trace");
	desk->model = model;
	desk->trainer = trainer;
	token_picks_take(&desk->by_token, trainer);
	desk->file = csv_open(tracer->beside, headers[tracer->form], NULL, err);
	if (desk->file)
		return 0;
	free_desk(tracer);
	return -1;
}

/* Closes the file, whatever came of it; status: of what was written. */
static int close_desk(struct tracer *tracer, int status, struct error *err)
{
	struct error later;
	int closed = csv_close(tracer->desk->file, true, status == 0 ? err : &later);
	free_desk(tracer);
	return status == 0 ? closed : status;
}

void tracer_drop(struct tracer *tracer)
{
	struct error unheard;
	if (tracer->desk)
		close_desk(tracer, -1, &unheard);
	if (tracer->beside)
		unlink(tracer->beside);
	tracer->beside = NULL;
}

int tracer_step(struct tracer *tracer, const char *model, const struct trainer *trainer, struct error *err)
{
	if (tracer->desk == NULL)
		TRY(open_desk(tracer, model, trainer, err));
	return write_batch(tracer->desk, &trainer->batch, 0, err);
}

int tracer_write(struct tracer *tracer, const char *model, struct trainer *trainer, struct error *err)
{
	int status = 0;
	if (tracer->desk == NULL)
		TRY(open_desk(tracer, model, trainer, err));
	if (tracer->form != TRACER_TRAINING)
		status = (tracer->form == TRACER_COUNTS ? write_counts : write_tokens)(tracer->desk, trainer, err);
	TRY(close_desk(tracer, status, err));
	const char *beside = tracer->beside;
	tracer->beside = NULL;
	return file_place(beside, tracer->path, err);
}
