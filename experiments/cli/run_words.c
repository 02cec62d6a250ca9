/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_words.c -- what moesim run tells of a run: before it, during it, and at its end.
 */
#include <config.h>

#include "experiments/cli/run_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/net/layer.h"
#include "sim/route/catalog.h"

void run_words_progress(const struct run_progress *now, double *shown)
{
	double left = (double)(now->steps - now->step) / (double)(now->step - now->first);
	char rate[TEXT_NUMBER];
	bool last = now->step == now->steps;
	if (now->seconds - *shown < 0.1 && !last)
		return;
	*shown = now->seconds;
	fprintf(stderr, "\r\033[Kstep %zu/%zu  loss %.3f", now->step, now->steps, now->lm_loss);
	if (!isnan(now->excess_loss))
		fprintf(stderr, "  excess %.3f", now->excess_loss);
	if (!isnan(now->maxvio))
		fprintf(stderr, "  MaxVio %.2f", now->maxvio);
	fprintf(stderr, "  %s tokens/s  %.0f s left", text_of_count((double)now->tokens / now->seconds, rate),
			left * now->seconds);
	if (last)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

/* One choice per token whose weight is made to sum to 1: every weight is the same, and none of them depends on the
 * router.  Where experts choose, a token may have several. */
static bool weights_are_constant(const struct settings *settings)
{
	const struct moe_selector *selector = (const struct moe_selector *)settings->sentence.selector.part;
	return settings->config.layer.k == 1 && strcmp(settings->sentence.gate.part->name, "renorm") == 0 &&
		   selector->max_picks == NULL && layer_call(&settings->sentence, &settings->config.layer).experts > 0;
}

/* What a token's forward pass is made of. */
struct use {
	double experts; /* per layer; NAN: not measured, and not known from the settings */
	int64_t params;
	double flops;
};

static const char *experts_text(double experts)
{
	return isnan(experts)              ? "a number that the selector chooses"
		   : experts == floor(experts) ? text_keep_f("%.0f", experts)
									   : text_keep_f("%.2f", experts);
}

/* As the settings plan it. */
static struct use planned_use(const struct settings *settings, const struct cost_count *cost)
{
	const struct layer_options *layer = &settings->config.layer;
	double k = router_varies(&settings->sentence) || layer_options_call(layer).bare ? NAN : (double)layer->k;
	return (struct use){ k, cost->params_active, (double)cost->flops_forward };
}

/* like: what is said of the model that it is made after, or NULL. */
static void tell_model(const struct settings *settings, const char *like, const struct cost_count *cost, struct use use)
{
	const struct config *config = &settings->config;
	const struct moe_recipe *recipe = catalog_recipe(settings->sentence.name);
	char total[TEXT_NUMBER], active[TEXT_NUMBER], flops[TEXT_NUMBER];
	printf("%s%s%s\n  %s\n", settings->sentence.name, recipe ? ": " : "", recipe ? recipe->summary : "",
		   settings->text);
	if (like)
		printf("  %s\n", like);
	struct moe_call call = layer_call(&settings->sentence, &config->layer);
	if (call.experts)
		printf("  %zu experts%s, %s for each token%s", call.experts - call.bare,
			   call.bare ? text_keep_f(" and %zu without a network", call.bare) : "", experts_text(use.experts),
			   config->layer.shared ? text_keep_f(" and %lld shared", (long long)config->layer.shared) : "");
	else
		printf("  no experts");
	printf("; %s parameters, %s active (%.0f%%); %sFLOP per token\n", text_of_count((double)cost->params_total, total),
		   text_of_count((double)use.params, active), 100 * (double)use.params / (double)cost->params_total,
		   text_of_count(use.flops, flops));
	if (*config->replay)
		printf("  note: choices are replayed from %s\n", config->replay);
	if (weights_are_constant(settings))
		puts("  note: with top-k 1 and gate=renorm every weight is the same, so that the loss gives the router no "
			 "gradient\n"
			 "  (gate=score would)");
}

static void tell_row(const char *name, double value, int digits, const char *unit, const char *meaning)
{
	if (!isnan(value))
		printf("  %-24s%8.*f%-2s  %s\n", name, digits, value, unit, meaning);
}

static void tell_losses(const struct trainer *trainer, const struct outcome *outcome)
{
	double loss = outcome->evaluation.loss, bayes = trainer->anchors.bayes;
	tell_row("held-out loss", loss, 4, "", "nats per token, on documents that training never saw");
	tell_row("best possible loss", bayes, 4, "", "the stream's exact Bayes loss on the same tokens");
	tell_row("excess loss", loss - bayes, 4, "", "the difference: what this model has not learned");
}

/* In the order of enum causality. */
static const char *const future[][2] = {
	{ "yes", "later tokens change where earlier ones go" },
	{ "train", "in training only: the held-out loss is that of a causal model" },
	{ "no", "later tokens cannot change where earlier ones go" },
};

static void tell_leak(struct leak leak)
{
	const char *const *row = future[leak.causal];
	const char *change =
		leak.causal == CAUSALITY_NO
			? text_keep_f(", and earlier losses by %.3f nats: not the loss of a causal model", leak.change)
			: "";
	printf("  %-24s%8s    %s%s\n", "looks into the future", row[0], row[1], change);
}

static void tell_balance(const struct trainer *trainer, const struct outcome *outcome)
{
	const struct metrics *mean = &outcome->mean;
	size_t experts = (trainer->net.call.experts - trainer->net.call.bare) * trainer->net.shape.layers;
	if (experts == 0)
		return;
	tell_row(
		"MaxVio", mean->maxvio, 2, "",
		text_keep_f("the fullest expert's load over the fair share, minus 1 (chance alone: %.2f)", mean->maxvio_floor));
	tell_row(
		"dead experts", mean->dead_experts, 0, "",
		text_keep_f("of %zu: under 1%% of the fair share of %zu held-out tokens", experts, outcome->evaluation.tokens));
	tell_row("effective experts", mean->effective_experts, 1, "",
			 "number of equally used experts with the same entropy");
	tell_row("dropped", 100 * mean->drop_rate, 1, "%", "assignments beyond the capacity of their expert");
	tell_row(
		"domain information", mean->domain_mi, 3, "",
		text_keep_f("mutual information of expert and domain in nats (chance alone: %.3f)", mean->domain_mi_floor));
	if (!isnan(outcome->leak.change))
		tell_leak(outcome->leak);
}

static void tell_price(const struct run_cluster *cluster, const struct run_price *price)
{
	if (price->layers == 0)
		return;
	double layers = (double)price->layers, share = price->seconds > 0 ? price->exposed / price->seconds : NAN;
	tell_row("layer time", 1e3 * price->seconds / layers, 2, "",
			 text_keep_f("ms, mean over the layers, %s", run_cluster_text(cluster)));
	tell_row(
		"exposed communication", 100 * share, 1, "%",
		text_keep_f("of it; the bottleneck of the slowest layer: %s (device %zu)", price->bottleneck, price->device));
}

/* As the last evaluation counted it.  Where a fixed number of experts lost some to their capacity, "dropped" tells. */
static struct use measured_use(const struct trainer *trainer, const struct outcome *outcome)
{
	struct use use = planned_use(trainer->settings, &trainer->cost);
	if (isnan(use.experts) && !isnan(outcome->pairs_per_token))
		use = (struct use){ outcome->pairs_per_token, outcome->params_active, outcome->flops_per_token };
	return use;
}

void run_words_end(const struct trainer *trainer, const char *like, const struct outcome *outcome,
				   const struct run_cluster *cluster, const char *folder)
{
	char tokens[TEXT_NUMBER], flops[TEXT_NUMBER];
	tell_model(trainer->settings, like, &trainer->cost, measured_use(trainer, outcome));
	printf("  %zu steps, %s tokens of %s, %sFLOP\n\n", trainer->step,
		   text_of_count((double)(trainer->step * trainer->net.call.tokens), tokens), trainer->stream.type->name,
		   text_of_count(trainer->flops, flops));
	if (strcmp(outcome->status, "diverged") == 0) {
		printf("  the loss or its gradient diverged in step %zu (a lower --lr may help)\n", trainer->step);
	} else {
		tell_losses(trainer, outcome);
		tell_balance(trainer, outcome);
		tell_price(cluster, &outcome->price);
	}
	printf("\n%s: wrote %s (charts: moesim plot %s)\n", outcome->status, folder, folder);
}

/* Bytes that this process holds already: the program with its libraries; 0 where the system does not tell. */
static double held_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long all = 0, resident = 0;
	if (file == NULL || fscanf(file, "%ld %ld", &all, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

int run_words_plan(const struct settings *settings, const char *like, struct error *err)
{
	struct trainer_needs needs;
	struct run_cluster cluster;
	char memory[TEXT_NUMBER];
	TRY(run_cluster_open(settings, &cluster, err));
	TRY(trainer_measure(settings, &needs, err));
	tell_model(settings, like, &needs.cost, planned_use(settings, &needs.cost));
	printf("\n  parameters                %12lld\n", (long long)needs.cost.params_total);
	printf("  active parameters         %12lld\n", (long long)needs.cost.params_active);
	printf("  forward FLOPs per token   %12lld\n", (long long)needs.cost.flops_forward);
	printf("  training FLOPs per token  %12lld\n", (long long)needs.cost.flops_training);
	printf("  memory                    %12s\n", text_of_bytes(needs.bytes + held_bytes(), memory));
	if (cluster.exists)
		printf("  priced %s\n", run_cluster_text(&cluster));
	return 0;
}
