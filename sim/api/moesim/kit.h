/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kit.h -- small inline helpers for parts.  Header only, so that a part needs no symbol of the program.
 */
#ifndef MOESIM_KIT_H
#define MOESIM_KIT_H

#include <Random123/philox.h>
#include <math.h>
#include <moesim/moesim.h>
#include <stdio.h>

/* Stands before a function that is loops over numbers: where the compiler can, it is compiled for several lengths of
 * vector, and the longest that the machine has is taken when the program starts.  Nothing is contracted or reordered,
 * so the result is the same whichever is taken. */
#ifdef MOE_CLONES
#define MOE_CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MOE_CLONED
#endif

/* Of what such loops call: a call of its own would be compiled for the shortest vectors. */
#ifdef __GNUC__
#define MOE_INLINE static inline __attribute__((always_inline))
#else
#define MOE_INLINE static inline
#endif

/* Running sums side by side: a sum over numbers is made of so many, added up in a fixed order at its end, so that the
 * compiler may use vectors of any length for it. */
enum { MOE_LANES = 16 };

MOE_INLINE double moe_sum_lanes(const double lane[MOE_LANES])
{
	double sum[MOE_LANES / 4];
	for (size_t j = 0; j < MOE_LANES / 4; j++)
		sum[j] = (lane[j] + lane[j + 8]) + (lane[j + 4] + lane[j + 12]);
	return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* sum = the sum of `term`, an expression in i, over i < n.  The remainder has lanes of its own: gcc keeps an array in
 * memory as soon as one of its places is not known when compiling. */
#define MOE_SUM(sum, n, i, term)                        \
	do {                                                \
		double lane_[MOE_LANES], rest_[MOE_LANES];      \
		size_t n_ = (n), at_ = 0;                       \
		for (size_t j_ = 0; j_ < MOE_LANES; j_++)       \
			lane_[j_] = 0;                              \
		for (; at_ + MOE_LANES <= n_; at_ += MOE_LANES) \
			for (size_t j_ = 0; j_ < MOE_LANES; j_++) { \
				size_t i = at_ + j_;                    \
				lane_[j_] += (double)(term);            \
			}                                           \
		if (at_ == n_) {                                \
			(sum) = moe_sum_lanes(lane_);               \
		} else {                                        \
			for (size_t j_ = 0; j_ < MOE_LANES; j_++)   \
				rest_[j_] = lane_[j_];                  \
			for (size_t i = at_; i < n_; i++)           \
				rest_[i - at_] += (double)(term);       \
			(sum) = moe_sum_lanes(rest_);               \
		}                                               \
	} while (0)

/* The option `per` of a balancer whose loss is added in every layer (Megatron-LM) or once for the whole net, as the
 * mean of the layers' losses (Hugging Face transformers), and what a layer's loss then weighs in the objective, which
 * adds up the layers. */
enum moe_per { MOE_PER_LAYER, MOE_PER_NET };
static const char *const moe_per_words[] = { "layer", "net", NULL };
#define MOE_PER_ROW(offset)                                                                         \
	{                                                                                               \
		.name = "per", .type = MOE_OPT_CHOICE, .at = (offset), .high = 1, .choices = moe_per_words, \
		.help = "sum the loss over layers (Megatron-LM), or average it (Hugging Face transformers)" \
	}

static inline double moe_weight_of_layer(const struct moe_call *call, double weight, int per)
{
	return per == MOE_PER_NET && call->layers > 0 ? weight / (double)call->layers : weight;
}

/* Appends one pick.  The core sizes the arrays by max_picks(); a pick beyond them is not written, and the core
 * reports the part when it finds n > max. */
static inline void moe_pick(struct moe_picks *picks, size_t token, size_t expert, size_t rank)
{
	if (picks->n < picks->max) {
		picks->token[picks->n] = (uint32_t)token;
		picks->expert[picks->n] = (uint32_t)expert;
		picks->rank[picks->n] = (uint32_t)rank;
	}
	picks->n++;
}

/* 32 random bits: Philox4x32-10 (Salmon et al. 2011), four words a block. */
static inline uint32_t moe_bits(struct moe_rng *rng)
{
	if (rng->used == 4) {
		philox4x32_ctr_t counter = { { rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3] } };
		philox4x32_key_t key = { { rng->key[0], rng->key[1] } };
		philox4x32_ctr_t block = philox4x32(counter, key);
		for (int i = 0; i < 4; i++)
			rng->block[i] = block.v[i];
		if (++rng->counter[0] == 0)
			rng->counter[1]++;
		rng->used = 0;
	}
	return rng->block[rng->used++];
}

