/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * caches.c -- what a cache of experts hits in each layer of a scene.
 */
#include <config.h>

#include "experiments/clusters/caches.h"

#include <inttypes.h>
#include <string.h>

static const struct cache_policy *belady(void)
{
	const struct cache_policy *policy = cache_policies;
	while (policy[1].name)
		policy++;
	return policy;
}

static int cache_layer(const struct scene *scene, const struct traffic *routing, const struct cache_policy *policy,
					   struct arena *arena, struct cached *cached, struct error *err)
{
	size_t room = (size_t)scene->opt->cache, batch = (size_t)scene->opt->cache_batch;
	if (!routing->has_tokens)
		return fail(err, ERROR_USER,
					"counts do not say in which order experts are used (--cache needs a trace of tokens)");
	if (room > routing->experts)
		return fail(err, ERROR_USER, "a cache of %zu exceeds the %zu experts of layer %" PRIu32, room, routing->experts,
					routing->layer);
	struct cache_requests requests = cache_requests_of(routing, batch, arena);
	double tokens = (double)routing->tokens, batches = (double)requests.batches;
	*cached = (struct cached){ .policy = policy,
							   .result = cache_run(&requests, policy, room),
							   .bound = cache_run(&requests, belady(), room),
							   .touched = (double)requests.n / batches,
							   .tokens = routing->tokens };
	cached->expected =
		cache_expected_touched(routing->experts, (double)routing->assignments / tokens, tokens / batches);
	if (__builtin_mul_overflow(cached->result.requests - cached->result.hits,
							   step_expert_bytes(&scene->work, scene->work.weight_bytes), &cached->bytes) ||
		cached->bytes > UINT64_C(1) << 62)
		return fail(err, ERROR_USER, "the bytes that are fetched exceed 64 bits");
	return 0;
}

int caches_scene(const struct scene *scene, struct caches *caches, struct error *err)
{
	const char *wanted = cache_policy_names[scene->opt->policy];
	*caches = (struct caches){ .policies = 0 };
	const struct cache_policy *policies[8];
	for (const struct cache_policy *policy = cache_policies; policy->name; policy++)
		if (scene->opt->policy == 0 || strcmp(policy->name, wanted) == 0)
			policies[caches->policies++] = policy;
	caches->cached = ARENA_TAKE(&caches->arena, scene->traffic.n * caches->policies, struct cached);
	for (size_t i = 0; i < scene->traffic.n; i++)
		for (size_t p = 0; p < caches->policies; p++) {
			struct arena arena = { 0 };
			int status = cache_layer(scene, &scene->traffic.layer[i], policies[p], &arena,
									 &caches->cached[i * caches->policies + p], err);
			arena_free(&arena);
			TRY(status);
		}
	return 0;
}

void caches_free(struct caches *caches)
{
	arena_free(&caches->arena);
}
