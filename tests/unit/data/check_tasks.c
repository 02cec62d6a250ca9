/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_tasks.c -- the streams recall, phonebook, addition and clusters against laws written down case by case.
 *
 * Each task has, at sizes where that is possible, the probability of a whole sequence as a sum over everything that is
 * hidden, and the weights of all pairs of a token and its target; neither shares code with the streams.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/data/stream.h"

enum { SEQUENCES = 40, LENGTH = 14, V_MAX = 40 };

static struct arena arena;
static struct stream stream;
static struct batch batch;

static void teardown(void)
{
	if (stream.type != NULL)
		stream_close(&stream);
	arena_free(&arena);
}

/* Would a run of the default size with sequences of this length be refused? */
static int check_length(size_t length, struct error *err)
{
	struct stream_use use = { .length = length, .sequences = 32, .steps = 600 };
	return stream_check(&stream, &use, err);
}

static void open_task(const char *spec, size_t sequences, size_t length)
{
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(stream_open(&stream, spec, 3, &err) == 0, "%s: %s", spec, err.text);
	ck_assert_uint_le(stream.vocabulary, V_MAX);
	batch_take(&batch, &arena, sequences, length);
	if (stream.counts)
		batch_take_counts(&batch, &arena);
}

static bool has(const char *spec, const char *word)
{
	return strstr(spec, word) != NULL;
}

/* ---- recall -------------------------------------------------------------------------------------------------- */

enum { KEYS = 2, VALUES = 3, NOISE = 2, GAP = 2 };
#define RECALL "recall,keys=2,values=3,noise=2,gap=2"

static double slip;

static double value_law(size_t wanted, uint32_t token)
{
	if (token < KEYS || token >= KEYS + VALUES)
		return 0;
	return slip / VALUES + (token - KEYS == wanted ? 1 - slip : 0);
}

/* P(x[0 .. n) | map), where x[0] begins a pair. */
static double pairs_law(const size_t *map, const uint32_t *x, size_t n)
{
	double sum = 0;
	if (n == 0)
		return 1;
	if (x[0] >= KEYS)
		return 0;
	if (n == 1)
		return 1.0 / KEYS;
	for (size_t gap = 0; gap <= GAP; gap++) {
		double p = 1.0 / (GAP + 1);
		size_t seen = gap < n - 2 ? gap : n - 2;
		for (size_t i = 0; i < seen; i++)
			p *= x[2 + i] >= KEYS + VALUES ? 1.0 / NOISE : 0;
		sum += p > 0 ? p * pairs_law(map, x + 2 + seen, n - 2 - seen) : 0;
	}
	return sum * value_law(map[x[0]], x[1]) / KEYS;
}

static double recall_law(const uint32_t *x, size_t n)
{
	double sum = 0;
	for (size_t code = 0; code < VALUES * VALUES; code++) {
		size_t map[KEYS] = { code / VALUES, code % VALUES };
		sum += pairs_law(map, x, n) / (VALUES * VALUES);
	}
	return sum;
}

/* One pair with `gap` noise tokens behind it, and the key that follows. */
static void recall_case(size_t key, size_t value, size_t gap, double p, double weight[][V_MAX])
{
	weight[key][KEYS + value] += p;
	for (size_t i = 0; i <= gap; i++)
		for (size_t a = 0; a < (i ? NOISE : 1); a++)
			for (size_t b = 0; b < (i < gap ? NOISE : KEYS); b++) {
				size_t x = i ? KEYS + VALUES + a : KEYS + value, y = i < gap ? KEYS + VALUES + b : b;
				weight[x][y] += p / (i ? NOISE : 1) / (i < gap ? NOISE : KEYS);
			}
}

static void recall_pairs(bool answers, double weight[][V_MAX])
{
	for (size_t key = 0; key < KEYS; key++)
		for (size_t value = 0; value < VALUES; value++)
			for (size_t gap = 0; gap <= GAP; gap++)
				if (answers)
					weight[key][KEYS + value] += 1;
				else
					recall_case(key, value, gap, 1, weight);
}

/* Answers by their definition: the key stands earlier, too. */
static bool recall_counts(const uint32_t *x, size_t t)
{
	for (size_t i = 0; i < t; i++)
		if (x[t] < KEYS && x[i] == x[t])
			return true;
	return false;
}

