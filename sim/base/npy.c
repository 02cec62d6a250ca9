/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * npy.c -- an array of floating-point numbers as numpy.save() writes it: NumPy's format 1.0 and 2.0 (NumPy Enhancement
 * Proposal 1, numpy/lib/format.py).
 *
 * A file is "\x93NUMPY", the version, the length of the header (two bytes in 1.0, four in 2.0, little-endian), the
 * header, which is a Python dictionary of three entries, and the numbers.
 */
#include <config.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/matrix.h"
#include "sim/base/memory.h"
#include "sim/base/text.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = sizeof magic - 1, DIMENSIONS = 32, TYPE = 16 };

bool npy_begins(const void *bytes, size_t size)
{
	return size >= MAGIC && memcmp(bytes, magic, MAGIC) == 0;
}

/* What the header says. */
struct header {
	char type[TYPE];
	bool fortran;
	size_t dimensions, shape[DIMENSIONS];
	unsigned seen; /* bits of `keys` */
};
enum { DESCR, FORTRAN_ORDER, SHAPE, KEYS };
static const char *const keys[KEYS] = { "descr", "fortran_order", "shape" };

/* The text under the reader's eyes. */
struct text {
	const char *at, *end;
};

static void skip_blanks(struct text *text)
{
	while (text->at < text->end && strchr(" \t\n", *text->at) && *text->at)
		text->at++;
}

/* Is this the next sign?  Then moves behind it. */
static bool take(struct text *text, char sign)
{
	skip_blanks(text);
	if (text->at == text->end || *text->at != sign)
		return false;
	text->at++;
	return true;
}

/* A quoted word without escapes, which must leave room for its end. */
static bool take_word(struct text *text, char *word, size_t room)
{
	skip_blanks(text);
	if (text->at == text->end || (*text->at != '\'' && *text->at != '"'))
		return false;
	char quote = *text->at++;
	const char *end = memchr(text->at, quote, (size_t)(text->end - text->at));
	if (end == NULL || (size_t)(end - text->at) >= room || memchr(text->at, '\\', (size_t)(end - text->at)))
		return false;
	memcpy(word, text->at, (size_t)(end - text->at));
	word[end - text->at] = 0;
	text->at = end + 1;
	return true;
}

static bool take_name(struct text *text, const char *name)
{
	size_t n = strlen(name);
	skip_blanks(text);
	if ((size_t)(text->end - text->at) < n || memcmp(text->at, name, n) != 0)
		return false;
	text->at += n;
	return true;
}

static bool take_size(struct text *text, size_t *size)
{
	skip_blanks(text);
	const char *begin = text->at;
	for (*size = 0; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
		size_t digit = (size_t)(*text->at - '0');
		if (*size > (SIZE_MAX - digit) / 10)
			return false;
		*size = 10 * *size + digit;
	}
	return text->at > begin;
}

/* "(3, 4)", "(3,)" or "()" */
static bool take_shape(struct text *text, struct header *header)
{
	if (!take(text, '('))
		return false;
	for (header->dimensions = 0; !take(text, ')'); header->dimensions++) {
		if (header->dimensions == DIMENSIONS || !take_size(text, &header->shape[header->dimensions]))
			return false;
		if (!take(text, ',') && (header->dimensions == 0 || text->at == text->end || *text->at != ')'))
			return false;
	}
	return true;
}

static bool take_value(struct text *text, size_t key, struct header *header)
{
	switch (key) {
	case DESCR:
		return take_word(text, header->type, sizeof header->type);
	case FORTRAN_ORDER:
		header->fortran = take_name(text, "True");
		return header->fortran || take_name(text, "False");
	case SHAPE:
		return take_shape(text, header);
	default:
		return false;
	}
}

static bool take_entry(struct text *text, struct header *header)
{
	char name[TYPE];
	size_t key = 0;
	if (!take_word(text, name, sizeof name))
		return false;
	while (key < KEYS && strcmp(keys[key], name) != 0)
		key++;
	if (key == KEYS || header->seen & (1u << key) || !take(text, ':'))
		return false;
	header->seen |= 1u << key;
	return take_value(text, key, header);
}

/* "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", blanks and a line end */
static bool read_header(struct text text, struct header *header)
{
	*header = (struct header){ .seen = 0 };
	if (!take(&text, '{'))
		return false;
	while (!take(&text, '}'))
		if (!take_entry(&text, header) || (!take(&text, ',') && (text.at == text.end || *text.at != '}')))
			return false;
	skip_blanks(&text);
	return text.at == text.end && header->seen == (1u << KEYS) - 1;
}

static uint64_t little_endian(const unsigned char *bytes, size_t n)
{
	uint64_t value = 0;
	while (n-- > 0)
		value = value << 8 | bytes[n];
	return value;
}

