/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topicmix.h -- the law of the stream topicmix: a hidden Markov mixture of sparse token chains.
 *
 *   pi(z)       domains, Zipf
 *   q_z(x)      base law: Zipf-Mandelbrot over ranks; each domain has its own order of the tokens that are not shared
 *   A_z(x'|x)   `fanout` successors with Dirichlet weights; a row of the domain's own, or one row for all domains
 *   P_z(x'|x) = (1 - mixing) q_z(x') + mixing A_z(x'|x)
 *
 * With `drift` another law follows from that training step on: a share of the domains has its order of tokens and its
 * successors drawn anew.  What all domains have in common, and how frequent each domain is, stays.
 *
 * A sequence starts with z ~ pi and x ~ q_z.  Before each further token the document ends with probability `end`, and
 * the next one starts like the sequence; otherwise z is drawn anew with probability `change`, and then x' ~ P_z(.|x).
 */
#ifndef SIM_DATA_TOPICMIX_H
#define SIM_DATA_TOPICMIX_H

#include <gsl/gsl_randist.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/data/stream.h"

enum { TOPICMIX_FANOUT = 32 }; /* at most */

struct topicmix {
	int64_t domains, vocabulary, fanout, length, documents, drift;
	double domain_zipf, token_zipf, token_offset, concentration, mixing, shared, context, change, drifting;
};

struct topicmix_law {
	struct topicmix opt;
	size_t domains, vocabulary, fanout, rows;
	double end;      /* probability that the document ends before a token */
	double *prior;   /* [domains] pi */
	double *base;    /* [vocabulary] the base law by rank, falling */
	uint32_t *rank;  /* [vocabulary][domains] the token's rank in the domain */
	uint32_t *token; /* [domains][vocabulary] the token at a rank: the inverse of `rank` */
	uint32_t *row;   /* [vocabulary] the token's first row of successors */
	bool *own;       /* [vocabulary] has the token one row a domain, or one for all? */
	uint32_t *next;  /* [rows][fanout] successors, distinct in a row */
	double *upto;    /* [rows][fanout] their cumulative weights; the last is 1 exactly */
	double *joint;   /* [vocabulary][domains] long-run law of a token and its domain */
	double *belief;  /* [domains] scratch of the filter */
	double unigram;  /* entropy of the law of a single token, nats */
	gsl_ran_discrete_t *draw_domain, *draw_rank;
	struct arena arena;
	struct topicmix_law *before, *after; /* the laws that this one follows and is followed by; NULL: none */
};

/* Draws the law of a seed, and the one that follows it where the options say so.  NULL and *err when the options
 * contradict one another or the law is too large. */
struct topicmix_law *topicmix_law_open(const struct topicmix *opt, uint64_t seed, gsl_rng *rng, struct error *err);
/* Which options have no effect beside which others. */
extern const struct stream_rule topicmix_rules[];

/* Closes the law with those before and after it. */
void topicmix_law_close(void *law);

/* Does this law have another one for the domain than the law before it? */
bool topicmix_drifts(const struct topicmix_law *law, size_t z);

/* q_z(x) */
static inline double topicmix_base(const struct topicmix_law *law, size_t z, size_t x)
{
	return law->base[law->rank[x * law->domains + z]];
}

/* A token of q_z. */
static inline uint32_t topicmix_draw_base(const struct topicmix_law *law, gsl_rng *rng, size_t z)
{
	return law->token[z * law->vocabulary + gsl_ran_discrete(rng, law->draw_rank)];
}

/* The first entry, in `next` and `upto`, of the successors of x in domain z. */
static inline size_t topicmix_successors(const struct topicmix_law *law, size_t z, size_t x)
{
	return (law->row[x] + (law->own[x] ? z : 0)) * law->fanout;
}

/* A_z(next|x) */
static inline double topicmix_successor(const struct topicmix_law *law, size_t z, size_t x, uint32_t next)
{
	size_t first = topicmix_successors(law, z, x);
	for (size_t i = 0; i < law->fanout; i++)
		if (law->next[first + i] == next)
			return law->upto[first + i] - (i > 0 ? law->upto[first + i - 1] : 0);
	return 0;
}

/* P_z(next|x) */
static inline double topicmix_next(const struct topicmix_law *law, size_t z, size_t x, uint32_t next)
{
	double mixing = law->opt.mixing;
	return (1 - mixing) * topicmix_base(law, z, next) + mixing * topicmix_successor(law, z, x, next);
}

#endif
