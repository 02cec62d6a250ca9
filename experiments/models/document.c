/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * document.c -- one JSON object read from a file, its values by path, and the place of each value for errors.
 *
 * jansson does not keep where a value stood.  Only an error needs it, so then the text, which is known to be good
 * JSON, is walked once more.
 */
#include <config.h>

#include "experiments/models/document.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

/* Adds the line and column of that place of the text.  Returns -1. */
static int fail_there(const struct document *doc, const char *place, struct error *err)
{
	unsigned line = 1, column = 1;
	for (const char *at = doc->text; at < place; at++) {
		column = *at == '\n' ? 1 : column + 1;
		line += *at == '\n';
	}
	return fail_at(err, doc->path, line, column);
}

/* The length of a word of Python's json that is none of JSON's. */
static size_t python_word(const char *at)
{
	static const char *const words[] = { "NaN", "Infinity", "-Infinity" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i]);
		if (strncmp(at, words[i], length) == 0)
			return length;
	}
	return 0;
}

/* Each such word becomes an empty object of the same length, which stands where the word stood and which no key takes
 * for a value.  The caller frees the copy. */
static char *without_python_words(const char *text, size_t size)
{
	char *copy = malloc(size + 1);
	if (!copy)
		error_no_memory("a JSON file");
	memcpy(copy, text, size + 1);
	bool quoted = false;
	for (char *at = copy; *at; at++) {
		size_t length = quoted ? 0 : python_word(at);
		quoted ^= *at == '"';
		if (quoted && *at == '\\' && at[1])
			at++;
		if (length > 0) {
			memset(at, ' ', length);
			at[0] = '{';
			at[length - 1] = '}';
		}
	}
	return copy;
}

static json_t *load(const char *text, size_t size, json_error_t *wrong)
{
	char *copy = without_python_words(text, size);
	json_t *whole = json_loadb(copy, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, wrong);
	free(copy);
	return whole;
}

/* jansson passes over some zero bytes, which would end the text for everyone else. */
int document_open(struct document *doc, const char *path, const char *text, size_t size, struct error *err)
{
	json_error_t wrong;
	size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark says nothing here */
	*doc = (struct document){ .path = path, .text = text + mark, .begin = text + mark };
	const char *zero = memchr(doc->text, '\0', size - mark);
	if (zero) {
		fail(err, ERROR_USER, "NUL byte (expected a JSON object)");
		return fail_there(doc, zero, err);
	}
	doc->whole = load(doc->text, size - mark, &wrong);
	doc->root = doc->whole;
	doc->asked = json_object();
	if (!doc->whole) {
		document_close(doc);
		fail(err, ERROR_USER, "%s (expected a JSON object)", wrong.text);
		return fail_at(err, path, wrong.line > 0 ? (unsigned)wrong.line : 1,
					   wrong.column > 0 ? (unsigned)wrong.column : 1);
	}
	if (!json_is_object(doc->whole)) {
		document_close(doc);
		fail(err, ERROR_USER, "the file must contain a JSON object, { ... }");
		return fail_at(err, path, 1, 1);
	}
	return 0;
}

void document_close(struct document *doc)
{
	json_decref(doc->whole);
	json_decref(doc->asked);
	doc->whole = doc->asked = NULL;
	doc->root = NULL;
}

/* The next piece of *rest up to `end`, as a text that lives as long as the program; NULL at the end. */
static const char *next_piece(const char **rest, char end)
{
	if (**rest == '\0')
		return NULL;
	size_t length = strcspn(*rest, (char[]){ end, '\0' });
	const char *piece = text_keep_n(*rest, length);
	*rest += length + ((*rest)[length] == end);
	return piece;
}

/* null too. */
static const json_t *walk(const json_t *value, const char *path)
{
	for (const char *key; value && (key = next_piece(&path, '.'));)
		value = json_object_get(value, key);
	return value;
}

static const json_t *value_at(const json_t *root, const char *path)
{
	const json_t *value = walk(root, path);
	return json_is_null(value) ? NULL : value;
}

/* The alternative that is there; the first one when none is. */
static const char *path_taken(const struct document *doc, const char *path)
{
	const char *rest = path, *first = NULL;
	for (const char *one; (one = next_piece(&rest, '|'));) {
		first = first ? first : one;
		if (value_at(doc->root, one))
			return one;
	}
	return first;
}

const char *document_name(const struct document *doc, const char *path)
{
	return path_taken(doc, path);
}

/* All alternatives, and the objects around them. */
static void note_asked(const struct document *doc, const char *path)
{
	const char *rest = path;
	for (const char *one; (one = next_piece(&rest, '|'));) {
		json_object_set_new(doc->asked, one, json_true());
		for (const char *dot = one; (dot = strchr(dot, '.')); dot++)
			json_object_set_new(doc->asked, text_keep_n(one, (size_t)(dot - one)), json_true());
	}
}

