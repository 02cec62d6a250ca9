/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agreement.c -- two routings of the same tokens, compared choice by choice.
 */
#include <config.h>

#include "experiments/study/agreement.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/tally.h"
#include "sim/trace/trace.h"

/* Choices by token, and of one token by slot. */
struct choices {
	struct tally_choice *choice;
	size_t n;
};

/* A token that was compared. */
struct compared {
	uint64_t token;
	float margin;
	bool differs;
};

struct comparison {
	size_t n, room;
	struct compared *token; /* by token */
	double common, sizes, jaccard, only_first, only_second;
};

static void *resized(void *old, size_t n, size_t size)
{
	void *fresh = reallocarray(old, n + 1, size);
	if (fresh == NULL)
		error_no_memory("comparing routings");
	return fresh;
}

/* ---- the choices of a layer --------------------------------------------------------------------- */

static int by_token(const void *left, const void *right)
{
	const struct tally_choice *a = left, *b = right;
	if (a->token != b->token)
		return a->token < b->token ? -1 : 1;
	return (a->slot > b->slot) - (a->slot < b->slot);
}

static void sort_choices(struct choices *choices)
{
	for (size_t i = 1; i < choices->n; i++)
		if (by_token(&choices->choice[i - 1], &choices->choice[i]) > 0) {
			qsort(choices->choice, choices->n, sizeof *choices->choice, by_token);
			return;
		}
}

/* All domains of the layer whose first group is number `at`. */
static int gather(const struct tally *tally, size_t at, struct choices *choices, struct error *err)
{
	*choices = (struct choices){ .n = 0 };
	for (size_t d = 0; d < tally_domains(tally, at); d++) {
		const struct tally_group *group = tally->group[at + d];
		choices->choice = resized(choices->choice, choices->n + group->choices, sizeof *choices->choice);
		if (group->choices > 0)
			memcpy(choices->choice + choices->n, group->choice, group->choices * sizeof *choices->choice);
		choices->n += group->choices;
	}
	sort_choices(choices);
	for (size_t i = 1; i < choices->n; i++)
		if (by_token(&choices->choice[i - 1], &choices->choice[i]) == 0) {
			fail(err, ERROR_USER,
				 "layer %" PRIu32
				 " has a token twice, so it cannot be compared (records need a req_id and a token_idx that "
				 "tell tokens apart; ranks are compared one by one)",
				 tally->group[at]->layer);
			return fail_at(err, tally->group[at]->file, 0, 0);
		}
	return 0;
}

static size_t run_length(const struct choices *choices, size_t at)
{
	size_t n = 1;
	while (at + n < choices->n && choices->choice[at + n].token == choices->choice[at].token)
		n++;
	return n;
}

/* ---- two tokens, two layers --------------------------------------------------------------------- */

static size_t count_common(const struct tally_choice *a, size_t n_a, const struct tally_choice *b, size_t n_b)
{
	size_t common = 0;
	for (size_t i = 0; i < n_a; i++)
		for (size_t j = 0; j < n_b; j++)
			common += a[i].expert == b[j].expert;
	return common;
}

static float margin_of(const struct tally_choice *choice, size_t n)
{
	float least = choice[0].weight, most = choice[0].weight, sum = 0;
	for (size_t i = 0; i < n; i++) {
		least = fminf(least, choice[i].weight);
		most = fmaxf(most, choice[i].weight);
		sum += choice[i].weight;
	}
	if (n == 1)
		return sum;
	return sum > 0 ? (most - least) / sum : NAN;
}

static void compare_token(struct comparison *c, const struct tally_choice *a, size_t n_a, const struct tally_choice *b,
						  size_t n_b)
{
	size_t common = count_common(a, n_a, b, n_b);
	if (c->n == c->room) {
		c->room = 2 * c->room + 64;
		c->token = resized(c->token, c->room, sizeof *c->token);
	}
	c->token[c->n++] = (struct compared){ a->token, margin_of(a, n_a), common != n_a || common != n_b };
	c->common += (double)common;
	c->sizes += (double)(n_a + n_b);
	c->jaccard += (double)common / (double)(n_a + n_b - common);
}