/* ---- phonebook ----------------------------------------------------------------------------------------------- */

enum { ENTRIES = 5, LETTERS = 2, ALPHABET = 3, DIGITS = 3, ENTRY = LETTERS + DIGITS };
#define BOOK "phonebook,entries=5,letters=2,alphabet=3,digits=3"

/* The book as found in what was drawn. */
static struct entry {
	uint32_t token[ENTRY];
	double share;
} book[ENTRIES];

static int by_share(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->share < y->share) - (x->share > y->share);
}

static struct entry *find_entry(const uint32_t *token, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (memcmp(book[i].token, token, sizeof book[i].token) == 0)
			return &book[i];
	ck_assert_uint_lt(*n, ENTRIES);
	memcpy(book[*n].token, token, sizeof book[*n].token);
	return &book[(*n)++];
}

/* Reads the book from 2,000 entries; by how often they came, the k-th most frequent has the share of rank k. */
static void read_book(double zipf)
{
	struct batch many;
	size_t n = 0;
	double sum = 0;
	memset(book, 0, sizeof book);
	batch_take(&many, &arena, 2000, ENTRY);
	if (stream.counts)
		batch_take_counts(&many, &arena);
	stream_train(&stream, 1, &many);
	for (size_t s = 0; s < many.sequences; s++)
		find_entry(many.id + s * ENTRY, &n)->share++;
	ck_assert_uint_eq(n, ENTRIES);
	qsort(book, ENTRIES, sizeof *book, by_share);
	for (size_t i = 0; i < ENTRIES; i++)
		sum += pow((double)i + 1, -zipf);
	for (size_t i = 0; i < ENTRIES; i++)
		book[i].share = pow((double)i + 1, -zipf) / sum;
}

static double book_law(const uint32_t *x, size_t n)
{
	double sum = 0;
	if (n == 0)
		return 1;
	for (size_t i = 0; i < ENTRIES; i++) {
		size_t seen = n < ENTRY ? n : ENTRY;
		if (memcmp(x, book[i].token, seen * sizeof *x) == 0)
			sum += book[i].share * book_law(x + seen, n - seen);
	}
	return sum;
}

static void book_pairs(bool answers, double weight[][V_MAX])
{
	for (size_t i = 0; i < ENTRIES; i++) {
		for (size_t place = 1; place < ENTRY; place++)
			if (!answers || place >= LETTERS)
				weight[book[i].token[place - 1]][book[i].token[place]] += book[i].share;
		for (size_t j = 0; j < ENTRIES && !answers; j++)
			weight[book[i].token[ENTRY - 1]][book[j].token[0]] += book[i].share * book[j].share;
	}
}

static bool book_counts(const uint32_t *x, size_t t)
{
	(void)x;
	return (t + 1) % ENTRY >= LETTERS;
}

/* ---- addition ------------------------------------------------------------------------------------------------ */

static unsigned base, width;
static bool reversed;

static size_t problem_size(void)
{
	return 3 * width + 3;
}

static unsigned whole_power(unsigned exponent)
{
	unsigned p = 1;
	for (unsigned i = 0; i < exponent; i++)
		p *= base;
	return p;
}

/* Writes a + b by dividing whole numbers. */
static void write_problem(unsigned a, unsigned b, uint32_t *x)
{
	for (unsigned i = 0; i < width; i++) {
		x[i] = a / whole_power(width - 1 - i) % base;
		x[width + 1 + i] = b / whole_power(width - 1 - i) % base;
	}
	x[width] = base;
	x[2 * width + 1] = base + 1;
	for (unsigned i = 0; i <= width; i++)
		x[2 * width + 2 + i] = (a + b) / whole_power(reversed ? i : width - i) % base;
}

static double addition_law(const uint32_t *x, size_t n)
{
	unsigned all = whole_power(width);
	double sum = 0;
	uint32_t problem[32];
	if (n == 0)
		return 1;
	for (unsigned code = 0; code < all * all; code++) {
		size_t seen = n < problem_size() ? n : problem_size();
		write_problem(code / all, code % all, problem);
		if (memcmp(x, problem, seen * sizeof *x) == 0)
			sum += addition_law(x + seen, n - seen) / (all * all);
	}
	return sum;
}

