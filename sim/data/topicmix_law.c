/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topicmix_law.c -- draws the tables of a topicmix law.
 *
 * Each table has a random stream of its own, and each row of successors too: so a law with another `context` or
 * `shared` differs in the rows that these options name and in no other.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/discrete.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/data/topicmix_law.h"

static const double LAW_BYTES = 1e9; /* larger laws are refused */

/* Is this one of `count` places that stand evenly among all? */
static bool is_among(size_t place, size_t count, size_t all)
{
	return (place + 1) * count / all > place * count / all;
}

/* A class is shared when its rank is. */
static bool is_shared(size_t rank, size_t count, size_t all)
{
	return is_among(rank, count, all);
}

/* Frequent and rare domains alike drift: they are numbered by frequency. */
bool topicmix_drifts(const struct topicmix_law *law, size_t z)
{
	size_t count = (size_t)lround(law->opt.drifting * (double)law->domains);
	return law->before != NULL && is_among(z, count, law->domains);
}

/* The number of the random stream of what belongs to a domain. */
static uint64_t stream_of(const struct topicmix_law *law, size_t z)
{
	return topicmix_drifts(law, z) ? law->domains + z : z;
}

static size_t shared_classes(const struct topicmix_law *law)
{
	return (size_t)lround(law->opt.shared * (double)law->classes);
}

static size_t own_classes(const struct topicmix_law *law)
{
	return (size_t)lround(law->opt.context * (double)(law->classes - shared_classes(law)));
}

/* Zipf-Mandelbrot: p[i] proportional to (i + 1 + offset)^-exponent. */
static void zipf(double *p, size_t n, double exponent, double offset)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += p[i] = pow((double)i + 1 + offset, -exponent);
	for (size_t i = 0; i < n; i++)
		p[i] /= sum;
}

/* gsl_ran_shuffle() does not take an empty list. */
static void shuffle(gsl_rng *rng, uint32_t *ids, size_t n)
{
	if (n > 1)
		gsl_ran_shuffle(rng, ids, n, sizeof *ids);
}

/* Shuffles, in each domain, the classes that are not shared over the ranks that are not; `ids` is scratch. */
static void draw_ranks(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, uint32_t *ids)
{
	size_t classes = law->classes, shared = shared_classes(law);
	for (size_t z = 0; z < law->domains; z++) {
		size_t n = 0;
		for (size_t c = 0; c < classes; c++)
			if (!is_shared(c, shared, classes))
				ids[n++] = (uint32_t)c;
		seed_open(rng, seed, "law/ranks", stream_of(law, z));
		shuffle(rng, ids, n);
		for (size_t rank = classes; rank-- > 0;) {
			uint32_t c = is_shared(rank, shared, classes) ? (uint32_t)rank : ids[--n];
			law->ranked[z * classes + rank] = c;
			law->rank[c * law->domains + z] = (uint32_t)rank;
		}
	}
}

/* Orders the tokens of the classes that are not shared anew in each domain. */
static void draw_places(struct topicmix_law *law, uint64_t seed, gsl_rng *rng)
{
	size_t vocabulary = law->classes * law->members, shared = shared_classes(law);
	for (size_t z = 0; z < law->domains; z++) {
		uint32_t *token = law->placed + z * vocabulary;
		seed_open(rng, seed, "law/members", stream_of(law, z));
		for (size_t x = 0; x < vocabulary; x++)
			token[x] = (uint32_t)x;
		for (size_t c = 0; c < law->classes; c++)
			if (!is_shared(c, shared, law->classes))
				shuffle(rng, token + c * law->members, law->members);
		for (size_t x = 0; x < vocabulary; x++)
			law->place[token[x] * law->domains + z] = (uint32_t)(x % law->members);
	}
}

/* Groups of equal size, up to one class; a drift leaves them as they are. */
static void draw_groups(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, uint32_t *ids)
{
	for (size_t c = 0; c < law->classes; c++)
		ids[c] = (uint32_t)c;
	seed_open(rng, seed, "law/groups", 0);
	shuffle(rng, ids, law->classes);
	for (size_t c = 0; c < law->classes; c++)
		law->group_of[ids[c]] = (uint32_t)(c % law->groups);
}

