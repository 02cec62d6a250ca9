/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_products.c -- every scorer x selector x gate x balancers and every projector x scorer is refused, or its
 * gradient is the one that finite differences give.
 *
 * A part joins by standing in the catalog.  The gradient of the whole objective is compared span by span along random
 * directions: a wrong entry changes almost every directional derivative.  Selection is discrete, so a direction along
 * which it changes inside the step is left out, and there may be few of those.
 */
#include <config.h>

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "sim/base/text.h"
#include "tests/support/tiny.h"

enum { DIRECTIONS = 2, TRAINED = 3, STRIDE = 25 };
static const double step = 1e-4, tolerance = 1e-6, least_norm = 1e-4;

/* Layer options that every product is tried with. */
static const struct variant {
	const char *words;
	size_t layers;
	bool masked; /* only every third target counts */
} variants[] = {
	{ "", 1, false },
	{ "shared=1 copy=1 constant=1", 1, false },
	{ "capacity=0.6 overflow=position", 1, false },
	{ "capacity=0.6 overflow=lowest-score", 1, false },
	{ "capacity=1 overflow=next-best", 1, false },
	{ "capacity=1 overflow=recycled", 1, false },
	{ "jitter=0.3", 1, false },
	{ "k=1", 1, true },
	{ "k=3 shared=2 capacity=0.8 jitter=0.1", 2, true },
	{ "k=3 zero=1 copy=1 constant=2 capacity=0.8", 1, false },
};
enum { VARIANTS = sizeof variants / sizeof *variants };
static const struct variant two_layers = { "", 2, false };

/* What a network can be made of; each must be seen with a gradient that is not nothing. */
static const char *const spans[] = { "embedding",  "norm-attention", "attention-in", "attention-out",  "norm-layer",
									 "router",     "expert-up",      "expert-down",  "shared-up",      "shared-down",
									 "norm-final", "head",           "constant-mix", "constant-vector" };
enum { SPANS = sizeof spans / sizeof *spans };

struct score {
	size_t accepted, refused, compared, skipped;
	bool seen[SPANS];
	double worst;
	char worst_at[256];
};

/* Who was picked, at which rank, who was kept, and whose score is 0: all that is discrete, and where a score ends that
 * is never negative. */
static uint64_t selection(const struct net *net)
{
	uint64_t hash = TEXT_HASH_START;
	for (size_t i = 0; i < net->shape.layers; i++) {
		const struct moe_route *route = &net_router(net, i)->route;
		uint8_t at[3][64][64] = { { { 0 } } };
		for (size_t p = 0; route->picks && p < route->picks->n; p++)
			at[0][route->picks->token[p]][route->picks->expert[p]] = (uint8_t)(route->picks->rank[p] + 1);
		for (size_t p = 0; route->plan && p < route->plan->pairs; p++)
			at[1][route->plan->token[p]][route->plan->expert[p]] = 1;
		for (size_t t = 0; route->scores && t < route->call.tokens; t++)
			for (size_t e = 0; e < route->call.experts; e++)
				at[2][t][e] = route->scores[t * route->call.experts + e] > 0;
		hash = text_hash_bytes(at, sizeof at, hash);
	}
	return hash;
}

/* The objective with the span moved by `by` along `way`; false when that changes the selection. */
static bool moved(struct tiny *tiny, const struct weight *weight, const real *way, double by, uint64_t chosen,
				  double *f)
{
	real kept[1024];
	ck_assert_uint_le(weight->n, 1024);
	memcpy(kept, weight->w, weight->n * sizeof(real));
	for (size_t i = 0; i < weight->n; i++)
		weight->w[i] += (real)by * way[i];
	*f = net_forward(&tiny->net, &tiny->batch, TRAINED + 1, true).total;
	memcpy(weight->w, kept, weight->n * sizeof(real));
	return selection(&tiny->net) == chosen;
}

/* The derivative along `way` by the five-point rule, whose error is of the fourth order, and how far rounding of the
 * objective may move it. */
