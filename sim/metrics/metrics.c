/* SPDX-License-Identifier: GPL-3.0-or-later
 * metrics.c -- the metrics of one layer.
 */
#include <config.h>

#include <math.h>

#include "sim/metrics/balance.h"
#include "sim/metrics/information.h"
#include "sim/metrics/metrics.h"

const struct metric metric_rows[METRIC_COUNT] = {
#define METRIC(name, group, unit, balance, meaning) \
	{ #name, METRIC_##group, unit, balance, meaning, offsetof(struct metrics, name) },
#include "sim/metrics/metrics.def"
#undef METRIC
};

const char metric_header[] =
#define METRIC(name, group, unit, balance, meaning) "," #name
#include "sim/metrics/metrics.def"
#undef METRIC
	;

static double *slot(const struct metric *row, struct metrics *in)
{
	return (double *)((char *)in + row->at);
}

double metric_value(const struct metric *row, const struct metrics *from)
{
	return *(const double *)((const char *)from + row->at);
}

void metrics_clear(struct metrics *m)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		*slot(&metric_rows[i], m) = NAN;
}

void metrics_of_load(struct metrics *m, const double *count, size_t experts, double k, double tokens, double *scratch)
{
	m->assignments = 0;
	for (size_t e = 0; e < experts; e++)
		m->assignments += count[e];
	m->maxvio = balance_maxvio(count, experts);
	m->maxvio_floor = balance_noise_maxvio(experts, k, tokens);
	m->max_load = 1 + m->maxvio;
	m->minvio = balance_minvio(count, experts);
	m->min_load = 1 - m->minvio;
	m->cv = balance_cv(count, experts);
	m->cv_floor = balance_noise_cv(experts, k, tokens);
	m->entropy = balance_entropy(count, experts);
	m->entropy_normalised = balance_entropy_share(count, experts);
	m->effective_experts = balance_effective(count, experts);
	m->gini = balance_gini(count, experts, scratch);
	m->dead_experts = balance_dead(count, experts);
	m->utilisation = balance_utilisation(count, experts);
}

void metrics_of_domains(struct metrics *m, const double *joint, size_t domains, size_t experts, double k,
						const double *tokens, double *scratch)
{
	struct information of = information_of_table(joint, domains, experts, scratch);
	m->domain_mi = m->domain_nmi = m->domain_mi_floor = NAN;
	if (of.rows < 2)
		return;
	m->domain_mi = of.mutual;
	m->domain_nmi = of.normalized;
	if (tokens)
		m->domain_mi_floor = information_noise(joint, tokens, domains, experts, k);
}
