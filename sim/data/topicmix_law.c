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
#include "sim/data/topicmix.h"

static const double LAW_BYTES = 1e9;  /* larger laws are refused */
static const double JOINT_WORK = 1e9; /* successors visited while looking for the long-run law */

/* Is this one of `count` places that stand evenly among all? */
static bool is_among(size_t place, size_t count, size_t all)
{
	return (place + 1) * count / all > place * count / all;
}

/* A token is shared when its rank is. */
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

static size_t shared_tokens(const struct topicmix_law *law)
{
	return (size_t)lround(law->opt.shared * (double)law->vocabulary);
}

static size_t own_tokens(const struct topicmix_law *law)
{
	return (size_t)lround(law->opt.context * (double)(law->vocabulary - shared_tokens(law)));
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

/* Shuffles, in each domain, the tokens that are not shared over the ranks that are not; `ids` is scratch. */
static void draw_ranks(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, uint32_t *ids)
{
	size_t vocabulary = law->vocabulary, shared = shared_tokens(law);
	for (size_t z = 0; z < law->domains; z++) {
		size_t n = 0;
		for (size_t x = 0; x < vocabulary; x++)
			if (!is_shared(x, shared, vocabulary))
				ids[n++] = (uint32_t)x;
		seed_open(rng, seed, "law/ranks", stream_of(law, z));
		shuffle(rng, ids, n);
		for (size_t rank = vocabulary; rank-- > 0;) {
			uint32_t x = is_shared(rank, shared, vocabulary) ? (uint32_t)rank : ids[--n];
			law->token[z * vocabulary + rank] = x;
			law->rank[x * law->domains + z] = (uint32_t)rank;
		}
	}
}

/* Chooses the tokens that have a row in each domain: the head of one fixed random order, so that the sets of two
 * `context`s are nested. */
static void draw_owners(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, uint32_t *ids)
{
	size_t n = 0, rows = 0;
	for (size_t x = 0; x < law->vocabulary; x++)
		if (!is_shared(x, shared_tokens(law), law->vocabulary))
			ids[n++] = (uint32_t)x;
	seed_open(rng, seed, "law/context", 0);
	shuffle(rng, ids, n);
	for (size_t i = 0; i < own_tokens(law); i++)
		law->own[ids[i]] = true;
	for (size_t x = 0; x < law->vocabulary; x++) {
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

/* A token of q_z, or of the mixture of all q_z for z = domains. */
static uint32_t draw_token(const struct topicmix_law *law, gsl_rng *rng, size_t z)
{
	if (z == law->domains)
		z = gsl_ran_discrete(rng, law->draw_domain);
	return topicmix_draw_base(law, rng, z);
}

static double token_probability(const struct topicmix_law *law, size_t z, size_t x)
{
	if (z < law->domains)
		return topicmix_base(law, z, x);
	double sum = 0;
	for (size_t d = 0; d < law->domains; d++)
		sum += law->prior[d] * topicmix_base(law, d, x);
	return sum;
}

/* The law of draw_token() given that none of the taken comes, by a walk over the vocabulary. */
static uint32_t draw_from_rest(const struct topicmix_law *law, gsl_rng *rng, size_t z, const uint32_t *taken, size_t n)
{
	double rest = 0;
	uint32_t last = 0;
	for (uint32_t x = 0; x < law->vocabulary; x++)
		if (!among(x, taken, n))
			rest += token_probability(law, z, x);
	double u = gsl_rng_uniform(rng) * rest;
	for (uint32_t x = 0; x < law->vocabulary && u >= 0; x++) {
		if (among(x, taken, n))
			continue;
		u -= token_probability(law, z, x);
		last = x;
	}
	return last;
}

/* A token that is not yet taken.  Rejection is quick unless the taken carry nearly everything, which the ranges of
 * exponent and fanout allow for small vocabularies only; there the walk is quick. */
static uint32_t draw_distinct(const struct topicmix_law *law, gsl_rng *rng, size_t z, const uint32_t *taken, size_t n)
{
	for (int tries = 0; tries < 4096; tries++) {
		uint32_t x = draw_token(law, rng, z);
		if (!among(x, taken, n))
			return x;
	}
	return draw_from_rest(law, rng, z, taken, n);
}

/* One row of successors from the tokens of domain z (domains: of all domains). */
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

/* The one row of a token for all domains.  It is drawn from what is frequent in them, but outlasts a drift. */
static void draw_common_row(struct topicmix_law *law, uint64_t seed, gsl_rng *rng, size_t x)
{
	size_t first = law->row[x] * law->fanout;
	if (law->before != NULL) {
		memcpy(law->next + first, law->before->next + first, law->fanout * sizeof *law->next);
		memcpy(law->upto + first, law->before->upto + first, law->fanout * sizeof *law->upto);
		return;
	}
	seed_open(rng, seed, "law/common", x);
	draw_row(law, rng, law->row[x], law->domains);
}

static void draw_rows(struct topicmix_law *law, uint64_t seed, gsl_rng *rng)
{
	for (size_t x = 0; x < law->vocabulary; x++) {
		if (!law->own[x]) {
			draw_common_row(law, seed, rng, x);
			continue;
		}
		for (size_t z = 0; z < law->domains; z++) {
			seed_open(rng, seed, "law/successors", stream_of(law, z) << 32 | x);
			draw_row(law, rng, law->row[x] + z, z);
		}
	}
}

/* One step of the joint law of domain and token, [vocabulary][domains]: `now` is the law of token t, `then` becomes
 * that of token t + 1.  The domain alone keeps the law pi throughout.  Returns how far the law has moved (L1). */
static double joint_step(const struct topicmix_law *law, const double *now, double *then)
{
	size_t domains = law->domains, fanout = law->fanout;
	double go_on = 1 - law->end, jump = law->end + go_on * (1 - law->opt.mixing), moved = 0;
	for (size_t x = 0; x < law->vocabulary; x++)
		for (size_t z = 0; z < domains; z++)
			then[x * domains + z] = jump * law->prior[z] * topicmix_base(law, z, x);
	for (size_t x = 0; x < law->vocabulary; x++) {
		double all = 0;
		for (size_t z = 0; z < domains; z++)
			all += now[x * domains + z];
		for (size_t z = 0; z < domains; z++) {
			double stays = (1 - law->opt.change) * now[x * domains + z], left = 0;
			double mass = go_on * law->opt.mixing * (stays + law->opt.change * all * law->prior[z]);
			size_t first = topicmix_successors(law, z, x);
			for (size_t i = first; i < first + fanout; left = law->upto[i++])
				then[law->next[i] * domains + z] += mass * (law->upto[i] - left);
		}
	}
	for (size_t i = 0; i < law->vocabulary * domains; i++)
		moved += fabs(then[i] - now[i]);
	return moved;
}

/* The joint law far from the start of a sequence: power iteration from the law of the first token until it moves by
 * less than 1e-12, or, where it moves for ever or the law is huge, to a far token.  `then` is scratch. */
static void find_joint(const struct topicmix_law *law, double *then)
{
	size_t cells = law->vocabulary * law->domains;
	double *now = law->joint, moved = 1;
	double steps = fmin(2000, fmax(16, JOINT_WORK / ((double)cells * (double)law->fanout)));
	for (size_t x = 0; x < law->vocabulary; x++)
		for (size_t z = 0; z < law->domains; z++)
			now[x * law->domains + z] = law->prior[z] * topicmix_base(law, z, x);
	for (double step = 0; step < steps && moved > 1e-12; step++) {
		moved = joint_step(law, now, then);
		double *swap = now;
		now = then, then = swap;
	}
	if (now != law->joint)
		memcpy(law->joint, now, cells * sizeof *now);
}

/* Entropy of the long-run law of a token. */
static double unigram_entropy(const struct topicmix_law *law)
{
	double entropy = 0;
	for (size_t x = 0; x < law->vocabulary; x++) {
		double p = 0;
		for (size_t z = 0; z < law->domains; z++)
			p += law->joint[x * law->domains + z];
		if (p > 0)
			entropy -= p * log(p);
	}
	return entropy;
}

/* Everything that a law keeps. */
static void take(struct topicmix_law *law, struct arena *arena)
{
	size_t cells = law->vocabulary * law->domains, entries = law->rows * law->fanout;
	law->prior = ARENA_TAKE(arena, law->domains, double);
	law->base = ARENA_TAKE(arena, law->vocabulary, double);
	law->rank = ARENA_TAKE(arena, cells, uint32_t);
	law->token = ARENA_TAKE(arena, cells, uint32_t);
	law->row = ARENA_TAKE(arena, law->vocabulary, uint32_t);
	law->own = ARENA_TAKE(arena, law->vocabulary, bool);
	law->next = ARENA_TAKE(arena, entries, uint32_t);
	law->upto = ARENA_TAKE(arena, entries, double);
	law->joint = ARENA_TAKE(arena, cells, double);
	law->belief = ARENA_TAKE(arena, law->domains, double);
}

/* What only the drawing needs. */
struct workshop {
	uint32_t *ids; /* [vocabulary] */
	double *then;  /* [vocabulary][domains] */
	struct arena arena;
};

static void workshop_take(struct workshop *shop, struct arena *arena, const struct topicmix_law *law)
{
	shop->ids = ARENA_TAKE(arena, law->vocabulary, uint32_t);
	shop->then = ARENA_TAKE(arena, law->vocabulary * law->domains, double);
}

static int check(const struct topicmix_law *law, struct error *err)
{
	struct topicmix_law sizes = *law;
	struct workshop shop = { .ids = NULL };
	struct arena count = { .counting = true };
	char needed[TEXT_NUMBER], limit[TEXT_NUMBER];
	if (law->fanout > law->vocabulary)
		return fail(err, ERROR_USER,
					"topicmix: fanout=%zu is more than vocabulary=%zu (a token has distinct successors)", law->fanout,
					law->vocabulary);
	take(&sizes, &count);
	if (law->opt.drift > 0)
		take(&sizes, &count);
	workshop_take(&shop, &count, law);
	if ((double)count.bytes <= LAW_BYTES)
		return 0;
	return fail(err, ERROR_USER,
				"topicmix: domains=%zu, vocabulary=%zu, fanout=%zu need %s for their law, above the limit of %s (lower "
				"one of them, or context)",
				law->domains, law->vocabulary, law->fanout, text_of_bytes((double)count.bytes, needed),
				text_of_bytes(LAW_BYTES, limit));
}

static void draw(struct topicmix_law *law, uint64_t seed, gsl_rng *rng)
{
	struct workshop shop = { .ids = NULL };
	workshop_take(&shop, &shop.arena, law);
	zipf(law->prior, law->domains, law->opt.domain_zipf, 0);
	zipf(law->base, law->vocabulary, law->opt.token_zipf, law->opt.token_offset);
	law->draw_domain = discrete_open(law->domains, law->prior);
	law->draw_rank = discrete_open(law->vocabulary, law->base);
	draw_ranks(law, seed, rng, shop.ids);
	draw_owners(law, seed, rng, shop.ids);
	draw_rows(law, seed, rng);
	find_joint(law, shop.then);
	law->unigram = unigram_entropy(law);
	arena_free(&shop.arena);
}

static struct topicmix_law *create(const struct topicmix *opt)
{
	struct topicmix_law *law = calloc(1, sizeof *law);
	if (law == NULL)
		error_no_memory("the stream topicmix");
	law->opt = *opt;
	law->domains = (size_t)opt->domains;
	law->vocabulary = (size_t)opt->vocabulary;
	law->fanout = (size_t)opt->fanout;
	law->rows = law->vocabulary + own_tokens(law) * (law->domains - 1);
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

struct topicmix_law *topicmix_law_open(const struct topicmix *opt, uint64_t seed, gsl_rng *rng, struct error *err)
{
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
