/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hash.c -- a table decides, and nothing that is learned (Roller et al. 2021, Hash Layers, arXiv 2106.04426).
 *
 * Each key has k different experts, the first k of a deck that a Philox hash of (seed, layer, key) shuffles.  The key
 * is the token's id, the previous token's, both, or the position (section 3.1.2).  With several tables (MultiHash,
 * section 3.2: an FFN of segments, each of which has a hash of its own) the experts stand in as many blocks, and each
 * table chooses k / tables of its own block.
 *
 * With `balanced` the first training batch tells how frequent each id is, and the table is made anew (section 3.1.1):
 * from the most frequent id on, each gets the k experts that have the fewest tokens so far.  Ids that the batch did not
 * have come last, spread evenly.  Roller et al. count the whole of the training data, which no layer sees.
 */
#include <moesim/kit.h>
#include <stdio.h>
#include <stdlib.h>

enum of { TOKEN, PREVIOUS, BIGRAM, POSITION };
static const char *const keys[] = { "token", "previous", "bigram", "position", NULL };

struct hash {
	int of;
	int64_t tables;
	bool balanced;
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
	{ .name = "balanced",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct hash, balanced),
	  .high = 1,
	  .help =
		  "from the second step on, ids share the experts out so that the first batch would have had an even load" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	const struct hash *hash = opt;
	long long tables = hash->tables;
	if (hash->balanced && (hash->of != TOKEN || tables > 1))
		snprintf(complaint, size, "balanced: one table of ids alone can be (use of=token and tables=1)");
	else if ((long long)call->experts % tables != 0)
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

/* State of a balanced table: is it made, and the k experts of each id that it has a place for. */
struct balanced {
	uint32_t made;
	uint32_t expert[]; /* [ids][k] */
};

/* No vocabulary is larger; ids beyond, which a file of ids may hold, stay with the random table. */
static size_t ids_of(const struct moe_call *call)
{
	const size_t most = (size_t)1 << 20;
	return call->vocabulary < most ? call->vocabulary : most;
}

static size_t state_size(const struct moe_call *call, const void *opt)
{
	if (!((const struct hash *)opt)->balanced)
		return 0;
	return sizeof(struct balanced) + ids_of(call) * call->k * sizeof(uint32_t);
}

static const uint32_t *balanced_of(const struct moe_self *self, const struct moe_route *route, size_t t)
{
	const struct balanced *state = self->state;
	bool made = ((const struct hash *)self->opt)->balanced && state->made && route->of.id[t] < ids_of(&route->call);
	return made ? state->expert + route->of.id[t] * route->call.k : NULL;
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
		const uint32_t *known = balanced_of(self, route, t);
		for (size_t i = 0; known && i < call->k; i++)
			moe_pick(picks, t, known[i], i);
		struct moe_rng rng = stream_of(self, route, t);
		for (size_t j = 0; !known && j < tables; j++) {
			draw(&rng, size, each, deck, from, drawn);
			for (size_t i = 0; i < each; i++)
				moe_pick(picks, t, j * size + drawn[i], j * each + i);
		}
	}
}

struct use {
	uint64_t weight; /* tokens of the id, times the ids, plus 1: what no token had counts a little */
	uint64_t id;
};

static int falling(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return x->id > y->id ? 1 : -1;
}

/* The expert with the least load that is not among those taken; the lower one wins a tie. */
static size_t emptiest(const uint64_t *load, size_t experts, const uint32_t *taken, size_t n)
{
	size_t found = experts;
	for (size_t e = 0; e < experts; e++)
		if (!moe_among(taken, n, e) && (found == experts || load[e] < load[found]))
			found = e;
	return found;
}

static void make_balanced(const struct moe_call *call, const struct use *use, uint64_t *load, struct balanced *state)
{
	for (size_t e = 0; e < call->experts; e++)
		load[e] = 0;
	for (size_t i = 0; i < ids_of(call); i++) {
		uint32_t *expert = state->expert + use[i].id * call->k;
		for (size_t rank = 0; rank < call->k; rank++) {
			size_t e = emptiest(load, call->experts, expert, rank);
			expert[rank] = (uint32_t)e;
			load[e] += use[i].weight;
		}
	}
	state->made = true;
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	const struct moe_call *call = &route->call;
	struct balanced *state = self->state;
	struct use *use = self->scratch;
	if (!((const struct hash *)self->opt)->balanced || state->made)
		return;
	for (size_t i = 0; i < ids_of(call); i++)
		use[i] = (struct use){ 1, i };
	for (size_t t = 0; t < call->tokens; t++)
		if (route->of.id[t] < ids_of(call))
			use[route->of.id[t]].weight += ids_of(call);
	qsort(use, ids_of(call), sizeof *use, falling);
	make_balanced(call, use, (uint64_t *)(use + ids_of(call)), state);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	size_t drawing = (call->experts + 2 * call->k) * sizeof(uint32_t);
	size_t making = ids_of(call) * sizeof(struct use) + call->experts * sizeof(uint64_t);
	return ((const struct hash *)opt)->balanced && making > drawing ? making : drawing;
}

const struct moe_selector selector_hash = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "hash",
			  .summary = "routes by token id or position, via random tables drawn from the seed",
			  .formula =
				  "S_t = { h_1(key), ..., h_k(key) }, all distinct;   key = id_t, id_(t-1), both, or t\n"
				  "with several tables, h_1 ... h_(k / tables) in the first block of E / tables experts, and so on\n"
				  "balanced: from the most frequent id of the first batch on, each gets the k emptiest experts",
			  .cite = "Roller et al. 2021, arXiv 2106.04426",
			  .opts = options,
			  .opts_size = sizeof(struct hash),
			  .check = check,
			  .wants_with = wants_with,
			  .state_size = state_size,
			  .scratch_size = scratch_size,
			  .settle = settle },
	.select = choose,
};
