/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * borrowed.c -- settings of other programs that are changes to the strategy's sentence here.
 *
 * Megatron-LM's are read as megatron/core/transformer/moe/router.py and moe_utils.py do, those of Hugging Face as
 * transformers' configuration files of DeepSeek, Qwen and Mixtral.
 */
#include <config.h>

#include "sim/train/borrowed.h"

#include <string.h>

#include "sim/base/text.h"
#include "sim/route/catalog.h"

/* In a row of the table: what the user gave. */
static const char VALUE[] = "";

/* All that was given. */
struct said {
	const struct assignment *given;
	size_t n;
};

/* Completes the change of a name's row, where more than the row decides; *says is false where another name says it. */
typedef int say(const struct said *said, const char *value, struct sentence_change *change, bool *says,
				struct error *err);

/* The value given last under that name, or NULL. */
static const char *value_of(const struct said *said, const char *name)
{
	for (size_t i = said->n; i-- > 0;)
		if (strcmp(said->given[i].name, name) == 0)
			return said->given[i].value;
	return NULL;
}

static int fail_at_flag(const char *name, struct error *err)
{
	err->column = 0; /* of a text that the user has not written */
	return fail_at(err, text_keep_f("--%s", name), 0, 0);
}

static int needs(const char *name, const char *other, struct error *err)
{
	fail(err, ERROR_USER, "this needs --%s, too", other);
	return fail_at_flag(name, err);
}

/* The word behind the value in pairs { value, word }, ended by NULL. */
static int translate(const char *name, const char *value, const char *const (*pair)[2], const char **word,
					 struct error *err)
{
	const char *all = "";
	for (; (*pair)[0]; pair++) {
		*word = (*pair)[1];
		if (strcmp((*pair)[0], value) == 0)
			return 0;
		all = text_keep_f("%s%s%s", all, *all ? ", " : "", (*pair)[0]);
	}
	fail(err, ERROR_USER, "'%s' must be one of: %s", value, all);
	return fail_at_flag(name, err);
}

static void set_option(struct sentence_change *change, const char *name, const char *value)
{
	size_t i = 0;
	while (i + 1 < SENTENCE_OPTIONS && change->option[i].name && strcmp(change->option[i].name, name) != 0)
		i++;
	change->option[i].name = name;
	change->option[i].value = value;
}

/* The scope of Megatron-LM's auxiliary loss; a step is one batch here, its own global one. */
static const char *const scopes[][2] = { { "aux_loss", "batch" },
										 { "seq_aux_loss", "sequence" },
										 { "global_aux_loss", "global" },
										 { "sinkhorn", "" },
										 { "none", "" },
										 { NULL, NULL } };
static const char balancing[] = "moe-router-load-balancing-type", coefficient[] = "moe-aux-loss-coeff";

static int load_balancing(const struct said *said, const char *value, struct sentence_change *change, bool *says,
						  struct error *err)
{
	const char *scope;
	TRY(translate(balancing, value, scopes, &scope, err));
	if (*scope && !value_of(said, coefficient))
		return needs(balancing, coefficient, err); /* it is 0 there unless given, and then nothing is balanced */
	*says = strcmp(value, "sinkhorn") == 0;
	*change = (struct sentence_change){ .kind = MOE_SELECTOR, .part = "sinkhorn" };
	return 0;
}

static int auxiliary(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					 struct error *err)
{
	const char *type = value_of(said, balancing), *scope;
	(void)value, (void)says;
	TRY(translate(balancing, type ? type : "aux_loss", scopes, &scope, err));
	if (*scope == 0) {
		fail(err, ERROR_USER, "the kind '%s' has no auxiliary loss (leave out one of them)", type);
		return fail_at_flag(coefficient, err);
	}
	set_option(change, "scope", scope);
	return 0;
}

static const char *const switches[][2] = { { "yes", "yes" }, { "true", "yes" }, { "True", "yes" },
										   { "1", "yes" },   { "no", "" },      { "false", "" },
										   { "False", "" },  { "0", "" },       { NULL, NULL } };
static const char enables_bias[] = "moe-router-enable-expert-bias", bias_rate[] = "moe-router-bias-update-rate";

static int expert_bias(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					   struct error *err)
{
	const char *on;
	(void)change;
	TRY(translate(enables_bias, value, switches, &on, err));
	if (*on == 0 && value_of(said, bias_rate)) {
		fail(err, ERROR_USER, "there is no bias to update");
		return fail_at_flag(bias_rate, err);
	}
	*says = *on && !value_of(said, bias_rate);
	return 0;
}

static const char groups[] = "moe-router-num-groups", chosen_groups[] = "moe-router-group-topk";

static int num_groups(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					  struct error *err)
{
	(void)value, (void)says;
	if (!value_of(said, chosen_groups))
		return needs(groups, chosen_groups, err);
	set_option(change, "group-top-k", value_of(said, chosen_groups));
	return 0;
}

static int group_topk(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					  struct error *err)
{
	(void)value, (void)change;
	*says = false;
	return value_of(said, groups) ? 0 : needs(chosen_groups, groups, err);
}

