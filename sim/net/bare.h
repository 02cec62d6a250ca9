/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bare.h -- an expert without a network: it returns nothing, its input, or a learned mix of its input and a vector.
 *
 * Zero, copy and constant experts are those of MoE++ (Jin et al. 2024, arXiv 2410.07348, section 3.1); LongCat-Flash
 * (arXiv 2509.01322) has copy experts alone.  They are so small that every process has them all: no row travels to
 * them.
 *
 *   zero      0
 *   copy      x
 *   constant  a x + (1 - a) v      with (a, 1 - a) = softmax(M x); the matrix M [2][width] and v [width] are learned
 */
#ifndef SIM_NET_BARE_H
#define SIM_NET_BARE_H

#include "sim/exchange/exchange.h"
#include "sim/model/params.h"

enum bare_kind { BARE_ZERO, BARE_COPY, BARE_CONSTANT };

struct bare {
	enum bare_kind kind;
	size_t width;
	struct weight mix, vector; /* of a constant expert: M and v */
};

/* What the i-th expert without a network is, in a layer of such a call. */
enum bare_kind bare_kind_of(const struct moe_call *call, size_t i);

/* What the layer's expert of that number is, in a word: "ffn", "zero", "copy", "constant". */
const char *bare_word(const struct moe_call *call, size_t expert);

/* Registers the parameters of a constant expert, whose initial values are those of MoE++'s code: v standard normal, M
 * of variance 1 / (3 width). */
void bare_create(struct bare *bare, enum bare_kind kind, size_t width, uint64_t index, struct params *params);

/* results[p] = expert(x of pair p) for the pairs first .. end - 1. */
void bare_forward(const struct bare *bare, const struct shipment *x, size_t first, size_t end, real *results);

/* From d_results[pairs][width] to d_rows[pairs][width], the gradient of what each pair has read.  Overwrites the
 * gradients of the parameters, also when there are no pairs. */
void bare_backward(const struct bare *bare, const struct shipment *x, size_t first, size_t end, const real *d_results,
				   real *d_rows);

#endif
