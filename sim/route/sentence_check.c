/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sentence_check.c -- do the parts of a sentence fit one another, the layer, and what they are given?
 */
#include <config.h>

#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"

unsigned part_use_wants(const struct part_use *use)
{
	return use->part->wants | (use->part->wants_with ? use->part->wants_with(use->opt) : 0);
}

unsigned sentence_wants(const struct sentence *sentence)
{
	unsigned wants = 0;
	for (size_t i = 0; i < sentence_parts(sentence); i++)
		wants |= part_use_wants(sentence_part(sentence, i));
	return wants;
}

static const char *wanted(unsigned missing)
{
	return missing & MOE_LOGITS ? "logits" : "scores";
}

/* What a part itself says of its options beside the layer's. */
static int check_options(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	struct moe_call call = layer_options_call(layer);
	for (size_t i = 0; i < sentence_parts(sentence); i++) {
		const struct part_use *use = sentence_part(sentence, i);
		char complaint[160] = "";
		if (use->part->check && !use->part->check(&call, use->opt, complaint, sizeof complaint))
			return fail(err, ERROR_USER, "%s '%s': %s", catalog_kind(use->part->kind), use->part->name, complaint);
	}
	return 0;
}

static const struct moe_selector *selector_of(const struct sentence *sentence)
{
	return (const struct moe_selector *)sentence->selector.part;
}

static bool is_limited(const struct layer_options *layer)
{
	return layer->capacity > 0 || layer->eval_capacity > 0;
}

/* Full experts go by the scores, those of one expert or a token's. */
static bool overflows_by_score(const struct layer_options *layer)
{
	return is_limited(layer) && (layer->overflow == OVERFLOW_LOWEST_SCORE || layer->overflow == OVERFLOW_NEXT_BEST);
}

/* Why no logit can change anything; NULL: some do. */
static const char *why_no_logits(const struct sentence *sentence, const struct layer_options *layer)
{
	const char *scorer = sentence->scorer.part->name;
	unsigned read = overflows_by_score(layer) ? MOE_SCORES : 0;
	for (size_t i = 2; i < sentence_parts(sentence); i++) /* behind projector and scorer */
		read |= part_use_wants(sentence_part(sentence, i));
	if (!sentence_projects(sentence))
		return text_keep_f("scorer '%s' reads no logits", scorer);
	return read & (MOE_LOGITS | MOE_SCORES) ? NULL : text_keep_f("nothing reads the scores of scorer '%s'", scorer);
}

static const char *why_no_routing(const struct sentence *sentence)
{
	return selector_of(sentence)->select ? NULL
										 : text_keep_f("selector '%s' routes nothing", sentence->selector.part->name);
}

static bool shares_equally(const struct sentence *sentence)
{
	const struct moe_selector *selector = selector_of(sentence);
	return selector->equal && selector->equal(sentence->selector.opt);
}

/* From a factor of 1 on an expert has room for its equal share. */
static const char *why_no_limit(const struct sentence *sentence, double factor)
{
	return shares_equally(sentence) && factor >= 1
			   ? text_keep_f("with selector '%s' no expert has more than its share", sentence->selector.part->name)
			   : NULL;
}

static const char *why_no_capacity(const struct sentence *sentence, const struct layer_options *layer)
{
	const char *why = why_no_routing(sentence);
	return why ? why : why_no_limit(sentence, layer->capacity);
}

/* In evaluation a factor may also lift the limit of training. */
static const char *why_no_eval_capacity(const struct sentence *sentence, const struct layer_options *layer)
{
	const char *why = why_no_routing(sentence);
	bool lifts = layer->capacity > 0 && layer->capacity < 1;
	return why || lifts ? why : why_no_limit(sentence, layer->eval_capacity);
}

static const char *why_no_overflow(const struct sentence *sentence, const struct layer_options *layer)
{
	const char *why = why_no_routing(sentence);
	return why || is_limited(layer) ? why : "no expert has a capacity, which capacity and eval-capacity set";
}

static const char *why_no_jitter(const struct sentence *sentence, const struct layer_options *layer)
{
	const char *why = why_no_routing(sentence);
	return why ? why : why_no_logits(sentence, layer);
}

static const char *why_no_bare(const struct sentence *sentence, const struct layer_options *layer)
{
	(void)layer;
	return why_no_routing(sentence);
}

/* The layer's options that not every sentence reads.  The number of experts, --router-scale and --router-lr are not
 * among them: they are those of a whole comparison, in which dense and hashed layers stand beside others. */
static const struct {
	const char *name;
	const char *(*why_not)(const struct sentence *, const struct layer_options *);
} not_for_all[] = {
	{ "capacity", why_no_capacity }, { "eval-capacity", why_no_eval_capacity },
	{ "overflow", why_no_overflow }, { "jitter", why_no_jitter },
	{ "zero", why_no_bare },         { "copy", why_no_bare },
	{ "constant", why_no_bare },
};

/* Does every option that is not at its default do something? */
static int check_effects(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	for (size_t i = 0; i < sizeof not_for_all / sizeof *not_for_all; i++) {
		const struct moe_opt *row = options_find(layer_rows, not_for_all[i].name);
		const char *value = options_value(row, layer), *usual = options_value_preset(row);
		const char *why = strcmp(value, usual) == 0 ? NULL : not_for_all[i].why_not(sentence, layer);
		if (why)
			return fail(err, ERROR_USER, "%s=%s has no effect: %s (use %s=%s)", row->name, value, why, row->name,
						usual);
	}
	return 0;
}

