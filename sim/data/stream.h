/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stream.h -- where tokens come from.
 *
 * A stream gives sequences of token ids with the domain of each token, and, where its law is known, the exact loss of
 * the best causal predictor (the Bayes loss) on those very tokens.  Streams use the same option rows as parts.
 */
#ifndef SIM_DATA_STREAM_H
#define SIM_DATA_STREAM_H

#include <gsl/gsl_rng.h>
#include <moesim/moesim.h>

#include "sim/base/error.h"

/* One batch: `sequences` independent contexts of `length` tokens.  Token t is the model's input, target[t] what
 * follows it; domain[t] labels the document from which token t comes. */
struct batch {
	size_t sequences, length;
	uint32_t *id, *target, *domain; /* [sequences * length] */
};

/* Reference losses in nats per token; NAN where not known. */
struct anchors {
	double uniform; /* ln V */
	double unigram; /* entropy of the marginal law */
	double oracle;  /* Bayes loss of a predictor that is told the domain, on the evaluation tokens */
	double bayes;   /* exact Bayes loss on the evaluation tokens */
};

struct stream; /* an opened stream */

struct stream_type {
	const char *name, *summary, *formula, *cite;
	const struct moe_opt *opts; /* never NULL; may be an empty table */
	size_t opts_size;
	/* Builds what the law needs (from the seed's streams "law...").  NULL and *err on failure. */
	void *(*open)(const void *opt, uint64_t seed, struct stream *stream, struct error *err);
	/* Fills ids, targets and domains.  `rng` stands at the start of a stream of this batch's own; `held_out` asks for
	 * documents that training never sees. */
	void (*fill)(void *law, gsl_rng *rng, bool held_out, struct batch *batch);
	/* Adds up -ln P(target | sequence so far) over the whole batch; NULL: not known.  `oracle` may be NULL. */
	void (*bayes)(void *law, const struct batch *batch, double *bayes, double *oracle);
	void (*close)(void *law);
};

struct stream {
	const struct stream_type *type;
	void *opt, *law;
	uint64_t seed;
	gsl_rng *rng;
	size_t vocabulary, domains;        /* set by open() */
	const char *const *domain_names;   /* [domains], set by open(); live as long as the program */
	double uniform, unigram;           /* set by open(); NAN: not known */
};

extern const struct stream_type *const stream_types[]; /* NULL-ended */
const struct stream_type *stream_find(const char *name);

/* Opens "topicmix,domains=8": resolves the name and options, then the law. */
int stream_open(struct stream *stream, const char *spec, uint64_t seed, struct error *err);
void stream_close(struct stream *stream);

/* The spec with every option spelled out, "topicmix,domains=8,..."; lives as long as the program. */
const char *stream_spec(const struct stream *stream);

/* Training batch number `step` (from 1): depends on the seed and the step alone. */
void stream_train(struct stream *stream, size_t step, struct batch *batch);
/* Evaluation batch number `index` (from 0), always the same tokens for a seed. */
void stream_eval(struct stream *stream, size_t index, struct batch *batch);
/* Adds the batch's summed Bayes and oracle losses (nats) to *bayes and *oracle; both become NAN when the law is not
 * known. */
void stream_bayes(const struct stream *stream, const struct batch *batch, double *bayes, double *oracle);

#endif
