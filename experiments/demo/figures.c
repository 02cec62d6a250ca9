/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * figures.c -- what the demo measures at one moment of a training, and the paragraph that says what was seen.
 */
#include <config.h>

#include "experiments/demo/figures.h"

#include <string.h>

#include "experiments/study/wording.h"
#include "sim/base/text.h"
#include "sim/metrics/balance.h"

static void take_loads(struct figures *figures, const struct load *load)
{
	double sum = 0;
	figures->experts = load->experts;
	for (size_t e = 0; e < load->experts; e++)
		sum += load->assigned[e];
	for (size_t e = 0; e < load->experts; e++) {
		figures->load[e] = load->assigned[e] * (double)load->experts / sum;
		figures->dead[e] = figures->load[e] < BALANCE_DEAD;
		figures->dead_experts += figures->dead[e];
		figures->fullest = figures->load[e] > figures->fullest ? figures->load[e] : figures->fullest;
	}
}

/* An expert of few tokens is easily one of a single domain: those with half the fair share or more count. */
static void take_specialist(struct figures *figures, const struct load *load, const char *const *domain)
{
	for (size_t e = 0; e < load->experts; e++)
		for (size_t z = 0; z < load->domains && figures->load[e] >= 0.5; z++) {
			double share = load->joint[z * load->experts + e] / load->assigned[e];
			if (share <= figures->share)
				continue;
			figures->share = share;
			figures->specialist = e;
			figures->subject = domain[z];
			figures->share_of_text = load->domain_tokens[z] / load->tokens;
		}
}

void figures_take(struct figures *figures, struct trainer *trainer)
{
	struct metrics metrics;
	*figures = (struct figures){ .strategy = trainer->settings->sentence.name, .step = trainer->step };
	figures->loss = trainer_evaluate(trainer).loss;
	load_metrics(&trainer->eval_load[0], &metrics);
	figures->information = metrics.domain_mi;
	take_loads(figures, &trainer->eval_load[0]);
	take_specialist(figures, &trainer->eval_load[0], trainer->stream.domain_names);
}

/* Figures of the strategy that the first ones are of. */
static size_t count_first(const struct figures *figure, size_t n)
{
	size_t i = 0;
	while (i < n && strcmp(figure[i].strategy, figure[0].strategy) == 0)
		i++;
	return i;
}

/* "0 before training, 2 after 50 steps" */
static const char *dead_by_step(const struct figures *figure, size_t n)
{
	const char *all = text_keep_f("%zu before training", figure[0].dead_experts);
	for (size_t i = 1; i < n; i++)
		all = text_keep_f("%s, %zu after %zu%s", all, figure[i].dead_experts, figure[i].step, i == 1 ? " steps" : "");
	return all;
}

static const char *say_collapse(const struct figures *figure, size_t n)
{
	const struct figures *end = &figure[n - 1];
	const char *fullest = text_keep_f("the fullest took %.2f times its fair share", end->fullest);
	if (end->dead_experts == 0)
		return text_keep_f("Under %s no expert was dead after %zu steps; %s.", end->strategy, end->step, fullest);
	return text_keep_f("Under %s, %zu of %zu experts were dead after %zu steps (%s), and %s: the parameters of a dead "
					   "expert are there and compute nothing.",
					   end->strategy, end->dead_experts, end->experts, end->step, dead_by_step(figure, n), fullest);
}

static const char *say_balance(const struct figures *figure, size_t n)
{
	const char *all = "On the same text";
	for (size_t i = 0; i < n; i++)
		all = text_keep_f("%s%s %s left %zu dead, with %.2f for the fullest", all, i > 0 ? ";" : "", figure[i].strategy,
						  figure[i].dead_experts, figure[i].fullest);
	return text_keep_f("%s.", all);
}

static const char *say_future(const struct figures *figure, size_t n)
{
	const char *ahead[LINE_EXPERTS];
	size_t m = 0;
	for (size_t i = 0; i < n; i++)
		if (figure[i].causal == CAUSALITY_NO && m < LINE_EXPERTS)
			ahead[m++] = figure[i].strategy;
	if (m == 0)
		return "No later token changed where an earlier one went.";
	return text_keep_f(
		"Under %s, later tokens changed where earlier ones went, which nobody can know who writes a text "
		"token by token.",
		wording_list(m, ahead));
}

static const char *say_specialist(const struct figures *before, const struct figures *end, size_t n)
{
	const struct figures *most = end;
	for (size_t i = 1; i < n; i++)
		most = end[i].information > most->information ? &end[i] : most;
	const char *change = text_keep_f("under %s, what an expert tells of the kind of text %s from %.2f to %.2f nats",
									 most->strategy, most->information > before->information ? "rose" : "did not rise",
									 before->information, most->information);
	if (most->share <= most->share_of_text)
		return text_keep_f("No router was told the kind of text: %s.", change);
	return text_keep_f(
		"No router was told the kind of text: %s, and expert %zx had %.0f%% of its tokens from %s, which "
		"is %.0f%% of all.",
		change, most->specialist, 100 * most->share, most->subject, 100 * most->share_of_text);
}

static const char *say_losses(const struct figures *before, const struct figures *end, size_t n)
{
	const char *all =
		text_keep_f("The held-out loss was %.2f nats per token before training; at the end", before->loss);
	for (size_t i = 0; i < n; i++)
		all = text_keep_f("%s%s %s has %.2f", all, i > 0 ? "," : "", end[i].strategy, end[i].loss);
	return text_keep_f("%s. That is one seed, which cannot say who is better; 'moesim suite quick' asks with five.",
					   all);
}

const char *figures_text(const struct figures *figure, size_t n)
{
	size_t first = count_first(figure, n);
	const struct figures *end = &figure[first - 1]; /* the end of every strategy */
	size_t ends = n - first + 1;
	return text_keep_f("%s %s %s %s %s", say_collapse(figure, first), say_balance(end + 1, ends - 1),
					   say_future(end, ends), say_specialist(figure, end, ends), say_losses(figure, end, ends));
}
