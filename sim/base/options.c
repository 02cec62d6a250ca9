/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * options.c -- tables of option rows: set, check, print, explain.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/memory_file.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"

enum { ROWS_MAX = 256 };

/* The value behind a row, whatever its type. */
union value {
	int64_t whole;
	double number;
	int choice;
	bool flag;
	const char *text;
};

static size_t value_size(enum moe_opt_type type)
{
	switch (type) {
	case MOE_OPT_INT:
		return sizeof(int64_t);
	case MOE_OPT_REAL:
		return sizeof(double);
	case MOE_OPT_CHOICE:
		return sizeof(int);
	case MOE_OPT_FLAG:
		return sizeof(bool);
	case MOE_OPT_TEXT:
		return sizeof(const char *);
	}
	BUG("an option row without a type");
}

static union value preset_of(const struct moe_opt *row)
{
	union value value = { 0 };
	switch (row->type) {
	case MOE_OPT_INT:
		value.whole = (int64_t)row->preset;
		break;
	case MOE_OPT_REAL:
		value.number = row->preset;
		break;
	case MOE_OPT_CHOICE:
		value.choice = (int)row->preset;
		break;
	case MOE_OPT_FLAG:
		value.flag = row->preset != 0;
		break;
	case MOE_OPT_TEXT:
		value.text = row->text == NULL ? "" : row->text;
		break;
	}
	return value;
}

static union value load(const struct moe_opt *row, const void *from)
{
	union value value = { 0 };
	memcpy(&value, (const char *)from + row->at, value_size(row->type));
	return value;
}

static void store(const struct moe_opt *row, void *into, union value value)
{
	memcpy((char *)into + row->at, &value, value_size(row->type));
}

void options_preset(const struct moe_opt *rows, void *into)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		store(rows, into, preset_of(rows));
}

/* ---- finding ------------------------------------------------------------------------------------------------- */

static bool same_word(const char *a, const char *b)
{
	for (; *a != 0 && *b != 0; a++, b++)
		if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b))
			return false;
	return *a == *b;
}

const struct moe_opt *options_find(const struct moe_opt *rows, const char *name)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		if (same_word(rows->name, name))
			return rows;
	return NULL;
}

const char *const *options_names(const struct moe_opt *rows)
{
	const char *names[ROWS_MAX + 1];
	size_t n = 0;
	for (; rows != NULL && rows->name != NULL; rows++) {
		if (n == ROWS_MAX)
			BUG("a table with too many option rows");
		names[n++] = rows->name;
	}
	names[n++] = NULL;
	return (const char *const *)(const void *)text_keep_n((const char *)names, n * sizeof *names);
}

static const char *joined(const char *const *words)
{
	const char *all = "";
	for (; *words != NULL; words++)
		all = text_keep_f("%s%s%s", all, *all == 0 ? "" : ", ", *words);
	return all;
}

/* ---- explaining ---------------------------------------------------------------------------------------------- */

static const char *bound(const struct moe_opt *row, double value)
{
	char number[TEXT_NUMBER];
	if (row->type == MOE_OPT_INT && fabs(value) < 0x1p63)
		return text_keep_f("%" PRId64, (int64_t)value);
	return text_keep(text_of_double(value, number));
}

/* The largest integer that a row with this bound can mean: integers of 2^63 and more do not exist. */
static bool unbounded(const struct moe_opt *row, double value)
{
	return isinf(value) || (row->type == MOE_OPT_INT && fabs(value) >= 0x1p63);
}

static const char *number_range(const struct moe_opt *row)
{
	const char *kind = row->type == MOE_OPT_INT ? "integer" : "number", *range;
	bool from = !unbounded(row, row->low), to = !unbounded(row, row->high);
	if (from && to)
		range = text_keep_f("%s from %s to %s", kind, bound(row, row->low), bound(row, row->high));
	else if (from)
		range = text_keep_f("%s of at least %s", kind, bound(row, row->low));
	else if (to)
		range = text_keep_f("%s of at most %s", kind, bound(row, row->high));
	else
		range = kind;
	return row->zero == NULL ? range : text_keep_f("%s, or %s", range, row->zero);
}

const char *options_range(const struct moe_opt *row)
{
	switch (row->type) {
	case MOE_OPT_INT:
	case MOE_OPT_REAL:
		return number_range(row);
	case MOE_OPT_CHOICE:
		return text_keep_f("one of: %s", joined(row->choices));
	case MOE_OPT_FLAG:
		return "true or false";
	case MOE_OPT_TEXT:
		return "text";
	}
	BUG("an option row without a type");
}

/* "an integer from 1 to 64": the range as an error says it. */
static const char *wanted(const struct moe_opt *row)
{
	const char *article = row->type == MOE_OPT_INT ? "an " : row->type == MOE_OPT_REAL ? "a " : "";
	return text_keep_f("%s%s", article, options_range(row));
}

