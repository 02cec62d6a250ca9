/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stream.c -- the table of streams, and what they have in common.
 */
#include <config.h>

#include "sim/data/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"

const struct stream_type *const stream_types[] = { &stream_topicmix,  &stream_recall,
												   &stream_phonebook, &stream_addition,
												   &stream_clusters,  &stream_uniform,
												   &stream_corpus,    NULL };

void batch_take(struct batch *batch, struct arena *arena, size_t sequences, size_t length)
{
	size_t tokens = sequences * length;
	*batch = (struct batch){ .sequences = sequences,
							 .length = length,
							 .id = ARENA_TAKE(arena, tokens, uint32_t),
							 .target = ARENA_TAKE(arena, tokens, uint32_t),
							 .domain = ARENA_TAKE(arena, tokens, uint32_t) };
}

void batch_take_counts(struct batch *batch, struct arena *arena)
{
	batch->counts = ARENA_TAKE(arena, batch->sequences * batch->length, bool);
}

size_t batch_counted(const struct batch *batch)
{
	size_t tokens = batch->sequences * batch->length, n = 0;
	for (size_t at = 0; at < tokens; at++)
		n += batch_counts(batch, at);
	return n;
}

void batch_take_guess(struct batch *batch, struct arena *arena)
{
	batch->guess = ARENA_TAKE(arena, batch->sequences * batch->length, uint32_t);
}

const struct stream_type *stream_find(const char *name)
{
	for (size_t i = 0; stream_types[i] != NULL; i++)
		if (strcmp(stream_types[i]->name, name) == 0)
			return stream_types[i];
	return NULL;
}

static int fail_unknown(const char *name, struct error *err)
{
	const char *names[sizeof stream_types / sizeof *stream_types] = { NULL };
	const char *known = "";
	for (size_t i = 0; stream_types[i] != NULL; i++) {
		names[i] = stream_types[i]->name;
		known = text_keep_f("%s%s%s", known, i > 0 ? ", " : "", names[i]);
	}
	const char *nearest = text_nearest(name, names);
	if (nearest != NULL)
		fail(err, ERROR_USER, "unknown stream '%s' (did you mean '%s'? known: %s)", name, nearest, known);
	else
		fail(err, ERROR_USER, "unknown stream '%s' (known: %s)", name, known);
	err->column = 1;
	return -1;
}

/* Finds the type and sets its options; errors carry their place in the whole spec. */
static int resolve(struct stream *stream, const char *spec, struct error *err)
{
	size_t length = strcspn(spec, ",");
	const char *name = text_keep_n(spec, length);
	stream->type = stream_find(name);
	if (stream->type == NULL)
		return fail_unknown(name, err);
	stream->opt = calloc(1, stream->type->opts_size + 1);
	if (stream->opt == NULL)
		error_no_memory("the options of a stream");
	options_preset(stream->type->opts, stream->opt);
	if (spec[length] == '\0')
		return 0;
	const char *what = text_keep_f("stream %s", name);
	if (options_assign_list(stream->type->opts, stream->opt, what, spec + length + 1, err) == 0)
		return 0;
	if (err->column > 0)
		err->column += (unsigned)length + 1;
	return -1;
}

static int open_law(struct stream *stream, struct error *err)
{
	stream->rng = gsl_rng_alloc(seed_rng_type);
	if (stream->rng == NULL)
		error_no_memory("a random stream");
	stream->law = stream->type->open(stream->opt, stream->seed, stream, err);
	if (stream->law == NULL)
		return -1;
	stream_enter(stream, 1);
	return 0;
}

int stream_open(struct stream *stream, const char *spec, uint64_t seed, struct error *err)
{
	*stream = (struct stream){ .seed = seed, .uniform = NAN, .unigram = NAN };
	if (resolve(stream, spec, err) == 0 && open_law(stream, err) == 0)
		return 0;
	stream_close(stream);
	return -1;
}