bool sentence_compares_experts(const struct sentence *sentence, const struct layer_options *layer)
{
	bool selects = part_use_wants(&sentence->selector) & MOE_SCORES && !selector_of(sentence)->by_expert;
	return selects || (layer->overflow == OVERFLOW_NEXT_BEST && is_limited(layer));
}

/* A balancer without a loss has nothing but the choice to move. */
static int check_balancers(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	for (size_t i = 0; i < sentence->balancers; i++) {
		const struct moe_balancer *balancer = (const struct moe_balancer *)sentence->balancer[i].part;
		if (balancer->offsets && !balancer->loss && !sentence_compares_experts(sentence, layer))
			return fail(err, ERROR_USER,
						"balancer '%s' has no effect: selector '%s' does not compare the scores of experts, which "
						"it shifts (leave it out, or try balance=aux)",
						balancer->part.name, sentence->selector.part->name);
	}
	return 0;
}

/* The plain projector is what a sentence without one has, and makes nothing where nothing is read. */
static int check_projector(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	const struct moe_part *projector = sentence->projector.part;
	const char *why = strcmp(projector->name, sentence_plain_projector) ? why_no_logits(sentence, layer) : NULL;
	return why ? fail(err, ERROR_USER, "%s, so projector '%s' has no use (leave it out)", why, projector->name) : 0;
}

/* Losses on the router's matrix need one. */
static int check_map(const struct sentence *sentence, struct error *err)
{
	const struct moe_part *projector = sentence->projector.part;
	for (size_t i = 2; i < sentence_parts(sentence); i++) { /* behind projector and scorer */
		const struct part_use *use = sentence_part(sentence, i);
		if (part_use_wants(use) & MOE_MAP && !(projector->gives & MOE_MAP))
			return fail(err, ERROR_USER,
						"%s '%s' reads the router's matrix, and projector '%s' has none with a column for each expert "
						"(try projector=linear)",
						catalog_kind(use->part->kind), use->part->name, projector->name);
	}
	return 0;
}

int sentence_check(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	const struct moe_part *scorer = sentence->scorer.part;
	const struct moe_selector *selector = selector_of(sentence);
	unsigned given = scorer->gives | (scorer->wants & MOE_LOGITS);
	for (size_t i = 2; i < sentence_parts(sentence); i++) { /* behind projector and scorer */
		const struct moe_part *part = sentence_part(sentence, i)->part;
		unsigned wants = part_use_wants(sentence_part(sentence, i));
		wants |= wants & MOE_MAP ? MOE_LOGITS : 0; /* which the matrix is there to make */
		unsigned missing = wants & (MOE_LOGITS | MOE_SCORES) & ~given;
		if (missing)
			return fail(err, ERROR_USER, "%s '%s' needs %s, and scorer '%s' gives none (try scorer=softmax)",
						catalog_kind(part->kind), part->name, wanted(missing), scorer->name);
	}
	TRY(check_projector(sentence, layer, err));
	TRY(check_map(sentence, err));
	TRY(check_effects(sentence, layer, err));
	if (selector->select == NULL) {
		if (given)
			return fail(err, ERROR_USER, "selector '%s' routes nothing, so scorer '%s' has no use (try scorer=none)",
						selector->part.name, scorer->name);
		return 0;
	}
	if (layer_options_call(layer).k > layer_options_call(layer).experts)
		return fail(err, ERROR_USER, "top-k %lld exceeds the %zu experts (lower --top-k or raise --experts)",
					(long long)layer->k, layer_options_call(layer).experts);
	TRY(check_options(sentence, layer, err));
	TRY(check_balancers(sentence, layer, err));
	if (overflows_by_score(layer) && !(given & MOE_SCORES))
		return fail(err, ERROR_USER,
					"overflow '%s' needs scores, and scorer '%s' gives none (try "
					"overflow=position)",
					layer->overflow == OVERFLOW_NEXT_BEST ? "next-best" : "lowest-score", scorer->name);
	return 0;
}

/* In words, for those bits that somebody may lack. */
static const struct {
	unsigned bit;
	const char *what;
} lacking[] = {
	{ MOE_LOGITS, "the logits" },
	{ MOE_INPUT, "the router's input" },
	{ MOE_MAP, "the router's matrix" },
	{ MOE_IDS, "the token ids" },
	{ MOE_DOMAINS, "the hidden domain of each token" },
	{ MOE_GUESSES, "the likeliest domain of each token" },
	{ MOE_CLASSES, "the class of each token" },
};

static const char *what_is_lacking(unsigned missing)
{
	const char *text = "";
	for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++)
		if (missing & lacking[i].bit)
			text = text_keep_f("%s%s%s", text, *text ? " and " : "", lacking[i].what);
	return text;
}

int sentence_lacks(const struct sentence *sentence, unsigned known, unsigned given, struct error *err)
{
	for (size_t i = 0; i < sentence_parts(sentence); i++) {
		const struct part_use *use = sentence_part(sentence, i);
		unsigned missing = part_use_wants(use) & known & ~given;
		if (missing)
			return fail(err, ERROR_USER, "%s '%s' reads %s", catalog_kind(use->part->kind), use->part->name,
						what_is_lacking(missing));
	}
	return 0;
}
