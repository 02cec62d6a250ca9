/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench.c -- how long a training step takes and where its time goes, beside the bare matrix products of the same sizes.
 *
 * bench [steps|routing|growth|start] [FILE.csv]: all four without a word; the table goes to standard output.
 * BENCH_SECONDS is the time for each measurement (default 2), BENCH_THREADS the numbers of threads (default "1 2"),
 * BENCH_SHAPE one of the shapes below.
 * All times are medians over as many repeats as fit.
 */
#include <config.h>

#include <math.h>
#include <moesim/kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/parallel.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/route/catalog.h"
#include "sim/train/trainer.h"
#include "strategies/catalog.h"
#include "tests/bench/clock.h"

/* ---- shapes --------------------------------------------------------------------------------------------------- */

enum { SETTINGS = 16 };

struct shape {
	const char *name;
	struct assignment given[SETTINGS]; /* ended by name = NULL */
};

/* 4,096 tokens, two layers. */
#define MODEL(width, heads, inner, vocabulary, experts, k)                                                         \
	{ "layers", "2" }, { "width", width }, { "heads", heads }, { "expert-width", inner },                          \
		{ "stream", "uniform,vocabulary=" vocabulary }, { "experts", experts }, { "top-k", k }, { "batch", "32" }, \
		{ "seq-length", "128" },                                                                                   \
	{                                                                                                              \
		"eval-tokens", "4096"                                                                                      \
	}

static const struct shape shapes[] = {
	{ "default", { { "strategy", "top-k" } } },
	{ "default dense", { { "strategy", "dense" } } },
	{ "E8 k2 d128", { MODEL("128", "2", "256", "256", "8", "2") } },
	{ "E8 k2 d128 dense", { MODEL("128", "2", "256", "256", "8", "2"), { "strategy", "dense" } } },
	{ "E8 k2 d256", { MODEL("256", "4", "512", "1024", "8", "2") } },
	{ "E8 k2 d256 dense", { MODEL("256", "4", "512", "1024", "8", "2"), { "strategy", "dense" } } },
	{ "E64 k8 d256", { MODEL("256", "4", "512", "1024", "64", "8") } },
	{ "E64 k8 d256 dense", { MODEL("256", "4", "512", "1024", "64", "8"), { "strategy", "dense" } } },
	{ "E32 k1 d256", { MODEL("256", "4", "512", "1024", "32", "1") } },
	{ "E32 k1 d256 dense", { MODEL("256", "4", "512", "1024", "32", "1"), { "strategy", "dense" } } },
};

/* ---- clock ---------------------------------------------------------------------------------------------------- */

enum { REPEATS = 400 };

