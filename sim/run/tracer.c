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
#include "sim/base/real.h"

static const char *const headers[] = { "model,step,domain,layer,expert,count",
									   "model,step,domain,token,layer,slot,expert,weight" };

int tracer_open(struct tracer *tracer, const char *path, enum tracer_form form, struct error *err)
{
	*tracer = (struct tracer){ .path = path, .form = form };
	return file_reserve(path, &tracer->beside, err);
}

void tracer_drop(struct tracer *tracer)
{
	if (tracer->beside)
		unlink(tracer->beside);
	tracer->beside = NULL;
}

/* What all rows of a trace share, and memory to sort a batch's picks by token. */
struct desk {
	struct csv_writer *file;
	const char *model;
	const struct trainer *trainer;
	uint32_t *first; /* [tokens + 2] token t's picks stand at first[t] .. first[t + 1] - 1 */
	uint32_t *pick;  /* [picks] by token, then by rank, then as they were found */
};

static void put_front(const struct desk *desk, uint32_t domain)
{
	csv_text(desk->file, desk->model);
	csv_int(desk->file, (int64_t)desk->trainer->step);
	csv_text(desk->file, desk->trainer->stream.domain_names[domain]);
}

static int write_counts(struct desk *desk, struct trainer *trainer, struct error *err)
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

/* Counting sort by token, then by rank inside a token, where there are few. */
static void sort_picks(struct desk *desk, const struct moe_picks *picks, size_t tokens)
{
	uint32_t *first = desk->first;
	for (size_t t = 0; t < tokens + 2; t++)
		first[t] = 0;
	for (size_t i = 0; i < picks->n; i++)
		first[picks->token[i] + 2]++;
	for (size_t t = 0; t < tokens; t++)
		first[t + 2] += first[t + 1];
	for (uint32_t i = 0; i < picks->n; i++) {
		uint32_t begin = picks->token[i] ? first[picks->token[i]] : 0, at = first[picks->token[i] + 1]++;
		for (; at > begin && picks->rank[desk->pick[at - 1]] > picks->rank[i]; at--)
			desk->pick[at] = desk->pick[at - 1];
		desk->pick[at] = i;
	}
}

/* The combine weight of token and expert; 0 when the pick was dropped. */
static real weight_of(const struct moe_plan *plan, uint32_t token, uint32_t expert)
{
	for (size_t i = plan->token_first[token]; i < plan->token_first[token + 1]; i++)
		if (plan->expert[plan->by_token[i]] == expert)
			return plan->weight[plan->by_token[i]];
	return 0;
}

static void put_token(const struct desk *desk, const struct moe_route *route, size_t batch, uint32_t token,
					  size_t layer)
{
	const struct moe_picks *picks = route->picks;
	for (uint32_t i = desk->first[token]; i < desk->first[token + 1]; i++) {
		uint32_t expert = picks->expert[desk->pick[i]];
		put_front(desk, desk->trainer->eval_batch.domain[token]);
		csv_int(desk->file, (int64_t)(batch * route->call.tokens + token));
		csv_int(desk->file, (int64_t)layer);
		csv_int(desk->file, (int64_t)(i - desk->first[token]));
		csv_int(desk->file, expert);
		csv_real(desk->file, weight_of(route->plan, token, expert));
		csv_row(desk->file);
	}
}

static int write_tokens(struct desk *desk, struct trainer *trainer, struct error *err)
{
	for (size_t batch = 0; batch < trainer->eval_batches; batch++) {
		stream_eval(&trainer->stream, batch, &trainer->eval_batch);
		net_forward(&trainer->net, &trainer->eval_batch, batch + 1, false);
		for (size_t layer = 0; layer < trainer->net.shape.layers; layer++) {
			const struct moe_route *route = &net_router(&trainer->net, layer)->route;
			sort_picks(desk, route->picks, route->call.tokens);
			for (uint32_t t = 0; t < route->call.tokens; t++)
				put_token(desk, route, batch, t, layer);
		}
		TRY(csv_flush(desk->file, err));
	}
	return 0;
}

static void take_desk(struct desk *desk)
{
	const struct router *router = net_router(&desk->trainer->net, 0);
	desk->first = calloc(desk->trainer->net.call.tokens + 2, sizeof *desk->first);
	desk->pick = calloc(router->max_pairs + 1, sizeof *desk->pick);
	if (desk->first == NULL || desk->pick == NULL)
		error_no_memory("a trace");
}

static int write_all(const struct tracer *tracer, struct desk *desk, struct trainer *trainer, struct error *err)
{
	struct error later;
	desk->file = csv_open(tracer->beside, headers[tracer->form], NULL, err);
	if (desk->file == NULL)
		return -1;
	int status = tracer->form == TRACER_COUNTS ? write_counts(desk, trainer, err) : write_tokens(desk, trainer, err);
	int closed = csv_close(desk->file, true, status == 0 ? err : &later);
	return status == 0 ? closed : status;
}

int tracer_write(struct tracer *tracer, const char *model, struct trainer *trainer, struct error *err)
{
	struct desk desk = { .model = model, .trainer = trainer };
	take_desk(&desk);
	int status = write_all(tracer, &desk, trainer, err);
	free(desk.first);
	free(desk.pick);
	if (status != 0)
		return -1;
	const char *beside = tracer->beside;
	tracer->beside = NULL;
	return file_place(beside, tracer->path, err);
}
