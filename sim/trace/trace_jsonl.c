/* SPDX-License-Identifier: GPL-3.0-or-later
 * trace_jsonl.c -- Megatron-LM's router traces: one JSON object a line.
 */
#include <config.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/trace.h"

enum { LINE_MOST = 1 << 24 /* bytes; a parsed line takes some ten times as much */ };

struct reader {
	const char *name;
	const struct trace_options *options;
	struct tally *tally;
	char *text; /* the line under way */
	size_t used, room;
	size_t records; /* taken */
	unsigned line;
};

/* ---- one record ------------------------------------------------------------------------------------------------ */

static int whole_number(const json_t *value, const char *name, json_int_t most, json_int_t *out, struct error *err)
{
	if (!json_is_integer(value))
		return fail(err, ERROR_USER, value ? "%s is not a whole number" : "the record has no %s", name);
	*out = json_integer_value(value);
	if (*out < 0 || *out > most)
		return fail(err, ERROR_USER, "%s %" JSON_INTEGER_FORMAT " is out of range (0 to %" JSON_INTEGER_FORMAT ")",
					name, *out, most);
	return 0;
}

static int field(const json_t *record, const char *name, json_int_t most, json_int_t *out, struct error *err)
{
	return whole_number(json_object_get(record, name), name, most, out, err);
}

static int add_token(struct tally *tally, struct tally_group *group, const json_t *experts, json_int_t topk,
					 struct error *err)
{
	int64_t token = (int64_t)group->tokens;
	if (!json_is_array(experts) || (json_int_t)json_array_size(experts) != topk)
		return fail(err, ERROR_USER, "an entry of top_indices is no list of %" JSON_INTEGER_FORMAT " (topk)", topk);
	for (size_t slot = 0; slot < json_array_size(experts); slot++) {
		json_int_t expert = 0;
		TRY(whole_number(json_array_get(experts, slot), "an expert in top_indices", TALLY_IDS - 1, &expert, err));
		TRY(tally_pick(tally, group, token, slot, (uint64_t)expert, err));
	}
	return 0;
}

static int find_model(struct reader *in, const json_t *record, uint32_t *model, struct error *err)
{
	const char *name = in->options->model;
	json_int_t block = 0;
	if (json_object_get(record, "mtp_idx") != NULL) {
		TRY(field(record, "mtp_idx", TALLY_NAMES, &block, err));
		name = text_keep_f("%s-mtp%" JSON_INTEGER_FORMAT, name, block);
	}
	return tally_model(in->tally, name, model, err);
}

static int add_record(struct reader *in, const json_t *record, struct error *err)
{
	json_int_t layer = 0, tokens = 0, topk = 0, step = 0;
	uint32_t model, domain;
	if (!json_is_object(record))
		return fail(err, ERROR_USER, "the line is no JSON object");
	TRY(field(record, "layer", TALLY_IDS - 1, &layer, err));
	TRY(field(record, "num_tokens", LINE_MOST, &tokens, err));
	TRY(field(record, "topk", TALLY_IDS, &topk, err));
	if (topk == 0)
		return fail(err, ERROR_USER, "topk is 0");
	if (json_object_get(record, "step") != NULL || in->options->step != TRACE_ALL_STEPS)
		TRY(field(record, "step", (json_int_t)TALLY_MOST, &step, err));
	const json_t *indices = json_object_get(record, "top_indices");
	if (!json_is_array(indices) || (json_int_t)json_array_size(indices) != tokens)
		return fail(err, ERROR_USER, "top_indices is no list of %" JSON_INTEGER_FORMAT " entries (num_tokens)", tokens);
	if (in->options->step != TRACE_ALL_STEPS && in->options->step != step)
		return 0;
	TRY(find_model(in, record, &model, err));
	TRY(tally_domain(in->tally, "", &domain, err));
	struct tally_group *group =
		tally_group(in->tally, model, domain, (uint64_t)layer, TALLY_TOKENS, in->name, in->line, err);
	if (group == NULL)
		return -1;
	if (group->tokens != 0 && group->slots != (uint32_t)topk)
		return fail(err, ERROR_USER, "topk is %" JSON_INTEGER_FORMAT ", for this layer it was %" PRIu32 " before", topk,
					group->slots);
	in->records++;
	for (size_t i = 0; i < json_array_size(indices); i++)
		TRY(add_token(in->tally, group, json_array_get(indices, i), topk, err));
	return 0;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static bool is_blank(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
			return false;
	return true;
}

static int take_line(struct reader *in, const char *text, size_t n, struct error *err)
{
	if (is_blank(text, n))
		return 0;
	json_error_t trouble;
	json_t *record = json_loadb(text, n, JSON_REJECT_DUPLICATES, &trouble);
	int status = 0;
	if (record == NULL) {
		status = fail(err, ERROR_USER, "is not JSON: %s", trouble.text);
		fail_at(err, in->name, in->line, trouble.column > 0 ? (unsigned)trouble.column : 0);
	} else if (add_record(in, record, err) != 0) {
		status = fail_at(err, in->name, in->line, 0);
	}
	json_decref(record);
	return status;
}

static int keep(struct reader *in, const char *bytes, size_t n, struct error *err)
{
	if (n == 0)
		return 0;
	if (n > LINE_MOST - in->used) {
		fail(err, ERROR_USER, "the line is longer than %d bytes", LINE_MOST);
		return fail_at(err, in->name, in->line, 0);
	}
	if (in->used + n > in->room) {
		in->room = 2 * (in->used + n);
		in->text = realloc(in->text, in->room);
		if (in->text == NULL)
			error_no_memory("a line of JSON");
	}
	memcpy(in->text + in->used, bytes, n);
	in->used += n;
	return 0;
}

/* ---- the format -------------------------------------------------------------------------------------------------- */

static void *jsonl_open(const char *name, const struct trace_options *options, struct tally *tally)
{
	struct reader *in = calloc(1, sizeof *in);
	if (in == NULL)
		error_no_memory("a JSON reader");
	*in = (struct reader){ .name = name, .options = options, .tally = tally, .line = 1 };
	return in;
}

static int jsonl_feed(void *reader, const char *bytes, size_t size, struct error *err)
{
	struct reader *in = reader;
	const char *end = bytes + size, *stop;
	for (; (stop = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL; bytes = stop + 1) {
		TRY(keep(in, bytes, (size_t)(stop - bytes), err));
		TRY(take_line(in, in->text, in->used, err));
		in->used = 0;
		in->line++;
	}
	return keep(in, bytes, (size_t)(end - bytes), err);
}

static int jsonl_end(void *reader, struct error *err)
{
	struct reader *in = reader;
	TRY(take_line(in, in->text, in->used, err));
	return in->records > 0 ? 0 : trace_fail_empty(in->options, err);
}

static void jsonl_close(void *reader)
{
	struct reader *in = reader;
	free(in->text);
	free(in);
}

const struct trace_format trace_jsonl = { jsonl_open, jsonl_feed, jsonl_end, jsonl_close };