static bool difference(struct tiny *tiny, const struct weight *weight, const real *way, uint64_t chosen, double *slope,
					   double *rounding)
{
	double f[4];
	static const double at[] = { -2, -1, 1, 2 };
	for (int i = 0; i < 4; i++)
		if (!moved(tiny, weight, way, at[i] * step, chosen, &f[i]))
			return false;
	*slope = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step);
	*rounding = 2 * DBL_EPSILON * fabs(f[0]) / step;
	return true;
}

static void note_span(struct score *score, const char *name)
{
	for (size_t i = 0; i < SPANS; i++)
		if (strcmp(spans[i], name) == 0)
			score->seen[i] = true;
}

/* Compares along one direction of unit length; the error is taken relative to what a direction can be expected to
 * show, the norm over the root of the number of entries. */
static void compare(struct tiny *tiny, const struct param_span *span, struct moe_rng *rng, uint64_t chosen,
					struct score *score, const char *text)
{
	const struct weight *weight = span->weight;
	real way[1024];
	double length = 0, norm = 0, slope = 0, wanted, rounding;
	for (size_t i = 0; i < weight->n; i++) {
		way[i] = (real)(2 * moe_uniform(rng) - 1);
		length += (double)(way[i] * way[i]);
		norm += (double)(weight->d_w[i] * weight->d_w[i]);
	}
	for (size_t i = 0; i < weight->n; i++) {
		way[i] /= (real)sqrt(length);
		slope += (double)(way[i] * weight->d_w[i]);
	}
	if (!difference(tiny, weight, way, chosen, &wanted, &rounding)) {
		score->skipped++;
		return;
	}
	score->compared++;
	if (norm > 0)
		note_span(score, span->name);
	double expected = fmax(sqrt(norm), least_norm) / sqrt((double)weight->n);
	double error = fabs(slope - wanted) <= rounding ? 0 : fabs(slope - wanted) / expected;
	if (!(error <= score->worst)) {
		score->worst = error;
		snprintf(score->worst_at, sizeof score->worst_at, "%s of %s: %g, differences give %g", span->name, text, slope,
				 wanted);
	}
}

/* Some steps, so that what parts remember is not nothing. */
static void train(struct tiny *tiny)
{
	for (size_t i = 1; i <= TRAINED; i++) {
		net_forward(&tiny->net, &tiny->batch, i, true);
		net_settle(&tiny->net);
	}
}

static void mask(struct tiny *tiny)
{
	batch_take_counts(&tiny->batch, &tiny->arena);
	for (size_t t = 0; t < tiny->batch.sequences * tiny->batch.length; t += 3)
		tiny->batch.counts[t] = true;
}

/* Does a part add what is no derivative, so that differences have nothing to say? */
static bool estimates(const struct sentence *sentence)
{
	for (size_t i = 0; i < sentence_parts(sentence); i++)
		if (sentence_part(sentence, i)->part->gives & MOE_ESTIMATE)
			return true;
	return false;
}

static void check_sentence(const char *text, const struct variant *variant, struct score *score)
{
	struct net_shape shape = tiny_shape;
	struct tiny tiny;
	struct error err = { .code = ERROR_NONE };
	shape.layers = variant->layers;
	if (tiny_open(&tiny, &shape, text, &err) != 0) {
		ck_assert_int_eq(err.code, ERROR_USER);
		score->refused++;
		return;
	}
	score->accepted++;
	if (estimates(&tiny.sentence)) {
		tiny_close(&tiny);
		return;
	}
	if (variant->masked)
		mask(&tiny);
	train(&tiny);
	net_forward(&tiny.net, &tiny.batch, TRAINED + 1, true);
	uint64_t chosen = selection(&tiny.net);
	for (size_t i = 0; i < tiny.net.params.n; i++)
		tiny.net.params.grad[i] = NAN; /* all are overwritten */
	net_backward(&tiny.net, &tiny.batch);
	for (size_t i = 0; i < tiny.net.params.spans; i++) {
		struct moe_rng rng = seed_stream(1, "direction", i);
		for (int j = 0; j < DIRECTIONS; j++)
			compare(&tiny, &tiny.net.params.span[i], &rng, chosen, score, text);
	}
	tiny_close(&tiny);
}

/* What a part's loss or state does to the gradient should be as large as the rest, and what it is told must fit a
 * layer of four experts. */