/* With BENCH_CLOCK=cpu the time that the first thread was running: for one thread on a machine that others use, too. */
static double seconds(void)
{
	const char *clock = getenv("BENCH_CLOCK");
	return clock_seconds(clock && strcmp(clock, "cpu") == 0 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
}

static double allowance(void)
{
	const char *given = getenv("BENCH_SECONDS");
	return given ? atof(given) : 2;
}

/* ---- what is written ------------------------------------------------------------------------------------------ */

static FILE *csv;

static void row(const char *what, const char *shape, const char *part, int threads, size_t repeats, double time,
				double tokens, double flops)
{
	if (csv == NULL)
		return;
	fprintf(csv, "%s,%s,\"%s\",%d,%zu,%.9g,", what, shape, part, threads, repeats, time);
	if (tokens > 0)
		fprintf(csv, "%.9g", tokens / time);
	fputc(',', csv);
	if (flops > 0)
		fprintf(csv, "%.9g", flops / time * 1e-9);
	fputc('\n', csv);
}

static void open_csv(const char *path)
{
	csv = fopen(path, "w");
	if (csv == NULL) {
		fprintf(stderr, "bench: %s cannot be written\n", path);
		exit(EXIT_FAILURE);
	}
	fputs("what,shape,part,threads,repeats,seconds,tokens_per_second,gflops\n", csv);
}

static void close_csv(void)
{
	if (csv && fclose(csv) != 0) {
		fputs("bench: the CSV file could not be written\n", stderr);
		exit(EXIT_FAILURE);
	}
}

/* ---- a run ---------------------------------------------------------------------------------------------------- */

struct bench {
	struct settings settings;
	struct trainer trainer;
};

static void check(int status, const struct error *err)
{
	if (status == 0)
		return;
	error_print(err);
	exit(EXIT_FAILURE);
}

static void open_bench(struct bench *bench, const struct assignment *given, int threads)
{
	struct error err = { .code = ERROR_NONE };
	size_t n = 0;
	while (given[n].name)
		n++;
	parallel_threads(threads);
	check(settings_resolve(given, n, &bench->settings, &err), &err);
	check(trainer_open(&bench->trainer, &bench->settings, &err), &err);
}

/* ---- phases ---------------------------------------------------------------------------------------------------- */

enum phase { DATA, NORMS, ATTENTION, ROUTING, EXPERTS, COMBINE, HEAD, OPTIMIZER, METRICS, PHASES };
static const char *const phase_names[] = {
	"data",    "embedding, norms, sums", "attention", "routing", "dispatch, experts", "combine", "head", "optimizer",
	"metrics",
};

struct phases {
	double since, spent[PHASES];
};

static void lap(struct phases *phases, enum phase phase)
{
	double now = seconds();
	phases->spent[phase] += now - phases->since;
	phases->since = now;
}

static void add(size_t n, const real *a, const real *b, real *sum)
{
	for (size_t i = 0; i < n; i++)
		sum[i] = a[i] + b[i];
}

static struct moe_tokens tokens_of(const struct batch *batch)
{
	return (struct moe_tokens){ batch->id, batch->domain, batch->guess, batch->class_of };
}

/* layer_forward(), stage by stage */
static void layer_by_phases(struct layer *layer, const struct moe_call *call, const struct batch *batch, const real *x,
							real *y, struct phases *phases)
{
	struct moe_tokens of = tokens_of(batch);
	router_forward(&layer->router, call, &of, x);
	lap(phases, ROUTING);
	struct shipment rows = exchange_send(&layer->exchange, &layer->router.plan, x);
	layer_compute(layer, &rows);
	exchange_return(&layer->exchange, &layer->router.plan, layer->results);
	lap(phases, EXPERTS);
	layer_combine(layer, call->tokens, y);
	lap(phases, COMBINE);
	if (layer->shared.inner)
		ffn_forward_rows(&layer->shared, call->tokens, x, layer->shared_slopes, layer->shared_hidden, true, y);
	lap(phases, EXPERTS);
}

/* net_forward(), stage by stage */
static double forward_by_phases(struct net *net, const struct batch *batch, struct phases *phases)
{
	size_t tokens = net->call.tokens, n = tokens * net->shape.width;
	embed_forward(&net->embed, tokens, batch->id, net->block[0].in);
	for (size_t i = 0; i < net->shape.layers; i++) {
		struct block *block = &net->block[i];
		net->call.layer = i;
		norm_forward(&block->norm_attention, tokens, block->in, block->normed_in);
		lap(phases, NORMS);
		attention_forward(&block->attention, batch->sequences, block->normed_in, net->branch);
		lap(phases, ATTENTION);
		add(n, block->in, net->branch, block->middle);
		norm_forward(&block->norm_layer, tokens, block->middle, block->normed_middle);
		lap(phases, NORMS);
		layer_by_phases(&block->layer, &net->call, batch, block->normed_middle, net->branch, phases);
		add(n, block->middle, net->branch, i + 1 < net->shape.layers ? net->block[i + 1].in : net->x);
	}
	norm_forward(&net->norm, tokens, net->x, net->normed);
	lap(phases, NORMS);
	double loss = head_forward(&net->head, tokens, net->normed, batch->target, batch->counts);
	lap(phases, HEAD);
	return loss;
}

/* layer_backward(), stage by stage */
static void layer_back_by_phases(struct layer *layer, const real *x, const real *d_y, real *d_x, struct phases *phases)
{
	size_t tokens = layer->router.route.call.tokens;
	struct shipment rows = exchange_send(&layer->exchange, &layer->router.plan, x);
	struct shipment d_results = exchange_send(&layer->exchange, &layer->router.plan, d_y);
	layer_compute_backward(layer, &rows, &d_results);
	exchange_return(&layer->exchange, &layer->router.plan, layer->d_rows);
	lap(phases, EXPERTS);
	layer_combine_backward(layer, tokens, d_x);
	lap(phases, COMBINE);
	router_backward(&layer->router, x, d_x);
	lap(phases, ROUTING);
	if (layer->shared.inner)
		ffn_backward_rows(&layer->shared, tokens, x, layer->shared_slopes, layer->shared_hidden, d_y,
						  layer->shared_hidden, d_x);
	lap(phases, EXPERTS);
}

/* net_backward(), stage by stage */
static void backward_by_phases(struct net *net, const struct batch *batch, struct phases *phases)
{
	size_t tokens = net->call.tokens;
	head_backward(&net->head, tokens, net->normed, batch->target, batch->counts, net->d_branch);
	lap(phases, HEAD);
	memset(net->d, 0, tokens * net->shape.width * sizeof(real));
	norm_backward(&net->norm, tokens, net->x, net->d_branch, net->d);
	for (size_t i = net->shape.layers; i-- > 0;) {
		struct block *block = &net->block[i];
		lap(phases, NORMS);
		layer_back_by_phases(&block->layer, block->normed_middle, net->d, net->d_branch, phases);
		norm_backward(&block->norm_layer, tokens, block->middle, net->d_branch, net->d);
		lap(phases, NORMS);
		attention_backward(&block->attention, net->call.sequences, block->normed_in, net->d, net->d_branch);
		lap(phases, ATTENTION);
		norm_backward(&block->norm_attention, tokens, block->in, net->d_branch, net->d);
	}
	embed_backward(&net->embed, tokens, batch->id, net->d);
	lap(phases, NORMS);
}

/* trainer_step() stage by stage, with its metrics.  That it does the same is seen in the loss. */
static void step_by_phases(struct trainer *trainer, struct phases *phases)
{
	struct net *net = &trainer->net;
	double wanted = net_forward(net, &trainer->batch, trainer->step, true).lm_loss;
	*phases = (struct phases){ .since = seconds() };
	stream_train(&trainer->stream, trainer->step, &trainer->batch);
	lap(phases, DATA);
	double loss = forward_by_phases(net, &trainer->batch, phases);
	if (fabs(loss - wanted) > 1e-12 * fabs(wanted)) {
		fputs("bench: the phases are not those of the program's training step\n", stderr);
		exit(EXIT_FAILURE);
	}
	backward_by_phases(net, &trainer->batch, phases);
	optim_step(&trainer->optim, &net->params, trainer->step, optim_norm(&net->params));
	lap(phases, OPTIMIZER);
	for (size_t i = 0; i < net->shape.layers; i++) {
		load_clear(&trainer->batch_load[i]);
		load_add(&trainer->batch_load[i], net_router(net, i), trainer->batch.domain);
	}
	lap(phases, METRICS);
}

/* ---- the bare products of a step ------------------------------------------------------------------------------ */

/* Inputs, weights, outputs, and the gradients of the first two. */
struct buffers {
	real *x, *w, *y, *d_w, *d_x;
};

static void train_linear(size_t rows, size_t in, size_t out, const struct buffers *at)
{
	linear_forward(rows, in, out, at->x, at->w, at->y);
	linear_backward(rows, in, out, at->x, at->w, at->y, at->d_w, false, at->d_x);
}

/* The same as one call each, on the rows of one expert. */
static void train_rows(size_t first, size_t rows, size_t in, size_t out, const struct buffers *at)
{
	product_nn(rows, out, in, at->x + first * in, in, at->w, out, false, at->y + first * out, out);
	product_tn(in, out, rows, at->x + first * in, in, at->y + first * out, out, true, at->d_w, out);
	product_nt(rows, in, out, at->y + first * out, out, at->w, out, false, at->d_x + first * in, in);
}

/* Scores and mixing of one head, forward and backward: six products, each of which needs half the square. */
static void train_head(size_t length, size_t head, const struct buffers *at)
{
	size_t half = (length + 1) / 2;
	for (int i = 0; i < 2; i++) {
		product_nt(length, half, head, at->x, head, at->w, head, false, at->y, length);
		product_nn(length, head, half, at->y, length, at->w, head, false, at->d_x, head);
		product_tn(length, head, half, at->y, length, at->w, head, false, at->d_w, head);
	}
}

/* Forward in blocks of rows, as ffn_forward_rows() goes, so that what leaves one product is near for the next. */
static void train_ffn(size_t tokens, size_t width, size_t inner, const struct buffers *at)
{
	size_t size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++) {
		size_t first = b * size, rows = tokens - first < size ? tokens - first : size;
		product_nn(rows, inner, width, at->x + first * width, width, at->w, inner, false, at->y + first * inner, inner);
		product_nn(rows, width, inner, at->y + first * inner, inner, at->w, width, false, at->d_x + first * width,
				   width);
	}
	linear_backward(tokens, inner, width, at->y, at->w, at->x, at->d_w, false, at->d_x);
	linear_backward(tokens, width, inner, at->x, at->w, at->y, at->d_w, false, at->d_x);
}

