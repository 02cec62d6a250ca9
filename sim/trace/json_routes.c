/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json_routes.c -- the choices and counts of a JSON record, added to a tally.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/trace_json.h"

static int number_in_range(const struct json_reader *in, enum field field, int64_t most, struct error *err)
{
	if (in->number[field] < 0 || in->number[field] > most)
		return fail(err, ERROR_USER, "%s %" PRId64 " is out of range (0 to %" PRId64 ")", json_record_name(field),
					in->number[field], most);
	return 0;
}

static bool is_left_out(const struct json_reader *in)
{
	return in->options->step != TRACE_ALL_STEPS && in->number[STEP] != in->options->step;
}

static int check_numbers(struct json_reader *in, struct error *err)
{
	static const int64_t most[NUMBERS] = {
		[LAYER] = TALLY_IDS - 1, [STEP] = INT64_C(1) << 53, [TOKENS] = 1 << 26, [TOP_K] = TALLY_IDS,
		[MTP] = TALLY_NAMES,     [EXPERTS] = TALLY_IDS,     [TOKEN] = INT64_MAX
	};
	for (enum field f = LAYER; f < NUMBERS; f++)
		if (in->has[f])
			TRY(number_in_range(in, f, most[f], err));
	if (!in->has[STEP])
		in->number[STEP] = 0;
	if (in->has[TOP_K] && in->number[TOP_K] == 0)
		return fail(err, ERROR_USER, "topk is 0");
	return 0;
}

static int find_model(const struct json_reader *in, uint32_t *model, struct error *err)
{
	const char *name = in->options->model;
	if (in->has[MTP])
		name = text_keep_f("%s-mtp%" PRId64, name, in->number[MTP]);
	return tally_model(in->tally, name, model, err);
}

static struct tally_group *find_group(const struct json_reader *in, uint64_t layer, enum tally_kind kind,
									  struct error *err)
{
	uint32_t model, domain;
	if (find_model(in, &model, err) != 0 || tally_domain(in->tally, "", &domain, err) != 0)
		return NULL;
	return tally_group(in->tally, model, domain, layer, kind, in->name, in->line, err);
}

/* The n-th token of a record.  Where choices are kept, the same token has the same number in all layers and files: by
 * its index, or else its place among those of its layer, within its step, as in CSV; and by its request, if it has one.
 */
static int64_t number_token(const struct json_reader *in, const struct tally_group *group, size_t n)
{
	if (!in->tally->keeps)
		return in->tokens + (int64_t)n;
	bool whole_request = in->has[REQUEST] && json_record_list(in, INDICES)->dims > 1;
	uint64_t index = in->has[TOKEN] ? (uint64_t)in->number[TOKEN] + n : (whole_request ? 0 : group->rows) + n;
	uint64_t name[3] = { (uint64_t)in->number[STEP], index, in->request };
	if (!in->has[REQUEST] && name[0] >> (63 - TRACE_TOKEN_BITS) == 0 && index >> TRACE_TOKEN_BITS == 0)
		return (int64_t)(name[0] << TRACE_TOKEN_BITS | index);
	return (int64_t)(text_hash_bytes(name, sizeof name, TEXT_HASH_START) >> 1);
}

static float weight_of(const struct json_reader *in, size_t at)
{
	return in->has[WEIGHTS] && in->weights.n == json_record_list(in, INDICES)->n ? in->weights.value[at] : NAN;
}

/* The choices of one token, value[at] and the k - 1 behind it. */
static int add_token(struct json_reader *in, struct tally_group *group, int64_t token, size_t at, size_t k,
					 struct error *err)
{
	const int64_t *value = json_record_list(in, INDICES)->value + at;
	for (size_t slot = 0; slot < k; slot++) {
		if (value[slot] == -1)
			tally_pad_token(in->tally, group, token, slot);
		else if (value[slot] < 0 || value[slot] >= TALLY_IDS)
			return fail(err, ERROR_USER, "expert %" PRId64 " is out of range (0 to %d, or -1 for padding)", value[slot],
						TALLY_IDS - 1);
		else
			TRY(tally_pick(in->tally, group, token, slot, (uint64_t)value[slot], weight_of(in, at + slot), err));
	}
	return 0;
}

static int check_shape(const struct json_reader *in, size_t tokens, size_t k, struct error *err)
{
	if (in->has[TOKENS] && tokens != (uint64_t)in->number[TOKENS])
		return fail(err, ERROR_USER, "the list of expert ids has %zu entries, but num_tokens is %" PRId64, tokens,
					in->number[TOKENS]);
	if (in->has[TOP_K] && tokens > 0 && k != (uint64_t)in->number[TOP_K])
		return fail(err, ERROR_USER, "a token has %zu expert ids, but topk is %" PRId64, k, in->number[TOP_K]);
	return 0;
}

