/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * slice.c -- cutting a sentence into pieces that know their column.
 */
#include <config.h>

#include "sim/route/slice.h"

#include <ctype.h>
#include <string.h>

#include "sim/base/text.h"

struct slice slice_of(const char *file, const char *text)
{
	return (struct slice){ file, text, 0, strlen(text) };
}

const char *slice_text(struct slice slice)
{
	return text_keep_n(slice.text + slice.at, slice.end - slice.at);
}

int slice_fail(struct slice slice, struct error *err)
{
	return fail_at(err, slice.file, 0, (unsigned)slice.at + 1);
}

struct slice slice_next(struct slice *rest, bool (*ends)(const char *at))
{
	struct slice piece = *rest;
	size_t i = rest->at;
	while (i < rest->end && !ends(rest->text + i))
		i++;
	piece.end = i;
	rest->at = i < rest->end ? i + 1 : i;
	return piece;
}

bool slice_ends_at_comma(const char *at)
{
	return *at == ',';
}

bool slice_ends_at_blank(const char *at)
{
	return isspace((unsigned char)*at);
}

bool slice_ends_at_plus(const char *at)
{
	return *at == '+' && isalpha((unsigned char)at[1]);
}

bool slice_split(struct slice pair, struct slice *key, struct slice *value)
{
	const char *sign = memchr(pair.text + pair.at, '=', pair.end - pair.at);
	*key = *value = pair;
	if (sign == NULL)
		return false;
	key->end = (size_t)(sign - pair.text);
	value->at = key->end + 1;
	return true;
}

bool slice_has_key(struct slice text, bool (*ends)(const char *at), const char *key)
{
	size_t length = strlen(key);
	while (text.at < text.end) {
		struct slice name, value;
		if (slice_split(slice_next(&text, ends), &name, &value) && name.end - name.at == length &&
			memcmp(name.text + name.at, key, length) == 0)
			return true;
	}
	return false;
}
