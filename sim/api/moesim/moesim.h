/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * moesim.h -- what a routing strategy part sees of the simulator, and nothing more.
 *
 * A router is a product of five kinds of part, run in this order for every MoE layer:
 *
 *   PROJECTOR  logits = f(x)       [tokens][experts]  has parameters of its own; none when nothing reads logits
 *   SCORER     scores = f(logits)  [tokens][experts]
 *   BALANCER   choice = scores, adjusted              may move the selection, never the weights
 *   SELECTOR   picks  = who goes where, from choice   discrete: no gradient flows through it
 *   (core)     plan   = picks under the capacity, grouped by expert
 *   GATE       weight = how much of each expert, from scores
 *
 * The gradient flows back through gate, scorer and projector; balancers may add a loss of their own.  Every hook has
 * the shape (self, route, what it writes), and `route` is a read-only view that fills up stage by stage.
 */
#ifndef MOESIM_MOESIM_H
#define MOESIM_MOESIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef MOE_DOUBLE
typedef double real;
#else
typedef float real;
#endif

/* ---- options: one row is the only place where an option is named --------------------------------------- */

enum moe_opt_type {
	MOE_OPT_INT,    /* int64_t */
	MOE_OPT_REAL,   /* double */
	MOE_OPT_CHOICE, /* int, an index into `choices` */
	MOE_OPT_FLAG,   /* bool; on the command line it needs no value */
	MOE_OPT_TEXT    /* const char *, lives as long as the program; "" when not given */
};

struct moe_opt {
	const char *name; /* NULL ends a table */
	enum moe_opt_type type;
	size_t at;                  /* offsetof the value in the options struct */
	double low, high, preset;   /* inclusive range; preset is the default (an index for a choice) */
	const char *zero;           /* a word that may be written for 0 ("none"); NULL: there is no such word */
	const char *const *choices; /* NULL-ended words of a choice */
	const char *text;           /* the default of a text; NULL means "" */
	const char *unit, *help;    /* unit may be NULL; help is one line without a full stop */
};

/* ---- what is known while a layer routes a batch ---------------------------------------------------------- */

struct moe_call {
	size_t width;     /* of a row */
	size_t tokens;    /* rows of this batch, sequences * length */
	size_t sequences; /* independent contexts; token t belongs to sequence t / length, at position t % length */
	size_t length;
	size_t experts; /* routed experts E */
	/* The last so many of them have no network.  Of these the first `zero` return nothing, the last `constant` a
	 * learned mix of the token's row and a vector, and those between return the row itself. */
	size_t bare, zero, constant;
	size_t k; /* experts per token; the average where experts pick; no more than a plan where `varies` is set */
	size_t vocabulary;
	size_t domains; /* of the stream */
	size_t classes; /* of tokens that behave alike; the vocabulary where the stream has none */
	size_t layer;   /* 0 is the first MoE layer */
	size_t layers;  /* MoE layers of the net */
	size_t step;    /* 1 is the first training step; 0 outside training */
	bool training;
};

/* Who goes where, in the order in which the selector found it.  The core owns the arrays; append with moe_pick(). */
struct moe_picks {
	size_t n, max;
	uint32_t *token, *expert; /* [n] */
	uint32_t *rank;           /* [n] 0 is a token's first choice; 0 throughout when experts pick */
};

/* The one currency between routing and computing: pairs of a token and a slot.  Each pair has its own slot, slots
 * stand grouped by expert and, inside an expert, in token order; so pair p is slot p and one expert's rows are
 * contiguous.  (Soft merging, where slots are shared, would give each pair a second weight and a slot index.) */
struct moe_plan {
	size_t pairs;          /* kept pairs */
	size_t dropped;        /* picks that found no room */
	uint32_t *token;       /* [pairs] */
	uint32_t *expert;      /* [pairs] */
	uint32_t *rank;        /* [pairs] */
	uint32_t *first;       /* [experts + 1] expert e owns pairs first[e] .. first[e + 1] - 1 */
	uint32_t *by_token;    /* [pairs] pair numbers, token by token, each token's in expert order */
	uint32_t *token_first; /* [tokens + 1] token t owns by_token[token_first[t]] .. by_token[token_first[t+1]-1] */
	uint32_t *assigned;    /* [experts] picks per expert before the capacity */
	real *weight;          /* [pairs] combine weight, written by the gate */
	real *d_weight;        /* [pairs] its gradient, written by the layer's backward pass */
};

