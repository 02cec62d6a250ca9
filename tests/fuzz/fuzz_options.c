/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_options.c -- any text as a list of options: refused with its place, or printed so that it reads back as the
 * same.
 */
#include <config.h>

#include <math.h>
#include <stddef.h>

#include "sim/base/options.h"
#include "tests/fuzz/fuzz.h"

struct values {
	int64_t whole, wide;
	double real, open;
	int choice;
	bool flag;
	const char *text;
};

static const char *const choices[] = { "sequence", "batch", "running-buffer", NULL };

#define AT(field) offsetof(struct values, field)
static const struct moe_opt rows[] = {
	{ "whole", MOE_OPT_INT, AT(whole), 1, 64, 2, NULL, NULL, NULL, NULL, "" },
	{ "wide", MOE_OPT_INT, AT(wide), -INFINITY, INFINITY, 0, "none", NULL, NULL, NULL, "" },
	{ "real", MOE_OPT_REAL, AT(real), 0, 1, 0.5, NULL, NULL, NULL, NULL, "" },
	{ "open-end", MOE_OPT_REAL, AT(open), 1, INFINITY, 0, "none", NULL, NULL, NULL, "" },
	{ "choice", MOE_OPT_CHOICE, AT(choice), 0, 2, 1, NULL, choices, NULL, NULL, "" },
	{ "flag", MOE_OPT_FLAG, AT(flag), 0, 1, 0, NULL, NULL, NULL, NULL, "" },
	{ "text", MOE_OPT_TEXT, AT(text), 0, 0, 0, NULL, NULL, "a,b", NULL, "" },
	{ .name = NULL },
};

static void check_values(const struct values *values)
{
	FUZZ_EXPECT(values->whole >= 1 && values->whole <= 64);
	FUZZ_EXPECT(values->real >= 0 && values->real <= 1);
	FUZZ_EXPECT(values->open == 0 || (values->open >= 1 && isfinite(values->open)));
	FUZZ_EXPECT(values->choice >= 0 && values->choice <= 2);
	FUZZ_EXPECT(strpbrk(values->text, "\n\r\t\033") == NULL);
}

static void check_again(const struct values *values, bool all)
{
	struct values again;
	struct error err = { .code = ERROR_NONE };
	const char *list = options_list(rows, values, all);
	options_preset(rows, &again);
	FUZZ_EXPECT(options_assign_list(rows, &again, "fuzz", list, &err) == 0);
	FUZZ_EXPECT(strcmp(options_list(rows, &again, all), list) == 0);
	FUZZ_EXPECT(again.wide == values->wide && again.real == values->real && again.open == values->open);
	FUZZ_EXPECT(strcmp(again.text, values->text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = fuzz_text(bytes, size);
	struct values values;
	struct error err = { .code = ERROR_NONE };
	options_preset(rows, &values);
	int status = options_assign_list(rows, &values, "fuzz", text, &err);
	fuzz_check(status, &err);
	FUZZ_EXPECT(status == 0 || (err.column >= 1 && err.column <= strlen(text) + 1));
	check_values(&values);
	check_again(&values, true);
	check_again(&values, false);
	free(text);
	return 0;
}
