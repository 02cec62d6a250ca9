/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trainer.c -- one run in memory.
 */
#include <config.h>

#include "sim/train/trainer.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/multiply/product.h"

static double clock_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Adds the time since *since to *phase and moves *since to now. */
static void lap(double *since, double *phase)
{
	double now = clock_seconds();
	*phase += now - *since;
	*since = now;
}

/* What the projector has, as its matrices' entries and its other values. */
static void count_router(const struct config *config, const struct sentence *sentence, struct cost_shape *shape)
{
	struct moe_call call = layer_call(sentence, &config->layer);
	struct moe_param list[MOE_PARAMS];
	call.width = (size_t)config->width;
	size_t n = router_params(sentence, &call, list);
	shape->router = n > 0;
	for (size_t i = 0; i < n; i++)
		*(list[i].elementwise ? &shape->router_values : &shape->router_weights) +=
			(int64_t)(list[i].rows * list[i].columns);
}

struct cost_shape trainer_shape(const struct config *config, const struct sentence *sentence, size_t vocabulary)
{
	struct moe_call call = layer_call(sentence, &config->layer);
	struct cost_shape shape = { .layers = config->layers,
								.width = config->width,
								.vocabulary = (int64_t)vocabulary,
								.mixer[0].heads = config->heads,
								.experts = (int64_t)(call.experts - call.bare),
								.zero_experts = (int64_t)(call.bare - call.constant),
								.constant_experts = (int64_t)call.constant,
								.top_k = call.experts ? config->layer.k : 0,
								.expert_width = config->layer.expert_width,
								.shared = config->layer.shared,
								.shared_width = (int64_t)layer_shared_width(sentence, &config->layer) };
	count_router(config, sentence, &shape);
	return cost_simulated(shape);
}

static struct net_shape shape_of(const struct config *config, const struct stream *stream)
{
	return (struct net_shape){ .layers = (size_t)config->layers,
							   .width = (size_t)config->width,
							   .heads = (size_t)config->heads,
							   .vocabulary = stream->vocabulary,
							   .domains = stream->domains,
							   .classes = stream->classes > 0 ? stream->classes : stream->vocabulary,
							   .embedding_scale = config->embedding_scale,
							   .sequences = (size_t)config->batch,
							   .length = (size_t)config->length };
}

/* Takes everything that a run needs, or counts it. */
static void lay_out(struct trainer *trainer)
{
	const struct config *config = &trainer->settings->config;
	struct net_shape shape = shape_of(config, &trainer->stream);
	struct arena *arena = &trainer->arena;
	size_t experts = layer_call(&trainer->settings->sentence, &config->layer).experts;
	batch_take(&trainer->batch, arena, shape.sequences, shape.length);
	batch_take(&trainer->eval_batch, arena, shape.sequences, shape.length);
	if (trainer->stream.counts) {
		batch_take_counts(&trainer->batch, arena);
		batch_take_counts(&trainer->eval_batch, arena);
	}
	if (sentence_wants(&trainer->settings->sentence) & MOE_GUESSES) {
		batch_take_guess(&trainer->batch, arena);
		batch_take_guess(&trainer->eval_batch, arena);
	}
	net_create(&trainer->net, &shape, &trainer->settings->sentence, &config->layer, (uint64_t)config->seed, arena);
	trainer->kept_loss = ARENA_TAKE(arena, shape.sequences * shape.length, double);
	lookahead_create(&trainer->lookahead, net_router(&trainer->net, 0), &trainer->net.call, arena);
	trainer->batch_load = ARENA_KEEP(arena, shape.layers, struct load);
	trainer->eval_load = ARENA_KEEP(arena, shape.layers, struct load);
	for (size_t i = 0; i < shape.layers; i++) {
		load_create(&trainer->batch_load[i], experts, trainer->stream.domains, shape.length, arena);
		load_create(&trainer->eval_load[i], experts, trainer->stream.domains, shape.length, arena);
	}
}

