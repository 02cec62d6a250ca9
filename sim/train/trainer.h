/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trainer.h -- one run in memory: stream, network, optimizer; a training step; an evaluation.
 */
#ifndef SIM_TRAIN_TRAINER_H
#define SIM_TRAIN_TRAINER_H

#include "sim/cost/cost.h"
#include "sim/metrics/load.h"
#include "sim/net/net.h"
#include "sim/route/lookahead.h"
#include "sim/train/settings.h"

/* Seconds spent in the phases of steps, since the last reset. */
struct timing {
	double data, forward, backward, optim, metrics;
};

/* What one training step showed. */
struct step_log {
	double loss, lm_loss; /* nats per target that counts; loss includes the balancers' terms */
	double rate, grad_norm;
	bool diverged; /* a loss or gradient that is no number, or lm_loss beyond 10 ln(V + 2) */
};

struct evaluation {
	size_t tokens;
	double loss; /* nats per target that counts */
	/* Kept pairs per token, summed over the layers: of FFNs, of experts without a network, and of constant ones. */
	double pairs, bare, constant;
	bool diverged; /* the loss is no number or beyond 10 ln(V + 2), by what the last step did */
};

struct trainer {
	const struct settings *settings;
	struct stream stream;
	struct arena arena;
	struct net net;
	struct optim optim;
	struct batch batch, eval_batch;
	size_t step, eval_batches;
	struct load *batch_load, *eval_load; /* [layers] of the last training step when asked for; of the last evaluation */
	struct cost_count cost;
	struct anchors anchors; /* of the stream's law in force */
	double *kept_loss;      /* [tokens] for leak_measure(), as is what follows */
	struct lookahead lookahead;
	struct recording recording; /* what settings->config.replay holds; 0 batches: nothing is replayed */
	double flops;               /* of training, all steps so far */
	struct timing timing;
};

/* What a run will need. */
struct trainer_needs {
	struct cost_count cost;
	double bytes; /* of everything that the run takes before its first step */
};

/* The shape of the simulated network for sim/cost. */
struct cost_shape trainer_shape(const struct config *config, const struct sentence *sentence, size_t vocabulary);

/* Counts without taking memory; the stream is opened for its vocabulary and closed again. */
int trainer_measure(const struct settings *settings, struct trainer_needs *needs, struct error *err);

/* Takes the memory, after checking that the machine has it, draws the initial parameters, and computes the reference
 * losses of the evaluation tokens.  The settings must outlive the trainer. */
int trainer_open(struct trainer *trainer, const struct settings *settings, struct error *err);
void trainer_close(struct trainer *trainer);

/* Goes to the end of this step, as far as it is the stream's: puts in force its law there, with the reference losses.
 */
void trainer_go_to(struct trainer *trainer, size_t step);

/* One training step; with `counts` also counts the routing of its batch into batch_load. */
void trainer_step(struct trainer *trainer, bool counts, struct step_log *log);

/* Evaluates on the held-out tokens and counts the routing into eval_load. */
struct evaluation trainer_evaluate(struct trainer *trainer);

/* The value of the balancers' terms that are shown in that column ("aux_loss"), the mean over the layers of the last
 * training step; NAN when there are none. */
double trainer_term(const struct trainer *trainer, const char *column);

#endif
