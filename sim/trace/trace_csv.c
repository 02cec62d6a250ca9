/* SPDX-License-Identifier: GPL-3.0-or-later
 * trace_csv.c -- expert counts and traces in CSV, one row after the other.
 */
#include <config.h>

#include <csv.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/trace/trace.h"

/* What a column means to us. */
enum role { MODEL, DOMAIN, STEP, TOKEN, LAYER, SLOT, EXPERT, COUNT, RANK, WEIGHT, KIND, UNUSED, ROLES };

static const struct {
	const char *name;
	enum role role;
} columns[] = {
	{ "model", MODEL },       { "domain", DOMAIN },       { "step", STEP },        { "token", TOKEN },
	{ "layer", LAYER },       { "slot", SLOT },           { "expert", EXPERT },    { "count", COUNT },
	{ "tokens", COUNT },      { "assigned", COUNT },      { "load", COUNT },       { "rank", RANK },
	{ "weight", WEIGHT },     { "layer_id", LAYER },      { "expert_id", EXPERT }, { "layer_idx", LAYER },
	{ "expert_idx", EXPERT }, { "token_idx", TOKEN },     { "token_pos", TOKEN },  { "kept", UNUSED },
	{ "prob", UNUSED },       { "bias", UNUSED },         { "phase", UNUSED },     { "turn", UNUSED },
	{ "residency", UNUSED },  { "expert_bytes", UNUSED }, { "token_id", UNUSED },  { "text", UNUSED },
	{ "position", UNUSED },   { "kind", KIND },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

enum { CELL_MOST = 1 << 16 /* bytes; a longer cell is a quote that was never closed */ };
#define PADDING UINT64_MAX /* expert -1 */

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
	float weight;
	bool bare;       /* the row is of an expert without a network */
	uint64_t stated; /* experts, as a comment says; 0: none does */
	uint32_t model, domain;
	const char *model_name, *domain_name; /* of the row before, as files repeat them */
	struct tally_group *group;            /* of the row before */
	unsigned line;                        /* where the row under way began */
	size_t rows;                          /* taken */
	bool after_cr;
	bool row_ended; /* libcsv stands at the beginning of a row */
};

static void refuse(struct reader *in, unsigned line)
{
	fail_at(in->err, in->name, line, 0);
	in->failed = true;
}

static const char *nearest_column(const char *name)
{
	const char *names[COLUMNS + 1] = { NULL };
	for (size_t i = 0; i < COLUMNS; i++)
		names[i] = columns[i].name;
	const char *near = text_nearest(name, names);
	return near ? text_keep_f("did you mean '%s'?", near) : TRACE_FORMS;
}

static int header_cell(struct reader *in, const char *name)
{
	size_t i = 0;
	while (i < COLUMNS && strcmp(columns[i].name, name) != 0)
		i++;
	if (i == COLUMNS)
		return fail(in->err, ERROR_USER, "unknown column '%s' (%s)", name, nearest_column(name));
	enum role role = columns[i].role;
	if (role != UNUSED && in->has[role])
		return fail(in->err, ERROR_USER, "column '%s' is given twice, or under two names", name);
	if (in->cell == COLUMNS)
		return fail(in->err, ERROR_USER, "the header has more than %d columns", COLUMNS);
	in->has[role] = true;
	in->role[in->cell] = role;
	return 0;
}

/* Without a slot the rank is that of the choice; beside one it is that of a process. */
static void find_rank(struct reader *in)
{
	for (size_t i = 0; i < in->cell && in->has[TOKEN] && in->has[RANK] && !in->has[SLOT]; i++)
		if (in->role[i] == RANK) {
			in->role[i] = SLOT;
			in->has[SLOT] = true;
			in->has[RANK] = false;
		}
}

static int end_header(struct reader *in)
{
	in->columns_n = in->cell;
	find_rank(in);
	if (!in->has[LAYER] || !in->has[EXPERT])
		return fail(in->err, ERROR_USER, "the header lacks the column '%s' (%s)", in->has[LAYER] ? "expert" : "layer",
					TRACE_FORMS);
	if (in->has[TOKEN] != in->has[SLOT])
		return fail(in->err, ERROR_USER, "the columns 'token' and 'slot' must be given together");
	if (in->has[COUNT] && in->has[TOKEN])
		return fail(in->err, ERROR_USER, "a file must have either counts or tokens, not both");
	if (in->options->step != TRACE_ALL_STEPS && !in->has[STEP])
		return fail(in->err, ERROR_USER, "--step needs a column 'step'");
	in->kind = in->has[COUNT] ? TALLY_COUNTS : in->has[TOKEN] ? TALLY_TOKENS : TALLY_PAIRS;
	return 0;
}

