/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_stream.c -- what holds for every stream, and the stream uniform.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/data/stream.h"

enum { SEQUENCES = 4, LENGTH = 32, TOKENS = SEQUENCES * LENGTH };

static struct arena arena;
static struct stream stream;

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

static void open_stream(const char *spec, uint64_t seed)
{
	struct error err = { .code = ERROR_NONE };
	if (stream.type != NULL)
		stream_close(&stream);
	ck_assert_msg(stream_open(&stream, spec, seed, &err) == 0, "%s: %s", spec, err.text);
}

/* For the stream that is open. */
static struct batch new_batch(void)
{
	struct batch batch;
	batch_take(&batch, &arena, SEQUENCES, LENGTH);
	if (stream.counts)
		batch_take_counts(&batch, &arena);
	return batch;
}

static bool same_tokens(const struct batch *a, const struct batch *b)
{
	return memcmp(a->id, b->id, TOKENS * sizeof *a->id) == 0 &&
		   memcmp(a->target, b->target, TOKENS * sizeof *a->target) == 0 &&
		   memcmp(a->domain, b->domain, TOKENS * sizeof *a->domain) == 0 &&
		   (a->counts == NULL || memcmp(a->counts, b->counts, TOKENS * sizeof *a->counts) == 0);
}

/* ---- the table and specs ------------------------------------------------------------------------------------- */

START_TEST(every_type_explains_itself)
{
	for (size_t i = 0; stream_types[i] != NULL; i++) {
		const struct stream_type *type = stream_types[i];
		ck_assert_ptr_eq(stream_find(type->name), type);
		ck_assert_uint_gt(strlen(type->summary), 10);
		ck_assert_uint_gt(strlen(type->formula), 10);
		ck_assert_uint_gt(strlen(type->use), 10);
		ck_assert_ptr_nonnull(strpbrk(type->cite, "12"));
		ck_assert_ptr_nonnull(type->opts);
	}
	ck_assert_ptr_null(stream_find("topicmi"));
	ck_assert_ptr_null(stream_find(""));
}
END_TEST

START_TEST(the_spec_spells_out_every_option_and_can_be_reopened)
{
	open_stream("topicmix,domains=3,switch=0.25", 1);
	const char *spec = stream_spec(&stream);
	ck_assert_ptr_nonnull(strstr(spec, "topicmix,domains=3,"));
	ck_assert_ptr_nonnull(strstr(spec, ",switch=0.25"));
	for (const struct moe_opt *row = stream_topicmix.opts; row->name != NULL; row++)
		ck_assert_msg(strstr(spec, row->name) != NULL, "%s is not in %s", row->name, spec);
	struct batch before = new_batch(), after = new_batch();
	stream_train(&stream, 1, &before);
	open_stream(spec, 1);
	ck_assert_str_eq(stream_spec(&stream), spec);
	stream_train(&stream, 1, &after);
	ck_assert(same_tokens(&before, &after));
}
END_TEST

static const struct {
	const char *spec, *says;
	unsigned column;
} wrong[] = {
	{ "", "unknown stream ''", 1 },
	{ "topic", "known: topicmix, recall, phonebook, addition, clusters, uniform, corpus", 1 },
	{ "topicmux,domains=2", "did you mean 'topicmix'", 1 },
	{ "uniform,vocabulary=1", "vocabulary", 0 },
	{ "uniform,vocabulary=nan", "vocabulary", 0 },
	{ "topicmix,domain=3", "did you mean 'domains'", 0 },
	{ "topicmix,domains=8,switch=1.5", "switch", 0 },
	{ "topicmix,domains=8,switch=", "switch", 0 },
	{ "topicmix,vocabulary=1e309", "vocabulary", 0 },
	{ "topicmix,domains=8,,switch=0", "", 0 },
};

