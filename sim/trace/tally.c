/* SPDX-License-Identifier: GPL-3.0-or-later
 * tally.c -- who used which expert how often.
 */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/tally.h"
#include "sim/trace/trace.h"

static void *resized(void *old, size_t n, size_t size)
{
	void *fresh = reallocarray(old, n, size);
	if (fresh == NULL)
		error_no_memory("the counts of experts");
	return fresh;
}

static void empty_buckets(struct tally *tally, size_t n)
{
	tally->buckets = n;
	tally->bucket = resized(tally->bucket, n, sizeof(struct tally_group *));
	for (size_t i = 0; i < n; i++)
		tally->bucket[i] = NULL;
}

void tally_open(struct tally *tally, uint32_t expert_limit)
{
	memset(tally, 0, sizeof *tally);
	tally->expert_limit = expert_limit;
	empty_buckets(tally, 64);
}

void tally_close(struct tally *tally)
{
	for (size_t i = 0; i < tally->groups; i++) {
		free(tally->group[i]->cell);
		free(tally->group[i]->choice);
		free(tally->group[i]);
	}
	free(tally->group);
	free(tally->bucket);
	memset(tally, 0, sizeof *tally);
}

static int number_of(const char **names, uint32_t *n, const char *name, const char *what, uint32_t *number,
					 struct error *err)
{
	const char *kept = text_keep(name);
	for (*number = 0; *number < *n; ++*number)
		if (names[*number] == kept)
			return 0;
	if (*n == TALLY_NAMES)
		return fail(err, ERROR_USER, "more than %d %ss", TALLY_NAMES, what);
	names[(*n)++] = kept;
	return 0;
}

int tally_model(struct tally *tally, const char *name, uint32_t *number, struct error *err)
{
	return number_of(tally->model, &tally->models, name, "model", number, err);
}

int tally_domain(struct tally *tally, const char *name, uint32_t *number, struct error *err)
{
	if (strcmp(name, "pooled") == 0)
		return fail(err, ERROR_USER, "the domain name 'pooled' is reserved for all domains together");
	return number_of(tally->domain, &tally->domains, name, "domain", number, err);
}

int tally_state_experts(struct tally *tally, uint32_t model, uint64_t experts, struct error *err)
{
	if (experts == 0 || experts > TALLY_IDS)
		return fail(err, ERROR_USER, "%" PRIu64 " experts are out of range (1 to %d)", experts, TALLY_IDS);
	if (tally->stated[model] != 0 && tally->stated[model] != experts)
		return fail(err, ERROR_USER, "model '%s' has %" PRIu64 " experts here, but had %" PRIu32 " before",
					tally->model[model], experts, tally->stated[model]);
	if (tally->experts[model] > experts)
		return fail(err, ERROR_USER, "model '%s' has %" PRIu64 " experts, but expert %" PRIu32 " was used before",
					tally->model[model], experts, tally->experts[model] - 1);
	tally->stated[model] = (uint32_t)experts;
	return 0;
}

/* The place of the group in the hash table, or the free place where it belongs. */
static struct tally_group **place_of(const struct tally *tally, uint32_t model, uint32_t domain, uint32_t layer)
{
	uint64_t key = ((uint64_t)model << 32 | (uint64_t)domain << 16 | layer) * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = key >> 40;; i++) {
		struct tally_group **place = &tally->bucket[i & (tally->buckets - 1)], *group = *place;
		if (group == NULL || (group->model == model && group->domain == domain && group->layer == layer))
			return place;
	}
}

static void make_room_for_a_group(struct tally *tally)
{
	if ((tally->groups & (tally->groups - 1)) == 0)
		tally->group = resized(tally->group, 2 * tally->groups + 1, sizeof(struct tally_group *));
	if (2 * tally->groups < tally->buckets)
		return;
	empty_buckets(tally, 2 * tally->buckets);
	for (size_t i = 0; i < tally->groups; i++) {
		struct tally_group *group = tally->group[i];
		*place_of(tally, group->model, group->domain, group->layer) = group;
	}
}