/* binary16 of IEEE 754: 5 bits of exponent, 10 of fraction */
static double half_of(const unsigned char *bytes)
{
	unsigned bits = (unsigned)little_endian(bytes, 2), exponent = bits >> 10 & 31, fraction = bits & 1023;
	double sign = bits >> 15 ? -1 : 1;
	if (exponent == 31)
		return fraction ? (double)NAN : sign * (double)INFINITY;
	return sign * (exponent ? ldexp(1024 + fraction, (int)exponent - 25) : ldexp(fraction, -24));
}

static double single_of(const unsigned char *bytes)
{
	union {
		uint32_t bits;
		float value;
	} as = { .bits = (uint32_t)little_endian(bytes, 4) };
	return (double)as.value;
}

static double double_of(const unsigned char *bytes)
{
	union {
		uint64_t bits;
		double value;
	} as = { .bits = little_endian(bytes, 8) };
	return as.value;
}

static const struct type {
	const char *name;
	size_t size;
	double (*read)(const unsigned char *bytes);
} types[] = { { "<f2", 2, half_of }, { "<f4", 4, single_of }, { "<f8", 8, double_of } };

static int complain(const char *path, const char *text, struct error *err)
{
	fail(err, ERROR_USER, "%s", text);
	return fail_at(err, path, 0, 0);
}

static const struct type *find_type(const struct header *header)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].name, header->type) == 0)
			return &types[i];
	return NULL;
}

static int check_header(const char *path, const struct header *header, struct error *err)
{
	if (find_type(header) == NULL)
		return complain(path,
						text_keep_f("the array is of type '%s', and '<f2', '<f4' and '<f8' are read (save "
									"x.astype('<f4'), of a torch tensor x.float().numpy())",
									header->type),
						err);
	if (header->fortran)
		return complain(path, "the array is in Fortran order (save numpy.ascontiguousarray(x))", err);
	if (header->dimensions < 1 || header->dimensions > 2)
		return complain(
			path,
			text_keep_f("the array has %zu dimensions, not 2 (reshape it to rows and columns)", header->dimensions),
			err);
	for (size_t i = 0; i < header->dimensions; i++)
		if (header->shape[i] == 0)
			return complain(path, "the array is empty", err);
	return 0;
}

/* The numbers must end where the file does. */
static int check_size(const char *path, const struct matrix *matrix, size_t item, size_t left, struct error *err)
{
	size_t cells = left / item;
	bool fits = left % item == 0 && matrix->columns <= cells && cells % matrix->columns == 0 &&
				cells / matrix->columns == matrix->rows;
	if (fits)
		return 0;
	return complain(path,
					text_keep_f("%zu bytes follow the header, which is not what %zu x %zu numbers of %zu bytes take "
								"(the file is cut or damaged)",
								left, matrix->rows, matrix->columns, item),
					err);
}

static int read_numbers(const char *path, const struct header *header, const unsigned char *bytes, size_t left,
						struct matrix *matrix, struct error *err)
{
	const struct type *type = find_type(header);
	matrix->flat = header->dimensions == 1;
	matrix->rows = matrix->flat ? 1 : header->shape[0];
	matrix->columns = header->shape[matrix->flat ? 0 : 1];
	TRY(check_size(path, matrix, type->size, left, err));
	matrix->value = memory_resize(NULL, left / type->size, sizeof *matrix->value, "a matrix");
	for (size_t i = 0; i < left / type->size; i++) {
		matrix->value[i] = type->read(bytes + i * type->size);
		if (!isfinite(matrix->value[i]))
			return complain(
				path,
				text_keep_f("row %zu, column %zu: the number is not finite", i / matrix->columns, i % matrix->columns),
				err);
	}
	return 0;
}

int npy_read(const char *path, const void *bytes, size_t size, struct matrix *matrix, struct error *err)
{
	const unsigned char *at = bytes, *end = at + size;
	struct header header;
	at += MAGIC;
	if (end - at < 2)
		return complain(path, "the file ends in its header", err);
	unsigned major = at[0], minor = at[1];
	if ((major != 1 && major != 2) || minor != 0)
		return complain(path, text_keep_f("this is format %u.%u of NumPy, and 1.0 and 2.0 are read", major, minor),
						err);
	size_t prefix = major == 1 ? 2 : 4;
	at += 2;
	if ((size_t)(end - at) < prefix)
		return complain(path, "the file ends in its header", err);
	uint64_t length = little_endian(at, prefix);
	at += prefix;
	if (length > (uint64_t)(end - at))
		return complain(path, "the file ends in its header", err);
	if (!read_header((struct text){ (const char *)at, (const char *)at + length }, &header))
		return complain(path, "the header is not that of an array (damaged, or an array of several fields)", err);
	TRY(check_header(path, &header, err));
	at += length;
	return read_numbers(path, &header, at, (size_t)(end - at), matrix, err);
}