/* Uniform in [0, 1), 32 bits. */
static inline double moe_uniform(struct moe_rng *rng)
{
	return moe_bits(rng) * 0x1p-32;
}

/* Uniform in 0 .. n - 1 without modulo bias that matters: the bias is below n / 2^32 (Lemire's multiply). */
static inline size_t moe_below(struct moe_rng *rng, size_t n)
{
	return (size_t)(((uint64_t)moe_bits(rng) * n) >> 32);
}

static inline bool moe_among(const uint32_t *list, size_t n, size_t value)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == value)
			return true;
	return false;
}

/* ---- the k largest ---- */

/* Whole numbers that stand in the order of the reals that they are made from, in which 0 and -0 are one. */
#ifdef MOE_DOUBLE
typedef int64_t moe_order;
typedef uint64_t moe_distance;
#define MOE_ORDER_MAX INT64_MAX
#else
typedef int32_t moe_order;
typedef uint32_t moe_distance;
#define MOE_ORDER_MAX INT32_MAX
#endif

union moe_ordered {
	real x;
	moe_order bits;
};

MOE_INLINE moe_order moe_order_of(real x)
{
	union moe_ordered as = { .x = x + 0 }; /* -0 becomes 0 */
	return as.bits < 0 ? as.bits ^ MOE_ORDER_MAX : as.bits;
}

MOE_INLINE real moe_real_of(moe_order order)
{
	union moe_ordered as = { .bits = order < 0 ? order ^ MOE_ORDER_MAX : order };
	return as.x;
}

/* In the middle of low < high, and above low. */
MOE_INLINE moe_order moe_middle(moe_order low, moe_order high)
{
	moe_distance apart = (moe_distance)high - (moe_distance)low;
	return (moe_order)((moe_distance)low + (apart - apart / 2));
}

/* The places that are not in best[0 .. n-1] yet, lower ones first, until there are k. */
static inline void moe_fill_up(size_t n, size_t k, uint32_t *best)
{
	for (size_t place = 0; n < k; place++)
		if (!moe_among(best, n, place))
			best[n++] = (uint32_t)place;
}

/* moe_top_k() for small k: each rank is two passes without branches, which vectors make short. */
MOE_INLINE void moe_top_few(const real *row, size_t n, size_t k, uint32_t *best)
{
	int32_t end = (int32_t)n, at = -1;
	real value = (real)INFINITY;
	for (size_t rank = 0; rank < k; rank++) {
		real top = -(real)INFINITY;
		int32_t place = end;
#pragma omp simd reduction(max : top)
		for (int32_t i = 0; i < end; i++) { /* the largest of those behind the last one found */
			real x = row[i] < value || (row[i] == value && i > at) ? row[i] : -(real)INFINITY;
			top = x > top ? x : top;
		}
#pragma omp simd reduction(min : place)
		for (int32_t i = 0; i < end; i++) {
			int32_t here = row[i] == top && (top < value || i > at) ? i : end;
			place = here < place ? here : place;
		}
		if (place == end) {
			moe_fill_up(rank, k, best);
			return;
		}
		best[rank] = (uint32_t)(at = place);
		value = top;
	}
}

/* How many numbers reach the limit?  Lanes of a known number are kept in registers. */
MOE_INLINE size_t moe_reach(const real *row, size_t n, real limit)
{
	int32_t lane[MOE_LANES] = { 0 }, reach = 0;
	size_t i = 0;
	for (; i + MOE_LANES <= n; i += MOE_LANES)
		for (size_t j = 0; j < MOE_LANES; j++)
			lane[j] += row[i + j] >= limit;
	for (size_t j = 0; j < MOE_LANES; j++)
		reach += lane[j];
	for (; i < n; i++)
		reach += row[i] >= limit;
	return (size_t)reach;
}

