/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_strategies.c -- what a training step of each strategy costs beside one of top-k, on one thread.
 *
 * bench_strategies [NAME...]: these strategies, or all.  The default settings with the strategy's own; the processor's
 * time of single steps, by turns: the strategy, top-k with as many experts a token, routed and shared, and top-k as it
 * is.  BENCH_TURNS (default 15) is the number of turns.  Prints CSV:
 *
 *   strategy       its name
 *   milliseconds   median of its steps
 *   over_top_k     median over the turns of its step over one of top-k
 *   over_equal     the same over one of top-k with as many experts a token: what its routing costs
 *   spread         of over_equal: its upper quartile less its lower one
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "sim/base/parallel.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/route/catalog.h"
#include "sim/train/trainer.h"
#include "strategies/catalog.h"
#include "tests/bench/clock.h"

enum { MOST_TURNS = 999, WARM_UP = 3 };

struct contender {
	struct settings settings;
	struct trainer trainer;
	double took[MOST_TURNS];
};

static void check(int status, const struct error *err)
{
	if (status == 0)
		return;
	error_print(err);
	exit(EXIT_FAILURE);
}

static double step(struct contender *contender)
{
	struct step_log log;
	double since = clock_busy();
	trainer_step(&contender->trainer, false, &log);
	return clock_busy() - since;
}

static void enter(struct contender *contender, const struct assignment *given, size_t n)
{
	struct error err = { .code = ERROR_NONE };
	check(settings_resolve(given, n, &contender->settings, &err), &err);
	check(trainer_open(&contender->trainer, &contender->settings, &err), &err);
	for (size_t i = 0; i < WARM_UP; i++)
		step(contender);
}

/* top-k with as many experts a token as the strategy has, routed and shared. */
static void enter_equal(struct contender *equal, const struct config *config)
{
	const struct assignment given[] = { { "strategy", "top-k" },
										{ "top-k", text_keep_f("%lld", (long long)config->layer.k) },
										{ "shared", text_keep_f("%lld", (long long)config->layer.shared) } };
	enter(equal, given, 3);
}

/* over[i] = a's turn over b's; sorted, and its median. */
static double ratio(const struct contender *a, const struct contender *b, size_t turns, double *over)
{
	for (size_t i = 0; i < turns; i++)
		over[i] = a->took[i] / b->took[i];
	return clock_median(over, turns);
}

static void compare(const char *name, size_t turns, struct contender *plain)
{
	static struct contender own, equal;
	static double over[MOST_TURNS];
	const struct assignment given[] = { { "strategy", name } };
	enter(&own, given, 1);
	enter_equal(&equal, &own.settings.config);
	for (size_t i = 0; i < turns; i++) {
		own.took[i] = step(&own);
		equal.took[i] = step(&equal);
		plain->took[i] = step(plain);
	}
	double over_plain = ratio(&own, plain, turns, over), over_equal = ratio(&own, &equal, turns, over);
	double spread = over[turns * 3 / 4] - over[turns / 4];
	printf("%s,%.2f,%.2f,%.2f,%.2f\n", name, 1e3 * clock_median(own.took, turns), over_plain, over_equal, spread);
	fflush(stdout);
	trainer_close(&equal.trainer);
	trainer_close(&own.trainer);
}

static size_t turns_wanted(void)
{
	const char *given = getenv("BENCH_TURNS");
	int turns = given ? atoi(given) : 15;
	return turns < 1 ? 1 : turns > MOST_TURNS ? MOST_TURNS : (size_t)turns;
}

int main(int argc, char **argv)
{
	static struct contender plain;
	const struct assignment given[] = { { "strategy", "top-k" } };
	size_t turns = turns_wanted();
	product_single_threaded();
	parallel_threads(1);
	catalog_use(strategy_parts, strategy_recipes);
	enter(&plain, given, 1);
	puts("strategy,milliseconds,over_top_k,over_equal,spread");
	for (int i = 1; i < argc; i++)
		compare(argv[i], turns, &plain);
	for (const struct moe_recipe *recipe = strategy_recipes; argc == 1 && recipe->name; recipe++)
		compare(recipe->name, turns, &plain);
	trainer_close(&plain.trainer);
	return EXIT_SUCCESS;
}
