/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_findings.c -- sentences on made-up runs whose verdicts are plain to see, and the pieces of sentences.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "experiments/study/findings.h"
#include "experiments/study/parts.h"
#include "experiments/study/sweep.h"
#include "experiments/study/wording.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"
#include "tests/support/folder.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- pieces */

START_TEST(counts_are_words_up_to_ten)
{
	ck_assert_str_eq(wording_count(0, "seed"), "no seeds");
	ck_assert_str_eq(wording_count(1, "seed"), "one seed");
	ck_assert_str_eq(wording_count(5, "seed"), "five seeds");
	ck_assert_str_eq(wording_count(10, "stream"), "ten streams");
	ck_assert_str_eq(wording_count(11, "stream"), "11 streams");
}
END_TEST

START_TEST(lists_have_a_serial_comma)
{
	static const char *const word[] = { "a", "b", "c", "d" };
	ck_assert_str_eq(wording_list(0, word), "");
	ck_assert_str_eq(wording_list(1, word), "a");
	ck_assert_str_eq(wording_list(2, word), "a and b");
	ck_assert_str_eq(wording_list(3, word), "a, b, and c");
	ck_assert_str_eq(wording_list(4, word), "a, b, c, and d");
}
END_TEST

START_TEST(ranges_of_what_looks_the_same_are_one_number)
{
	ck_assert_str_eq(wording_range(0.104, 0.096, 2), "0.10");
	ck_assert_str_eq(wording_range(0.1, 0.2, 1), "0.1 to 0.2");
	ck_assert_str_eq(wording_percents(0.071, 0.122), "7 to 12%");
	ck_assert_str_eq(wording_percents(0.071, 0.074), "7%");
	ck_assert_str_eq(wording_percents(0.001, 0.004), "less than 1%");
	ck_assert_str_eq(wording_percents(0.001, 0.044), "1 to 4%");
}
END_TEST

START_TEST(parts_are_told_by_their_kinds)
{
	static const char plain[] = "scorer=softmax selector=top-k gate=renorm balance=none experts=8 top-k=2 shared=0";
	const char *words;
	ck_assert_uint_eq(parts_differing(plain, plain, &words), 0);
	ck_assert_str_eq(words, "");
	ck_assert_uint_eq(parts_differing(plain,
									  "scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.01 experts=8 "
									  "top-k=2 shared=0",
									  &words),
					  1);
	ck_assert_str_eq(words, "balancer");
	ck_assert_uint_eq(
		parts_differing(plain, "scorer=none selector=hash gate=unit balance=none experts=8 top-k=1 shared=1", &words),
		5);
	ck_assert_str_eq(words, "scorer, selector, gate, experts per token, and shared experts");
	/* a part that only one of them has */
	ck_assert_uint_eq(parts_differing(plain,
									  "projector=cosine scorer=softmax selector=top-k gate=renorm balance=none "
									  "experts=8 top-k=2 shared=0",
									  &words),
					  1);
	ck_assert_str_eq(words, "projector");
}
END_TEST

/* ---- made-up runs */

struct made_run {
	const char *strategy, *sentence, *stream;
	int seed;
	const char *status, *causal;
	double loss, maxvio, dead;
};

static void put_text(const char *run, const char *file, const char *text)
{
	char path[1200];
	snprintf(path, sizeof path, "%s/%s", in_folder(run), file);
	put_file(path, text, strlen(text));
}

/* A NAN is an empty cell. */
static const char *cell(double value)
{
	static char text[4][40];
	static int turn;
	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof text[turn], value == value ? "%.17g" : "", value);
	return text[turn];
}

static void put_run(const struct made_run *run)
{
	static int runs;
	char name[32], text[2048];
	snprintf(name, sizeof name, "r%04d", runs++);
	ck_assert_int_eq(mkdir(in_folder(name), 0777), 0);
	snprintf(text, sizeof text,
			 "{\"status\": \"%s\", \"strategy\": \"%s\", \"sentence\": \"%s\", \"seed\": %d, \"settings\": [], "
			 "\"stream\": {\"sentence\": \"topicmix%s\"}}",
			 run->status, run->strategy, run->sentence, run->seed, run->stream);
	put_text(name, "manifest.json", text);
	snprintf(text, sizeof text,
			 "strategy,sentence,seed,status,eval_loss,excess_loss,maxvio,dead_experts,params_total,flops_per_token,"
			 "causal,experts,layers\n%s,\"%s\",%d,%s,%s,%s,%s,%s,1000,10,%s,8,1\n",
			 run->strategy, run->sentence, run->seed, run->status, cell(run->loss), cell(run->loss), cell(run->maxvio),
			 cell(run->dead), run->causal);
	put_text(name, "summary.csv", text);
}

