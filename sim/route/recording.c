/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recording.c -- a routing that was recorded in a trace, to be done again.
 */
#include <config.h>

#include "sim/route/recording.h"

#include <inttypes.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/text.h"
#include "sim/trace/trace.h"

static uint64_t step_of(const struct tally_choice *choice)
{
	return choice->token >> TRACE_TOKEN_BITS;
}

static uint64_t number_of(const struct tally_choice *choice)
{
	return choice->token & ((UINT64_C(1) << TRACE_TOKEN_BITS) - 1);
}

/* The choices of one layer, by step, token and slot. */
struct choices {
	struct tally_choice *choice;
	size_t n;
};

static int by_token(const void *left, const void *right)
{
	const struct tally_choice *a = left, *b = right;
	if (a->token != b->token)
		return a->token < b->token ? -1 : 1;
	return (a->slot > b->slot) - (a->slot < b->slot);
}

/* All domains of the layer whose first group is number `at`. */
static void gather(const struct tally *tally, size_t at, struct choices *choices)
{
	*choices = (struct choices){ .n = 0 };
	for (size_t d = 0; d < tally_domains(tally, at); d++) {
		const struct tally_group *group = tally->group[at + d];
		choices->choice = memory_resize(choices->choice, choices->n + group->choices + 1, sizeof *choices->choice,
										"a recorded routing");
		if (group->choices > 0)
			memcpy(choices->choice + choices->n, group->choice, group->choices * sizeof *choices->choice);
		choices->n += group->choices;
	}
	qsort(choices->choice, choices->n, sizeof *choices->choice, by_token);
}

/* ---- does it fit? ------------------------------------------------------------------------------------------------ */

static int check_layers(const struct tally *tally, const struct recording_shape *shape, struct error *err)
{
	size_t layers = 0;
	for (size_t at = 0; at < tally->groups; at += tally_domains(tally, at)) {
		const struct tally_group *group = tally->group[at];
		if (group->kind != TALLY_TOKENS)
			return fail(err, ERROR_USER,
						"this trace has counts, not the choice of each token (write it with "
						"--trace-form tokens or training)");
		if (group->model > 0)
			return fail(err, ERROR_USER, "the trace has several models ('%s' and '%s'), and a run is one",
						tally->model[0], tally->model[group->model]);
		if (group->layer >= shape->layers)
			return fail(err, ERROR_USER, "the trace has a layer %" PRIu32 ", and the run has %zu (counted from 0)",
						group->layer, shape->layers);
		layers++;
	}
	if (layers < shape->layers)
		return fail(err, ERROR_USER, "the trace has %zu layer%s, and the run has %zu", layers, layers == 1 ? "" : "s",
					shape->layers);
	return 0;
}

/* What a trace covers, over all layers. */
struct extent {
	uint64_t first, last, steps, tokens; /* steps, and how many different ones; highest token + 1 */
};

static void extend(struct extent *extent, const struct choices *choices)
{
	uint64_t steps = 0;
	for (size_t i = 0; i < choices->n; i++) {
		const struct tally_choice *choice = &choices->choice[i];
		steps += i == 0 || step_of(choice) != step_of(choice - 1);
		extent->first = step_of(choice) < extent->first ? step_of(choice) : extent->first;
		extent->last = step_of(choice) > extent->last ? step_of(choice) : extent->last;
		extent->tokens = number_of(choice) + 1 > extent->tokens ? number_of(choice) + 1 : extent->tokens;
	}
	extent->steps = steps > extent->steps ? steps : extent->steps;
}

/* Batches that hold so many tokens; the last of them may lack some that no expert chose. */
static bool fills(uint64_t tokens, size_t batches, size_t batch)
{
	return tokens <= batches * batch && tokens + batch > batches * batch;
}

/* Held-out tokens stand under one step, batches of training under steps from 1 on. */
static int decide(const struct extent *extent, const struct recording_shape *shape, bool *training, struct error *err)
{
	bool held_out = extent->steps == 1 && fills(extent->tokens, shape->evaluations, shape->tokens);
	*training = shape->steps > 0 && extent->first == 1 && extent->last == extent->steps &&
				extent->steps >= shape->steps && fills(extent->tokens, 1, shape->tokens);
	if (held_out && *training)
		return fail(err, ERROR_USER,
					"the trace fits both the one training step and the held-out tokens (set another "
					"--eval-tokens)");
	if (held_out || *training)
		return 0;
	return fail(err, ERROR_USER,
				"the trace has %" PRIu64 " token%s in %" PRIu64 " step%s, and the run has %zu held-out tokens and %zu "
				"training step%s of %zu tokens",
				extent->tokens, extent->tokens == 1 ? "" : "s", extent->steps, extent->steps == 1 ? "" : "s",
				shape->evaluations * shape->tokens, shape->steps, shape->steps == 1 ? "" : "s", shape->tokens);
}

