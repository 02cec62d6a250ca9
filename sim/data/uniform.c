/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * uniform.c -- independent, uniformly distributed tokens.
 *
 * Nothing can be learned here: the expected loss of a causal model on fresh tokens is ln V or more, so that one below
 * it by several standard errors of the sample shows that a router leaks the future.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/data/stream.h"

struct uniform {
	int64_t vocabulary;
};

struct uniform_law {
	struct uniform opt;
	uint32_t class_of[]; /* [vocabulary] all tokens behave alike */
};

static const struct moe_opt options[] = {
	{ .name = "vocabulary",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct uniform, vocabulary),
	  .low = 2,
	  .high = 65536,
	  .preset = 256,
	  .help = "number of different tokens" },
	{ .name = NULL },
};

static void *open_law(const void *opt, uint64_t seed, struct stream *stream, struct error *err)
{
	static const char *const names[] = { "uniform" };
	const struct uniform *own = opt;
	struct uniform_law *law = calloc(1, sizeof *law + (size_t)own->vocabulary * sizeof *law->class_of);
	(void)seed, (void)err;
	if (law == NULL)
		error_no_memory("the stream uniform");
	law->opt = *own;
	stream->vocabulary = (size_t)law->opt.vocabulary;
	stream->domains = stream->classes = 1;
	stream->class_of = law->class_of;
	stream->domain_names = names;
	stream->uniform = stream->unigram = log((double)law->opt.vocabulary);
	return law;
}

static void fill(void *opaque, gsl_rng *rng, bool held_out, struct batch *batch)
{
	const struct uniform_law *law = opaque;
	unsigned long vocabulary = (unsigned long)law->opt.vocabulary;
	(void)held_out;
	for (size_t s = 0; s < batch->sequences; s++) {
		uint32_t token = (uint32_t)gsl_rng_uniform_int(rng, vocabulary);
		for (size_t at = s * batch->length; at < (s + 1) * batch->length; at++) {
			batch->id[at] = token;
			batch->domain[at] = 0;
			batch->target[at] = token = (uint32_t)gsl_rng_uniform_int(rng, vocabulary);
		}
	}
}

static void bayes(void *opaque, const struct batch *batch, double *sum, double *oracle)
{
	const struct uniform_law *law = opaque;
	double loss = (double)(batch->sequences * batch->length) * log((double)law->opt.vocabulary);
	*sum += loss;
	if (oracle != NULL)
		*oracle += loss;
}

static void bigram(void *law, const struct batch *batch, double *sum)
{
	bayes(law, batch, sum, NULL);
}

static void guess(void *law, const struct batch *batch, uint32_t *domain)
{
	(void)law;
	memset(domain, 0, batch->sequences * batch->length * sizeof *domain);
}

const struct stream_type stream_uniform = {
	.name = "uniform",
	.summary = "independent uniform tokens: the expected loss of a causal model on fresh tokens is at least ln V",
	.use =
		"leaks: nothing can be learned, so the loss of a causal model on fresh tokens is at least ln V, up to chance; "
		"more than three standard errors below ln V (standard deviation of the token losses / sqrt(eval-tokens)), the "
		"router looks ahead",
	.formula = "P(x' | past) = 1 / V\nBayes loss = ln V, in expectation: a finite sample may be below it by chance",
	.cite = "Shannon (1948), A Mathematical Theory of Communication",
	.opts = options,
	.opts_size = sizeof(struct uniform),
	.open = open_law,
	.fill = fill,
	.bayes = bayes,
	.bigram = bigram,
	.bag = bigram,
	.guess = guess,
	.close = free,
};