/* What the runs of the seeds from 1 have in common; loss[seed] is levels[seed] times `times`, plus noise. */
struct made_series {
	const char *strategy, *sentence, *stream, *causal;
	size_t seeds;
	double times, noise, maxvio, dead;
};

static const double levels[] = { 0.30, 0.31, 0.29, 0.32, 0.30 };
static const double jitter[] = { 1, -1, 2, -2, 0 };

static void put_series(const struct made_series *series)
{
	for (size_t i = 0; i < series->seeds; i++)
		put_run(&(struct made_run){ .strategy = series->strategy,
									.sentence = series->sentence ? series->sentence : "scorer=none",
									.stream = series->stream ? series->stream : "",
									.seed = (int)i + 1,
									.status = "done",
									.causal = series->causal ? series->causal : "yes",
									.loss = series->times * levels[i] + series->noise * jitter[i],
									.maxvio = series->maxvio + (series->maxvio > 0 ? 0.01 * jitter[i] : 0),
									.dead = series->dead + (series->dead > 0 ? jitter[i] : 0) });
}

static struct study study;
static struct compare_page page;
static struct findings findings;

static void find(void)
{
	struct error err = { .code = ERROR_NONE };
	char *folders[] = { folder };
	const struct compare_request request = { .scale = COMPARE_SCALE_LOG, .asides = true };
	if (study_read(1, folders, &study, &err) != 0 || compare_page(&study, &request, &page, &err) != 0)
		ck_abort_msg("%s: %s", err.file, err.text);
	findings_of(&page, &findings);
}

static void done(void)
{
	compare_page_free(&page);
	study_free(&study);
}

static void find_among(const struct made_series *series, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_series(&series[i]);
	find();
}

/* The nth sentence of that kind, from 0; "" when there is none. */
static const char *told(enum finding_kind kind, size_t n)
{
	for (size_t i = 0; i < findings.n; i++)
		if (findings.finding[i].kind == kind && n-- == 0)
			return findings.finding[i].text;
	return "";
}

/* NULL: none of that kind has a title. */
static void titled(enum finding_kind kind, const char *title)
{
	const char *found = findings_title(&findings, kind);
	ck_assert_msg(title && found ? strcmp(title, found) == 0 : title == found, "the title is '%s'",
				  found ? found : "(none)");
}

static void begins(const char *text, const char *beginning)
{
	ck_assert_msg(strncmp(text, beginning, strlen(beginning)) == 0, "'%s' does not begin with '%s'", text, beginning);
}

/* ---- one stream */

#define ROUTED "selector=top-k gate=renorm"

START_TEST(who_differs_from_the_baseline_is_told_with_its_size)
{
	static const struct made_series series[] = {
		{ .strategy = "random", .seeds = 5, .times = 1.5, .noise = 1e-4, .maxvio = 0.1 },
		{ .strategy = "hash", .seeds = 5, .times = 1, .noise = 0.02, .maxvio = 2 },
		{ .strategy = "top-k", .sentence = "scorer=softmax " ROUTED, .seeds = 5, .times = 1, .maxvio = 3.5, .dead = 5 },
		{ .strategy = "aux-loss", .seeds = 5, .times = 0.9, .noise = 1e-4, .maxvio = 0.5 },
		{ .strategy = "bias", .seeds = 5, .times = 0.9, .noise = -1e-4, .maxvio = 0.4 },
		{ .strategy = "expert-choice", .causal = "no", .seeds = 5, .times = 0.8, .noise = 1e-4 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_WORK, 0),
					 "top-k leaves 5 (3 to 7) of 8 experts without work; all others leave none.");
	/* expert choice has a MaxVio of 0 in every seed: no scatter, and yet no question */
	ck_assert_str_eq(told(FINDING_BALANCE, 0),
					 "MaxVio is 3.50 under top-k and lower under random, hash, aux-loss, bias, "
					 "and expert-choice (0.00 to 2.00).");
	begins(told(FINDING_LOSS, 0),
		   "Against top-k, aux-loss, bias, and expert-choice lower the excess loss by 10 to 20% "
		   "(0.030 to 0.061 nats); random raises it by 50% (0.15 nats); hash cannot be told apart "
		   "by five seeds (they would likely have missed differences below ");
	ck_assert_str_eq(told(FINDING_AMONG, 0),
					 "Among these, expert-choice has a lower excess loss than aux-loss and bias; "
					 "the other pair differs by less than 0.01 nats.");
	ck_assert_str_eq(told(FINDING_FUTURE, 0), "expert-choice chooses experts with later tokens in view, so its loss is "
											  "not that of an autoregressive model.");
	ck_assert_str_eq(told(FINDING_GAP, 0), "");
	ck_assert_str_eq(told(FINDING_CAUTION, 0), "");
	ck_assert_uint_le(findings.n, 6);
	/* floors are no contenders, and what is undecided is no title's */
	titled(FINDING_LOSS, "aux-loss, bias, and expert-choice lower the excess loss of top-k by 10 to 20%");
	titled(FINDING_WORK, "top-k leaves 5 (3 to 7) of 8 experts without work; all others leave none");
	titled(FINDING_GAP, NULL);
	done();
}
END_TEST

