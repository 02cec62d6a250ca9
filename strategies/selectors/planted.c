/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * planted.c -- routing by what the stream knows of its tokens: the ceiling that a learned router may come near to.
 *
 * A domain owns a block of neighboring experts, a class owns k experts of its block, in turn.  The domain is the
 * hidden one, which no model can know, or the likeliest one given the tokens so far (the filter of Rabiner 1989, A
 * Tutorial on Hidden Markov Models).  Where a block has more experts than k and the class has no say, the best scores
 * decide.
 */
#include <moesim/kit.h>
#include <stdio.h>

enum by { CLASS, GUESS, GUESS_CLASS, DOMAIN, DOMAIN_CLASS };
static const char *const ways[] = { "class", "guess", "guess-class", "domain", "domain-class", NULL };

struct planted {
	int by;
};

static const struct moe_opt options[] = {
	{ .name = "by",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct planted, by),
	  .high = 4,
	  .preset = GUESS_CLASS,
	  .choices = ways,
	  .help = "what to route by: the token's class, the likeliest domain so far, the hidden domain, or two of them" },
	{ .name = NULL },
};

/* The neighboring experts that a token may visit; behind the last expert comes the first. */
struct block {
	size_t first, size;
};

static struct block block_of(const struct moe_call *call, const uint32_t *domain, size_t t)
{
	if (domain == NULL)
		return (struct block){ 0, call->experts };
	size_t first = domain[t] * call->experts / call->domains, end = (domain[t] + 1) * call->experts / call->domains;
	return (struct block){ first, end - first < call->k ? call->k : end - first };
}

static size_t expert_at(const struct moe_call *call, struct block block, size_t i)
{
	return (block.first + i) % call->experts;
}

static void pick_in_turn(const struct moe_call *call, struct block block, size_t t, size_t class,
						 struct moe_picks *picks)
{
	for (size_t rank = 0; rank < call->k; rank++)
		moe_pick(picks, t, expert_at(call, block, (class * call->k + rank) % block.size), rank);
}

/* row[experts] and best[k] are scratch. */
MOE_CLONED static void pick_best(const struct moe_route *route, struct block block, size_t t, real *row, uint32_t *best,
								 struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	for (size_t i = 0; i < block.size; i++)
		row[i] = route->choice[t * call->experts + expert_at(call, block, i)];
	moe_top_k(row, block.size, call->k, best);
	for (size_t rank = 0; rank < call->k; rank++)
		moe_pick(picks, t, expert_at(call, block, best[rank]), rank);
}

static const uint32_t *domains_of(const struct moe_route *route, int by)
{
	if (by == CLASS)
		return NULL;
	return by == GUESS || by == GUESS_CLASS ? route->of.guess : route->of.domain;
}

static bool class_decides(int by)
{
	return by != GUESS && by != DOMAIN;
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	int by = ((const struct planted *)self->opt)->by;
	const uint32_t *domain = domains_of(route, by);
	real *row = self->scratch;
	for (size_t t = 0; t < call->tokens; t++) {
		struct block block = block_of(call, domain, t);
		if (class_decides(by))
			pick_in_turn(call, block, t, route->of.class_of[route->of.id[t]], picks);
		else
			pick_best(route, block, t, row, (uint32_t *)(row + call->experts), picks);
	}
}

static unsigned wants_with(const void *opt)
{
	static const unsigned wants[] = { MOE_CLASSES, MOE_GUESSES | MOE_SCORES, MOE_GUESSES | MOE_CLASSES,
									  MOE_DOMAINS | MOE_SCORES, MOE_DOMAINS | MOE_CLASSES };
	return wants[((const struct planted *)opt)->by];
}

/* What a ceiling is for are experts that can learn. */
static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	(void)opt;
	if (call->bare > 0)
		snprintf(complaint, size,
				 "domains and classes own experts that can learn, so those without a network have no place (leave out "
				 "zero, copy and constant)");
	return call->bare == 0;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(real) + call->k * sizeof(uint32_t);
}

const struct moe_selector selector_planted = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "planted",
			  .summary = "routes by what the stream knows about a token: a ceiling for learned routing",
			  .formula =
				  "block of domain z: the E/D experts from z E/D on, at least k; without a domain, all experts\n"
				  "S_t = the experts at places c k, ..., c k + k - 1 of the block, modulo its size, c = class of t;\n"
				  "      without a class, the k experts of the block with the largest choice c_e(t)",
			  .cite = "Rabiner 1989, A Tutorial on Hidden Markov Models (the filter behind the guess)",
			  .opts = options,
			  .opts_size = sizeof(struct planted),
			  .wants_with = wants_with,
			  .check = check,
			  .scratch_size = scratch_size },
	.select = choose,
};