static void compare_layer(struct comparison *c, const struct choices *a, const struct choices *b)
{
	size_t i = 0, j = 0;
	while (i < a->n || j < b->n) {
		bool first = j == b->n || (i < a->n && a->choice[i].token < b->choice[j].token);
		bool second = i == a->n || (j < b->n && b->choice[j].token < a->choice[i].token);
		size_t n_a = second ? 0 : run_length(a, i), n_b = first ? 0 : run_length(b, j);
		if (n_a > 0 && n_b > 0)
			compare_token(c, a->choice + i, n_a, b->choice + j, n_b);
		c->only_first += first;
		c->only_second += second;
		i += n_a;
		j += n_b;
	}
}

/* ---- what comes out ----------------------------------------------------------------------------- */

static int by_margin(const void *left, const void *right)
{
	float a = ((const struct compared *)left)->margin, b = ((const struct compared *)right)->margin;
	return (a > b) - (a < b);
}

/* Leaves the tokens sorted by margin. */
static void fill_margins(struct agreement *result, struct comparison *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (isnan(c->token[i].margin))
			return;
	if (c->n < AGREEMENT_QUARTERS)
		return;
	qsort(c->token, c->n, sizeof *c->token, by_margin);
	for (size_t q = 0; q < AGREEMENT_QUARTERS; q++) {
		size_t begin = q * c->n / AGREEMENT_QUARTERS, end = (q + 1) * c->n / AGREEMENT_QUARTERS;
		double differing = 0;
		for (size_t i = begin; i < end; i++)
			differing += c->token[i].differs;
		result->by_margin[q] = differing / (double)(end - begin);
		if (q > 0)
			result->margin[q - 1] = c->token[begin].margin;
	}
}

static void fill(struct agreement *result, const char *layer, struct comparison *c)
{
	double differing = 0, n = (double)c->n;
	for (size_t i = 0; i < c->n; i++)
		differing += c->token[i].differs;
	*result = (struct agreement){ .layer = layer,
								  .tokens = n,
								  .only_first = c->only_first,
								  .only_second = c->only_second,
								  .equal_choices = c->n > 0 ? 2 * c->common / c->sizes : (double)NAN,
								  .jaccard = c->n > 0 ? c->jaccard / n : (double)NAN,
								  .differing = c->n > 0 ? differing / n : (double)NAN,
								  .differing_any_layer = NAN };
	for (size_t q = 0; q < AGREEMENT_QUARTERS; q++)
		result->by_margin[q] = NAN;
	for (size_t q = 0; q + 1 < AGREEMENT_QUARTERS; q++)
		result->margin[q] = NAN;
	fill_margins(result, c);
}

/* Adds the layer to the sum of all, whose tokens stand by token, each as often as it has layers. */
static void join(struct comparison *all, const struct comparison *layer)
{
	all->common += layer->common;
	all->sizes += layer->sizes;
	all->jaccard += layer->jaccard;
	all->only_first += layer->only_first;
	all->only_second += layer->only_second;
	all->token = resized(all->token, all->n + layer->n, sizeof *all->token);
	if (layer->n > 0)
		memcpy(all->token + all->n, layer->token, layer->n * sizeof *all->token);
	all->n += layer->n;
}

static int by_number(const void *left, const void *right)
{
	uint64_t a = ((const struct compared *)left)->token, b = ((const struct compared *)right)->token;
	return (a > b) - (a < b);
}

static double share_differing_anywhere(struct comparison *all)
{
	double tokens = 0, differing = 0;
	qsort(all->token, all->n, sizeof *all->token, by_number);
	for (size_t i = 0, end; i < all->n; i = end, tokens++) {
		bool differs = false;
		for (end = i; end < all->n && all->token[end].token == all->token[i].token; end++)
			differs = differs || all->token[end].differs;
		differing += differs;
	}
	return tokens > 0 ? differing / tokens : (double)NAN;
}

/* ---- all layers --------------------------------------------------------------------------------- */

