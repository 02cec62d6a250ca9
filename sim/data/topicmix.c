/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topicmix.c -- documents of hidden domains, with the exact loss of the best causal predictor.
 */
#include <config.h>

#include "sim/data/topicmix_law.h"

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

static const char *const class_laws[] = { [TOPICMIX_SHARED] = "shared", [TOPICMIX_DOMAIN] = "domain", NULL };

static const struct moe_opt options[] = {
	COUNT("domains", domains, 1, 256, 8, "hidden domains D: how much there is for a router to find"),
	NUMBER("domain-zipf", domain_zipf, 0, 4, 0.5,
		   "Zipf exponent of the domains; 0: all equally frequent; large: balance and specialization are at odds"),
	COUNT("vocabulary", vocabulary, 2, 65536, 256,
		  "number of different tokens V: with many, a token table is large and sees each token rarely"),
	COUNT("classes", classes, 0, 65536, 0,
		  "classes of tokens that behave alike, of equal size: what a router can learn and a token table cannot; "
		  "auto: vocabulary / 8 where that is whole and at least twice the fanout, else one class per token",
		  .zero = "auto"),
	NUMBER("class-zipf", class_zipf, 0, 4, 1, "Zipf exponent of the tokens in a class; 0: all equally frequent"),
	{ .name = "class-law",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct topicmix, class_law),
	  .choices = class_laws,
	  .preset = TOPICMIX_SHARED,
	  .help = "order of a class's tokens by frequency: the same in all domains, or different in each, so that single "
			  "tokens reveal the domain" },
	COUNT("order", order, 1, 2, 1,
		  "number of preceding classes that the next one depends on; 2: the last token is not enough, a router needs "
		  "context"),
	COUNT("groups", groups, 2, 64, 4,
		  "with order=2, groups into which the class before the last is pooled: rows to learn per class"),
	NUMBER("token-zipf", token_zipf, 0, 2, 1.5,
		   "Zipf-Mandelbrot exponent of the tokens or of their classes: what hashing tokens cannot balance"),
	NUMBER("token-offset", token_offset, 0, 1000, 2.7,
		   "Zipf-Mandelbrot offset: flattens the head, so that no single token overloads an expert"),
	COUNT("fanout", fanout, 1, TOPICMIX_FANOUT, 4, "successors of each token: facts to learn"),
	NUMBER(
		"concentration", concentration, 0.01, 1000, 1,
		"Dirichlet concentration of the successors' weights; small: one of them dominates, and there is much to learn"),
	NUMBER(
		"mixing", mixing, 0, 1, 0.85,
		"weight of the successors in the distribution of the next token; the rest is the domain's base distribution, "
		"which reveals the domain directly"),
	NUMBER("shared", shared, 0, 1, 0.3,
		   "fraction of the tokens that behave alike in all domains: what a shared expert could hold"),
	NUMBER("context", context, 0, 1, 1,
		   "share of the other tokens whose successors depend on the domain; 0: they depend on the token alone, so a "
		   "router needs no context"),
	COUNT("length", length, 0, 1e9, 0,
		  "mean length of a document; none: it fills its sequence; short: context soon becomes useless", .zero = "none",
		  .unit = "tokens"),
	NUMBER("switch", change, 0, 1, 0,
		   "probability, before each token, that the domain is redrawn within the document: how fast to forget"),
	COUNT("drift", drift, 0, 1e12, 0,
		  "training step after which the domains change: which strategies recover, and how fast", .zero = "never"),
	NUMBER("drifting", drifting, 0, 1, 1, "share of the domains that change; the others show what is forgotten"),
	COUNT("documents", documents, 0, 1e9, 0,
		  "documents in a training batch, each of which starts in one domain; any: one per sequence; few: balancing "
		  "within a batch forces experts across domains",
		  .zero = "any"),
	{ .name = NULL },
};

/* What the next token depends on: domain, group of the class before the last, and last class. */
struct place {
	uint32_t z, g, c;
};

/* The next token's domain and class.  One number decides end, change or neither, another where in a row it goes. */
static void advance(const struct topicmix_law *law, gsl_rng *rng, struct place *place)
{
	double u = gsl_rng_uniform(rng), mixing = law->opt.mixing;
	if (u < law->end + (1 - law->end) * law->opt.change)
		place->z = (uint32_t)gsl_ran_discrete(rng, law->draw_domain);
	size_t at = topicmix_successors(law, place->z, place->g, place->c), last = at + law->fanout - 1;
	place->g = law->group_of[place->c];
	double v = u < law->end ? 1 : gsl_rng_uniform(rng);
	if (v >= mixing) {
		place->c = topicmix_draw_base(law, rng, place->z);
		return;
	}
	while (at < last && v >= mixing * law->upto[at])
		at++;
	place->c = law->next[at];
}

