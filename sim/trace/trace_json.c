/* SPDX-License-Identifier: GPL-3.0-or-later
 * trace_json.c -- expert ids and counts in JSON, one record after the other.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/json_source.h"
#include "sim/trace/trace.h"

/* What a key means to us. */
enum field {
	LAYER,
	STEP,
	TOKENS,
	TOP_K,
	MTP,
	EXPERTS,
	TOKEN,   /* one whole number */
	REQUEST, /* a word or a number */
	TYPE,    /* a word */
	INDICES,
	LAYERED, /* the same, but all tokens of one layer after the other */
	COUNTS,
	PHYSICAL,
	MAP,     /* lists */
	WEIGHTS, /* a list of real numbers */
	RECORDS, /* a list of records within one */
	UNKNOWN,
	NUMBERS = TOKEN + 1,
	LISTS = MAP + 1 - INDICES
};

static const struct {
	const char *name;
	enum field field;
} keys[] = {
	{ "layer", LAYER },
	{ "layer_id", LAYER },
	{ "layer_idx", LAYER },
	{ "step", STEP },
	{ "iteration", STEP },
	{ "forward_pass_id", STEP }, /* SGLang */
	{ "num_tokens", TOKENS },    /* Megatron-LM */
	{ "topk", TOP_K },           /* Megatron-LM */
	{ "mtp_idx", MTP },          /* Megatron-LM: which multi-token-prediction block */
	{ "num_experts", EXPERTS },
	{ "n_expert", EXPERTS }, /* llama.cpp */
	{ "n_routed_experts", EXPERTS },
	{ "num_logical_experts", EXPERTS },
	{ "token_idx", TOKEN },
	{ "token_index", TOKEN },
	{ "token_pos", TOKEN },
	{ "position", TOKEN },
	{ "req_id", REQUEST },
	{ "request_id", REQUEST },
	{ "rid", REQUEST },
	{ "req_idx", REQUEST },
	{ "type", TYPE },
	{ "top_indices", INDICES }, /* Megatron-LM */
	{ "topk_ids", INDICES },    /* vLLM, SGLang */
	{ "topk_indices", INDICES },
	{ "topk_experts", INDICES },
	{ "expert_ids", INDICES },
	{ "experts", INDICES },
	{ "selected_experts", INDICES },
	{ "routed_experts", INDICES },    /* vLLM: [token][layer][slot] */
	{ "topk_ids_of_layer", LAYERED }, /* SGLang: [layer][token][slot], of places */
	{ "tokens_per_expert", COUNTS },
	{ "num_tokens_per_expert", COUNTS },
	{ "expert_counts", COUNTS },
	{ "counts", COUNTS },
	{ "logical_count", COUNTS }, /* SGLang: [step][layer][expert] */
	{ "logical_load", COUNTS },
	{ "expert_load", PHYSICAL }, /* vLLM: one for each place of an expert, of which some may hold the same expert */
	{ "expert_load_pass", PHYSICAL },
	{ "expert_load_window", PHYSICAL },
	{ "physical_load", PHYSICAL },
	{ "physical_count", PHYSICAL },
	{ "global_physical_count", PHYSICAL },
	{ "physical_to_logical_map", MAP },
	{ "last_physical_to_logical_map", MAP },
	{ "topk_weights", WEIGHTS },
	{ "top_weights", WEIGHTS },
	{ "weights", WEIGHTS },
	{ "records", RECORDS }, /* SGLang */
};
enum { KEYS = sizeof keys / sizeof *keys, REMEMBERED = 16 };

struct reader {
	struct json json;
	const char *name;
	const struct trace_options *options;
	struct tally *tally;
	unsigned line;          /* where the record under way begins */
	uint64_t records;       /* taken */
	int64_t tokens;         /* numbered so far, over all records */
	int64_t counts_step;    /* of the record of counts before */
	int64_t sum[TALLY_IDS]; /* of the copies of each expert */
	struct {
		char name[JSON_KEY];
		enum field field;
	} key[REMEMBERED]; /* of the record before, as records repeat them */

