/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_topicmix.c -- the law of topicmix, its samples, and its Bayes loss against enumeration of all hidden paths.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/data/stream.h"
#include "sim/data/topicmix_law.h"

/* Small enough to enumerate, and everything that can happen does. */
#define SMALL "topicmix,vocabulary=5,fanout=2,shared=0.4,domain-zipf=0.7"
#define CLASSES "topicmix,vocabulary=12,classes=4,fanout=2,shared=0.25,domain-zipf=0.7"
#define TINY SMALL ",domains=3,mixing=0.7,length=4,switch=0.2"

static struct arena arena;
static struct stream stream;
static const struct topicmix_law *law;

static void teardown(void)
{
	if (stream.type != NULL)
		stream_close(&stream);
	arena_free(&arena);
}

static void open_law(const char *spec, uint64_t seed)
{
	struct error err = { .code = ERROR_NONE };
	if (stream.type != NULL)
		stream_close(&stream);
	ck_assert_msg(stream_open(&stream, spec, seed, &err) == 0, "%s: %s", spec, err.text);
	law = stream.law;
}

static void enter(size_t step)
{
	stream_enter(&stream, step);
	law = stream.law;
}

static struct batch new_batch(size_t sequences, size_t length)
{
	struct batch batch;
	batch_take(&batch, &arena, sequences, length);
	return batch;
}

/* ---- the tables ---------------------------------------------------------------------------------------------- */

static const char *const laws[] = {
	TINY,
	"topicmix",
	"topicmix,context=0",
	"topicmix,context=0.37,vocabulary=101,domains=5,fanout=7",
	"topicmix,shared=0,fanout=1",
	"topicmix,shared=1",
	"topicmix,domains=1",
	"topicmix,mixing=0",
	"topicmix,mixing=1,concentration=0.01,vocabulary=64",
	"topicmix,vocabulary=32,fanout=32,token-zipf=2,token-offset=0,domains=2",
	"topicmix,vocabulary=2,fanout=2",
	"topicmix,context=0.5,drift=1,drifting=0.5",
	CLASSES ",drift=1",
};

/* Farthest that a sum over all next tokens is from 1; -1 for a negative probability. */
static double farthest_row(size_t z)
{
	double farthest = 0;
	for (size_t x = 0; x < law->classes; x++) {
		double row = 0;
		for (uint32_t next = 0; next < law->classes; next++) {
			double p = topicmix_next(law, z, 0, x, next);
			if (p < 0)
				return -1;
			row += p;
		}
		farthest = fmax(farthest, fabs(row - 1));
	}
	return farthest;
}

START_TEST(every_row_is_a_law)
{
	open_law(laws[_i], 3);
	double prior = 0;
	for (size_t z = 0; z < law->domains; z++) {
		double base = 0;
		for (size_t x = 0; x < law->classes; x++)
			base += topicmix_base(law, z, x);
		prior += law->prior[z];
		ck_assert_double_eq_tol(base, 1, 1e-12);
		ck_assert_double_ge(farthest_row(z), 0);
		ck_assert_double_lt(farthest_row(z), 1e-12);
	}
	ck_assert_double_eq_tol(prior, 1, 1e-12);
}
END_TEST

static bool is_good_row(const uint32_t *next, const double *upto)
{
	bool good = upto[law->fanout - 1] == 1;
	for (size_t i = 0; i < law->fanout; i++) {
		good = good && next[i] < law->classes && upto[i] >= (i > 0 ? upto[i - 1] : 0);
		for (size_t j = 0; j < i; j++)
			good = good && next[i] != next[j];
	}
	return good;
}

START_TEST(successors_are_distinct_and_weights_rise_to_one)
{
	open_law(laws[_i], 3);
	size_t good = 0;
	for (size_t row = 0; row < law->rows; row++)
		good += is_good_row(law->next + row * law->fanout, law->upto + row * law->fanout);
	ck_assert_uint_eq(good, law->rows);
}
END_TEST

START_TEST(ranks_and_tokens_are_inverse)
{
	open_law(laws[_i], 3);
	size_t found = 0;
	for (size_t z = 0; z < law->domains; z++)
		for (size_t rank = 0; rank < law->classes; rank++)
			found += law->rank[law->ranked[z * law->classes + rank] * law->domains + z] == rank;
	ck_assert_uint_eq(found, law->domains * law->classes);
}
END_TEST

/* Worked by hand: 1, 1/2, 1/3, 1/4 over 25/12; with offset 1: 1/2, 1/3, 1/4, 1/5 over 77/60. */
START_TEST(zipf_is_as_by_hand)
{
	static const double plain[] = { 12. / 25, 6. / 25, 4. / 25, 3. / 25 };
	static const double offset[] = { 30. / 77, 20. / 77, 15. / 77, 12. / 77 };
	open_law("topicmix,vocabulary=4,domains=4,domain-zipf=1,token-zipf=1,token-offset=0,shared=1", 3);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_double_eq_tol(law->prior[i], plain[i], 1e-15);
		ck_assert_double_eq_tol(topicmix_base(law, 2, i), plain[i], 1e-15);
	}
	open_law("topicmix,vocabulary=4,domains=4,domain-zipf=0,token-zipf=1,token-offset=1,shared=1", 3);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_double_eq_tol(law->prior[i], 0.25, 1e-15);
		ck_assert_double_eq_tol(topicmix_base(law, 2, i), offset[i], 1e-15);
	}
}
END_TEST

static bool same_rank_everywhere(size_t x)
{
	for (size_t z = 0; z < law->domains; z++)
		if (law->rank[x * law->domains + z] != x)
			return false;
	return true;
}

START_TEST(shared_tokens_keep_rank_and_successors_in_all_domains)
{
	open_law("topicmix,vocabulary=200,classes=200,domains=6,shared=0.3", 3);
	size_t shared = 0, own = 0, in_head = 0;
	for (size_t x = 0; x < 200; x++) {
		own += law->own[x];
		if (!same_rank_everywhere(x))
			continue;
		shared++;
		in_head += x < 100;
		ck_assert_uint_eq(topicmix_successors(law, 0, 0, x), topicmix_successors(law, 5, 0, x));
	}
	ck_assert_uint_eq(shared, 60);
	ck_assert_uint_eq(in_head, 30);
	ck_assert_uint_eq(own, 140);
}
END_TEST