/* A token of the class. */
static uint32_t draw_member(const struct topicmix_law *law, gsl_rng *rng, const struct place *place)
{
	size_t i = law->draw_member != NULL ? gsl_ran_discrete(rng, law->draw_member) : 0, at = place->c * law->members + i;
	return law->placed != NULL ? law->placed[place->z * law->classes * law->members + at] : (uint32_t)at;
}

static void fill_sequence(const struct topicmix_law *law, gsl_rng *rng, uint32_t z, struct batch *batch, size_t first)
{
	struct place place = { z, 0, topicmix_draw_base(law, rng, z) };
	uint32_t x = draw_member(law, rng, &place);
	for (size_t at = first; at < first + batch->length; at++) {
		batch->id[at] = x;
		batch->domain[at] = place.z;
		advance(law, rng, &place);
		batch->target[at] = x = draw_member(law, rng, &place);
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

/* The forward filter: takes P(z | tokens up to one of class c) to P(z' | tokens up to x) and returns P(x | tokens up to
 * that one) / topicmix_common(x), the class before c being of group g.  What the law cannot produce has probability 0,
 * and the filter starts afresh behind it. */
static double filter(const struct topicmix_law *law, double *belief, size_t g, uint32_t c, uint32_t x)
{
	double end = law->end, change = law->opt.change;
	uint32_t next = law->class_of[x];
	for (size_t z = 0; z < law->domains; z++) {
		double here = (1 - change) * belief[z] + change * law->prior[z];
		belief[z] =
			end * law->prior[z] * topicmix_base(law, z, next) + (1 - end) * here * topicmix_next(law, z, g, c, next);
		belief[z] *= topicmix_own(law, z, x);
	}
	return normalize(law, belief);
}

/* The group of the class before the input at this place; at the start of a sequence there is none, and it is 0. */
static size_t group_before(const struct topicmix_law *law, const struct batch *batch, size_t at)
{
	return at % batch->length == 0 ? 0 : law->group_of[law->class_of[batch->id[at - 1]]];
}

/* -ln P(x), from P(x) / topicmix_common(x). */
static double loss_of(const struct topicmix_law *law, double p, uint32_t x)
{
	return -log(p) - log(topicmix_common(law, x));
}

static double token_loss(const struct topicmix_law *law, double *belief, const struct batch *batch, size_t at)
{
	size_t g = group_before(law, batch, at);
	return loss_of(law, filter(law, belief, g, law->class_of[batch->id[at]], batch->target[at]), batch->target[at]);
}

/* What the first token of a sequence tells of its domain. */
static void first_belief(const struct topicmix_law *law, double *belief, uint32_t x)
{
	for (size_t z = 0; z < law->domains; z++)
		belief[z] = law->prior[z] * topicmix_base(law, z, law->class_of[x]) * topicmix_own(law, z, x);
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

/* P(the class before x is of group g | x and its domain), far from the start. */
static double group_share(const struct topicmix_law *law, size_t g, uint32_t x, size_t z)
{
	double all = 0;
	for (size_t i = 0; i < law->groups; i++)
		all += topicmix_joint(law, i, x, z);
	return all > 0 ? topicmix_joint(law, g, x, z) / all : 1 / (double)law->groups;
}

/* P(next | x, weight) / topicmix_common(next), where weight[z] is what is known of the domain of x, with sum 1, but
 * nothing of what came before it except through that domain: the group of the class before is that of the long run.
 * `belief` is scratch. */
static double predict(const struct topicmix_law *law, const double *weight, double *belief, uint32_t x, uint32_t next)
{
	double p = 0;
	if (law->groups == 1) {
		memcpy(belief, weight, law->domains * sizeof *belief);
		return filter(law, belief, 0, law->class_of[x], next);
	}
	for (size_t g = 0; g < law->groups; g++) {
		double share = 0;
		for (size_t z = 0; z < law->domains; z++)
			share += belief[z] = weight[z] * group_share(law, g, x, z);
		normalize(law, belief);
		p += share > 0 ? share * filter(law, belief, g, law->class_of[x], next) : 0;
	}
	return p;
}

/* The law of the domain of x, far from the start, given x alone. */
static void lone_belief(const struct topicmix_law *law, double *weight, uint32_t x)
{
	for (size_t z = 0; z < law->domains; z++) {
		weight[z] = 0;
		for (size_t g = 0; g < law->groups; g++)
			weight[z] += topicmix_joint(law, g, x, z);
	}
	normalize(law, weight);
}

/* The filter starts from what the last token alone, far from the start, tells of its domain. */
static void bigram(void *opaque, const struct batch *batch, double *sum)
{
	const struct topicmix_law *law = opaque;
	for (size_t at = 0; at < batch->sequences * batch->length; at++) {
		lone_belief(law, law->bag, batch->id[at]);
		double p = predict(law, law->bag, law->belief, batch->id[at], batch->target[at]);
		*sum += loss_of(law, p, batch->target[at]);
	}
}

/* What one more token tells a reader of the bag, who looks at nothing but its long-run law in each domain. */
static void add_to_bag(const struct topicmix_law *law, double *weight, uint32_t x)
{
	double leaves = law->end + (1 - law->end) * law->opt.change;
	for (size_t z = 0; z < law->domains; z++) {
		double here = (1 - leaves) * weight[z] + leaves * law->prior[z], p = 0;
		for (size_t g = 0; g < law->groups; g++)
			p += topicmix_joint(law, g, x, z);
		weight[z] = here * p / law->prior[z];
	}
	normalize(law, weight);
}

static double bag_sequence(const struct topicmix_law *law, const struct batch *batch, size_t first)
{
	double loss = 0;
	first_belief(law, law->bag, batch->id[first]);
	for (size_t at = first; at < first + batch->length; at++) {
		if (at > first)
			add_to_bag(law, law->bag, batch->id[at]);
		double p = predict(law, law->bag, law->belief, batch->id[at], batch->target[at]);
		loss += loss_of(law, p, batch->target[at]);
	}
	return loss;
}

static void bag(void *opaque, const struct batch *batch, double *sum)
{
	const struct topicmix_law *law = opaque;
	for (size_t s = 0; s < batch->sequences; s++)
		*sum += bag_sequence(law, batch, s * batch->length);
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
			filter(law, belief, group_before(law, batch, at - 1), law->class_of[batch->id[at - 1]], batch->id[at]);
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

static int check(const void *opaque, const struct stream_use *use, struct error *err)
{
	const struct topicmix *opt = &((const struct topicmix_law *)opaque)->opt;
	if (opt->drift > 0 && (size_t)opt->drift > use->steps)
		return fail(err, ERROR_USER,
					"topicmix: drift=%lld has no effect: the run ends after step %zu (lower drift, or raise --steps)",
					(long long)opt->drift, use->steps);
	if (opt->documents > 0 && (size_t)opt->documents >= use->sequences)
		return fail(
			err, ERROR_USER,
			"topicmix: documents=%lld has no effect: a batch has %zu sequences, each of them one document (lower "
			"documents, or raise --batch)",
			(long long)opt->documents, use->sequences);
	return 0;
}

const struct stream_type stream_topicmix = {
	.name = "topicmix",
	.summary = "documents from hidden domains: Zipfian tokens with sparse successors; exact Bayes loss",
	.use = "whether routing by context pays, and what it finds: a router must infer the hidden domain, and the excess "
		   "over the Bayes loss has a true zero",
	.formula =
		"P_z(x'|x) = (1 - mixing) q_z(x') + mixing A_z(x'|x)\n"
		"q_z: Zipf-Mandelbrot, (rank + token-offset)^-token-zipf; each domain has its own order of the tokens "
		"that are not shared\n"
		"A_z: fanout successors drawn from q_z with Dirichlet weights; each domain has its own row for a share "
		"`context` "
		"of the tokens that are not shared, else there is one row for all domains; with context=0 the domain affects "
		"q_z only\n"
		"with classes, all of this governs the classes: class c has the tokens from c V/C on, and the probability of a "
		"token in it is proportional to (its rank in the class)^-class-zipf, with the same order in all domains, or "
		"with class-law=domain a different one in each, except for shared classes\n"
		"with order=2, A_z has a row for each class and each of `groups` random groups of the class before it: "
		"A_z(x'|g(x''), x), where x'' is the token before x, and group 0 where there is none\n"
		"a document starts with z ~ pi (Zipf) and x ~ q_z; before each token it ends with probability 1 / length, else "
		"z ~ pi is redrawn with probability switch\n"
		"Bayes loss: forward filter over z; oracle: the same for a predictor that reads the domain of each input, "
		"not of the target; bigram: for one that reads the last token alone\n"
		"bag: the filter with the domain's long-run law of a token in place of P_z(x'|x), so that the tokens of a "
		"domain "
		"are unordered draws, and then sum_z w(z) P_z(x'|x) for the last token x: a floor for one layer of "
		"attention, but not a strict bound; switches and ends of documents count as in the Bayes filter\n"
		"unigram: entropy of the long-run law of a token, by power iteration\n"
		"drift: from that step on, training and evaluation follow a new law: for the share `drifting` of the domains, "
		"q_z and their own rows of A_z are redrawn; all losses above are those of the law in force",
	.cite =
		"Rabiner (1989), A Tutorial on Hidden Markov Models (forward filter); Mandelbrot (1953) (law of the tokens)",
	.opts = options,
	.opts_size = sizeof(struct topicmix),
	.rules = topicmix_rules,
	.open = open_law,
	.check = check,
	.enter = enter,
	.fill = fill,
	.bayes = bayes,
	.bigram = bigram,
	.bag = bag,
	.guess = guess,
	.close = topicmix_law_close,
};