/* The tokens of one layer stand `stride` apart in the list. */
static int add_layer(struct json_reader *in, uint64_t layer, size_t at, size_t tokens, size_t stride, size_t k,
					 struct error *err)
{
	struct tally_group *group = find_group(in, layer, TALLY_TOKENS, err);
	if (group == NULL)
		return -1;
	if (in->has[TOP_K] && group->top_k != 0 && group->top_k != k)
		return fail(err, ERROR_USER, "topk is %zu, but was %" PRIu32 " for this layer before", k, group->top_k);
	if (tokens > 0)
		group->top_k = (uint32_t)k;
	if (group->step != in->number[STEP])
		group->rows = 0;
	group->step = in->number[STEP];
	for (size_t t = 0; t < tokens; t++)
		TRY(add_token(in, group, number_token(in, group, t), at + t * stride, k, err));
	group->rows += tokens;
	return 0;
}

static int add_indices(struct json_reader *in, struct error *err)
{
	const struct json_list *list = json_record_list(in, INDICES);
	size_t tokens = list->dims == 1 ? list->n > 0 : list->dim[0], k = list->dim[list->dims - 1];
	if (list->n == 0 && !in->has[LAYER])
		return 0;
	if (list->dims == 1 && list->n > 0 && in->has[TOKENS])
		return fail(err, ERROR_USER, "an entry of %s is not a list", json_record_name(INDICES));
	if (list->dims == 3 ? in->has[LAYER] : !in->has[LAYER])
		return fail(err, ERROR_USER, "the record has %s (%s)",
					in->has[LAYER] ? "a layer, and expert ids of several layers" : "no layer", TRACE_FORMS);
	TRY(check_shape(in, tokens, k, err));
	if (list->dims < 3)
		TRY(add_layer(in, (uint64_t)in->number[LAYER], 0, tokens, k, k, err));
	for (size_t l = 0; list->dims == 3 && l < list->dim[1]; l++)
		TRY(add_layer(in, l, l * k, tokens, list->dim[1] * k, k, err));
	in->tokens += (int64_t)tokens;
	return 0;
}

/* The map of the record, or of the one around it; NULL: there is none. */
static const struct json_list *map_of(const struct json_reader *in)
{
	return in->has[MAP] ? json_record_list(in, MAP) : in->places.dims > 0 ? &in->places : NULL;
}

/* Which expert is in each place of a layer; NULL: place and expert are the same. */
static int find_map(const struct json_reader *in, enum field field, size_t layer, size_t places, const int64_t **map,
					struct error *err)
{
	const struct json_list *list = map_of(in);
	*map = NULL;
	if (field != PHYSICAL || list == NULL)
		return 0;
	if (list->dims == 1)
		*map = list->value;
	else if (list->dims == 2 && layer < list->dim[0])
		*map = list->value + layer * list->dim[1];
	if (*map == NULL || list->dim[list->dims - 1] != places)
		return fail(err, ERROR_USER, "the physical_to_logical_map does not fit the counts");
	return 0;
}

/* Places become experts. */
static int map_indices(struct json_reader *in, size_t layer, int64_t *value, size_t n, struct error *err)
{
	const struct json_list *list = map_of(in);
	if (list == NULL)
		return 0;
	size_t places = list->dim[list->dims - 1];
	const int64_t *map;
	TRY(find_map(in, PHYSICAL, layer, places, &map, err));
	for (size_t i = 0; i < n; i++) {
		if (value[i] >= 0 && (uint64_t)value[i] >= places)
			return fail(err, ERROR_USER, "expert %" PRId64 " has no place in the physical_to_logical_map", value[i]);
		value[i] = value[i] < 0 ? value[i] : map[value[i]];
	}
	return 0;
}

/* [layer][token][slot] */
static int add_layered(struct json_reader *in, struct error *err)
{
	struct json_list *list = &in->list[LAYERED - INDICES];
	if (list->n == 0)
		return 0;
	if (list->dims != 3 || in->has[LAYER] || in->has[INDICES])
		return fail(err, ERROR_USER, "%s must be a list of layers, of tokens, of expert ids",
					json_record_name(LAYERED));
	size_t tokens = list->dim[1], k = list->dim[2];
	for (size_t l = 0; l < list->dim[0]; l++)
		TRY(map_indices(in, l, list->value + l * tokens * k, tokens * k, err));
	struct json_list other = in->list[0]; /* INDICES, which add_layer() reads */
	in->list[0] = *list;
	int status = 0;
	for (size_t l = 0; l < list->dim[0] && status == 0; l++)
		status = add_layer(in, l, l * tokens * k, tokens, k, k, err);
	in->list[0] = other;
	in->tokens += (int64_t)tokens;
	return status;
}