static struct tally_group *group_new(struct tally *tally, uint32_t model, uint32_t domain, uint32_t layer)
{
	make_room_for_a_group(tally);
	struct tally_group *group = resized(NULL, 1, sizeof *group);
	*group = (struct tally_group){ .model = model,
								   .domain = domain,
								   .layer = layer,
								   .files = tally->files,
								   .last_token = -1,
								   .padded_token = -1,
								   .step = -1 };
	*place_of(tally, model, domain, layer) = group;
	tally->group[tally->groups++] = group;
	return group;
}

void tally_begin_file(struct tally *tally)
{
	tally->files++;
}

/* The tokens and steps of another file are others, be their numbers the same. */
static void forget_marks(struct tally_group *group, unsigned files)
{
	for (uint32_t e = 0; e < group->experts; e++)
		group->cell[e].mark = -1;
	group->last_token = group->padded_token = group->step = -1;
	group->rows = 0;
	group->files = files;
}

struct tally_group *tally_group(struct tally *tally, uint32_t model, uint32_t domain, uint64_t layer,
								enum tally_kind kind, const char *file, unsigned line, struct error *err)
{
	if (layer >= TALLY_IDS) {
		fail(err, ERROR_USER, "layer %" PRIu64 " is out of range (layers are numbered from 0, below %d)", layer,
			 TALLY_IDS);
		return NULL;
	}
	struct tally_group *group = *place_of(tally, model, domain, (uint32_t)layer);
	if (group == NULL && tally->groups == TALLY_GROUPS) {
		fail(err, ERROR_USER, "more than %d combinations of model, domain and layer", TALLY_GROUPS);
		return NULL;
	}
	if (group == NULL) {
		group = group_new(tally, model, domain, (uint32_t)layer);
		group->kind = kind;
		group->file = file;
		group->line = line;
	}
	if (group->files != tally->files)
		forget_marks(group, tally->files);
	if (group->kind == kind)
		return group;
	fail(err, ERROR_USER,
		 "layer %" PRIu64 " of model '%s' was given in a different format before (%s, line %u; "
		 "--files models reads each file as a model)",
		 layer, tally->model[model], group->file, group->line);
	return NULL;
}

static int check_expert(const struct tally *tally, uint32_t model, uint64_t expert, struct error *err)
{
	uint32_t known = tally->expert_limit ? tally->expert_limit : tally->stated[model];
	if (known != 0 && expert >= known)
		return fail(err, ERROR_USER, "expert %" PRIu64 " is out of range: there are %" PRIu32 " (0 to %" PRIu32 ")",
					expert, known, known - 1);
	if (expert >= TALLY_IDS)
		return fail(err, ERROR_USER, "expert %" PRIu64 " is out of range (experts are numbered from 0, below %d)",
					expert, TALLY_IDS);
	return 0;
}

static int make_room_for_expert(struct tally *tally, struct tally_group *group, uint64_t expert, struct error *err)
{
	uint32_t room = group->room ? group->room : 8;
	while (room <= expert)
		room *= 2;
	if (room == group->room)
		return 0;
	if (tally->cells + (room - group->room) > TALLY_CELLS)
		return fail(err, ERROR_USER, "more than %d combinations of model, domain, layer and expert", TALLY_CELLS);
	group->cell = resized(group->cell, room, sizeof *group->cell);
	for (uint32_t e = group->room; e < room; e++)
		group->cell[e] = (struct tally_cell){ .mark = -1 };
	tally->cells += room - group->room;
	group->room = room;
	return 0;
}

static int meet_expert(struct tally *tally, struct tally_group *group, uint64_t expert, struct error *err)
{
	TRY(check_expert(tally, group->model, expert, err));
	TRY(make_room_for_expert(tally, group, expert, err));
	group->experts = (uint32_t)expert + 1;
	if (tally->experts[group->model] < group->experts)
		tally->experts[group->model] = group->experts;
	return 0;
}

