/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topicmix_law.h -- the law of the stream topicmix: a hidden Markov mixture of sparse token chains.
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
 * Token x belongs to class x / members.  Without, every token is a class of its own.  With `class-law=domain` each
 * domain orders the tokens of its classes anew, but for the shared ones, so that a token tells of its domain, too.
 *
 * With `order=2` the class before the last counts as well: classes fall into `groups`, and a class has a row of
 * successors for each group g that the class before it may belong to, A_z(x'|g, x).  A sequence starts with group 0;
 * that the document ended in between does not matter to g, so that it is always known.
 *
 * A sequence starts with z ~ pi and x ~ q_z.  Before each further token the document ends with probability `end`, and
 * the next one starts like the sequence; otherwise z is drawn anew with probability `change`, and then x' ~ P_z(.|x).
 */
#ifndef SIM_DATA_TOPICMIX_LAW_H
#define SIM_DATA_TOPICMIX_LAW_H

#include <gsl/gsl_randist.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/data/stream.h"

enum { TOPICMIX_FANOUT = 32 }; /* at most */

enum topicmix_class_law { TOPICMIX_SHARED, TOPICMIX_DOMAIN };

struct topicmix {
	int64_t domains, vocabulary, classes, order, groups, fanout, length, documents, drift;
	double class_zipf, domain_zipf, token_zipf, token_offset, concentration, mixing, shared, context, change, drifting;
	int class_law; /* enum topicmix_class_law */
};

struct topicmix_law {
	struct topicmix opt;
	size_t domains, classes, fanout, rows;
	size_t groups;      /* of the class before the last; 1: it does not matter */
	size_t members;     /* tokens of a class */
	double end;         /* probability that the document ends before a token */
	double *prior;      /* [domains] pi */
	double *base;       /* [classes] the base law by rank, falling */
	double *member;     /* [members] r: the shares of a class's tokens, falling */
	uint32_t *class_of; /* [classes * members] the class of a token */
	uint32_t *group_of; /* [classes] the group of a class */
	uint32_t *place;    /* [classes * members][domains] a token's place in the order of its class; NULL: by number */
	uint32_t *placed;   /* [domains][classes * members] the token at a place of a class: the inverse of `place` */
	uint32_t *rank;     /* [classes][domains] the class's rank in the domain */
	uint32_t *ranked;   /* [domains][classes] the class at a rank: the inverse of `rank` */
	uint32_t *row;      /* [classes] the class's first row of successors */
	bool *own;          /* [classes] has the class one row a domain, or one for all? */
	uint32_t *next;     /* [rows][groups][fanout] successors, distinct in a row */
	double *upto;       /* [rows][groups][fanout] their cumulative weights; the last is 1 exactly */
	double *joint;      /* [groups][classes][domains] long-run law of the group before a class, it, and its domain */
	double *belief;     /* [domains] scratch of the filter */
	double *bag;        /* [domains] scratch of the filter that reads a bag */
	double unigram;     /* entropy of the law of a single token, nats */
	gsl_ran_discrete_t *draw_domain, *draw_rank, *draw_member; /* draw_member: NULL where a class is one token */
	struct arena arena;
	struct topicmix_law *before, *after; /* the laws that this one follows and is followed by; NULL: none */
};

/* Classes of that vocabulary: unless said otherwise eight tokens share one, where that makes whole classes that have
 * enough successors. */
size_t topicmix_classes(const struct topicmix *opt);

/* Draws the law of a seed, and the one that follows it where the options say so.  NULL and *err when the options
 * contradict one another or the law is too large. */
struct topicmix_law *topicmix_law_open(const struct topicmix *opt, uint64_t seed, gsl_rng *rng, struct error *err);
/* Which options have no effect beside which others. */
extern const struct stream_rule topicmix_rules[];

/* Closes the law with those before and after it. */
void topicmix_law_close(void *law);

/* Does this law have another one for the domain than the law before it? */
bool topicmix_drifts(const struct topicmix_law *law, size_t z);

/* Does each domain order the tokens of its classes anew? */
static inline bool topicmix_has_places(const struct topicmix_law *law)
{
	return law->opt.class_law == TOPICMIX_DOMAIN;
}

/* Fills law->joint, the joint law far from the start of a sequence: power iteration from the law of the first token
 * until it moves by less than 1e-12, or, where it moves for ever or the law is huge, to a far token.  `then` and
 * `fresh` are scratch, [groups][classes][domains] and [groups][domains]. */
void topicmix_find_joint(const struct topicmix_law *law, double *then, double *fresh);

/* Entropy, in nats, of the long-run law of a token, from law->joint: that of its class, and that of the token in its
 * class. */
double topicmix_unigram(const struct topicmix_law *law);

/* In what follows c and next are classes. */

/* q_z(c) */
static inline double topicmix_base(const struct topicmix_law *law, size_t z, size_t c)
{
	return law->base[law->rank[c * law->domains + z]];
}

/* r_z(x|c) = topicmix_own() topicmix_common(), c being the class of x: the factor that depends on the domain, and the
 * one that does not. */
static inline double topicmix_own(const struct topicmix_law *law, size_t z, size_t x)
{
	return law->place != NULL ? law->member[law->place[x * law->domains + z]] : 1;
}

static inline double topicmix_common(const struct topicmix_law *law, size_t x)
{
	return law->place != NULL ? 1 : law->member[x % law->members];
}

/* The long-run law of x, the class before it being of group g, and its domain z, over topicmix_common(). */
static inline double topicmix_joint(const struct topicmix_law *law, size_t g, size_t x, size_t z)
{
	size_t c = law->class_of[x];
	return law->joint[(g * law->classes + c) * law->domains + z] * topicmix_own(law, z, x);
}

/* A class of q_z. */
static inline uint32_t topicmix_draw_base(const struct topicmix_law *law, gsl_rng *rng, size_t z)
{
	return law->ranked[z * law->classes + gsl_ran_discrete(rng, law->draw_rank)];
}

/* The first entry, in `next` and `upto`, of the successors of c behind group g in domain z. */
static inline size_t topicmix_successors(const struct topicmix_law *law, size_t z, size_t g, size_t c)
{
	return ((law->row[c] + (law->own[c] ? z : 0)) * law->groups + g) * law->fanout;
}

/* A_z(next|g, c) */
static inline double topicmix_successor(const struct topicmix_law *law, size_t z, size_t g, size_t c, uint32_t next)
{
	size_t first = topicmix_successors(law, z, g, c);
	for (size_t i = 0; i < law->fanout; i++)
		if (law->next[first + i] == next)
			return law->upto[first + i] - (i > 0 ? law->upto[first + i - 1] : 0);
	return 0;
}

/* P_z(next|g, c) */
static inline double topicmix_next(const struct topicmix_law *law, size_t z, size_t g, size_t c, uint32_t next)
{
	double mixing = law->opt.mixing;
	return (1 - mixing) * topicmix_base(law, z, next) + mixing * topicmix_successor(law, z, g, c, next);
}

#endif
