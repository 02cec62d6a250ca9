/* SPDX-License-Identifier: GPL-3.0-or-later
 * json_source.c -- reads JSON values one behind the other.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/json_source.h"

enum {
	NUMBER_MOST = SOURCE_BEHIND - 1, /* characters of a number that are looked at together */
	VALUES_MOST = 1 << 26            /* numbers in one list */
};

int json_source_fail(const struct json *json, struct error *err, const char *what)
{
	uint64_t here = json->before + (uint64_t)(json->at - json->source->buffer);
	fail(err, ERROR_USER, "invalid JSON: %s", what);
	err->line = json->line;
	err->column = (unsigned)(here - json->line_begin) + 1;
	return -1;
}

/* After this a number, or any other short token, lies whole in the buffer. */
static int ensure(struct json *json, struct error *err)
{
	struct source *source = json->source;
	if (json->end - json->at > NUMBER_MOST || source->at_end)
		return 0;
	source->begin = (size_t)(json->at - source->buffer);
	json->before += source->begin;
	TRY(source_fill(source, err));
	json->at = source->buffer;
	json->end = source->buffer + source->end;
	return 0;
}

int json_source_open(struct json *json, struct source *source, struct error *err)
{
	*json = (struct json){
		.source = source, .at = source->buffer + source->begin, .end = source->buffer + source->end, .line = 1
	};
	return ensure(json, err);
}

int json_source_peek(struct json *json, char *next, struct error *err)
{
	for (;; json->at++) {
		if (json->end - json->at <= NUMBER_MOST)
			TRY(ensure(json, err));
		char c = *json->at;
		if (c == '\n') {
			json->line++;
			json->line_begin = json->before + (uint64_t)(json->at - json->source->buffer) + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			*next = c;
			return c != 0 || json->at == json->end ? 0 : json_source_fail(json, err, "NUL byte");
		}
	}
}

int json_source_take(struct json *json, char wanted, struct error *err)
{
	char c;
	TRY(json_source_peek(json, &c, err));
	if (c != wanted)
		return json_source_fail(json, err, c == 0 ? "unexpected end of file" : text_keep_f("expected '%c'", wanted));
	json->at++;
	return 0;
}

int json_source_next(struct json *json, char closing, bool *closed, struct error *err)
{
	char c;
	TRY(json_source_peek(json, &c, err));
	*closed = c == closing;
	if (c != closing && c != ',')
		return json_source_fail(json, err,
								c == 0 ? "unexpected end of file" : text_keep_f("expected ',' or '%c'", closing));
	json->at++;
	return 0;
}

/* What a string is copied to. */
struct copy {
	char *text;
	size_t n, size;
	bool hashes;
	uint64_t hash;
};

static void put(struct copy *copy, const char *bytes, size_t n)
{
	if (copy->hashes)
		copy->hash = text_hash_bytes(bytes, n, copy->hash);
	for (size_t i = 0; i < n && copy->n + 1 < copy->size; i++)
		copy->text[copy->n++] = bytes[i];
}