/* The group's score in DeepSeek's code: none in V2-Lite, its best expert in V2, the sum of its two best in V3. */
static const char *const methods[][2] = {
	{ "greedy", "" }, { "group_limited_greedy", "best" }, { "noaux_tc", "two-best" }, { NULL, NULL }
};

static int n_group(const struct said *said, const char *value, struct sentence_change *change, bool *says,
				   struct error *err)
{
	const char *chosen = value_of(said, "topk-group"), *method = value_of(said, "topk-method"), *score;
	(void)value;
	TRY(translate("topk-method", method ? method : "noaux_tc", methods, &score, err));
	if (!chosen)
		return needs("n-group", "topk-group", err);
	*says = *score;
	set_option(change, "group-top-k", chosen);
	set_option(change, "group-score", score);
	return 0;
}

static int topk_group(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					  struct error *err)
{
	(void)value, (void)change;
	*says = false;
	return value_of(said, "n-group") ? 0 : needs("topk-group", "n-group", err);
}

static int topk_method(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					   struct error *err)
{
	const char *score;
	(void)change;
	*says = false;
	TRY(translate("topk-method", value, methods, &score, err));
	return *score && !value_of(said, "n-group") ? needs("topk-method", "n-group", err) : 0;
}

/* By default the least probable are dropped; "position" keeps the first tokens of the batch, whichever choice of theirs
 * it is: the top-k of a 0/1 map. */
static const char *const policies[][2] = { { "probs", "lowest-weight" },
										   { "position", "batch-order" },
										   { NULL, NULL } };
static const char factor[] = "moe-expert-capacity-factor", drops[] = "moe-token-drop-policy";

static int capacity(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					struct error *err)
{
	const char *policy = value_of(said, drops), *rule;
	(void)value, (void)says;
	TRY(translate(drops, policy ? policy : "probs", policies, &rule, err));
	set_option(change, "overflow", rule);
	return 0;
}

static int drop_policy(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					   struct error *err)
{
	const char *rule;
	(void)change;
	*says = false;
	TRY(translate(drops, value, policies, &rule, err));
	return value_of(said, factor) ? 0 : needs(drops, factor, err);
}

static int pre_softmax(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					   struct error *err)
{
	const char *on;
	(void)said, (void)change;
	TRY(translate("moe-router-pre-softmax", value, switches, &on, err));
	*says = *on;
	return 0;
}

static int norm_topk(const struct said *said, const char *value, struct sentence_change *change, bool *says,
					 struct error *err)
{
	const char *on;
	(void)said, (void)says;
	TRY(translate("norm-topk-prob", value, switches, &on, err));
	change->part = *on ? "renorm" : "score";
	return 0;
}

/* One row, one name: the change that it is, with VALUE in the place of what was given. */
static const struct borrowed {
	const char *name;
	struct sentence_change change;
	say *say; /* NULL: the row says it all */
} borrowed[] = {
	{ "moe-router-score-function", { MOE_SCORER, VALUE, { { NULL, NULL } }, false }, NULL },
	{ "scoring-func", { MOE_SCORER, VALUE, { { NULL, NULL } }, false }, NULL },
	{ balancing, { MOE_BALANCER, "aux", { { "scope", VALUE } }, false }, load_balancing },
	{ coefficient, { MOE_BALANCER, "aux", { { "count", "scores" }, { "weight", VALUE } }, false }, auxiliary },
	{ "router-aux-loss-coef",
	  { MOE_BALANCER,
		"aux",
		{ { "count", "scores" }, { "in-balance", "k" }, { "per", "net" }, { "weight", VALUE } },
		false },
	  NULL },
	{ "moe-z-loss-coeff", { MOE_BALANCER, "z", { { "weight", VALUE } }, false }, NULL },
	{ "router-z-loss-coef", { MOE_BALANCER, "z", { { "per", "net" }, { "weight", VALUE } }, false }, NULL },
	{ enables_bias, { MOE_BALANCER, "bias", { { "rate", "0.001" } }, false }, expert_bias },
	{ bias_rate, { MOE_BALANCER, "bias", { { "rate", VALUE } }, false }, NULL },
	{ groups, { MOE_SELECTOR, "group-top", { { "group-score", "even" }, { "groups", VALUE } }, false }, num_groups },
	{ chosen_groups, { MOE_SELECTOR, NULL, { { "group-top-k", VALUE } }, false }, group_topk },
	{ "n-group", { MOE_SELECTOR, "group-top", { { "groups", VALUE } }, false }, n_group },
	{ "topk-group", { MOE_SELECTOR, NULL, { { "group-top-k", VALUE } }, false }, topk_group },
	{ "topk-method", { MOE_SELECTOR, NULL, { { "group-score", VALUE } }, false }, topk_method },
	{ factor, { SENTENCE_LAYER, NULL, { { "overflow", "lowest-weight" }, { "capacity", VALUE } }, false }, capacity },
	{ drops, { SENTENCE_LAYER, NULL, { { "overflow", VALUE } }, false }, drop_policy },
	{ "moe-router-pre-softmax", { MOE_GATE, "score", { { NULL, NULL } }, false }, pre_softmax },
	{ "norm-topk-prob", { MOE_GATE, VALUE, { { NULL, NULL } }, false }, norm_topk },
	{ "moe-router-topk-scaling-factor", { MOE_GATE, NULL, { { "scale", VALUE } }, false }, NULL },
	{ "routed-scaling-factor", { MOE_GATE, NULL, { { "scale", VALUE } }, false }, NULL },
};
enum { BORROWED = sizeof borrowed / sizeof *borrowed };

