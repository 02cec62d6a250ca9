/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sentence.h -- a routing strategy in words: "scorer=softmax selector=top-k gate=score balance=aux,weight=0.01 k=2".
 *
 * The grammar of --strategy, of suite files, of `explain` and of the manifest:
 *
 *   sentence  = [recipe{,key=value}] {word}          words stand apart by blanks
 *   word      = scorer=PART | selector=PART | gate=PART | balance=[+]PART{+PART} | LAYER-OPTION=VALUE
 *   PART      = name{,key=value}
 *
 * balance=none removes all balancers, balance=z leaves that one alone, balance=+z adds it to those of the recipe.
 *
 * A key after a recipe's name is looked up among the layer options, then among the options of the recipe's parts.
 */
#ifndef SIM_ROUTE_SENTENCE_H
#define SIM_ROUTE_SENTENCE_H

#include <moesim/moesim.h>

#include "sim/base/error.h"

enum overflow_rule { OVERFLOW_POSITION, OVERFLOW_LOWEST_SCORE };

/* Options of the MoE layer that belong to no part. */
struct layer_options {
	int64_t experts, k, shared, expert_width;
	double capacity; /* factor; 0: no limit */
	int overflow;    /* enum overflow_rule */
	double jitter;
	double router_scale, router_lr;
};
extern const struct moe_opt layer_rows[];

enum { SENTENCE_BALANCERS = 6, SENTENCE_WORDS = 16, PART_OPTIONS = 256 };

/* A part with its options filled in. */
struct part_use {
	const struct moe_part *part;
	union {
		max_align_t align;
		char bytes[PART_OPTIONS];
	} opt;
};

struct sentence {
	const char *name; /* the recipe's name, or "custom" */
	struct part_use scorer, selector, gate, balancer[SENTENCE_BALANCERS];
	size_t balancers;
	/* Layer options that the sentence sets, in the order in which they were said; the last one wins. */
	size_t words;
	struct layer_word {
		const struct moe_opt *row;
		const char *value;
	} word[SENTENCE_WORDS];
};

/* Reads a sentence.  `balance`, when not NULL, replaces its balancers.  Errors carry the file "--strategy" or
 * "--balance" and a column in that text. */
int sentence_read(const char *text, const char *balance, struct sentence *sentence, struct error *err);

/* Applies the sentence's own layer options. */
int sentence_apply(const struct sentence *sentence, struct layer_options *layer, struct error *err);

/* What the parts want, with their options: MOE_LOGITS | MOE_DOMAINS | ... */
unsigned sentence_wants(const struct sentence *sentence);

/* Do the parts fit one another and the layer?  Called once everything else is known. */
int sentence_check(const struct sentence *sentence, const struct layer_options *layer, struct error *err);

/* The whole sentence with every option, as sentence_read() would read it back; lives as long as the program. */
const char *sentence_text(const struct sentence *sentence, const struct layer_options *layer);

static inline const void *part_opt(const struct part_use *use)
{
	return use->part->opts ? use->opt.bytes : NULL;
}

/* The parts in the order scorer, selector, gate, balancers: for loops over all of them. */
static inline const struct part_use *sentence_part(const struct sentence *sentence, size_t i)
{
	return i == 0   ? &sentence->scorer
		   : i == 1 ? &sentence->selector
		   : i == 2 ? &sentence->gate
					: &sentence->balancer[i - 3];
}
static inline size_t sentence_parts(const struct sentence *sentence)
{
	return 3 + sentence->balancers;
}

#endif
