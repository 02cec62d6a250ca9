/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * family.h -- what a family of models is: the code that its config.json is written for, as one row.
 */
#ifndef EXPERIMENTS_MODELS_FAMILY_H
#define EXPERIMENTS_MODELS_FAMILY_H

#include "experiments/models/document.h"
#include "sim/cost/cost.h"

/* The sizes that a config.json tells, in the order in which they are read. */
enum size {
	LAYERS,
	WIDTH,
	VOCABULARY,
	HEADS,
	KV_HEADS,
	HEAD_DIM,
	Q_RANK,
	KV_RANK,
	NOPE_DIM,
	ROPE_DIM,
	V_DIM,
	OUT_GROUPS,
	OUT_RANK,
	INDEX_HEADS,
	INDEX_DIM,
	INDEX_KEEP,
	EXPERTS,
	TOP_K,
	EXPERT_WIDTH,
	ZERO_EXPERTS,
	LATENT,
	SHARED,
	SHARED_WIDTH,
	DENSE_WIDTH,
	BESIDE_WIDTH,
	STREAMS,
	LAYER_EMBEDDING,
	LAYER_VOCABULARY,
	GRAM_RATIO,
	GRAM_LENGTH,
	GRAM_SPLITS,
	AHEAD,
	SIZES
};

/* What of config.json the family's code reads beside the sizes; see switches[] in published.c. */
enum {
	READS_ATTENTION_BIAS = 1 << 0, /* of all four maps */
	READS_INPUT_BIAS = 1 << 1,     /* the same key, but the output map has none */
	READS_QKV_BIAS = 1 << 2,
	READS_USE_BIAS = 1 << 3, /* everywhere */
	READS_BAILING_BIAS = 1 << 4,
	READS_MLP_BIAS = 1 << 5,
	READS_HEAD_BIAS = 1 << 6,
	READS_QK_NORM = 1 << 7,      /* use_qk_norm */
	READS_TOP_K_METHOD = 1 << 8, /* only noaux_tc has a bias for the selection */
	READS_EXPERT_BIAS = 1 << 9,  /* some switch of that bias */
	READS_TIED = 1 << 10,        /* tie_embedding, an older name */
	READS_LATENT = 1 << 11,      /* use_mla: latent attention may be switched off */
	READS_ROUTER_BIAS = 1 << 12,
	READS_LISTS = 1 << 13,      /* sizes may be lists with an entry for each layer */
	READS_PAIRS = 1 << 14,      /* sizes of experts may be lists of two: for text and for images */
	READS_NO_KV_HEADS = 1 << 15 /* num_key_value_heads may be missing: as many as heads */
};

enum { FIRST_DENSE_NEEDED = -1 };

/* One config.json as it is read. */
struct reading {
	const struct document *doc;
	const struct family *family;
	struct cost_shape *shape;
	struct cost_layer *order; /* [layers]; at first all of the first mixer, and dense */
	const char *moe_key;      /* the key that said which layers are MoE layers, for errors */
	const char *defaults;     /* "head_dim 128, ...": what the file does not have and the class does; NULL: nothing */
	int64_t window;           /* of the class, where the file has none */
	const char *doubts;       /* what the file says and the family's code does not know; NULL: nothing */
};

struct family {
	const char *types;         /* its values of model_type, with | between them; the first is its name */
	const char *architectures; /* the names of its classes, with | between them */
	const char *key[SIZES];    /* where it differs from the common one; "": the family has no such size */
	int64_t preset[SIZES];     /* what its configuration class has where the file has no such key; 0: nothing */
	const char *unused;        /* keys of its files that bear nothing in its code, with | between them; may be NULL */
	const char *usual; /* keys that its published files have and whose absence means another network, with commas
						* between them and | between names of one */
	unsigned reads;
	int64_t
		first_dense; /* FIRST_DENSE_NEEDED: nothing; else what its class has for first_k_dense_replace or its like */
	int64_t window;  /* what its class has for sliding_window, where `mixers` asks; 0: none */
	int64_t groups, state; /* of its state spaces, the same */
	/* The first sets what FFN each layer has, the second its mixer and the further kinds of mixer, NULL: there is but
	 * one. */
	int (*layers)(struct reading *, struct error *);
	int (*mixers)(struct reading *, struct error *);
	bool sigmoid, renormalizes; /* its router's scores, and whether the chosen ones are made to sum to 1 */
	bool has_next;              /* the layers that predict ahead are built as those of DeepSeek-V3 */
	const char *unlike;         /* what of its routing no sentence says; NULL: nothing */
	struct cost_shape fixed;
};

extern const struct family families[]; /* the end has no types */

/* The first of its types; lives as long as the program. */
const char *family_name(const struct family *family);

/* Is `word` one of the words between | in `list` (which may be NULL)? */
bool family_lists(const char *list, const char *word);

int layers_all_moe(struct reading *, struct error *);
int layers_after_dense(struct reading *, struct error *);
int layers_but_listed(struct reading *, struct error *);
int layers_of_deep_routers(struct reading *, struct error *);
int layers_by_step(struct reading *, struct error *);
int layers_interleaved(struct reading *, struct error *);
int layers_enumerated(struct reading *, struct error *);
int layers_by_period(struct reading *, struct error *);
int layers_in_interval(struct reading *, struct error *);
int layers_by_pattern(struct reading *, struct error *);
int layers_in_pairs(struct reading *, struct error *);
int layers_by_frequency(struct reading *, struct error *);
int layers_hashed_first(struct reading *, struct error *);
int layers_with_residual(struct reading *, struct error *);
int layers_of_switch(struct reading *, struct error *);

int mixers_windowed(struct reading *, struct error *);
int mixers_windowed_when_used(struct reading *, struct error *);
int mixers_qwen2(struct reading *, struct error *);
int mixers_windowed_above(struct reading *, struct error *);
int mixers_alternating(struct reading *, struct error *);
int mixers_chunked(struct reading *, struct error *);
int mixers_mostly_windowed(struct reading *, struct error *);
int mixers_lettered(struct reading *, struct error *);
int mixers_laid_out(struct reading *, struct error *);
int mixers_prefixed(struct reading *, struct error *);
int mixers_listed(struct reading *, struct error *);
int mixers_after_full(struct reading *, struct error *);
int mixers_of_heads(struct reading *, struct error *);
int mixers_delta(struct reading *, struct error *);
int mixers_kimi(struct reading *, struct error *);
int mixers_lightning(struct reading *, struct error *);
int mixers_bailing(struct reading *, struct error *);
int mixers_hybrid(struct reading *, struct error *);
int mixers_indexed(struct reading *, struct error *);
int mixers_compressed(struct reading *, struct error *);
int mixers_gemma(struct reading *, struct error *);
int mixers_mimo(struct reading *, struct error *);
int mixers_step(struct reading *, struct error *);
int mixers_jamba(struct reading *, struct error *);
int mixers_convolution(struct reading *, struct error *);
int mixers_nemotron(struct reading *, struct error *);
int mixers_granite(struct reading *, struct error *);
int mixers_minimax(struct reading *, struct error *);
int mixers_cross_layer(struct reading *, struct error *);

#endif
