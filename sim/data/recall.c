/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recall.c -- keys and values: what followed a key earlier in the sequence follows it again.
 *
 * Tokens are numbered keys, values, noise.  The map from keys to values is drawn anew for each sequence, so that no
 * weight can hold it: only looking back can.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/data/pairs.h"
#include "sim/data/stream.h"

struct recall {
	int64_t keys, values, noise, gap;
	double slip;
	bool answers;
};

#define AT(field) .at = offsetof(struct recall, field)
static const struct moe_opt options[] = {
	{ .name = "keys",
	  .type = MOE_OPT_INT,
	  AT(keys),
	  .low = 1,
	  .high = 256,
	  .preset = 8,
	  .help = "number of different keys: more keys make attention look further back and tell more of them apart" },
	{ .name = "values",
	  .type = MOE_OPT_INT,
	  AT(values),
	  .low = 2,
	  .high = 256,
	  .preset = 16,
	  .help = "number of different values: a recalled answer saves ln values nats" },
	{ .name = "noise",
	  .type = MOE_OPT_INT,
	  AT(noise),
	  .low = 1,
	  .high = 256,
	  .preset = 8,
	  .help = "number of different noise tokens" },
	{ .name = "gap",
	  .type = MOE_OPT_INT,
	  AT(gap),
	  .low = 0,
	  .high = 1024,
	  .preset = 2,
	  .zero = "none",
	  .unit = "tokens",
	  .help = "largest number of noise tokens after a key-value pair: the answer is then not at a fixed distance" },
	{ .name = "slip",
	  .type = MOE_OPT_REAL,
	  AT(slip),
	  .low = 0,
	  .high = 1,
	  .preset = 0,
	  .help = "probability that a value is redrawn: several occurrences must then be weighed, not one copied" },
	{ .name = "answers",
	  .type = MOE_OPT_FLAG,
	  AT(answers),
	  .help = "only the values of keys seen before count in the loss: shows recall alone" },
	{ .name = NULL },
};
#undef AT

struct law {
	struct recall opt;
	size_t keys, values, noise, gap;
	uint32_t *map;     /* [keys] scratch: the value of each key in this sequence */
	double *posterior; /* [keys][values] scratch of the filter: P(value of the key | sequence so far) */
	bool *seen;        /* [keys] scratch */
	struct pairs pairs;
	struct arena arena;
};

static bool is_key(const struct law *law, uint32_t token)
{
	return token < law->keys;
}

static bool is_value(const struct law *law, uint32_t token)
{
	return token >= law->keys && token < law->keys + law->values;
}

/* Where the sequence stands. */
struct place {
	uint32_t last;
	size_t left; /* noise tokens still to come */
};

static uint32_t draw_value(const struct law *law, gsl_rng *rng, uint32_t key)
{
	bool slips = gsl_rng_uniform(rng) < law->opt.slip;
	size_t value = slips ? gsl_rng_uniform_int(rng, law->values) : law->map[key];
	return (uint32_t)(law->keys + value);
}

static uint32_t draw_next(const struct law *law, gsl_rng *rng, struct place *place)
{
	if (is_key(law, place->last)) {
		place->left = gsl_rng_uniform_int(rng, law->gap + 1);
		return draw_value(law, rng, place->last);
	}
	if (place->left == 0)
		return (uint32_t)gsl_rng_uniform_int(rng, law->keys);
	place->left--;
	return (uint32_t)(law->keys + law->values + gsl_rng_uniform_int(rng, law->noise));
}

/* An answer is the value of a key that stands earlier in the sequence, too. */
static void mark_answers(const struct law *law, struct batch *batch, size_t first)
{
	memset(law->seen, 0, law->keys * sizeof *law->seen);
	for (size_t at = first; at < first + batch->length; at++) {
		uint32_t x = batch->id[at];
		batch->counts[at] = is_key(law, x) && law->seen[x];
		if (is_key(law, x))
			law->seen[x] = true;
	}
}

static void fill_sequence(const struct law *law, gsl_rng *rng, struct batch *batch, size_t first)
{
	for (size_t key = 0; key < law->keys; key++)
		law->map[key] = (uint32_t)gsl_rng_uniform_int(rng, law->values);
	struct place place = { (uint32_t)gsl_rng_uniform_int(rng, law->keys), 0 };
	for (size_t at = first; at < first + batch->length; at++) {
		batch->id[at] = place.last;
		batch->domain[at] = 0;
		batch->target[at] = place.last = draw_next(law, rng, &place);
	}
	if (law->opt.answers)
		mark_answers(law, batch, first);
}

static void fill(void *law, gsl_rng *rng, bool held_out, struct batch *batch)
{
	(void)held_out;
	for (size_t s = 0; s < batch->sequences; s++)
		fill_sequence(law, rng, batch, s * batch->length);
}

/* P(observed | the key's value is v) */
static double likelihood(const struct law *law, size_t v, size_t observed)
{
	return (v == observed ? 1 - law->opt.slip : 0) + law->opt.slip / (double)law->values;
}

/* P(next | a key stands last), and the key's posterior with `next` known.  The keys are independent of one another. */
static double observe(const struct law *law, uint32_t key, uint32_t next)
{
	double *belief = law->posterior + key * law->values, p = 0;
	if (!is_value(law, next))
		return 0;
	size_t observed = next - law->keys;
	for (size_t v = 0; v < law->values; v++)
		p += belief[v] *= likelihood(law, v, observed);
	for (size_t v = 0; v < law->values; v++)
		belief[v] = p > 0 ? belief[v] / p : 1 / (double)law->values;
	return p;
}

