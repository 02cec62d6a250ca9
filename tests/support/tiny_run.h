/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiny_run.h -- settings of a run that is over at once.
 */
#ifndef TESTS_SUPPORT_TINY_RUN_H
#define TESTS_SUPPORT_TINY_RUN_H

#include <check.h>

#include "sim/route/catalog.h"
#include "sim/train/settings.h"
#include "strategies/catalog.h"

static const struct assignment tiny_settings[] = {
	{ "stream", "uniform,vocabulary=11" },
	{ "width", "8" },
	{ "experts", "8" },
	{ "expert-width", "3" },
	{ "batch", "3" },
	{ "seq-length", "5" },
	{ "steps", "12" },
	{ "warmup", "4" },
	{ "eval-tokens", "40" },
	{ "eval-every", "5" },
	{ "log-every", "2" },
};
enum { TINY_SETTINGS = sizeof tiny_settings / sizeof *tiny_settings, TINY_MORE = 8 };

/* Those settings with more behind them, ended by name = NULL. */
static inline void tiny_resolve(struct settings *settings, const struct assignment *more)
{
	struct assignment given[TINY_SETTINGS + TINY_MORE];
	struct error err = { .code = ERROR_NONE };
	size_t n = 0;
	catalog_use(strategy_parts, strategy_recipes);
	for (; n < TINY_SETTINGS; n++)
		given[n] = tiny_settings[n];
	for (; more && more->name; more++)
		given[n++] = *more;
	ck_assert_msg(settings_resolve(given, n, settings, &err) == 0, "%s", err.text);
}

#endif
