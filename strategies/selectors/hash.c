/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hash.c -- a table decides, and nothing that is learned (Roller et al. 2021, Hash Layers, arXiv 2106.04426).
 *
 * Each key has k different experts, the first k of a deck that a Philox hash of (seed, layer, key) shuffles.  The key
 * is the token's id, the previous token's, both, or the position (section 3.1.2).  With several tables (MultiHash,
 * section 3.2: an FFN of segments, each of which has a hash of its own) the experts stand in as many blocks, and each
 * table chooses k / tables of its own block.
 */
#include <moesim/kit.h>
#include <stdio.h>

enum of { TOKEN, PREVIOUS, BIGRAM, POSITION };
static const char *const keys[] = { "token", "previous", "bigram", "position", NULL };

struct hash {
	int of;
	int64_t tables;
};

static const struct moe_opt options[] = {
	{ .name = "of",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct hash, of),
	  .high = 3,
	  .choices = keys,
	  .help = "what is looked up: the token's id, the previous token's, both, or the position in the sequence" },
	{ .name = "tables",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct hash, tables),
	  .low = 1,
	  .high = 65536,
	  .preset = 1,
	  .help = "number of tables; each chooses top-k / tables experts of its own block of them (MultiHash)" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	long long tables = ((const struct hash *)opt)->tables;
	if ((long long)call->experts % tables != 0)
		snprintf(complaint, size, "tables = %lld: %lld experts cannot be divided into equal blocks (use a divisor)",
				 tables, (long long)call->experts);
	else if ((long long)call->k % tables != 0)
		snprintf(complaint, size, "top-k %lld cannot be shared equally by %lld tables (use a multiple)",
				 (long long)call->k, tables);
	else
		return true;
	return false;
}

static unsigned wants_with(const void *opt)
{
	return ((const struct hash *)opt)->of == POSITION ? 0 : MOE_IDS;
}

/* Stands for the token before a sequence's first. */
static uint32_t previous_of(const struct moe_route *route, size_t t)
{
	return t % route->call.length ? route->of.id[t - 1] : UINT32_MAX;
}

static uint32_t key_of(const struct moe_route *route, int of, size_t t)
{
	if (of == POSITION)
		return (uint32_t)(t % route->call.length);
	return of == PREVIOUS ? previous_of(route, t) : route->of.id[t];
}

/* The stream of a key.  The counter's second word, which a stream moves only after 2^34 numbers, takes the id before a
 * bigram's second. */
static struct moe_rng stream_of(const struct moe_self *self, const struct moe_route *route, size_t t)
{
	int of = ((const struct hash *)self->opt)->of;
	struct moe_rng rng = *self->table;
	rng.counter[2] = key_of(route, of, t);
	if (of == BIGRAM)
		rng.counter[1] = previous_of(route, t);
	return rng;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;
	*a = *b;
	*b = kept;
}

/* `each` steps of a Fisher-Yates shuffle of deck[size], which are then taken back, so that every token finds the same
 * deck. */
static void draw(struct moe_rng *rng, size_t size, size_t each, uint32_t *deck, uint32_t *from, uint32_t *drawn)
{
	for (size_t i = 0; i < each; i++) {
		from[i] = (uint32_t)(i + moe_below(rng, size - i));
		swap(&deck[i], &deck[from[i]]);
		drawn[i] = deck[i];
	}
	for (size_t i = each; i-- > 0;)
		swap(&deck[i], &deck[from[i]]);
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	size_t tables = (size_t)((const struct hash *)self->opt)->tables;
	size_t size = call->experts / tables, each = call->k / tables;
	uint32_t *deck = self->scratch, *from = deck + size, *drawn = from + each;
	for (size_t i = 0; i < size; i++)
		deck[i] = (uint32_t)i;
	for (size_t t = 0; t < call->tokens; t++) {
		struct moe_rng rng = stream_of(self, route, t);
		for (size_t j = 0; j < tables; j++) {
			draw(&rng, size, each, deck, from, drawn);
			for (size_t i = 0; i < each; i++)
				moe_pick(picks, t, j * size + drawn[i], j * each + i);
		}
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return (call->experts + 2 * call->k) * sizeof(uint32_t);
}

const struct moe_selector selector_hash = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "hash",
			  .summary = "routes by token id or position, via random tables drawn from the seed",
			  .formula =
				  "S_t = { h_1(key), ..., h_k(key) }, all distinct;   key = id_t, id_(t-1), both, or t\n"
				  "with several tables, h_1 ... h_(k / tables) in the first block of E / tables experts, and so on",
			  .cite = "Roller et al. 2021, arXiv 2106.04426",
			  .opts = options,
			  .opts_size = sizeof(struct hash),
			  .check = check,
			  .wants_with = wants_with,
			  .scratch_size = scratch_size,
			  .reach = MOE_REACH_SEQUENCE },
	.select = choose,
};