static int refuse(double bytes, double have, struct error *err)
{
	char a[TEXT_NUMBER], b[TEXT_NUMBER];
	return fail(err, ERROR_USER,
				"this model needs %s of memory and the machine has %s (lower --experts, --expert-width, "
				"--width, --layers or --batch)",
				text_of_bytes(bytes, a), text_of_bytes(have, b));
}

/* Before anything is counted entry by entry: values, gradients and two moments of every parameter must fit. */
static int check_params(const struct cost_count *cost, struct error *err)
{
	double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
	double bytes = 4.0 * (double)sizeof(real) * (double)cost->params_total;
	return bytes > have ? refuse(bytes, have, err) : 0;
}

/* A planted router needs a stream whose law is known. */
static int check_labels(const struct stream *stream, const struct sentence *sentence, struct error *err)
{
	unsigned missing = sentence_wants(sentence) & (MOE_DOMAINS | MOE_GUESSES | MOE_CLASSES) & ~stream_gives(stream);
	if (missing == 0)
		return 0;
	return fail(err, ERROR_USER,
				"selector '%s' needs to know the %s, which the stream '%s' does not tell (try topicmix)",
				sentence->selector.part->name,
				missing & MOE_GUESSES ? "likeliest domain of each token" : "class of each token", stream->type->name);
}

static int open_stream(struct trainer *trainer, const struct settings *settings, struct error *err)
{
	const struct config *config = &settings->config;
	*trainer = (struct trainer){ .settings = settings };
	if (stream_open(&trainer->stream, config->stream, (uint64_t)config->seed, err) != 0)
		return fail_at(err, "--stream", 0, err->column);
	struct stream_use use = { (size_t)config->length, (size_t)config->batch, (size_t)config->steps };
	if (stream_check(&trainer->stream, &use, err) != 0)
		return fail_at(err, "--stream", 0, 0);
	TRY(check_labels(&trainer->stream, &settings->sentence, err));
	struct cost_shape shape = trainer_shape(config, &settings->sentence, trainer->stream.vocabulary);
	if (cost_count(&shape, config->length, &trainer->cost, err) != 0)
		return fail(err, ERROR_USER,
					"this model is too large to be counted (lower --experts, --expert-width or --width)");
	return check_params(&trainer->cost, err);
}

/* Opens the stream and counts the memory; on success trainer->arena is empty and no longer counting. */
static int measure(struct trainer *trainer, const struct settings *settings, double *bytes, struct error *err)
{
	double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
	if (open_stream(trainer, settings, err) != 0) {
		if (trainer->stream.type)
			stream_close(&trainer->stream);
		return -1;
	}
	trainer->arena.counting = true;
	lay_out(trainer);
	*bytes = (double)trainer->arena.bytes;
	net_free(&trainer->net);
	arena_free(&trainer->arena);
	trainer->arena.counting = false;
	if (*bytes <= have)
		return 0;
	stream_close(&trainer->stream);
	return refuse(*bytes, have, err);
}

int trainer_measure(const struct settings *settings, struct trainer_needs *needs, struct error *err)
{
	struct trainer trainer;
	TRY(measure(&trainer, settings, &needs->bytes, err));
	needs->cost = trainer.cost;
	stream_close(&trainer.stream);
	return 0;
}

/* The reference losses on the tokens that every evaluation uses. */
static void set_anchors(struct trainer *trainer)
{
	struct anchors sum = { .uniform = trainer->stream.uniform, .unigram = trainer->stream.unigram };
	double targets = 0;
	for (size_t i = 0; i < trainer->eval_batches; i++) {
		stream_eval(&trainer->stream, i, &trainer->eval_batch);
		stream_bayes(&trainer->stream, &trainer->eval_batch, &sum.bayes, &sum.oracle);
		stream_bigram(&trainer->stream, &trainer->eval_batch, &sum.bigram);
		stream_bag(&trainer->stream, &trainer->eval_batch, &sum.bag);
		targets += (double)batch_counted(&trainer->eval_batch);
	}
	sum.bayes /= targets;
	sum.oracle /= targets;
	sum.bigram /= targets;
	sum.bag /= targets;
	trainer->anchors = sum;
}