/* The layer of the other file that this one is compared with: of the model of that name, or of its only one. */
static const struct tally_group *partner(const struct tally *tally, size_t at, const struct tally *other, size_t *found)
{
	const struct tally_group *group = tally->group[at];
	for (*found = 0; *found < other->groups; *found += tally_domains(other, *found)) {
		const struct tally_group *there = other->group[*found];
		bool same = (tally->models == 1 && other->models == 1) ||
					strcmp(tally->model[group->model], other->model[there->model]) == 0;
		if (same && there->layer == group->layer)
			return there;
	}
	return NULL;
}

static const char *label(const struct tally *tally, const struct tally_group *group)
{
	const char *number = text_keep_f("%" PRIu32, group->layer);
	return group->model == 0 ? number : text_keep_f("%s/%s", tally->model[group->model], number);
}

/* Layer `at` of the first file, or NULL, with layer `there` of the second, or NULL. */
static int add_layer(struct agreements *result, struct comparison *all, const struct tally *first, const size_t *at,
					 const struct tally *second, const size_t *there, struct error *err)
{
	struct choices a = { .n = 0 }, b = { .n = 0 };
	struct comparison c = { .n = 0 };
	const struct tally *named = at ? first : second;
	int status = (at && gather(first, *at, &a, err) != 0) || (there && gather(second, *there, &b, err) != 0) ? -1 : 0;
	if (status == 0) {
		compare_layer(&c, &a, &b);
		join(all, &c);
		fill(&result->of[result->n++], label(named, named->group[at ? *at : *there]), &c);
	}
	free(a.choice);
	free(b.choice);
	free(c.token);
	return status;
}

static int add_layers(struct agreements *result, struct comparison *all, const struct tally *first,
					  const struct tally *second, struct error *err)
{
	size_t other;
	for (size_t at = 0; at < first->groups; at += tally_domains(first, at)) {
		bool both = partner(first, at, second, &other) != NULL;
		TRY(add_layer(result, all, first, &at, second, both ? &other : NULL, err));
	}
	for (size_t at = 0; at < second->groups; at += tally_domains(second, at))
		if (partner(second, at, first, &other) == NULL)
			TRY(add_layer(result, all, first, NULL, second, &at, err));
	return 0;
}

static int compare_all(struct agreements *result, const struct tally *first, const struct tally *second,
					   struct error *err)
{
	struct comparison all = { .n = 0 };
	result->of = resized(NULL, first->groups + second->groups + 1, sizeof *result->of);
	int status = add_layers(result, &all, first, second, err);
	if (status == 0 && all.n == 0)
		status = fail(err, ERROR_USER, "the two files have no token of a layer in common");
	if (status == 0) {
		double anywhere = share_differing_anywhere(&all);
		fill(&result->of[result->n], "all", &all);
		result->of[result->n++].differing_any_layer = anywhere;
	}
	free(all.token);
	return status;
}

static int read_file(const char *file, const struct analysis_choice *choice, struct tally *tally, struct error *err)
{
	struct trace_options how = { .model = *choice->model ? choice->model : "model", .step = choice->step };
	tally->keeps = true;
	TRY(trace_read(file, &how, tally, err));
	TRY(tally_check(tally, choice->partial, err));
	for (size_t i = 0; i < tally->groups; i++)
		if (tally->group[i]->kind != TALLY_TOKENS) {
			fail(err, ERROR_USER,
				 "does not tell tokens apart, so choices cannot be compared (a trace is needed, with "
				 "token,layer,slot,expert or top_indices)");
			return fail_at(err, file, 0, 0);
		}
	return 0;
}

int agreement_read(char *const file[2], const struct analysis_choice *choice, struct agreements *result,
				   struct error *err)
{
	static struct tally first, second;
	struct analysis_choice how = *choice;
	*result = (struct agreements){ .n = 0 };
	TRY(analysis_take_config(&how, err));
	tally_open(&first, (uint32_t)how.experts);
	tally_open(&second, (uint32_t)how.experts);
	int status = read_file(file[0], &how, &first, err);
	if (status == 0)
		status = read_file(file[1], &how, &second, err);
	if (status == 0)
		status = compare_all(result, &first, &second, err);
	result->padding = first.padding + second.padding;
	tally_close(&first);
	tally_close(&second);
	if (status != 0)
		agreement_free(result);
	return status;
}

void agreement_free(struct agreements *result)
{
	free(result->of);
	*result = (struct agreements){ .n = 0 };
}