START_TEST(what_cannot_be_told_is_not_called_equal)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .seeds = 5, .times = 1, .maxvio = 1 },
		{ .strategy = "aux-loss", .seeds = 5, .times = 1, .noise = 0.02, .maxvio = 1 },
		{ .strategy = "bias", .seeds = 3, .times = 1, .noise = -0.02, .maxvio = 1 },
	};
	find_among(series, COUNT(series));
	begins(told(FINDING_LOSS, 0),
		   "By three to five seeds, the excess loss of aux-loss and bias cannot be told apart from that of top-k");
	ck_assert_str_eq(told(FINDING_AMONG, 0), "aux-loss and bias cannot be told apart by three seeds.");
	titled(FINDING_LOSS, "Excess loss: aux-loss and bias cannot be told apart from top-k by three to five seeds");
	for (size_t i = 0; i < findings.n; i++)
		ck_assert_ptr_null(strstr(findings.finding[i].text, "equal"));
	ck_assert_str_eq(told(FINDING_WORK, 0), "No way of routing leaves an expert without work.");
	done();
}
END_TEST

START_TEST(what_is_near_is_told_by_the_margin)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .seeds = 5, .times = 1, .maxvio = 1 },
		{ .strategy = "aux-loss", .seeds = 5, .times = 1, .noise = 1e-4, .maxvio = 1 },
		{ .strategy = "bias", .seeds = 5, .times = 1, .maxvio = 1 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_LOSS, 0),
					 "Against top-k, aux-loss differs by less than 0.01 nats; bias has the same excess "
					 "loss in every seed.");
	titled(FINDING_LOSS, "Excess loss: aux-loss differs from top-k by less than 0.01 nats, bias not at all");
	done();
}
END_TEST

START_TEST(a_title_that_names_too_many_counts_them)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .seeds = 5, .times = 1, .maxvio = 1 },
		{ .strategy = "aux-loss", .seeds = 5, .times = 0.9, .noise = 1e-4, .maxvio = 1 },
		{ .strategy = "bias", .seeds = 5, .times = 0.9, .noise = -1e-4, .maxvio = 1 },
		{ .strategy = "bias-sigmoid", .seeds = 5, .times = 0.9, .noise = 1e-4, .maxvio = 1 },
		{ .strategy = "deepseek-v3", .seeds = 5, .times = 0.9, .noise = -1e-4, .maxvio = 1 },
		{ .strategy = "expert-choice", .seeds = 5, .times = 1.2, .noise = 1e-4, .maxvio = 1 },
	};
	find_among(series, COUNT(series));
	titled(FINDING_LOSS, "4 of 5 strategies lower the excess loss of top-k by 10%, expert-choice raises it by 20%");
	done();
}
END_TEST

START_TEST(one_seed_tells_no_difference)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .seeds = 1, .times = 1, .maxvio = 1 },
		{ .strategy = "aux-loss", .seeds = 1, .times = 0.5, .maxvio = 0.1 },
		{ .strategy = "bias", .seeds = 1, .times = 0.8, .maxvio = 0.1 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_CAUTION, 0), "With one seed each, no difference can be told from chance; the excess "
											   "loss runs from 0.15 nats (aux-loss) to 0.30 nats (top-k).");
	ck_assert_str_eq(told(FINDING_LOSS, 0), "");
	titled(FINDING_LOSS, NULL);
	ck_assert_str_eq(told(FINDING_AMONG, 0), "");
	ck_assert_str_eq(told(FINDING_BALANCE, 0), "");
	done();
}
END_TEST

START_TEST(a_series_alone_is_described)
{
	static const struct made_series series[] = {
		{ .strategy = "bias", .seeds = 5, .times = 1, .maxvio = 1 },
	};
	find_among(series, COUNT(series));
	/* mean 0.304, sd 0.0114, t(0.975, 4) = 2.776: 0.304 +- 0.0142 */
	ck_assert_str_eq(told(FINDING_LOSS, 0),
					 "bias ends at a mean excess loss of 0.30 nats (95% interval 0.29 to 0.32 nats) over five seeds.");
	ck_assert_str_eq(told(FINDING_WORK, 0), "bias leaves no expert without work.");
	ck_assert_uint_eq(findings.n, 2);
	done();
}
END_TEST

