/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * phonebook.c -- random names with random numbers, to be learned by heart.
 *
 * Tokens are the letters, then the ten digits.  Names are sorted, so that those with the same beginning stand together
 * and what the next letter may be is a share of an interval.
 */
#include <config.h>

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "sim/base/discrete.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/data/pairs.h"
#include "sim/data/stream.h"

enum { DIGITS = 10, NAMES_MAX = 1 << 22 };

struct phonebook {
	int64_t entries, letters, alphabet, digits;
	double zipf;
	bool answers;
};

#define AT(field) .at = offsetof(struct phonebook, field)
static const struct moe_opt options[] = {
	{ .name = "entries",
	  .type = MOE_OPT_INT,
	  AT(entries),
	  .low = 2,
	  .high = 1e6,
	  .preset = 1024,
	  .help = "names in the book: entries x digits x ln 10 nats to memorize" },
	{ .name = "letters",
	  .type = MOE_OPT_INT,
	  AT(letters),
	  .low = 1,
	  .high = 16,
	  .preset = 3,
	  .help = "letters per name; with one, the embedding alone can store the book" },
	{ .name = "alphabet",
	  .type = MOE_OPT_INT,
	  AT(alphabet),
	  .low = 2,
	  .high = 256,
	  .preset = 16,
	  .help = "number of different letters" },
	{ .name = "digits",
	  .type = MOE_OPT_INT,
	  AT(digits),
	  .low = 1,
	  .high = 64,
	  .preset = 4,
	  .help = "digits per number" },
	{ .name = "zipf",
	  .type = MOE_OPT_REAL,
	  AT(zipf),
	  .low = 0,
	  .high = 4,
	  .preset = 0,
	  .help = "Zipf exponent of the names' frequencies; 0: all equal; large: many facts are rare" },
	{ .name = "answers",
	  .type = MOE_OPT_FLAG,
	  AT(answers),
	  .help = "only the digits of the numbers count in the loss; the Bayes loss is then 0" },
	{ .name = NULL },
};
#undef AT

struct law {
	struct phonebook opt;
	size_t entries, letters, alphabet, digits, size; /* size: tokens of an entry */
	uint32_t *name;                                  /* [entries] the letters as one number, ascending */
	uint32_t *number;                                /* [entries][digits] tokens */
	double *before;                                  /* [entries + 1] share of the entries before this one */
	gsl_ran_discrete_t *draw;
	struct pairs pairs;
	struct arena arena;
};

static uint32_t power(size_t base, size_t exponent)
{
	uint64_t result = 1;
	while (exponent-- > 0 && result <= NAMES_MAX)
		result *= base;
	return (uint32_t)(result <= NAMES_MAX ? result : NAMES_MAX + 1);
}

/* The token at a place of an entry. */
static uint32_t token(const struct law *law, size_t entry, size_t place)
{
	if (place < law->letters)
		return law->name[entry] / power(law->alphabet, law->letters - 1 - place) % (uint32_t)law->alphabet;
	return law->number[entry * law->digits + place - law->letters];
}

/* A uniform choice among all names, in ascending order (selection sampling, Knuth 3.4.2 S). */
static void draw_names(struct law *law, gsl_rng *rng)
{
	uint32_t all = power(law->alphabet, law->letters);
	size_t n = 0;
	for (uint32_t name = 0; n < law->entries; name++)
		if ((double)(all - name) * gsl_rng_uniform(rng) < (double)(law->entries - n))
			law->name[n++] = name;
}

static void draw_numbers(struct law *law, gsl_rng *rng)
{
	for (size_t i = 0; i < law->entries * law->digits; i++)
		law->number[i] = (uint32_t)(law->alphabet + gsl_rng_uniform_int(rng, DIGITS));
}

/* Which names are frequent has nothing to do with their letters. */
static void draw_shares(struct law *law, gsl_rng *rng)
{
	double *weight = malloc(law->entries * sizeof *weight), sum = 0;
	if (weight == NULL)
		error_no_memory("the stream phonebook");
	for (size_t i = 0; i < law->entries; i++)
		sum += weight[i] = pow((double)i + 1, -law->opt.zipf);
	gsl_ran_shuffle(rng, weight, law->entries, sizeof *weight);
	for (size_t i = 0; i < law->entries; i++)
		law->before[i + 1] = law->before[i] + weight[i] / sum;
	law->draw = discrete_open(law->entries, weight);
	free(weight);
}

