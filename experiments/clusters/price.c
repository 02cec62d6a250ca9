/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * price.c -- what each layer of a scene costs.
 */
#include <config.h>

#include "experiments/clusters/price.h"

#include <math.h>
#include <stdlib.h>

static bool has_local_work(const struct cluster_options *opt)
{
	return opt->shared > 0 || opt->attention_mflop > 0;
}

int price_routing(const struct scene *scene, const struct traffic *routing, struct priced *out, bool *lacks_tokens,
				  struct error *err)
{
	struct exchange_rule rule = scene->rule;
	const char *name = *scene->opt->placement ? scene->opt->placement : "linear";
	rule.dedup = scene_dedup(scene, routing, lacks_tokens);
	TRY(scene_placement(scene, routing, name, (size_t)scene->opt->slots, &out->arena, &out->placement, err));
	if (scene->shape.devices * out->placement.shape.slots > UINT32_C(1) << 28)
		return fail(err, ERROR_USER, "%zu devices with %zu slots are too many (at most 2^28 pairs)",
					scene->shape.devices, out->placement.shape.slots);
	TRY(exchange_count(routing, &out->placement, &scene->topology, &rule, &out->arena, &out->rows, err));
	if (scene->times > 0)
		TRY(rows_scale(&out->rows, out->placement.shape.slots, scene->times, routing->tokens, err));
	if (!routing->has_tokens && has_local_work(scene->opt))
		return fail(err, ERROR_USER,
					"counts do not say how many tokens there are, which --shared and --attention-mflop need (give a "
					"trace of tokens)");
	TRY(step_time(&out->rows, &out->placement, &scene->topology, &scene->work, &out->step, err));
	out->diagnosis = diagnosis_cause(&scene->work, &out->step);
	return 0;
}

static int price_layer(const struct scene *scene, const struct traffic *routing, struct priced *out, bool *lacks_tokens,
					   struct error *err)
{
	TRY(price_routing(scene, routing, out, lacks_tokens, err));
	out->diagnosis = diagnosis_of(routing, &out->placement, &scene->topology, &scene->work, &out->rows, &out->step);
	return 0;
}

int price_scene(struct scene *scene, struct prices *prices, struct error *err)
{
	*prices = (struct prices){ .layer = calloc(scene->traffic.n, sizeof *prices->layer) };
	if (prices->layer == NULL)
		error_no_memory("the layers");
	for (size_t i = 0; i < scene->traffic.n; i++)
		TRY(price_layer(scene, &scene->traffic.layer[i], &prices->layer[i], &prices->lacks_tokens, err));
	return 0;
}

void price_free(const struct scene *scene, struct prices *prices)
{
	for (size_t i = 0; i < scene->traffic.n; i++)
		arena_free(&prices->layer[i].arena);
	free(prices->layer);
}

double measure_imbalance(const struct measure *measure)
{
	return measure->rows_mean > 0 ? (double)measure->rows_max / measure->rows_mean : (double)NAN;
}

bool measure_is_sum(const struct measure *measure)
{
	return measure->rows_mean == 0;
}

bool measure_is_empty(const struct measure *measure)
{
	return measure_is_sum(measure) && measure->bytes_max == 0;
}