START_TEST(a_wrong_spec_is_refused_with_its_place)
{
	struct error err = { .code = ERROR_NONE };
	const char *spec = wrong[_i].spec, *comma = strrchr(spec, ',');
	ck_assert_int_eq(stream_open(&stream, spec, 1, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "'%s' does not say '%s'", err.text, wrong[_i].says);
	if (wrong[_i].column > 0)
		ck_assert_uint_eq(err.column, wrong[_i].column);
	else if (*wrong[_i].says != '\0')
		ck_assert_msg(err.column > (size_t)(comma - spec) && err.column <= strlen(spec) + 1, "column %u of '%s'",
					  err.column, spec);
	ck_assert_ptr_null(stream.type);
}
END_TEST

/* ---- options without effect ----------------------------------------------------------------------------------- */

/* The last option of each spec has no effect.  `same`: not even on the tokens' numbers. */
static const struct {
	const char *spec, *says;
	bool same;
} idle[] = {
	{ "topicmix,domains=1,domain-zipf=2", "topicmix: domain-zipf=2 has no effect: there is one domain", true },
	{ "topicmix,domains=1,switch=0.5", "switch=0.5 has no effect: there is one domain (raise domains)", false },
	{ "topicmix,domains=1,context=0.5", "context=0.5 has no effect", false },
	{ "topicmix,domains=1,shared=0.5", "shared=0.5 has no effect", false },
	{ "topicmix,domains=1,documents=2", "documents=2 has no effect", true },
	{ "topicmix,domains=1,drift=5,drifting=0.6", "drifting=0.6 has no effect", true },
	{ "topicmix,drifting=0.5", "drifting=0.5 has no effect: nothing drifts (set drift)", true },
	{ "topicmix,drifting=0.05,drift=5", "drift=5 has no effect: drifting rounds to zero domains", true },
	{ "topicmix,drift=1", "drift=1 has no effect", false },
	{ "topicmix,shared=1,drift=5", "drift=5 has no effect: all tokens behave alike", true },
	{ "topicmix,token-zipf=0,token-offset=1", "token-offset=1 has no effect", true },
	{ "topicmix,token-zipf=0,context=0,shared=0.5", "shared=0.5 has no effect", false },
	{ "topicmix,token-zipf=0,context=0,drift=5", "drift=5 has no effect", false },
	{ "topicmix,shared=1,context=0.5", "context=0.5 has no effect: all tokens behave alike", true },
	{ "topicmix,context=0.001", "context=0.001 has no effect: it rounds to zero tokens", false },
	{ "topicmix,shared=0.001", "shared=0.001 has no effect: it rounds to zero tokens", false },
	{ "topicmix,mixing=0,context=0.5", "context=0.5 has no effect: no token depends on the one before it", true },
	{ "topicmix,mixing=0,fanout=2", "fanout=2 has no effect", true },
	{ "topicmix,mixing=0,concentration=2", "concentration=2 has no effect", true },
	{ "topicmix,fanout=1,concentration=2", "concentration=2 has no effect: one successor has all the weight", true },
	{ "topicmix,length=1,mixing=0.5", "mixing=0.5 has no effect: every token starts a document", true },
	{ "topicmix,length=1,switch=0.5", "switch=0.5 has no effect", true },
	{ "topicmix,classes=256,class-zipf=0", "class-zipf=0 has no effect: each class is one token", true },
	{ "topicmix,classes=256,class-law=domain", "class-law=domain has no effect: each class is one token", true },
	{ "topicmix,classes=32,domains=1,class-law=domain", "class-law=domain has no effect: there is one domain", false },
	{ "topicmix,classes=32,shared=1,class-law=domain", "class-law=domain has no effect: all tokens behave alike",
	  true },
	{ "topicmix,classes=32,class-zipf=0,class-law=domain", "the tokens of a class are equally frequent", false },
	{ "topicmix,groups=8", "groups=8 has no effect: the class before the last has no influence (set order=2)", true },
	{ "topicmix,mixing=0,order=2", "order=2 has no effect: no token depends on the one before it", true },
	{ "recall,gap=none,noise=4", "recall: noise=4 has no effect: there are no noise tokens (raise gap)", true },
	{ "clusters,patches=3,noise=4", "clusters: noise=4 has no effect", false },
};

/* The spec without its last option. */
static const char *without_last(const char *spec)
{
	static char base[256];
	snprintf(base, sizeof base, "%.*s", (int)(strrchr(spec, ',') - spec), spec);
	return base;
}

START_TEST(an_option_without_effect_is_refused)
{
	struct error err = { .code = ERROR_NONE };
	open_stream(idle[_i].spec, 5);
	ck_assert_int_eq(check_length(32, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, idle[_i].says) != NULL, "'%s' does not say '%s'", err.text, idle[_i].says);
	if (!idle[_i].same)
		return;
	struct batch with = new_batch(), without = new_batch();
	stream_train(&stream, 7, &with);
	open_stream(without_last(idle[_i].spec), 5);
	stream_train(&stream, 7, &without);
	ck_assert(same_tokens(&with, &without));
}
END_TEST

/* Every option is given in one of these, and changes what is drawn. */
static const char *const effective[] = {
	"topicmix,domains=3",
	"topicmix,domain-zipf=2",
	"topicmix,vocabulary=64",
	"topicmix,classes=64",
	"topicmix,classes=32,class-zipf=0",
	"topicmix,classes=32,class-law=domain",
	"topicmix,order=2",
	"topicmix,order=2,groups=8",
	"topicmix,token-zipf=0",
	"topicmix,token-offset=0",
	"topicmix,fanout=2",
	"topicmix,concentration=0.1",
	"topicmix,mixing=0",
	"topicmix,shared=1",
	"topicmix,context=0",
	"topicmix,length=1",
	"topicmix,switch=0.5",
	"topicmix,drift=7",
	"topicmix,drift=5,drifting=0.5",
	"topicmix,documents=2",
	"recall,keys=4",
	"recall,values=4",
	"recall,noise=4",
	"recall,gap=1",
	"recall,slip=0.5",
	"recall,keys=4,answers",
	"phonebook,entries=64",
	"phonebook,letters=4",
	"phonebook,alphabet=12",
	"phonebook,digits=2",
	"phonebook,zipf=1",
	"phonebook,answers",
	"addition,digits=2",
	"addition,base=5",
	"addition,reversed",
	"addition,answers",
	"clusters,clusters=3",
	"clusters,patches=8",
	"clusters,noise=4",
	"clusters,flip=0.5",
	"uniform,vocabulary=7",
};

START_TEST(an_option_with_an_effect_is_taken)
{
	struct error err = { .code = ERROR_NONE };
	open_stream(effective[_i], 5);
	ck_assert_msg(check_length(40, &err) == 0, "%s: %s", effective[_i], err.text);
	struct batch with = new_batch(), without = new_batch();
	bool counts = stream.counts;
	stream_train(&stream, 7, &with);
	open_stream(without_last(effective[_i]), 5);
	if (stream.counts != counts)
		return;
	stream_train(&stream, 7, &without);
	ck_assert(!same_tokens(&with, &without));
}
END_TEST

START_TEST(every_option_of_a_made_stream_has_been_tried)
{
	for (size_t i = 0; stream_types[i] != NULL; i++)
		for (const struct moe_opt *row = stream_types[i]->opts; row->name != NULL; row++) {
			bool tried = stream_types[i] == &stream_corpus;
			for (size_t j = 0; j < sizeof effective / sizeof *effective; j++) {
				const char *comma = strrchr(effective[j], ',') + 1;
				tried |= strncmp(effective[j], stream_types[i]->name, strlen(stream_types[i]->name)) == 0 &&
						 strncmp(comma, row->name, strlen(row->name)) == 0;
			}
			ck_assert_msg(tried, "%s of %s", row->name, stream_types[i]->name);
		}
}
END_TEST

/* In a run of this size the option has no effect; in one that is larger by one it has. */
static const struct {
	const char *spec, *says;
	struct stream_use use, enough;
} short_of[] = {
	{ "topicmix,drift=601", "drift=601 has no effect: the run ends after step 600", { 64, 32, 600 }, { 64, 32, 601 } },
	{ "topicmix,drift=2", "the run ends after step 0 ", { 64, 32, 0 }, { 64, 32, 2 } },
	{ "topicmix,documents=32", "a batch has 32 sequences", { 64, 32, 600 }, { 64, 33, 600 } },
	{ "phonebook", "ends before the number begins", { 2, 32, 600 }, { 3, 32, 600 } },
	{ "addition", "ends before the sum begins", { 7, 32, 600 }, { 8, 32, 600 } },
};

START_TEST(what_a_run_is_too_short_for_is_refused)
{
	struct error err = { .code = ERROR_NONE }, none = { .code = ERROR_NONE };
	open_stream(short_of[_i].spec, 5);
	ck_assert_int_eq(stream_check(&stream, &short_of[_i].use, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, short_of[_i].says) != NULL, "'%s' does not say '%s'", err.text, short_of[_i].says);
	ck_assert_int_eq(stream_check(&stream, &short_of[_i].enough, &none), 0);
}
END_TEST

START_TEST(rules_name_options)
{
	for (size_t i = 0; stream_types[i] != NULL; i++)
		for (const struct stream_rule *rule = stream_types[i]->rules; rule != NULL && rule->option != NULL; rule++)
			ck_assert_ptr_nonnull(options_find(stream_types[i]->opts, rule->option));
}
END_TEST

/* ---- batches ------------------------------------------------------------------------------------------------- */

/* The last one's targets are labels. */
static const char *const made[] = {
	"topicmix",
	"topicmix,length=8,documents=2",
	"uniform",
	"recall,keys=4",
	"recall,keys=4,slip=0.1,answers",
	"phonebook,entries=100",
	"phonebook,entries=100,zipf=1",
	"addition",
	"addition,reversed",
	"clusters,flip=0.1",
};

START_TEST(a_batch_depends_on_seed_and_number_alone)
{
	open_stream(made[_i], 5);
	struct batch in_turn = new_batch(), alone = new_batch(), scratch = new_batch();
	for (size_t step = 1; step <= 7; step++)
		stream_train(&stream, step, &in_turn);
	open_stream(made[_i], 5);
	stream_eval(&stream, 3, &scratch);
	stream_train(&stream, 7, &alone);
	ck_assert(same_tokens(&in_turn, &alone));
	stream_eval(&stream, 3, &in_turn);
	ck_assert(same_tokens(&in_turn, &scratch));
}
END_TEST

START_TEST(other_numbers_phases_and_seeds_give_other_tokens)
{
	open_stream(made[_i], 5);
	struct batch batch = new_batch(), other = new_batch();
	stream_train(&stream, 7, &batch);
	stream_train(&stream, 8, &other);
	ck_assert(!same_tokens(&batch, &other));
	stream_eval(&stream, 7, &other);
	ck_assert(!same_tokens(&batch, &other));
	open_stream(made[_i], 6);
	stream_train(&stream, 7, &other);
	ck_assert(!same_tokens(&batch, &other));
}
END_TEST

START_TEST(targets_are_the_tokens_that_follow)
{
	open_stream(made[_i], 5);
	struct batch batch = new_batch();
	stream_train(&stream, 1, &batch);
	for (size_t at = 0; at < TOKENS; at++) {
		ck_assert_uint_lt(batch.id[at], stream.vocabulary);
		ck_assert_uint_lt(batch.target[at], stream.vocabulary);
		ck_assert_uint_lt(batch.domain[at], stream.domains);
		if (at % LENGTH + 1 < LENGTH)
			ck_assert_uint_eq(batch.target[at], batch.id[at + 1]);
	}
}
END_TEST

START_TEST(any_length_can_be_drawn_from_a_law)
{
	struct error err = { .code = ERROR_NONE };
	open_stream(made[_i], 5);
	ck_assert_int_eq(check_length(100000000, &err), 0);
}
END_TEST

START_TEST(bayes_losses_add_up_over_batches)
{
	double first = 0, second = 0, both = 0, oracle = 0, oracles = 0;
	open_stream(made[_i], 5);
	struct batch batch = new_batch();
	stream_eval(&stream, 0, &batch);
	stream_bayes(&stream, &batch, &first, &oracle);
	stream_bayes(&stream, &batch, &both, &oracles);
	stream_eval(&stream, 1, &batch);
	stream_bayes(&stream, &batch, &second, NULL);
	stream_bayes(&stream, &batch, &both, &oracles);
	ck_assert_double_eq_tol(both, first + second, 1e-9);
	ck_assert_double_gt(oracles, oracle);
}
END_TEST

/* ---- uniform ------------------------------------------------------------------------------------------------- */

START_TEST(uniform_loses_ln_v_on_every_token)
{
	struct batch batch = new_batch();
	double bayes = 0, oracle = 0;
	open_stream("uniform,vocabulary=37", 1);
	stream_eval(&stream, 0, &batch);
	stream_bayes(&stream, &batch, &bayes, &oracle);
	ck_assert_double_eq_tol(bayes / TOKENS, log(37), 1e-14);
	ck_assert_double_eq(oracle, bayes);
	double bigram = 0;
	stream_bigram(&stream, &batch, &bigram);
	ck_assert_double_eq(bigram, bayes);
	ck_assert_double_eq(stream.uniform, log(37));
	ck_assert_double_eq(stream.unigram, log(37));
	ck_assert_uint_eq(stream.vocabulary, 37);
	ck_assert_uint_eq(stream.domains, 1);
	ck_assert_str_eq(stream.domain_names[0], "uniform");
}
END_TEST

/* Pairs of neighbors: uniform and independent at once. */
START_TEST(uniform_pairs_are_uniform)
{
	enum { V = 7, BATCHES = 200 };
	struct batch batch = new_batch();
	double count[V * V] = { 0 }, expected = (double)BATCHES * TOKENS / (V * V), square = 0;
	open_stream("uniform,vocabulary=7", 1);
	for (size_t step = 1; step <= BATCHES; step++) {
		stream_train(&stream, step, &batch);
		for (size_t at = 0; at < TOKENS; at++)
			count[batch.id[at] * V + batch.target[at]]++;
	}
	for (size_t i = 0; i < V * V; i++)
		square += (count[i] - expected) * (count[i] - expected) / expected;
	ck_assert_double_gt(gsl_cdf_chisq_Q(square, V * V - 1), 1e-3);
	ck_assert_double_lt(gsl_cdf_chisq_Q(square, V * V - 1), 1 - 1e-3);
}
END_TEST

int main(void)
{
	enum { WRONG = sizeof wrong / sizeof *wrong, MADE = sizeof made / sizeof *made };
	enum { IDLE = sizeof idle / sizeof *idle, EFFECTIVE = sizeof effective / sizeof *effective };
	enum { SHORT_OF = sizeof short_of / sizeof *short_of };
	Suite *suite = suite_create("stream");
	TCase *specs = tcase_create("specs"), *options = tcase_create("options"), *batches = tcase_create("batches"),
		  *uniform = tcase_create("uniform");
	tcase_add_checked_fixture(specs, NULL, teardown);
	tcase_add_test(specs, every_type_explains_itself);
	tcase_add_test(specs, the_spec_spells_out_every_option_and_can_be_reopened);
	tcase_add_loop_test(specs, a_wrong_spec_is_refused_with_its_place, 0, WRONG);
	tcase_add_checked_fixture(options, NULL, teardown);
	tcase_add_loop_test(options, an_option_without_effect_is_refused, 0, IDLE);
	tcase_add_loop_test(options, an_option_with_an_effect_is_taken, 0, EFFECTIVE);
	tcase_add_test(options, every_option_of_a_made_stream_has_been_tried);
	tcase_add_loop_test(options, what_a_run_is_too_short_for_is_refused, 0, SHORT_OF);
	tcase_add_test(options, rules_name_options);
	tcase_add_checked_fixture(batches, NULL, teardown);
	tcase_add_loop_test(batches, a_batch_depends_on_seed_and_number_alone, 0, MADE);
	tcase_add_loop_test(batches, other_numbers_phases_and_seeds_give_other_tokens, 0, MADE);
	tcase_add_loop_test(batches, targets_are_the_tokens_that_follow, 0, MADE - 1);
	tcase_add_loop_test(batches, any_length_can_be_drawn_from_a_law, 0, MADE);
	tcase_add_loop_test(batches, bayes_losses_add_up_over_batches, 0, MADE);
	tcase_add_checked_fixture(uniform, NULL, teardown);
	tcase_add_test(uniform, uniform_loses_ln_v_on_every_token);
	tcase_add_test(uniform, uniform_pairs_are_uniform);
	suite_add_tcase(suite, specs);
	suite_add_tcase(suite, options);
	suite_add_tcase(suite, batches);
	suite_add_tcase(suite, uniform);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
