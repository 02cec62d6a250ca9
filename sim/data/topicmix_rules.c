/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topicmix_rules.c -- which options of topicmix have no effect beside which others.
 */
#include <config.h>

#include <math.h>

#include "sim/data/stream.h"
#include "sim/data/topicmix_law.h"

static const struct topicmix *options_of(const struct stream *stream)
{
	return stream->opt;
}

static bool one_domain(const struct stream *stream)
{
	return options_of(stream)->domains == 1;
}

static int64_t classes_of(const struct stream *stream)
{
	return (int64_t)topicmix_classes(options_of(stream));
}

static int64_t shared_of(const struct stream *stream)
{
	return lround(options_of(stream)->shared * (double)classes_of(stream));
}

static bool all_shared(const struct stream *stream)
{
	return shared_of(stream) == classes_of(stream);
}

static bool none_shared(const struct stream *stream)
{
	return shared_of(stream) == 0;
}

static bool none_owned(const struct stream *stream)
{
	return lround(options_of(stream)->context * (double)(classes_of(stream) - shared_of(stream))) == 0;
}

static bool shared_too_few(const struct stream *stream)
{
	return options_of(stream)->shared > 0 && none_shared(stream);
}

static bool owned_too_few(const struct stream *stream)
{
	return options_of(stream)->context > 0 && none_owned(stream);
}

static bool one_member(const struct stream *stream)
{
	return classes_of(stream) == options_of(stream)->vocabulary;
}

static bool equal_members(const struct stream *stream)
{
	return options_of(stream)->class_zipf == 0;
}

static bool first_order(const struct stream *stream)
{
	return options_of(stream)->order == 1;
}

static bool flat(const struct stream *stream)
{
	return options_of(stream)->token_zipf == 0;
}

/* Neither the base law nor the successors tell one domain from another. */
static bool alike(const struct stream *stream)
{
	bool betrayed = options_of(stream)->class_law == TOPICMIX_DOMAIN && !one_member(stream) && !equal_members(stream);
	return none_owned(stream) && flat(stream) && !betrayed;
}

static bool no_successors(const struct stream *stream)
{
	return options_of(stream)->mixing == 0 || options_of(stream)->length == 1;
}

static bool one_successor(const struct stream *stream)
{
	return options_of(stream)->fanout == 1;
}

static bool one_token_documents(const struct stream *stream)
{
	return options_of(stream)->length == 1;
}

static bool no_drift(const struct stream *stream)
{
	return options_of(stream)->drift == 0;
}

static bool nobody_drifts(const struct stream *stream)
{
	const struct topicmix *opt = options_of(stream);
	return lround(opt->drifting * (double)opt->domains) == 0;
}

static bool drift_at_once(const struct stream *stream)
{
	return options_of(stream)->drift == 1;
}

#define ONE_DOMAIN "there is one domain (raise domains)"
#define ALL_SHARED "all tokens behave alike in all domains (lower shared)"
#define ALIKE "with equally frequent tokens and context=0 nothing differs between domains (raise token-zipf or context)"
#define ONE_MEMBER "each class is one token (set classes below the vocabulary size)"
#define NO_SUCCESSORS "no token depends on the one before it (raise mixing or length)"

const struct stream_rule topicmix_rules[] = {
	{ "domain-zipf", one_domain, ONE_DOMAIN },
	{ "switch", one_domain, ONE_DOMAIN },
	{ "context", one_domain, ONE_DOMAIN },
	{ "shared", one_domain, ONE_DOMAIN },
	{ "documents", one_domain, ONE_DOMAIN },
	{ "drifting", one_domain, ONE_DOMAIN },
	{ "drifting", no_drift, "nothing drifts (set drift)" },
	{ "drift", nobody_drifts, "drifting rounds to zero domains (raise drifting)" },
	{ "drift", drift_at_once, "step 1 is the first, and nothing comes before it (raise drift)" },
	{ "drift", all_shared, ALL_SHARED },
	{ "drift", alike, ALIKE },
	{ "context", all_shared, ALL_SHARED },
	{ "context", owned_too_few, "it rounds to zero tokens (raise context or vocabulary)" },
	{ "context", no_successors, NO_SUCCESSORS },
	{ "shared", shared_too_few, "it rounds to zero tokens (raise shared or vocabulary)" },
	{ "shared", alike, ALIKE },
	{ "token-offset", flat, "all tokens are equally frequent (raise token-zipf)" },
	{ "class-zipf", one_member, ONE_MEMBER },
	{ "class-law", one_member, ONE_MEMBER },
	{ "class-law", one_domain, ONE_DOMAIN },
	{ "class-law", all_shared, ALL_SHARED },
	{ "class-law", equal_members, "the tokens of a class are equally frequent (raise class-zipf)" },
	{ "groups", first_order, "the class before the last has no influence (set order=2)" },
	{ "groups", no_successors, NO_SUCCESSORS },
	{ "order", no_successors, NO_SUCCESSORS },
	{ "fanout", no_successors, NO_SUCCESSORS },
	{ "concentration", no_successors, NO_SUCCESSORS },
	{ "concentration", one_successor, "one successor has all the weight (raise fanout)" },
	{ "mixing", one_token_documents, "every token starts a document (raise length)" },
	{ "switch", one_token_documents, "every token starts a document (raise length)" },
	{ .option = NULL },
};
