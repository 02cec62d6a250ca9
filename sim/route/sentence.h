/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sentence.h -- a routing strategy in words: "scorer=softmax selector=top-k gate=score balance=aux,weight=0.01 k=2".
 *
 * The grammar of --strategy, of suite files, of `explain` and of the manifest:
 *
 *   sentence  = [recipe{,key=value}] {word}          words stand apart by blanks
 *   word      = projector=PART | scorer=PART | selector=PART | gate=PART | balance=[+]PART{+PART} | LAYER-OPTION=VALUE
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
#include "sim/route/layer_options.h"

/* A part with its options filled in. */
struct part_use {
	const struct moe_part *part;
	const void *opt; /* the part's options struct, which lives as long as the program; NULL: it has none */
};

/* The projector of a sentence that names none. */
extern const char sentence_plain_projector[];

enum { SENTENCE_LAYER = MOE_BALANCER + 1, SENTENCE_OPTIONS = 6 };

/* A value: may be copied, and holds nothing that has to be freed. */
struct sentence {
	const char *name; /* the recipe's name, or "custom" */
	struct part_use projector, scorer, selector, gate;
	const struct part_use *balancer; /* [balancers] */
	size_t balancers;
	/* Layer options that the sentence sets, in the order in which they were given; the last one wins. */
	const struct layer_word {
		const struct moe_opt *row;
		const char *value;
	} * word; /* [words] */
	size_t words;
};

/* The part with its default options. */
struct part_use part_use_of(const struct moe_part *part);
/* Sets options from "key=value,...", as options_assign_list() does; on an error the use stays as it was. */
int part_use_set(struct part_use *use, const char *list, struct error *err);
/* Sets one option that the part has, as options_set() does. */
int part_use_set_one(struct part_use *use, const char *name, const char *value, struct error *err);

/* Reads a sentence.  `balance`, when not NULL, replaces its balancers.  Errors carry the file "--strategy" or
 * "--balance" and a column in that text. */
int sentence_read(const char *text, const char *balance, struct sentence *sentence, struct error *err);

/* Replaces the balancers by such a text, or with a + at its front adds to them.  Errors carry the file "--balance". */
int sentence_balance(struct sentence *sentence, const char *balance, struct error *err);

/* A change that is no text of a sentence: a part, or options alone. */
struct sentence_change {
	int kind;         /* enum moe_kind, or SENTENCE_LAYER for options of the layer */
	const char *part; /* NULL: the options are those of the part that is there; else this one takes its place, or stands
					   * beside the other balancers, in the place of its like */
	struct {
		const char *name, *value;
	} option[SENTENCE_OPTIONS]; /* up to the first without a name */
	bool gently;                /* only where the part has such an option, and it is at its preset */
};
int sentence_change(struct sentence *sentence, const struct sentence_change *change, struct error *err);

/* Does the text of a sentence say this in a word of its own: "selector", "capacity"? */
bool sentence_says(const char *text, const char *key);

/* Applies the sentence's own layer options. */
int sentence_apply(const struct sentence *sentence, struct layer_options *layer, struct error *err);

/* What a part wants with its options, and what all parts of the sentence want: MOE_LOGITS | MOE_DOMAINS | ... */
unsigned part_use_wants(const struct part_use *use);
unsigned sentence_wants(const struct sentence *sentence);

/* Do the parts fit one another and the layer?  Called once everything else is known. */
int sentence_check(const struct sentence *sentence, const struct layer_options *layer, struct error *err);

/* Does anything read logits, so that the projector makes them? */
bool sentence_projects(const struct sentence *sentence);

/* Does anybody compare what different experts have in `choice`?  An expert that has its own tokens alone to compare
 * finds them in the same order, whatever is added to all of them. */
bool sentence_compares_experts(const struct sentence *sentence, const struct layer_options *layer);

/* The whole sentence with every option, as sentence_read() would read it back; the plain projector goes without saying,
 * and that there are no experts without a network, so that a sentence without others is the one that it was before
 * there were others.  Lives as long as the program. */
const char *sentence_text(const struct sentence *sentence, const struct layer_options *layer);

/* Fails in words when a part wants something of `known` that is not in `given`: what a file of logits, for example,
 * does not hold.  Both are bits as in moe_part.wants. */
int sentence_lacks(const struct sentence *sentence, unsigned known, unsigned given, struct error *err);

/* A copy of these bytes that lives as long as the program; NULL for size 0. */
const void *sentence_keep(const void *bytes, size_t size);

/* The parts in the order projector, scorer, selector, gate, balancers: for loops over all of them. */
static inline const struct part_use *sentence_part(const struct sentence *sentence, size_t i)
{
	return i == 0   ? &sentence->projector
		   : i == 1 ? &sentence->scorer
		   : i == 2 ? &sentence->selector
		   : i == 3 ? &sentence->gate
					: &sentence->balancer[i - 4];
}
static inline size_t sentence_parts(const struct sentence *sentence)
{
	return 4 + sentence->balancers;
}

/* Puts another part, or the same with other options, in the place of the i-th. */
void sentence_set_part(struct sentence *sentence, size_t i, const struct part_use *use);

#endif
