/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tally.h -- who used which expert how often, added up from files, in memory that does not grow with them.
 *
 * A group is one layer of one model as one domain uses it: one cell an expert.  What is added is checked at once
 * where one row is enough to see a mistake, and by tally_check() where it takes all rows.
 */
#ifndef SIM_TRACE_TALLY_H
#define SIM_TRACE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"

enum {
	TALLY_IDS = 65536,     /* experts and layers are numbered below this */
	TALLY_NAMES = 1024,    /* models and, apart, domains */
	TALLY_CELLS = 1 << 22, /* cells of all groups, 24 bytes each */
	TALLY_GROUPS = 1 << 17 /* groups, some 100 bytes each */
};
#define TALLY_MOST (UINT64_C(1) << 53) /* no sum exceeds this, so that every count is exact as a double */

enum tally_kind {
	TALLY_COUNTS, /* ready counts; every expert is named, also those with 0 */
	TALLY_PAIRS,  /* one row for each use, tokens not known */
	TALLY_TOKENS  /* one row for each use, of a known token and slot */
};

struct tally_cell {
	uint64_t count;
	int64_t mark;   /* step (TALLY_COUNTS) or token of the last addition, to see the same one again; -1 at first */
	uint32_t times; /* additions; must agree over the experts of TALLY_COUNTS */
};

/* One choice of a token, kept where routings are compared. */
struct tally_choice {
	uint64_t token;
	float weight; /* NAN: not told */
	uint16_t slot, expert;
};

struct tally_group {
	uint32_t model, domain, layer;
	enum tally_kind kind;
	uint32_t experts, room; /* highest expert seen + 1; cells there are */
	struct tally_cell *cell;
	uint64_t assignments;
	uint64_t tokens;      /* with a choice; TALLY_TOKENS only */
	uint32_t slots;       /* highest slot seen + 1 */
	const char *file;     /* the first row */
	unsigned line, files; /* files: number of the file that was read last */

	/* of the file that is being read */
	int64_t last_token, padded_token; /* of the row before; of the last slot 0 that was padding; -1: none */
	uint64_t last_slot;
	int64_t step;   /* for readers: the step that is being read */
	uint64_t rows;  /* tokens of it so far */
	uint32_t top_k; /* experts per token, as a record says; 0: none did */

	struct tally_choice *choice; /* of a tally that keeps choices */
	size_t choices, choice_room;
};

/* Told of each addition, where the tally has one: `number` is a token's within its step, 0 of a ready count. */
struct tally_watch {
	void (*see)(struct tally_watch *watch, const struct tally_group *group, int64_t step, uint64_t number,
				uint32_t expert, uint64_t count);
};

struct tally {
	struct tally_watch *watch;                            /* NULL: nobody watches */
	uint32_t expert_limit;                                /* experts of every model; 0: not known */
	bool keeps;                                           /* choices of tokens are kept, 16 bytes each */
	unsigned files;                                       /* begun */
	uint64_t padding;                                     /* choices of expert -1, which were skipped */
	const char *model[TALLY_NAMES], *domain[TALLY_NAMES]; /* by appearance; "" is the domain without a name */
	uint32_t experts[TALLY_NAMES];                        /* of each model: highest id seen + 1 */
	uint32_t stated[TALLY_NAMES]; /* of each model: experts as a file states them; 0: none does */
	uint32_t models, domains;
	struct tally_group **group; /* by appearance; after tally_check() by model, layer, domain */
	size_t groups;
	struct tally_group **bucket; /* hash table of `buckets` places, a power of two */
	size_t buckets, cells;
};

void tally_open(struct tally *tally, uint32_t expert_limit);
void tally_close(struct tally *tally);

/* Another file begins, of another rank: its tokens and steps are its own, and its counts add to those before. */
void tally_begin_file(struct tally *tally);

/* The number of the name, a new one if need be, into *number.  Names are kept. */
int tally_model(struct tally *tally, const char *name, uint32_t *number, struct error *err);
int tally_domain(struct tally *tally, const char *name, uint32_t *number, struct error *err);

/* The group of that model, domain and layer, made if need be; `file` and `line` are kept as its first row.  NULL and
 * *err if it was begun as another kind, or there are too many. */
struct tally_group *tally_group(struct tally *tally, uint32_t model, uint32_t domain, uint64_t layer,
								enum tally_kind kind, const char *file, unsigned line, struct error *err);

/* A file states how many experts the model has; two that differ are an error. */
int tally_state_experts(struct tally *tally, uint32_t model, uint64_t experts, struct error *err);

/* A ready count of an expert at a step.  The steps of a file must rise. */
int tally_count(struct tally *tally, struct tally_group *group, uint64_t expert, uint64_t count, int64_t step,
				struct error *err);
/* One use of an expert. */
int tally_pair(struct tally *tally, struct tally_group *group, uint64_t expert, struct error *err);
/* One use of an expert by that token as its slot-th choice, with that weight (NAN: not told).  A token has an expert
 * once, and one expert in a slot. */
int tally_pick(struct tally *tally, struct tally_group *group, int64_t token, uint64_t slot, uint64_t expert,
			   float weight, struct error *err);
/* That choice of that token is padding. */
void tally_pad_token(struct tally *tally, struct tally_group *group, int64_t token, uint64_t slot);
/* A choice of an expert without a network: the token is counted, and nothing else. */
void tally_bare_token(struct tally_group *group, uint64_t slot);

/* What only the whole shows: nothing at all was read; a layer without a single use; counts that leave out an expert;
 * a domain that lacks a layer which another one has; and, unless `partial`, layers of a trace that disagree in the
 * number of tokens though every token has the same number of experts.  Where the number of experts is known, what has
 * no row is 0: experts, layers, and layers of a domain, which get a group.  Sorts the groups. */
int tally_check(struct tally *tally, bool partial, struct error *err);

/* After tally_check(): how many groups from number `at` on, the first of its layer, belong to that layer: one a
 * domain. */
size_t tally_domains(const struct tally *tally, size_t at);

/* Experts of a model: the limit, or as a file states, or the highest id seen + 1. */
uint32_t tally_experts(const struct tally *tally, uint32_t model);

#endif