void stream_close(struct stream *stream)
{
	if (stream->law != NULL)
		stream->type->close(stream->law);
	if (stream->rng != NULL)
		gsl_rng_free(stream->rng);
	free(stream->opt);
	*stream = (struct stream){ .type = NULL };
}

const char *stream_spec(const struct stream *stream)
{
	const char *options = options_list(stream->type->opts, stream->opt, true);
	return text_keep_f("%s%s%s", stream->type->name, *options ? "," : "", options);
}

/* An option that holds its default asks for nothing. */
static int check_rule(const struct stream *stream, const struct stream_rule *rule, struct error *err)
{
	const struct moe_opt *row = options_find(stream->type->opts, rule->option);
	if (options_is_preset(row, stream->opt) || !rule->idle(stream))
		return 0;
	return fail(err, ERROR_USER, "%s: %s=%s has no effect: %s", stream->type->name, row->name,
				options_value(row, stream->opt), rule->because);
}

int stream_check(const struct stream *stream, const struct stream_use *use, struct error *err)
{
	for (const struct stream_rule *rule = stream->type->rules; rule != NULL && rule->option != NULL; rule++)
		TRY(check_rule(stream, rule, err));
	return stream->type->check != NULL ? stream->type->check(stream->law, use, err) : 0;
}

bool stream_enter(struct stream *stream, size_t step)
{
	const void *before = stream->law;
	if (stream->type->enter != NULL)
		stream->type->enter(stream, step);
	return stream->law != before;
}

unsigned stream_gives(const struct stream *stream)
{
	return MOE_DOMAINS | (stream->type->guess != NULL ? MOE_GUESSES : 0) | (stream->class_of != NULL ? MOE_CLASSES : 0);
}

const char *stream_text(const struct stream *stream, uint32_t token)
{
	return stream->type->text != NULL ? stream->type->text(stream->law, token) : "";
}

static void fill(struct stream *stream, bool held_out, struct batch *batch)
{
	if (stream->counts != (batch->counts != NULL))
		BUG("a batch must have `counts` exactly where its stream has");
	stream->type->fill(stream->law, stream->rng, held_out, batch);
	batch->class_of = stream->class_of;
	if (batch->guess != NULL && stream->type->guess != NULL)
		stream->type->guess(stream->law, batch, batch->guess);
}

void stream_train(struct stream *stream, size_t step, struct batch *batch)
{
	stream_enter(stream, step);
	seed_open(stream->rng, stream->seed, "stream/train", step);
	fill(stream, false, batch);
}

void stream_eval(struct stream *stream, size_t index, struct batch *batch)
{
	seed_open(stream->rng, stream->seed, "stream/eval", index);
	fill(stream, true, batch);
}

static double bayes_over_sequences(const struct stream *stream, const struct batch *batch)
{
	double loss = 0;
	for (size_t s = 0; s < batch->sequences; s++)
		loss += stream->type->bayes_sequence(stream->law, batch, s * batch->length);
	return loss;
}

void stream_bayes(const struct stream *stream, const struct batch *batch, double *bayes, double *oracle)
{
	if (stream->type->bayes != NULL) {
		stream->type->bayes(stream->law, batch, bayes, oracle);
		return;
	}
	double loss = stream->type->bayes_sequence != NULL ? bayes_over_sequences(stream, batch) : NAN;
	*bayes += loss;
	if (oracle != NULL)
		*oracle += loss;
}

void stream_bigram(const struct stream *stream, const struct batch *batch, double *bigram)
{
	if (stream->type->bigram != NULL)
		stream->type->bigram(stream->law, batch, bigram);
	else
		*bigram = NAN;
}

void stream_bag(const struct stream *stream, const struct batch *batch, double *bag)
{
	if (stream->type->bag != NULL)
		stream->type->bag(stream->law, batch, bag);
	else
		*bag = NAN;
}