/* The set of tokens with rows of the domain's own grows with context, and no row that both laws have differs. */
START_TEST(contexts_are_nested)
{
	static const char *const specs[] = { "topicmix,vocabulary=256,classes=256,context=0.3",
										 "topicmix,vocabulary=256,classes=256,context=0.6" };
	static bool own[2][256];
	static uint32_t next[256][8][4], common[256][4];
	size_t count[2] = { 0 };
	open_law(specs[0], 3);
	for (size_t x = 0; x < 256; x++)
		for (size_t z = 0; z < 8; z++) {
			count[0] += own[0][x] = law->own[x];
			memcpy(next[x][z], law->next + topicmix_successors(law, z, 0, x), sizeof next[x][z]);
		}
	open_law(specs[1], 3);
	for (size_t x = 0; x < 256; x++) {
		ck_assert(law->own[x] || !own[0][x]);
		memcpy(common[x], law->next + topicmix_successors(law, 0, 0, x), sizeof common[x]);
		for (size_t z = 0; z < 8; z++) {
			count[1] += law->own[x];
			if (own[0][x] == law->own[x])
				ck_assert_mem_eq(next[x][z], law->next + topicmix_successors(law, z, 0, x), sizeof next[x][z]);
		}
	}
	ck_assert_uint_eq(count[0], 8 * 54); /* 256 - 77 shared = 179 tokens, of which 0.3 */
	ck_assert_uint_eq(count[1], 8 * 107);
}
END_TEST

START_TEST(context_0_depends_on_the_token_alone_and_context_1_on_the_domain)
{
	open_law("topicmix,context=0,shared=0", 3);
	for (size_t x = 0; x < law->classes; x++)
		ck_assert_uint_eq(topicmix_successors(law, 0, 0, x), topicmix_successors(law, 7, 0, x));
	open_law("topicmix,context=1,shared=0", 3);
	size_t alike = 0;
	for (size_t x = 0; x < law->classes; x++)
		alike += memcmp(law->next + topicmix_successors(law, 0, 0, x), law->next + topicmix_successors(law, 7, 0, x),
						law->fanout * sizeof *law->next) == 0;
	ck_assert_uint_lt(alike, 3);
}
END_TEST

START_TEST(laws_differ_with_the_seed)
{
	static uint32_t ranks[256 * 8];
	open_law("topicmix,vocabulary=256,classes=256,domains=8", 3);
	memcpy(ranks, law->rank, sizeof ranks);
	open_law("topicmix,vocabulary=256,classes=256,domains=8", 4);
	ck_assert_mem_ne(ranks, law->rank, sizeof ranks);
	open_law("topicmix,vocabulary=256,classes=256,domains=8", 3);
	ck_assert_mem_eq(ranks, law->rank, sizeof ranks);
}
END_TEST

static const struct {
	const char *spec, *says;
} refused[] = {
	{ "topicmix,vocabulary=3,fanout=4",
	  "topicmix: fanout=4 is more than the 3 tokens of the vocabulary (a token has distinct successors)" },
	{ "topicmix,vocabulary=65536,classes=65536,domains=256,shared=0", "above the limit of 1.0 GB" },
	{ "topicmix,vocabulary=12,classes=3,fanout=4", "fanout=4 is more than the 3 classes" },
	{ "topicmix,vocabulary=512,classes=60", "classes=60 do not divide vocabulary=512 (try classes=32)" },
	{ "topicmix,vocabulary=12,classes=13", "(try classes=12)" },
	{ "topicmix,order=2,groups=33", "groups=33 is more than the 32 classes of tokens" },
	{ "topicmix,vocabulary=12,classes=4,order=2,groups=5", "groups=5 is more than the 4 classes of tokens" },
};