/* P(next | `run` noise tokens stand behind the last value): their number is uniform from 0 to gap. */
static double probability_behind(const struct law *law, size_t run, uint32_t next)
{
	double left = run < law->gap ? (double)(law->gap - run) : 0, more = left / (left + 1);
	if (is_key(law, next))
		return (1 - more) / (double)law->keys;
	return is_value(law, next) ? 0 : more / (double)law->noise;
}

static double bayes_sequence(void *opaque, const struct batch *batch, size_t first)
{
	const struct law *law = opaque;
	double loss = 0;
	size_t run = 0;
	for (size_t i = 0; i < law->keys * law->values; i++)
		law->posterior[i] = 1 / (double)law->values;
	for (size_t at = first; at < first + batch->length; at++) {
		uint32_t x = batch->id[at], next = batch->target[at];
		run = is_key(law, x) || is_value(law, x) ? 0 : run + 1;
		double p = is_key(law, x) ? observe(law, x, next) : probability_behind(law, run, next);
		loss -= batch_counts(batch, at) ? log(p) : 0;
	}
	return loss;
}

static void bigram(void *opaque, const struct batch *batch, double *sum)
{
	const struct law *law = opaque;
	*sum += pairs_bigram(&law->pairs, batch);
}

/* Behind a value or a noise token, the weights of a further noise token and of a key. */
static void add_behind(struct law *law, size_t first, size_t n, double more, double key)
{
	for (size_t x = first; x < first + n; x++) {
		pairs_add_uniform(&law->pairs, x, law->keys + law->values, law->noise, more / (double)n);
		pairs_add_uniform(&law->pairs, x, 0, law->keys, key / (double)n);
	}
}

/* Weights for each pair of key and value, which gap / 2 noise tokens follow on average. */
static void add_pairs(struct law *law)
{
	double gap = (double)law->gap, some = gap / (gap + 1);
	for (size_t key = 0; key < law->keys; key++)
		pairs_add_uniform(&law->pairs, key, law->keys, law->values, 1 / (double)law->keys);
	if (law->opt.answers)
		return;
	add_behind(law, law->keys, law->values, some, 1 - some);
	add_behind(law, law->keys + law->values, law->noise, gap * (gap - 1) / (2 * (gap + 1)), some);
}

static void *open_law(const void *opt, uint64_t seed, struct stream *stream, struct error *err)
{
	static const char *const names[] = { "recall" };
	struct law *law = calloc(1, sizeof *law);
	(void)seed, (void)err; /* nothing outlasts a sequence */
	if (law == NULL)
		error_no_memory("the stream recall");
	law->opt = *(const struct recall *)opt;
	law->keys = (size_t)law->opt.keys, law->values = (size_t)law->opt.values;
	law->noise = (size_t)law->opt.noise, law->gap = (size_t)law->opt.gap;
	law->map = ARENA_TAKE(&law->arena, law->keys, uint32_t);
	law->posterior = ARENA_TAKE(&law->arena, law->keys * law->values, double);
	law->seen = ARENA_TAKE(&law->arena, law->keys, bool);
	stream->vocabulary = law->keys + law->values + law->noise;
	pairs_take(&law->pairs, &law->arena, stream->vocabulary);
	add_pairs(law);
	stream->domains = 1;
	stream->domain_names = names;
	stream->uniform = log((double)stream->vocabulary);
	stream->unigram = pairs_unigram(&law->pairs);
	stream->counts = law->opt.answers;
	return law;
}

/* The longest sequence without an answer has every key once, each with its value and the most noise. */
static int check(const void *opaque, const struct stream_use *use, struct error *err)
{
	const struct law *law = opaque;
	size_t longest = law->keys * (2 + law->gap);
	if (!law->opt.answers || use->length > longest)
		return 0;
	return fail(err, ERROR_USER,
				"recall: a sequence of %zu tokens may repeat no key and so have no answer (make it longer than %zu "
				"tokens, or lower keys or gap)",
				use->length, longest);
}

/* k0, k1, ... are the keys, v0, v1, ... the values, n0, n1, ... the noise. */
static const char *write_token(const void *opaque, uint32_t token)
{
	const struct law *law = opaque;
	if (is_key(law, token))
		return text_keep_f("k%u", (unsigned)token);
	if (is_value(law, token))
		return text_keep_f("v%zu", token - law->keys);
	return text_keep_f("n%zu", token - law->keys - law->values);
}

static void close_law(void *opaque)
{
	struct law *law = opaque;
	arena_free(&law->arena);
	free(law);
}

static bool no_gap(const struct stream *stream)
{
	return ((const struct recall *)stream->opt)->gap == 0;
}

static const struct stream_rule rules[] = {
	{ "noise", no_gap, "there are no noise tokens (raise gap)" },
	{ .option = NULL },
};

const struct stream_type stream_recall = {
	.name = "recall",
	.summary = "key-value pairs among noise: a key seen before has the same value again; exact Bayes loss",
	.use = "associative recall and induction: the work of attention, not of experts, so routing should matter little "
		   "here (a negative control)",
	.formula =
		"each sequence draws a value for each key, uniformly: f(key)\n"
		"it repeats: a uniform key; its value, f(key) or with probability `slip` a uniform one; then 0 to `gap` noise "
		"tokens, all uniform, their number too\n"
		"Bayes loss: P(value | key, past) = sum_v w(v) ((1 - slip) [value = v] + slip / values), where w is the "
		"posterior of f(key); the keys are independent, and where noise ends follows from its length so far\n"
		"answers: only the values of keys seen before in the sequence count in the losses",
	.cite = "Arora et al. (2023), Zoology: Measuring and Improving Recall in Efficient Language Models",
	.opts = options,
	.opts_size = sizeof(struct recall),
	.rules = rules,
	.open = open_law,
	.check = check,
	.fill = fill,
	.bayes_sequence = bayes_sequence,
	.bigram = bigram,
	.text = write_token,
	.close = close_law,
};
