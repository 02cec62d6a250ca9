/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * borrowed.c -- settings of other programs that are words of a sentence here.
 *
 * Megatron-LM's are read as megatron/core/transformer/moe/router.py and moe_utils.py do, those of Hugging Face as
 * transformers' configuration files of DeepSeek, Qwen and Mixtral.
 */
#include <config.h>

#include "sim/train/borrowed.h"

#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"

const char *const config_words[][2] = {
	{ "moe-router-score-function", "scorer=" },
	{ "scoring-func", "scorer=" },
	{ "moe-router-load-balancing-type", "balance=+aux,scope=" },
	{ "moe-aux-loss-coeff", "balance=+aux,count=scores,weight=" },
	{ "router-aux-loss-coef", "balance=+aux,count=scores,in-balance=k,per=net,weight=" },
	{ "moe-z-loss-coeff", "balance=+z,weight=" },
	{ "router-z-loss-coef", "balance=+z,per=net,weight=" },
	{ "moe-router-enable-expert-bias", "balance=+bias" },
	{ "moe-router-bias-update-rate", "balance=+bias,rate=" },
	{ "moe-router-num-groups", "selector=group-top,group-score=even,groups=" },
	{ "moe-router-group-topk", "group-top-k=" },
	{ "n-group", "selector=group-top,groups=" },
	{ "topk-group", "group-top-k=" },
	{ "topk-method", "group-score=" },
	{ "moe-expert-capacity-factor", "overflow=lowest-weight capacity=" },
	{ "moe-token-drop-policy", "overflow=" },
	{ "moe-router-pre-softmax", "gate=score" },
	{ "norm-topk-prob", "gate=" },
	{ "moe-router-topk-scaling-factor", "scale=" },
	{ "routed-scaling-factor", "scale=" },
	{ NULL, NULL },
};

/* All that was given. */
struct said {
	const struct assignment *given;
	size_t n;
};

/* The value given last under that name, or NULL. */
static const char *value_of(const struct said *said, const char *name)
{
	for (size_t i = said->n; i-- > 0;)
		if (strcmp(said->given[i].name, name) == 0)
			return said->given[i].value;
	return NULL;
}

static const char *fail_at_flag(const char *name, struct error *err)
{
	fail_at(err, text_keep_f("--%s", name), 0, 0);
	return NULL;
}

static const char *needs(const char *name, const char *other, struct error *err)
{
	fail(err, ERROR_USER, "this needs --%s, too", other);
	return fail_at_flag(name, err);
}

/* The word behind the value in pairs { value, word }, ended by NULL. */
static const char *translate(const char *name, const char *value, const char *const (*pair)[2], struct error *err)
{
	const char *all = "";
	for (; (*pair)[0]; pair++) {
		if (strcmp((*pair)[0], value) == 0)
			return (*pair)[1];
		all = text_keep_f("%s%s%s", all, *all ? ", " : "", (*pair)[0]);
	}
	fail(err, ERROR_USER, "'%s' must be one of: %s", value, all);
	return fail_at_flag(name, err);
}

/* The scope of Megatron-LM's auxiliary loss; a step is one batch here, its own global one. */
static const char *const scopes[][2] = { { "aux_loss", ",scope=batch" },
										 { "seq_aux_loss", ",scope=sequence" },
										 { "global_aux_loss", ",scope=global" },
										 { "sinkhorn", "" },
										 { "none", "" },
										 { NULL, NULL } };
static const char kind[] = "moe-router-load-balancing-type", coefficient[] = "moe-aux-loss-coeff";

static const char *load_balancing(const struct said *said, const char *value, struct error *err)
{
	const char *scope = translate(kind, value, scopes, err);
	if (scope && *scope && !value_of(said, coefficient))
		return needs(kind, coefficient, err); /* it is 0 there unless given, and then nothing is balanced */
	return !scope || strcmp(value, "sinkhorn") != 0 ? scope ? "" : NULL : " selector=sinkhorn";
}

