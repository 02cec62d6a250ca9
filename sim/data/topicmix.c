/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topicmix.c -- documents of hidden domains, with the exact loss of the best causal predictor.
 */
#include <config.h>

#include "sim/data/topicmix.h"

#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/data/stream.h"

/* A row: name, field, lowest, highest, default, and what else there is to say. */
#define ROW(word, kind, field, from, to, normal, ...)                                                                  \
	{                                                                                                                  \
		.name = word, .type = kind, .at = offsetof(struct topicmix, field), .low = from, .high = to, .preset = normal, \
		.help = __VA_ARGS__                                                                                            \
	}
#define COUNT(word, ...) ROW(word, MOE_OPT_INT, __VA_ARGS__)
#define NUMBER(word, ...) ROW(word, MOE_OPT_REAL, __VA_ARGS__)

static const struct moe_opt options[] = {
	COUNT("domains", domains, 1, 256, 8, "hidden domains D"),
	NUMBER("domain-zipf", domain_zipf, 0, 4, 0.5, "Zipf exponent of the domains; 0: all equally frequent"),
	COUNT("vocabulary", vocabulary, 2, 65536, 128, "number of different tokens V"),
	COUNT("classes", classes, 0, 65536, 0,
		  "classes of tokens that behave alike, of equal size: what a router can learn and a table of tokens cannot",
		  .zero = "none"),
	NUMBER("class-zipf", class_zipf, 0, 4, 1, "Zipf exponent of the tokens of a class; 0: all equally frequent"),
	NUMBER("token-zipf", token_zipf, 0, 2, 1, "Zipf-Mandelbrot exponent of the tokens, or of their classes"),
	NUMBER("token-offset", token_offset, 0, 1000, 2.7, "Zipf-Mandelbrot offset: flattens the head of the law"),
	COUNT("fanout", fanout, 1, TOPICMIX_FANOUT, 4, "successors of a token"),
	NUMBER("concentration", concentration, 0.01, 1000, 1,
		   "Dirichlet concentration of their weights; small: one of them dominates"),
	NUMBER("mixing", mixing, 0, 1, 0.85,
		   "share of the successors in the law of the next token; the rest is the domain's base law"),
	NUMBER("shared", shared, 0, 1, 0.3, "fraction of the tokens that behave alike in all domains"),
	NUMBER("context", context, 0, 1, 1,
		   "share of the other tokens whose successors depend on the domain; 0: on the token alone"),
	COUNT("length", length, 0, 1e9, 0, "mean length of a document; none: it fills its sequence", .zero = "none",
		  .unit = "tokens"),
	NUMBER("switch", change, 0, 1, 0.01,
		   "probability, before each token, that the domain is drawn anew within the document"),
	COUNT("drift", drift, 0, 1e12, 0, "training step from which on the domains have other laws", .zero = "never"),
	NUMBER("drifting", drifting, 0, 1, 1, "share of the domains that drift changes"),
	COUNT("documents", documents, 0, 1e9, 0,
		  "documents of a training batch, each of which starts in one domain; any: one a sequence", .zero = "any"),
	{ .name = NULL },
};

/* The next token's domain and class.  One number decides end, change or neither, another where in a row it goes. */
static void advance(const struct topicmix_law *law, gsl_rng *rng, uint32_t *z, uint32_t *c)
{
	double u = gsl_rng_uniform(rng), mixing = law->opt.mixing;
	if (u < law->end + (1 - law->end) * law->opt.change)
		*z = (uint32_t)gsl_ran_discrete(rng, law->draw_domain);
	double v = u < law->end ? 1 : gsl_rng_uniform(rng);
	if (v >= mixing) {
		*c = topicmix_draw_base(law, rng, *z);
		return;
	}
	size_t at = topicmix_successors(law, *z, *c), last = at + law->fanout - 1;
	while (at < last && v >= mixing * law->upto[at])
		at++;
	*c = law->next[at];
}

/* A token of the class. */
static uint32_t draw_member(const struct topicmix_law *law, gsl_rng *rng, uint32_t c)
{
	size_t i = law->draw_member != NULL ? gsl_ran_discrete(rng, law->draw_member) : 0;
	return (uint32_t)(c * law->members + i);
}