/* What is known of the tokens of a batch.  The labels are for planted routers alone, which show what the best routing
 * could bring; no model of a real text has them. */
struct moe_tokens {
	const uint32_t *id;       /* [tokens] token ids */
	const uint32_t *domain;   /* [tokens] the hidden domain: nobody who reads the tokens can be sure of it */
	const uint32_t *guess;    /* [tokens] the likeliest domain given the sequence up to here; NULL: not known */
	const uint32_t *class_of; /* [vocabulary] the class of a token; NULL: not known */
};

struct moe_route {
	struct moe_call call;
	struct moe_tokens of; /* what no part of the sentence wants may be NULL, and labels are */
	const real *x;        /* [tokens][width] what the router reads; may be NULL unless a part wants MOE_INPUT */
	const real *logits;   /* [tokens][experts]; NULL when the router has no weights */
	const real *scores;   /* [tokens][experts]; NULL when the scorer gives none */
	const real *choice;   /* [tokens][experts]; what the selector reads; the scores unless a balancer adjusts */
	const struct moe_picks *picks; /* NULL before the selector has run */
	const struct moe_plan *plan;   /* NULL before the core has built it */
};

/* Gradients of the whole objective.  Hooks always add, never overwrite. */
struct moe_grad {
	real *logits; /* [tokens][experts] */
	real *scores; /* [tokens][experts] */
};

/* A named stream of random numbers; draw with moe_uniform() of kit.h. */
struct moe_rng {
	uint32_t key[2], counter[4], block[4];
	unsigned used; /* words of `block` already handed out */
};

struct moe_self {
	const void *opt;     /* the part's options struct; NULL when it has none */
	void *state;         /* the part's state, zeroed before the first step; NULL when it has none */
	void *scratch;       /* the part's scratch memory: what is left in it has no meaning between two calls */
	struct moe_rng *rng; /* at the start of a stream that belongs to this part, layer, step and phase */
	/* At the start of one that belongs to this part and layer, and is the same in every step: copy it, and set
	 * counter[2] to draw an entry of a table.  The streams of two entries, layers or seeds have nothing in common. */
	const struct moe_rng *table;
};

/* ---- parts ------------------------------------------------------------------------------------------------- */

enum moe_kind { MOE_PROJECTOR, MOE_SCORER, MOE_SELECTOR, MOE_GATE, MOE_BALANCER };

/* What a part needs and gives; compared once, when a sentence is resolved.  What comes from the stream is asked for
 * when the stream is opened. */
enum {
	MOE_LOGITS = 1u << 0,
	MOE_SCORES = 1u << 1,
	MOE_DOMAINS = 1u << 2, /* of.domain: an oracle, which knows what no model can */
	MOE_GUESSES = 1u << 3, /* of.guess */
	MOE_CLASSES = 1u << 4, /* of.class_of, and with it of.id */
	MOE_INPUT = 1u << 5,   /* x: a router of logits from a file has none */
	MOE_IDS = 1u << 6,     /* of.id: neither has it these, unless they are given */
	/* Given: what `backward` adds is meant to train well and is no derivative, so that no difference can check it. */
	MOE_ESTIMATE = 1u << 12
};

struct moe_part {
	enum moe_kind kind;
	const char *name;           /* one word of [a-z0-9-] */
	const char *summary;        /* one line */
	const char *formula;        /* as `explain` prints it; may hold newlines */
	const char *cite;           /* one paper */
	const struct moe_opt *opts; /* NULL: no options */
	size_t opts_size;           /* sizeof the options struct */
	unsigned gives, wants;      /* MOE_LOGITS | MOE_SCORES | ... */
	/* What the part wants beyond `wants` with these options; NULL: nothing. */
	unsigned (*wants_with)(const void *opt);
	/* Do the options fit a layer of call->experts and call->k (nothing else is known yet)?  If not, writes one line
	 * that says what is wrong and what to do.  NULL: they always do. */
	bool (*check)(const struct moe_call *, const void *opt, char *complaint, size_t size);
	size_t (*state_size)(const struct moe_call *, const void *opt);   /* NULL: no state */
	size_t (*scratch_size)(const struct moe_call *, const void *opt); /* NULL: no scratch */
	/* After a training step, with the finished route of that step; the only place where state may change.
	 * NULL: the part does not learn outside the gradient. */
	void (*settle)(const struct moe_self *, const struct moe_route *);
};

enum { MOE_PARAMS = 4 };

