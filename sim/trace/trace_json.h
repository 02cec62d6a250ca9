/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace_json.h -- a routing in JSON as it is read; for the files of that reader alone.
 */
#ifndef SIM_TRACE_TRACE_JSON_H
#define SIM_TRACE_TRACE_JSON_H

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

enum { JSON_REMEMBERED = 16 };

struct json_reader {
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
	} key[JSON_REMEMBERED]; /* of the record before, as records repeat them */

	int (*records_in)(struct json_reader *, struct error *); /* reads a list of records within one */
	bool within, wrapped;                                    /* a record of records is under way; it was one */
	struct json_list places;                                 /* its map, for all of them */

	/* the record */
	bool has[UNKNOWN];
	int64_t number[NUMBERS];
	uint64_t request; /* a hash */
	char type[16];
	struct json_list list[LISTS]; /* by field - INDICES */
	struct json_reals weights;
};

/* Reads the record that begins here: in->has says which of its fields it has. */
int json_record_read(struct json_reader *in, struct error *err);

/* Reads the value of one field; `name` is for errors. */
int json_record_value(struct json_reader *in, enum field field, const char *name, struct error *err);

/* The list of a field; here, as each token asks for it. */
static inline const struct json_list *json_record_list(const struct json_reader *in, enum field field)
{
	return &in->list[field - INDICES];
}

/* The first name of a field. */
const char *json_record_name(enum field field);

/* Checks the record that was read, and adds its choices or counts to the tally. */
int json_routes_add(struct json_reader *in, struct error *err);

#endif