static void fill_sequence(const struct topicmix_law *law, gsl_rng *rng, uint32_t z, struct batch *batch, size_t first)
{
	uint32_t c = topicmix_draw_base(law, rng, z), x = draw_member(law, rng, c);
	for (size_t at = first; at < first + batch->length; at++) {
		batch->id[at] = x;
		batch->domain[at] = z;
		advance(law, rng, &z, &c);
		batch->target[at] = x = draw_member(law, rng, c);
	}
}

/* Sequence s of a batch belongs to document s mod `documents`.  Evaluation ignores that option: it measures the
 * stream as a whole, while training may see few documents at a time. */
static void fill(void *opaque, gsl_rng *rng, bool held_out, struct batch *batch)
{
	const struct topicmix_law *law = opaque;
	size_t documents = held_out || law->opt.documents == 0 ? batch->sequences : (size_t)law->opt.documents;
	for (size_t s = 0; s < batch->sequences; s++) {
		uint32_t z = (uint32_t)gsl_ran_discrete(rng, law->draw_domain);
		if (s >= documents)
			z = batch->domain[(s - documents) * batch->length];
		fill_sequence(law, rng, z, batch, s * batch->length);
	}
}

/* Scales the weights of the domains to sum 1 and returns their sum. */
static double normalize(const struct topicmix_law *law, double *belief)
{
	double sum = 0;
	for (size_t z = 0; z < law->domains; z++)
		sum += belief[z];
	for (size_t z = 0; z < law->domains; z++)
		belief[z] = sum > 0 ? belief[z] / sum : law->prior[z];
	return sum;
}

/* The forward filter: takes P(z | classes up to c) to P(z' | classes up to next) and returns P(next | classes up to c).
 * What the law cannot produce has probability 0, and the filter starts afresh behind it.  The tokens tell no more than
 * their classes, for the law inside a class is the same in all domains. */
static double filter(const struct topicmix_law *law, double *belief, uint32_t c, uint32_t next)
{
	double end = law->end, change = law->opt.change;
	for (size_t z = 0; z < law->domains; z++) {
		double here = (1 - change) * belief[z] + change * law->prior[z];
		belief[z] =
			end * law->prior[z] * topicmix_base(law, z, next) + (1 - end) * here * topicmix_next(law, z, c, next);
	}
	return normalize(law, belief);
}

static double token_loss(const struct topicmix_law *law, double *belief, const struct batch *batch, size_t at)
{
	uint32_t x = batch->target[at], next = law->class_of[x];
	double p = filter(law, belief, law->class_of[batch->id[at]], next);
	return -log(p) - log(law->member[x - next * law->members]);
}

/* What the first token of a sequence tells of its domain. */
static void first_belief(const struct topicmix_law *law, double *belief, uint32_t x)
{
	for (size_t z = 0; z < law->domains; z++)
		belief[z] = law->prior[z] * topicmix_base(law, z, law->class_of[x]);
	normalize(law, belief);
}

static double bayes_sequence(const struct topicmix_law *law, const struct batch *batch, size_t first)
{
	double *belief = law->belief, loss = 0;
	first_belief(law, belief, batch->id[first]);
	for (size_t at = first; at < first + batch->length; at++)
		loss += token_loss(law, belief, batch, at);
	return loss;
}

/* Given the domain of the last input, everything before it is irrelevant: the filter starts from certainty. */
static double oracle_sequence(const struct topicmix_law *law, const struct batch *batch, size_t first)
{
	double *belief = law->belief, loss = 0;
	for (size_t at = first; at < first + batch->length; at++) {
		for (size_t z = 0; z < law->domains; z++)
			belief[z] = z == batch->domain[at];
		loss += token_loss(law, belief, batch, at);
	}
	return loss;
}

static void bayes(void *opaque, const struct batch *batch, double *sum, double *oracle)
{
	const struct topicmix_law *law = opaque;
	for (size_t s = 0; s < batch->sequences; s++) {
		*sum += bayes_sequence(law, batch, s * batch->length);
		if (oracle != NULL)
			*oracle += oracle_sequence(law, batch, s * batch->length);
	}
}