static const char *strong(const struct moe_part *part)
{
	const char *text = part->name;
	if (options_find(part->opts, "weight"))
		text = text_keep_f("%s,weight=0.7", text);
	if (options_find(part->opts, "rate"))
		text = text_keep_f("%s,rate=0.05", text);
	if (options_find(part->opts, "groups"))
		text = text_keep_f("%s,groups=2", text);
	if (options_find(part->opts, "group-top-k"))
		text = text_keep_f("%s,group-top-k=1", text);
	return text;
}

/* The n-th part of a kind, counted round and round. */
static const struct moe_part *in_turn(enum moe_kind kind, size_t n)
{
	const struct moe_part *const *parts = catalog_parts();
	size_t of_kind = 0, i = 0;
	for (size_t j = 0; parts[j]; j++)
		of_kind += parts[j]->kind == kind;
	for (n %= of_kind; parts[i]->kind != kind || n-- > 0;)
		i++;
	return parts[i];
}

/* A scorer and a selector with every gate, and with every balancer and a share of the pairs of them, each with one
 * gate, in turn: balancers meet the others in the choice and in sums of gradients, for which the gate makes no
 * difference. */
static void each_stack(const struct moe_part *scorer, const struct moe_part *selector, size_t turn,
					   const struct variant *variant, struct score *score)
{
	const struct moe_part *const *parts = catalog_parts();
	const char *text = text_keep_f("scorer=%s selector=%s", scorer->name, strong(selector));
	size_t pair = turn;
	for (size_t i = 0; parts[i]; i++) {
		if (parts[i]->kind == MOE_GATE)
			check_sentence(text_keep_f("%s gate=%s %s", text, parts[i]->name, variant->words), variant, score);
		if (parts[i]->kind != MOE_BALANCER)
			continue;
		const char *one =
			text_keep_f("%s gate=%s balance=%s", text, in_turn(MOE_GATE, turn + i)->name, strong(parts[i]));
		check_sentence(text_keep_f("%s %s", one, variant->words), variant, score);
		for (size_t j = 0; parts[j]; j++)
			if (parts[j]->kind == MOE_BALANCER && pair++ % STRIDE == 0)
				check_sentence(text_keep_f("%s+%s %s", one, strong(parts[j]), variant->words), variant, score);
	}
}

static void each_product(const struct variant *variant, struct score *score)
{
	const struct moe_part *const *parts = catalog_parts();
	size_t turn = 0;
	for (size_t i = 0; parts[i]; i++)
		for (size_t j = 0; parts[i]->kind == MOE_SCORER && parts[j]; j++)
			if (parts[j]->kind == MOE_SELECTOR)
				each_stack(parts[i], parts[j], turn++, variant, score);
}

static void judge(const struct score *score)
{
	printf("# %zu accepted, %zu refused, %zu directions, %zu of them left out; worst error %.1e, %s\n", score->accepted,
		   score->refused, score->compared, score->skipped, score->worst, score->worst_at);
	fflush(stdout);
	ck_assert_msg(score->worst < tolerance, "relative error %g in %s", score->worst, score->worst_at);
	ck_assert_uint_lt(score->skipped * 20, score->compared);
}

/* Some pieces stand in a network only where a word asks for them. */
static bool is_there(const char *span, const char *words)
{
	static const char *const asked[] = { "shared", "constant" };
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		if (strncmp(span, asked[i], strlen(asked[i])) == 0)
			return strstr(words, asked[i]) != NULL;
	return true;
}

START_TEST(gradients_of_products)
{
	struct score score = { 0 };
	catalog_use(strategy_parts, strategy_recipes);
	each_product(&variants[_i], &score);
	judge(&score);
	ck_assert_uint_gt(score.accepted, 0);
	for (size_t i = 0; i < SPANS; i++)
		if (is_there(spans[i], variants[_i].words))
			ck_assert_msg(score.seen[i], "no gradient of %s was seen", spans[i]);
}
END_TEST

/* Every projector under every scorer, with all variants.  The z-loss is small, for logits are not: what is rounded off
 * a large objective would count as an error of gradients that have nothing to do with it. */
