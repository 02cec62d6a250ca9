/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * document.h -- one JSON object read from a file, its values by path, and the place of each value for errors.
 *
 * A path is keys joined by dots, "ffn_config.moe_top_k"; it may give alternatives, "num_local_experts|num_experts", of
 * which the first that is there is meant.  null is the same as not there, as it is in config.json.
 */
#ifndef EXPERIMENTS_MODELS_DOCUMENT_H
#define EXPERIMENTS_MODELS_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"

struct document {
	const char *path, *text; /* the caller's, and live longer */
	json_t *whole;
	const json_t *root; /* paths begin here: the whole, or the object that was entered */
	const char *begin;  /* where that stands in the text */
	json_t *asked;      /* the paths that were asked for, as keys of an object */
};

/* text[size] must be 0.  Fails with the place of what is no JSON, of a key that stands twice, or of a root that is no
 * object.  NaN and Infinity, which Python writes, are no value that any key may have, but may stand where none is asked
 * for. */
int document_open(struct document *doc, const char *path, const char *text, size_t size, struct error *err);
void document_close(struct document *doc);

/* From now on paths begin in the object of that key, and nothing was asked for; false when there is no such object. */
bool document_enter(struct document *doc, const char *key);

/* Was this path asked for, or one that begins with it? */
bool document_asked(const struct document *doc, const char *path);

/* The value, or NULL. */
const json_t *document_at(const struct document *doc, const char *path);

/* The alternative that is meant, the first where none is there; lives as long as the program. */
const char *document_name(const struct document *doc, const char *path);

/* Is there such a key, be its value null? */
bool document_has(const struct document *doc, const char *path);

/* Fails with the place of the value, or of the innermost object around it when it is not there. */
int document_fail(const struct document *doc, const char *path, struct error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Each of these leaves *out alone when there is no such value, and fails when it has another type or range. */
int document_int(const struct document *doc, const char *path, int64_t low, int64_t high, int64_t *out,
				 struct error *err);
int document_real(const struct document *doc, const char *path, double *out, struct error *err);
int document_bool(const struct document *doc, const char *path, bool *out, struct error *err);
int document_word(const struct document *doc, const char *path, const char **out, struct error *err);
int document_list(const struct document *doc, const char *path, const json_t **out, struct error *err);

#endif
