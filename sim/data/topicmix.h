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
 * With `classes` all of the above is the law of classes of tokens that behave alike, and a token is drawn inside its
 * class: x ~ r(x|c), a Zipf law that is the same in all domains and classes (class-based n-grams, Brown et al. 1992).
 * Token x belongs to class x / members.  Without, every token is a class of its own.
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

enum { TOPICMIX_FANOUT = 32 }; /* at most */

struct topicmix {
	int64_t domains, vocabulary, classes, fanout, length, documents, drift;
	double class_zipf, domain_zipf, token_zipf, token_offset, concentration, mixing, shared, context, change, drifting;
};

struct topicmix_law {
	struct topicmix opt;
	size_t domains, classes, fanout, rows;
	size_t members;     /* tokens of a class */
	double end;         /* probability that the document ends before a token */
	double *prior;      /* [domains] pi */
	double *base;       /* [classes] the base law by rank, falling */
	double *member;     /* [members] r: a token's share in its class */
	uint32_t *class_of; /* [classes * members] the class of a token */
	uint32_t *rank;     /* [classes][domains] the class's rank in the domain */
	uint32_t *ranked;   /* [domains][classes] the class at a rank: the inverse of `rank` */
	uint32_t *row;      /* [classes] the class's first row of successors */
	bool *own;          /* [classes] has the class one row a domain, or one for all? */
	uint32_t *next;     /* [rows][fanout] successors, distinct in a row */
	double *upto;       /* [rows][fanout] their cumulative weights; the last is 1 exactly */
	double *joint;      /* [classes][domains] long-run law of a class and its domain */
	double *belief;     /* [domains] scratch of the filter */
	double unigram;     /* entropy of the law of a single token, nats */
	gsl_ran_discrete_t *draw_domain, *draw_rank, *draw_member; /* draw_member: NULL where a class is one token */
	struct arena arena;
	struct topicmix_law *before, *after; /* the laws that this one follows and is followed by; NULL: none */
};

/* Draws the law of a seed, and the one that follows it where the options say so.  NULL and *err when the options
 * contradict one another or the law is too large. */
struct topicmix_law *topicmix_law_open(const struct topicmix *opt, uint64_t seed, gsl_rng *rng, struct error *err);
/* Closes the law with those before and after it. */
void topicmix_law_close(void *law);

/* Does this law have another one for the domain than the law before it? */
bool topicmix_drifts(const struct topicmix_law *law, size_t z);

/* In what follows c and next are classes. */

/* q_z(c) */
static inline double topicmix_base(const struct topicmix_law *law, size_t z, size_t c)
{
	return law->base[law->rank[c * law->domains + z]];
}

/* A class of q_z. */
static inline uint32_t topicmix_draw_base(const struct topicmix_law *law, gsl_rng *rng, size_t z)
{
	return law->ranked[z * law->classes + gsl_ran_discrete(rng, law->draw_rank)];
}

/* The first entry, in `next` and `upto`, of the successors of c in domain z. */
static inline size_t topicmix_successors(const struct topicmix_law *law, size_t z, size_t c)
{
	return (law->row[c] + (law->own[c] ? z : 0)) * law->fanout;
}

/* A_z(next|c) */
static inline double topicmix_successor(const struct topicmix_law *law, size_t z, size_t c, uint32_t next)
{
	size_t first = topicmix_successors(law, z, c);
	for (size_t i = 0; i < law->fanout; i++)
		if (law->next[first + i] == next)
			return law->upto[first + i] - (i > 0 ? law->upto[first + i - 1] : 0);
	return 0;
}

/* P_z(next|c) */
static inline double topicmix_next(const struct topicmix_law *law, size_t z, size_t c, uint32_t next)
{
	double mixing = law->opt.mixing;
	return (1 - mixing) * topicmix_base(law, z, next) + mixing * topicmix_successor(law, z, c, next);
}

#endif