static int add(struct tally *tally, struct tally_group *group, uint64_t expert, uint64_t count, struct error *err)
{
	if (expert >= group->experts)
		TRY(meet_expert(tally, group, expert, err));
	if (count > TALLY_MOST - group->assignments)
		return fail(err, ERROR_USER, "the counts of layer %" PRIu32 " add up to more than 2^53", group->layer);
	group->cell[expert].count += count;
	group->cell[expert].times++;
	group->assignments += count;
	return 0;
}

int tally_count(struct tally *tally, struct tally_group *group, uint64_t expert, uint64_t count, int64_t step,
				struct error *err)
{
	int64_t before = expert < group->experts ? group->cell[expert].mark : -1;
	if (before == step)
		return fail(err, ERROR_USER, "expert %" PRIu64 " of layer %" PRIu32 " is counted twice", expert, group->layer);
	if (before > step)
		return fail(err, ERROR_USER, "step %" PRId64 " comes after step %" PRId64 " (sort the rows by step)", step,
					before);
	TRY(add(tally, group, expert, count, err));
	group->cell[expert].mark = step;
	if (tally->watch)
		tally->watch->see(tally->watch, group, step, 0, (uint32_t)expert, count);
	return 0;
}

int tally_pair(struct tally *tally, struct tally_group *group, uint64_t expert, struct error *err)
{
	return add(tally, group, expert, 1, err);
}

static void keep_choice(struct tally_group *group, int64_t token, uint64_t slot, uint64_t expert, float weight)
{
	if (group->choices == group->choice_room) {
		group->choice_room = 2 * group->choice_room + 64;
		group->choice = resized(group->choice, group->choice_room, sizeof *group->choice);
	}
	group->choice[group->choices++] =
		(struct tally_choice){ (uint64_t)token, weight, (uint16_t)slot, (uint16_t)expert };
}

static int check_pick(const struct tally_group *group, int64_t token, uint64_t slot, uint64_t expert, struct error *err)
{
	if (slot >= TALLY_IDS)
		return fail(err, ERROR_USER, "slot %" PRIu64 " is out of range (a token's choices are numbered from 0)", slot);
	if (expert < group->experts && group->cell[expert].mark == token)
		return fail(err, ERROR_USER, "a token chose expert %" PRIu64 " of layer %" PRIu32 " twice", expert,
					group->layer);
	if (token == group->last_token && slot == group->last_slot)
		return fail(err, ERROR_USER, "a token has two experts of layer %" PRIu32 " in slot %" PRIu64, group->layer,
					slot);
	return 0;
}

int tally_pick(struct tally *tally, struct tally_group *group, int64_t token, uint64_t slot, uint64_t expert,
			   float weight, struct error *err)
{
	TRY(check_pick(group, token, slot, expert, err));
	TRY(add(tally, group, expert, 1, err));
	group->cell[expert].mark = token;
	group->tokens += slot == 0 || token == group->padded_token;
	if (slot != 0 && token == group->padded_token)
		group->padded_token = -1;
	if (slot >= group->slots)
		group->slots = (uint32_t)slot + 1;
	group->last_token = token;
	group->last_slot = slot;
	if (tally->watch)
		tally->watch->see(tally->watch, group, token >> TRACE_TOKEN_BITS,
						  (uint64_t)token & ((UINT64_C(1) << TRACE_TOKEN_BITS) - 1), (uint32_t)expert, 1);
	if (tally->keeps)
		keep_choice(group, token, slot, expert, weight);
	return 0;
}

void tally_pad_token(struct tally *tally, struct tally_group *group, int64_t token, uint64_t slot)
{
	tally->padding++;
	if (slot == 0)
		group->padded_token = token;
}

void tally_bare_token(struct tally_group *group, uint64_t slot)
{
	group->tokens += slot == 0;
}

