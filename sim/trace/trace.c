/* SPDX-License-Identifier: GPL-3.0-or-later
 * trace.c -- reads a file in the format that its first character tells.
 */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/trace.h"

int trace_fail_empty(const struct trace_options *options, struct error *err)
{
	if (options->step != TRACE_ALL_STEPS)
		return fail(err, ERROR_USER, "has no rows for step %" PRId64, options->step);
	return fail(err, ERROR_USER, "has a header but no rows");
}

static size_t mark_length(const char *bytes, size_t n)
{
	return n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static bool is_json(const char *bytes, size_t n)
{
	size_t at = 0;
	while (at < n && strchr(" \t\r\n", bytes[at]) != NULL && bytes[at] != 0)
		at++;
	return at < n && (bytes[at] == '{' || bytes[at] == '[');
}

/* The log of an engine that tells how even the load of its ranks is, and no more. */
static bool is_log_of_balance(const char *bytes, size_t n)
{
	static const char word[] = "balancedness=";
	return memmem(bytes, n < 4096 ? n : 4096, word, strlen(word)) != NULL;
}

static int read_text(struct source *source, const char *name, const struct trace_options *options, struct tally *tally,
					 struct error *err)
{
	const char *bytes = source->buffer + source->begin;
	size_t n = source->end - source->begin;
	if (is_json(bytes, n))
		return trace_json_read(source, name, options, tally, err);
	if (is_log_of_balance(bytes, n))
		return fail(err, ERROR_USER,
					"is a log of balancedness, which has no data on single experts (record the expert distribution of "
					"SGLang or the expert_load of vLLM, and write it as JSON)");
	return trace_csv_read(source, name, options, tally, err);
}

static int read_source(struct source *source, const char *name, const struct trace_options *options,
					   struct tally *tally, struct error *err)
{
	if (source == NULL)
		return fail_at(err, name, 0, 0);
	source->begin += mark_length(source->buffer, source->end);
	tally_begin_file(tally);
	int status = read_text(source, name, options, tally, err);
	source_close(source);
	return status == 0 ? 0 : fail_at(err, name, 0, 0);
}

int trace_read_bytes(const char *name, const void *bytes, size_t size, const struct trace_options *options,
					 struct tally *tally, struct error *err)
{
	return read_source(source_open_bytes(bytes, size, err), text_keep(name), options, tally, err);
}

int trace_read(const char *path, const struct trace_options *options, struct tally *tally, struct error *err)
{
	const char *name = strcmp(path, "-") == 0 ? "(standard input)" : text_keep(path);
	return read_source(source_open(path, err), name, options, tally, err);
}