/* Characters up to one that needs a look, or to the end of the buffer. */
static void put_plain(struct json *json, struct copy *copy)
{
	const char *c = json->at;
	while ((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x80 && *c != '"' && *c != '\\')
		c++;
	put(copy, json->at, (size_t)(c - json->at));
	json->at = c;
}

/* Bytes of the UTF-8 character that begins here; 0: it is none. */
static size_t character_length(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n = c[0] < 0x80 ? 1 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 : 4;
	if (c[0] >= 0xf5 || (c[0] >= 0x80 && c[0] < 0xc2))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* longer than it must be, half of a pair, or beyond Unicode */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) ||
		(c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

/* What stands behind a backslash; characters in hexadecimal are kept as they are written. */
static int escape(struct json *json, struct copy *copy, struct error *err)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *letter = json->at[1] ? strchr(letters, json->at[1]) : NULL;
	if (letter != NULL) {
		put(copy, &means[letter - letters], 1);
		json->at += 2;
		return 0;
	}
	if (json->at[1] != 'u' || strspn(json->at + 2, "0123456789abcdefABCDEF") < 4)
		return json_source_fail(json, err, "invalid escape sequence");
	put(copy, json->at, 6);
	json->at += 6;
	return 0;
}

static int string_character(struct json *json, struct copy *copy, struct error *err)
{
	size_t n = character_length(json->at);
	if (json->at == json->end)
		return json_source_fail(json, err, "unexpected end of file");
	if (*json->at == '\\')
		return escape(json, copy, err);
	if (n == 0)
		return json_source_fail(json, err, "a string is not UTF-8");
	if ((unsigned char)*json->at < 0x20)
		return json_source_fail(json, err, "control character in a string");
	put(copy, json->at, n);
	json->at += n;
	return 0;
}

int json_source_string(struct json *json, char *text, size_t size, uint64_t *hash, struct error *err)
{
	struct copy copy = { .text = text, .size = size, .hashes = hash != NULL, .hash = TEXT_HASH_START };
	TRY(json_source_take(json, '"', err));
	for (;;) {
		put_plain(json, &copy);
		TRY(ensure(json, err));
		if (*json->at == '"')
			break;
		TRY(string_character(json, &copy, err));
	}
	json->at++;
	if (size > 0)
		text[copy.n] = 0;
	if (hash != NULL)
		*hash = copy.hash;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *digits(const char *c)
{
	while (is_digit(*c))
		c++;
	return c;
}

/* The end of the number that begins here, or NULL; *whole: it has neither fraction nor exponent. */
static const char *number_end(const char *c, bool *whole)
{
	*whole = true;
	c += *c == '-';
	const char *first = c;
	c = digits(c);
	if (c == first || (*first == '0' && c > first + 1))
		return NULL;
	if (*c == '.') {
		*whole = false;
		first = ++c;
		if ((c = digits(c)) == first)
			return NULL;
	}
	if (*c == 'e' || *c == 'E') {
		*whole = false;
		c++;
		c += *c == '+' || *c == '-';
		first = c;
		if ((c = digits(c)) == first)
			return NULL;
	}
	return c;
}

static const char *special_end(const char *c)
{
	static const char *const words[] = { "NaN", "Infinity", "-Infinity" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncmp(c, words[i], strlen(words[i])) == 0)
			return c + strlen(words[i]);
	return NULL;
}

/* The number at this place, which lies whole in the buffer; sets its end. */
static int find_number(struct json *json, const char **end, bool *whole, struct error *err)
{
	TRY(ensure(json, err));
	*end = number_end(json->at, whole);
	if (*end == NULL && (*end = special_end(json->at)) != NULL)
		*whole = false;
	if (*end == NULL)
		return json_source_fail(json, err, json->at == json->end ? "unexpected end of file" : "expected a value");
	if (*end - json->at >= NUMBER_MOST)
		return json_source_fail(json, err, "a number is too long");
	return 0;
}

/* Of a whole number between two places; false when it is beyond 2^63. */
static bool whole_value(const char *from, const char *end, int64_t *value)
{
	bool negative = *from == '-';
	uint64_t sum = 0;
	from += negative;
	if (end - from > 18)
		return false;
	for (; from < end; from++)
		sum = sum * 10 + (uint64_t)(*from - '0');
	*value = negative ? -(int64_t)sum : (int64_t)sum;
	return true;
}

int json_source_integer(struct json *json, int64_t *value, bool *whole, struct error *err)
{
	const char *end;
	char c;
	TRY(json_source_peek(json, &c, err));
	TRY(find_number(json, &end, whole, err));
	*whole = *whole && whole_value(json->at, end, value);
	json->at = end;
	return 0;
}

static int grow(void **value, size_t n, size_t *room, size_t size, const struct json *json, struct error *err)
{
	if (n < *room)
		return 0;
	if (n >= VALUES_MOST)
		return json_source_fail(json, err, "too many numbers in a list");
	*room = 2 * n + 256;
	*value = realloc(*value, *room * size);
	if (*value == NULL)
		error_no_memory("a list of JSON");
	return 0;
}

static int list_number(struct json *json, struct json_list *list, struct error *err)
{
	int64_t value = 0;
	bool whole;
	TRY(json_source_integer(json, &value, &whole, err));
	if (!whole)
		list->wrong = "contains a number that is not an integer";
	TRY(grow((void **)&list->value, list->n, &list->room, sizeof *list->value, json, err));
	list->value[list->n++] = value;
	return 0;
}

/* The numbers of a list up to where one is not short or lies near the end of the buffer: what nearly all of a trace is
 * made of, in one loop without calls.  *complete: the last number of the list was read, too. */
static int short_numbers(struct json *json, struct json_list *list, bool *complete, struct error *err)
{
	const char *at = json->at, *safe = json->end - NUMBER_MOST;
	int64_t *value = list->value;
	size_t n = list->n, room = list->room;
	*complete = false;
	while (at < safe && !*complete && n < room) {
		const char *first = at + (*at == ' '), *c = first;
		unsigned sum = 0;
		for (; is_digit(*c) && c < first + 9; c++)
			sum = sum * 10 + (unsigned)(*c - '0');
		if (c == first || (*first == '0' && c > first + 1) || (*c != ',' && *c != ']'))
			break;
		value[n++] = sum;
		*complete = *c == ']';
		at = c + !*complete;
	}
	json->at = at;
	list->n = n;
	return grow((void **)&list->value, list->n, &list->room, sizeof *list->value, json, err);
}

static int numbers(struct json *json, struct json_list *list, unsigned depth, struct error *err)
{
	bool closed = false, complete;
	if (list->leaf == 0)
		list->leaf = depth + 1;
	if (list->leaf != depth + 1)
		list->wrong = "mixes numbers and lists";
	while (!closed) {
		TRY(short_numbers(json, list, &complete, err));
		if (!complete)
			TRY(list_number(json, list, err));
		TRY(json_source_next(json, ']', &closed, err));
	}
	return 0;
}

static int list_at(struct json *json, struct json_list *list, unsigned depth, struct error *err);

static int lists(struct json *json, struct json_list *list, unsigned depth, size_t *n, struct error *err)
{
	bool closed = false;
	if (depth + 1 == JSON_DIMS)
		return json_source_fail(json, err, "a list of expert ids or counts is nested more than three deep");
	for (; !closed; ++*n) {
		TRY(list_at(json, list, depth + 1, err));
		TRY(json_source_next(json, ']', &closed, err));
	}
	return 0;
}

static int list_at(struct json *json, struct json_list *list, unsigned depth, struct error *err)
{
	size_t n = 0, before = list->n;
	char c;
	if (list->dims < depth + 1)
		list->dims = depth + 1;
	TRY(json_source_take(json, '[', err));
	TRY(json_source_peek(json, &c, err));
	if (c == ']')
		json->at++;
	else
		TRY(c == '[' ? lists(json, list, depth, &n, err) : numbers(json, list, depth, err));
	n += n == 0 ? list->n - before : 0;
	if (list->dim[depth] == SIZE_MAX)
		list->dim[depth] = n;
	else if (list->dim[depth] != n)
		list->wrong = "contains lists of different lengths";
	return 0;
}

int json_source_list(struct json *json, struct json_list *list, struct error *err)
{
	list->n = list->dims = list->leaf = 0;
	list->wrong = NULL;
	for (unsigned d = 0; d < JSON_DIMS; d++)
		list->dim[d] = SIZE_MAX;
	TRY(list_at(json, list, 0, err));
	if (list->leaf != 0 && list->leaf != list->dims)
		list->wrong = "mixes numbers and lists";
	return 0;
}

static int real_number(struct json *json, struct json_reals *reals, struct error *err)
{
	const char *end;
	bool whole;
	double value;
	char text[NUMBER_MOST + 1];
	TRY(find_number(json, &end, &whole, err));
	size_t n = (size_t)(end - json->at);
	memcpy(text, json->at, n);
	text[n] = 0;
	TRY(grow((void **)&reals->value, reals->n, &reals->room, sizeof *reals->value, json, err));
	reals->value[reals->n++] = text_to_real(text, &value) ? (float)value : NAN;
	json->at = end;
	return 0;
}

static int reals_at(struct json *json, struct json_reals *reals, unsigned depth, struct error *err)
{
	bool closed;
	char c;
	TRY(json_source_take(json, '[', err));
	TRY(json_source_peek(json, &c, err));
	closed = c == ']';
	json->at += closed;
	while (!closed) {
		TRY(json_source_peek(json, &c, err));
		if (c == '[' && depth == JSON_DIMS)
			return json_source_fail(json, err, "a list of weights is nested more than three deep");
		TRY(c == '[' ? reals_at(json, reals, depth + 1, err) : real_number(json, reals, err));
		TRY(json_source_next(json, ']', &closed, err));
	}
	return 0;
}

int json_source_reals(struct json *json, struct json_reals *reals, struct error *err)
{
	reals->n = 0;
	return reals_at(json, reals, 1, err);
}

static int skip_word(struct json *json, struct error *err)
{
	static const char *const words[] = { "true", "false", "null" };
	const char *end;
	bool whole;
	TRY(ensure(json, err));
	for (size_t i = 0; *json->at >= 'a' && i < sizeof words / sizeof *words; i++)
		if (strncmp(json->at, words[i], strlen(words[i])) == 0) {
			json->at += strlen(words[i]);
			return 0;
		}
	TRY(find_number(json, &end, &whole, err));
	json->at = end;
	return 0;
}

static int skip_key(struct json *json, struct error *err)
{
	TRY(json_source_string(json, NULL, 0, NULL, err));
	return json_source_take(json, ':', err);
}

/* Behind a value: closes what ends here, so that the next value or key stands next; *depth is 0 at the end. */
static int skip_closing(struct json *json, char *closing, unsigned *depth, struct error *err)
{
	bool closed = true;
	while (closed && *depth > 0) {
		TRY(json_source_next(json, closing[*depth - 1], &closed, err));
		*depth -= closed;
	}
	return *depth > 0 && closing[*depth - 1] == '}' ? skip_key(json, err) : 0;
}

/* Opens a list or an object; *empty: it was closed, too. */
static int skip_opening(struct json *json, char *closing, unsigned *depth, bool *empty, struct error *err)
{
	char c;
	if (*depth == JSON_DEPTH)
		return json_source_fail(json, err, "nested too deeply");
	closing[*depth] = *json->at == '[' ? ']' : '}';
	json->at++;
	TRY(json_source_peek(json, &c, err));
	*empty = c == closing[*depth];
	if (*empty)
		json->at++;
	else if (closing[(*depth)++] == '}')
		return skip_key(json, err);
	return 0;
}

int json_source_skip(struct json *json, struct error *err)
{
	char closing[JSON_DEPTH], c;
	unsigned depth = 0;
	do {
		bool whole_value_read = true;
		TRY(json_source_peek(json, &c, err));
		if (c == '[' || c == '{')
			TRY(skip_opening(json, closing, &depth, &whole_value_read, err));
		else
			TRY(c == '"' ? json_source_string(json, NULL, 0, NULL, err) : skip_word(json, err));
		if (whole_value_read)
			TRY(skip_closing(json, closing, &depth, err));
	} while (depth > 0);
	return 0;
}