static int fail_token(const struct tally_choice *choice, size_t layer, const char *what, struct error *err)
{
	return fail(err, ERROR_USER, "token %" PRIu64 " of step %" PRIu64 " in layer %zu %s", number_of(choice),
				step_of(choice), layer, what);
}

/* The choices of one token, [n]: each expert once, no more than the run has.  seen[expert] is 1 more than the last
 * token that went there. */
static int check_token(const struct tally_choice *choice, size_t n, size_t layer, const struct recording_shape *shape,
					   uint64_t *seen, struct error *err)
{
	if (shape->each && n > shape->k)
		return fail_token(choice, layer, text_keep_f("has %zu experts, and a token of the run %zu", n, shape->k), err);
	for (size_t i = 0; i < n; i++) {
		if (shape->ranked && choice[i].slot != i)
			return fail_token(choice, layer, text_keep_f("lacks its choice %zu", i), err);
		if (seen[choice[i].expert] == choice->token + 1)
			return fail_token(choice, layer, "has an expert twice", err);
		seen[choice[i].expert] = choice->token + 1;
	}
	return 0;
}

static int check_tokens(const struct choices *choices, size_t layer, const struct recording_shape *shape, bool training,
						uint64_t *seen, struct error *err)
{
	size_t most = 0, tokens = 0, steps = 0;
	memset(seen, 0, shape->experts * sizeof *seen);
	for (size_t i = 0, n; i < choices->n; i += n) {
		const struct tally_choice *choice = &choices->choice[i];
		for (n = 1; i + n < choices->n && choice[n].token == choice->token; n++)
			;
		TRY(check_token(choice, n, layer, shape, seen, err));
		most = n > most ? n : most;
		steps += i == 0 || step_of(choice) != step_of(choice - 1);
		tokens++;
	}
	if (shape->each && most < shape->k)
		return fail(err, ERROR_USER, "no token of layer %zu has more than %zu expert%s, and a token of the run has %zu",
					layer, most, most == 1 ? "" : "s", shape->k);
	size_t whole = (training ? steps : shape->evaluations) * shape->tokens;
	if (shape->each && tokens != whole)
		return fail(err, ERROR_USER, "layer %zu has %zu tokens of %zu", layer, tokens, whole);
	return 0;
}

