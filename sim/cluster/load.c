/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * load.c -- routings drawn from a law of loads.
 */
#include <config.h>

#include "sim/cluster/load.h"

#include <float.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/discrete.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"

static void shares_uniform(const struct load_shape *shape, double number, void *rng, double *share)
{
	(void)number;
	(void)rng;
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = 1;
}

static void shares_zipf(const struct load_shape *shape, double exponent, void *rng, double *share)
{
	(void)rng;
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = pow((double)(e + 1), -exponent);
}

/* As AIConfigurator draws them: the inverse distribution function of x^-a between 1 and 0.8 of the tokens. */
static void shares_power(const struct load_shape *shape, double exponent, void *rng, double *share)
{
	double most = fmax(0.8 * (double)shape->tokens, 1), span = pow(most, 1 - exponent) - 1;
	for (size_t e = 0; e < shape->experts; e++) {
		double u = gsl_rng_uniform(rng);
		share[e] = exponent == 1 ? pow(most, u) : pow(span * u + 1, 1 / (1 - exponent));
	}
}

static void shares_log_normal(const struct load_shape *shape, double sigma, void *rng, double *share)
{
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = exp(gsl_ran_gaussian(rng, sigma));
}

static void shares_dirichlet(const struct load_shape *shape, double concentration, void *rng, double *share)
{
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = gsl_ran_gamma(rng, concentration, 1);
}

static void shares_k_hot(const struct load_shape *shape, double number, void *rng, double *share)
{
	(void)rng;
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = (double)e < number;
}

static void shares_hot_rank(const struct load_shape *shape, double times, void *rng, double *share)
{
	(void)rng;
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = e * shape->devices < shape->experts ? times : 1;
}

/* In equal steps from `times` down to 1. */
static void shares_spread(const struct load_shape *shape, double times, void *rng, double *share)
{
	size_t last = shape->experts - 1;
	(void)rng;
	for (size_t e = 0; e <= last; e++)
		share[e] = last > 0 ? 1 + (times - 1) * (double)(last - e) / (double)last : 1;
}

static void shares_ragged(const struct load_shape *shape, double width, void *rng, double *share)
{
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = 1 + width * (2 * gsl_rng_uniform(rng) - 1);
}

/* Hot experts are those of the next part in each step: all parts have had their turn after as many steps as devices. */
static void shares_rotating(const struct load_shape *shape, double times, void *rng, double *share)
{
	(void)rng;
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = e * shape->devices / shape->experts == shape->step % shape->devices ? times : 1;
}

/* One step in so many. */
enum { BURST_EVERY = 8 };

static void shares_burst(const struct load_shape *shape, double times, void *rng, double *share)
{
	bool is_burst = gsl_rng_uniform_int(rng, BURST_EVERY) == 0;
	shares_uniform(shape, 0, rng, share);
	if (is_burst)
		share[gsl_rng_uniform_int(rng, shape->experts)] = times;
}

/* Mean over maximum of shares by Zipf's law. */
static double balancedness_of(size_t experts, double exponent)
{
	double sum = 0;
	for (size_t e = 0; e < experts; e++)
		sum += pow((double)(e + 1), -exponent);
	return sum / (double)experts;
}

/* Zipf's law with the exponent that gives it. */
static void shares_balancedness(const struct load_shape *shape, double wanted, void *rng, double *share)
{
	double low = 0, high = 64;
	for (int i = 0; i < 60; i++) {
		double middle = 0.5 * (low + high);
		*(balancedness_of(shape->experts, middle) > wanted ? &low : &high) = middle;
	}
	shares_zipf(shape, 0.5 * (low + high), rng, share);
}

