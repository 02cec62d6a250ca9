/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_cache.c -- caches of experts against a plain list, against the best of all choices, and by what must hold.
 */
#include <config.h>

#include <check.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/cluster/cache.h"
#include "sim/cluster/load.h"

enum { CASES = 1000, FEW = 6 };

static const struct cache_policy *policy(const char *name)
{
	const struct cache_policy *row = cache_policies;
	while (strcmp(row->name, name) != 0)
		row++;
	return row;
}

static struct traffic drawn(const char *kind, size_t experts, size_t k, size_t tokens, uint64_t seed,
							struct arena *arena)
{
	struct load_kind load;
	struct error err;
	struct load_shape shape = { .experts = experts, .k = k, .tokens = tokens, .devices = 1, .seed = seed };
	ck_assert_int_eq(load_parse(kind, &load, &err), 0);
	return load_draw(&load, &shape, 0, arena);
}

/* Requests in words: one expert a token. */
static struct cache_requests asked(const char *word, struct arena *arena)
{
	struct traffic traffic = traffic_room(0, FEW, strlen(word), 1, arena);
	for (size_t t = 0; word[t]; t++)
		traffic.count[traffic.expert[t] = (uint32_t)(word[t] - 'a')]++;
	return cache_requests_of(&traffic, 1, arena);
}

/* Room for two; hits in brackets. */
START_TEST(policies_by_hand)
{
	static const struct {
		const char *word, *policy;
		uint64_t hits;
	} rows[] = {
		{ "abacab", "lru", 2 },    /* a b [a] c(b goes) [a] b(c goes) */
		{ "abacab", "lfu", 2 },    /* the same: c goes, which came once */
		{ "abcbb", "lru", 2 },     /* a b c(a goes) [b] [b] */
		{ "aabcbc", "lru", 3 },    /* a [a] b c(a goes) [b] [c] */
		{ "aabcbc", "lfu", 1 },    /* a [a] b c(b goes) b(c goes) c: a stays, which came twice */
		{ "aaabcbca", "lfu", 3 },  /* a [a] [a] b c(b goes) b(c goes) c(b goes) [a] */
		{ "aabcbca", "pin", 3 },   /* a and b are pinned: a [a] b c [b] c [a] */
		{ "abcabc", "lru", 0 },    /* a ring longer than the cache */
		{ "abcabc", "belady", 2 }, /* a b c(turned away: used last of all) [a] [b] c */
		{ "abcdabcd", "belady", 2 },
	};
	struct arena arena = { 0 };
	struct cache_requests requests = asked(rows[_i].word, &arena);
	struct cache_result result = cache_run(&requests, policy(rows[_i].policy), 2);
	ck_assert_uint_eq(result.requests, strlen(rows[_i].word));
	ck_assert_uint_eq(result.hits, rows[_i].hits);
	arena_free(&arena);
}
END_TEST

/* The most hits of all choices of what to keep: over each set of experts that may be kept after each request. */
static uint64_t best_of_all(const struct cache_requests *requests, size_t room)
{
	int best[1 << FEW], next[1 << FEW], most = 0;
	for (int set = 0; set < 1 << FEW; set++)
		best[set] = set == 0 ? 0 : -1;
	for (size_t i = 0; i < requests->n; i++) {
		int asked_for = 1 << requests->expert[i];
		for (int set = 0; set < 1 << FEW; set++)
			next[set] = -1;
		for (int set = 0; set < 1 << FEW; set++) {
			if (best[set] < 0)
				continue;
			int had = best[set] + ((set & asked_for) != 0), all = set | asked_for;
			for (int kept = all;; kept = (kept - 1) & all) {
				if ((size_t)__builtin_popcount((unsigned)kept) <= room && had > next[kept])
					next[kept] = had;
				if (kept == 0)
					break;
			}
		}
		memcpy(best, next, sizeof best);
	}
	for (int set = 0; set < 1 << FEW; set++)
		most = best[set] > most ? best[set] : most;
	return (uint64_t)most;
}