START_TEST(contradictions_and_huge_laws_are_refused)
{
	struct error err = { .code = ERROR_NONE };
	ck_assert_int_eq(stream_open(&stream, refused[_i].spec, 1, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* ---- Bayes loss ---------------------------------------------------------------------------------------------- */

/* r_z(x|c), from its definition; in the order by number where all domains have the same. */
static double in_class_of(size_t z, uint32_t x, size_t c)
{
	size_t place = law->place != NULL ? law->place[x * law->domains + z] : x % law->members;
	double sum = 0;
	for (size_t i = 0; i < law->members; i++)
		sum += pow((double)i + 1, -law->opt.class_zipf);
	return x / law->members == c ? pow((double)place + 1, -law->opt.class_zipf) / sum : 0;
}

static double in_class(uint32_t x, size_t c)
{
	return in_class_of(0, x, c);
}

/* The group that counts behind a class. */
static size_t group_of(size_t c)
{
	return law->groups > 1 ? law->group_of[c] : 0;
}

/* Probability of x[1 .. n] when x[0] came from domain z and class c, and what came before it is of group g: the sum
 * over everything that may happen before each token, and over all classes that the next token may have. */
static double paths(size_t z, size_t g, size_t c, const uint32_t *x, size_t n)
{
	double end = law->end, change = law->opt.change, sum = 0;
	if (n == 0)
		return 1;
	for (uint32_t next = 0; next < law->classes; next++)
		for (size_t to = 0; to < law->domains; to++) {
			double prior = law->prior[to], member = in_class_of(to, x[1], next);
			if (member == 0)
				continue;
			double on = member * paths(to, group_of(c), next, x + 1, n - 1);
			sum += end * prior * topicmix_base(law, to, next) * on;
			sum += (1 - end) * change * prior * topicmix_next(law, to, g, c, next) * on;
			if (to == z)
				sum += (1 - end) * (1 - change) * topicmix_next(law, z, g, c, next) * on;
		}
	return sum;
}

/* Probability of x[0 .. n] from the start of a sequence. */
static double sequence(const uint32_t *x, size_t n)
{
	double sum = 0;
	for (size_t z = 0; z < law->domains; z++)
		for (size_t c = 0; c < law->classes; c++) {
			double p = law->prior[z] * topicmix_base(law, z, c) * in_class_of(z, x[0], c);
			sum += p > 0 ? p * paths(z, 0, c, x, n) : 0;
		}
	return sum;
}

static const char *const enumerated[] = {
	TINY,
	TINY ",drift=1,drifting=0.7",
	SMALL ",domains=3,mixing=0.7,switch=0.2",
	SMALL ",domains=3,mixing=0.7,length=4,switch=0",
	SMALL ",domains=3,mixing=0.7,switch=0",
	SMALL ",domains=3,mixing=0.7,length=4,switch=1",
	SMALL ",domains=3,mixing=1,length=4,switch=0.2",
	SMALL ",domains=3,mixing=1,switch=0",
	SMALL ",domains=3,mixing=0.95,length=8,context=0.5",
	SMALL ",domains=3,mixing=0,length=4,switch=0.2",
	SMALL ",domains=3,mixing=0.7,length=1,switch=0.2",
	SMALL ",domains=1,mixing=0.7,length=4,switch=0.2",
	CLASSES ",domains=3,mixing=0.7,length=4,switch=0.2",
	CLASSES ",domains=3,mixing=0.85,switch=0,class-zipf=0",
	CLASSES ",domains=2,mixing=0.7,switch=0.1,class-zipf=2.5,drift=1,drifting=0.5",
	CLASSES ",domains=3,mixing=0.7,length=4,switch=0.2,class-law=domain",
	CLASSES ",domains=2,mixing=0.85,switch=0,class-law=domain,context=0,drift=1,drifting=0.5",
	TINY ",order=2,groups=2",
	TINY ",order=2,groups=5,drift=1,drifting=0.7",
	SMALL ",domains=3,mixing=1,switch=0,order=2,groups=3,context=0.5",
	CLASSES ",domains=3,mixing=0.8,length=6,switch=0.1,class-law=domain,order=2,groups=3",
};

START_TEST(bayes_loss_is_the_sum_over_all_hidden_paths)
{
	enum { LENGTH = 5, SEQUENCES = 6 };
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	for (uint64_t seed = 1; seed <= 3; seed++) {
		open_law(enumerated[_i], seed);
		stream_eval(&stream, 0, &batch);
		for (size_t s = 0; s < SEQUENCES; s++)
			for (size_t n = 1; n <= LENGTH; n++) {
				uint32_t x[LENGTH + 1];
				struct batch part = {
					.sequences = 1, .length = n, .id = batch.id + s * LENGTH, .target = batch.target + s * LENGTH
				};
				double bayes = 0;
				memcpy(x, part.id, n * sizeof *x);
				x[n] = part.target[n - 1];
				stream_bayes(&stream, &part, &bayes, NULL);
				ck_assert_double_eq_tol(bayes, log(sequence(x, 0)) - log(sequence(x, n)), 1e-12);
			}
	}
}
END_TEST

START_TEST(the_oracle_knows_the_inputs_domains_alone)
{
	enum { LENGTH = 64 };
	struct batch batch = new_batch(1, LENGTH);
	open_law(enumerated[_i], 1);
	stream_eval(&stream, 0, &batch);
	double bayes = 0, oracle = 0, expected = 0;
	stream_bayes(&stream, &batch, &bayes, &oracle);
	for (size_t t = 0; t < LENGTH; t++) {
		uint32_t x[] = { batch.id[t], batch.target[t] };
		size_t g = t > 0 ? group_of(batch.id[t - 1] / law->members) : 0;
		expected -= log(paths(batch.domain[t], g, x[0] / law->members, x, 1));
	}
	ck_assert_double_eq_tol(oracle, expected, 1e-11);
}
END_TEST

/* The predictions for all continuations of a token add up to 1: exp(-loss) is a law over sequences. */
START_TEST(bayes_predictions_add_up_to_one)
{
	enum { V = 5, LENGTH = 4, ALL = V * V * V * V };
	struct batch batch = new_batch(1, LENGTH);
	open_law(TINY, 1);
	for (uint32_t start = 0; start < V; start++) {
		double sum = 0;
		for (uint32_t code = 0; code < ALL; code++) {
			uint32_t rest = code, x = start;
			for (size_t t = 0; t < LENGTH; t++, rest /= V) {
				batch.id[t] = x;
				batch.target[t] = x = rest % V;
			}
			double bayes = 0;
			stream_bayes(&stream, &batch, &bayes, NULL);
			sum += exp(-bayes);
		}
		ck_assert_double_eq_tol(sum, 1, 1e-12);
	}
}
END_TEST

START_TEST(an_impossible_token_costs_infinity_and_nothing_after_it_is_nan)
{
	struct batch batch = new_batch(1, 2);
	open_law("topicmix,mixing=1,fanout=1,vocabulary=16,shared=1", 1);
	batch.target[0] = batch.id[1] = (law->next[topicmix_successors(law, 0, 0, batch.id[0])] + 1) % 16;
	batch.target[1] = law->next[topicmix_successors(law, 0, 0, batch.id[1])];
	double bayes = 0, oracle = 0;
	stream_bayes(&stream, &batch, &bayes, &oracle);
	ck_assert_double_infinite(bayes);
	ck_assert_double_infinite(oracle);
}
END_TEST

static const char *const ordered[] = {
	"topicmix", "topicmix,length=64", "topicmix,context=0", "topicmix,mixing=0.5,switch=0.1", "topicmix,domain-zipf=2",
};

/* Losses per evaluation token. */
static void losses(double *bigram, double *bayes, double *oracle)
{
	enum { BATCHES = 50, SEQUENCES = 32, LENGTH = 64, TOKENS = BATCHES * SEQUENCES * LENGTH };
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	*bigram = *bayes = *oracle = 0;
	for (size_t i = 0; i < BATCHES; i++) {
		stream_eval(&stream, i, &batch);
		stream_bayes(&stream, &batch, bayes, oracle);
		stream_bigram(&stream, &batch, bigram);
	}
	*bigram /= TOKENS, *bayes /= TOKENS, *oracle /= TOKENS;
}

START_TEST(who_knows_more_loses_less)
{
	double bigram, bayes, oracle;
	open_law(ordered[_i], 1);
	losses(&bigram, &bayes, &oracle);
	ck_assert_double_gt(oracle, 0);
	ck_assert_double_gt(bayes, oracle);
	ck_assert_double_gt(bigram, bayes);
	ck_assert_double_gt(stream.unigram, bigram);
	ck_assert_double_gt(stream.uniform, stream.unigram);
	ck_assert_double_eq(stream.uniform, log((double)stream.vocabulary));
}
END_TEST

START_TEST(with_one_domain_the_oracle_knows_no_more)
{
	double bigram, bayes, oracle;
	open_law("topicmix,domains=1", 1);
	losses(&bigram, &bayes, &oracle);
	ck_assert_double_eq_tol(bayes, oracle, 1e-12);
	ck_assert_double_eq_tol(bayes, bigram, 1e-12);
}
END_TEST

/* The two ends of `context`, without the base law in between: the last token says everything, or far from it. */
START_TEST(where_successors_depend_on_the_token_alone_it_knows_everything)
{
	double bigram, bayes, oracle;
	open_law("topicmix,mixing=1,context=0", 1);
	losses(&bigram, &bayes, &oracle);
	ck_assert_double_eq_tol(bayes, oracle, 1e-12);
	ck_assert_double_eq_tol(bayes, bigram, 1e-12);
	open_law("topicmix,mixing=1,context=1", 1);
	losses(&bigram, &bayes, &oracle);
	ck_assert_double_gt(bigram, bayes + 0.3);
}
END_TEST

/* ---- unigram ------------------------------------------------------------------------------------------------- */

/* Without successors the law of a token is the mixture of the base laws. */
START_TEST(unigram_without_successors_is_the_mixture)
{
	open_law("topicmix,vocabulary=128,classes=128,mixing=0,domains=3", 2);
	double entropy = 0;
	for (size_t x = 0; x < law->classes; x++) {
		double p = 0;
		for (size_t z = 0; z < 3; z++)
			p += law->prior[z] * topicmix_base(law, z, x);
		entropy -= p * log(p);
	}
	ck_assert_double_eq_tol(stream.unigram, entropy, 1e-12);
}
END_TEST

/* One step of the dense joint law of domain and token. */
static void move(double now[3][5])
{
	double then[3][5] = { { 0 } };
	for (size_t from = 0; from < 15; from++)
		for (size_t to = 0; to < 3; to++)
			for (uint32_t next = 0; next < 5; next++) {
				double change = law->opt.change * law->prior[to] + (from / 5 == to) * (1 - law->opt.change);
				double go_on = (1 - law->end) * change * topicmix_next(law, to, 0, from % 5, next);
				double start = law->end * law->prior[to] * topicmix_base(law, to, next);
				then[to][next] += now[from / 5][from % 5] * (go_on + start);
			}
	memcpy(now, then, sizeof then);
}

/* The joint law of domain and token 200 tokens from a start. */
static void far_law(double now[3][5])
{
	for (size_t z = 0; z < 3; z++)
		for (size_t x = 0; x < 5; x++)
			now[z][x] = law->prior[z] * topicmix_base(law, z, x);
	for (int step = 0; step < 200; step++)
		move(now);
}

START_TEST(unigram_is_the_entropy_of_a_far_token)
{
	double now[3][5], entropy = 0;
	open_law(TINY, 2);
	far_law(now);
	for (size_t x = 0; x < 5; x++) {
		double p = now[0][x] + now[1][x] + now[2][x];
		entropy -= p * log(p);
	}
	ck_assert_double_eq_tol(stream.unigram, entropy, 1e-11);
}
END_TEST

enum { CELLS = 5 * 12 * 3 };

/* Where the law p[g][c][z] of a token goes, transition by transition. */
static void move_cells(double *p)
{
	double then[CELLS] = { 0 }, change = law->opt.change;
	size_t classes = law->classes, domains = law->domains, cells = law->groups * classes * domains;
	for (size_t from = 0; from < cells; from++)
		for (size_t to = 0; to < classes * domains; to++) {
			size_t g = from / domains / classes, c = from / domains % classes, z = from % domains, next = to / domains;
			size_t there = to % domains;
			double prior = law->prior[there], stays = (z == there) * (1 - change) + change * prior;
			then[group_of(c) * classes * domains + to] +=
				p[from] * (law->end * prior * topicmix_base(law, there, next) +
						   (1 - law->end) * stays * topicmix_next(law, there, g, c, (uint32_t)next));
		}
	memcpy(p, then, cells * sizeof *p);
}

/* The law of the group before a class, the class, and its domain, 300 tokens from a start. */
static void far_cells(double *p)
{
	size_t cells = law->groups * law->classes * law->domains;
	ck_assert_uint_le(cells, CELLS);
	memset(p, 0, cells * sizeof *p);
	for (size_t i = 0; i < law->classes * law->domains; i++)
		p[i] = law->prior[i % law->domains] * topicmix_base(law, i % law->domains, i / law->domains);
	for (int step = 0; step < 300; step++)
		move_cells(p);
}

/* P(group g before x, x, z) of the far law */
static double far_token(const double *p, size_t g, uint32_t x, size_t z)
{
	size_t c = x / law->members;
	return p[(g * law->classes + c) * law->domains + z] * in_class_of(z, x, c);
}

/* P(y | x, w), where w[z] is the law of the domain of x and the group before it is that of the far law. */
static double far_prediction(const double *p, const double *w, uint32_t x, uint32_t y)
{
	uint32_t pair[] = { x, y };
	double sum = 0;
	for (size_t z = 0; z < law->domains; z++) {
		double all = 0;
		for (size_t g = 0; g < law->groups; g++)
			all += far_token(p, g, x, z);
		for (size_t g = 0; all > 0 && g < law->groups; g++)
			sum += w[z] * far_token(p, g, x, z) / all * paths(z, g, x / law->members, pair, 1);
	}
	return sum;
}

/* Laws that forget their start in 300 tokens. */
static const char *const far[] = {
	TINY,
	TINY ",drift=1,drifting=0.7",
	SMALL ",domains=3,mixing=0.7,switch=0.2",
	CLASSES ",domains=3,mixing=0.7,length=4,switch=0.2",
	CLASSES ",domains=3,mixing=0.7,length=4,switch=0.2,class-law=domain",
	TINY ",order=2,groups=2",
	TINY ",order=2,groups=5",
	CLASSES ",domains=3,mixing=0.8,length=6,switch=0.1,class-law=domain,order=2,groups=3",
};

START_TEST(unigram_and_bigram_are_those_of_the_far_law)
{
	double p[CELLS], entropy = 0, bigram = 0, expected = 0;
	struct batch batch = new_batch(1, 64);
	open_law(far[_i], 2);
	far_cells(p);
	for (uint32_t x = 0; x < law->classes * law->members; x++) {
		double share = 0;
		for (size_t i = 0; i < law->groups * law->domains; i++)
			share += far_token(p, i / law->domains, x, i % law->domains);
		entropy -= share * log(share);
	}
	ck_assert_double_eq_tol(stream.unigram, entropy, 1e-11);
	stream_eval(&stream, 0, &batch);
	stream_bigram(&stream, &batch, &bigram);
	for (size_t t = 0; t < 64; t++) {
		double both = 0, one = 0;
		uint32_t pair[] = { batch.id[t], batch.target[t] };
		for (size_t i = 0; i < law->groups * law->domains; i++) {
			size_t g = i / law->domains, z = i % law->domains;
			both += far_token(p, g, pair[0], z) * paths(z, g, pair[0] / law->members, pair, 1);
			one += far_token(p, g, pair[0], z);
		}
		expected -= log(both) - log(one);
	}
	ck_assert_double_eq_tol(bigram, expected, 1e-9);
}
END_TEST

/* P(the domains z[0 .. t], x[0 .. t]) when each token is a draw from the far law of its domain, the first but from the
 * law of the first; summed over all domains before the last, which is `z`. */
static double bag_paths(const double *p, const uint32_t *x, size_t t, size_t z)
{
	double change = law->opt.change, sum = 0, mean = 0;
	if (t == 0)
		return law->prior[z] * topicmix_base(law, z, x[0] / law->members) * in_class_of(z, x[0], x[0] / law->members);
	for (size_t g = 0; g < law->groups; g++)
		mean += far_token(p, g, x[t], z) / law->prior[z];
	for (size_t from = 0; from < law->domains; from++) {
		double anew = law->end + (1 - law->end) * change, moves = (from == z) * (1 - anew) + anew * law->prior[z];
		sum += bag_paths(p, x, t - 1, from) * moves;
	}
	return sum * mean;
}

START_TEST(the_bag_is_read_without_its_order)
{
	enum { LENGTH = 6 };
	double p[CELLS], bag = 0, expected = 0;
	struct batch batch = new_batch(1, LENGTH);
	open_law(far[_i], 2);
	far_cells(p);
	stream_eval(&stream, 0, &batch);
	stream_bag(&stream, &batch, &bag);
	for (size_t t = 0; t < LENGTH; t++) {
		double w[3] = { 0 }, all = 0;
		for (size_t z = 0; z < law->domains; z++)
			all += w[z] = bag_paths(p, batch.id, t, z);
		for (size_t z = 0; z < law->domains; z++)
			w[z] /= all;
		expected -= log(far_prediction(p, w, batch.id[t], batch.target[t]));
	}
	ck_assert_double_eq_tol(bag, expected, 1e-10);
}
END_TEST

/* Without switches the order of what came before the last token does not matter to the bag, but to the filter. */
START_TEST(the_bag_forgets_the_order_of_the_past)
{
	enum { LENGTH = 6 };
	struct batch batch = new_batch(1, LENGTH);
	static const uint32_t forward[] = { 3, 1, 2, 4, 0, 3 }, other[] = { 3, 4, 1, 2, 0, 3 };
	double loss[2][2] = { { 0 } }, part[2][2] = { { 0 } };
	open_law(SMALL ",domains=3,mixing=0.7,switch=0", 2);
	for (int i = 0; i < 2; i++) {
		memcpy(batch.id, i ? other : forward, sizeof forward);
		memcpy(batch.target, batch.id + 1, (LENGTH - 1) * sizeof *batch.target);
		batch.target[LENGTH - 1] = 1;
		stream_bag(&stream, &batch, &loss[i][0]);
		stream_bayes(&stream, &batch, &loss[i][1], NULL);
		struct batch shorter = batch;
		shorter.length = LENGTH - 1;
		stream_bag(&stream, &shorter, &part[i][0]);
		stream_bayes(&stream, &shorter, &part[i][1], NULL);
	}
	ck_assert_double_eq_tol(loss[0][0] - part[0][0], loss[1][0] - part[1][0], 1e-12);
	ck_assert_double_gt(fabs(loss[0][1] - part[0][1] - loss[1][1] + part[1][1]), 1e-3);
}
END_TEST

/* Where each token has a law of its own: between the filter and the last token alone, and about 0.17 nats above the
 * filter. */
START_TEST(the_bag_costs_what_is_known_of_a_law)
{
	enum { BATCHES = 16, TOKENS = BATCHES * 32 * 64, SEEDS = 5 };
	struct batch batch = new_batch(32, 64);
	double excess = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		double bag = 0, bayes = 0, bigram = 0;
		open_law("topicmix,vocabulary=128,classes=128,token-zipf=1,switch=0.01", seed);
		for (size_t i = 0; i < BATCHES; i++) {
			stream_eval(&stream, i, &batch);
			stream_bag(&stream, &batch, &bag);
			stream_bayes(&stream, &batch, &bayes, NULL);
			stream_bigram(&stream, &batch, &bigram);
		}
		ck_assert_double_gt(bag, bayes);
		ck_assert_double_gt(bigram, bag);
		excess += (bag - bayes) / TOKENS / SEEDS;
	}
	ck_assert_double_eq_tol(excess, 0.172, 0.005);
}
END_TEST

/* Frequencies of pairs of neighbors follow the far law. */
START_TEST(what_is_drawn_follows_the_far_law)
{
	enum { SEQUENCES = 4000, LENGTH = 100, V = 12 };
	double p[CELLS], drawn[V][V] = { { 0 } };
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	open_law(far[_i], 2);
	far_cells(p);
	stream_train(&stream, 1, &batch);
	for (size_t at = 0; at < SEQUENCES * LENGTH; at++)
		drawn[batch.id[at]][batch.target[at]] += 1.0 / (SEQUENCES * LENGTH);
	for (uint32_t x = 0; x < law->classes * law->members; x++)
		for (uint32_t y = 0; y < law->classes * law->members; y++) {
			uint32_t pair[] = { x, y };
			double both = 0;
			for (size_t i = 0; i < law->groups * law->domains; i++) {
				size_t g = i / law->domains, z = i % law->domains;
				both += far_token(p, g, x, z) * paths(z, g, x / law->members, pair, 1);
			}
			ck_assert_double_eq_tol(drawn[x][y], both, 0.005);
		}
}
END_TEST

/* Each domain has its own order in a class, but for the shared ones, and the groups outlast a drift. */
START_TEST(orders_and_groups_are_as_described)
{
	size_t alike = 0, moved = 0;
	open_law("topicmix,vocabulary=256,classes=16,class-law=domain,shared=0.25,order=2,groups=3,drift=10", 3);
	uint32_t group[16], count[3] = { 0 };
	memcpy(group, law->group_of, sizeof group);
	for (size_t x = 0; x < 256; x++) {
		ck_assert_uint_eq(law->placed[5 * 256 + x / 16 * 16 + law->place[x * 8 + 5]], x);
		alike += law->place[x * 8] == x % 16 && law->place[x * 8 + 5] == x % 16;
	}
	for (size_t c = 0; c < 16; c++) {
		size_t same = 0;
		for (size_t x = c * 16; x < (c + 1) * 16; x++)
			same += law->place[x * 8] == law->place[x * 8 + 5];
		moved += same < 8;
		count[group[c]]++;
	}
	ck_assert_uint_ge(alike, 64); /* the shared quarter */
	ck_assert_uint_eq(moved, 12);
	for (size_t g = 0; g < 3; g++)
		ck_assert(count[g] == 5 || count[g] == 6);
	enter(10);
	ck_assert_mem_eq(group, law->group_of, sizeof group);
}
END_TEST

/* The joint law of domain and class needs no more than that of tokens, of which there are none here. */
START_TEST(with_classes_the_entropy_is_that_of_class_and_member)
{
	double entropy = 0;
	open_law(CLASSES ",domains=1,mixing=0,class-zipf=1", 2);
	for (uint32_t x = 0; x < 12; x++) {
		double p = topicmix_base(law, 0, x / 3) * in_class(x, x / 3);
		entropy -= p * log(p);
	}
	ck_assert_double_eq_tol(stream.unigram, entropy, 1e-12);
	ck_assert_double_eq_tol(in_class(3, 1), 6. / 11, 1e-15); /* 1, 1/2, 1/3 over 11/6 */
}
END_TEST

/* A class is what its tokens have in common: the law of the next token is the same behind each of them. */
START_TEST(tokens_of_a_class_behave_alike)
{
	struct batch batch = new_batch(1, 1);
	open_law(CLASSES ",domains=3", 2);
	for (uint32_t target = 0; target < 12; target++)
		for (uint32_t c = 0; c < 4; c++) {
			double loss[3] = { 0 };
			for (uint32_t i = 0; i < 3; i++) {
				batch.id[0] = c * 3 + i, batch.target[0] = target;
				stream_bayes(&stream, &batch, &loss[i], NULL);
			}
			ck_assert_double_eq(loss[0], loss[1]);
			ck_assert_double_eq(loss[0], loss[2]);
		}
}
END_TEST

/* The likeliest domain, by the sum over all hidden paths that end in each. */
START_TEST(the_guess_is_the_likeliest_domain_so_far)
{
	enum { LENGTH = 5 };
	struct batch batch = new_batch(1, LENGTH);
	batch_take_guess(&batch, &arena);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		open_law(CLASSES ",domains=3,mixing=0.7,length=4,switch=0.2", seed);
		stream_eval(&stream, 0, &batch);
		double weight[LENGTH][3];
		for (size_t z = 0; z < 3; z++)
			weight[0][z] = law->prior[z] * topicmix_base(law, z, batch.id[0] / 3);
		for (size_t t = 1; t < LENGTH; t++)
			for (size_t z = 0; z < 3; z++) {
				weight[t][z] = 0;
				for (size_t from = 0; from < 3; from++) {
					double stays = (from == z) * (1 - law->opt.change) + law->opt.change * law->prior[z];
					uint32_t c = batch.id[t - 1] / 3, next = batch.id[t] / 3;
					weight[t][z] += weight[t - 1][from] * (law->end * law->prior[z] * topicmix_base(law, z, next) +
														   (1 - law->end) * stays * topicmix_next(law, z, 0, c, next));
				}
			}
		for (size_t t = 0; t < LENGTH; t++)
			for (size_t z = 0; z < 3; z++)
				ck_assert_double_ge(weight[t][batch.guess[t]], weight[t][z] * (1 - 1e-9));
	}
}
END_TEST

START_TEST(bigram_reads_the_last_token_alone)
{
	enum { LENGTH = 64 };
	struct batch batch = new_batch(1, LENGTH);
	double now[3][5], bigram = 0, expected = 0;
	open_law(TINY, 2);
	far_law(now);
	stream_eval(&stream, 0, &batch);
	stream_bigram(&stream, &batch, &bigram);
	for (size_t t = 0; t < LENGTH; t++) {
		uint32_t x[] = { batch.id[t], batch.target[t] };
		double both = 0, all = 0;
		for (size_t z = 0; z < 3; z++) {
			both += now[z][x[0]] * paths(z, 0, x[0], x, 1);
			all += now[z][x[0]];
		}
		expected -= log(both / all);
	}
	ck_assert_double_eq_tol(bigram, expected, 1e-10);
}
END_TEST

/* ---- samples ------------------------------------------------------------------------------------------------- */

/* Chi-square of counts against a law; cells with an expectation below 5 are pooled. */
static double chi_square(const double *count, const double *p, size_t n, size_t *freedom)
{
	double total = 0, square = 0, rest = 0, rest_p = 0;
	size_t cells = 0;
	for (size_t i = 0; i < n; i++)
		total += count[i];
	for (size_t i = 0; i < n; i++) {
		if (p[i] * total < 5) {
			rest += count[i], rest_p += p[i];
			continue;
		}
		square += pow(count[i] - p[i] * total, 2) / (p[i] * total);
		cells++;
	}
	if (rest_p * total >= 1) {
		square += pow(rest - rest_p * total, 2) / (rest_p * total);
		cells++;
	}
	*freedom += cells > 0 ? cells - 1 : 0;
	return square;
}

/* Every transition from a domain and token to the next, all events mixed, against the law. */
START_TEST(transitions_follow_the_law)
{
	enum { D = 3, V = 5, STATES = D * V, LENGTH = 64, SEQUENCES = 32 };
	static double count[STATES][STATES];
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	open_law(TINY, 4);
	memset(count, 0, sizeof count);
	for (size_t step = 1; step <= 500; step++) {
		stream_train(&stream, step, &batch);
		for (size_t at = 0; at < SEQUENCES * LENGTH; at++)
			if (at % LENGTH + 1 < LENGTH)
				count[batch.domain[at] * V + batch.id[at]][batch.domain[at + 1] * V + batch.id[at + 1]]++;
	}
	double square = 0;
	size_t freedom = 0;
	for (size_t from = 0; from < STATES; from++) {
		double p[STATES];
		for (size_t to = 0; to < STATES; to++) {
			size_t z = to / V;
			double stay = (from / V == z) * (1 - law->opt.change) + law->opt.change * law->prior[z];
			p[to] = (1 - law->end) * stay * topicmix_next(law, z, 0, from % V, (uint32_t)(to % V)) +
					law->end * law->prior[z] * topicmix_base(law, z, to % V);
		}
		square += chi_square(count[from], p, STATES, &freedom);
	}
	ck_assert_uint_gt(freedom, 100);
	ck_assert_double_gt(gsl_cdf_chisq_Q(square, (double)freedom), 1e-3);
	ck_assert_double_lt(gsl_cdf_chisq_Q(square, (double)freedom), 1 - 1e-3);
}
END_TEST

/* First tokens of sequences against the base laws of their domains. */
static void check_starts(size_t sequences, size_t counted, bool held_out)
{
	enum { D = 3, V = 5, BATCHES = 4000 };
	double count[D * V] = { 0 }, p[D * V];
	struct batch batch = new_batch(sequences, 2);
	for (size_t i = 1; i <= BATCHES; i++) {
		if (held_out)
			stream_eval(&stream, i, &batch);
		else
			stream_train(&stream, i, &batch);
		count[batch.domain[2 * counted] * V + batch.id[2 * counted]]++;
	}
	for (size_t i = 0; i < D * V; i++)
		p[i] = law->prior[i / V] * topicmix_base(law, i / V, i % V);
	size_t freedom = 0;
	double square = chi_square(count, p, D * V, &freedom);
	ck_assert_double_gt(gsl_cdf_chisq_Q(square, (double)freedom), 1e-3);
}

START_TEST(sequences_start_by_the_prior_however_they_are_packed)
{
	open_law(TINY, 4);
	check_starts(3, 2, false);
	check_starts(3, 2, true);
	open_law(TINY ",documents=1", 4);
	check_starts(3, 0, false);
	check_starts(3, 2, false);
}
END_TEST

START_TEST(sequences_of_a_document_start_in_one_domain_in_training_alone)
{
	enum { SEQUENCES = 12, LENGTH = 16, DOCUMENTS = 3 };
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	open_law("topicmix,documents=3,domain-zipf=0,domains=64", 4);
	size_t strays = 0;
	for (size_t step = 1; step <= 20; step++) {
		stream_train(&stream, step, &batch);
		for (size_t s = DOCUMENTS; s < SEQUENCES; s++)
			ck_assert_uint_eq(batch.domain[s * LENGTH], batch.domain[s % DOCUMENTS * LENGTH]);
		stream_eval(&stream, step, &batch);
		for (size_t s = DOCUMENTS; s < SEQUENCES; s++)
			strays += batch.domain[s * LENGTH] != batch.domain[s % DOCUMENTS * LENGTH];
	}
	ck_assert_uint_gt(strays, 150); /* of 180; 177 expected */
}
END_TEST

START_TEST(evaluation_is_the_same_for_any_number_of_documents)
{
	struct batch batch = new_batch(8, 16), other = new_batch(8, 16);
	open_law("topicmix", 4);
	stream_eval(&stream, 2, &batch);
	open_law("topicmix,documents=1", 4);
	stream_eval(&stream, 2, &other);
	ck_assert_mem_eq(batch.id, other.id, 8 * 16 * sizeof *batch.id);
}
END_TEST

/* Changes of domain within sequences, and the mean over all pairs of neighbors. */
static double changes(void)
{
	enum { SEQUENCES = 64, LENGTH = 64 };
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	double n = 0;
	for (size_t step = 1; step <= 20; step++) {
		stream_train(&stream, step, &batch);
		for (size_t at = 0; at < SEQUENCES * LENGTH; at++)
			n += at % LENGTH + 1 < LENGTH && batch.domain[at] != batch.domain[at + 1];
	}
	return n / (20 * SEQUENCES * (LENGTH - 1));
}

START_TEST(documents_end_and_domains_switch_as_often_as_asked)
{
	open_law("topicmix,switch=0,domains=4,domain-zipf=0", 4);
	ck_assert_double_eq(changes(), 0);
	open_law("topicmix,switch=0,length=8,domains=4,domain-zipf=0", 4);
	ck_assert_double_eq_tol(changes(), 0.75 / 8, 0.005);
	open_law("topicmix,switch=0.1,domains=4,domain-zipf=0", 4);
	ck_assert_double_eq_tol(changes(), 0.75 * 0.1, 0.005);
	open_law("topicmix,switch=1,domains=4,domain-zipf=0", 4);
	ck_assert_double_eq_tol(changes(), 0.75, 0.005);
}
END_TEST

/* A position tells nothing of the domain: otherwise a router could look specialized by counting positions. */
START_TEST(position_tells_nothing_of_the_domain)
{
	enum { D = 8, LENGTH = 16, SEQUENCES = 500, BATCHES = 100 };
	static double count[LENGTH][D];
	double domain[D] = { 0 }, information = 0, n = (double)SEQUENCES * BATCHES;
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	memset(count, 0, sizeof count);
	open_law("topicmix,length=8,switch=0.05,domains=8", 4);
	for (size_t i = 0; i < BATCHES; i++) {
		stream_eval(&stream, i, &batch);
		for (size_t at = 0; at < SEQUENCES * LENGTH; at++) {
			count[at % LENGTH][batch.domain[at]]++;
			domain[batch.domain[at]]++;
		}
	}
	for (size_t t = 0; t < LENGTH; t++)
		for (size_t z = 0; z < D; z++)
			information += count[t][z] / (n * LENGTH) * log(count[t][z] * LENGTH / domain[z]);
	ck_assert_double_lt(information / M_LN2, 0.001); /* bits */
}
END_TEST

/* ---- drift ----------------------------------------------------------------------------------------------------- */

#define DRIFT "topicmix,domains=6,context=0.5,drift=10,drifting=0.5"

/* Do two laws give domain z the same order of tokens, and the same successors to all tokens that have rows of its own
 * (own) or to all that have not? */
static bool same_ranks(const struct topicmix_law *a, const struct topicmix_law *b, size_t z)
{
	return memcmp(a->ranked + z * a->classes, b->ranked + z * a->classes, a->classes * sizeof *a->ranked) == 0;
}

static bool same_rows(const struct topicmix_law *a, const struct topicmix_law *b, size_t z, bool own)
{
	bool same = true;
	for (size_t x = 0; x < a->classes; x++) {
		size_t at = topicmix_successors(a, z, 0, x);
		same &= a->own[x] == b->own[x] && at == topicmix_successors(b, z, 0, x);
		if (a->own[x] == own)
			same &= memcmp(a->next + at, b->next + at, a->fanout * sizeof *a->next) == 0 &&
					memcmp(a->upto + at, b->upto + at, a->fanout * sizeof *a->upto) == 0;
	}
	return same;
}

START_TEST(a_drift_changes_what_the_domains_have_of_their_own_and_nothing_else)
{
	size_t drifted = 0;
	open_law(DRIFT, 3);
	const struct topicmix_law *before = law;
	enter(10);
	ck_assert_ptr_ne(before, law);
	ck_assert_mem_eq(before->prior, law->prior, law->domains * sizeof *law->prior);
	ck_assert_mem_eq(before->base, law->base, law->classes * sizeof *law->base);
	for (size_t z = 0; z < law->domains; z++) {
		bool drifts = !same_ranks(before, law, z);
		drifted += drifts;
		ck_assert_int_eq(drifts, topicmix_drifts(law, z));
		ck_assert_int_eq(drifts, !same_rows(before, law, z, true));
		ck_assert(same_rows(before, law, z, false));
		ck_assert(!topicmix_drifts(before, z));
	}
	ck_assert_uint_eq(drifted, 3);
	for (uint32_t x = 0; x < law->classes; x++)
		if (same_rank_everywhere(x)) /* a shared token stays one */
			ck_assert_uint_eq(before->rank[x * law->domains + 1], x);
}
END_TEST

START_TEST(the_law_in_force_is_that_of_the_step)
{
	open_law(DRIFT, 3);
	double unigram = stream.unigram;
	const void *before = stream.law;
	ck_assert(!stream_enter(&stream, 9));
	ck_assert_ptr_eq(stream.law, before);
	ck_assert(stream_enter(&stream, 10));
	ck_assert(!stream_enter(&stream, 1000));
	ck_assert_ptr_ne(stream.law, before);
	ck_assert_double_ne(stream.unigram, unigram);
	ck_assert(stream_enter(&stream, 9));
	ck_assert_ptr_eq(stream.law, before);
	ck_assert_double_eq(stream.unigram, unigram);
}
END_TEST

/* Steps may be taken in any order: a batch depends on its number alone, and before the drift there is no trace of it.
 */
START_TEST(before_the_drift_the_stream_is_as_without_one)
{
	struct batch drifting = new_batch(8, 32), plain = new_batch(8, 32);
	open_law("topicmix", 3);
	stream_train(&stream, 9, &plain);
	open_law("topicmix,drift=10", 3);
	stream_train(&stream, 50, &drifting);
	stream_train(&stream, 9, &drifting);
	ck_assert_mem_eq(plain.id, drifting.id, 8 * 32 * sizeof *plain.id);
	ck_assert_mem_eq(plain.target, drifting.target, 8 * 32 * sizeof *plain.target);
	stream_train(&stream, 50, &plain);
	open_law("topicmix,drift=50", 3);
	stream_train(&stream, 50, &drifting);
	ck_assert_mem_eq(plain.id, drifting.id, 8 * 32 * sizeof *plain.id);
}
END_TEST

/* Tokens of a law are less surprising to it than to the other one. */
START_TEST(training_and_evaluation_follow_the_law_in_force)
{
	static const size_t here[] = { 9, 10 };
	struct batch trained = new_batch(16, 64), evaluated = new_batch(16, 64);
	open_law("topicmix,drift=10", 3);
	for (int i = 0; i < 2; i++) {
		double own = 0, other = 0, own_eval = 0, other_eval = 0;
		stream_train(&stream, here[i], &trained);
		stream_eval(&stream, 0, &evaluated);
		stream_bayes(&stream, &trained, &own, NULL);
		stream_bayes(&stream, &evaluated, &own_eval, NULL);
		enter(here[1 - i]);
		stream_bayes(&stream, &trained, &other, NULL);
		stream_bayes(&stream, &evaluated, &other_eval, NULL);
		ck_assert_double_lt(own * 1.2, other);
		ck_assert_double_lt(own_eval * 1.2, other_eval);
	}
}
END_TEST

int main(void)
{
	enum { LAWS = sizeof laws / sizeof *laws, REFUSED = sizeof refused / sizeof *refused };
	enum { FAR = sizeof far / sizeof *far };
	enum { ENUMERATED = sizeof enumerated / sizeof *enumerated, ORDERED = sizeof ordered / sizeof *ordered };
	Suite *suite = suite_create("topicmix");
	TCase *tables = tcase_create("tables"), *bayes = tcase_create("bayes"), *samples = tcase_create("samples");
	TCase *drift = tcase_create("drift");
	tcase_add_checked_fixture(tables, NULL, teardown);
	tcase_add_loop_test(tables, every_row_is_a_law, 0, LAWS);
	tcase_add_loop_test(tables, successors_are_distinct_and_weights_rise_to_one, 0, LAWS);
	tcase_add_loop_test(tables, ranks_and_tokens_are_inverse, 0, LAWS);
	tcase_add_test(tables, zipf_is_as_by_hand);
	tcase_add_test(tables, shared_tokens_keep_rank_and_successors_in_all_domains);
	tcase_add_test(tables, contexts_are_nested);
	tcase_add_test(tables, orders_and_groups_are_as_described);
	tcase_add_test(tables, context_0_depends_on_the_token_alone_and_context_1_on_the_domain);
	tcase_add_test(tables, laws_differ_with_the_seed);
	tcase_add_loop_test(tables, contradictions_and_huge_laws_are_refused, 0, REFUSED);
	tcase_add_checked_fixture(drift, NULL, teardown);
	tcase_add_test(drift, a_drift_changes_what_the_domains_have_of_their_own_and_nothing_else);
	tcase_add_test(drift, the_law_in_force_is_that_of_the_step);
	tcase_add_test(drift, before_the_drift_the_stream_is_as_without_one);
	tcase_add_test(drift, training_and_evaluation_follow_the_law_in_force);
	tcase_add_checked_fixture(bayes, NULL, teardown);
	tcase_add_loop_test(bayes, bayes_loss_is_the_sum_over_all_hidden_paths, 0, ENUMERATED);
	tcase_add_loop_test(bayes, the_oracle_knows_the_inputs_domains_alone, 0, ENUMERATED);
	tcase_add_test(bayes, bayes_predictions_add_up_to_one);
	tcase_add_test(bayes, an_impossible_token_costs_infinity_and_nothing_after_it_is_nan);
	tcase_add_loop_test(bayes, who_knows_more_loses_less, 0, ORDERED);
	tcase_add_test(bayes, with_one_domain_the_oracle_knows_no_more);
	tcase_add_test(bayes, unigram_without_successors_is_the_mixture);
	tcase_add_test(bayes, unigram_is_the_entropy_of_a_far_token);
	tcase_add_test(bayes, bigram_reads_the_last_token_alone);
	tcase_add_loop_test(bayes, unigram_and_bigram_are_those_of_the_far_law, 0, FAR);
	tcase_add_loop_test(bayes, the_bag_is_read_without_its_order, 0, FAR);
	tcase_add_test(bayes, the_bag_forgets_the_order_of_the_past);
	tcase_add_test(bayes, the_bag_costs_what_is_known_of_a_law);
	tcase_add_test(bayes, with_classes_the_entropy_is_that_of_class_and_member);
	tcase_add_test(bayes, tokens_of_a_class_behave_alike);
	tcase_add_test(bayes, the_guess_is_the_likeliest_domain_so_far);
	tcase_add_test(bayes, where_successors_depend_on_the_token_alone_it_knows_everything);
	tcase_add_checked_fixture(samples, NULL, teardown);
	tcase_add_test(samples, transitions_follow_the_law);
	tcase_add_loop_test(samples, what_is_drawn_follows_the_far_law, 0, FAR);
	tcase_add_test(samples, sequences_start_by_the_prior_however_they_are_packed);
	tcase_add_test(samples, sequences_of_a_document_start_in_one_domain_in_training_alone);
	tcase_add_test(samples, evaluation_is_the_same_for_any_number_of_documents);
	tcase_add_test(samples, documents_end_and_domains_switch_as_often_as_asked);
	tcase_add_test(samples, position_tells_nothing_of_the_domain);
	suite_add_tcase(suite, tables);
	suite_add_tcase(suite, drift);
	suite_add_tcase(suite, bayes);
	suite_add_tcase(suite, samples);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
