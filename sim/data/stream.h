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
#include <stdbool.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

/* One batch: `sequences` independent contexts of `length` tokens.  Token t is the model's input, target[t] what it is
 * to predict: what follows it, or the label of a task; domain[t] labels the document from which token t comes.
 * counts[t] says whether target[t] enters the loss; NULL: all do. */
struct batch {
	size_t sequences, length;
	uint32_t *id, *target, *domain; /* [sequences * length] */
	bool *counts;                   /* [sequences * length] or NULL */
	uint32_t *guess;                /* [sequences * length] the likeliest domain so far; NULL unless taken */
	const uint32_t *class_of;       /* [vocabulary] as in struct stream */
};

/* Takes the arrays of a batch of this size, `counts` left out. */
void batch_take(struct batch *batch, struct arena *arena, size_t sequences, size_t length);
/* Takes `counts`, too, which a stream with `counts` set wants. */
void batch_take_counts(struct batch *batch, struct arena *arena);
/* Takes the array of guesses, too. */
void batch_take_guess(struct batch *batch, struct arena *arena);

/* Does the target at this place enter the loss? */
static inline bool batch_counts(const struct batch *batch, size_t at)
{
	return batch->counts == NULL || batch->counts[at];
}

/* The targets that enter the loss. */
size_t batch_counted(const struct batch *batch);

/* Reference losses in nats per target that counts; NAN where not known. */
struct anchors {
	double uniform; /* ln V */
	double unigram; /* entropy of the marginal law of a target */
	double bigram;  /* exact loss of the best predictor that reads one token only, on the evaluation tokens */
	double oracle; /* exact loss of the best predictor that reads tokens with their domains, on the evaluation tokens */
	double bag;    /* exact loss of an ideal reader of the bag of past tokens and of the last one */
	double bayes;  /* exact Bayes loss on the evaluation tokens */
};

struct stream; /* an opened stream */

/* What a run makes of a stream. */
struct stream_use {
	size_t length, sequences, steps;
};

/* An option that can have no effect beside the others.  Where it differs from its default then, somebody asks for what
 * he does not get. */
struct stream_rule {
	const char *option; /* NULL ends a table */
	bool (*idle)(const struct stream *);
	const char *because; /* why, and what to do instead */
};

struct stream_type {
	const char *name, *summary, *formula, *cite; /* formula may hold newlines */
	const char *use;                             /* what the stream is good for */
	const struct moe_opt *opts;                  /* never NULL; may be an empty table */
	const struct stream_rule *rules;             /* NULL: there are none */
	size_t opts_size;                            /* 0: no options */
	/* Builds what the law needs (from the seed's streams "law/..."; stream->rng may be used for them) and sets the
	 * fields of *stream that open() sets.  `opt` lives as long as the law.  NULL and *err on failure. */
	void *(*open)(const void *opt, uint64_t seed, struct stream *stream, struct error *err);
	/* Can such a run be made of the law, and has it every option that was asked for?  -1 and *err when not.  NULL:
	 * always. */
	int (*check)(const void *law, const struct stream_use *use, struct error *err);
	/* Puts in force the law of that training step, from 1: sets stream->law and what else of *stream depends on it.
	 * close() gets the law in force and closes all.  NULL: one law throughout. */
	void (*enter)(struct stream *stream, size_t step);
	/* Fills ids, targets, domains, and `counts` where the stream has it.  `rng` stands at the start of a stream of this
	 * batch's own; `held_out` asks for documents that training never sees.  Allocates nothing. */
	void (*fill)(void *law, gsl_rng *rng, bool held_out, struct batch *batch);
	/* Adds up -ln P(target | sequence so far) over the targets that count; NULL: not known.  `oracle` may be NULL; it
	 * gets the same sum for a predictor that also reads the domains of the inputs so far, domain[0 .. t] for target[t],
	 * so that no target's own domain is ever told. */
	void (*bayes)(void *law, const struct batch *batch, double *bayes, double *oracle);
	/* The same sum over one sequence, which starts at place `first`, where domains tell such a predictor nothing;
	 * instead of bayes().  NULL: bayes() is there, or the sum is not known. */
	double (*bayes_sequence)(void *law, const struct batch *batch, size_t first);
	/* The same sum for the best predictor that reads one token only, at an unknown place; NULL: not known. */
	void (*bigram)(void *law, const struct batch *batch, double *sum);
	/* The same sum for a predictor that infers the hidden state ideally, but as though the past tokens were draws from
	 * its long-run law in any order, and then predicts from the last token as the law says: what one layer of
	 * attention can gather.  No strict bound for such a model.  NULL: not known. */
	void (*bag)(void *law, const struct batch *batch, double *sum);
	/* The likeliest domain of each input given the inputs of its sequence up to there; NULL: not known. */
	void (*guess)(void *law, const struct batch *batch, uint32_t *domain);
	/* How a token is written where a person reads it: printable ASCII, which lives as long as the program.  NULL: it is
	 * a number and nothing else. */
	const char *(*text)(const void *law, uint32_t token);
	void (*close)(void *law);
};