uint32_t tally_experts(const struct tally *tally, uint32_t model)
{
	if (tally->expert_limit != 0)
		return tally->expert_limit;
	return tally->stated[model] != 0 ? tally->stated[model] : tally->experts[model];
}

static bool experts_are_known(const struct tally *tally, uint32_t model)
{
	return tally->expert_limit != 0 || tally->stated[model] != 0;
}

size_t tally_domains(const struct tally *tally, size_t at)
{
	const struct tally_group *first = tally->group[at];
	size_t n = 1;
	while (at + n < tally->groups && tally->group[at + n]->model == first->model &&
		   tally->group[at + n]->layer == first->layer)
		n++;
	return n;
}

static int by_place(const void *left, const void *right)
{
	const struct tally_group *a = *(struct tally_group *const *)left, *b = *(struct tally_group *const *)right;
	if (a->model != b->model)
		return a->model < b->model ? -1 : 1;
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	return (a->domain > b->domain) - (a->domain < b->domain);
}

/* "layer 3 of model 'm', domain 'd'" */
static const char *name_of(const struct tally *tally, const struct tally_group *group)
{
	const char *domain = tally->domain[group->domain];
	const char *layer = text_keep_f("layer %" PRIu32 " of model '%s'", group->layer, tally->model[group->model]);
	return *domain == 0 ? layer : text_keep_f("%s, domain '%s'", layer, domain);
}

/* Where the number of experts is not known, only a row tells that an expert is there. */
static int check_counts(const struct tally *tally, const struct tally_group *group, struct error *err)
{
	static const char remedy[] = "(with --experts N, missing rows count as 0)";
	uint32_t experts = tally_experts(tally, group->model), steps = 0;
	for (uint32_t e = 0; e < experts; e++)
		if (e >= group->experts || group->cell[e].times == 0)
			return fail(err, ERROR_USER, "%s has no row for expert %" PRIu32 " of %" PRIu32 " %s",
						name_of(tally, group), e, experts, remedy);
	for (uint32_t e = 0; e < experts; e++)
		steps = group->cell[e].times > steps ? group->cell[e].times : steps;
	for (uint32_t e = 0; e < experts; e++)
		if (group->cell[e].times != steps)
			return fail(err, ERROR_USER,
						"%s has expert %" PRIu32 " at %" PRIu32 " steps, another expert at %" PRIu32 " %s",
						name_of(tally, group), e, group->cell[e].times, steps, remedy);
	return 0;
}

static int check_tokens(const struct tally *tally, const struct tally_group *group, struct error *err)
{
	uint32_t experts = tally_experts(tally, group->model);
	if (group->tokens == 0 && group->assignments > 0)
		return fail(err, ERROR_USER, "%s has no row with slot 0", name_of(tally, group));
	if (group->slots > experts)
		return fail(err, ERROR_USER, "%s has slot %" PRIu32 ", but there are %" PRIu32 " experts",
					name_of(tally, group), group->slots - 1, experts);
	return 0;
}

static int check_group(const struct tally *tally, const struct tally_group *group, struct error *err)
{
	bool known = experts_are_known(tally, group->model);
	if (group->assignments == 0 && !known)
		return fail(err, ERROR_USER, "no expert of %s is used (--experts N accepts it)", name_of(tally, group));
	if (group->kind == TALLY_COUNTS)
		return known ? 0 : check_counts(tally, group, err);
	return group->kind == TALLY_TOKENS ? check_tokens(tally, group, err) : 0;
}

static bool is_even(const struct tally_group *group)
{
	return group->assignments == group->tokens * group->slots;
}

/* A trace in which every token has as many experts as every other shows all tokens in all layers, or it is cut. */
static int check_trace(const struct tally *tally, const struct tally_group *first, const struct tally_group *group,
					   struct error *err)
{
	if (group->kind != TALLY_TOKENS || first->kind != TALLY_TOKENS || first->tokens == group->tokens)
		return 0;
	if (!is_even(first) || !is_even(group) || first->slots != group->slots)
		return 0;
	return fail(err, ERROR_USER,
				"%s has %" PRIu64 " tokens, but layer %" PRIu32 " has %" PRIu64 " (--partial accepts it)",
				name_of(tally, group), group->tokens, first->layer, first->tokens);
}