/* A line of comment before the header; one that says "n_expert=128" states the number of experts. */
static void note_comment(struct reader *in, const char *from, const char *end)
{
	static const char word[] = "n_expert=";
	const char *at = memmem(from, (size_t)(end - from), word, strlen(word));
	for (at = at ? at + strlen(word) : end; at < end && *at >= '0' && *at <= '9' && in->stated <= TALLY_IDS; at++)
		in->stated = in->stated * 10 + (uint64_t)(*at - '0');
	in->line++;
}

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

static const uint64_t most[ROLES] = {
	[STEP] = TALLY_MOST,   [TOKEN] = UINT64_C(1) << TRACE_TOKEN_BITS,
	[LAYER] = TALLY_MOST,  [SLOT] = TALLY_MOST,
	[EXPERT] = TALLY_MOST, [COUNT] = TALLY_MOST,
	[RANK] = TALLY_MOST,
};

static int number_cell(struct reader *in, enum role role, const char *text, size_t n)
{
	static const char *const names[ROLES] = { [STEP] = "step", [TOKEN] = "token",   [LAYER] = "layer", [SLOT] = "slot",
											  [RANK] = "rank", [EXPERT] = "expert", [COUNT] = "count" };
	if (role == EXPERT && strcmp(text, "-1") == 0) {
		in->value[role] = PADDING;
		return 0;
	}
	if (!parse_id(text, n, &in->value[role]))
		return fail(in->err, ERROR_USER, "%s '%s' is not a non-negative integer", names[role], text);
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
		return fail(in->err, ERROR_USER, "the name of a %s must have 1 to 200 characters",
					role == MODEL ? "model" : "domain");
	for (const char *c = text; *c != 0; c++)
		if ((unsigned char)*c < 0x20)
			return fail(in->err, ERROR_USER, "the name of a %s contains a control character",
						role == MODEL ? "model" : "domain");
	*before = NULL;
	in->group = NULL;
	TRY(role == MODEL ? tally_model(in->tally, text, &in->model, in->err)
					  : tally_domain(in->tally, text, &in->domain, in->err));
	*before = role == MODEL ? in->tally->model[in->model] : in->tally->domain[in->domain];
	return 0;
}

static int weight_cell(struct reader *in, const char *text)
{
	double value;
	if (!text_to_real(text, &value))
		return fail(in->err, ERROR_USER, "weight '%s' is not a number", text);
	in->weight = (float)value;
	return 0;
}

static const char *const kinds[] = { "ffn", "zero", "copy", "constant" }; /* of experts, as in a run's experts.csv */
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The place of a kind among them; KINDS: it is none. */
static size_t kind_of(const char *text, size_t n)
{
	size_t i = 0;
	while (i < KINDS && (strlen(kinds[i]) != n || memcmp(kinds[i], text, n) != 0))
		i++;
	return i;
}

static int kind_cell(struct reader *in, const char *text, size_t n)
{
	size_t kind = kind_of(text, n);
	if (kind == KINDS)
		return fail(in->err, ERROR_USER, "kind '%s' is none of ffn, zero, copy and constant", text);
	in->bare = kind > 0;
	return 0;
}

static int take_cell(struct reader *in, const char *text, size_t n)
{
	if (in->columns_n == 0)
		return header_cell(in, text);
	if (in->cell >= in->columns_n)
		return 0;
	enum role role = in->role[in->cell];
	if (role == UNUSED || (role == WEIGHT && !in->tally->keeps))
		return 0;
	if (role == WEIGHT)
		return weight_cell(in, text);
	if (role == KIND)
		return kind_cell(in, text, n);
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
	if (in->stated != 0)
		TRY(tally_state_experts(in->tally, in->model, in->stated, in->err));
	in->group = tally_group(in->tally, in->model, in->domain, in->value[LAYER], in->kind, in->name, in->line, in->err);
	return in->group == NULL ? -1 : 0;
}

