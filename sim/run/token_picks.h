/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * token_picks.h -- the picks of a batch, token by token.
 *
 * Picks are those before the capacity; one that found no room has the weight 0.
 */
#ifndef SIM_RUN_TOKEN_PICKS_H
#define SIM_RUN_TOKEN_PICKS_H

#include "sim/train/trainer.h"

struct token_picks {
	uint32_t *first; /* [tokens + 2] token t's picks stand at first[t] .. first[t + 1] - 1 of `pick` */
	uint32_t *pick;  /* [picks] by token, then by rank, then as they were found */
};

/* Takes memory for the batches of that trainer, whose strategy has experts. */
void token_picks_take(struct token_picks *by, const struct trainer *trainer);
void token_picks_free(struct token_picks *by);

/* Sorts the picks of a batch of so many tokens. */
void token_picks_sort(struct token_picks *by, const struct moe_picks *picks, size_t tokens);

/* The combine weight of token and expert; 0 when the pick was dropped. */
real token_picks_weight(const struct moe_plan *plan, uint32_t token, uint32_t expert);

#endif
