/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sentence_check.c -- do the parts of a sentence fit one another, the layer, and what they are given?
 */
#include <config.h>

#include <string.h>

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
	struct moe_call call = { .experts = (size_t)layer->experts, .k = (size_t)layer->k };
	for (size_t i = 0; i < sentence_parts(sentence); i++) {
		const struct part_use *use = sentence_part(sentence, i);
		char complaint[160] = "";
		if (use->part->check && !use->part->check(&call, use->opt, complaint, sizeof complaint))
			return fail(err, ERROR_USER, "%s '%s': %s", catalog_kind(use->part->kind), use->part->name, complaint);
	}
	return 0;
}

/* The plain projector is what a sentence without one has, and makes nothing where nothing is read. */
static int check_projector(const struct sentence *sentence, struct error *err)
{
	const struct moe_part *projector = sentence->projector.part;
	if (sentence_projects(sentence) || strcmp(projector->name, sentence_plain_projector) == 0)
		return 0;
	return fail(err, ERROR_USER, "scorer '%s' reads no logits, so projector '%s' has no use (leave it out)",
				sentence->scorer.part->name, projector->name);
}

int sentence_check(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	const struct moe_part *scorer = sentence->scorer.part;
	const struct moe_selector *selector = (const struct moe_selector *)sentence->selector.part;
	unsigned given = scorer->gives | (scorer->wants & MOE_LOGITS);
	for (size_t i = 2; i < sentence_parts(sentence); i++) { /* behind projector and scorer */
		const struct moe_part *part = sentence_part(sentence, i)->part;
		unsigned missing = part_use_wants(sentence_part(sentence, i)) & (MOE_LOGITS | MOE_SCORES) & ~given;
		if (missing)
			return fail(err, ERROR_USER, "%s '%s' needs %s, and scorer '%s' gives none (try scorer=softmax)",
						catalog_kind(part->kind), part->name, wanted(missing), scorer->name);
	}
	TRY(check_projector(sentence, err));
	if (selector->select == NULL) {
		if (given)
			return fail(err, ERROR_USER, "selector '%s' routes nothing, so scorer '%s' has no use (try scorer=none)",
						selector->part.name, scorer->name);
		return 0;
	}
	if (layer->k > layer->experts)
		return fail(err, ERROR_USER, "top-k %lld exceeds the %lld experts (lower --top-k or raise --experts)",
					(long long)layer->k, (long long)layer->experts);
	TRY(check_options(sentence, layer, err));
	bool by_score = layer->overflow == OVERFLOW_LOWEST_SCORE || layer->overflow == OVERFLOW_NEXT_BEST;
	if (by_score && (layer->capacity > 0 || layer->eval_capacity > 0) && !(given & MOE_SCORES))
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