/* A number that no other token of the file has in this layer. */
static int number_token(const struct reader *in, int64_t *token)
{
	uint64_t name[3] = { in->value[STEP], in->value[TOKEN], in->value[RANK] };
	if (name[0] >> (63 - TRACE_TOKEN_BITS) != 0)
		return fail(in->err, ERROR_USER, "step %" PRIu64 " is too large for a trace of tokens", name[0]);
	*token = in->has[RANK] ? (int64_t)(text_hash_bytes(name, sizeof name, TEXT_HASH_START) >> 1)
						   : (int64_t)(name[0] << TRACE_TOKEN_BITS | name[1]);
	return 0;
}

static int add_token(struct reader *in)
{
	int64_t token = 0;
	TRY(number_token(in, &token));
	if (in->value[EXPERT] == PADDING) {
		tally_pad_token(in->tally, in->group, token, in->value[SLOT]);
		return 0;
	}
	return tally_pick(in->tally, in->group, token, in->value[SLOT], in->value[EXPERT], in->weight, in->err);
}

static int add_row(struct reader *in)
{
	if (in->cell != in->columns_n)
		return fail(in->err, ERROR_USER, "the row has %zu cells, the header has %zu", in->cell, in->columns_n);
	if (in->options->step != TRACE_ALL_STEPS && in->value[STEP] != (uint64_t)in->options->step)
		return 0;
	if (in->has[KIND] && in->bare) /* it has no work that could be in balance */
		return 0;
	TRY(find_group(in));
	in->rows++;
	uint64_t expert = in->value[EXPERT];
	if (in->kind == TALLY_TOKENS)
		return add_token(in);
	if (expert == PADDING) {
		in->tally->padding += in->kind == TALLY_COUNTS ? in->value[COUNT] : 1;
		return 0;
	}
	if (in->kind == TALLY_PAIRS)
		return tally_pair(in->tally, in->group, expert, in->err);
	/* the ranks of one file add up, in whatever order they stand */
	int64_t step = (int64_t)(in->has[RANK] ? in->rows : in->value[STEP]);
	return tally_count(in->tally, in->group, expert, in->value[COUNT], step, in->err);
}

static void on_cell(void *bytes, size_t n, void *reader)
{
	struct reader *in = reader;
	in->after_cr = in->row_ended = false;
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
	in->row_ended = true;
	if (in->failed || second_half)
		return;
	if (in->cell > 0 && (in->columns_n == 0 ? end_header(in) : add_row(in)) != 0)
		refuse(in, in->line);
	in->cell = 0;
	in->line++;
}

/* Digits up to a comma or the end of the row, as nearly all cells of a trace are; NULL: it is something else. */
static const char *plain_number(const char *c, uint64_t most_of_role, uint64_t *value)
{
	const char *first = c;
	uint64_t sum = 0;
	for (; *c >= '0' && *c <= '9'; c++)
		sum = sum * 10 + (uint64_t)(*c - '0');
	*value = sum;
	return c > first && c < first + 19 && sum <= most_of_role ? c : NULL;
}

static const char *plain_padding(const char *c, uint64_t *value)
{
	*value = PADDING;
	return c[0] == '-' && c[1] == '1' ? c + 2 : NULL;
}

/* The same name as in the row before. */
static const char *plain_name(const char *c, const char *before)
{
	size_t n = before ? strlen(before) : 0;
	return n > 0 && strncmp(c, before, n) == 0 ? c + n : NULL;
}

static const char *plain_rest(const char *c)
{
	while (*c != ',' && *c != '\n' && *c != '\r' && *c != '"' && *c != 0)
		c++;
	return c;
}

static const char *plain_kind(const char *c, bool *bare)
{
	const char *end = plain_rest(c);
	size_t kind = kind_of(c, (size_t)(end - c));
	*bare = kind > 0;
	return kind < KINDS ? end : NULL;
}

static const char *plain_cell(struct reader *in, enum role role, const char *c)
{
	if (role == UNUSED || role == WEIGHT)
		return plain_rest(c);
	if (role == KIND)
		return plain_kind(c, &in->bare);
	if (role == MODEL || role == DOMAIN)
		return plain_name(c, role == MODEL ? in->model_name : in->domain_name);
	if (role == EXPERT && *c == '-')
		return plain_padding(c, &in->value[EXPERT]);
	return plain_number(c, most[role], &in->value[role]);
}