static void addition_pairs(bool answers, double weight[][V_MAX])
{
	unsigned all = whole_power(width);
	uint32_t problem[32];
	for (unsigned code = 0; code < all * all; code++) {
		write_problem(code / all, code % all, problem);
		for (size_t place = 1; place < problem_size(); place++)
			if (!answers || place >= 2 * width + 2)
				weight[problem[place - 1]][problem[place]] += 1;
		for (uint32_t digit = 0; digit < base && !answers; digit++)
			weight[problem[problem_size() - 1]][digit] += 1.0 / base;
	}
}

static bool addition_counts(const uint32_t *x, size_t t)
{
	(void)x;
	return (t + 1) % problem_size() >= 2 * width + 2;
}

/* ---- the tasks ----------------------------------------------------------------------------------------------- */

static const struct task {
	const char *spec;
	double (*law)(const uint32_t *x, size_t n);
	void (*pairs)(bool answers, double weight[][V_MAX]);
	bool (*counts)(const uint32_t *x, size_t t);
} tasks[] = {
	{ RECALL, recall_law, recall_pairs, recall_counts },
	{ RECALL ",answers", recall_law, recall_pairs, recall_counts },
	{ RECALL ",slip=0.3", recall_law, recall_pairs, recall_counts },
	{ RECALL ",slip=0.3,answers", recall_law, recall_pairs, recall_counts },
	{ BOOK, book_law, book_pairs, book_counts },
	{ BOOK ",answers", book_law, book_pairs, book_counts },
	{ BOOK ",zipf=2", book_law, book_pairs, book_counts },
	{ "addition,base=3,digits=1", addition_law, addition_pairs, addition_counts },
	{ "addition,base=2,digits=2", addition_law, addition_pairs, addition_counts },
	{ "addition,base=3,digits=2,reversed", addition_law, addition_pairs, addition_counts },
	{ "addition,base=3,digits=2,answers", addition_law, addition_pairs, addition_counts },
	{ "addition,base=2,digits=3,reversed,answers", addition_law, addition_pairs, addition_counts },
};
enum { TASKS = sizeof tasks / sizeof *tasks };

static void open_with_law(const struct task *task, size_t sequences, size_t length)
{
	const char *spec = task->spec;
	open_task(spec, sequences, length);
	slip = has(spec, "slip=0.3") ? 0.3 : 0;
	base = has(spec, "base=3") ? 3 : 2;
	width = has(spec, "digits=3") ? 3 : has(spec, "digits=2") ? 2 : 1;
	reversed = has(spec, "reversed");
	if (task->law == book_law)
		read_book(has(spec, "zipf=2") ? 2 : 0);
}

/* One sequence's loss, from its start to each of its targets. */
static void check_sequence(const struct task *task, size_t s)
{
	double expected = 0;
	uint32_t x[LENGTH + 1];
	memcpy(x, batch.id + s * LENGTH, LENGTH * sizeof *x);
	x[LENGTH] = batch.target[(s + 1) * LENGTH - 1];
	for (size_t n = 1; n <= LENGTH; n++) {
		struct batch part = { .sequences = 1, .length = n };
		part.id = batch.id + s * LENGTH, part.target = batch.target + s * LENGTH;
		part.counts = batch.counts ? batch.counts + s * LENGTH : NULL;
		double bayes = 0, oracle = 0;
		if (batch.counts)
			ck_assert_int_eq(part.counts[n - 1], task->counts(x, n - 1));
		if (batch_counts(&part, n - 1))
			expected += log(task->law(x, n)) - log(task->law(x, n + 1));
		stream_bayes(&stream, &part, &bayes, &oracle);
		ck_assert_double_eq_tol(bayes, expected, 1e-12);
		ck_assert_double_eq(oracle, bayes);
	}
}

START_TEST(bayes_loss_is_the_sum_over_all_that_is_hidden)
{
	open_with_law(&tasks[_i], SEQUENCES, LENGTH);
	stream_eval(&stream, 0, &batch);
	for (size_t s = 0; s < SEQUENCES; s++)
		check_sequence(&tasks[_i], s);
}
END_TEST

/* exp(-loss) is a law: the probabilities of all tokens at a place add up to 1, and no token that the law cannot
 * produce makes a nan. */
