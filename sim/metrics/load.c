/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * load.c -- counts of one layer's routing, and the metrics made from them.
 */
#include <config.h>

#include "sim/metrics/load.h"

#include <math.h>
#include <moesim/kit.h>
#include <string.h>

void load_create(struct load *load, size_t experts, size_t domains, size_t length, struct arena *arena)
{
	*load = (struct load){ .experts = experts, .domains = domains, .length = length };
	load->assigned = ARENA_TAKE(arena, experts, double);
	load->kept = ARENA_TAKE(arena, experts, double);
	load->prob = ARENA_TAKE(arena, experts, double);
	load->joint = ARENA_TAKE(arena, domains * experts, double);
	load->domain_tokens = ARENA_TAKE(arena, domains, double);
	load->position_assigned = ARENA_TAKE(arena, length, double);
	load->position_kept = ARENA_TAKE(arena, length, double);
	load->scratch = ARENA_TAKE(arena, domains + experts, double);
}

void load_clear(struct load *load)
{
	size_t row = load->experts * sizeof(double);
	if (load->experts) {
		memset(load->assigned, 0, row);
		memset(load->kept, 0, row);
		memset(load->prob, 0, row);
		memset(load->joint, 0, load->domains * row);
	}
	memset(load->domain_tokens, 0, load->domains * sizeof(double));
	memset(load->position_assigned, 0, load->length * sizeof(double));
	memset(load->position_kept, 0, load->length * sizeof(double));
	load->tokens = load->unrouted = load->entropy = load->top1 = load->logit_z = 0;
}

/* sum of s ln s */
static inline double sum_of_logs(const real *s, size_t n)
{
	double sum;
	MOE_SUM(sum, n, i, s[i] * moe_log(s[i]));
	return sum;
}

/* Tokens' scores as shares p = s / sum(s): adds them to prob, their entropy ln sum(s) - sum(s ln s) / sum(s), and the
 * largest. */
MOE_CLONED static void add_scores(struct load *load, const real *scores, size_t tokens)
{
	size_t experts = load->experts;
	for (size_t t = 0; t < tokens; t++) {
		const real *s = scores + t * experts;
		double sum = moe_sum(s, experts) + 1e-20, share = 1 / sum;
		for (size_t e = 0; e < experts; e++)
			load->prob[e] += (double)s[e] * share;
		load->entropy += log(sum) - sum_of_logs(s, experts) * share;
		load->top1 += (double)moe_max(s, experts) * share;
	}
}

MOE_CLONED static void add_logits(struct load *load, const real *logits, size_t tokens)
{
	for (size_t t = 0; t < tokens; t++) {
		double z = moe_log_sum_exp(logits + t * load->experts, load->experts);
		load->logit_z += z * z;
	}
}

static void add_picks(struct load *load, const struct moe_route *route, const uint32_t *domain)
{
	for (size_t i = 0; i < route->picks->n; i++)
		load->joint[domain[route->picks->token[i]] * load->experts + route->picks->expert[i]]++;
	for (size_t e = 0; e < load->experts; e++) {
		load->assigned[e] += route->plan->assigned[e];
		load->kept[e] += route->plan->first[e + 1] - route->plan->first[e];
	}
	for (size_t t = 0; t < route->call.tokens; t++)
		load->unrouted += route->plan->token_first[t] == route->plan->token_first[t + 1];
}

static void add_positions(struct load *load, const struct moe_route *route)
{
	for (size_t i = 0; i < route->picks->n; i++)
		load->position_assigned[route->picks->token[i] % load->length]++;
	for (size_t t = 0; t < route->call.tokens; t++)
		load->position_kept[t % load->length] += route->plan->token_first[t + 1] - route->plan->token_first[t];
}

void load_add(struct load *load, const struct router *router, const uint32_t *domain)
{
	const struct moe_route *route = &router->route;
	size_t tokens = route->call.tokens;
	load->tokens += (double)tokens;
	load->bare = route->call.bare;
	load->constant = route->call.constant;
	for (size_t t = 0; t < tokens; t++)
		load->domain_tokens[domain[t]]++;
	if (load->experts == 0)
		return;
	add_picks(load, route, domain);
	add_positions(load, route);
	if (route->scores)
		add_scores(load, route->scores, tokens);
	if (route->logits)
		add_logits(load, route->logits, tokens);
	if (route->scores == NULL)
		load->entropy = load->top1 = NAN;
	if (route->logits == NULL)
		load->logit_z = NAN;
}

static double total(const double *x, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

static size_t working(const struct load *load)
{
	return load->experts - load->bare;
}

static double per_token(const struct load *load, const double *count, size_t experts)
{
	return load->tokens > 0 ? total(count, experts) / load->tokens : 0;
}

double load_picks(const struct load *load)
{
	return per_token(load, load->assigned, working(load));
}

double load_pairs(const struct load *load)
{
	return per_token(load, load->kept, working(load));
}

double load_bare_pairs(const struct load *load)
{
	return per_token(load, load->kept + working(load), load->bare);
}

double load_constant_pairs(const struct load *load)
{
	return per_token(load, load->kept + load->experts - load->constant, load->constant);
}

void load_metrics(struct load *load, struct metrics *metrics)
{
	double picks = total(load->assigned, load->experts), k = per_token(load, load->assigned, load->experts);
	metrics_clear(metrics);
	if (load->experts == 0 || load->tokens == 0)
		return;
	metrics_of_load(metrics, load->assigned, working(load), load_picks(load), load->tokens, load->scratch);
	metrics_of_domains(metrics, load->joint, load->domains, load->experts, k, load->domain_tokens, load->scratch);
	metrics->drop_rate = picks > 0 ? 1 - total(load->kept, load->experts) / picks : 0;
	metrics->token_drop_rate = load->unrouted / load->tokens;
	metrics->route_entropy = load->entropy / load->tokens;
	metrics->top1_prob = load->top1 / load->tokens;
	metrics->logit_z = load->logit_z / load->tokens;
}