static void train_layer(const struct layer *layer, size_t tokens, const struct buffers *at)
{
	size_t width = layer->width;
	if (layer->shared.inner)
		train_ffn(tokens, width, layer->shared.inner, at);
	if (layer->experts == 0)
		return;
	train_linear(tokens, width, layer->experts, at);
	PARALLEL_FOR
	for (size_t e = 0; e < layer->experts; e++) {
		size_t first = layer->router.plan.first[e], rows = layer->router.plan.first[e + 1] - first;
		train_rows(first, rows, width, layer->inner, at);
		train_rows(first, rows, layer->inner, width, at);
	}
}

/* All matrix products of a training step over buffers of their sizes, and nothing else. */
static void bare_products(const struct net *net, const struct buffers *at)
{
	size_t tokens = net->call.tokens, width = net->shape.width, heads = net->shape.sequences * net->shape.heads;
	for (size_t i = 0; i < net->shape.layers; i++) {
		train_linear(tokens, width, 3 * width, at);
		train_linear(tokens, width, width, at);
		for (size_t h = 0; h < heads; h++)
			train_head(net->shape.length, width / net->shape.heads, at);
		train_layer(&net->block[i].layer, tokens, at);
	}
	train_linear(tokens, width, net->shape.vocabulary, at);
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Numbers in the largest matrix of a step. */
static size_t largest_matrix(const struct net *net)
{
	size_t width = net->shape.width, out = most(3 * width, net->shape.vocabulary), largest = 0;
	for (size_t i = 0; i < net->shape.layers; i++) {
		const struct layer *layer = &net->block[i].layer;
		out = most(out, most(layer->shared.inner, layer->experts));
		largest = most(largest, layer->router.plan.pairs * most(width, layer->inner));
	}
	largest = most(largest, net->call.tokens * most(out, net->shape.length));
	return most(largest, most(out, width) * width);
}

/* Buffers begin at different places of a page: a store would else hold up loads that differ from it in higher bits. */
static real *buffer_take(struct arena *arena, size_t size, size_t place)
{
	size_t shift = place * 832 / sizeof(real);
	return ARENA_TAKE(arena, size + shift, real) + shift;
}

static double time_of_products(const struct net *net)
{
	struct arena arena = { .counting = false };
	size_t n = 0, size = largest_matrix(net);
	double sample[REPEATS], began = seconds();
	struct buffers at = { buffer_take(&arena, size, 0), buffer_take(&arena, size, 1), buffer_take(&arena, size, 2),
						  buffer_take(&arena, size, 3), buffer_take(&arena, size, 4) };
	while (n < REPEATS && (n < 5 || seconds() - began < allowance())) {
		double since = seconds();
		bare_products(net, &at);
		sample[n++] = seconds() - since;
	}
	arena_free(&arena);
	return clock_median(sample, n);
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

static double whole_steps(struct trainer *trainer, size_t *repeats)
{
	double sample[REPEATS];
	struct step_log log;
	size_t n = 0;
	for (int i = 0; i < 3; i++)
		trainer_step(trainer, false, &log);
	for (double began = seconds(); n < REPEATS && (n < 5 || seconds() - began < allowance()); n++) {
		double since = seconds();
		trainer_step(trainer, false, &log);
		sample[n] = seconds() - since;
	}
	*repeats = n;
	return clock_median(sample, n);
}

static void phases_of_steps(struct trainer *trainer, double typical[PHASES])
{
	static double sample[PHASES][REPEATS];
	double began = seconds();
	size_t n = 0;
	for (; n < REPEATS && (n < 5 || seconds() - began < allowance()); n++) {
		struct phases phases;
		step_by_phases(trainer, &phases);
		for (int i = 0; i < PHASES; i++)
			sample[i][n] = phases.spent[i];
	}
	for (int i = 0; i < PHASES; i++)
		typical[i] = clock_median(sample[i], n);
}

/* By the exact count, with the pairs that the last step had. */
static double flops_of_step(const struct trainer *trainer)
{
	double tokens = (double)trainer->net.call.tokens, pairs = (double)net_pairs(&trainer->net),
		   constant = (double)net_constant_pairs(&trainer->net);
	return 3 * tokens * cost_flops_with(&trainer->cost, pairs / tokens, constant / tokens);
}

static const char *plural(int threads)
{
	return threads > 1 ? "s" : " ";
}

static void bench_step(const struct shape *shape, int threads)
{
	struct bench bench;
	double typical[PHASES];
	size_t repeats;
	open_bench(&bench, shape->given, threads);
	double time = whole_steps(&bench.trainer, &repeats), tokens = (double)bench.trainer.net.call.tokens;
	double flops = flops_of_step(&bench.trainer), bare = time_of_products(&bench.trainer.net);
	phases_of_steps(&bench.trainer, typical);
	row("step", shape->name, "whole", threads, repeats, time, tokens, flops);
	row("step", shape->name, "bare products", threads, repeats, bare, tokens, flops);
	printf("%-20s %d thread%s  %9.3f ms  %9.0f tokens/s  %6.1f GFLOP/s, bare products %6.1f, %3.0f%% of them\n",
		   shape->name, threads, plural(threads), 1e3 * time, tokens / time, flops / time * 1e-9, flops / bare * 1e-9,
		   100 * bare / time);
	for (int i = 0; i < PHASES; i++) {
		row("phase", shape->name, phase_names[i], threads, repeats, typical[i], tokens, 0);
		printf("    %-26s %9.3f ms %5.1f%%\n", phase_names[i], 1e3 * typical[i], 100 * typical[i] / time);
	}
	fflush(stdout);
	trainer_close(&bench.trainer);
}

static void bench_steps(int threads)
{
	const char *wanted = getenv("BENCH_SHAPE");
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (wanted == NULL || strcmp(wanted, shapes[i].name) == 0)
			bench_step(&shapes[i], threads);
}

/* ---- routing alone --------------------------------------------------------------------------------------------- */

/* Routing forward and backward, its products included, on the rows that a step left behind. */
static void bench_route(const char *strategy, int threads)
{
	const struct assignment given[] = { { "strategy", strategy }, { NULL, NULL } };
	struct bench bench;
	struct step_log log;
	double sample[REPEATS];
	size_t n = 0;
	open_bench(&bench, given, threads);
	struct net *net = &bench.trainer.net;
	struct block *block = &net->block[0];
	trainer_step(&bench.trainer, false, &log);
	struct moe_tokens of = tokens_of(&bench.trainer.batch);
	for (double began = seconds(); n < REPEATS && (n < 5 || seconds() - began < allowance() / 4); n++) {
		double since = seconds();
		router_forward(&block->layer.router, &net->call, &of, block->normed_middle);
		router_backward(&block->layer.router, block->normed_middle, net->d_branch);
		sample[n] = seconds() - since;
	}
	double time = clock_median(sample, n), tokens = (double)net->call.tokens;
	row("routing", "default", strategy, threads, n, time, tokens, 0);
	printf("%-20s %d thread%s  %9.3f ms  %9.1f ns a token\n", strategy, threads, plural(threads), 1e3 * time,
		   1e9 * time / tokens);
	trainer_close(&bench.trainer);
}

static void bench_routing(int threads)
{
	for (const struct moe_recipe *recipe = strategy_recipes; recipe->name; recipe++)
		bench_route(recipe->name, threads);
}

/* ---- growth ---------------------------------------------------------------------------------------------------- */

/* One setting grows and the others stay: the time of a step should be linear in k and in the tokens, and flat in the
 * experts while each has tokens enough. */
static void grow(const char *setting, int first, int last, int threads)
{
	for (int value = first; value <= last; value *= 2) {
		const char *text = text_keep_f("%d", value);
		const struct assignment given[] = { { "batch", "128" },      { "expert-width", "64" }, { "experts", "64" },
											{ "top-k", "2" },        { "seq-length", "128" },  { setting, text },
											{ "stream", "uniform" }, { "eval-tokens", "1" },   { NULL, NULL } };
		struct bench bench;
		size_t repeats;
		open_bench(&bench, given, threads);
		double time = whole_steps(&bench.trainer, &repeats), tokens = (double)bench.trainer.net.call.tokens;
		row("growth", setting, text, threads, repeats, time, tokens, flops_of_step(&bench.trainer));
		printf("%-12s %6d  %9.3f ms  %9.1f ns a token  %12zu parameters\n", setting, value, 1e3 * time,
			   1e9 * time / tokens, bench.trainer.net.params.n);
		fflush(stdout);
		trainer_close(&bench.trainer);
	}
}

static void bench_growth(int threads)
{
	if (threads > 1)
		return;
	grow("experts", 4, 1024, threads);
	grow("top-k", 1, 64, threads);
	grow("batch", 4, 128, threads);
}

/* ---- start-up -------------------------------------------------------------------------------------------------- */

/* From settings to the state before the first step, the exact losses of the evaluation's tokens included. */
static void bench_start(int threads)
{
	const struct assignment given[] = { { NULL, NULL } };
	double sample[15];
	if (threads > 1)
		return;
	for (size_t i = 0; i < 15; i++) {
		struct bench bench;
		double since = seconds();
		open_bench(&bench, given, threads);
		sample[i] = seconds() - since;
		trainer_close(&bench.trainer);
	}
	double time = clock_median(sample, 15);
	row("start", "default", "start-up", threads, 15, time, 0, 0);
	printf("start-up of a default run  %9.3f ms\n", 1e3 * time);
}

/* ---- all of them ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(int threads);
} benches[] = {
	{ "steps", bench_steps }, { "routing", bench_routing }, { "growth", bench_growth }, { "start", bench_start }
};

static void run_for_threads(void (*run)(int threads))
{
	const char *at = getenv("BENCH_THREADS");
	for (at = at ? at : "1 2"; *at != '\0'; at += strspn(at, " ")) {
		run(atoi(at));
		at += strcspn(at, " ");
	}
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 && strchr(argv[1], '.') == NULL ? argv[1] : NULL;
	product_single_threaded();
	catalog_use(strategy_parts, strategy_recipes);
	if (argc > 1 && strchr(argv[argc - 1], '.'))
		open_csv(argv[argc - 1]);
	printf("matrix products: %s\n", product_library());
	for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
		if (only && strcmp(only, benches[i].name) != 0)
			continue;
		printf("\n%s\n", benches[i].name);
		run_for_threads(benches[i].run);
	}
	close_csv();
	return EXIT_SUCCESS;
}