START_TEST(belady_is_the_best_of_all)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct arena arena = { 0 };
		struct moe_rng rng = seed_stream(seed, "cache test", 0);
		struct traffic traffic = drawn("log-normal:1", FEW, 1 + moe_below(&rng, 3), 12, seed, &arena);
		struct cache_requests requests = cache_requests_of(&traffic, 1 + moe_below(&rng, 3), &arena);
		size_t room = 1 + moe_below(&rng, FEW);
		ck_assert_uint_eq(cache_run(&requests, policy("belady"), room).hits, best_of_all(&requests, room));
		arena_free(&arena);
	}
}
END_TEST

/* A list of what is kept, the one that was used last in front. */
static uint64_t plain_lru(const struct cache_requests *requests, size_t room)
{
	uint32_t list[64];
	size_t n = 0;
	uint64_t hits = 0;
	for (size_t i = 0; i < requests->n; i++) {
		size_t at = 0;
		while (at < n && list[at] != requests->expert[i])
			at++;
		hits += at < n;
		if (at == n)
			n = n < room ? n + 1 : room;
		at = at < n ? at : n - 1;
		memmove(list + 1, list, at * sizeof *list);
		list[0] = requests->expert[i];
	}
	return hits;
}

/* None hits more than Belady's; more room never hurts lru, pin and belady; with room for all each expert is fetched
 * once. */
START_TEST(caches_keep_their_bounds)
{
	for (uint64_t seed = 0; seed < CASES / 5; seed++) {
		struct arena arena = { 0 };
		struct traffic traffic = drawn(seed % 2 ? "zipf:1" : "uniform", 24, 4, 60, seed, &arena);
		struct cache_requests requests = cache_requests_of(&traffic, 1 + seed % 5, &arena);
		uint64_t distinct = 0, before[4] = { 0 };
		for (size_t e = 0; e < 24; e++)
			distinct += requests.total[e] > 0;
		for (size_t room = 1; room <= 24; room++) {
			uint64_t most = cache_run(&requests, policy("belady"), room).hits;
			ck_assert_uint_eq(cache_run(&requests, policy("lru"), room).hits, plain_lru(&requests, room));
			for (size_t p = 0; cache_policies[p].name; p++) {
				uint64_t hits = cache_run(&requests, &cache_policies[p], room).hits;
				ck_assert_uint_le(hits, most);
				ck_assert(hits >= before[p] || strcmp(cache_policies[p].name, "lfu") == 0);
				ck_assert(room < 24 || hits == requests.n - distinct);
				before[p] = hits;
			}
		}
		arena_free(&arena);
	}
}
END_TEST

/* Tokens that choose at random touch E (1 - (1 - k/E)^B) experts a batch; skewed ones touch fewer. */
START_TEST(experts_touched)
{
	static const size_t batch[] = { 1, 4, 16, 64 };
	struct arena arena = { 0 };
	struct traffic uniform = drawn("uniform", 64, 6, 64000, 1, &arena),
				   skewed = drawn("zipf:1", 64, 6, 64000, 1, &arena);
	struct cache_requests requests = cache_requests_of(&uniform, batch[_i], &arena);
	double touched = (double)requests.n / (double)requests.batches,
		   expected = cache_expected_touched(64, 6, (double)batch[_i]);
	ck_assert_double_eq_tol(touched, expected, expected * 0.005);
	requests = cache_requests_of(&skewed, batch[_i], &arena);
	ck_assert(batch[_i] == 1 || (double)requests.n / (double)requests.batches < 0.95 * expected);
	ck_assert_double_eq_tol(cache_expected_touched(256, 8, 32), 163.3, 0.1); /* 256 (1 - (31/32)^32) */
	arena_free(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache");
	TCase *cases = tcase_create("cache");
	tcase_add_loop_test(cases, policies_by_hand, 0, 10);
	tcase_add_test(cases, belady_is_the_best_of_all);
	tcase_add_test(cases, caches_keep_their_bounds);
	tcase_add_loop_test(cases, experts_touched, 0, 4);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
