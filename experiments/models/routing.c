/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * routing.c -- how a model routes, as a sentence of strategy, from what its config.json says.
 */
#include <config.h>

#include <string.h>

#include "experiments/models/layers.h"
#include "experiments/models/published.h"
#include "sim/base/text.h"

/* What of config.json says how a model routes. */
struct words {
	const char *scores, *method;
	int64_t groups, used;
	bool renormalizes, by_sequence;
	double scale, pooled, own; /* weights of auxiliary losses: of all layers together, of each layer */
};

static int read_words(const struct document *doc, const struct family *family, struct words *w, struct error *err)
{
	*w = (struct words){ .scores = family->sigmoid ? "sigmoid" : "softmax",
						 .method = "",
						 .groups = 1,
						 .used = INT64_MAX,
						 .renormalizes = family->renormalizes,
						 .by_sequence = true,
						 .scale = 1 };
	TRY(document_word(doc,
					  "scoring_func|score_function|score_func|expert_selection_fn|moe_router_activation_func|"
					  "moe_router_activation",
					  &w->scores, err));
	TRY(document_word(doc, "topk_method", &w->method, err));
	TRY(document_int(doc, "n_group|num_expert_group", -1, SIZE_LIMIT, &w->groups, err));
	TRY(document_int(doc, "topk_group", -1, SIZE_LIMIT, &w->used, err));
	TRY(document_bool(doc, "norm_topk_prob|moe_renormalize|norm_expert_weight|route_norm", &w->renormalizes, err));
	TRY(document_real(doc,
					  "routed_scaling_factor|route_scale|moe_router_scaling_factor|moe_routed_scaling_factor|"
					  "router_scaling_factor",
					  &w->scale, err));
	TRY(document_real(doc, "router_aux_loss_coef", &w->pooled, err));
	TRY(document_real(doc, "aux_loss_alpha", &w->own, err));
	return document_bool(doc, "seq_aux", &w->by_sequence, err);
}

static const char *scorer(const struct words *w, struct model *model)
{
	if (strcmp(w->scores, "softmax") == 0 || strcmp(w->scores, "sigmoid") == 0)
		return w->scores;
	model->unlike = text_keep_f("%s scores are simulated as sigmoid scores", w->scores);
	return "sigmoid";
}

/* Groups of experts, where a token may not use all of them. */
static const char *selector(const struct words *w, const struct model *model)
{
	bool greedy = strcmp(w->method, "greedy") == 0;
	if (greedy || w->groups < 2 || w->groups > 65536 || w->used < 1 || w->used >= w->groups ||
		model->shape.experts % w->groups != 0)
		return "top-k";
	return text_keep_f("group-top,groups=%d,group-top-k=%d,group-score=%s", (int)w->groups, (int)w->used,
					   model->shape.selection_bias ? "two-best" : "best");
}

static const char *gate(const struct words *w)
{
	char text[TEXT_NUMBER];
	const char *word = w->renormalizes ? "renorm" : "score";
	if (w->scale == 1 || w->scale < 1e-3 || w->scale > 1e3)
		return word;
	return text_keep_f("%s,scale=%s", word, text_of_double(w->scale, text));
}

/* The auxiliary loss as the code of the key's home computes it: transformers counts the best softmax scores, does not
 * divide by k, and has one loss for all layers; DeepSeek's code counts what was chosen, in each layer by itself, and by
 * sequence unless seq_aux says otherwise. */
static const char *auxiliary(double weight, const char *meaning)
{
	char text[TEXT_NUMBER];
	if (weight <= 0 || weight > 1000)
		return "";
	return text_keep_f("aux,weight=%s%s", text_of_double(weight, text), meaning);
}

/* Experts that return their input; the settings have a limit. */
static bool has_copies(const struct cost_shape *s)
{
	return s->zero_experts > 0 && s->zero_experts <= 65536;
}

/* The share of the experts that are networks, were all chosen alike: LongCat-Flash's budget of 8 is that of its 512 of
 * 768 experts in 12 choices. */
static const char *budget(const struct cost_shape *s)
{
	char text[TEXT_NUMBER];
	double share = (double)s->experts / (double)(s->experts + s->zero_experts);
	return has_copies(s) ? text_keep_f(",budget=%s", text_of_double(share * (double)s->top_k, text)) : "";
}

static const char *balance(const struct words *w, const struct model *model)
{
	const char *pooled = auxiliary(w->pooled, ",count=scores,in-balance=k,per=net");
	const char *own = auxiliary(w->own, w->by_sequence ? ",scope=sequence" : "");
	if (model->shape.selection_bias)
		return text_keep_f(" balance=bias,rate=0.001%s", budget(&model->shape));
	if (!*pooled && !*own)
		return "";
	return text_keep_f(" balance=%s", *pooled ? pooled : own);
}

static void add_unlike(struct model *model, const char *what)
{
	model->unlike = model->unlike ? text_keep_f("%s; %s", model->unlike, what) : what;
}

int routing_read(const struct document *doc, const struct family *family, struct model *model, struct error *err)
{
	struct words w;
	const struct cost_shape *s = &model->shape;
	TRY(read_words(doc, family, &w, err));
	const char *scores = scorer(&w, model), *balancing = balance(&w, model);
	const char *copies = has_copies(s) ? text_keep_f(" copy=%lld", (long long)s->zero_experts) : "";
	model->router =
		text_keep_f("scorer=%s selector=%s gate=%s%s%s", scores, selector(&w, model), gate(&w), balancing, copies);
	if (s->selection_bias)
		add_unlike(model, "the rate of the bias is DeepSeek-V3's, as the file does not give it");
	else if (!*balancing)
		add_unlike(model, "the file does not say how the load was balanced");
	if (family->unlike)
		add_unlike(model, family->unlike);
	if (s->router_weights > 0)
		add_unlike(model, "the router has a hidden layer");
	if (s->zero_experts > 0 && !has_copies(s))
		add_unlike(model, "experts that return their input are left out");
	else if (s->zero_experts > 0 && s->selection_bias)
		add_unlike(model, "the budget of experts with a network is their share of all");
	if (s->latent > 0)
		add_unlike(model, "experts read and write rows of the network's width");
	if (s->beside_width > 0)
		add_unlike(model, "the dense FFN beside the experts is left out");
	return 0;
}