void trainer_go_to(struct trainer *trainer, size_t step)
{
	trainer->step = step;
	if (stream_enter(&trainer->stream, step))
		set_anchors(trainer);
}

/* What a trace must have to be replayed. */
static struct recording_shape recording_shape_of(const struct trainer *trainer)
{
	const struct config *config = &trainer->settings->config;
	const struct router *router = net_router(&trainer->net, 0);
	const struct moe_selector *selector = (const struct moe_selector *)router->sentence->selector.part;
	return (struct recording_shape){ .layers = trainer->net.shape.layers,
									 .experts = trainer->net.call.experts,
									 .k = trainer->net.call.k,
									 .tokens = trainer->net.call.tokens,
									 .steps = (size_t)config->steps,
									 .evaluations = trainer->eval_batches,
									 .most = router->max_pairs,
									 .each = selector->max_picks == NULL,
									 .ranked = selector->max_picks == NULL || selector->varies };
}

static int open_recording(struct trainer *trainer, struct error *err)
{
	const char *path = trainer->settings->config.replay;
	struct recording_shape shape = recording_shape_of(trainer);
	if (*path == 0)
		return 0;
	if (shape.experts == 0)
		return fail(err, ERROR_USER, "strategy '%s' has no experts, so there is no routing to replay",
					trainer->settings->sentence.name),
			   fail_at(err, "--replay", 0, 0);
	TRY(recording_read(path, &shape, &trainer->recording, err));
	for (size_t i = 0; i < net_routers(&trainer->net); i++)
		router_replay(net_router(&trainer->net, i), &trainer->recording);
	return 0;
}

int trainer_open(struct trainer *trainer, const struct settings *settings, struct error *err)
{
	const struct config *config = &settings->config;
	size_t tokens = (size_t)(config->batch * config->length);
	double bytes;
	TRY(product_use((enum product_kernel)config->kernel, err));
	TRY(measure(trainer, settings, &bytes, err));
	lay_out(trainer);
	net_init(&trainer->net, (uint64_t)config->seed);
	trainer->eval_batches = ((size_t)config->eval_tokens + tokens - 1) / tokens;
	trainer->optim = (struct optim){ .rate = config->rate,
									 .floor = config->floor,
									 .warmup = (size_t)config->warmup,
									 .steps = (size_t)config->steps,
									 .decay = (enum optim_decay)config->decay,
									 .beta1 = config->beta1,
									 .beta2 = config->beta2,
									 .epsilon = 1e-8,
									 .weight_decay = config->weight_decay,
									 .clip = config->clip };
	set_anchors(trainer);
	if (open_recording(trainer, err) == 0)
		return 0;
	trainer_close(trainer);
	return -1;
}

void trainer_close(struct trainer *trainer)
{
	recording_free(&trainer->recording);
	net_free(&trainer->net);
	arena_free(&trainer->arena);
	stream_close(&trainer->stream);
}

static void add_layers(struct trainer *trainer, struct load *load, const struct batch *batch)
{
	for (size_t i = 0; i < trainer->net.shape.layers; i++)
		load_add(&load[i], net_router(&trainer->net, i), batch->domain);
}

/* Three times the forward pass, with the pairs that really ran. */
static double step_flops(const struct trainer *trainer)
{
	double tokens = (double)trainer->net.call.tokens, pairs = (double)net_pairs(&trainer->net),
		   constant = (double)net_constant_pairs(&trainer->net);
	return 3 * tokens * cost_flops_with(&trainer->cost, pairs / tokens, constant / tokens);
}

