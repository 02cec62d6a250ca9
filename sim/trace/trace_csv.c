/* SPDX-License-Identifier: GPL-3.0-or-later
 * trace_csv.c -- expert counts and traces in CSV, one row after the other.
 */
#include <config.h>

#include <csv.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/trace.h"

/* What a column means to us. */
enum role { MODEL, DOMAIN, STEP, TOKEN, LAYER, SLOT, EXPERT, COUNT, UNUSED, ROLES };

static const struct {
	const char *name;
	enum role role;
} columns[] = {
	{ "model", MODEL },   { "domain", DOMAIN }, { "step", STEP },   { "token", TOKEN },  { "layer", LAYER },
	{ "slot", SLOT },     { "expert", EXPERT }, { "count", COUNT }, { "tokens", COUNT }, { "assigned", COUNT },
	{ "weight", UNUSED }, { "kept", UNUSED },   { "prob", UNUSED }, { "bias", UNUSED },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

enum {
	CELL_MOST = 1 << 16, /* bytes; a longer cell is a quote that was never closed */
	TOKEN_BITS = 40      /* a token is told apart by its number and its step together */
};

struct reader {
	struct csv_parser parser;
	const char *name;
	const struct trace_options *options;
	struct tally *tally;
	struct error *err;
	bool failed;
	enum role role[COLUMNS]; /* of each column; columns_n of them once the header is read */
	size_t columns_n, cell;  /* cell: those of the row under way */
	enum tally_kind kind;
	bool has[ROLES];
	uint64_t value[ROLES]; /* of the row under way */
	uint32_t model, domain;
	const char *model_name, *domain_name; /* of the row before, as files repeat them */
	struct tally_group *group;            /* of the row before */
	unsigned line;                        /* where the row under way began */
	size_t rows;                          /* taken */
	bool after_cr;
};

static void refuse(struct reader *in, unsigned line)
{
	fail_at(in->err, in->name, line, 0);
	in->failed = true;
}

/* ---- the header ---------------------------------------------------------------------------------------------- */

static const char *nearest_column(const char *name)
{
	const char *names[COLUMNS + 1] = { NULL };
	for (size_t i = 0; i < COLUMNS; i++)
		names[i] = columns[i].name;
	const char *near = text_nearest(name, names);
	return near ? text_keep_f("did you mean '%s'?", near)
				: "columns are model, step, domain, token, layer, slot, expert, count, weight";
}

static int header_cell(struct reader *in, const char *name)
{
	size_t i = 0;
	while (i < COLUMNS && strcmp(columns[i].name, name) != 0)
		i++;
	if (i == COLUMNS)
		return fail(in->err, ERROR_USER, "column '%s' is not known (%s)", name, nearest_column(name));
	enum role role = columns[i].role;
	if (role != UNUSED && in->has[role])
		return fail(in->err, ERROR_USER, "column '%s' is there twice, or under two names", name);
	if (in->cell == COLUMNS)
		return fail(in->err, ERROR_USER, "the header has more than %d columns", COLUMNS);
	in->has[role] = true;
	in->role[in->cell] = role;
	return 0;
}

static int end_header(struct reader *in)
{
	in->columns_n = in->cell;
	if (!in->has[LAYER] || !in->has[EXPERT])
		return fail(in->err, ERROR_USER,
					"the header lacks the column '%s' (a header is needed: layer,expert,count or "
					"layer,expert or token,layer,slot,expert)",
					in->has[LAYER] ? "expert" : "layer");
	if (in->has[TOKEN] != in->has[SLOT])
		return fail(in->err, ERROR_USER, "the columns 'token' and 'slot' belong together");
	if (in->has[COUNT] && in->has[TOKEN])
		return fail(in->err, ERROR_USER, "a file has counts or tokens, not both");
	if (in->options->step != TRACE_ALL_STEPS && !in->has[STEP])
		return fail(in->err, ERROR_USER, "there is no column 'step', so no step can be chosen");
	in->kind = in->has[COUNT] ? TALLY_COUNTS : in->has[TOKEN] ? TALLY_TOKENS : TALLY_PAIRS;
	return 0;
}

/* ---- a row --------------------------------------------------------------------------------------------------- */

/* Digits alone; false for anything else. */
static bool parse_id(const char *text, size_t n, uint64_t *out)
{
	uint64_t value = 0;
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned char)text[i] - (unsigned)'0';
		if (digit > 9)
			return false;
		value = value < UINT64_MAX / 100 ? value * 10 + digit : UINT64_MAX / 10;
	}
	*out = value;
	return true;
}