	bool within, wrapped;    /* a record of records is under way; it was one */
	struct json_list places; /* its map, for all of them */

	/* the record */
	bool has[UNKNOWN];
	int64_t number[NUMBERS];
	uint64_t request; /* a hash */
	char type[16];
	struct json_list list[LISTS]; /* by field - INDICES */
	struct json_reals weights;
};

static const struct json_list *list_of(const struct reader *in, enum field field)
{
	return &in->list[field - INDICES];
}

static enum field field_of(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].field;
	return UNKNOWN;
}

/* The field of the record's n-th key; mostly the record before had the same. */
static enum field field_at(struct reader *in, size_t n, const char *name)
{
	if (n >= REMEMBERED)
		return field_of(name);
	if (strcmp(in->key[n].name, name) != 0) {
		strcpy(in->key[n].name, name);
		in->key[n].field = field_of(name);
	}
	return in->key[n].field;
}

static const char *name_of(enum field field)
{
	size_t i = 0;
	while (keys[i].field != field)
		i++;
	return keys[i].name;
}

/* A number where one is wanted; the value of a token may be a word, too, and says nothing then. */
static int read_number(struct reader *in, enum field field, const char *name, struct error *err)
{
	bool whole = false;
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	if (c == '-' || (c >= '0' && c <= '9'))
		TRY(json_source_integer(&in->json, &in->number[field], &whole, err));
	else
		TRY(json_source_skip(&in->json, err));
	in->has[field] = whole;
	return whole || field == TOKEN ? 0 : fail(err, ERROR_USER, "%s is not an integer", name);
}

static int read_request(struct reader *in, struct error *err)
{
	bool whole;
	int64_t value = 0;
	char c;
	in->request = 0;
	TRY(json_source_peek(&in->json, &c, err));
	if (c == '"')
		return json_source_string(&in->json, NULL, 0, &in->request, err);
	if (c != '-' && (c < '0' || c > '9'))
		return json_source_skip(&in->json, err);
	TRY(json_source_integer(&in->json, &value, &whole, err));
	in->request = text_hash_bytes(&value, sizeof value, TEXT_HASH_START);
	return 0;
}

static int read_type(struct reader *in, struct error *err)
{
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	return c == '"' ? json_source_string(&in->json, in->type, sizeof in->type, NULL, err)
					: json_source_skip(&in->json, err);
}

static int read_list(struct reader *in, enum field field, const char *name, struct error *err)
{
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	if (c != '[') {
		TRY(json_source_skip(&in->json, err));
		return fail(err, ERROR_USER, "%s is not a list", name);
	}
	struct json_list *list = &in->list[field - INDICES];
	TRY(json_source_list(&in->json, list, err));
	return list->wrong ? fail(err, ERROR_USER, "%s %s", name, list->wrong) : 0;
}

static int read_records(struct reader *in, struct error *err);

static int read_value(struct reader *in, enum field field, const char *name, struct error *err)
{
	if (field == RECORDS)
		return read_records(in, err);
	if (field == UNKNOWN || (field == WEIGHTS && !in->tally->keeps))
		return json_source_skip(&in->json, err);
	if (in->has[field] && (field == TOKEN || field == REQUEST))
		return json_source_skip(&in->json, err);
	if (in->has[field])
		return fail(err, ERROR_USER, "%s is given twice, or under two names", name);
	in->has[field] = true;
	if (field < NUMBERS)
		return read_number(in, field, name, err);
	if (field == REQUEST)
		return read_request(in, err);
	if (field == TYPE)
		return read_type(in, err);
	if (field == WEIGHTS)
		return json_source_reals(&in->json, &in->weights, err);
	return read_list(in, field, name, err);
}

