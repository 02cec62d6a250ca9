/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * addition.c -- sums of random numbers, digit by digit: to be computed, not remembered.
 *
 * Tokens are the digits, then '+' and '='.  A problem has a fixed width: n digits, '+', n digits, '=', n + 1 digits,
 * with leading zeros.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/data/pairs.h"
#include "sim/data/stream.h"

enum { DIGITS_MAX = 16, PROBLEM_MAX = 3 * DIGITS_MAX + 3 };

struct addition {
	int64_t digits, base;
	bool reversed, answers;
};

#define AT(field) .at = offsetof(struct addition, field)
static const struct moe_opt options[] = {
	{ .name = "digits",
	  .type = MOE_OPT_INT,
	  AT(digits),
	  .low = 1,
	  .high = DIGITS_MAX,
	  .preset = 3,
	  .help = "digits of each operand: there are base^(2 digits) problems, too many to memorize when digits is large" },
	{ .name = "base",
	  .type = MOE_OPT_INT,
	  AT(base),
	  .low = 2,
	  .high = 256,
	  .preset = 10,
	  .help = "base of the numbers: the table for one digit has base^2 entries" },
	{ .name = "reversed",
	  .type = MOE_OPT_FLAG,
	  AT(reversed),
	  .help = "write the sum from its last digit on: each digit then needs only one carry and is easier" },
	{ .name = "answers",
	  .type = MOE_OPT_FLAG,
	  AT(answers),
	  .help = "only the digits of the sum count in the loss; the Bayes loss is then 0" },
	{ .name = NULL },
};
#undef AT

struct law {
	struct addition opt;
	size_t digits, base, size; /* size: tokens of a problem */
	struct pairs pairs;
	struct arena arena;
};

static uint32_t plus(const struct law *law)
{
	return (uint32_t)law->base;
}

static uint32_t equals(const struct law *law)
{
	return (uint32_t)law->base + 1;
}

/* The first place of the sum. */
static size_t sum_begin(const struct law *law)
{
	return 2 * law->digits + 2;
}

/* Where in a problem the sum's digit of value base^i stands. */
static size_t sum_place(const struct law *law, size_t i)
{
	return sum_begin(law) + (law->opt.reversed ? i : law->digits - i);
}

/* Writes the sum of the problem's operands behind them, by the school method. */
static void solve(const struct law *law, uint32_t *problem)
{
	size_t n = law->digits, carry = 0;
	for (size_t i = 0; i < n; i++) {
		size_t sum = problem[n - 1 - i] + problem[2 * n - i] + carry;
		problem[sum_place(law, i)] = (uint32_t)(sum % law->base);
		carry = sum / law->base;
	}
	problem[sum_place(law, n)] = (uint32_t)carry;
}

static void draw_problem(const struct law *law, gsl_rng *rng, uint32_t *problem)
{
	for (size_t place = 0; place < sum_begin(law); place++)
		problem[place] = (uint32_t)gsl_rng_uniform_int(rng, law->base);
	problem[law->digits] = plus(law);
	problem[2 * law->digits + 1] = equals(law);
	solve(law, problem);
}

/* Sequences start with a problem: place t of a sequence is place t mod `size` of a problem. */
static void fill_sequence(const struct law *law, gsl_rng *rng, struct batch *batch, size_t first)
{
	uint32_t problem[PROBLEM_MAX];
	draw_problem(law, rng, problem);
	for (size_t t = 0; t < batch->length; t++) {
		size_t place = (t + 1) % law->size;
		batch->id[first + t] = problem[t % law->size];
		batch->domain[first + t] = 0;
		if (place == 0)
			draw_problem(law, rng, problem);
		batch->target[first + t] = problem[place];
		if (law->opt.answers)
			batch->counts[first + t] = place >= sum_begin(law);
	}
}

static void fill(void *law, gsl_rng *rng, bool held_out, struct batch *batch)
{
	(void)held_out;
	for (size_t s = 0; s < batch->sequences; s++)
		fill_sequence(law, rng, batch, s * batch->length);
}

/* The only token that can stand there, given the problem so far. */
static uint32_t determined(const struct law *law, const uint32_t *problem, size_t place)
{
	uint32_t copy[PROBLEM_MAX];
	if (place < sum_begin(law))
		return place == law->digits ? plus(law) : equals(law);
	for (size_t i = 0; i < sum_begin(law); i++)
		copy[i] = problem[i];
	solve(law, copy);
	return copy[place];
}

static bool is_operand(const struct law *law, size_t place)
{
	return place < sum_begin(law) && place != law->digits && place + 1 != sum_begin(law);
}

/* P(x at a place of a problem | the problem so far) */
static double probability(const struct law *law, const uint32_t *problem, size_t place, uint32_t x)
{
	if (is_operand(law, place))
		return x < law->base ? 1 / (double)law->base : 0;
	return determined(law, problem, place) == x;
}

static double bayes_sequence(void *opaque, const struct batch *batch, size_t first)
{
	const struct law *law = opaque;
	double loss = 0;
	for (size_t t = 0; t < batch->length; t++) {
		size_t place = (t + 1) % law->size;
		const uint32_t *problem = batch->id + first + (t + 1 - place);
		if (batch_counts(batch, first + t))
			loss -= log(probability(law, problem, place, batch->target[first + t]));
	}
	return loss;
}

static void bigram(void *opaque, const struct batch *batch, double *sum)
{
	const struct law *law = opaque;
	*sum += pairs_bigram(&law->pairs, batch);
}