static int number_cell(struct reader *in, enum role role, const char *text, size_t n)
{
	static const uint64_t most[ROLES] = {
		[STEP] = TALLY_MOST,   [TOKEN] = UINT64_C(1) << TOKEN_BITS,
		[LAYER] = TALLY_MOST,  [SLOT] = TALLY_MOST,
		[EXPERT] = TALLY_MOST, [COUNT] = TALLY_MOST,
	};
	static const char *const names[ROLES] = {
		[STEP] = "step", [TOKEN] = "token", [LAYER] = "layer", [SLOT] = "slot", [EXPERT] = "expert", [COUNT] = "count"
	};
	if (!parse_id(text, n, &in->value[role]))
		return fail(in->err, ERROR_USER, "%s '%s' is not a whole number from 0 up", names[role], text);
	if (in->value[role] > most[role])
		return fail(in->err, ERROR_USER, "%s %s is too large (at most %" PRIu64 ")", names[role], text, most[role]);
	return 0;
}

static int name_cell(struct reader *in, enum role role, const char *text, size_t n)
{
	const char **before = role == MODEL ? &in->model_name : &in->domain_name;
	if (*before != NULL && strcmp(*before, text) == 0)
		return 0;
	if (n == 0 || n > 200)
		return fail(in->err, ERROR_USER, "a %s's name has 1 to 200 characters", role == MODEL ? "model" : "domain");
	for (const char *c = text; *c != 0; c++)
		if ((unsigned char)*c < 0x20)
			return fail(in->err, ERROR_USER, "the name of a %s holds a line end or another control character",
						role == MODEL ? "model" : "domain");
	*before = NULL;
	in->group = NULL;
	TRY(role == MODEL ? tally_model(in->tally, text, &in->model, in->err)
					  : tally_domain(in->tally, text, &in->domain, in->err));
	*before = role == MODEL ? in->tally->model[in->model] : in->tally->domain[in->domain];
	return 0;
}

static int take_cell(struct reader *in, const char *text, size_t n)
{
	if (in->columns_n == 0)
		return header_cell(in, text);
	if (in->cell >= in->columns_n)
		return 0;
	enum role role = in->role[in->cell];
	if (role == UNUSED)
		return 0;
	return role == MODEL || role == DOMAIN ? name_cell(in, role, text, n) : number_cell(in, role, text, n);
}

static int find_names(struct reader *in)
{
	if (!in->has[MODEL] && in->model_name == NULL) {
		TRY(tally_model(in->tally, in->options->model, &in->model, in->err));
		in->model_name = in->tally->model[in->model];
	}
	if (!in->has[DOMAIN] && in->domain_name == NULL) {
		TRY(tally_domain(in->tally, "", &in->domain, in->err));
		in->domain_name = in->tally->domain[in->domain];
	}
	return 0;
}

static int find_group(struct reader *in)
{
	if (in->group != NULL && in->group->layer == in->value[LAYER])
		return 0;
	TRY(find_names(in));
	in->group = tally_group(in->tally, in->model, in->domain, in->value[LAYER], in->kind, in->name, in->line, in->err);
	return in->group == NULL ? -1 : 0;
}