/* The least and the most of a row; false where not all are numbers. */
MOE_INLINE bool moe_range(const real *row, size_t n, real *least, real *most)
{
	int32_t end = (int32_t)n, numbers = 0;
	real low = (real)INFINITY, high = -(real)INFINITY;
#pragma omp simd reduction(min : low) reduction(max : high) reduction(+ : numbers)
	for (int32_t i = 0; i < end; i++) {
		low = row[i] < low ? row[i] : low;
		high = row[i] > high ? row[i] : high;
		numbers += row[i] == row[i];
	}
	*least = low;
	*most = high;
	return numbers == end;
}

/* A limit that k numbers reach, or more where others are equal to the k-th largest; by bisection. */
MOE_INLINE real moe_limit(const real *row, size_t n, size_t k, real least, real most)
{
	moe_order low = moe_order_of(least), high = k < n ? moe_order_of(most) : low;
	while (low < high) {
		moe_order middle = moe_middle(low, high);
		size_t reach = moe_reach(row, n, moe_real_of(middle));
		if (reach == k)
			return moe_real_of(middle);
		if (reach > k)
			low = middle;
		else
			high = middle - 1;
	}
	return moe_real_of(low);
}

/* Lists, in rising order, the places of the k largest, of which `limit` is a limit.  place[k] is written to as well. */
MOE_INLINE void moe_list_above(const real *row, size_t n, size_t k, real limit, uint32_t *place)
{
	size_t found = 0;
	if (moe_reach(row, n, limit) == k) {
		for (size_t i = 0; i < n; i++) {
			place[found] = (uint32_t)i;
			found += row[i] >= limit;
		}
		return;
	}
	size_t equal = k;
	for (size_t i = 0; i < n; i++)
		equal -= row[i] > limit;
	for (size_t i = 0; i < n && found < k; i++)
		if (row[i] > limit || (row[i] == limit && equal > 0 && equal--))
			place[found++] = (uint32_t)i;
}

enum { MOE_RANKED_AT_ONCE = 64 };

/* moe_top_k() of numbers, for k <= MOE_RANKED_AT_ONCE: each place goes where as many come before it. */
MOE_INLINE void moe_top_some(const real *row, size_t n, size_t k, real limit, uint32_t *best)
{
	real value[MOE_RANKED_AT_ONCE];
	uint32_t place[MOE_RANKED_AT_ONCE + 1];
	size_t padded = (k + MOE_LANES - 1) / MOE_LANES * MOE_LANES;
	moe_list_above(row, n, k, limit, place);
	for (size_t i = 0; i < padded; i++)
		value[i] = i < k ? row[place[i]] : 0;
	for (size_t at = 0; at < padded; at += MOE_LANES) {
		int32_t rank[MOE_LANES] = { 0 };
		for (size_t i = 0; i < k; i++)
			for (size_t j = 0; j < MOE_LANES; j++)
				rank[j] += (value[i] > value[at + j]) | ((value[i] == value[at + j]) & (i < at + j));
		for (size_t j = 0; j < MOE_LANES && at + j < k; j++)
			best[rank[j]] = place[at + j];
	}
}

/* Does place a come after place b, by falling values and then by rising places? */
static inline bool moe_behind(const real *row, uint32_t a, uint32_t b)
{
	return row[a] < row[b] || (row[a] == row[b] && a > b);
}

/* Lets the place at `at` sink in a heap that has the last one on top. */
static inline void moe_sink(const real *row, uint32_t *heap, size_t n, size_t at)
{
	uint32_t sinking = heap[at];
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && moe_behind(row, heap[child + 1], heap[child]))
			child++;
		if (!moe_behind(row, heap[child], sinking))
			break;
		heap[at] = heap[child];
	}
	heap[at] = sinking;
}

/* moe_top_k() of numbers, for any k: a heap of the places is sorted (Williams 1964). */
static inline void moe_top_many(const real *row, size_t n, size_t k, real limit, uint32_t *best)
{
	size_t found = 0, equal = k;
	for (size_t i = 0; i < n; i++)
		equal -= row[i] > limit;
	for (size_t i = 0; i < n && found < k; i++)
		if (row[i] > limit || (row[i] == limit && equal > 0 && equal--))
			best[found++] = (uint32_t)i;
	for (size_t at = k / 2; at-- > 0;)
		moe_sink(row, best, k, at);
	while (k-- > 1) {
		uint32_t last = best[0];
		best[0] = best[k];
		best[k] = last;
		moe_sink(row, best, k, 0);
	}
}

