/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tally.c -- counts of one layer's routing, and the metrics made from them.
 */
#include <config.h>

#include "sim/metrics/tally.h"

#include <math.h>
#include <moesim/kit.h>
#include <string.h>

void tally_create(struct tally *tally, size_t experts, size_t domains, struct arena *arena)
{
	*tally = (struct tally){ .experts = experts, .domains = domains };
	tally->assigned = ARENA_TAKE(arena, experts, double);
	tally->kept = ARENA_TAKE(arena, experts, double);
	tally->prob = ARENA_TAKE(arena, experts, double);
	tally->joint = ARENA_TAKE(arena, domains * experts, double);
	tally->domain_tokens = ARENA_TAKE(arena, domains, double);
	tally->scratch = ARENA_TAKE(arena, domains + experts, double);
}

void tally_clear(struct tally *tally)
{
	size_t row = tally->experts * sizeof(double);
	if (tally->experts) {
		memset(tally->assigned, 0, row);
		memset(tally->kept, 0, row);
		memset(tally->prob, 0, row);
		memset(tally->joint, 0, tally->domains * row);
	}
	memset(tally->domain_tokens, 0, tally->domains * sizeof(double));
	tally->tokens = tally->unrouted = tally->entropy = tally->top1 = tally->logit_z = 0;
}

/* One token's scores as shares: adds them to prob, their entropy and the largest. */
static void add_scores(struct tally *tally, const real *scores)
{
	double sum = 1e-20, top = 0, entropy = 0;
	for (size_t e = 0; e < tally->experts; e++)
		sum += (double)scores[e];
	for (size_t e = 0; e < tally->experts; e++) {
		double share = (double)scores[e] / sum;
		tally->prob[e] += share;
		top = share > top ? share : top;
		entropy -= share > 0 ? share * log(share) : 0;
	}
	tally->entropy += entropy;
	tally->top1 += top;
}

static void add_picks(struct tally *tally, const struct moe_route *route, const uint32_t *domain)
{
	for (size_t i = 0; i < route->picks->n; i++)
		tally->joint[domain[route->picks->token[i]] * tally->experts + route->picks->expert[i]]++;
	for (size_t e = 0; e < tally->experts; e++) {
		tally->assigned[e] += route->plan->assigned[e];
		tally->kept[e] += route->plan->first[e + 1] - route->plan->first[e];
	}
	for (size_t t = 0; t < route->call.tokens; t++)
		tally->unrouted += route->plan->token_first[t] == route->plan->token_first[t + 1];
}

void tally_add(struct tally *tally, const struct router *router, const uint32_t *domain)
{
	const struct moe_route *route = &router->route;
	size_t tokens = route->call.tokens;
	tally->tokens += (double)tokens;
	for (size_t t = 0; t < tokens; t++)
		tally->domain_tokens[domain[t]]++;
	if (tally->experts == 0)
		return;
	add_picks(tally, route, domain);
	for (size_t t = 0; route->scores && t < tokens; t++)
		add_scores(tally, route->scores + t * tally->experts);
	for (size_t t = 0; route->logits && t < tokens; t++) {
		double z = moe_log_sum_exp(route->logits + t * tally->experts, tally->experts);
		tally->logit_z += z * z;
	}
	if (route->scores == NULL)
		tally->entropy = tally->top1 = NAN;
	if (route->logits == NULL)
		tally->logit_z = NAN;
}

static double total(const double *x, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

double tally_pairs(const struct tally *tally)
{
	return tally->tokens > 0 ? total(tally->kept, tally->experts) / tally->tokens : 0;
}

void tally_metrics(struct tally *tally, double k, struct metrics *metrics)
{
	double picks = total(tally->assigned, tally->experts);
	metrics_clear(metrics);
	if (tally->experts == 0 || tally->tokens == 0)
		return;
	metrics_of_load(metrics, tally->assigned, tally->experts, k, tally->tokens, tally->scratch);
	metrics_of_domains(metrics, tally->joint, tally->domains, tally->experts, k, tally->domain_tokens, tally->scratch);
	metrics->drop_rate = picks > 0 ? 1 - total(tally->kept, tally->experts) / picks : 0;
	metrics->token_drop_rate = tally->unrouted / tally->tokens;
	metrics->route_entropy = tally->entropy / tally->tokens;
	metrics->top1_prob = tally->top1 / tally->tokens;
	metrics->logit_z = tally->logit_z / tally->tokens;
}
