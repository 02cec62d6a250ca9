/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sheet.h -- everything that `moesim model` says of a model, as a row of named cells: the columns of its CSV and the
 * keys of its JSON.
 */
#ifndef EXPERIMENTS_MODELS_SHEET_H
#define EXPERIMENTS_MODELS_SHEET_H

#include "experiments/models/models.h"

enum { SHEET_CELLS = 128 };

struct sheet_cell {
	const char *column;
	enum { SHEET_INT, SHEET_REAL, SHEET_TEXT, SHEET_EMPTY } kind;
	int64_t number;
	double real;
	const char *text;
};

/* How a model is spread over devices; dp copies of it (at least as many as ep, which they share) split what is sharded:
 * the states of the optimizer, or gradients and weights, too (ZeRO 1 to 3, arXiv 1910.02054). */
struct sheet_split {
	struct cost_split of;
	int64_t dp;
};

struct sheet {
	const struct model *model;
	int64_t context;
	struct sheet_split split;
	struct cost_share share; /* of the fullest device */
	struct cost_count count;
	/* The dense models of as many parameters as are stored, and as are active: their shapes and counts. */
	struct cost_shape dense_total, dense_active;
	struct cost_count dense_total_count, dense_active_count;
	size_t cells;
	struct sheet_cell cell[SHEET_CELLS];
};

/* Counts the model.  Every sheet has the same columns in the same order.  No split is one device. */
int sheet_fill(struct sheet *sheet, const struct model *model, int64_t context, const struct sheet_split *split,
			   struct error *err);

/* Bytes of one copy of the parameters, by what is stored and how; the end has no column. */
struct sheet_memory {
	const char *column, *meaning;
	int bits; /* per parameter */
};
extern const struct sheet_memory sheet_memory[];
int64_t sheet_bytes(const struct cost_count *count, const struct sheet_memory *memory);

/* The same for what the fullest device holds of the model; `sharded`: split over the copies. */
int64_t sheet_rank_bytes(const struct sheet *sheet, const struct sheet_memory *memory, bool sharded);

/* The conventions of counting by which figures are published; the end has no name. */
struct sheet_convention {
	const char *name, *meaning;
};
enum { SHEET_WITH, SHEET_WITHOUT_EMBEDDING, SHEET_WITHOUT_ENDS, SHEET_WITH_AHEAD, SHEET_WITHOUT_SELECTION };
extern const struct sheet_convention sheet_conventions[];
int64_t sheet_counted(const struct cost_count *count, int convention, bool active);

/* The name of the convention by which the published figure follows, within one unit of its last digit; "no" when by
 * none; "" when nothing was published. */
const char *sheet_total_fits(const struct sheet *sheet);
const char *sheet_active_fits(const struct sheet *sheet);

#endif