static void add_entry(struct law *law, size_t entry, double *first, double *last)
{
	double share = law->before[entry + 1] - law->before[entry];
	for (size_t place = 0; place + 1 < law->size; place++)
		if (!law->opt.answers || place + 1 >= law->letters)
			pairs_add(&law->pairs, token(law, entry, place), token(law, entry, place + 1), share);
	first[token(law, entry, 0)] += share;
	last[token(law, entry, law->size - 1)] += share;
}

/* One entry tells nothing of the next. */
static void add_pairs(struct law *law)
{
	double first[256] = { 0 }, last[256 + DIGITS] = { 0 };
	for (size_t entry = 0; entry < law->entries; entry++)
		add_entry(law, entry, first, last);
	for (size_t digit = law->alphabet; !law->opt.answers && digit < law->alphabet + DIGITS; digit++)
		for (size_t letter = 0; letter < law->alphabet; letter++)
			pairs_add(&law->pairs, digit, letter, last[digit] * first[letter]);
}

static void draw_book(struct law *law, uint64_t seed, gsl_rng *rng)
{
	law->name = ARENA_TAKE(&law->arena, law->entries, uint32_t);
	law->number = ARENA_TAKE(&law->arena, law->entries * law->digits, uint32_t);
	law->before = ARENA_TAKE(&law->arena, law->entries + 1, double);
	seed_open(rng, seed, "law/names", 0);
	draw_names(law, rng);
	seed_open(rng, seed, "law/numbers", 0);
	draw_numbers(law, rng);
	seed_open(rng, seed, "law/frequencies", 0);
	draw_shares(law, rng);
	pairs_take(&law->pairs, &law->arena, law->alphabet + DIGITS);
	add_pairs(law);
}

static bool is_digit_place(const struct law *law, size_t place)
{
	return place % law->size >= law->letters;
}

/* Sequences start with an entry: place t of a sequence is place t mod `size` of an entry. */
static void fill_sequence(const struct law *law, gsl_rng *rng, struct batch *batch, size_t first)
{
	size_t entry = gsl_ran_discrete(rng, law->draw);
	uint32_t x = token(law, entry, 0);
	for (size_t t = 0; t < batch->length; t++) {
		size_t place = (t + 1) % law->size;
		if (place == 0)
			entry = gsl_ran_discrete(rng, law->draw);
		batch->id[first + t] = x;
		batch->domain[first + t] = 0;
		batch->target[first + t] = x = token(law, entry, place);
		if (law->opt.answers)
			batch->counts[first + t] = is_digit_place(law, place);
	}
}

/* What was learned by heart is asked: held-out sequences are of the same book. */
static void fill(void *law, gsl_rng *rng, bool held_out, struct batch *batch)
{
	(void)held_out;
	for (size_t s = 0; s < batch->sequences; s++)
		fill_sequence(law, rng, batch, s * batch->length);
}

/* The entries [from, to) that go with the tokens of the name so far. */
struct range {
	size_t from, to;
};

static size_t lower_bound(const struct law *law, struct range range, uint64_t name)
{
	while (range.from < range.to) {
		size_t middle = range.from + (range.to - range.from) / 2;
		if (law->name[middle] < name)
			range.from = middle + 1;
		else
			range.to = middle;
	}
	return range.from;
}

static double share(const struct law *law, struct range range)
{
	return law->before[range.to] - law->before[range.from];
}

/* Narrows the range by the letter at this place of the name and returns the letter's probability. */
static double narrow(const struct law *law, struct range *range, size_t place, uint32_t letter)
{
	uint64_t step = power(law->alphabet, law->letters - 1 - place);
	double all = share(law, *range);
	if (letter >= law->alphabet || range->from == range->to) {
		range->to = range->from;
		return 0;
	}
	uint64_t begin = law->name[range->from] / (step * law->alphabet) * law->alphabet * step + letter * step;
	struct range part = { lower_bound(law, *range, begin), lower_bound(law, *range, begin + step) };
	*range = part;
	return share(law, part) / all;
}