/* One matrix of parameters, whose initial values are normal. */
struct moe_param {
	const char *name; /* one word; the span of parameters is called router-NAME, or router where this is NULL */
	size_t rows, columns;
	double mean, std;
	bool scaled;      /* std counts in units of --router-scale */
	bool elementwise; /* no matrix of a product: a token costs no multiply-adds for it */
};

/* What a projector computes with. */
struct moe_tools {
	struct moe_learned {
		size_t rows, columns;
		real *w, *d_w;   /* [rows][columns] and its gradient */
	} param[MOE_PARAMS]; /* in the order of params() */
	/* Matrix products as fast as the program's own, on all its threads; rows lie side by side.
	 *   linear           y[rows][out] = x[rows][in] w[in][out]
	 *   linear_backward  d_w += x' d_y, and d_x += d_y w' unless d_x is NULL */
	void (*linear)(size_t rows, size_t in, size_t out, const real *x, const real *w, real *y);
	void (*linear_backward)(size_t rows, size_t in, size_t out, const real *x, const real *w, const real *d_y,
							real *d_w, real *d_x);
};

/* What becomes of x is one row of logits for each row of x, which no other row has a part in.  Of what it keeps in its
 * scratch, all is still there when its backward is called. */
struct moe_projector {
	struct moe_part part;
	/* Fills in its parameters and returns their number. */
	size_t (*params)(const struct moe_call *, const void *opt, struct moe_param list[MOE_PARAMS]);
	/* route->x is what the router reads, jitter included; of the rest of the route only call and of are known. */
	void (*forward)(const struct moe_self *, const struct moe_tools *, const struct moe_route *, real *logits);
	/* Adds to d_x[tokens][width] and to the gradients of the parameters. */
	void (*backward)(const struct moe_self *, const struct moe_tools *, const struct moe_route *, const real *d_logits,
					 real *d_x);
};

struct moe_scorer {
	struct moe_part part;
	void (*forward)(const struct moe_self *, const struct moe_route *, real *scores);       /* NULL: gives no scores */
	void (*backward)(const struct moe_self *, const struct moe_route *, struct moe_grad *); /* scores -> logits */
};

struct moe_selector {
	struct moe_part part;
	void (*select)(const struct moe_self *, const struct moe_route *, struct moe_picks *); /* NULL: nothing is routed */
	/* An upper bound of the number of picks; NULL: tokens * k. */
	size_t (*max_picks)(const struct moe_call *, const void *opt);
	bool varies;    /* how many experts a token gets is the selector's choice, whatever k is */
	bool by_expert; /* compares the choices of one expert alone: what is added to all of them moves nothing */
	bool (*equal)(const void *opt); /* do all experts get ceil(k tokens / experts) picks of a batch?  NULL: no */
};

struct moe_gate {
	struct moe_part part;
	void (*forward)(const struct moe_self *, const struct moe_route *, real *weight); /* [pairs] */
	void (*backward)(const struct moe_self *, const struct moe_route *,
					 struct moe_grad *); /* plan->d_weight -> scores; NULL: constant */
};

/* One term of the training objective: weight * value is added for every layer. */
struct moe_term {
	double value, weight;
};

struct moe_balancer {
	struct moe_part part;
	const char *column; /* the column of steps.csv that shows the term's value; NULL: no loss */
	void (*adjust)(const struct moe_self *, const struct moe_route *, real *choice); /* NULL: selection untouched */
	/* Sets the term and, when grad is not NULL, adds weight * its gradient.  NULL: no loss. */
	void (*loss)(const struct moe_self *, const struct moe_route *, struct moe_term *, struct moe_grad *);
	const real *(*offsets)(const struct moe_self *); /* [experts] what adjust adds, for experts.csv; NULL: none */
};

/* What a strategy is to others that are compared with it. */
enum moe_role {
	MOE_CONTENDER, /* a way of routing whose worth is in question */
	MOE_BASELINE,  /* the contender that others differ from in one thing */
	MOE_DENSE,     /* no routing at all */
	MOE_FLOOR,     /* routing without any knowledge: what is above it, routing has brought */
	MOE_CEILING,   /* planted: routing by all that the tokens so far can tell */
	MOE_ORACLE     /* planted: routing by hidden truth, which no model can know */
};

/* A strategy is a name for a sentence over the parts. */
struct moe_recipe {
	const char *name, *alias; /* alias may be NULL */
	enum moe_role role;
	const char *summary, *cite;
	const char *sentence; /* in the grammar of --strategy, for example "scorer=softmax selector=top-k gate=score" */
};

#endif