START_TEST(runs_that_diverged_are_told)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .seeds = 5, .times = 1, .maxvio = 1 },
		{ .strategy = "bias", .seeds = 3, .times = 0.5, .noise = 1e-4, .maxvio = 0.1 },
	};
	for (int seed = 4; seed <= 5; seed++)
		put_run(&(struct made_run){ "bias", "scorer=none", "", seed, "diverged", "yes", 9, 9, 8 });
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_CAUTION, 0),
					 "Two of ten runs diverged (two of bias) and are left out of all means, which "
					 "may flatter those that are left.");
	begins(told(FINDING_LOSS, 0), "Against top-k, bias lowers the excess loss by 50% (0.15 nats).");
	/* nor do the dead experts of a run that diverged count */
	ck_assert_str_eq(told(FINDING_WORK, 0), "No way of routing leaves an expert without work.");
	done();
}
END_TEST

START_TEST(the_gap_is_told_from_floor_to_ceiling)
{
	static const struct made_series series[] = {
		{ .strategy = "random", .seeds = 5, .times = 1.5, .noise = 1e-5 },
		{ .strategy = "planted", .seeds = 5, .times = 0.5, .noise = -1e-5 },
		{ .strategy = "top-k", .seeds = 5, .times = 1.1 },
		{ .strategy = "aux-loss", .seeds = 5, .times = 0.8 },
		{ .strategy = "expert-choice", .causal = "no", .seeds = 5, .times = 0.6 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_GAP, 0),
					 "Of what routing could bring (from random to planted), aux-loss reaches 70%; "
					 "top-k reaches 40%.");
	titled(FINDING_GAP, "aux-loss reaches 70% of what routing could bring; top-k reaches 40%");
	done();
}
END_TEST

START_TEST(more_than_one_part_is_told)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .sentence = "scorer=softmax " ROUTED " balance=none", .seeds = 5, .times = 1 },
		{ .strategy = "aux-loss",
		  .sentence = "scorer=softmax " ROUTED " balance=aux,weight=0.02",
		  .seeds = 5,
		  .times = 0.9 },
		{ .strategy = "bias", .sentence = "scorer=sigmoid " ROUTED " balance=bias", .seeds = 5, .times = 0.8 },
		{ .strategy = "hash",
		  .sentence = "scorer=none selector=hash gate=unit balance=none",
		  .seeds = 5,
		  .times = 0.7 },
		{ .strategy = "dense", .sentence = "scorer=none selector=none gate=unit balance=none", .seeds = 5, .times = 2 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_PARTS, 0),
					 "hash differs from top-k in scorer, selector, and gate; bias in scorer and "
					 "balancer: no one part accounts for these differences.");
	done();
}
END_TEST

/* ---- sweeps */

START_TEST(a_sweep_is_told_step_by_step)
{
	static const struct made_series series[] = {
		{ .strategy = "aux-loss", .sentence = "gate=unit experts=4", .seeds = 5, .times = 1.4, .noise = 1e-4 },
		{ .strategy = "aux-loss", .sentence = "gate=unit experts=8", .seeds = 5, .times = 1.2, .noise = -1e-4 },
		{ .strategy = "aux-loss", .sentence = "gate=unit experts=16", .seeds = 5, .times = 1.0 },
		{ .strategy = "aux-loss", .sentence = "gate=unit experts=32", .seeds = 5, .times = 0.99, .noise = 0.03 },
		{ .strategy = "bias", .sentence = "gate=unit experts=4", .seeds = 5, .times = 1.54 },
		{ .strategy = "bias", .sentence = "gate=unit experts=8", .seeds = 5, .times = 1.32 },
		{ .strategy = "bias", .sentence = "gate=unit experts=16", .seeds = 5, .times = 1.1, .noise = 1e-4 },
		{ .strategy = "bias", .sentence = "gate=unit experts=32", .seeds = 5, .times = 1.2, .noise = 1e-4 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_STEPS, 0),
					 "aux-loss over experts: the excess loss falls from 4 to 16, and five seeds "
					 "can tell no other step; the lowest mean is 0.30 nats, at 32.");
	ck_assert_str_eq(told(FINDING_STEPS, 1),
					 "bias over experts: the excess loss falls from 4 to 16 and rises from 16 to "
					 "32; the lowest mean is 0.33 nats, at 16.");
	begins(told(FINDING_WHERE, 0),
		   "Against aux-loss, bias raises the excess loss by 10% (0.030 to 0.043 nats) with three "
		   "of four settings (up to experts=16); elsewhere, ");
	ck_assert_str_eq(told(FINDING_LOSS, 0), "");
	done();
}
END_TEST

