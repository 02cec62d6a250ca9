/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json_source.h -- reads JSON values one behind the other from a source, in memory that does not grow with them.
 *
 * It is strict (RFC 8259, UTF-8), but takes NaN, Infinity and -Infinity where a number may stand, as Python writes
 * them. Whether the values of a file stand one on a line or in an indented document makes no difference.  Each function
 * leaves the place behind what it read; a failure names line and column.
 */
#ifndef SIM_TRACE_JSON_SOURCE_H
#define SIM_TRACE_JSON_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/trace/source.h"

enum { JSON_DEPTH = 1000, JSON_KEY = 64, JSON_DIMS = 3 };

struct json {
	struct source *source;
	const char *at, *end; /* unread; SOURCE_BEHIND bytes of 0 stand at `end` */
	unsigned line;
	uint64_t before;     /* bytes of the file before the buffer */
	uint64_t line_begin; /* where the line begins in the file */
};

/* A list of numbers, of lists of numbers, or of lists of those: value[dim[0]]...[dim[dims - 1]], row-major.  Of lists
 * of different lengths the first that differs is remembered. */
struct json_list {
	int64_t *value;
	size_t n, room;
	unsigned dims; /* 0: nothing was read; 1 to JSON_DIMS */
	unsigned leaf; /* the same of the first number; 0: there is none */
	size_t dim[JSON_DIMS];
	const char *wrong; /* why it is no such list of whole numbers; NULL: it is one */
};

/* The same of real numbers, without their order in lists. */
struct json_reals {
	float *value;
	size_t n, room;
};

int json_source_open(struct json *json, struct source *source, struct error *err);
/* The next character that is no blank, or 0 at the end of the file, in *next. */
int json_source_peek(struct json *json, char *next, struct error *err);
/* Reads that character. */
int json_source_take(struct json *json, char wanted, struct error *err);
/* Behind a value in a list or an object: reads a comma, or the closing character, which sets *closed. */
int json_source_next(struct json *json, char closing, bool *closed, struct error *err);
/* A string, cut to size - 1 bytes; *hash (unless NULL) is of the whole of it. */
int json_source_string(struct json *json, char *text, size_t size, uint64_t *hash, struct error *err);
/* A number; *whole: it is written as a whole number and *value is exactly it. */
int json_source_integer(struct json *json, int64_t *value, bool *whole, struct error *err);
int json_source_list(struct json *json, struct json_list *list, struct error *err);
/* All numbers in a list and the lists within it. */
int json_source_reals(struct json *json, struct json_reals *reals, struct error *err);
int json_source_skip(struct json *json, struct error *err);

/* Fails with what is wrong at this place. */
int json_source_fail(const struct json *json, struct error *err, const char *what);

#endif
