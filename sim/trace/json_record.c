/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json_record.c -- one JSON record of a routing, under the keys of the tools that write them.
 */
#include <config.h>

#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/trace_json.h"

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

static enum field field_of(const char *name)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].field;
	return UNKNOWN;
}

/* The field of the record's n-th key; mostly the record before had the same. */
static enum field field_at(struct json_reader *in, size_t n, const char *name)
{
	if (n >= JSON_REMEMBERED)
		return field_of(name);
	if (strcmp(in->key[n].name, name) != 0) {
		strcpy(in->key[n].name, name);
		in->key[n].field = field_of(name);
	}
	return in->key[n].field;
}

const char *json_record_name(enum field field)
{
	size_t i = 0;
	while (keys[i].field != field)
		i++;
	return keys[i].name;
}

/* A number where one is wanted; the value of a token may be a word, too, and says nothing then. */
static int read_number(struct json_reader *in, enum field field, const char *name, struct error *err)
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

static int read_request(struct json_reader *in, struct error *err)
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

static int read_type(struct json_reader *in, struct error *err)
{
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	return c == '"' ? json_source_string(&in->json, in->type, sizeof in->type, NULL, err)
					: json_source_skip(&in->json, err);
}

static int read_list(struct json_reader *in, enum field field, const char *name, struct error *err)
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

int json_record_value(struct json_reader *in, enum field field, const char *name, struct error *err)
{
	if (field == RECORDS)
		return in->records_in(in, err);
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

int json_record_read(struct json_reader *in, struct error *err)
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
		TRY(json_record_value(in, field_at(in, n, name), name, err));
		TRY(json_source_next(&in->json, '}', &closed, err));
	}
	return 0;
}
