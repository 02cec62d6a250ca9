/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * clusters.c -- the mixture of classification problems of Chen et al. (2022), with tokens for patches.
 *
 * Tokens are the features, twice as many as clusters (each with either sign), then the cluster centers, the noise, and
 * the two labels, which are targets only.
 */
#include <config.h>

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/data/pairs.h"
#include "sim/data/stream.h"

enum { PATCHES_MAX = 64, LABELS = 2 };

struct clusters {
	int64_t clusters, patches, noise;
	double flip;
};

#define AT(field) .at = offsetof(struct clusters, field)
static const struct moe_opt options[] = {
	{ .name = "clusters",
	  .type = MOE_OPT_INT,
	  AT(clusters),
	  .low = 2,
	  .high = 256,
	  .preset = 4,
	  .help = "number of clusters K, each with its own problem: one expert each would solve them" },
	{ .name = "patches",
	  .type = MOE_OPT_INT,
	  AT(patches),
	  .low = 3,
	  .high = PATCHES_MAX,
	  .preset = 4,
	  .help = "patches per sample: more patches hide the signal in more noise" },
	{ .name = "noise",
	  .type = MOE_OPT_INT,
	  AT(noise),
	  .low = 1,
	  .high = 256,
	  .preset = 16,
	  .help = "number of different noise tokens; a sample of more than 3 patches contains some" },
	{ .name = "flip",
	  .type = MOE_OPT_REAL,
	  AT(flip),
	  .low = 0,
	  .high = 0.5,
	  .preset = 0,
	  .help = "probability that a label is wrong; the Bayes loss is the entropy of this" },
	{ .name = NULL },
};
#undef AT

struct law {
	struct clusters opt;
	size_t clusters, patches, noise;
	struct pairs pairs;
	struct arena arena;
};

static uint32_t feature(size_t cluster, size_t sign)
{
	return (uint32_t)(2 * cluster + sign);
}

static uint32_t center(const struct law *law, size_t cluster)
{
	return (uint32_t)(2 * law->clusters + cluster);
}

static uint32_t noise_begin(const struct law *law)
{
	return (uint32_t)(3 * law->clusters);
}

static uint32_t label(const struct law *law, size_t sign)
{
	return (uint32_t)(3 * law->clusters + law->noise + sign);
}

static size_t coin(gsl_rng *rng)
{
	return gsl_rng_uniform_int(rng, 2);
}

/* A sample of cluster k in patch[]; returns its label. */
static uint32_t draw_sample(const struct law *law, gsl_rng *rng, size_t k, uint32_t *patch)
{
	size_t sign = coin(rng), other = gsl_rng_uniform_int(rng, law->clusters - 1);
	other += other >= k;
	patch[0] = feature(k, sign);
	patch[1] = center(law, k);
	patch[2] = feature(other, coin(rng));
	for (size_t i = 3; i < law->patches; i++)
		patch[i] = noise_begin(law) + (uint32_t)gsl_rng_uniform_int(rng, law->noise);
	gsl_ran_shuffle(rng, patch, law->patches, sizeof *patch);
	return label(law, gsl_rng_uniform(rng) < law->opt.flip ? 1 - sign : sign);
}

static void fill(void *opaque, gsl_rng *rng, bool held_out, struct batch *batch)
{
	const struct law *law = opaque;
	size_t patches = law->patches;
	uint32_t patch[PATCHES_MAX];
	(void)held_out;
	for (size_t first = 0; first < batch->sequences * batch->length; first += patches) {
		size_t k = gsl_rng_uniform_int(rng, law->clusters);
		uint32_t y = draw_sample(law, rng, k, patch);
		for (size_t i = 0; i < patches; i++) {
			batch->id[first + i] = patch[i];
			batch->domain[first + i] = (uint32_t)k;
			batch->target[first + i] = i + 1 < patches ? patch[i + 1] : y;
			batch->counts[first + i] = i + 1 == patches;
		}
	}
}

static bool holds(const struct law *law, const uint32_t *patch, uint32_t wanted)
{
	for (size_t i = 0; i < law->patches; i++)
		if (patch[i] == wanted)
			return true;
	return false;
}

/* The sign of the feature that belongs to the sample's center; a sample that cannot be has LABELS. */
static size_t true_sign(const struct law *law, const uint32_t *patch)
{
	for (size_t k = 0; k < law->clusters; k++)
		for (size_t sign = 0; sign < LABELS; sign++)
			if (holds(law, patch, center(law, k)) && holds(law, patch, feature(k, sign)))
				return sign;
	return LABELS;
}

/* P(y | the patches of its sample) */
static double probability(const struct law *law, const uint32_t *patch, uint32_t y)
{
	size_t sign = true_sign(law, patch);
	if (sign == LABELS || y < label(law, 0))
		return 0;
	return y == label(law, sign) ? 1 - law->opt.flip : law->opt.flip;
}