/* The end of the row that begins here, its cells taken; NULL: it is not plain, or not whole. */
static const char *plain_row(struct reader *in, const char *c)
{
	for (size_t i = 0; i < in->columns_n; i++) {
		c = plain_cell(in, in->role[i], c);
		if (c == NULL || (i + 1 < in->columns_n && *c != ','))
			return NULL;
		c += i + 1 < in->columns_n;
	}
	c += *c == '\r';
	return *c == '\n' ? c + 1 : NULL;
}

/* Takes rows that need no parser, up to the first that does; libcsv takes twice the time of all the rest. */
static const char *plain_rows(struct reader *in, const char *at)
{
	for (const char *next; !in->failed && (next = plain_row(in, at)) != NULL; at = next) {
		in->cell = in->columns_n;
		if (add_row(in) != 0)
			refuse(in, in->line);
		in->cell = 0;
		in->line++;
	}
	return at;
}

static struct reader *reader_new(const char *name, const struct trace_options *options, struct tally *tally,
								 struct error *err)
{
	struct reader *in = calloc(1, sizeof *in);
	if (in == NULL || csv_init(&in->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL | CSV_APPEND_NULL) != 0)
		error_no_memory("a CSV reader");
	in->name = name;
	in->options = options;
	in->tally = tally;
	in->err = err;
	in->weight = NAN;
	in->line = 1;
	in->row_ended = true;
	return in;
}

static int parse(struct reader *in, const char *bytes, size_t size)
{
	struct error *err = in->err;
	in->row_ended = false;
	size_t done = csv_parse(&in->parser, bytes, size, on_cell, on_row, in);
	if (in->failed)
		return -1;
	if (done != size && csv_error(&in->parser) != CSV_EPARSE)
		error_no_memory("a CSV cell");
	if (done != size)
		fail(err, ERROR_USER, "misplaced quote (quote the whole cell and double each quote inside it)");
	else if (csv_get_buffer_size(&in->parser) > CELL_MOST)
		fail(err, ERROR_USER, "a cell is longer than %d bytes (is a closing quote missing?)", CELL_MOST);
	else
		return 0;
	return fail_at(err, in->name, in->line, 0);
}

/* May plain rows be taken here?  Weights are read by libcsv where they are kept. */
static bool takes_plain(const struct reader *in)
{
	return in->columns_n > 0 && in->row_ended && !(in->tally->keeps && in->has[WEIGHT]);
}

/* Takes the rows that are whole, or at the end of the file all; returns how many bytes that was, and -1 on failure. */
static int take_rows(struct reader *in, const char *from, const char *end, bool at_end, size_t *taken)
{
	const char *at = from;
	while (at < end) {
		if (takes_plain(in))
			at = plain_rows(in, at);
		if (in->failed)
			return -1;
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		if (line_end == NULL && !at_end && at > from)
			break;
		line_end = line_end ? line_end + 1 : end;
		if (in->columns_n == 0 && in->row_ended && *at == '#')
			note_comment(in, at, line_end);
		else if (at < end)
			TRY(parse(in, at, (size_t)(line_end - at)));
		at = line_end;
	}
	*taken = (size_t)(at - from);
	return 0;
}

static int read_rows(struct reader *in, struct source *source)
{
	while (source->begin < source->end) {
		const char *from = source->buffer + source->begin, *end = source->buffer + source->end;
		size_t taken;
		if (memchr(from, 0, (size_t)(end - from)) != NULL)
			return fail(in->err, ERROR_USER, "not a text file (NUL byte)");
		TRY(take_rows(in, from, end, source->at_end, &taken));
		source->begin += taken;
		TRY(source_fill(source, in->err));
	}
	return 0;
}

static int end_rows(struct reader *in)
{
	if (csv_fini(&in->parser, on_cell, on_row, in) != 0) {
		fail(in->err, ERROR_USER, "unterminated quoted cell (the row begins here)");
		return fail_at(in->err, in->name, in->line, 0);
	}
	if (in->failed)
		return -1;
	if (in->columns_n == 0)
		return fail(in->err, ERROR_USER, "is empty (a CSV file begins with a line of column names)");
	return in->rows > 0 ? 0 : trace_fail_empty(in->options, in->err);
}

int trace_csv_read(struct source *source, const char *name, const struct trace_options *options, struct tally *tally,
				   struct error *err)
{
	struct reader *in = reader_new(name, options, tally, err);
	int status = read_rows(in, source) != 0 || end_rows(in) != 0 ? -1 : 0;
	csv_free(&in->parser);
	free(in);
	return status;
}