static int read_record(struct reader *in, struct error *err)
{
	char name[JSON_KEY], c;
	bool closed = false;
	memset(in->has, 0, sizeof in->has);
	*in->type = 0;
	TRY(json_source_take(&in->json, '{', err));
	TRY(json_source_peek(&in->json, &c, err));
	if (c == '}')
		return json_source_take(&in->json, '}', err);
	for (size_t n = 0; !closed; n++) {
		TRY(json_source_string(&in->json, name, sizeof name, NULL, err));
		TRY(json_source_take(&in->json, ':', err));
		TRY(read_value(in, field_at(in, n, name), name, err));
		TRY(json_source_next(&in->json, '}', &closed, err));
	}
	return 0;
}

static int number_in_range(const struct reader *in, enum field field, int64_t most, struct error *err)
{
	if (in->number[field] < 0 || in->number[field] > most)
		return fail(err, ERROR_USER, "%s %" PRId64 " is out of range (0 to %" PRId64 ")", name_of(field),
					in->number[field], most);
	return 0;
}

static bool is_left_out(const struct reader *in)
{
	return in->options->step != TRACE_ALL_STEPS && in->number[STEP] != in->options->step;
}

static int check_numbers(struct reader *in, struct error *err)
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

static int find_model(const struct reader *in, uint32_t *model, struct error *err)
{
	const char *name = in->options->model;
	if (in->has[MTP])
		name = text_keep_f("%s-mtp%" PRId64, name, in->number[MTP]);
	return tally_model(in->tally, name, model, err);
}

static struct tally_group *find_group(const struct reader *in, uint64_t layer, enum tally_kind kind, struct error *err)
{
	uint32_t model, domain;
	if (find_model(in, &model, err) != 0 || tally_domain(in->tally, "", &domain, err) != 0)
		return NULL;
	return tally_group(in->tally, model, domain, layer, kind, in->name, in->line, err);
}

/* The n-th token of a record.  Where choices are kept, the same token has the same number in all layers and files: by
 * its index, or else its place among those of its layer, within its step, as in CSV; and by its request, if it has one.
 */
static int64_t number_token(const struct reader *in, const struct tally_group *group, size_t n)
{
	if (!in->tally->keeps)
		return in->tokens + (int64_t)n;
	bool whole_request = in->has[REQUEST] && list_of(in, INDICES)->dims > 1;
	uint64_t index = in->has[TOKEN] ? (uint64_t)in->number[TOKEN] + n : (whole_request ? 0 : group->rows) + n;
	uint64_t name[3] = { (uint64_t)in->number[STEP], index, in->request };
	if (!in->has[REQUEST] && name[0] >> (63 - TRACE_TOKEN_BITS) == 0 && index >> TRACE_TOKEN_BITS == 0)
		return (int64_t)(name[0] << TRACE_TOKEN_BITS | index);
	return (int64_t)(text_hash_bytes(name, sizeof name, TEXT_HASH_START) >> 1);
}

static float weight_of(const struct reader *in, size_t at)
{
	return in->has[WEIGHTS] && in->weights.n == list_of(in, INDICES)->n ? in->weights.value[at] : NAN;
}