#define NUMBER(least, most, usual) .takes_number = true, .low = (least), .high = (most), .preset = (usual)
const struct load_law load_laws[] = {
	{ "balanced", "every device uses every expert equally often", .shares = NULL },
	{ "uniform", "every expert equally likely", .shares = shares_uniform },
	{ "zipf", "the i-th expert has a share as i^-X", NUMBER(0, 16, 1), .shares = shares_zipf },
	{ "power", "shares drawn from a density x^-X between 1 and 0.8 of the tokens", NUMBER(0, 16, 1.01),
	  .shares = shares_power },
	{ "log-normal", "shares drawn from a log-normal law with sigma X", NUMBER(0, 16, 0.6),
	  .shares = shares_log_normal },
	{ "dirichlet", "shares drawn from a symmetric Dirichlet law with concentration X", NUMBER(1e-3, 1e6, 1),
	  .shares = shares_dirichlet },
	{ "k-hot", "the first X experts share everything", NUMBER(1, TALLY_IDS, 8), .shares = shares_k_hot },
	{ "hot-rank", "experts in the first of as many parts as there are devices have X times the share of others",
	  NUMBER(1, 1e6, 4), .shares = shares_hot_rank },
	{ "spread", "shares fall in equal steps, the first X times the last", NUMBER(1, 1e6, 4), .shares = shares_spread },
	{ "ragged", "shares drawn evenly from 1 - X to 1 + X times the mean", NUMBER(0, 1, 0.5), .shares = shares_ragged },
	{ "rotating", "as hot-rank, but in each step the next part is hot", NUMBER(1, 1e6, 4), .shares = shares_rotating },
	{ "burst", "uniform, but in one step of 8 an expert drawn at random has X times the share of others",
	  NUMBER(1, 1e6, 16), .moves = true, .shares = shares_burst },
	{ "balancedness", "Zipf's law whose mean share is X of its largest", NUMBER(1e-5, 1, 0.7),
	  .shares = shares_balancedness },
	{ .name = NULL },
};
#undef NUMBER

static const struct load_law *find_law(const char *name, struct error *err)
{
	const char *names[sizeof load_laws / sizeof *load_laws] = { NULL }, *all = "";
	for (size_t i = 0; load_laws[i].name; i++) {
		names[i] = load_laws[i].name;
		all = text_keep_f("%s%s%s", all, *all ? ", " : "", names[i]);
		if (strcmp(names[i], name) == 0)
			return &load_laws[i];
	}
	const char *near = text_nearest(name, names);
	fail(err, ERROR_USER, "unknown load '%s' (%s%s%s)", name, near ? "did you mean '" : "known: ", near ? near : all,
		 near ? "'?" : "");
	return NULL;
}

int load_parse(const char *text, struct load_kind *load, struct error *err)
{
	size_t length = strcspn(text, ":");
	load->law = find_law(text_keep_n(text, length), err);
	if (load->law == NULL)
		return -1;
	load->number = load->law->preset;
	if (text[length] == 0)
		return 0;
	if (!load->law->takes_number)
		return fail(err, ERROR_USER, "%s takes no number", load->law->name);
	if (!text_to_real(text + length + 1, &load->number) || load->number < load->law->low ||
		load->number > load->law->high)
		return fail(err, ERROR_USER, "%s: '%s' must be a number from %g to %g", load->law->name, text + length + 1,
					load->law->low, load->law->high);
	return 0;
}

static int check_groups(const struct load_shape *shape, struct error *err)
{
	size_t size = shape->experts / shape->groups, used = shape->group_top_k;
	if (shape->experts % shape->groups != 0)
		return fail(err, ERROR_USER, "%zu experts do not make %zu equal groups (give a divisor to --groups)",
					shape->experts, shape->groups);
	if (used > shape->groups)
		return fail(err, ERROR_USER, "--group-top-k %zu exceeds the %zu groups", used, shape->groups);
	if (used * size < shape->k)
		return fail(err, ERROR_USER, "%zu groups of %zu experts have fewer than top-k = %zu (raise --group-top-k)",
					used, size, shape->k);
	if (shape->quota && (shape->k % used != 0 || shape->k / used > size))
		return fail(err, ERROR_USER, "top-k = %zu cannot be the same number of experts in each of %zu groups", shape->k,
					used);
	return 0;
}