/* So written, a nan is out of bounds, too. */
static bool out_of_bounds(const struct trainer *trainer, double lm_loss)
{
	return !(lm_loss <= 10 * log1p((double)trainer->stream.vocabulary + 1));
}

static bool has_diverged(const struct trainer *trainer, const struct step_log *log)
{
	return out_of_bounds(trainer, log->lm_loss) || !isfinite(log->loss) || !isfinite(log->grad_norm);
}

void trainer_step(struct trainer *trainer, bool counts, struct step_log *log)
{
	struct net *net = &trainer->net;
	struct timing *timing = &trainer->timing;
	double since = clock_seconds();
	trainer_go_to(trainer, trainer->step + 1);
	stream_train(&trainer->stream, trainer->step, &trainer->batch);
	lap(&since, &timing->data);
	struct objective objective = net_forward(net, &trainer->batch, trainer->step, true);
	lap(&since, &timing->forward);
	net_backward(net, &trainer->batch);
	lap(&since, &timing->backward);
	*log = (struct step_log){ .loss = objective.total, .lm_loss = objective.lm_loss };
	log->rate = optim_rate(&trainer->optim, trainer->step);
	log->grad_norm = optim_norm(&net->params);
	log->diverged = has_diverged(trainer, log);
	if (!log->diverged)
		optim_step(&trainer->optim, &net->params, trainer->step, log->grad_norm);
	net_settle(net);
	trainer->flops += step_flops(trainer);
	lap(&since, &timing->optim);
	for (size_t i = 0; counts && i < net->shape.layers; i++)
		load_clear(&trainer->batch_load[i]);
	if (counts)
		add_layers(trainer, trainer->batch_load, &trainer->batch);
	lap(&since, &timing->metrics);
}

/* The share of the batch's targets that count: exactly 1 where all do, so that their mean is a plain one. */
static double share_counted(const struct batch *batch)
{
	return (double)batch_counted(batch) / (double)(batch->sequences * batch->length);
}

struct evaluation trainer_evaluate(struct trainer *trainer)
{
	struct evaluation evaluation = { 0 };
	double since = clock_seconds(), weight = 0;
	size_t layers = trainer->net.shape.layers;
	for (size_t i = 0; i < layers; i++)
		load_clear(&trainer->eval_load[i]);
	for (size_t i = 0; i < trainer->eval_batches; i++) {
		stream_eval(&trainer->stream, i, &trainer->eval_batch);
		double share = share_counted(&trainer->eval_batch);
		evaluation.loss += share * net_forward(&trainer->net, &trainer->eval_batch, i + 1, false).lm_loss;
		weight += share;
		add_layers(trainer, trainer->eval_load, &trainer->eval_batch);
	}
	evaluation.loss /= weight;
	evaluation.diverged = out_of_bounds(trainer, evaluation.loss);
	evaluation.tokens = trainer->eval_batches * trainer->net.call.tokens;
	for (size_t i = 0; i < layers; i++) {
		evaluation.pairs += load_pairs(&trainer->eval_load[i]);
		evaluation.bare += load_bare_pairs(&trainer->eval_load[i]);
		evaluation.constant += load_constant_pairs(&trainer->eval_load[i]);
	}
	lap(&since, &trainer->timing.metrics);
	return evaluation;
}

double trainer_term(const struct trainer *trainer, const char *column)
{
	const struct sentence *sentence = &trainer->settings->sentence;
	double sum = NAN;
	for (size_t j = 0; j < sentence->balancers; j++) {
		const char *own = ((const struct moe_balancer *)sentence->balancer[j].part)->column;
		if (own == NULL || strcmp(own, column) != 0)
			continue;
		sum = isnan(sum) ? 0 : sum;
		for (size_t i = 0; i < trainer->net.shape.layers; i++)
			sum += net_router(&trainer->net, i)->term[j].value / (double)trainer->net.shape.layers;
	}
	return sum;
}