START_TEST(a_setting_of_two_values_is_told_as_a_choice)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .sentence = "gate=unit overflow=position", .seeds = 5, .times = 1 },
		{ .strategy = "top-k", .sentence = "gate=unit overflow=lowest-score", .seeds = 5, .times = 0.8, .noise = 1e-4 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_WHERE, 0),
					 "Against overflow=lowest-score, overflow=position raises the excess loss by "
					 "25% (0.061 nats) with the only setting.");
	done();
}
END_TEST

/* ---- several streams */

START_TEST(several_streams_are_told_by_where)
{
	static const struct made_series series[] = {
		{ .strategy = "top-k", .stream = ",shared=0", .seeds = 5, .times = 1, .dead = 3 },
		{ .strategy = "top-k", .stream = ",shared=0.5", .seeds = 5, .times = 1 },
		{ .strategy = "top-k", .stream = ",shared=1", .seeds = 5, .times = 1 },
		{ .strategy = "aux-loss", .stream = ",shared=0", .seeds = 5, .times = 0.8, .noise = 1e-4 },
		{ .strategy = "aux-loss", .stream = ",shared=0.5", .seeds = 5, .times = 1, .noise = 1e-4 },
		{ .strategy = "aux-loss", .stream = ",shared=1", .seeds = 5, .times = 1, .noise = 0.02 },
	};
	find_among(series, COUNT(series));
	ck_assert_str_eq(told(FINDING_WHERE, 0),
					 "Against top-k, aux-loss lowers the excess loss by 20% (0.061 nats) on one of "
					 "three streams (where shared is 0); elsewhere, it stays within 0.01 nats of "
					 "top-k or five seeds can tell no difference.");
	ck_assert_str_eq(told(FINDING_WORK, 0), "top-k leaves up to 5 of 8 experts without work; aux-loss leaves none.");
	ck_assert_str_eq(told(FINDING_LOSS, 0), "");
	done();
}
END_TEST

/* ---- on a terminal */

START_TEST(long_sentences_are_folded)
{
	struct findings two = { .n = 2, .finding = { { FINDING_LOSS, "" }, { FINDING_LOSS, "short." } } };
	char text[600] = "", *printed;
	size_t size;
	for (int i = 0; i < 40; i++)
		strcat(text, "lengthy word ");
	two.finding[0].text = text;
	FILE *to = open_memstream(&printed, &size);
	findings_print(&two, to);
	fclose(to);
	for (char *line = printed; *line; line += strcspn(line, "\n") + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 100);
	ck_assert_ptr_nonnull(strstr(printed, "word\nshort.\n\n"));
	free(printed);
}
END_TEST

int main(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	Suite *suite = suite_create("findings");
	TCase *pieces = tcase_create("pieces"), *one = tcase_create("one stream"), *many = tcase_create("several");
	tcase_add_test(pieces, counts_are_words_up_to_ten);
	tcase_add_test(pieces, lists_have_a_serial_comma);
	tcase_add_test(pieces, ranges_of_what_looks_the_same_are_one_number);
	tcase_add_test(pieces, parts_are_told_by_their_kinds);
	tcase_add_test(pieces, long_sentences_are_folded);
	tcase_add_checked_fixture(one, folder_setup, folder_teardown);
	tcase_add_test(one, who_differs_from_the_baseline_is_told_with_its_size);
	tcase_add_test(one, what_cannot_be_told_is_not_called_equal);
	tcase_add_test(one, what_is_near_is_told_by_the_margin);
	tcase_add_test(one, a_title_that_names_too_many_counts_them);
	tcase_add_test(one, one_seed_tells_no_difference);
	tcase_add_test(one, a_series_alone_is_described);
	tcase_add_test(one, runs_that_diverged_are_told);
	tcase_add_test(one, the_gap_is_told_from_floor_to_ceiling);
	tcase_add_test(one, more_than_one_part_is_told);
	tcase_add_checked_fixture(many, folder_setup, folder_teardown);
	tcase_add_test(many, a_sweep_is_told_step_by_step);
	tcase_add_test(many, a_setting_of_two_values_is_told_as_a_choice);
	tcase_add_test(many, several_streams_are_told_by_where);
	suite_add_tcase(suite, pieces);
	suite_add_tcase(suite, one);
	suite_add_tcase(suite, many);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