/* Chooses the classes that have a row in each domain: the head of one fixed random order, so that the sets of two
 * `context`s are nested. */
static void draw_owners(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, uint32_t *ids)
{
	size_t n = 0, rows = 0;
	for (size_t x = 0; x < law->classes; x++)
		if (!is_shared(x, shared_classes(law), law->classes))
			ids[n++] = (uint32_t)x;
	seed_open(rng, seed, "law/context", 0);
	shuffle(rng, ids, n);
	for (size_t i = 0; i < own_classes(law); i++)
		law->own[ids[i]] = true;
	for (size_t x = 0; x < law->classes; x++) {
		law->row[x] = (uint32_t)rows;
		rows += law->own[x] ? law->domains : 1;
	}
}

static bool among(uint32_t x, const uint32_t *taken, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (taken[i] == x)
			return true;
	return false;
}

/* A class of q_z, or of the mixture of all q_z for z = domains. */
static uint32_t draw_class(const struct topicmix_law *law, gsl_rng *rng, size_t z)
{
	if (z == law->domains)
		z = gsl_ran_discrete(rng, law->draw_domain);
	return topicmix_draw_base(law, rng, z);
}

static double class_probability(const struct topicmix_law *law, size_t z, size_t x)
{
	if (z < law->domains)
		return topicmix_base(law, z, x);
	double sum = 0;
	for (size_t d = 0; d < law->domains; d++)
		sum += law->prior[d] * topicmix_base(law, d, x);
	return sum;
}

/* The law of draw_class() given that none of the taken comes, by a walk over all classes. */
static uint32_t draw_from_rest(const struct topicmix_law *law, gsl_rng *rng, size_t z, const uint32_t *taken, size_t n)
{
	double rest = 0;
	uint32_t last = 0;
	for (uint32_t x = 0; x < law->classes; x++)
		if (!among(x, taken, n))
			rest += class_probability(law, z, x);
	double u = gsl_rng_uniform(rng) * rest;
	for (uint32_t x = 0; x < law->classes && u >= 0; x++) {
		if (among(x, taken, n))
			continue;
		u -= class_probability(law, z, x);
		last = x;
	}
	return last;
}

/* A class that is not yet taken.  Rejection is quick unless the taken carry nearly everything, which the ranges of
 * exponent and fanout allow for few classes only; there the walk is quick. */
static uint32_t draw_distinct(const struct topicmix_law *law, gsl_rng *rng, size_t z, const uint32_t *taken, size_t n)
{
	for (int tries = 0; tries < 4096; tries++) {
		uint32_t x = draw_class(law, rng, z);
		if (!among(x, taken, n))
			return x;
	}
	return draw_from_rest(law, rng, z, taken, n);
}

/* One row of successors from the classes of domain z (domains: of all domains). */
static void draw_row(struct topicmix_law *law, gsl_rng *rng, size_t row, size_t z)
{
	double alpha[TOPICMIX_FANOUT] = { 0 }, weight[TOPICMIX_FANOUT], sum = 0;
	size_t fanout = law->fanout;
	uint32_t *next = law->next + row * fanout;
	double *upto = law->upto + row * fanout;
	if (fanout > TOPICMIX_FANOUT)
		BUG("topicmix: fanout beyond its range");
	for (size_t i = 0; i < fanout; i++) {
		next[i] = draw_distinct(law, rng, z, next, i);
		alpha[i] = law->opt.concentration;
	}
	gsl_ran_dirichlet(rng, fanout, alpha, weight);
	for (size_t i = 0; i < fanout; i++)
		upto[i] = i + 1 < fanout ? fmin(sum += weight[i], 1) : 1;
}

/* The rows of a class, one for each group, of domain z (domains: of all).  Those of group 0 are those of order 1. */
static void draw_group_rows(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, size_t row, size_t z, size_t x)
{
	bool common = z == law->domains;
	for (size_t g = 0; g < law->groups; g++) {
		uint64_t index = g << 48 | (common ? 0 : stream_of(law, z) << 32) | x;
		seed_open(rng, seed, common ? "law/common" : "law/successors", index);
		draw_row(law, rng, row * law->groups + g, z);
	}
}