static const char *auxiliary(const struct said *said, const char *value, struct error *err)
{
	const char *type = value_of(said, kind);
	const char *scope = translate(kind, type ? type : "aux_loss", scopes, err);
	if (scope && *scope == 0) {
		fail(err, ERROR_USER, "the kind '%s' has no auxiliary loss (leave out one of them)", type);
		return fail_at_flag(coefficient, err);
	}
	return scope ? text_keep_f(" balance=+aux,count=scores%s,weight=%s", scope, value) : NULL;
}

static const char *const switches[][2] = { { "yes", "yes" }, { "true", "yes" }, { "True", "yes" },
										   { "1", "yes" },   { "no", "" },      { "false", "" },
										   { "False", "" },  { "0", "" },       { NULL, NULL } };

static const char *expert_bias(const struct said *said, const char *value, struct error *err)
{
	static const char rate[] = "moe-router-bias-update-rate";
	const char *on = translate("moe-router-enable-expert-bias", value, switches, err);
	if (on && *on == 0 && value_of(said, rate)) {
		fail(err, ERROR_USER, "there is no bias to update");
		return fail_at_flag(rate, err);
	}
	return on && *on && !value_of(said, rate) ? " balance=+bias,rate=0.001" : on ? "" : NULL;
}

static const char *num_groups(const struct said *said, const char *value, struct error *err)
{
	const char *chosen = value_of(said, "moe-router-group-topk");
	if (!chosen)
		return needs("moe-router-num-groups", "moe-router-group-topk", err);
	return text_keep_f(" selector=group-top,groups=%s,group-top-k=%s,group-score=even", value, chosen);
}

static const char *group_topk(const struct said *said, const char *value, struct error *err)
{
	(void)value;
	return value_of(said, "moe-router-num-groups") ? "" : needs("moe-router-group-topk", "moe-router-num-groups", err);
}

/* The group's score in DeepSeek's code: none in V2-Lite, its best expert in V2, the sum of its two best in V3. */
static const char *const methods[][2] = {
	{ "greedy", "" }, { "group_limited_greedy", "best" }, { "noaux_tc", "two-best" }, { NULL, NULL }
};

static const char *n_group(const struct said *said, const char *value, struct error *err)
{
	const char *chosen = value_of(said, "topk-group"), *method = value_of(said, "topk-method");
	const char *score = translate("topk-method", method ? method : "noaux_tc", methods, err);
	if (score && !chosen)
		return needs("n-group", "topk-group", err);
	if (score == NULL || *score == 0)
		return score;
	return text_keep_f(" selector=group-top,groups=%s,group-top-k=%s,group-score=%s", value, chosen, score);
}

static const char *topk_group(const struct said *said, const char *value, struct error *err)
{
	(void)value;
	return value_of(said, "n-group") ? "" : needs("topk-group", "n-group", err);
}

static const char *topk_method(const struct said *said, const char *value, struct error *err)
{
	const char *score = translate("topk-method", value, methods, err);
	if (score && *score && !value_of(said, "n-group"))
		return needs("topk-method", "n-group", err);
	return score ? "" : NULL;
}

/* By default the least probable are dropped; "position" keeps the first tokens of the batch, whichever choice of theirs
 * it is: the top-k of a 0/1 map. */
static const char *const policies[][2] = { { "probs", "lowest-weight" },
										   { "position", "batch-order" },
										   { NULL, NULL } };

static const char *capacity(const struct said *said, const char *value, struct error *err)
{
	const char *policy = value_of(said, "moe-token-drop-policy");
	const char *rule = translate("moe-token-drop-policy", policy ? policy : "probs", policies, err);
	return rule ? text_keep_f(" overflow=%s capacity=%s", rule, value) : NULL;
}