bool document_asked(const struct document *doc, const char *path)
{
	return json_object_get(doc->asked, path) != NULL;
}

bool document_has(const struct document *doc, const char *path)
{
	note_asked(doc, path);
	return walk(doc->root, path_taken(doc, path)) != NULL;
}

const json_t *document_at(const struct document *doc, const char *path)
{
	note_asked(doc, path);
	return value_at(doc->root, path_taken(doc, path));
}

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Behind the string that begins at `at`. */
static const char *skip_string(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

/* Behind the value that begins at `at`. */
static const char *skip_value(const char *at)
{
	size_t depth = 0;
	do {
		at = skip_space(at);
		if (*at == '"') {
			at = skip_string(at);
		} else {
			depth += *at == '{' || *at == '[';
			depth -= *at == '}' || *at == ']';
			at += strspn(at, "{[}],:") > 0 ? 1 : strcspn(at, "{[}],: \t\r\n");
		}
	} while (depth > 0);
	return at;
}

/* The value of `key` in the object that begins at `at`; NULL when the object has none. */
static const char *find_key(const char *at, const char *key)
{
	size_t length = strlen(key);
	for (at = skip_space(at + 1); *at == '"'; at = skip_space(at)) {
		const char *name = at + 1;
		at = skip_string(at);
		bool found = (size_t)(at - 1 - name) == length && memcmp(name, key, length) == 0;
		at = skip_space(skip_space(at) + 1); /* the colon */
		if (found)
			return at;
		at = skip_space(skip_value(at));
		if (*at == ',')
			at++;
	}
	return NULL;
}

/* Where the value stands, or as much of its path as is there. */
static const char *place_of(const struct document *doc, const char *path)
{
	const char *at = skip_space(doc->begin), *inner;
	for (const char *key; *at == '{' && (key = next_piece(&path, '.')); at = inner)
		if (!(inner = find_key(at, key)))
			break;
	return at;
}

bool document_enter(struct document *doc, const char *key)
{
	const json_t *inner = json_object_get(doc->root, key);
	const char *begin = find_key(skip_space(doc->begin), key);
	if (!json_is_object(inner) || !begin)
		return false;
	doc->root = inner;
	doc->begin = begin;
	json_object_clear(doc->asked);
	return true;
}

int document_fail(const struct document *doc, const char *path, struct error *err, const char *format, ...)
{
	char text[sizeof err->text];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	const char *place = place_of(doc, path_taken(doc, path));
	fail(err, ERROR_USER, "%s", text);
	return fail_there(doc, place, err);
}

/* As the file has it, cut where it is long. */
static const char *shown(const struct document *doc, const char *path)
{
	enum { SHOWN = 40 };
	const char *place = place_of(doc, path_taken(doc, path));
	size_t length = (size_t)(skip_value(place) - place);
	return length <= SHOWN ? text_keep_n(place, length) : text_keep_f("%.*s...", SHOWN, place);
}

static int fail_type(const struct document *doc, const char *path, const char *wanted, struct error *err)
{
	return document_fail(doc, path, err, "%s must be %s, not %s", path_taken(doc, path), wanted, shown(doc, path));
}

int document_int(const struct document *doc, const char *path, int64_t low, int64_t high, int64_t *out,
				 struct error *err)
{
	const json_t *value = document_at(doc, path);
	if (!value)
		return 0;
	int64_t number = json_is_integer(value) ? json_integer_value(value) : 0;
	if (!json_is_integer(value) || number < low || number > high)
		return fail_type(doc, path, text_keep_f("an integer from %" PRId64 " to %" PRId64, low, high), err);
	*out = number;
	return 0;
}

int document_real(const struct document *doc, const char *path, double *out, struct error *err)
{
	const json_t *value = document_at(doc, path);
	if (!value)
		return 0;
	if (!json_is_number(value))
		return fail_type(doc, path, "a number", err);
	*out = json_number_value(value);
	return 0;
}

int document_bool(const struct document *doc, const char *path, bool *out, struct error *err)
{
	const json_t *value = document_at(doc, path);
	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return fail_type(doc, path, "true or false", err);
	*out = json_is_true(value);
	return 0;
}

int document_word(const struct document *doc, const char *path, const char **out, struct error *err)
{
	const json_t *value = document_at(doc, path);
	if (!value)
		return 0;
	if (!json_is_string(value))
		return fail_type(doc, path, "a string", err);
	*out = text_keep(json_string_value(value));
	return 0;
}

int document_list(const struct document *doc, const char *path, const json_t **out, struct error *err)
{
	const json_t *value = document_at(doc, path);
	if (!value)
		return 0;
	if (!json_is_array(value))
		return fail_type(doc, path, "a list", err);
	*out = value;
	return 0;
}