START_TEST(predictions_add_up_to_one)
{
	open_with_law(&tasks[_i], 1, LENGTH);
	stream_eval(&stream, 0, &batch);
	struct batch whole = batch;
	for (size_t n = 1; n <= LENGTH; n++) {
		double sum = 0, before = 0;
		struct batch part = { .sequences = 1, .length = n, .id = whole.id, .target = whole.target };
		part.length = n - 1;
		if (n > 1)
			stream_bayes(&stream, &part, &before, NULL);
		part.length = n;
		uint32_t kept = whole.target[n - 1];
		for (uint32_t x = 0; x < stream.vocabulary; x++) {
			double loss = 0;
			whole.target[n - 1] = x;
			stream_bayes(&stream, &part, &loss, NULL);
			ck_assert(!isnan(loss));
			sum += exp(before - loss);
		}
		whole.target[n - 1] = kept;
		ck_assert_double_eq_tol(sum, 1, 1e-12);
	}
}
END_TEST

static double entropy_of_targets(double weight[][V_MAX])
{
	double all = 0, entropy = 0;
	for (size_t i = 0; i < V_MAX * V_MAX; i++)
		all += weight[i / V_MAX][i % V_MAX];
	for (size_t y = 0; y < V_MAX; y++) {
		double p = 0;
		for (size_t x = 0; x < V_MAX; x++)
			p += weight[x][y] / all;
		entropy -= p > 0 ? p * log(p) : 0;
	}
	return entropy;
}

/* The bigram loss of each possible pair, and the entropy of a target. */
static void check_pairs(double weight[][V_MAX])
{
	uint32_t x, y;
	bool counts = true;
	struct batch one = { .sequences = 1, .length = 1, .id = &x, .target = &y };
	one.counts = stream.counts ? &counts : NULL;
	for (x = 0; x < V_MAX; x++) {
		double row = 0;
		for (y = 0; y < V_MAX; y++)
			row += weight[x][y];
		for (y = 0; y < V_MAX; y++) {
			double loss = 0;
			if (weight[x][y] == 0)
				continue;
			stream_bigram(&stream, &one, &loss);
			ck_assert_double_eq_tol(loss, log(row) - log(weight[x][y]), 1e-12);
		}
	}
	ck_assert_double_eq_tol(stream.unigram, entropy_of_targets(weight), 1e-12);
}

START_TEST(bigram_and_unigram_follow_from_all_pairs)
{
	double weight[V_MAX][V_MAX] = { { 0 } };
	open_with_law(&tasks[_i], 1, 1);
	tasks[_i].pairs(has(tasks[_i].spec, "answers"), weight);
	check_pairs(weight);
}
END_TEST

/* What is drawn follows the weights of pairs.  Sequences are long against their starts, and
 * many where each has a map of its own. */
START_TEST(what_is_drawn_follows_the_law)
{
	enum { LONG = 90, MANY = 8000 };
	double weight[V_MAX][V_MAX] = { { 0 } }, drawn[V_MAX][V_MAX] = { { 0 } }, all = 0, n = 0;
	open_with_law(&tasks[_i], MANY, LONG);
	tasks[_i].pairs(has(tasks[_i].spec, "answers"), weight);
	stream_train(&stream, 1, &batch);
	for (size_t at = 0; at < MANY * LONG; at++)
		if (batch_counts(&batch, at))
			drawn[batch.id[at]][batch.target[at]]++, n++;
	for (size_t i = 0; i < V_MAX * V_MAX; i++)
		all += weight[i / V_MAX][i % V_MAX];
	for (size_t i = 0; i < V_MAX * V_MAX; i++)
		ck_assert_double_eq_tol(drawn[i / V_MAX][i % V_MAX] / n, weight[i / V_MAX][i % V_MAX] / all, 0.01);
}
END_TEST

static const struct {
	const char *spec, *says;
	size_t length; /* 0: the spec itself is refused */
} refused[] = {
	{ "recall,answers", "longer than 32 tokens", 32 },
	{ "phonebook,entries=5000", "more than the 4096 names of 3 letters", 0 },
	{ "phonebook,letters=16", "more than 4194304 names of 16 letters", 0 },
	{ "phonebook,letters=12,alphabet=256", "lower alphabet or letters", 0 },
	{ "phonebook,letters=4,answers", "at least 4 tokens", 3 },
	{ "addition,digits=5,answers", "at least 12 tokens", 11 },
	{ "clusters,patches=5", "a multiple of 5", 64 },
};

