/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wording.c -- pieces of sentences: counts, lists, ranges.
 */
#include <config.h>

#include "experiments/study/wording.h"

#include <ctype.h>
#include <string.h>

#include "sim/base/text.h"

const char *wording_number(size_t n)
{
	static const char *const word[] = { "no",  "one",   "two",   "three", "four", "five",
										"six", "seven", "eight", "nine",  "ten" };
	return n < sizeof word / sizeof *word ? word[n] : text_keep_f("%zu", n);
}

const char *wording_count(size_t n, const char *noun)
{
	return text_keep_f("%s %s%s", wording_number(n), noun, n == 1 ? "" : "s");
}

const char *wording_capital(const char *text)
{
	return *text ? text_keep_f("%c%s", toupper((unsigned char)*text), text + 1) : text;
}

const char *wording_list(size_t n, const char *const *of)
{
	const char *list = n ? of[0] : "";
	for (size_t i = 1; i < n; i++) {
		const char *joint = i + 1 < n ? ", " : n > 2 ? ", and " : " and ";
		list = text_keep_f("%s%s%s", list, joint, of[i]);
	}
	return list;
}

const char *wording_range(double low, double high, int decimals)
{
	const char *a = text_keep_f("%.*f", decimals, low), *b = text_keep_f("%.*f", decimals, high);
	return strcmp(a, b) == 0 ? a : text_keep_f("%s to %s", a, b);
}

const char *wording_percents(double low, double high)
{
	if (high < 0.005)
		return "less than 1%";
	return text_keep_f("%s%%", low < 0.005 ? wording_range(1, 100 * high, 0) : wording_range(100 * low, 100 * high, 0));
}