/* Behind a capacity of Megatron-LM: probabilities are normalized, then dropped. */
static const struct sentence_change before_dropping = { MOE_GATE, NULL, { { "over", "chosen" } }, true };

static const struct borrowed *find(const char *name)
{
	for (size_t i = 0; i < BORROWED; i++)
		if (strcmp(borrowed[i].name, name) == 0)
			return &borrowed[i];
	return NULL;
}

bool borrowed_known(const char *name)
{
	return find(name) != NULL;
}

bool borrowed_is_flag(const char *name)
{
	const struct sentence_change *change = &find(name)->change;
	for (size_t i = 0; change->option[i].name; i++)
		if (change->option[i].value == VALUE)
			return false;
	return change->part != VALUE;
}

const char *borrowed_name(size_t i)
{
	return i < BORROWED ? borrowed[i].name : NULL;
}

const char *borrowed_words(size_t i)
{
	const struct sentence_change *change = &borrowed[i].change;
	const char *words = "", *between = change->kind == SENTENCE_LAYER ? " " : ",";
	if (change->part)
		words = text_keep_f("%s=%s", change->kind == MOE_BALANCER ? "balance" : catalog_kind(change->kind),
							change->kind == MOE_BALANCER ? text_keep_f("+%s", change->part) : change->part);
	for (size_t o = 0; change->option[o].name; o++)
		words = text_keep_f("%s%s%s=%s", words, *words ? between : "", change->option[o].name, change->option[o].value);
	return words;
}

/* What given[i] changes; nothing where *says is false. */
static int change_of(const struct said *said, size_t i, struct sentence_change *change, bool *says, struct error *err)
{
	const struct borrowed *row = find(said->given[i].name);
	const char *value = said->given[i].value;
	*says = row != NULL;
	if (row == NULL)
		return 0;
	*change = row->change;
	change->part = change->part == VALUE ? value : change->part;
	for (size_t o = 0; change->option[o].name; o++)
		change->option[o].value = change->option[o].value == VALUE ? value : change->option[o].value;
	return row->say ? row->say(said, value, change, says, err) : 0;
}

static int fail_twice(const char *name, const char *key, struct error *err)
{
	fail(err, ERROR_USER, "'%s' is given twice (keep one)", key);
	return fail_at_flag(name, err);
}

/* What this change sets of which there is but one; NULL at the end. */
static const char *key_of(const struct sentence_change *change, size_t i)
{
	if (change->kind == SENTENCE_LAYER)
		return change->option[i].name;
	return i == 0 && change->part && change->kind != MOE_BALANCER ? catalog_kind(change->kind) : NULL;
}

static bool sets(const struct sentence_change *change, const char *key)
{
	for (size_t i = 0; key_of(change, i); i++)
		if (strcmp(key_of(change, i), key) == 0)
			return true;
	return false;
}

/* The strategy's words, or another name before this one, may have said the same. */
static int check_twice(const struct config *config, const struct said *said, size_t i,
					   const struct sentence_change *change, struct error *err)
{
	for (size_t k = 0; key_of(change, k); k++) {
		const char *key = key_of(change, k);
		if (sentence_says(config->strategy, key))
			return fail_twice(said->given[i].name, key, err);
		for (size_t j = 0; j < i; j++) {
			struct sentence_change other;
			bool says;
			TRY(change_of(said, j, &other, &says, err));
			if (says && sets(&other, key))
				return fail_twice(said->given[i].name, key, err);
		}
	}
	return 0;
}

static int apply(const struct config *config, const struct said *said, size_t i, bool parts, struct sentence *sentence,
				 struct error *err)
{
	struct sentence_change change;
	bool says;
	const char *name = said->given[i].name;
	TRY(change_of(said, i, &change, &says, err));
	if (!says || parts != (change.part || change.kind == SENTENCE_LAYER))
		return 0;
	if (change.kind == MOE_BALANCER && *config->balance && *config->balance != '+')
		return fail(err, ERROR_USER, "--balance conflicts with --%s (write both in --balance)", name);
	TRY(check_twice(config, said, i, &change, err));
	return sentence_change(sentence, &change, err) == 0 ? 0 : fail_at_flag(name, err);
}

/* Options of parts come last, so that no part that takes the place of another loses them. */
int borrowed_apply(const struct config *config, const struct assignment *given, size_t n, struct sentence *sentence,
				   struct error *err)
{
	struct said said = { given, n };
	for (size_t i = 0; i < n; i++)
		TRY(apply(config, &said, i, true, sentence, err));
	for (size_t i = 0; i < n; i++)
		TRY(apply(config, &said, i, false, sentence, err));
	return value_of(&said, factor) ? sentence_change(sentence, &before_dropping, err) : 0;
}