/* P(a place of the sum shows this digit and carries `out` | it gets the carry `in`).  The two operands' digits have
 * base^2 sums, of which s can be made in min(s, 2 base - 2 - s) + 1 ways. */
static double place_law(const struct law *law, size_t in, size_t digit, size_t out)
{
	double base = (double)law->base, sum = (double)digit + (double)out * base - (double)in;
	double ways = fmin(sum, 2 * base - 2 - sum) + 1;
	return ways > 0 ? ways / (base * base) : 0;
}

/* P(the digit of the next higher place | that place gets the carry `in`); the highest place is the carry itself. */
static double higher_law(const struct law *law, bool highest, size_t in, size_t digit)
{
	return highest ? digit == in : place_law(law, in, digit, 0) + place_law(law, in, digit, 1);
}

/* The pair of the digits of base^i and base^(i + 1), whose place gets a carry with probability `carry`. */
static void add_sum_pair(struct law *law, size_t i, size_t low, size_t high, double carry)
{
	double p = 0;
	for (size_t in = 0; in < 2; in++)
		for (size_t out = 0; out < 2; out++)
			p += (in ? carry : 1 - carry) * place_law(law, in, low, out) *
				 higher_law(law, i + 1 == law->digits, out, high);
	if (law->opt.reversed)
		pairs_add(&law->pairs, low, high, p);
	else
		pairs_add(&law->pairs, high, low, p);
}

static double next_carry(const struct law *law, double carry)
{
	double p = 0;
	for (size_t digit = 0; digit < law->base; digit++)
		p += (1 - carry) * place_law(law, 0, digit, 1) + carry * place_law(law, 1, digit, 1);
	return p;
}

/* '=' and what follows it, the neighbors in the sum, and its end, behind which the next problem begins. */
static void add_sum(struct law *law)
{
	double carry = 0;
	for (size_t i = 0; i < law->digits; i++) {
		for (size_t cell = 0; cell < law->base * law->base; cell++)
			add_sum_pair(law, i, cell / law->base, cell % law->base, carry);
		carry = next_carry(law, carry);
	}
	double top[] = { 1 - carry, carry };
	for (size_t digit = 0; digit < law->base; digit++) {
		double highest = digit < 2 ? top[digit] : 0, lowest = 1 / (double)law->base;
		double last = law->opt.reversed ? highest : lowest;
		pairs_add(&law->pairs, equals(law), digit, law->opt.reversed ? lowest : highest);
		if (!law->opt.answers)
			pairs_add_uniform(&law->pairs, digit, 0, law->base, last);
	}
}

static void add_operands(struct law *law)
{
	double each = 1 / (double)law->base, inside = 2 * (double)(law->digits - 1);
	for (size_t digit = 0; digit < law->base; digit++) {
		pairs_add_uniform(&law->pairs, digit, 0, law->base, inside * each);
		pairs_add(&law->pairs, digit, plus(law), each);
		pairs_add(&law->pairs, digit, equals(law), each);
	}
	pairs_add_uniform(&law->pairs, plus(law), 0, law->base, 1);
}

static void *open_law(const void *opt, uint64_t seed, struct stream *stream, struct error *err)
{
	static const char *const names[] = { "addition" };
	struct law *law = calloc(1, sizeof *law);
	(void)seed, (void)err; /* arithmetic is the same for all seeds */
	if (law == NULL)
		error_no_memory("the stream addition");
	law->opt = *(const struct addition *)opt;
	law->digits = (size_t)law->opt.digits, law->base = (size_t)law->opt.base;
	law->size = 3 * law->digits + 3;
	stream->vocabulary = law->base + 2;
	pairs_take(&law->pairs, &law->arena, stream->vocabulary);
	add_sum(law);
	if (!law->opt.answers)
		add_operands(law);
	stream->domains = 1;
	stream->domain_names = names;
	stream->uniform = log((double)stream->vocabulary);
	stream->unigram = pairs_unigram(&law->pairs);
	stream->counts = law->opt.answers;
	return law;
}

static int check(const void *opaque, const struct stream_use *use, struct error *err)
{
	const struct law *law = opaque;
	if (use->length >= sum_begin(law))
		return 0;
	return fail(err, ERROR_USER,
				"addition: a sequence of %zu tokens ends before the sum begins (make it at least %zu tokens long)",
				use->length, sum_begin(law));
}

static const char *write_token(const void *opaque, uint32_t token)
{
	const struct law *law = opaque;
	return token == plus(law) ? "+" : token == equals(law) ? "=" : text_keep_f("%u", (unsigned)token);
}

static void close_law(void *opaque)
{
	struct law *law = opaque;
	arena_free(&law->arena);
	free(law);
}

const struct stream_type stream_addition = {
	.name = "addition",
	.summary = "sums of random numbers, digit by digit; exact Bayes loss",
	.use = "computation: a rule rather than facts, so width and depth should help, and more experts at equal active "
		   "FLOPs should not; compare with phonebook",
	.formula = "problems of n = `digits`: n uniform digits, '+', n uniform digits, '=', the n + 1 digits of their sum\n"
			   "Bayes loss: ln base for each digit of an operand, 0 for everything else\n"
			   "held-out problems are new draws from the same distribution: of the base^(2 n) problems, few were seen "
			   "in training",
	.cite = "Jelassi et al. (2024), Mixture of Parrots: Experts Improve Memorization More Than Reasoning",
	.opts = options,
	.opts_size = sizeof(struct addition),
	.open = open_law,
	.check = check,
	.fill = fill,
	.bayes_sequence = bayes_sequence,
	.bigram = bigram,
	.text = write_token,
	.close = close_law,
};