struct stream {
	const struct stream_type *type;
	void *opt, *law; /* the law in force */
	uint64_t seed;
	gsl_rng *rng;
	size_t vocabulary, domains;      /* set by open() */
	const char *const *domain_names; /* [domains], set by open(); the array lives until stream_close(), the names as
									  * long as the program */
	size_t classes;                  /* of tokens that behave alike, set by open(); 0: not known */
	const uint32_t *class_of;        /* [vocabulary] the class of a token, set by open(); NULL: not known */
	double uniform, unigram;         /* set by open(); NAN: not known */
	uint64_t content;                /* set by open(): a hash of what was read from files; 0: nothing was */
	bool counts;                     /* set by open(): not every target counts, so that its batches need `counts` */
};

extern const struct stream_type stream_topicmix, stream_recall, stream_phonebook, stream_addition, stream_clusters,
	stream_uniform, stream_corpus;
extern const struct stream_type *const stream_types[]; /* NULL-ended */
const struct stream_type *stream_find(const char *name);

/* Opens "topicmix,domains=8": resolves the name and options, then the law.  On an error *stream needs no closing, and
 * err->column, where known, is the place in `spec`, from 1. */
int stream_open(struct stream *stream, const char *spec, uint64_t seed, struct error *err);
void stream_close(struct stream *stream);

/* The spec with every option spelled out, "topicmix,domains=8,..."; lives as long as the program. */
const char *stream_spec(const struct stream *stream);

/* To be asked once before the first batch of a run: refuses options that have no effect, beside the others or in this
 * run, and what the stream has no sequences for, as a corpus that is too short. */
int stream_check(const struct stream *stream, const struct stream_use *use, struct error *err);

/* Puts in force the law of training step `step` (from 1), which a stream may change in the middle of training; true
 * when it is another one than before.  Evaluation batches and reference losses are those of the law in force; an opened
 * stream has that of step 1. */
bool stream_enter(struct stream *stream, size_t step);
/* What a planted router may be told: MOE_DOMAINS, MOE_GUESSES and MOE_CLASSES of moesim.h. */
unsigned stream_gives(const struct stream *stream);
/* How a token is written; "" where the stream's tokens are mere numbers.  Lives as long as the program. */
const char *stream_text(const struct stream *stream, uint32_t token);

/* Training batch number `step`: depends on the seed and the step alone.  Enters the step.  Sets class_of and, where it
 * is taken and the stream knows it, guess, too; so does stream_eval(). */
void stream_train(struct stream *stream, size_t step, struct batch *batch);
/* Evaluation batch number `index` (from 0), always the same tokens for a seed and a law. */
void stream_eval(struct stream *stream, size_t index, struct batch *batch);
/* Adds the batch's summed Bayes and oracle losses (nats) to *bayes and *oracle (may be NULL); both become NAN when the
 * law is not known. */
void stream_bayes(const struct stream *stream, const struct batch *batch, double *bayes, double *oracle);
/* The same for the bigram loss: what is left to be won by looking further back is bigram - bayes. */
void stream_bigram(const struct stream *stream, const struct batch *batch, double *bigram);
/* The same for the bag loss: what one layer can hardly win is bag - bayes. */
void stream_bag(const struct stream *stream, const struct batch *batch, double *bag);

#endif