static int add_row(struct reader *in)
{
	if (in->cell != in->columns_n)
		return fail(in->err, ERROR_USER, "the row has %zu cells, the header has %zu", in->cell, in->columns_n);
	if (in->options->step != TRACE_ALL_STEPS && in->value[STEP] != (uint64_t)in->options->step)
		return 0;
	TRY(find_group(in));
	in->rows++;
	uint64_t expert = in->value[EXPERT], step = in->value[STEP];
	if (in->kind == TALLY_COUNTS)
		return tally_count(in->tally, in->group, expert, in->value[COUNT], (int64_t)step, in->err);
	if (in->kind == TALLY_PAIRS)
		return tally_pair(in->tally, in->group, expert, in->err);
	if (step >> (63 - TOKEN_BITS) != 0)
		return fail(in->err, ERROR_USER, "step %" PRIu64 " is too large for a trace of tokens", step);
	int64_t token = (int64_t)(step << TOKEN_BITS | in->value[TOKEN]);
	return tally_pick(in->tally, in->group, token, in->value[SLOT], expert, in->err);
}

/* ---- what libcsv calls ---------------------------------------------------------------------------------------- */

static void on_cell(void *bytes, size_t n, void *reader)
{
	struct reader *in = reader;
	in->after_cr = false;
	if (in->failed)
		return;
	if (take_cell(in, bytes, n) != 0)
		refuse(in, in->line);
	in->cell++;
}

/* Also called for each blank line, and for both characters of CRLF; `end` is -1 at the end of the file. */
static void on_row(int end, void *reader)
{
	struct reader *in = reader;
	bool second_half = end == '\n' && in->after_cr;
	in->after_cr = end == '\r';
	if (in->failed || second_half)
		return;
	if (in->cell > 0 && (in->columns_n == 0 ? end_header(in) : add_row(in)) != 0)
		refuse(in, in->line);
	in->cell = 0;
	in->line++;
}

/* ---- the format ------------------------------------------------------------------------------------------------ */

static void *csv_reader_open(const char *name, const struct trace_options *options, struct tally *tally)
{
	struct reader *in = calloc(1, sizeof *in);
	if (in == NULL || csv_init(&in->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL | CSV_APPEND_NULL) != 0)
		error_no_memory("a CSV reader");
	in->name = name;
	in->options = options;
	in->tally = tally;
	in->line = 1;
	return in;
}

static int csv_reader_feed(void *reader, const char *bytes, size_t size, struct error *err)
{
	struct reader *in = reader;
	in->err = err;
	if (memchr(bytes, 0, size) != NULL) {
		fail(err, ERROR_USER, "is no text file: it holds a zero byte");
		return fail_at(err, in->name, 0, 0);
	}
	size_t done = csv_parse(&in->parser, bytes, size, on_cell, on_row, in);
	if (in->failed)
		return -1;
	if (done != size && csv_error(&in->parser) != CSV_EPARSE)
		error_no_memory("a CSV cell");
	if (done != size)
		fail(err, ERROR_USER, "a quote is out of place (quote the whole cell and write each quote inside it twice)");
	else if (csv_get_buffer_size(&in->parser) > CELL_MOST)
		fail(err, ERROR_USER, "a cell is longer than %d bytes (is a quote never closed?)", CELL_MOST);
	else
		return 0;
	return fail_at(err, in->name, in->line, 0);
}

static int csv_reader_end(void *reader, struct error *err)
{
	struct reader *in = reader;
	in->err = err;
	if (csv_fini(&in->parser, on_cell, on_row, in) != 0) {
		fail(err, ERROR_USER, "a quoted cell is never closed (the row begins here)");
		return fail_at(err, in->name, in->line, 0);
	}
	if (in->failed)
		return -1;
	if (in->columns_n == 0)
		return fail(err, ERROR_USER, "is empty (a CSV file begins with a line of column names)");
	return in->rows > 0 ? 0 : trace_fail_empty(in->options, err);
}

static void csv_reader_close(void *reader)
{
	struct reader *in = reader;
	csv_free(&in->parser);
	free(in);
}

const struct trace_format trace_csv = { csv_reader_open, csv_reader_feed, csv_reader_end, csv_reader_close };