START_TEST(gradients_of_projectors)
{
	struct score score = { 0 };
	catalog_use(strategy_parts, strategy_recipes);
	for (const char *const *projector = catalog_part_names(MOE_PROJECTOR); *projector; projector++)
		for (const char *const *scorer = catalog_part_names(MOE_SCORER); *scorer; scorer++) {
			const char *text = text_keep_f("projector=%s scorer=%s selector=top-k balance=z,weight=0.01 %s", *projector,
										   *scorer, variants[_i].words);
			check_sentence(text_keep_f("gate=renorm %s", text), &variants[_i], &score);
			check_sentence(text_keep_f("gate=score %s", text), &variants[_i], &score);
		}
	judge(&score);
	ck_assert_uint_gt(score.accepted, score.refused);
}
END_TEST

/* The values that a row is tried with: every word, also that for 0, both states of a flag, a number away from the
 * default, and where groups of the four experts are counted, one, or tables or the experts themselves, two. */
static size_t values_of(const struct moe_opt *row, const char *value[8])
{
	size_t n = 0;
	double number = row->preset > 0 ? 3 * row->preset : (row->low + row->high) / 2;
	if (strncmp(row->name, "group", 5) == 0)
		number = 1;
	if (strncmp(row->name, "table", 5) == 0)
		number = 2;
	if (row->unit && strcmp(row->unit, "experts") == 0)
		number = 2;
	if (row->type == MOE_OPT_CHOICE)
		for (; row->choices[n] && n < 8; n++)
			value[n] = row->choices[n];
	else if (row->type == MOE_OPT_FLAG)
		value[n++] = "yes", value[n++] = "no";
	else if (row->type != MOE_OPT_TEXT)
		value[n++] = text_keep_f("%.15g", number > row->high ? row->high : number);
	if (row->zero && row->preset > 0)
		value[n++] = row->zero;
	return n;
}

/* What else a part is told when one of its other options is tried. */
static const char *const companions[][2] = { { "weight", "0.7" }, { "groups", "2" }, { "group-top-k", "1" } };

/* The sentence without its word of that key. */
static const char *without(const char *sentence, const char *key)
{
	const char *kept = "";
	while (*sentence) {
		size_t length = strcspn(sentence, " ");
		if (strncmp(sentence, key, strlen(key)) != 0 || sentence[strlen(key)] != '=')
			kept = text_keep_f("%s%.*s ", kept, (int)length, sentence);
		sentence += length + (sentence[length] == ' ');
	}
	return kept;
}

/* Puts the part, with this list of options, in the place of its kind in sentences that between them accept every kind.
 */
static void check_list(const struct moe_part *part, const char *list, struct score *score)
{
	static const char *const hosts[] = {
		"scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.7 zero=1 copy=1",
		"scorer=sigmoid selector=expert-top gate=score balance=bias,rate=0.05+z,weight=0.7",
		"scorer=softmax selector=random gate=score balance=aux,weight=0.7,scope=running",
		"scorer=none selector=hash gate=unit",
	};
	const char *word = part->kind == MOE_BALANCER ? "balance" : catalog_kind(part->kind);
	/* what a projector makes large is rounded in a loss of squared logits, and no other gradient would be seen */
	size_t few = part->kind == MOE_PROJECTOR ? 1 : sizeof hosts / sizeof *hosts;
	for (size_t i = 0; i < few; i++)
		check_sentence(text_keep_f("%s%s=%s,%s", without(hosts[i], word), word, part->name, list), &two_layers, score);
}

/* A part with one option set.  Some only have an effect, and are only legal, beside a certain word of another one. */
static void check_option(const struct moe_part *part, const char *name, const char *value, struct score *score)
{
	size_t accepted = score->accepted;
	const char *list = text_keep_f("%s=%s", name, value);
	for (size_t i = 0; i < sizeof companions / sizeof *companions; i++)
		if (options_find(part->opts, companions[i][0]) && strcmp(name, companions[i][0]) != 0)
			list = text_keep_f("%s,%s=%s", list, companions[i][0], companions[i][1]);
	check_list(part, list, score);
	for (const struct moe_opt *row = part->opts; row->name && score->accepted == accepted; row++)
		for (size_t i = 0; row->type == MOE_OPT_CHOICE && strcmp(row->name, name) != 0 && row->choices[i]; i++)
			check_list(part, text_keep_f("%s,%s=%s", list, row->name, row->choices[i]), score);
	ck_assert_msg(score->accepted > accepted, "%s,%s=%s fits no sentence", part->name, name, value);
}