/* Puts the places of the k largest of row[0 .. n-1] into best[0 .. k-1], largest first; the lower place wins a tie.
 * k <= n; what is no number comes last.  Beyond a few, the time hardly grows with k: passes of a bisection, then k
 * places to sort. */
MOE_INLINE void moe_top_k(const real *row, size_t n, size_t k, uint32_t *best)
{
	real least, most;
	if (k <= 4 || !moe_range(row, n, &least, &most)) {
		moe_top_few(row, n, k, best);
		return;
	}
	real limit = moe_limit(row, n, k, least, most);
	if (k <= MOE_RANKED_AT_ONCE)
		moe_top_some(row, n, k, limit, best);
	else
		moe_top_many(row, n, k, limit, best);
}

/* e^x.  In single precision a polynomial after Cephes (relative error below 1e-7; 0 below -88, and no larger above 88)
 * without a branch or a call, so that a loop over it is vectorised; in double precision the library's. */
MOE_INLINE real moe_exp(real x)
{
#ifdef MOE_DOUBLE
	return exp(x);
#else
	union {
		float f;
		int32_t i;
		uint32_t u;
	} as = { .f = x };
	/* Whole numbers with the bits of floats stand in their order, those of negative ones in reverse order above all
	 * others.  A comparison of floats would do, but from it gcc makes branches of their own for the limits. */
	const uint32_t lowest = 0xc2b00000; /* -88 */
	const int32_t highest = 0x42b00000; /* 88 */
	as.u = as.u < lowest ? as.u : lowest;
	as.i = as.i < highest ? as.i : highest;
	float shifted = as.f * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds x / ln 2 to the nearest integer */
	float n = shifted - 12582912.0f;
	float r = as.f - n * 0.693359375f - n * -2.12194440e-4f;
	float p = 1.9875691500e-4f;
	p = p * r + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
	p = p * r * r + r + 1.0f;
	as.i = ((int32_t)n + 127) << 23; /* 2^n; 0 for n = -127 */
	return p * as.f;
#endif
}

/* ln x of x >= 1e-30, and of 1e-30 for what is less.  In single precision a polynomial after Cephes (error below 1e-7
 * of the larger of 1 and the result), in double precision the library's. */
MOE_INLINE real moe_log(real x)
{
#ifdef MOE_DOUBLE
	return log(x > 1e-30 ? x : 1e-30);
#else
	union {
		float f;
		int32_t i;
	} whole = { .f = x }, part, least = { .f = 1e-30f };
	whole.i = whole.i > least.i ? whole.i : least.i; /* see moe_exp() */
	int32_t exponent = (whole.i - 0x3f3504f3) >> 23; /* so that what is left lies in sqrt(1/2) .. sqrt(2) */
	part.i = whole.i - exponent * (1 << 23);
	float e = (float)exponent, r = part.f - 1, square = r * r;
	float p = 7.0376836292e-2f;
	p = p * r - 1.1514610310e-1f;
	p = p * r + 1.1676998740e-1f;
	p = p * r - 1.2420140846e-1f;
	p = p * r + 1.4249322787e-1f;
	p = p * r - 1.6668057665e-1f;
	p = p * r + 2.0000714765e-1f;
	p = p * r - 2.4999993993e-1f;
	p = p * r + 3.3333331174e-1f;
	return p * r * square + e * -2.12194440e-4f - 0.5f * square + r + e * 0.693359375f;
#endif
}

/* ln(1 + e^x), without overflow.  In single precision what 1 + e^-|x| loses by rounding is given back by the factor
 * beside its logarithm, so that small values are as exact as large ones. */
MOE_INLINE real moe_softplus(real x)
{
#ifdef MOE_DOUBLE
	return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
#else
	float e = moe_exp(x > 0 ? -x : x), sum = 1 + e, rest = sum - 1;
	return (x > 0 ? x : 0) + (rest > 0 ? moe_log(sum) * (e / rest) : e);
#endif
}