static size_t experts_of_map(const int64_t *map, size_t places)
{
	int64_t most = -1;
	for (size_t p = 0; p < places; p++)
		most = map[p] > most ? map[p] : most;
	return (size_t)(most + 1);
}

/* Adds up the places of each expert in in->sum[]; places without one are padding. */
static int sum_copies(struct json_reader *in, const int64_t *count, size_t places, const int64_t *map,
					  struct error *err)
{
	memset(in->sum, 0, sizeof in->sum);
	for (size_t p = 0; p < places; p++) {
		if (map[p] >= TALLY_IDS || count[p] < 0 || count[p] > (int64_t)TALLY_MOST)
			return fail(err, ERROR_USER, "the physical_to_logical_map or a count is out of range");
		if (map[p] >= 0)
			in->sum[map[p]] += count[p];
		else
			in->tally->padding += (uint64_t)count[p];
	}
	return 0;
}

static int add_counts_of(struct json_reader *in, struct tally_group *group, const int64_t *count, size_t experts,
						 struct error *err)
{
	for (size_t e = 0; e < experts; e++) {
		if (count[e] < 0)
			return fail(err, ERROR_USER, "count %" PRId64 " is negative", count[e]);
		TRY(tally_count(in->tally, group, e, (uint64_t)count[e], in->counts_step, err));
	}
	return 0;
}

static int add_layer_counts(struct json_reader *in, enum field field, uint64_t layer, size_t row, size_t map_row,
							struct error *err)
{
	const struct json_list *list = json_record_list(in, field);
	size_t places = list->dim[list->dims - 1], experts = places;
	const int64_t *map, *count = list->value + row * places;
	struct tally_group *group = find_group(in, layer, TALLY_COUNTS, err);
	if (group == NULL)
		return -1;
	TRY(find_map(in, field, map_row, places, &map, err));
	if (map != NULL) {
		TRY(sum_copies(in, count, places, map, err));
		count = in->sum;
		experts = experts_of_map(map, places);
	}
	if (!in->has[EXPERTS])
		TRY(tally_state_experts(in->tally, group->model, experts, err));
	return add_counts_of(in, group, count, experts, err);
}

/* [expert] or [step][expert] of a layer, [layer][expert], or [step][layer][expert]. */
static int add_counts(struct json_reader *in, enum field field, struct error *err)
{
	const struct json_list *list = json_record_list(in, field);
	if (list->dims == 1 && !in->has[LAYER])
		return fail(err, ERROR_USER, "the record has no layer (%s)", TRACE_FORMS);
	if (list->dims == 3 && in->has[LAYER])
		return fail(err, ERROR_USER, "the record has a layer, and counts of several layers");
	if (list->n == 0)
		return fail(err, ERROR_USER, "a list of counts is empty");
	size_t rows = list->n / list->dim[list->dims - 1], layers = in->has[LAYER] ? 1 : list->dim[list->dims - 2];
	in->counts_step = in->has[STEP] && in->number[STEP] > in->counts_step ? in->number[STEP] : in->counts_step + 1;
	for (size_t row = 0; row < rows; row++) {
		uint64_t layer = in->has[LAYER] ? (uint64_t)in->number[LAYER] : row % layers;
		in->counts_step += row > 0 && row % layers == 0;
		TRY(add_layer_counts(in, field, layer, row, in->has[LAYER] ? 0 : layer, err));
	}
	return 0;
}

/* A record of neither ids nor counts describes the file. */
static int note_description(const struct json_reader *in, struct error *err)
{
	if (!in->has[EXPERTS] && strcmp(in->type, "meta") != 0)
		return fail(err, ERROR_USER, "the record has neither expert ids nor counts (%s)", TRACE_FORMS);
	return 0;
}

static int note_experts(const struct json_reader *in, struct error *err)
{
	uint32_t model;
	if (!in->has[EXPERTS])
		return 0;
	TRY(find_model(in, &model, err));
	return tally_state_experts(in->tally, model, (uint64_t)in->number[EXPERTS], err);
}

int json_routes_add(struct json_reader *in, struct error *err)
{
	TRY(check_numbers(in, err));
	TRY(note_experts(in, err));
	enum field counts = in->has[COUNTS] ? COUNTS : PHYSICAL;
	if (!in->has[INDICES] && !in->has[LAYERED] && !in->has[counts])
		return note_description(in, err);
	if (in->options->step != TRACE_ALL_STEPS && !in->has[STEP])
		return fail(err, ERROR_USER, "--step needs records with a step");
	if (is_left_out(in))
		return 0;
	in->records++;
	if (in->has[LAYERED])
		return add_layered(in, err);
	return in->has[INDICES] ? add_indices(in, err) : add_counts(in, counts, err);
}