static void bayes(void *opaque, const struct batch *batch, double *sum, double *oracle)
{
	const struct law *law = opaque;
	double loss = 0;
	for (size_t last = law->patches - 1; last < batch->sequences * batch->length; last += law->patches)
		loss -= log(probability(law, batch->id + last + 1 - law->patches, batch->target[last]));
	*sum += loss;
	if (oracle != NULL)
		*oracle += loss;
}

static void bigram(void *opaque, const struct batch *batch, double *sum)
{
	const struct law *law = opaque;
	*sum += pairs_bigram(&law->pairs, batch);
}

/* Each patch is the last one equally often.  A feature is as often the signal, whose sign is the label, as it is one of
 * another cluster, whose sign is a coin. */
static void add_pairs(struct law *law)
{
	double each = 1 / (double)law->clusters, flip = law->opt.flip;
	for (size_t k = 0; k < law->clusters; k++) {
		for (size_t sign = 0; sign < LABELS; sign++) {
			pairs_add(&law->pairs, feature(k, sign), label(law, sign), each * (1 - flip) / 2);
			pairs_add(&law->pairs, feature(k, sign), label(law, 1 - sign), each * flip / 2);
			pairs_add_uniform(&law->pairs, feature(k, sign), label(law, 0), LABELS, each / 2);
		}
		pairs_add_uniform(&law->pairs, center(law, k), label(law, 0), LABELS, each);
	}
	for (size_t i = 0; i < law->noise; i++)
		pairs_add_uniform(&law->pairs, noise_begin(law) + i, label(law, 0), LABELS,
						  (double)(law->patches - 3) / (double)law->noise);
}

static const char *const *domain_names(struct law *law)
{
	const char **names = ARENA_TAKE(&law->arena, law->clusters, const char *);
	for (size_t k = 0; k < law->clusters; k++)
		names[k] = text_keep_f("cluster%zu", k);
	return names;
}

static void *open_law(const void *opt, uint64_t seed, struct stream *stream, struct error *err)
{
	struct law *law = calloc(1, sizeof *law);
	(void)seed, (void)err; /* the roles of the tokens are the same for all seeds */
	if (law == NULL)
		error_no_memory("the stream clusters");
	law->opt = *(const struct clusters *)opt;
	law->clusters = (size_t)law->opt.clusters, law->patches = (size_t)law->opt.patches;
	law->noise = (size_t)law->opt.noise;
	stream->vocabulary = 3 * law->clusters + law->noise + LABELS;
	pairs_take(&law->pairs, &law->arena, stream->vocabulary);
	add_pairs(law);
	stream->domains = law->clusters;
	stream->domain_names = domain_names(law);
	stream->uniform = log((double)stream->vocabulary);
	stream->unigram = pairs_unigram(&law->pairs);
	stream->counts = true;
	return law;
}

static int check(const void *opaque, const struct stream_use *use, struct error *err)
{
	const struct law *law = opaque;
	if (use->length % law->patches == 0)
		return 0;
	return fail(err, ERROR_USER,
				"clusters: samples of %zu patches do not fill a sequence of %zu tokens (choose a multiple of %zu for "
				"--seq-length)",
				law->patches, use->length, law->patches);
}

static void close_law(void *opaque)
{
	struct law *law = opaque;
	arena_free(&law->arena);
	free(law);
}

static bool three_patches(const struct stream *stream)
{
	return ((const struct clusters *)stream->opt)->patches == 3;
}

static const struct stream_rule rules[] = {
	{ "noise", three_patches, "a sample of 3 patches contains no noise (raise patches)" },
	{ .option = NULL },
};

const struct stream_type stream_clusters = {
	.name = "clusters",
	.summary = "samples from hidden clusters, each with its own classification problem; exact Bayes loss",
	.use = "whether the router finds the hidden clusters: the label can be predicted only by knowing the cluster, and "
		   "one expert per cluster solves it",
	.formula =
		"a sample: cluster k and a different one k', label y = +-1 and sign e = +-1, all uniform; its patches in "
		"random "
		"order are the feature (k, y), the center of k, the feature (k', e), and noise\n"
		"a patch is one token: y a v_k is the token (k, y), b c_k the token of center k, e g v_k' the token (k', e), "
		"and Gaussian noise a uniform noise token; signs stay, the amplitudes a, b, g do not, and the "
		"two signs of a feature start with unrelated embeddings, where the paper has v_k and -v_k\n"
		"the target after the last patch is y, wrong with probability `flip`; no other target counts in the loss: a "
		"classification head; a sequence holds length / patches independent samples\n"
		"Bayes loss: -(1 - flip) ln (1 - flip) - flip ln flip on average, since the center tells which feature is the "
		"signal; bigram: the last patch alone, which is the signal in one of `patches` samples",
	.cite = "Chen et al. (2022), Towards Understanding the Mixture-of-Experts Layer in Deep Learning (data of "
			"Definition 3.1)",
	.opts = options,
	.opts_size = sizeof(struct clusters),
	.rules = rules,
	.open = open_law,
	.check = check,
	.fill = fill,
	.bayes = bayes,
	.bigram = bigram,
	.close = close_law,
};
