/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace_json.c -- expert ids and counts in JSON, one record after the other.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "sim/trace/trace_json.h"

static int take_inner(struct json_reader *in, struct error *err)
{
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	if (c != '{')
		return json_source_fail(&in->json, err, "expected a record");
	in->line = in->json.line;
	TRY(json_record_read(in, err));
	return json_routes_add(in, err);
}

/* What was read of the record around them is done with, but for its map. */
static int read_records(struct json_reader *in, struct error *err)
{
	bool closed = false;
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	if (c != '[' || in->within)
		return json_source_skip(&in->json, err);
	in->within = true;
	if (in->has[MAP]) {
		in->places = *json_record_list(in, MAP);
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
static int check_late_map(const struct json_reader *in, struct error *err)
{
	const struct json_list *list = json_record_list(in, MAP);
	size_t places = in->has[MAP] && list->dims > 0 ? list->dim[list->dims - 1] : 0;
	for (size_t i = 0; places > 0 && i < list->n; i++)
		if (list->value[i] != (int64_t)(i % places))
			return fail(err, ERROR_USER,
						"the physical_to_logical_map must stand before the records (json.dump(..., sort_keys=True))");
	return 0;
}

static int take_whole(struct json_reader *in, struct error *err)
{
	in->wrapped = false;
	TRY(json_record_read(in, err));
	if (!in->wrapped)
		return json_routes_add(in, err);
	free(in->places.value);
	in->places = (struct json_list){ 0 };
	return check_late_map(in, err);
}

/* A list that stands alone is one of counts: [layer][expert] or [step][layer][expert]. */
static int take_list(struct json_reader *in, struct error *err)
{
	memset(in->has, 0, sizeof in->has);
	TRY(json_record_value(in, COUNTS, "the list", err));
	if (json_record_list(in, COUNTS)->dims == 1)
		return fail(err, ERROR_USER, "expected a JSON object, or one list of counts per layer (%s)", TRACE_FORMS);
	return json_routes_add(in, err);
}

/* Is this the list of all records, and not one of counts?  Its first member tells. */
static int open_array(struct json_reader *in, bool *opened, struct error *err)
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

static int take_value(struct json_reader *in, char c, struct error *err)
{
	in->line = in->json.line;
	if (c == '{')
		return take_whole(in, err);
	if (c == '[')
		return take_list(in, err);
	return json_source_fail(&in->json, err, "expected a record");
}

static int read_array(struct json_reader *in, struct error *err)
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
static int read_lines(struct json_reader *in, struct error *err)
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

static int read_all(struct json_reader *in, struct error *err)
{
	bool array;
	char c;
	TRY(json_source_peek(&in->json, &c, err));
	TRY(open_array(in, &array, err));
	return array ? read_array(in, err) : read_lines(in, err);
}

static void reader_free(struct json_reader *in)
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
	struct json_reader *in = calloc(1, sizeof *in);
	if (in == NULL)
		error_no_memory("a JSON reader");
	in->name = name;
	in->options = options;
	in->tally = tally;
	in->counts_step = -1;
	in->records_in = read_records;
	int status = json_source_open(&in->json, source, err) != 0 || read_all(in, err) != 0 ? -1 : 0;
	if (status != 0)
		fail_at(err, name, in->line, 0);
	else if (in->records == 0)
		status = trace_fail_empty(options, err);
	reader_free(in);
	return status;
}