/* The one row of a class for all domains.  It is drawn from what is frequent in them, but outlasts a drift. */
static void draw_common_row(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, size_t x)
{
	size_t entries = law->groups * law->fanout, first = law->row[x] * entries;
	if (law->before != NULL) {
		memcpy(law->next + first, law->before->next + first, entries * sizeof *law->next);
		memcpy(law->upto + first, law->before->upto + first, entries * sizeof *law->upto);
		return;
	}
	draw_group_rows(law, seed, rng, law->row[x], law->domains, x);
}

static void draw_rows(struct topicmix_law *law, uint64_t seed, gsl_rng *rng)
{
	for (size_t x = 0; x < law->classes; x++) {
		if (!law->own[x])
			draw_common_row(law, seed, rng, x);
		for (size_t z = 0; law->own[x] && z < law->domains; z++)
			draw_group_rows(law, seed, rng, law->row[x] + z, z, x);
	}
}

/* What only the drawing needs. */
struct workshop {
	uint32_t *ids; /* [classes] */
	double *then;  /* [groups][classes][domains] */
	double *fresh; /* [groups][domains] */
	struct arena arena;
};

/* Everything that a law keeps. */
static void take(struct topicmix_law *law, struct arena *arena)
{
	size_t vocabulary = law->classes * law->members, cells = law->classes * law->domains;
	size_t entries = law->rows * law->groups * law->fanout,
		   placed = topicmix_has_places(law) ? vocabulary * law->domains : 0;
	law->prior = ARENA_TAKE(arena, law->domains, double);
	law->base = ARENA_TAKE(arena, law->classes, double);
	law->member = ARENA_TAKE(arena, law->members, double);
	law->class_of = ARENA_TAKE(arena, vocabulary, uint32_t);
	law->group_of = ARENA_TAKE(arena, law->classes, uint32_t);
	law->place = ARENA_TAKE(arena, placed, uint32_t);
	law->placed = ARENA_TAKE(arena, placed, uint32_t);
	law->rank = ARENA_TAKE(arena, cells, uint32_t);
	law->ranked = ARENA_TAKE(arena, cells, uint32_t);
	law->row = ARENA_TAKE(arena, law->classes, uint32_t);
	law->own = ARENA_TAKE(arena, law->classes, bool);
	law->next = ARENA_TAKE(arena, entries, uint32_t);
	law->upto = ARENA_TAKE(arena, entries, double);
	law->joint = ARENA_TAKE(arena, law->groups * cells, double);
	law->belief = ARENA_TAKE(arena, law->domains, double);
	law->bag = ARENA_TAKE(arena, law->domains, double);
}

static void workshop_take(struct workshop *shop, struct arena *arena, const struct topicmix_law *law)
{
	shop->ids = ARENA_TAKE(arena, law->classes, uint32_t);
	shop->then = ARENA_TAKE(arena, law->groups * law->classes * law->domains, double);
	shop->fresh = ARENA_TAKE(arena, law->groups * law->domains, double);
}

static int check(const struct topicmix_law *law, struct error *err)
{
	struct topicmix_law sizes = *law;
	struct workshop shop = { .ids = NULL };
	struct arena count = { .counting = true };
	char needed[TEXT_NUMBER], limit[TEXT_NUMBER];
	if (law->fanout > law->classes)
		return fail(err, ERROR_USER, "topicmix: fanout=%zu is more than the %zu %s (a token has distinct successors)",
					law->fanout, law->classes, law->members > 1 ? "classes" : "tokens of the vocabulary");
	take(&sizes, &count);
	if (law->opt.drift > 0)
		take(&sizes, &count);
	workshop_take(&shop, &count, law);
	if ((double)count.bytes <= LAW_BYTES)
		return 0;
	return fail(err, ERROR_USER,
				"topicmix: domains=%zu, %s=%zu, fanout=%zu need a table of %s, above the limit of %s (lower "
				"one of them, groups or context)",
				law->domains, law->members > 1 ? "classes" : "vocabulary", law->classes, law->fanout,
				text_of_bytes((double)count.bytes, needed), text_of_bytes(LAW_BYTES, limit));
}