/* Both layers of one model have the same domains. */
static int check_domains(const struct tally *tally, size_t first, size_t layer, struct error *err)
{
	size_t n_first = tally_domains(tally, first), n_layer = tally_domains(tally, layer);
	for (size_t i = 0; i < n_first || i < n_layer; i++) {
		const struct tally_group *a = i < n_first ? tally->group[first + i] : NULL;
		const struct tally_group *b = i < n_layer ? tally->group[layer + i] : NULL;
		if (a != NULL && b != NULL && a->domain == b->domain)
			continue;
		bool in_layer = a == NULL || (b != NULL && b->domain < a->domain);
		const struct tally_group *there = in_layer ? b : a;
		fail(err, ERROR_USER,
			 "%s is present, but that domain lacks layer %" PRIu32 " (with --experts N, missing rows count as 0)",
			 name_of(tally, there), tally->group[in_layer ? first : layer]->layer);
		return fail_at(err, there->file, there->line, 0);
	}
	return 0;
}

static int check_layer(const struct tally *tally, size_t first, size_t layer, bool partial, struct error *err)
{
	TRY(check_domains(tally, first, layer, err));
	for (size_t i = 0; i < tally_domains(tally, layer); i++) {
		const struct tally_group *group = tally->group[layer + i];
		if (check_group(tally, group, err) != 0 ||
			(!partial && check_trace(tally, tally->group[first + i], group, err) != 0))
			return fail_at(err, group->file, group->line, 0);
	}
	return 0;
}

static void sort_groups(struct tally *tally)
{
	qsort(tally->group, tally->groups, sizeof(struct tally_group *), by_place);
}

/* The groups of a model, from number `at` on. */
static size_t groups_of_model(const struct tally *tally, size_t at)
{
	size_t n = 1;
	while (at + n < tally->groups && tally->group[at + n]->model == tally->group[at]->model)
		n++;
	return n;
}

/* Makes the groups that the layer lacks: every domain of the model has one. */
static int complete_layer(struct tally *tally, const struct tally_group *first, const bool *has, struct error *err)
{
	struct tally_group like = *first;
	for (uint32_t d = 0; d < tally->domains; d++)
		if (has[d] && *place_of(tally, like.model, d, like.layer) == NULL &&
			tally_group(tally, like.model, d, like.layer, like.kind, like.file, like.line, err) == NULL)
			return -1;
	return 0;
}

static int complete_model(struct tally *tally, size_t at, size_t n, struct error *err)
{
	bool has[TALLY_NAMES] = { false };
	for (size_t i = 0; i < n; i++)
		has[tally->group[at + i]->domain] = true;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || tally->group[at + i]->layer != tally->group[at + i - 1]->layer)
			TRY(complete_layer(tally, tally->group[at + i], has, err));
	return 0;
}

/* Gives every domain of a model of known experts all its layers.  New groups stand behind the old ones. */
static int complete(struct tally *tally, struct error *err)
{
	size_t groups = tally->groups;
	for (size_t at = 0, n; at < groups; at += n) {
		n = groups_of_model(tally, at);
		n = at + n > groups ? groups - at : n;
		if (experts_are_known(tally, tally->group[at]->model))
			TRY(complete_model(tally, at, n, err));
	}
	sort_groups(tally);
	return 0;
}

int tally_check(struct tally *tally, bool partial, struct error *err)
{
	if (tally->groups == 0)
		return fail(err, ERROR_USER, "no data");
	sort_groups(tally);
	TRY(complete(tally, err));
	for (size_t at = 0, first = 0; at < tally->groups; at += tally_domains(tally, at)) {
		if (tally->group[at]->model != tally->group[first]->model)
			first = at;
		TRY(check_layer(tally, first, at, partial, err));
	}
	return 0;
}