START_TEST(what_cannot_be_is_refused)
{
	struct error err = { .code = ERROR_NONE };
	int opened = stream_open(&stream, refused[_i].spec, 1, &err);
	ck_assert_int_eq(opened, refused[_i].length ? 0 : -1);
	if (refused[_i].length) {
		ck_assert_int_eq(check_length(refused[_i].length, &err), -1);
		struct error none = { .code = ERROR_NONE };
		size_t enough = _i == 6 ? 65 : refused[_i].length + 1;
		ck_assert_int_eq(check_length(enough, &none), 0);
	}
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(has(err.text, refused[_i].says), "'%s' does not say '%s'", err.text, refused[_i].says);
}
END_TEST

/* ---- clusters ------------------------------------------------------------------------------------------------ */

enum { CLUSTERS = 3, PATCHES = 4, GRAINS = 2, SAMPLES = 30 };
#define MIXTURE "clusters,clusters=3,patches=4,noise=2"
static const uint32_t first_label = 3 * CLUSTERS + GRAINS;

/* All samples with their probabilities: cluster, other cluster, label and sign, grain, order, wrong label or not. */
struct sample {
	uint32_t patch[PATCHES], label;
	double p;
};

static void put_in_order(unsigned code, const uint32_t *from, uint32_t *to)
{
	bool taken[PATCHES] = { false };
	for (unsigned i = 0; i < PATCHES; i++) {
		unsigned skip = code % (PATCHES - i), at = 0;
		code /= PATCHES - i;
		while (taken[at] || skip-- > 0)
			at++;
		taken[at] = true;
		to[i] = from[at];
	}
}

static void each_sample(double flip, void (*visit)(const struct sample *, void *), void *what)
{
	for (unsigned code = 0; code < CLUSTERS * CLUSTERS * 2 * 2 * GRAINS * 24 * 2; code++) {
		unsigned k = code % CLUSTERS, other = code / 3 % CLUSTERS, y = code / 9 % 2, sign = code / 18 % 2;
		unsigned grain = code / 36 % GRAINS, order = code / 72 % 24, wrong = code / 1728;
		uint32_t patch[PATCHES] = { 2 * k + y, 2 * CLUSTERS + k, 2 * other + sign, 3 * CLUSTERS + grain };
		struct sample sample = { .label = first_label + (wrong ? 1 - y : y) };
		sample.p = (wrong ? flip : 1 - flip) / (CLUSTERS * (CLUSTERS - 1) * 2 * 2 * GRAINS * 24);
		put_in_order(order, patch, sample.patch);
		if (k != other && sample.p > 0)
			visit(&sample, what);
	}
}

struct search {
	const uint32_t *patch;
	uint32_t label;
	double all, found;
};

static void search_sample(const struct sample *sample, void *what)
{
	struct search *search = what;
	if (memcmp(sample->patch, search->patch, sizeof sample->patch) != 0)
		return;
	search->all += sample->p;
	search->found += sample->label == search->label ? sample->p : 0;
}

static void weigh_sample(const struct sample *sample, void *what)
{
	double(*weight)[V_MAX] = what;
	weight[sample->patch[PATCHES - 1]][sample->label] += sample->p;
}

static const double flips[] = { 0, 0.1, 0.5 };
static const char *const mixtures[] = { MIXTURE, MIXTURE ",flip=0.1", MIXTURE ",flip=0.5" };

START_TEST(the_label_costs_what_all_samples_say)
{
	double expected = 0, bayes = 0, oracle = 0;
	open_task(mixtures[_i], SAMPLES, 2 * PATCHES);
	stream_eval(&stream, 0, &batch);
	ck_assert_uint_eq(batch_counted(&batch), 2 * SAMPLES);
	for (size_t at = PATCHES - 1; at < batch.sequences * batch.length; at += PATCHES) {
		struct search search = { batch.id + at + 1 - PATCHES, batch.target[at], 0, 0 };
		ck_assert(batch.counts[at]);
		each_sample(flips[_i], search_sample, &search);
		ck_assert_double_gt(search.found, 0);
		expected += log(search.all) - log(search.found);
		ck_assert_uint_eq(batch.domain[at], batch.domain[at + 1 - PATCHES]);
	}
	stream_bayes(&stream, &batch, &bayes, &oracle);
	ck_assert_double_eq_tol(bayes, expected, 1e-12);
	ck_assert_double_eq(oracle, bayes);
}
END_TEST