/* P(token at a place of an entry | the entry so far); the law restarts with each entry, whatever came before. */
static double probability(const struct law *law, struct range *range, size_t place, uint32_t x)
{
	if (place == 0)
		*range = (struct range){ 0, law->entries };
	if (place < law->letters)
		return narrow(law, range, place, x);
	return range->from < range->to && token(law, range->from, place) == x;
}

static double bayes_sequence(void *opaque, const struct batch *batch, size_t first)
{
	const struct law *law = opaque;
	struct range range;
	double loss = 0;
	probability(law, &range, 0, batch->id[first]);
	for (size_t t = 0; t < batch->length; t++) {
		double p = probability(law, &range, (t + 1) % law->size, batch->target[first + t]);
		loss -= batch_counts(batch, first + t) ? log(p) : 0;
	}
	return loss;
}

static void bigram(void *opaque, const struct batch *batch, double *sum)
{
	const struct law *law = opaque;
	*sum += pairs_bigram(&law->pairs, batch);
}

static int check_names(const struct phonebook *opt, struct error *err)
{
	uint32_t names = power((size_t)opt->alphabet, (size_t)opt->letters);
	if (names > NAMES_MAX)
		return fail(
			err, ERROR_USER,
			"phonebook: an alphabet of %lld makes more than %d names of %lld letters (lower alphabet or letters)",
			(long long)opt->alphabet, NAMES_MAX, (long long)opt->letters);
	if (names < opt->entries)
		return fail(err, ERROR_USER,
					"phonebook: entries=%lld is more than the %u names of %lld letters (lower entries, or raise "
					"letters or alphabet)",
					(long long)opt->entries, (unsigned)names, (long long)opt->letters);
	return 0;
}

static void *open_law(const void *opt, uint64_t seed, struct stream *stream, struct error *err)
{
	static const char *const names[] = { "phonebook" };
	if (check_names(opt, err) != 0)
		return NULL;
	struct law *law = calloc(1, sizeof *law);
	if (law == NULL)
		error_no_memory("the stream phonebook");
	law->opt = *(const struct phonebook *)opt;
	law->entries = (size_t)law->opt.entries, law->letters = (size_t)law->opt.letters;
	law->alphabet = (size_t)law->opt.alphabet, law->digits = (size_t)law->opt.digits;
	law->size = law->letters + law->digits;
	draw_book(law, seed, stream->rng);
	stream->vocabulary = law->alphabet + DIGITS;
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
	if (use->length >= law->letters)
		return 0;
	return fail(err, ERROR_USER,
				"phonebook: a sequence of %zu tokens ends before the number begins (make it at least %zu tokens long)",
				use->length, law->letters);
}

/* Letters as such while the alphabet has enough of them, else by number: L0, L1, ... */
static const char *write_token(const void *opaque, uint32_t token)
{
	const struct law *law = opaque;
	unsigned alphabet = (unsigned)law->alphabet;
	if (token >= alphabet)
		return text_keep_f("%u", (unsigned)token - alphabet);
	return alphabet <= 26 ? text_keep_f("%c", 'a' + (int)token) : text_keep_f("L%u", (unsigned)token);
}

static void close_law(void *opaque)
{
	struct law *law = opaque;
	gsl_ran_discrete_free(law->draw);
	arena_free(&law->arena);
	free(law);
}

const struct stream_type stream_phonebook = {
	.name = "phonebook",
	.summary = "random names with random numbers to memorize; exact Bayes loss",
	.use =
		"memory: what matters is how many facts fit into the parameters, so more experts should help at equal active "
		"FLOPs; compare with addition",
	.formula =
		"a book of `entries` distinct names of `letters` random letters, each with a number of `digits` random digits; "
		"a sequence is one random entry after another\n"
		"Bayes loss: a letter costs -ln of the share of its entries among those that begin like the name so far; "
		"digits cost nothing once the book is known\n"
		"held-out sequences are new draws from the same book",
	.cite = "Jelassi et al. (2024), Mixture of Parrots: Experts Improve Memorization More Than Reasoning",
	.opts = options,
	.opts_size = sizeof(struct phonebook),
	.open = open_law,
	.check = check,
	.fill = fill,
	.bayes_sequence = bayes_sequence,
	.bigram = bigram,
	.text = write_token,
	.close = close_law,
};