static int check_all(const struct choices *layer, const struct recording_shape *shape, bool training, struct error *err)
{
	uint64_t *seen = memory_resize(NULL, shape->experts, sizeof *seen, "a recorded routing");
	int status = 0;
	for (size_t l = 0; l < shape->layers && status == 0; l++)
		status = check_tokens(&layer[l], l, shape, training, seen, err);
	free(seen);
	return status;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* The batch and, in it, the token that a choice belongs to. */
static void place_of(const struct recording *recording, const struct tally_choice *choice, size_t tokens, size_t *batch,
					 uint32_t *token)
{
	*batch = recording->training ? (size_t)step_of(choice) - 1 : (size_t)number_of(choice) / tokens;
	*token = (uint32_t)(recording->training ? number_of(choice) : number_of(choice) % tokens);
}

static void take_room(struct recording *recording, size_t picks)
{
	static const char what[] = "a recorded routing";
	size_t places = recording->batches * recording->layers + 1;
	recording->first = memory_resize(NULL, places, sizeof *recording->first, what);
	memset(recording->first, 0, places * sizeof *recording->first);
	recording->token = memory_resize(NULL, picks + 1, sizeof *recording->token, what);
	recording->expert = memory_resize(NULL, picks + 1, sizeof *recording->expert, what);
	recording->rank = memory_resize(NULL, picks + 1, sizeof *recording->rank, what);
}

/* How many picks each batch has in each layer, and from that where they begin. */
static int lay_out(struct recording *recording, const struct choices *layer, const struct recording_shape *shape,
				   struct error *err)
{
	size_t places = recording->batches * recording->layers, batch;
	uint32_t token;
	for (size_t l = 0; l < recording->layers; l++)
		for (size_t i = 0; i < layer[l].n; i++) {
			place_of(recording, &layer[l].choice[i], shape->tokens, &batch, &token);
			if (batch < recording->batches)
				recording->first[batch * recording->layers + l + 1]++;
		}
	for (size_t p = 0; p < places; p++) {
		if (recording->first[p + 1] > shape->most)
			return fail(err, ERROR_USER, "batch %zu has %zu choices in layer %zu, and one of the run at most %zu",
						p / recording->layers, recording->first[p + 1], p % recording->layers, shape->most);
		recording->first[p + 1] += recording->first[p];
	}
	return 0;
}

static void place_layer(struct recording *recording, const struct choices *choices, size_t layer,
						const struct recording_shape *shape)
{
	size_t now = SIZE_MAX, at = 0, batch;
	uint32_t token, last = 0, rank = 0;
	for (size_t i = 0; i < choices->n; i++) {
		place_of(recording, &choices->choice[i], shape->tokens, &batch, &token);
		if (batch >= recording->batches)
			return;
		rank = batch == now && token == last ? rank + 1 : 0;
		at = batch == now ? at : recording->first[batch * recording->layers + layer];
		now = batch;
		last = token;
		recording->token[at] = token;
		recording->expert[at] = choices->choice[i].expert;
		recording->rank[at++] = shape->ranked ? rank : 0;
	}
}

static uint64_t hash_of(const struct recording *recording)
{
	size_t n = recording->first[recording->batches * recording->layers];
	uint64_t hash = text_hash_bytes(recording->token, n * sizeof *recording->token, TEXT_HASH_START);
	return text_hash_bytes(recording->expert, n * sizeof *recording->expert, hash);
}

static int fill(struct recording *recording, const struct choices *layer, const struct recording_shape *shape,
				struct error *err)
{
	struct extent extent = { .first = UINT64_MAX };
	size_t picks = 0;
	for (size_t l = 0; l < shape->layers; l++) {
		extend(&extent, &layer[l]);
		picks += layer[l].n;
	}
	TRY(decide(&extent, shape, &recording->training, err));
	TRY(check_all(layer, shape, recording->training, err));
	recording->layers = shape->layers;
	recording->batches = recording->training ? shape->steps : shape->evaluations;
	take_room(recording, picks);
	TRY(lay_out(recording, layer, shape, err));
	for (size_t l = 0; l < shape->layers; l++)
		place_layer(recording, &layer[l], l, shape);
	recording->content = hash_of(recording);
	return 0;
}

static int read_tally(const char *path, const struct recording_shape *shape, struct tally *tally,
					  struct recording *recording, struct error *err)
{
	struct trace_options how = { .model = "trace", .step = TRACE_ALL_STEPS, .with_bare = true };
	tally->keeps = true;
	TRY(trace_read(path, &how, tally, err));
	TRY(tally_check(tally, true, err));
	TRY(check_layers(tally, shape, err));
	struct choices *layer = memory_resize(NULL, shape->layers, sizeof *layer, "a recorded routing");
	for (size_t at = 0, l = 0; at < tally->groups; at += tally_domains(tally, at))
		gather(tally, at, &layer[l++]);
	int status = fill(recording, layer, shape, err);
	for (size_t l = 0; l < shape->layers; l++)
		free(layer[l].choice);
	free(layer);
	return status;
}

int recording_read(const char *path, const struct recording_shape *shape, struct recording *recording,
				   struct error *err)
{
	struct tally *tally = memory_resize(NULL, 1, sizeof *tally, "a recorded routing");
	*recording = (struct recording){ .layers = 0 };
	tally_open(tally, (uint32_t)shape->experts);
	int status = read_tally(path, shape, tally, recording, err);
	tally_close(tally);
	free(tally);
	if (status == 0)
		return 0;
	recording_free(recording);
	return fail_at(err, path, 0, 0);
}

void recording_free(struct recording *recording)
{
	free(recording->first);
	free(recording->token);
	free(recording->expert);
	free(recording->rank);
	*recording = (struct recording){ .layers = 0 };
}

void recording_pick(const struct recording *recording, size_t batch, size_t layer, struct moe_picks *picks)
{
	size_t place = batch * recording->layers + layer;
	if (batch >= recording->batches || layer >= recording->layers)
		BUG("a batch that was not recorded");
	for (size_t i = recording->first[place]; i < recording->first[place + 1]; i++)
		moe_pick(picks, recording->token[i], recording->expert[i], recording->rank[i]);
}
