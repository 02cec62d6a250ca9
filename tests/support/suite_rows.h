/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite_rows.h -- a few settings to read suites by, so that the tests do not move with those of `run`.
 */
#ifndef TESTS_SUPPORT_SUITE_ROWS_H
#define TESTS_SUPPORT_SUITE_ROWS_H

#include <moesim/moesim.h>
#include <string.h>

#include "experiments/suite/suite.h"
#include "sim/base/options.h"

struct few_settings {
	const char *strategy, *balance;
	int64_t steps, experts, seed;
	double lr, capacity;
	int overflow;
	bool tied;
};

static const char *const overflow_words[] = { "position", "lowest", NULL };

static const struct moe_opt few_rows[] = {
	{ .name = "strategy", .type = MOE_OPT_TEXT, .at = offsetof(struct few_settings, strategy), .text = "top-k" },
	{ .name = "balance", .type = MOE_OPT_TEXT, .at = offsetof(struct few_settings, balance) },
	{ .name = "steps",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct few_settings, steps),
	  .low = 1,
	  .high = 1e9,
	  .preset = 1000 },
	{ .name = "experts",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct few_settings, experts),
	  .low = 1,
	  .high = 4096,
	  .preset = 64 },
	{ .name = "seed", .type = MOE_OPT_INT, .at = offsetof(struct few_settings, seed), .high = 1e15, .preset = 1 },
	{ .name = "lr", .type = MOE_OPT_REAL, .at = offsetof(struct few_settings, lr), .high = 10, .preset = 0.01 },
	{ .name = "capacity",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct few_settings, capacity),
	  .low = 0.1,
	  .high = 100,
	  .zero = "none" },
	{ .name = "overflow",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct few_settings, overflow),
	  .choices = overflow_words },
	{ .name = "tied", .type = MOE_OPT_FLAG, .at = offsetof(struct few_settings, tied) },
	{ .name = NULL }
};

static const struct moe_opt *few_find(const char *name)
{
	return options_find(few_rows, strcmp(name, "num-experts") == 0 ? "experts" : name);
}

static const char *const *few_names(void)
{
	return options_names(few_rows);
}

/* What is in effect is what is said, or the default; but "twins" has two experts unless another number is said, and
 * "broken" cannot be made. */
static size_t few_resolved; /* how often that was asked */
static int few_resolve(const struct assignment *given, size_t n, const char **value, struct error *err)
{
	struct few_settings few;
	few_resolved++;
	options_preset(few_rows, &few);
	for (size_t i = 0; i < n; i++)
		if (strcmp(given[i].value, "twins") == 0)
			few.experts = 2;
	for (size_t i = 0; i < n; i++)
		TRY(options_set(few_find(given[i].name), &few, given[i].value, err));
	if (strstr(few.strategy, "broken")) {
		fail(err, ERROR_USER, "a broken strategy");
		err->column = (unsigned)(strstr(few.strategy, "broken") - few.strategy) + 1;
		return fail_at(err, "--strategy", 0, 0);
	}
	for (size_t i = 0; few_rows[i].name; i++)
		value[i] = options_value(&few_rows[i], &few);
	return 0;
}

static const struct suite_settings few_language = { few_rows, few_find, few_names, few_resolve };

static int parse_few(const char *text, struct suite *suite, struct error *err)
{
	*err = (struct error){ 0 };
	return suite_parse("t.suite", text, strlen(text), &few_language, suite, err);
}

#endif
