/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * token_picks.c -- the picks of a batch, token by token.
 */
#include <config.h>

#include "sim/run/token_picks.h"

#include <stdlib.h>

void token_picks_take(struct token_picks *by, const struct trainer *trainer)
{
	by->first = calloc(trainer->net.call.tokens + 2, sizeof *by->first);
	by->pick = calloc(net_router(&trainer->net, 0)->max_pairs + 1, sizeof *by->pick);
	if (by->first == NULL || by->pick == NULL)
		error_no_memory("the choices of tokens");
}

void token_picks_free(struct token_picks *by)
{
	free(by->first);
	free(by->pick);
	*by = (struct token_picks){ NULL, NULL };
}

/* Counting sort by token, then by rank inside a token, where there are few. */
void token_picks_sort(struct token_picks *by, const struct moe_picks *picks, size_t tokens)
{
	uint32_t *first = by->first;
	for (size_t t = 0; t < tokens + 2; t++)
		first[t] = 0;
	for (size_t i = 0; i < picks->n; i++)
		first[picks->token[i] + 2]++;
	for (size_t t = 0; t < tokens; t++)
		first[t + 2] += first[t + 1];
	for (uint32_t i = 0; i < picks->n; i++) {
		uint32_t begin = picks->token[i] ? first[picks->token[i]] : 0, at = first[picks->token[i] + 1]++;
		for (; at > begin && picks->rank[by->pick[at - 1]] > picks->rank[i]; at--)
			by->pick[at] = by->pick[at - 1];
		by->pick[at] = i;
	}
}

real token_picks_weight(const struct moe_plan *plan, uint32_t token, uint32_t expert)
{
	for (size_t i = plan->token_first[token]; i < plan->token_first[token + 1]; i++)
		if (plan->expert[plan->by_token[i]] == expert)
			return plan->weight[plan->by_token[i]];
	return 0;
}