/* The choices of one token, value[at] and the k - 1 behind it. */
static int add_token(struct reader *in, struct tally_group *group, int64_t token, size_t at, size_t k,
					 struct error *err)
{
	const int64_t *value = list_of(in, INDICES)->value + at;
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

static int check_shape(const struct reader *in, size_t tokens, size_t k, struct error *err)
{
	if (in->has[TOKENS] && tokens != (uint64_t)in->number[TOKENS])
		return fail(err, ERROR_USER, "the list of expert ids has %zu entries, but num_tokens is %" PRId64, tokens,
					in->number[TOKENS]);
	if (in->has[TOP_K] && tokens > 0 && k != (uint64_t)in->number[TOP_K])
		return fail(err, ERROR_USER, "a token has %zu expert ids, but topk is %" PRId64, k, in->number[TOP_K]);
	return 0;
}

/* The tokens of one layer stand `stride` apart in the list. */
static int add_layer(struct reader *in, uint64_t layer, size_t at, size_t tokens, size_t stride, size_t k,
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

static int add_indices(struct reader *in, struct error *err)
{
	const struct json_list *list = list_of(in, INDICES);
	size_t tokens = list->dims == 1 ? list->n > 0 : list->dim[0], k = list->dim[list->dims - 1];
	if (list->n == 0 && !in->has[LAYER])
		return 0;
	if (list->dims == 1 && list->n > 0 && in->has[TOKENS])
		return fail(err, ERROR_USER, "an entry of %s is not a list", name_of(INDICES));
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
static const struct json_list *map_of(const struct reader *in)
{
	return in->has[MAP] ? list_of(in, MAP) : in->places.dims > 0 ? &in->places : NULL;
}

/* Which expert is in each place of a layer; NULL: place and expert are the same. */
static int find_map(const struct reader *in, enum field field, size_t layer, size_t places, const int64_t **map,
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
static int map_indices(struct reader *in, size_t layer, int64_t *value, size_t n, struct error *err)
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
static int add_layered(struct reader *in, struct error *err)
{
	struct json_list *list = &in->list[LAYERED - INDICES];
	if (list->n == 0)
		return 0;
	if (list->dims != 3 || in->has[LAYER] || in->has[INDICES])
		return fail(err, ERROR_USER, "%s must be a list of layers, of tokens, of expert ids", name_of(LAYERED));
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
static int sum_copies(struct reader *in, const int64_t *count, size_t places, const int64_t *map, struct error *err)
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

static int add_counts_of(struct reader *in, struct tally_group *group, const int64_t *count, size_t experts,
						 struct error *err)
{
	for (size_t e = 0; e < experts; e++) {
		if (count[e] < 0)
			return fail(err, ERROR_USER, "count %" PRId64 " is negative", count[e]);
		TRY(tally_count(in->tally, group, e, (uint64_t)count[e], in->counts_step, err));
	}
	return 0;
}

static int add_layer_counts(struct reader *in, enum field field, uint64_t layer, size_t row, size_t map_row,
							struct error *err)
{
	const struct json_list *list = list_of(in, field);
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
static int add_counts(struct reader *in, enum field field, struct error *err)
{
	const struct json_list *list = list_of(in, field);
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
static int note_description(const struct reader *in, struct error *err)
{
	if (!in->has[EXPERTS] && strcmp(in->type, "meta") != 0)
		return fail(err, ERROR_USER, "the record has neither expert ids nor counts (%s)", TRACE_FORMS);
	return 0;
}

static int note_experts(const struct reader *in, struct error *err)
{
	uint32_t model;
	if (!in->has[EXPERTS])
		return 0;
	TRY(find_model(in, &model, err));
	return tally_state_experts(in->tally, model, (uint64_t)in->number[EXPERTS], err);
}

static int take_record(struct reader *in, struct error *err)
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

static int take_inner(struct reader *in, struct error *err)
{
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	if (c != '{')
		return json_source_fail(&in->json, err, "expected a record");
	in->line = in->json.line;
	TRY(read_record(in, err));
	return take_record(in, err);
}

/* What was read of the record around them is done with, but for its map. */
static int read_records(struct reader *in, struct error *err)
{
	bool closed = false;
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	if (c != '[' || in->within)
		return json_source_skip(&in->json, err);
	in->within = true;
	if (in->has[MAP]) {
		in->places = *list_of(in, MAP);
		in->list[MAP - INDICES] = (struct json_list){ 0 };
	}
	TRY(json_source_take(&in->json, '[', err));
	TRY(json_source_peek(&in->json, &c, err));
	if (c == ']')
		TRY(json_source_take(&in->json, ']', err));
	for (closed = c == ']'; !closed;) {
		TRY(take_inner(in, err));
		TRY(json_source_next(&in->json, ']', &closed, err));
	}
	memset(in->has, 0, sizeof in->has);
	in->within = false;
	in->wrapped = true;
	return 0;
}

/* A map behind its records comes too late, unless it says nothing. */
static int check_late_map(const struct reader *in, struct error *err)
{
	const struct json_list *list = list_of(in, MAP);
	size_t places = in->has[MAP] && list->dims > 0 ? list->dim[list->dims - 1] : 0;
	for (size_t i = 0; places > 0 && i < list->n; i++)
		if (list->value[i] != (int64_t)(i % places))
			return fail(err, ERROR_USER,
						"the physical_to_logical_map must stand before the records (json.dump(..., sort_keys=True))");
	return 0;
}

static int take_whole(struct reader *in, struct error *err)
{
	in->wrapped = false;
	TRY(read_record(in, err));
	if (!in->wrapped)
		return take_record(in, err);
	free(in->places.value);
	in->places = (struct json_list){ 0 };
	return check_late_map(in, err);
}

/* A list that stands alone is one of counts: [layer][expert] or [step][layer][expert]. */
static int take_list(struct reader *in, struct error *err)
{
	memset(in->has, 0, sizeof in->has);
	TRY(read_value(in, COUNTS, "the list", err));
	if (list_of(in, COUNTS)->dims == 1)
		return fail(err, ERROR_USER, "expected a JSON object, or one list of counts per layer (%s)", TRACE_FORMS);
	return take_record(in, err);
}

/* Is this the list of all records, and not one of counts?  Its first member tells. */
static int open_array(struct reader *in, bool *opened, struct error *err)
{
	char c;
	*opened = false;
	if (in->records > 0 || *in->json.at != '[')
		return 0;
	const char *next = in->json.at + 1;
	while (*next == ' ' || *next == '\t' || *next == '\r' || *next == '\n')
		next++;
	*opened = *next == '{';
	if (!*opened)
		return 0;
	TRY(json_source_take(&in->json, '[', err));
	return json_source_peek(&in->json, &c, err);
}

static int take_value(struct reader *in, char c, struct error *err)
{
	in->line = in->json.line;
	if (c == '{')
		return take_whole(in, err);
	if (c == '[')
		return take_list(in, err);
	return json_source_fail(&in->json, err, "expected a record");
}

static int read_array(struct reader *in, struct error *err)
{
	bool closed = false;
	char c;
	while (!closed) {
		TRY(json_source_peek(&in->json, &c, err));
		TRY(take_value(in, c, err));
		TRY(json_source_next(&in->json, ']', &closed, err));
	}
	TRY(json_source_peek(&in->json, &c, err));
	return c == 0 ? 0 : json_source_fail(&in->json, err, "trailing data after the list of records");
}

/* A record ends with its line, so that one that is cut is not taken for the next. */
static int read_lines(struct reader *in, struct error *err)
{
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	while (c != 0) {
		TRY(take_value(in, c, err));
		unsigned line = in->json.line;
		TRY(json_source_peek(&in->json, &c, err));
		if (c != 0 && in->json.line == line)
			return json_source_fail(&in->json, err, "trailing data after the record on its line");
	}
	return 0;
}

static int read_all(struct reader *in, struct error *err)
{
	bool array;
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	TRY(open_array(in, &array, err));
	return array ? read_array(in, err) : read_lines(in, err);
}

static void reader_free(struct reader *in)
{
	for (size_t i = 0; i < LISTS; i++)
		free(in->list[i].value);
	free(in->weights.value);
	free(in->places.value);
	free(in);
}

int trace_json_read(struct source *source, const char *name, const struct trace_options *options, struct tally *tally,
					struct error *err)
{
	struct reader *in = calloc(1, sizeof *in);
	if (in == NULL)
		error_no_memory("a JSON reader");
	in->name = name;
	in->options = options;
	in->tally = tally;
	in->counts_step = -1;
	int status = json_source_open(&in->json, source, err) != 0 || read_all(in, err) != 0 ? -1 : 0;
	if (status != 0)
		fail_at(err, name, in->line, 0);
	else if (in->records == 0)
		status = trace_fail_empty(options, err);
	reader_free(in);
	return status;
}
