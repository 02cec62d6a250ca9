/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sheet.h -- everything that `moesim model` says of a model, as a row of named cells: the columns of its CSV and the
 * keys of its JSON.
 */
#ifndef EXPERIMENTS_MODELS_SHEET_H
#define EXPERIMENTS_MODELS_SHEET_H

#include "experiments/models/models.h"

enum { SHEET_CELLS = 80 };

struct sheet_cell {
	const char *column;
	enum { SHEET_INT, SHEET_REAL, SHEET_TEXT, SHEET_EMPTY } kind;
	int64_t number;
	double real;
	const char *text;
};

struct sheet {
	const struct model *model;
	int64_t context;
	struct cost_count count;
	/* The dense models of as many parameters as are stored, and as are active: their shapes and counts. */
	struct cost_shape dense_total, dense_active;
	struct cost_count dense_total_count, dense_active_count;
	size_t cells;
	struct sheet_cell cell[SHEET_CELLS];
};

/* Counts the model.  Every sheet has the same columns in the same order. */
int sheet_fill(struct sheet *sheet, const struct model *model, int64_t context, struct error *err);

/* Bytes of one copy of the parameters, by what is stored and how; the end has no column. */
struct sheet_memory {
	const char *column, *meaning;
	int bits; /* per parameter */
};
extern const struct sheet_memory sheet_memory[];
int64_t sheet_bytes(const struct cost_count *count, const struct sheet_memory *memory);

/* The count for which the published figure stands, "with-embedding" or "without-embedding", within one unit of its last
 * digit; "no" when for neither; "" when nothing was published. */
const char *sheet_total_fits(const struct sheet *sheet);
const char *sheet_active_fits(const struct sheet *sheet);

#endif