static void draw(struct topicmix_law *law, uint64_t seed, gsl_rng *rng)
{
	struct workshop shop = { .ids = NULL };
	workshop_take(&shop, &shop.arena, law);
	zipf(law->prior, law->domains, law->opt.domain_zipf, 0);
	zipf(law->base, law->classes, law->opt.token_zipf, law->opt.token_offset);
	zipf(law->member, law->members, law->opt.class_zipf, 0);
	for (size_t x = 0; x < law->classes * law->members; x++)
		law->class_of[x] = (uint32_t)(x / law->members);
	law->draw_domain = discrete_open(law->domains, law->prior);
	law->draw_rank = discrete_open(law->classes, law->base);
	law->draw_member = law->members > 1 ? discrete_open(law->members, law->member) : NULL;
	draw_ranks(law, seed, rng, shop.ids);
	if (topicmix_has_places(law))
		draw_places(law, seed, rng);
	if (law->groups > 1)
		draw_groups(law, seed, rng, shop.ids);
	draw_owners(law, seed, rng, shop.ids);
	draw_rows(law, seed, rng);
	topicmix_find_joint(law, shop.then, shop.fresh);
	law->unigram = topicmix_unigram(law);
	arena_free(&shop.arena);
}

size_t topicmix_classes(const struct topicmix *opt)
{
	if (opt->classes > 0)
		return (size_t)opt->classes;
	return (size_t)(opt->vocabulary % 8 == 0 && opt->vocabulary / 8 >= 2 * opt->fanout ? opt->vocabulary / 8
																					   : opt->vocabulary);
}

static struct topicmix_law *create(const struct topicmix *opt)
{
	struct topicmix_law *law = calloc(1, sizeof *law);
	if (law == NULL)
		error_no_memory("the stream topicmix");
	law->opt = *opt;
	law->domains = (size_t)opt->domains;
	law->classes = topicmix_classes(opt);
	law->members = (size_t)opt->vocabulary / law->classes;
	law->fanout = (size_t)opt->fanout;
	law->groups = opt->order > 1 ? (size_t)opt->groups : 1;
	law->rows = law->classes + own_classes(law) * (law->domains - 1);
	law->end = opt->length > 0 ? 1 / (double)opt->length : 0;
	return law;
}

static void follow(struct topicmix_law *law, uint64_t seed, gsl_rng *rng)
{
	law->after = create(&law->opt);
	law->after->before = law;
	take(law->after, &law->after->arena);
	draw(law->after, seed, rng);
}

/* Groups of at least one class. */
static int check_groups(const struct topicmix *opt, struct error *err)
{
	size_t classes = topicmix_classes(opt);
	if (opt->order == 1 || (size_t)opt->groups <= classes)
		return 0;
	return fail(err, ERROR_USER, "topicmix: groups=%lld is more than the %zu classes of tokens (lower groups)",
				(long long)opt->groups, classes);
}

/* Classes of equal size. */
static int check_classes(const struct topicmix *opt, struct error *err)
{
	if (opt->classes == 0 || opt->vocabulary % opt->classes == 0)
		return check_groups(opt, err);
	int64_t near = opt->classes < opt->vocabulary ? opt->classes : opt->vocabulary;
	while (opt->vocabulary % near != 0)
		near--;
	return fail(err, ERROR_USER, "topicmix: classes=%lld do not divide vocabulary=%lld (try classes=%lld)",
				(long long)opt->classes, (long long)opt->vocabulary, (long long)near);
}

struct topicmix_law *topicmix_law_open(const struct topicmix *opt, uint64_t seed, gsl_rng *rng, struct error *err)
{
	if (check_classes(opt, err) != 0)
		return NULL;
	struct topicmix_law *law = create(opt);
	if (check(law, err) != 0) {
		free(law);
		return NULL;
	}
	take(law, &law->arena);
	draw(law, seed, rng);
	if (opt->drift > 0)
		follow(law, seed, rng);
	return law;
}

static void close_one(struct topicmix_law *law)
{
	if (law == NULL)
		return;
	gsl_ran_discrete_free(law->draw_domain);
	gsl_ran_discrete_free(law->draw_rank);
	if (law->draw_member != NULL)
		gsl_ran_discrete_free(law->draw_member);
	arena_free(&law->arena);
	free(law);
}

void topicmix_law_close(void *opaque)
{
	struct topicmix_law *law = opaque;
	close_one(law->before);
	close_one(law->after);
	close_one(law);
}