/* ---- setting ------------------------------------------------------------------------------------------------- */

enum { SHOWN = 80 }; /* bytes of a wrong value that an error repeats */

static int wrong_value(const struct moe_opt *row, const char *value, struct error *err)
{
	const char *near = row->type == MOE_OPT_CHOICE ? text_nearest(value, row->choices) : NULL;
	const char *hint = near == NULL ? "" : text_keep_f(" (did you mean '%s'?)", near);
	return fail(err, ERROR_USER, "%s = %.*s%s: must be %s%s", row->name, SHOWN, *value == 0 ? "''" : value,
				strlen(value) > SHOWN ? "..." : "", wanted(row), hint);
}

static bool parse_choice(const struct moe_opt *row, const char *text, int *choice)
{
	for (int i = 0; row->choices[i] != NULL; i++)
		if (same_word(row->choices[i], text)) {
			*choice = i;
			return true;
		}
	return false;
}

static bool parse_flag(const char *text, bool *flag)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1", NULL };
	*flag = true;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0) {
			*flag = i % 2 == 1;
			return true;
		}
	return *text == 0;
}

/* A text may end up in a one-line sentence, a file name or a terminal. */
static bool is_one_line(const char *text)
{
	for (; *text != 0; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool parse_value(const struct moe_opt *row, const char *text, union value *value)
{
	switch (row->type) {
	case MOE_OPT_INT:
		return text_to_int(text, &value->whole) && (double)value->whole >= row->low &&
			   (double)value->whole <= row->high;
	case MOE_OPT_REAL:
		return text_to_real(text, &value->number) && value->number >= row->low && value->number <= row->high;
	case MOE_OPT_CHOICE:
		return parse_choice(row, text, &value->choice);
	case MOE_OPT_FLAG:
		return parse_flag(text, &value->flag);
	case MOE_OPT_TEXT:
		value->text = text_keep(text);
		return true;
	}
	BUG("an option row without a type");
}

int options_set(const struct moe_opt *row, void *into, const char *value, struct error *err)
{
	union value parsed = { 0 };
	if (value == NULL && row->type != MOE_OPT_FLAG)
		return fail(err, ERROR_USER, "%s needs a value: %s", row->name, wanted(row));
	if (row->type == MOE_OPT_TEXT && !is_one_line(value))
		return fail(err, ERROR_USER, "%s must not hold control characters", row->name);
	bool is_zero = row->zero != NULL && value != NULL && same_word(row->zero, value);
	if (!is_zero && !parse_value(row, value == NULL ? "" : value, &parsed))
		return wrong_value(row, value, err);
	store(row, into, parsed);
	return 0;
}

static int unknown(const struct moe_opt *rows, const char *what, const char *name, struct error *err)
{
	const char *const *names = options_names(rows);
	const char *near = text_nearest(name, names);
	const char *shown = text_keep_f("%.*s%s", SHOWN, name, strlen(name) > SHOWN ? "..." : "");
	if (near != NULL)
		return fail(err, ERROR_USER, "unknown option '%s' of %s (did you mean '%s'?)", shown, what, near);
	if (names[0] == NULL)
		return fail(err, ERROR_USER, "unknown option '%s': %s has no options", shown, what);
	return fail(err, ERROR_USER, "unknown option '%s' of %s (known: %s)", shown, what, joined(names));
}

int options_assign(const struct moe_opt *rows, void *into, const char *what, const char *name, const char *value,
				   struct error *err)
{
	const struct moe_opt *row = options_find(rows, name);
	return row == NULL ? unknown(rows, what, name, err) : options_set(row, into, value, err);
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

/* One "name=value" of a list, cut out of a private copy; value is NULL when there is no '='. */
struct item {
	char *name, *value, *next; /* next is NULL after the last item */
};

/* Cuts at the first bare comma and takes the backslashes away: in a list "\," is a comma and "\\" a backslash. */
static struct item cut_item(char *text)
{
	struct item item = { .name = text };
	char *to = text;
	for (; *text != 0 && *text != ','; text++) {
		if (*text == '\\' && (text[1] == ',' || text[1] == '\\'))
			*to++ = *++text;
		else if (*text == '=' && item.value == NULL) {
			*to++ = 0;
			item.value = to;
		} else
			*to++ = *text;
	}
	item.next = *text == ',' ? text + 1 : NULL;
	*to = 0;
	return item;
}

static int assign_item(const struct moe_opt *rows, void *into, const char *what, const struct item *item, bool *given,
					   struct error *err)
{
	if (*item->name == 0)
		return fail(err, ERROR_USER, "an option is missing here (write NAME=VALUE,NAME=VALUE for %s)", what);
	const struct moe_opt *row = options_find(rows, item->name);
	if (row == NULL)
		return unknown(rows, what, item->name, err);
	if (given[row - rows])
		return fail(err, ERROR_USER, "option '%s' of %s is given twice", row->name, what);
	given[row - rows] = true;
	return options_set(row, into, item->value, err);
}

int options_assign_list(const struct moe_opt *rows, void *into, const char *what, const char *text, struct error *err)
{
	bool given[ROWS_MAX] = { false };
	if (*text == 0)
		return 0;
	char *copy = strdup(text);
	if (copy == NULL)
		error_no_memory("an option list");
	int status = 0;
	for (char *at = copy; at != NULL && status == 0;) {
		struct item item = cut_item(at);
		status = assign_item(rows, into, what, &item, given, err);
		if (status != 0)
			err->column = (unsigned)(at - copy) + 1;
		at = item.next;
	}
	free(copy);
	return status;
}

/* ---- printing ------------------------------------------------------------------------------------------------ */

static const char *print_value(const struct moe_opt *row, union value value)
{
	char number[TEXT_NUMBER];
	switch (row->type) {
	case MOE_OPT_INT:
		return row->zero != NULL && value.whole == 0 ? row->zero : text_keep_f("%" PRId64, value.whole);
	case MOE_OPT_REAL:
		return row->zero != NULL && value.number == 0 ? row->zero : text_keep(text_of_double(value.number, number));
	case MOE_OPT_CHOICE:
		return row->choices[value.choice];
	case MOE_OPT_FLAG:
		return value.flag ? "true" : "false";
	case MOE_OPT_TEXT:
		return value.text == NULL ? "" : value.text;
	}
	BUG("an option row without a type");
}

const char *options_value(const struct moe_opt *row, const void *from)
{
	return print_value(row, load(row, from));
}

bool options_is_preset(const struct moe_opt *row, const void *from)
{
	union value now = load(row, from), preset = preset_of(row);
	switch (row->type) {
	case MOE_OPT_INT:
		return now.whole == preset.whole;
	case MOE_OPT_REAL:
		return now.number == preset.number || (isnan(now.number) && isnan(preset.number));
	case MOE_OPT_CHOICE:
		return now.choice == preset.choice;
	case MOE_OPT_FLAG:
		return now.flag == preset.flag;
	case MOE_OPT_TEXT:
		return strcmp(now.text == NULL ? "" : now.text, preset.text) == 0;
	}
	BUG("an option row without a type");
}

/* The inverse of cut_item(). */
static void write_escaped(FILE *to, const char *value)
{
	for (; *value != 0; value++) {
		if (*value == ',' || *value == '\\')
			fputc('\\', to);
		fputc(*value, to);
	}
}

static void write_list(FILE *to, const struct moe_opt *rows, const void *from, bool all)
{
	const char *comma = "";
	for (; rows != NULL && rows->name != NULL; rows++) {
		if (!all && options_is_preset(rows, from))
			continue;
		fprintf(to, "%s%s=", comma, rows->name);
		write_escaped(to, options_value(rows, from));
		comma = ",";
	}
}

const char *options_list(const struct moe_opt *rows, const void *from, bool all)
{
	struct memory_file list;
	memory_file_open(&list);
	write_list(list.to, rows, from, all);
	memory_file_close(&list);
	const char *kept = text_keep_n(list.text, list.size);
	free(list.text);
	return kept;
}

const char *options_value_preset(const struct moe_opt *row)
{
	return print_value(row, preset_of(row));
}

const char *options_placeholder(const struct moe_opt *row)
{
	static const char *const word[] = {
		[MOE_OPT_INT] = "N", [MOE_OPT_REAL] = "X",    [MOE_OPT_CHOICE] = "WORD",
		[MOE_OPT_FLAG] = "", [MOE_OPT_TEXT] = "TEXT",
	};
	return word[row->type];
}

const char *options_about(const struct moe_opt *row)
{
	const char *preset = options_value_preset(row), *range = "";
	const char *unit = row->unit == NULL ? "" : text_keep_f(" [%s]", row->unit);
	if (row->type == MOE_OPT_FLAG)
		return row->preset != 0 ? text_keep_f("%s%s (default %s)", row->help, unit, preset) : row->help;
	if (row->type != MOE_OPT_TEXT)
		range = text_keep_f("%s; ", options_range(row));
	return *preset == 0 ? text_keep_f("%s%s", row->help, unit)
						: text_keep_f("%s%s (%sdefault %s)", row->help, unit, range, preset);
}

static const char *head_of(const struct moe_opt *row)
{
	const char *value = options_placeholder(row);
	return text_keep_f("%s%s%s", row->name, *value == 0 ? "" : "=", value);
}

void options_help(const struct moe_opt *rows, size_t columns, FILE *to)
{
	size_t width = 0;
	for (const struct moe_opt *row = rows; row != NULL && row->name != NULL; row++)
		width = wrap_length(head_of(row)) > width ? wrap_length(head_of(row)) : width;
	for (const struct moe_opt *row = rows; row != NULL && row->name != NULL; row++)
		wrap_entry(to, head_of(row), width, options_about(row), columns);
}
