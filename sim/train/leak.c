/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * leak.c -- does the model look into the future, and how much does that change?
 */
#include <config.h>

#include "sim/train/leak.h"

#include <math.h>
#include <string.h>

enum { LEAK_PROBES = 8 }; /* sequences whose second half is changed */

/* Gives the second half of one sequence other tokens. */
static void change_future(struct batch *batch, size_t sequence, size_t vocabulary)
{
	uint32_t *id = batch->id + sequence * batch->length;
	for (size_t t = batch->length / 2; t < batch->length; t++)
		id[t] = (uint32_t)((id[t] + 1 + vocabulary / 3) % vocabulary);
}

/* The summed change of the losses in the first half of one sequence when its second half changes. */
static double change_of(struct trainer *trainer, size_t sequence)
{
	struct batch *batch = &trainer->eval_batch;
	size_t first = sequence * batch->length, half = batch->length / 2;
	double change = 0;
	stream_eval(&trainer->stream, 0, batch);
	change_future(batch, sequence, trainer->stream.vocabulary);
	net_forward(&trainer->net, batch, 1, false);
	for (size_t t = first; t < first + half; t++)
		change += fabs(trainer->net.head.loss[t] - trainer->kept_loss[t]);
	return change;
}

/* The mean change, from the losses of the last forward pass. */
static double mean_change(struct trainer *trainer)
{
	const struct batch *batch = &trainer->eval_batch;
	size_t half = batch->length / 2, probes = batch->sequences < LEAK_PROBES ? batch->sequences : LEAK_PROBES;
	double sum = 0;
	memcpy(trainer->kept_loss, trainer->net.head.loss, trainer->net.call.tokens * sizeof *trainer->kept_loss);
	for (size_t i = 0; half && i < probes; i++)
		sum += change_of(trainer, i * batch->sequences / probes);
	return half ? sum / (double)(probes * half) : 0;
}

/* Does any layer's router look ahead in that phase?  Its rows are those of the last forward pass. */
static bool looks_ahead(struct trainer *trainer, bool training)
{
	const struct batch *batch = &trainer->eval_batch;
	struct moe_tokens of = { batch->id, batch->domain, batch->guess, batch->class_of };
	struct moe_call call = trainer->net.call;
	uint64_t seed = (uint64_t)trainer->settings->config.seed;
	call.training = training;
	for (size_t i = 0; i < net_routers(&trainer->net); i++) {
		call.layer = i;
		if (lookahead_found(&trainer->lookahead, net_router(&trainer->net, i), &call, &of,
							net_router_input(&trainer->net, i), seed))
			return true;
	}
	return false;
}

struct leak leak_measure(struct trainer *trainer)
{
	struct leak leak = { .causal = CAUSALITY_YES, .change = NAN };
	if (trainer->recording.batches > 0)
		return leak; /* whether the choices of another run looked ahead does not show here */
	stream_eval(&trainer->stream, 0, &trainer->eval_batch);
	net_forward(&trainer->net, &trainer->eval_batch, 1, false);
	if (looks_ahead(trainer, false))
		leak.causal = CAUSALITY_NO;
	else if (looks_ahead(trainer, true))
		leak.causal = CAUSALITY_TRAIN_ONLY;
	leak.change = mean_change(trainer);
	return leak;
}

const char *leak_word(struct leak leak)
{
	static const char *const words[] = { "no", "train-only", "yes" };
	return isnan(leak.change) ? "" : words[leak.causal];
}