START_TEST(gradients_with_every_option)
{
	struct score score = { 0 };
	const char *value[8];
	catalog_use(strategy_parts, strategy_recipes);
	for (size_t i = 0; catalog_parts()[i]; i++)
		for (const struct moe_opt *row = catalog_parts()[i]->opts; row && row->name; row++)
			for (size_t n = values_of(row, value), j = 0; j < n; j++)
				check_option(catalog_parts()[i], row->name, value[j], &score);
	judge(&score);
}
END_TEST

START_TEST(gradients_of_recipes)
{
	struct score score = { 0 };
	catalog_use(strategy_parts, strategy_recipes);
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		check_sentence(text_keep_f("%s experts=16", recipe->name), &two_layers, &score);
	judge(&score);
	ck_assert_uint_eq(score.refused, 0);
}
END_TEST

/* What cannot work is refused, and nothing else is: told by hand for the parts that are built in. */
START_TEST(refusals)
{
	static const struct {
		const char *text;
		bool well;
	} cases[] = {
		{ "scorer=none selector=top-k gate=unit", false },
		{ "scorer=none selector=expert-top gate=unit", false },
		{ "scorer=none selector=hash gate=score", false },
		{ "scorer=none selector=hash gate=renorm", false },
		{ "scorer=none selector=hash gate=unit balance=aux", false },
		{ "scorer=none selector=hash gate=unit balance=z", false },
		{ "scorer=none selector=hash gate=unit balance=bias", false },
		{ "scorer=none selector=random gate=unit capacity=1 overflow=lowest-score", false },
		{ "scorer=softmax selector=none gate=unit", false },
		{ "scorer=none selector=none gate=score", false },
		{ "scorer=none selector=none gate=unit balance=aux", false },
		{ "scorer=softmax selector=top-k gate=score k=5", false },
		{ "scorer=none selector=hash gate=unit", true },
		{ "scorer=none selector=random gate=unit capacity=1", true },
		{ "scorer=none selector=none gate=unit", true },
		{ "scorer=none selector=none gate=unit k=5", true },
		{ "scorer=softmax selector=hash gate=unit", true },
		{ "scorer=sigmoid selector=random gate=renorm balance=aux+z+bias", false },
		{ "scorer=sigmoid selector=random gate=renorm balance=aux+z", true },
		{ "scorer=softmax selector=top-k gate=score k=4", true },
		{ "scorer=softmax selector=top-k gate=score zero=1 k=5", true },
		{ "scorer=softmax selector=top-k gate=score zero=1 k=6", false },
		{ "scorer=none selector=none gate=unit constant=1", false },
		{ "scorer=softmax selector=planted gate=score copy=1", false },
		{ "scorer=softmax selector=group-top,groups=2,group-top-k=1 gate=score copy=4", false },
		{ "scorer=softmax selector=group-quota,groups=2 gate=score copy=4", false },
		{ "scorer=softmax selector=top-k gate=score balance=device,groups=2 copy=4", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tiny tiny;
		struct error err = { .code = ERROR_NONE };
		ck_assert_msg((tiny_read(&tiny, cases[i].text, &err) == 0) == cases[i].well, "%s: %s", cases[i].text, err.text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("products");
	TCase *gradients = tcase_create("gradients");
	tcase_add_loop_test(gradients, gradients_of_products, 0, VARIANTS);
	tcase_add_test(gradients, gradients_of_recipes);
	tcase_add_test(gradients, refusals);
	tcase_set_timeout(gradients, 300);
	suite_add_tcase(suite, gradients);
	TCase *every = tcase_create("options");
	tcase_add_test(every, gradients_with_every_option);
	tcase_set_timeout(every, 300);
	suite_add_tcase(suite, every);
	TCase *projectors = tcase_create("projectors");
	tcase_add_loop_test(projectors, gradients_of_projectors, 0, VARIANTS);
	tcase_set_timeout(projectors, 300);
	suite_add_tcase(suite, projectors);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