static const char *drop_policy(const struct said *said, const char *value, struct error *err)
{
	if (!translate("moe-token-drop-policy", value, policies, err))
		return NULL;
	return value_of(said, "moe-expert-capacity-factor")
			   ? ""
			   : needs("moe-token-drop-policy", "moe-expert-capacity-factor", err);
}

static const char *pre_softmax(const struct said *said, const char *value, struct error *err)
{
	(void)said;
	const char *on = translate("moe-router-pre-softmax", value, switches, err);
	return on && *on ? " gate=score" : on;
}

static const char *norm_topk(const struct said *said, const char *value, struct error *err)
{
	(void)said;
	const char *on = translate("norm-topk-prob", value, switches, err);
	return on == NULL ? NULL : *on ? " gate=renorm" : " gate=score";
}

/* What is said by borrowed_gate(). */
static const char *scaling(const struct said *said, const char *value, struct error *err)
{
	(void)said, (void)value, (void)err;
	return "";
}

/* Those that are more than their word and value. */
static const struct {
	const char *name;
	const char *(*say)(const struct said *said, const char *value, struct error *err);
} rules[] = {
	{ kind, load_balancing },
	{ coefficient, auxiliary },
	{ "moe-router-enable-expert-bias", expert_bias },
	{ "moe-router-num-groups", num_groups },
	{ "moe-router-group-topk", group_topk },
	{ "n-group", n_group },
	{ "topk-group", topk_group },
	{ "topk-method", topk_method },
	{ "moe-expert-capacity-factor", capacity },
	{ "moe-token-drop-policy", drop_policy },
	{ "moe-router-pre-softmax", pre_softmax },
	{ "norm-topk-prob", norm_topk },
	{ "moe-router-topk-scaling-factor", scaling },
	{ "routed-scaling-factor", scaling },
};

static const char *word_of(const char *name)
{
	for (size_t i = 0; config_words[i][0]; i++)
		if (strcmp(config_words[i][0], name) == 0)
			return config_words[i][1];
	return NULL;
}

bool borrowed_known(const char *name)
{
	return word_of(name) != NULL;
}

bool borrowed_is_flag(const char *name)
{
	const char *word = word_of(name);
	return word[strlen(word) - 1] != '=';
}

const char *borrowed_words(const struct assignment *given, size_t n, size_t i, struct error *err)
{
	struct said said = { given, n };
	for (size_t j = 0; j < sizeof rules / sizeof *rules; j++)
		if (strcmp(rules[j].name, given[i].name) == 0)
			return rules[j].say(&said, given[i].value, err);
	return text_keep_f(" %s%s", word_of(given[i].name), given[i].value);
}

/* Options of the gate; a fixed value stands only where the strategy has left the option as it is, and the gate has it.
 */
static const struct {
	const char *name, *option, *fixed; /* NULL: the value that was given */
} in_gate[] = {
	{ "moe-expert-capacity-factor", "over", "chosen" }, /* probabilities are normalized, then dropped */
	{ "moe-router-topk-scaling-factor", "scale", NULL },
	{ "routed-scaling-factor", "scale", NULL },
};

int borrowed_gate(const struct assignment *given, size_t n, struct part_use *gate, struct error *err)
{
	struct said said = { given, n };
	for (size_t i = 0; i < sizeof in_gate / sizeof *in_gate; i++) {
		const char *value = value_of(&said, in_gate[i].name);
		const struct moe_opt *row = options_find(gate->part->opts, in_gate[i].option);
		if (!value || (in_gate[i].fixed && (!row || !options_is_preset(row, gate->opt))))
			continue;
		if (!row)
			fail(err, ERROR_USER, "gate '%s' has no option '%s'", gate->part->name, in_gate[i].option);
		else if (part_use_set_one(gate, in_gate[i].option, in_gate[i].fixed ? in_gate[i].fixed : value, err) == 0)
			continue;
		return fail_at(err, text_keep_f("--%s", in_gate[i].name), 0, 0);
	}
	return 0;
}