int load_check(const struct load_kind *load, const struct load_shape *shape, struct error *err)
{
	if (shape->k > shape->experts)
		return fail(err, ERROR_USER, "top-k = %zu exceeds the %zu experts", shape->k, shape->experts);
	if (load->law->shares == shares_k_hot && load->number < (double)shape->k)
		return fail(err, ERROR_USER, "k-hot:%g has fewer experts than top-k = %zu", load->number, shape->k);
	if (load->law->shares == shares_balancedness && load->number * (double)shape->experts <= 1)
		return fail(err, ERROR_USER, "balancedness:%g cannot be below 1 / experts = %g", load->number,
					1 / (double)shape->experts);
	if (load->law->shares == NULL && shape->groups > 0)
		return fail(err, ERROR_USER, "a balanced load has no groups (use --load uniform)");
	return shape->groups > 0 ? check_groups(shape, err) : 0;
}

static gsl_rng *open_stream(const struct load_shape *shape, const char *name, uint64_t index)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	if (rng == NULL)
		error_no_memory("a random stream");
	seed_open(rng, shape->seed, name, index);
	return rng;
}

static uint64_t stream_of(const struct load_shape *shape, uint32_t layer)
{
	return (uint64_t)shape->step << 32 | layer;
}

void load_shares(const struct load_kind *load, const struct load_shape *shape, uint32_t layer, double *share)
{
	gsl_rng *rng = open_stream(shape, "load shares", load->law->moves ? stream_of(shape, layer) : layer);
	load->law->shares(shape, load->number, rng, share);
	gsl_rng_free(rng);
	double sum = 0;
	for (size_t e = 0; e < shape->experts; e++)
		sum += share[e];
	for (size_t e = 0; e < shape->experts; e++)
		share[e] = sum > 0 ? share[e] / sum : 1 / (double)shape->experts;
}

/* What one token has taken so far. */
struct draw {
	const struct load_shape *shape;
	const double *share;
	gsl_ran_discrete_t *law;
	gsl_rng *rng;
	size_t token, groups;     /* groups: met so far */
	size_t *taken;            /* [experts] 1 + the last token that took it */
	size_t *met, *from_group; /* [groups] 1 + the last token that met it; how many it took there */
};

static bool may_take(const struct draw *draw, size_t expert)
{
	const struct load_shape *shape = draw->shape;
	if (draw->taken[expert] == draw->token + 1)
		return false;
	if (shape->groups == 0)
		return true;
	size_t group = expert / (shape->experts / shape->groups);
	if (draw->met[group] != draw->token + 1)
		return draw->groups < shape->group_top_k;
	return !shape->quota || draw->from_group[group] < shape->k / shape->group_top_k;
}

static void take(struct draw *draw, size_t expert)
{
	const struct load_shape *shape = draw->shape;
	draw->taken[expert] = draw->token + 1;
	if (shape->groups == 0)
		return;
	size_t group = expert / (shape->experts / shape->groups);
	if (draw->met[group] != draw->token + 1) {
		draw->met[group] = draw->token + 1;
		draw->from_group[group] = 0;
		draw->groups++;
	}
	draw->from_group[group]++;
}

/* The same law without rejections, for when few experts are left that may be taken. */
static size_t draw_from_rest(const struct draw *draw)
{
	double sum = 0;
	size_t last = 0;
	for (size_t e = 0; e < draw->shape->experts; e++)
		if (may_take(draw, e))
			sum += draw->share[e];
	double left = gsl_rng_uniform(draw->rng) * sum;
	for (size_t e = 0; e < draw->shape->experts; e++)
		if (may_take(draw, e) && (sum == 0 || draw->share[e] > 0)) {
			last = e;
			left -= draw->share[e];
			if (left < 0 || sum == 0)
				break;
		}
	return last;
}

