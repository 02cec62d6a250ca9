/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * routing.c -- how a model routes, as a sentence of strategy, from what its config.json says.
 */
#include <config.h>

#include <string.h>

#include "experiments/models/published.h"
#include "sim/base/text.h"

/* The number there, or `preset`. */
static double number_at(const struct document *doc, const char *path, double preset)
{
	const json_t *value = document_at(doc, path);
	return json_is_number(value) ? json_number_value(value) : preset;
}

static const char *word_at(const struct document *doc, const char *path, const char *preset)
{
	const char *word = json_string_value(document_at(doc, path));
	return word ? word : preset;
}

static const char *scorer(const struct document *doc, const struct family *family, struct model *model)
{
	const char *word = word_at(
		doc,
		"scoring_func|score_function|score_func|expert_selection_fn|moe_router_activation_func|moe_router_activation",
		family->sigmoid ? "sigmoid" : "softmax");
	if (strcmp(word, "softmax") == 0 || strcmp(word, "sigmoid") == 0)
		return word;
	model->unlike = text_keep_f("%s scores are simulated as sigmoid scores", word);
	return "sigmoid";
}

/* Groups of experts, where a token may not use all of them. */
static const char *selector(const struct document *doc, const struct model *model)
{
	double groups = number_at(doc, "n_group|num_expert_group", 1), used = number_at(doc, "topk_group", groups);
	bool greedy = strcmp(word_at(doc, "topk_method", ""), "greedy") == 0;
	if (greedy || groups < 2 || groups > 65536 || used < 1 || used >= groups ||
		model->shape.experts % (int64_t)groups != 0)
		return "top-k";
	return text_keep_f("group-top,groups=%d,group-top-k=%d,group-score=%s", (int)groups, (int)used,
					   model->shape.selection_bias ? "two-best" : "best");
}

static const char *gate(const struct document *doc, const struct family *family)
{
	const json_t *norm = document_at(doc, "norm_topk_prob|moe_renormalize|norm_expert_weight|route_norm");
	bool renormalizes = json_is_boolean(norm) ? json_is_true(norm) : family->renormalizes;
	double scale = number_at(doc,
							 "routed_scaling_factor|route_scale|moe_router_scaling_factor|"
							 "moe_routed_scaling_factor|router_scaling_factor",
							 1);
	char text[TEXT_NUMBER];
	const char *word = renormalizes ? "renorm" : "score";
	if (scale == 1 || scale < 1e-3 || scale > 1e3)
		return word;
	return text_keep_f("%s,scale=%s", word, text_of_double(scale, text));
}

/* The auxiliary loss as the code of the key's home computes it: transformers counts the best softmax scores, does not
 * divide by k, and has one loss for all layers; DeepSeek's code counts what was chosen, in each layer by itself, and by
 * sequence unless seq_aux says otherwise. */
static const char *auxiliary(const struct document *doc, const char *key, const char *meaning)
{
	double weight = number_at(doc, key, 0);
	char text[TEXT_NUMBER];
	if (weight <= 0 || weight > 1000)
		return "";
	return text_keep_f("aux,weight=%s%s", text_of_double(weight, text), meaning);
}

static const char *balance(const struct document *doc, const struct model *model)
{
	const char *pooled = auxiliary(doc, "router_aux_loss_coef", ",count=scores,in-balance=k,per=net");
	const json_t *by_sequence = document_at(doc, "seq_aux");
	const char *own = auxiliary(doc, "aux_loss_alpha", json_is_false(by_sequence) ? "" : ",scope=sequence");
	if (model->shape.selection_bias)
		return " balance=bias,rate=0.001";
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
	(void)err;
	const struct cost_shape *s = &model->shape;
	const char *scores = scorer(doc, family, model);
	const char *balancing = balance(doc, model);
	model->router =
		text_keep_f("scorer=%s selector=%s gate=%s%s", scores, selector(doc, model), gate(doc, family), balancing);
	if (s->selection_bias)
		add_unlike(model, "the rate of the bias is DeepSeek-V3's, as the file does not give it");
	else if (!*balancing)
		add_unlike(model, "the file does not say how the load was balanced");
	if (s->zero_experts > 0)
		add_unlike(model, "experts that return their input are left out");
	if (s->latent > 0)
		add_unlike(model, "experts read and write rows of the network's width");
	if (s->beside_width > 0)
		add_unlike(model, "the dense FFN beside the experts is left out");
	return 0;
}