/* n standard normal numbers, two from each two uniform ones (Box & Muller 1958). */
static inline void moe_normals(struct moe_rng *rng, real *normal, size_t n)
{
	for (size_t i = 0; i < n; i += 2) {
		double radius = sqrt(-2 * log(1 - moe_uniform(rng))), angle = 6.283185307179586 * moe_uniform(rng);
		normal[i] = (real)(radius * cos(angle));
		if (i + 1 < n)
			normal[i + 1] = (real)(radius * sin(angle));
	}
}

/* Is a logit so near the largest of its row that noise could turn their order round?  Its distance is told relative to
 * the larger of its own size and the largest (SparseMixer-v2: at most twice the noise). */
static inline bool moe_nearly(real logit, real largest, double noise)
{
	double size = fmax(fabs((double)logit), (double)largest);
	return (double)largest - (double)logit <= 2 * noise * size;
}

/* The largest of row[0 .. n-1], n >= 1. */
MOE_INLINE real moe_max(const real *row, size_t n)
{
	real top = row[0];
#pragma omp simd reduction(max : top)
	for (size_t i = 0; i < n; i++) /* from 0, so that whole vectors are met */
		top = row[i] > top ? row[i] : top;
	return top;
}

MOE_INLINE double moe_sum(const real *row, size_t n)
{
	double sum;
	MOE_SUM(sum, n, i, row[i]);
	return sum;
}

/* sum of a[i] b[i], the products rounded to the working precision. */
MOE_INLINE double moe_dot(const real *a, const real *b, size_t n)
{
	double sum;
	MOE_SUM(sum, n, i, a[i] * b[i]);
	return sum;
}

/* to[i] = exp(scale (row[i] - top)) / their sum; returns that sum.  top is moe_max() of the row; `to` may be `row`. */
MOE_INLINE double moe_softmax(const real *row, size_t n, real scale, real top, real *to)
{
	for (size_t i = 0; i < n; i++)
		to[i] = moe_exp((row[i] - top) * scale);
	double sum = moe_sum(to, n);
	real share = (real)(1 / sum);
	for (size_t i = 0; i < n; i++)
		to[i] *= share;
	return sum;
}

/* ln sum exp(row), without overflow. */
MOE_INLINE double moe_log_sum_exp(const real *row, size_t n)
{
	real top = moe_max(row, n);
	double sum;
	MOE_SUM(sum, n, i, moe_exp(row[i] - top));
	return (double)top + log(sum);
}

/* mean over the tokens of sum_e worth[e] share_e(t), where a score's share in its row is s / sum(s); adds `weight`
 * times its gradient when grad is not NULL.  d share_j / d s_e = (delta - share_j) / sum(s). */
MOE_INLINE double moe_mean_worth(const struct moe_route *route, const double *worth, double weight,
								 struct moe_grad *grad)
{
	size_t experts = route->call.experts, tokens = route->call.tokens;
	double value = 0;
	for (size_t t = 0; t < tokens; t++) {
		const real *s = route->scores + t * experts;
		double sum = moe_sum(s, experts) + 1e-20, dot;
		MOE_SUM(dot, experts, e, (double)s[e] * worth[e]);
		value += dot / sum;
		double scale = weight / ((double)tokens * sum);
		for (size_t e = 0; grad && e < experts; e++)
			grad->scores[t * experts + e] += (real)(scale * (worth[e] - dot / sum));
	}
	return value / (double)tokens;
}

/* For a part's check: can the layer's experts stand in so many equal groups, of which a token reaches `reach`?  If not,
 * says why.  Groups are devices, or stand for them, and experts without a network are on none. */
static inline bool moe_groups_fit(const struct moe_call *call, long long groups, long long reach, char *complaint,
								  size_t size)
{
	long long experts = (long long)call->experts;
	if (call->bare > 0)
		snprintf(complaint, size,
				 "its groups stand for devices, and experts without a network are on none (leave out zero, copy and "
				 "constant)");
	else if (experts % groups != 0)
		snprintf(complaint, size, "groups = %lld: %lld experts cannot be divided into equal groups (use a divisor)",
				 groups, experts);
	else if (reach > groups)
		snprintf(complaint, size, "group-top-k = %lld: there are only %lld groups", reach, groups);
	return call->bare == 0 && experts % groups == 0 && reach <= groups;
}

#endif