/* The filter starts from what the last token alone, far from the start, tells of its domain. */
static void bigram(void *opaque, const struct batch *batch, double *sum)
{
	const struct topicmix_law *law = opaque;
	double *belief = law->belief;
	for (size_t at = 0; at < batch->sequences * batch->length; at++) {
		memcpy(belief, law->joint + law->class_of[batch->id[at]] * law->domains, law->domains * sizeof *belief);
		normalize(law, belief);
		*sum += token_loss(law, belief, batch, at);
	}
}

/* The likeliest domain of each input, given the inputs of its sequence up to there; the first of equally likely. */
static void guess(void *opaque, const struct batch *batch, uint32_t *domain)
{
	const struct topicmix_law *law = opaque;
	double *belief = law->belief;
	for (size_t at = 0; at < batch->sequences * batch->length; at++) {
		if (at % batch->length == 0)
			first_belief(law, belief, batch->id[at]);
		else
			filter(law, belief, law->class_of[batch->id[at - 1]], law->class_of[batch->id[at]]);
		domain[at] = 0;
		for (uint32_t z = 1; z < law->domains; z++)
			if (belief[z] > belief[domain[at]])
				domain[at] = z;
	}
}

static const char *const *domain_names(struct topicmix_law *law)
{
	const char **names = ARENA_TAKE(&law->arena, law->domains, const char *);
	for (size_t z = 0; z < law->domains; z++)
		names[z] = text_keep_f("topic%zu", z);
	return names;
}

static void set_law(struct stream *stream, struct topicmix_law *law)
{
	stream->law = law;
	stream->unigram = law->unigram;
	stream->classes = law->classes;
	stream->class_of = law->class_of;
}

static void enter(struct stream *stream, size_t step)
{
	struct topicmix_law *law = stream->law;
	bool late = law->opt.drift > 0 && step >= (size_t)law->opt.drift;
	if (late && law->after != NULL)
		set_law(stream, law->after);
	else if (!late && law->before != NULL)
		set_law(stream, law->before);
}

static void *open_law(const void *opt, uint64_t seed, struct stream *stream, struct error *err)
{
	struct topicmix_law *law = topicmix_law_open(opt, seed, stream->rng, err);
	if (law == NULL)
		return NULL;
	stream->vocabulary = law->classes * law->members;
	stream->domains = law->domains;
	stream->domain_names = domain_names(law);
	stream->uniform = log((double)(law->classes * law->members));
	set_law(stream, law);
	return law;
}

const struct stream_type stream_topicmix = {
	.name = "topicmix",
	.summary = "documents of hidden domains: Zipfian tokens with sparse successors; exact Bayes loss",
	.formula =
		"P_z(x'|x) = (1 - mixing) q_z(x') + mixing A_z(x'|x)\n"
		"q_z: Zipf-Mandelbrot, (rank + token-offset)^-token-zipf; each domain orders the tokens that are not shared "
		"anew\n"
		"A_z: fanout successors drawn from q_z with Dirichlet weights; a row of the domain's own for a share `context` "
		"of "
		"the tokens that are not shared, else one row for all domains; with context=0 the domain shows in q_z alone\n"
		"with classes, all of this is the law of the classes: class c has the tokens from c V/C on, and a token of it "
		"comes "
		"with probability proportional to (its place in the class)^-class-zipf, in all domains alike\n"
		"a document starts with z ~ pi (Zipf) and x ~ q_z; before each token it ends with probability 1 / length, else "
		"z ~ pi anew with probability switch\n"
		"Bayes loss: forward filter over z; oracle: the same for a predictor that reads the domain of each input, "
		"not of the target; bigram: for one that reads the last token alone\n"
		"unigram: entropy of the long-run law of a token, by power iteration\n"
		"drift: from that step on, training and evaluation follow another law, in which the share `drifting` of the "
		"domains has q_z and the rows of A_z that are its own drawn anew; all losses above are those of the law in "
		"force",
	.cite =
		"Rabiner (1989), A Tutorial on Hidden Markov Models (forward filter); Mandelbrot (1953) (law of the tokens)",
	.opts = options,
	.opts_size = sizeof(struct topicmix),
	.open = open_law,
	.enter = enter,
	.fill = fill,
	.bayes = bayes,
	.bigram = bigram,
	.guess = guess,
	.close = topicmix_law_close,
};