START_TEST(the_last_patch_alone_says_what_all_samples_say)
{
	double weight[V_MAX][V_MAX] = { { 0 } };
	open_task(mixtures[_i], 1, PATCHES);
	each_sample(flips[_i], weigh_sample, weight);
	check_pairs(weight);
	ck_assert_double_eq_tol(stream.unigram, log(2), 1e-12);
}
END_TEST

/* Every sample is as frequent as it should be: its center's cluster, its label, and its last patch. */
START_TEST(samples_follow_the_law)
{
	enum { MANY = 20000 };
	double weight[V_MAX][V_MAX] = { { 0 } }, drawn[V_MAX][V_MAX] = { { 0 } }, cluster[CLUSTERS] = { 0 };
	open_task(mixtures[_i], MANY, PATCHES);
	each_sample(flips[_i], weigh_sample, weight);
	stream_train(&stream, 1, &batch);
	for (size_t at = PATCHES - 1; at < MANY * PATCHES; at += PATCHES) {
		drawn[batch.id[at]][batch.target[at]]++;
		cluster[batch.domain[at]]++;
	}
	for (size_t i = 0; i < V_MAX * V_MAX; i++)
		ck_assert_double_eq_tol(drawn[i / V_MAX][i % V_MAX] / MANY, weight[i / V_MAX][i % V_MAX], 0.01);
	for (size_t k = 0; k < CLUSTERS; k++)
		ck_assert_double_eq_tol(cluster[k] / MANY, 1.0 / CLUSTERS, 0.02);
}
END_TEST

/* ---- how tokens are written ---------------------------------------------------------------------------------- */

static const struct {
	const char *spec;
	uint32_t token;
	const char *text;
} written[] = {
	{ "addition", 7, "7" },
	{ "addition", 10, "+" },
	{ "addition", 11, "=" },
	{ "addition,base=12", 11, "11" },
	{ "phonebook", 0, "a" },
	{ "phonebook", 15, "p" },
	{ "phonebook", 16, "0" },
	{ "phonebook", 25, "9" },
	{ "phonebook,alphabet=27", 26, "L26" },
	{ RECALL, 1, "k1" },
	{ RECALL, 2, "v0" },
	{ RECALL, 4, "v2" },
	{ RECALL, 6, "n1" },
	{ "clusters", 3, "" },
	{ "uniform", 3, "" },
};
enum { WRITTEN = sizeof written / sizeof *written };

START_TEST(tokens_are_written_as_what_they_are)
{
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(stream_open(&stream, written[_i].spec, 3, &err) == 0, "%s: %s", written[_i].spec, err.text);
	ck_assert_str_eq(stream_text(&stream, written[_i].token), written[_i].text);
}
END_TEST

int main(void)
{
	enum { REFUSED = sizeof refused / sizeof *refused, MIXTURES = sizeof mixtures / sizeof *mixtures };
	Suite *suite = suite_create("tasks");
	TCase *laws = tcase_create("laws"), *labels = tcase_create("labels"), *texts = tcase_create("texts");
	tcase_add_checked_fixture(laws, NULL, teardown);
	tcase_add_loop_test(laws, bayes_loss_is_the_sum_over_all_that_is_hidden, 0, TASKS);
	tcase_add_loop_test(laws, predictions_add_up_to_one, 0, TASKS);
	tcase_add_loop_test(laws, bigram_and_unigram_follow_from_all_pairs, 0, TASKS);
	tcase_add_loop_test(laws, what_is_drawn_follows_the_law, 0, TASKS);
	tcase_add_loop_test(laws, what_cannot_be_is_refused, 0, REFUSED);
	tcase_add_checked_fixture(labels, NULL, teardown);
	tcase_add_loop_test(labels, the_label_costs_what_all_samples_say, 0, MIXTURES);
	tcase_add_loop_test(labels, the_last_patch_alone_says_what_all_samples_say, 0, MIXTURES);
	tcase_add_loop_test(labels, samples_follow_the_law, 0, MIXTURES);
	tcase_add_checked_fixture(texts, NULL, teardown);
	tcase_add_loop_test(texts, tokens_are_written_as_what_they_are, 0, WRITTEN);
	suite_add_tcase(suite, laws);
	suite_add_tcase(suite, labels);
	suite_add_tcase(suite, texts);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
