/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * exchange.h -- who owns an expert, and how rows travel there and back.
 *
 * A MoE layer computes pairs of a token and an expert.  Tokens live where their sequence is, experts where their
 * weights are, and every row crosses over twice in each direction:
 *
 *   forward   send x to the experts of each token          return the experts' results
 *   backward  send x and d_y to the experts of each token  return the gradients of the rows
 *
 * Rows are always named by the pair they belong to, in the order of the plan.  The layer computes pairs in pieces, so
 * that a piece is in the cache from one stage to the next; so what was sent is read row by row, and need not be copied
 * where it is already within reach.
 *
 * Experts without a network stand everywhere, and their pairs, which come last in a plan, are no business of this
 * folder.
 */
#ifndef SIM_EXCHANGE_EXCHANGE_H
#define SIM_EXCHANGE_EXCHANGE_H

#include <moesim/moesim.h>

struct exchange {
	size_t width;      /* of a row */
	size_t first, end; /* this process owns, and computes, the experts first .. end - 1 */
};

/* Rows that were sent: the row of pair p starts at row + at[p] * width. */
struct shipment {
	const real *row;
	const uint32_t *at;
	size_t width;
};

/* Shares out the first so many experts of the plans. */
void exchange_create(struct exchange *exchange, size_t experts, size_t width);

/* Sends x[tokens][width] to the owners of the plan's pairs.  Plan and x must stay as they are while the shipment is
 * read. */
struct shipment exchange_send(const struct exchange *exchange, const struct moe_plan *plan, const real *x);

static inline const real *shipment_row(const struct shipment *shipment, size_t pair)
{
	return shipment->row + shipment->at[pair] * shipment->width;
}

/* The rows of pairs that are computed where their tokens are. */
static inline struct shipment shipment_at_home(const struct moe_plan *plan, const real *x, size_t width)
{
	return (struct shipment){ x, plan->token, width };
}

/* Brings rows[pairs][width], which the owners of the experts have filled, back to where the tokens are. */
void exchange_return(const struct exchange *exchange, const struct moe_plan *plan, real *rows);

#endif