/* An expert by the shares of those that may be taken: others are drawn and laid aside. */
static size_t draw_expert(const struct draw *draw)
{
	for (int tries = 0; tries < 32; tries++) {
		size_t expert = gsl_ran_discrete(draw->rng, draw->law);
		if (may_take(draw, expert))
			return expert;
	}
	return draw_from_rest(draw);
}

static void draw_tokens(struct draw *draw, struct traffic *routing)
{
	size_t k = draw->shape->k;
	for (draw->token = 0; draw->token < routing->tokens; draw->token++) {
		draw->groups = 0;
		for (size_t i = 0; i < k; i++) {
			size_t expert = draw_expert(draw);
			take(draw, expert);
			routing->expert[draw->token * k + i] = (uint32_t)expert;
		}
	}
}

/* A device's n-th token goes to experts n k, n k + 1, ... of a list that has them all, E / k apart where k divides E.
 */
static void deal_tokens(const struct load_shape *shape, struct traffic *routing)
{
	size_t experts = shape->experts, k = shape->k, stride = experts % k == 0 ? experts / k : 1;
	for (size_t t = 0, device = 0, begin = 0; t < routing->tokens; t++) {
		while (t >= routing->tokens * (device + 1) / shape->devices)
			begin = routing->tokens * ++device / shape->devices;
		for (size_t i = 0; i < k; i++) {
			size_t turn = stride == 1 ? (t - begin) * k + i : t - begin + i * stride;
			routing->expert[t * k + i] = (uint32_t)(turn % experts);
		}
	}
}

static void logits_of_deal(const struct load_shape *shape, double *logit)
{
	struct arena arena = { 0 };
	struct traffic routing = traffic_room(0, shape->experts, shape->tokens, shape->k, &arena);
	deal_tokens(shape, &routing);
	for (size_t t = 0; t < shape->tokens; t++)
		for (size_t i = 0; i < shape->k; i++)
			logit[t * shape->experts + routing.expert[t * shape->k + i]] = (double)(shape->k - i);
	arena_free(&arena);
}

void load_logits(const struct load_kind *load, const struct load_shape *shape, uint32_t layer, double *logit)
{
	size_t n = shape->tokens * shape->experts;
	for (size_t i = 0; i < n; i++)
		logit[i] = 0;
	if (load->law->shares == NULL) {
		logits_of_deal(shape, logit);
		return;
	}
	double *share = calloc(shape->experts, sizeof *share);
	if (share == NULL)
		error_no_memory("the logits of a load");
	load_shares(load, shape, layer, share);
	gsl_rng *rng = open_stream(shape, "load logits", stream_of(shape, layer));
	for (size_t i = 0; i < n; i++)
		logit[i] = log(fmax(share[i % shape->experts], DBL_MIN)) - log(-log(gsl_rng_uniform_pos(rng)));
	gsl_rng_free(rng);
	free(share);
}

struct traffic load_draw(const struct load_kind *load, const struct load_shape *shape, uint32_t layer,
						 struct arena *arena)
{
	struct traffic routing = traffic_room(layer, shape->experts, shape->tokens, shape->k, arena);
	routing.step = shape->step;
	if (load->law->shares == NULL) {
		deal_tokens(shape, &routing);
	} else {
		double *share = ARENA_TAKE(arena, shape->experts, double);
		load_shares(load, shape, layer, share);
		struct draw draw = { .shape = shape,
							 .share = share,
							 .law = discrete_open(shape->experts, share),
							 .rng = open_stream(shape, "load", stream_of(shape, layer)),
							 .taken = ARENA_TAKE(arena, shape->experts, size_t),
							 .met = ARENA_TAKE(arena, shape->groups, size_t),
							 .from_group = ARENA_TAKE(arena, shape->groups, size_t) };
		draw_tokens(&draw, &routing);
		gsl_ran_discrete_free(draw.law);
		gsl_rng_free(draw.rng);
	}
	for (uint64_t i = 0; i < routing.assignments; i++)
		routing.count[routing.expert[i]]++;
	return routing;
}
