/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_corpus.c -- real text: domains, held-out tails, and all that can be wrong with a folder.
 */
#include <config.h>

#include <check.h>
#include <ftw.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/data/stream.h"

static char folder[] = "tmp.XXXXXX";
static struct arena arena;
static struct stream stream;
static struct error err;

/* ---- a folder to play in ------------------------------------------------------------------------------------- */

static void setup(void)
{
	strcpy(folder, "tmp.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *now, int type, struct FTW *place)
{
	(void)now, (void)type, (void)place;
	return remove(path);
}

static void teardown(void)
{
	if (stream.type != NULL)
		stream_close(&stream);
	arena_free(&arena);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Would a run of the default size with sequences of this length be refused? */
static int check_length(size_t length)
{
	struct stream_use use = { .length = length, .sequences = 32, .steps = 600 };
	return stream_check(&stream, &use, &err);
}

static const char *in_folder(const char *name)
{
	return text_keep_f("%s/%s", folder, name);
}

static void make_folder(const char *name)
{
	ck_assert_int_eq(mkdir(in_folder(name), 0777), 0);
}

static void write_bytes(const char *name, const void *bytes, size_t n)
{
	FILE *file = fopen(in_folder(name), "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static void write_times(const char *name, char byte, size_t n)
{
	char *bytes = malloc(n + 1);
	memset(bytes, byte, n);
	write_bytes(name, bytes, n);
	free(bytes);
}

static void link_to(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, in_folder(name)), 0);
}

static void open_at(const char *path, const char *options)
{
	const char *spec = text_keep_f("corpus,path=%s%s", path, options);
	ck_assert_msg(stream_open(&stream, spec, 1, &err) == 0, "%s: %s: %s", spec, err.file, err.text);
}

static void refuses(const char *options, enum error_code code, const char *file, const char *says)
{
	const char *spec = text_keep_f("corpus,path=%s%s", folder, options);
	memset(&err, 0, sizeof err);
	ck_assert_msg(stream_open(&stream, spec, 1, &err) == -1, "%s is accepted", spec);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, says) != NULL, "'%s' does not say '%s'", err.text, says);
	ck_assert_str_eq(err.file, *file != '\0' ? in_folder(file) : folder);
}

static struct batch new_batch(size_t sequences, size_t length)
{
	struct batch batch;
	batch_take(&batch, &arena, sequences, length);
	return batch;
}

/* ---- domains and parts --------------------------------------------------------------------------------------- */

START_TEST(files_and_folders_are_domains_in_the_order_of_their_names)
{
	struct batch batch = new_batch(16, 8);
	write_times("c.txt", 'c', 200);
	make_folder("b");
	make_folder("b/deep");
	write_times("b/deep/x", 'b', 100);
	write_times("b/y", 'b', 100);
	write_times("a", 'a', 200);
	make_folder(".git");
	write_times(".git/x", '!', 500);
	write_times(".hidden", '!', 500);
	open_at(folder, "");
	ck_assert_uint_eq(stream.vocabulary, 256);
	ck_assert_uint_eq(stream.domains, 3);
	ck_assert_str_eq(stream.domain_names[0], "a");
	ck_assert_str_eq(stream.domain_names[1], "b");
	ck_assert_str_eq(stream.domain_names[2], "c.txt");
	size_t seen[3] = { 0 };
	for (size_t step = 1; step <= 20; step++) {
		stream_train(&stream, step, &batch);
		for (size_t at = 0; at < 16 * 8; at++) {
			ck_assert_uint_eq(batch.id[at], 'a' + batch.domain[at]);
			ck_assert_uint_eq(batch.target[at], 'a' + batch.domain[at]);
			seen[batch.domain[at]]++;
		}
	}
	ck_assert(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
}
END_TEST

/* Bytes 1 .. 180 in three files whose names, not their making, give the order. */
START_TEST(files_of_a_domain_follow_one_another_by_name)
{
	unsigned char bytes[180];
	struct batch batch = new_batch(8, 16);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i + 1);
	make_folder("d");
	make_folder("d/2");
	write_bytes("d/3", bytes + 100, 80);
	write_bytes("d/2/x", bytes + 50, 50);
	write_bytes("d/1", bytes, 50);
	open_at(folder, "");
	for (size_t step = 1; step <= 50; step++) {
		stream_train(&stream, step, &batch);
		for (size_t at = 0; at < 8 * 16; at++)
			ck_assert_uint_eq(batch.target[at], batch.id[at] + 1);
	}
}
END_TEST

/* Which bytes do training and evaluation draw?  Every byte of the file is different from its neighbours' parts. */
START_TEST(training_never_reaches_the_held_out_tail)
{
	enum { LENGTH = 7, SEQUENCES = 64 };
	unsigned char bytes[200];
	bool trained[256] = { false }, held[256] = { false };
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	write_bytes("a", bytes, sizeof bytes);
	open_at(folder, ",held-out=0.2");
	for (size_t i = 1; i <= 200; i++) {
		stream_train(&stream, i, &batch);
		for (size_t at = 0; at < SEQUENCES * LENGTH; at++)
			trained[batch.id[at]] = trained[batch.target[at]] = true;
		stream_eval(&stream, i, &batch);
		for (size_t at = 0; at < SEQUENCES * LENGTH; at++)
			held[batch.id[at]] = held[batch.target[at]] = true;
	}
	for (size_t byte = 0; byte < 256; byte++) {
		ck_assert_int_eq(trained[byte], byte < 160);
		ck_assert_int_eq(held[byte], byte >= 160 && byte < 200);
	}
}
END_TEST

START_TEST(places_are_uniform)
{
	enum { LENGTH = 7, SEQUENCES = 100, BATCHES = 100, PLACES = 160 - LENGTH };
	unsigned char bytes[200];
	double count[PLACES] = { 0 }, square = 0, expected = (double)SEQUENCES * BATCHES / PLACES;
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	write_bytes("a", bytes, sizeof bytes);
	open_at(folder, ",held-out=0.2");
	for (size_t step = 1; step <= BATCHES; step++) {
		stream_train(&stream, step, &batch);
		for (size_t s = 0; s < SEQUENCES; s++)
			count[batch.id[s * LENGTH]]++;
	}
	for (size_t i = 0; i < PLACES; i++)
		square += pow(count[i] - expected, 2) / expected;
	ck_assert_double_gt(gsl_cdf_chisq_Q(square, PLACES - 1), 1e-3);
	ck_assert_double_lt(gsl_cdf_chisq_Q(square, PLACES - 1), 1 - 1e-3);
}
END_TEST

static double share_of_first(void)
{
	enum { SEQUENCES = 100, BATCHES = 100 };
	struct batch batch = new_batch(SEQUENCES, 1);
	double first = 0;
	for (size_t step = 1; step <= BATCHES; step++) {
		stream_train(&stream, step, &batch);
		for (size_t s = 0; s < SEQUENCES; s++)
			first += batch.domain[s] == 0;
	}
	return first / (SEQUENCES * BATCHES);
}

START_TEST(mix_is_equal_or_by_size)
{
	write_times("a", 'a', 300);
	write_times("b", 'b', 100);
	open_at(folder, "");
	ck_assert_double_eq_tol(share_of_first(), 0.5, 0.02);
	ck_assert_double_eq_tol(stream.unigram, M_LN2, 1e-12);
	stream_close(&stream);
	open_at(folder, ",mix=size");
	ck_assert_double_eq_tol(share_of_first(), 0.75, 0.02);
	ck_assert_double_eq_tol(stream.unigram, log(4) - 0.75 * log(3), 1e-12);
}
END_TEST

START_TEST(one_file_is_one_domain)
{
	write_times("prose.txt", 'p', 100);
	open_at(in_folder("prose.txt"), "");
	ck_assert_uint_eq(stream.domains, 1);
	ck_assert_str_eq(stream.domain_names[0], "prose.txt");
}
END_TEST

START_TEST(all_bytes_are_tokens_and_no_law_is_claimed)
{
	enum { SEQUENCES = 64, LENGTH = 16 };
	unsigned char bytes[1024];
	bool seen[256] = { false };
	struct batch batch = new_batch(SEQUENCES, LENGTH);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	write_bytes("binary", bytes, sizeof bytes);
	open_at(folder, "");
	for (size_t step = 1; step <= 10; step++) {
		stream_train(&stream, step, &batch);
		for (size_t at = 0; at < SEQUENCES * LENGTH; at++)
			seen[batch.id[at]] = true;
	}
	for (size_t byte = 0; byte < 256; byte++)
		ck_assert(seen[byte]);
	double bayes = 1, oracle = 1;
	stream_bayes(&stream, &batch, &bayes, &oracle);
	ck_assert(isnan(bayes) && isnan(oracle));
	bayes = 1;
	stream_bigram(&stream, &batch, &bayes);
	ck_assert(isnan(bayes));
	ck_assert_double_eq(stream.uniform, log(256));
	ck_assert_double_eq_tol(stream.unigram, log(256), 1e-12);
}
END_TEST

/* All of them are printable, no two alike, and one is itself where it can be. */
START_TEST(bytes_are_written_as_text)
{
	static const struct {
		uint32_t byte;
		const char *text;
	} some[] = { { 'a', "a" },    { ' ', " " },    { '~', "~" },   { '\'', "'" },    { '\\', "\\\\" }, { '\n', "\\n" },
				 { '\t', "\\t" }, { '\r', "\\r" }, { 0, "\\x00" }, { 127, "\\x7f" }, { 255, "\\xff" } };
	write_times("a", 'a', 100);
	open_at(folder, "");
	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		ck_assert_str_eq(stream_text(&stream, some[i].byte), some[i].text);
	for (uint32_t a = 0; a < 256; a++) {
		for (const char *c = stream_text(&stream, a); *c; c++)
			ck_assert(*c >= ' ' && *c <= '~');
		for (uint32_t b = 0; b < a; b++)
			ck_assert_str_ne(stream_text(&stream, a), stream_text(&stream, b));
	}
}
END_TEST

START_TEST(batches_depend_on_their_number_alone)
{
	struct batch in_turn = new_batch(4, 4), alone = new_batch(4, 4);
	unsigned char bytes[256];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	write_bytes("a", bytes, sizeof bytes);
	open_at(folder, "");
	for (size_t step = 1; step <= 7; step++)
		stream_train(&stream, step, &in_turn);
	stream_close(&stream);
	open_at(folder, "");
	stream_train(&stream, 7, &alone);
	ck_assert_mem_eq(in_turn.id, alone.id, 16 * sizeof *alone.id);
	stream_train(&stream, 8, &alone);
	ck_assert_mem_ne(in_turn.id, alone.id, 16 * sizeof *alone.id);
}
END_TEST

/* ---- links --------------------------------------------------------------------------------------------------- */

/* Were the file read twice, the copy's training part would hold the original's held-out tail. */
START_TEST(a_file_that_links_make_appear_twice_is_read_once)
{
	struct batch batch = new_batch(64, 4);
	make_folder("d");
	write_times("d/1", 'x', 90);
	write_times("d/2", 'y', 10);
	link_to("2", "d/0");
	ck_assert_int_eq(link(in_folder("d/1"), in_folder("d/3")), 0);
	open_at(folder, ",held-out=0.5"); /* 10 y, 90 x: the first half holds all the y */
	stream_eval(&stream, 0, &batch);
	for (size_t at = 0; at < 64 * 4; at++)
		ck_assert_uint_eq(batch.target[at], 'x');
}
END_TEST

START_TEST(links_to_files_and_folders_are_followed)
{
	make_folder("d");
	make_folder(".elsewhere");
	write_times(".elsewhere/text", 'x', 100);
	link_to("../.elsewhere", "d/link");
	open_at(folder, "");
	ck_assert_uint_eq(stream.domains, 1);
}
END_TEST

START_TEST(a_domain_of_links_into_another_is_refused)
{
	write_times("a", 'x', 100);
	link_to("a", "b");
	refuses("", ERROR_USER, "b", "empty, or only links");
}
END_TEST

START_TEST(a_loop_of_links_is_refused)
{
	make_folder("d");
	write_times("d/a", 'x', 100);
	link_to("..", "d/up");
	refuses("", ERROR_USER, "d/up", "leads back");
}
END_TEST

START_TEST(a_link_that_leads_nowhere_is_refused)
{
	write_times("a", 'x', 100);
	link_to("missing", "b");
	refuses("", ERROR_USER, "b", "a dangling symbolic link");
	unlink(in_folder("b"));
	link_to("b", "b");
	refuses("", ERROR_USER, "b", "a dangling symbolic link");
}
END_TEST

/* ---- what else can be wrong ---------------------------------------------------------------------------------- */

START_TEST(a_missing_path_is_refused)
{
	ck_assert_int_eq(stream_open(&stream, "corpus", 1, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_ptr_nonnull(strstr(err.text, "path"));
	ck_assert_int_eq(stream_open(&stream, "corpus,path=", 1, &err), -1);
	ck_assert_int_eq(stream_open(&stream, text_keep_f("corpus,path=%s", in_folder("none")), 1, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, in_folder("none"));
	ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
}
END_TEST

START_TEST(an_empty_folder_is_refused)
{
	refuses("", ERROR_USER, "", "empty");
	write_times(".hidden", 'x', 100);
	refuses("", ERROR_USER, "", "empty");
	make_folder("d");
	refuses("", ERROR_USER, "d", "empty, or only links");
}
END_TEST

START_TEST(an_empty_or_one_byte_file_is_refused)
{
	write_times("a", 'x', 100);
	write_times("b", 'x', 0);
	refuses("", ERROR_USER, "b", "empty, or only links");
	write_times("b", 'x', 1);
	refuses("", ERROR_USER, "b", "domain 'b' has 1 bytes for training and 0 held out");
	write_times("b", 'x', 19);
	refuses("", ERROR_USER, "b", "18 bytes for training and 1 held out");
	write_times("b", 'x', 20);
	open_at(folder, "");
}
END_TEST

START_TEST(a_domain_too_short_for_a_sequence_is_named)
{
	write_times("a", 'x', 1000);
	write_times("b", 'x', 400);
	open_at(folder, "");
	ck_assert_int_eq(check_length(39), 0);
	ck_assert_int_eq(check_length(40), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, in_folder("b"));
	ck_assert_ptr_nonnull(strstr(err.text, "360 bytes for training and 40 held out; a sequence of 40 tokens needs 41"));
	ck_assert_int_eq(check_length(SIZE_MAX), -1);
}
END_TEST

START_TEST(a_mix_of_one_domain_is_refused)
{
	write_times("a", 'x', 1000);
	open_at(folder, ",mix=size");
	ck_assert_int_eq(check_length(10), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "mix=size has no effect: there is one domain"));
	stream_close(&stream);
	write_times("b", 'x', 1000);
	open_at(folder, ",mix=size");
	ck_assert_int_eq(check_length(10), 0);
}
END_TEST

START_TEST(a_corpus_above_the_limit_is_refused)
{
	write_times("a", 'x', 600);
	write_times("b", 'x', 600);
	refuses(",limit=1199", ERROR_USER, "", "larger than 1.2 kB");
	open_at(folder, ",limit=1200");
}
END_TEST

/* 3 GB that take no room on the disk: refused by size before anything is read. */
START_TEST(a_huge_file_is_refused_at_once)
{
	write_times("a", 'x', 100);
	write_times("huge", 'x', 1);
	if (truncate(in_folder("huge"), (off_t)3000000000) != 0)
		return;
	refuses("", ERROR_USER, "", "larger than 2.0 GB");
}
END_TEST

START_TEST(more_domains_than_can_be_told_apart_are_refused)
{
	for (int i = 0; i < 257; i++)
		write_times(text_keep_f("%d", i), 'x', 100);
	refuses("", ERROR_USER, "", "more than 256");
	unlink(in_folder("0"));
	open_at(folder, "");
	ck_assert_uint_eq(stream.domains, 256);
}
END_TEST

/* A pipe would be waited for for ever. */
START_TEST(pipes_and_devices_are_refused)
{
	write_times("a", 'x', 100);
	ck_assert_int_eq(mkfifo(in_folder("pipe"), 0666), 0);
	refuses("", ERROR_USER, "pipe", "neither a file nor a folder");
	unlink(in_folder("pipe"));
	link_to("/dev/zero", "zero");
	refuses("", ERROR_USER, "zero", "neither a file nor a folder");
}
END_TEST

/* Root may read everything, so the test gives that up for a moment. */
static void check_unreadable(const char *name, const char *named)
{
	uid_t user = geteuid();
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(in_folder(name), 0), 0);
	if (user == 0 && seteuid(65534) != 0)
		return;
	if (access(folder, R_OK | X_OK) == 0)
		refuses("", ERROR_WORLD, named, "Permission denied");
	ck_assert_int_eq(seteuid(user), 0);
	chmod(in_folder(name), 0700);
}

START_TEST(unreadable_files_and_folders_are_named)
{
	write_times("a", 'x', 100);
	write_times("b", 'x', 100);
	check_unreadable("b", "b");
	make_folder("d");
	write_times("d/c", 'x', 100);
	check_unreadable("d", "d");
}
END_TEST

/* This file claims to be empty and fails when it is read. */
START_TEST(a_failing_read_is_reported)
{
	if (access("/proc/self/mem", R_OK) != 0)
		return;
	write_times("a", 'x', 100);
	make_folder("d");
	write_times("d/1", 'x', 100);
	link_to("/proc/self/mem", "d/2");
	refuses("", ERROR_WORLD, "d/2", "cannot read");
	unlink(in_folder("d/2"));
	link_to("/proc/self/status", "d/2");
	refuses("", ERROR_WORLD, "d/2", "changed while it was being read");
}
END_TEST

START_TEST(wrong_options_are_refused)
{
	static const char *const wrong[] = {
		",mix=often", ",held-out=0", ",held-out=1", ",limit=0", ",limit=5G", ",pat=x"
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(stream_open(&stream, text_keep_f("corpus,path=%s%s", folder, wrong[i]), 1, &err), -1);
		ck_assert_int_eq(err.code, ERROR_USER);
		ck_assert_uint_gt(err.column, 7);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("corpus");
	TCase *parts = tcase_create("parts"), *links = tcase_create("links"), *trouble = tcase_create("trouble");
	tcase_add_checked_fixture(parts, setup, teardown);
	tcase_add_test(parts, files_and_folders_are_domains_in_the_order_of_their_names);
	tcase_add_test(parts, files_of_a_domain_follow_one_another_by_name);
	tcase_add_test(parts, training_never_reaches_the_held_out_tail);
	tcase_add_test(parts, places_are_uniform);
	tcase_add_test(parts, mix_is_equal_or_by_size);
	tcase_add_test(parts, one_file_is_one_domain);
	tcase_add_test(parts, all_bytes_are_tokens_and_no_law_is_claimed);
	tcase_add_test(parts, batches_depend_on_their_number_alone);
	tcase_add_test(parts, bytes_are_written_as_text);
	tcase_add_checked_fixture(links, setup, teardown);
	tcase_add_test(links, a_file_that_links_make_appear_twice_is_read_once);
	tcase_add_test(links, links_to_files_and_folders_are_followed);
	tcase_add_test(links, a_domain_of_links_into_another_is_refused);
	tcase_add_test(links, a_loop_of_links_is_refused);
	tcase_add_test(links, a_link_that_leads_nowhere_is_refused);
	tcase_add_checked_fixture(trouble, setup, teardown);
	tcase_add_test(trouble, a_missing_path_is_refused);
	tcase_add_test(trouble, an_empty_folder_is_refused);
	tcase_add_test(trouble, an_empty_or_one_byte_file_is_refused);
	tcase_add_test(trouble, a_domain_too_short_for_a_sequence_is_named);
	tcase_add_test(trouble, a_mix_of_one_domain_is_refused);
	tcase_add_test(trouble, a_corpus_above_the_limit_is_refused);
	tcase_add_test(trouble, a_huge_file_is_refused_at_once);
	tcase_add_test(trouble, more_domains_than_can_be_told_apart_are_refused);
	tcase_add_test(trouble, pipes_and_devices_are_refused);
	tcase_add_test(trouble, unreadable_files_and_folders_are_named);
	tcase_add_test(trouble, a_failing_read_is_reported);
	tcase_add_test(trouble, wrong_options_are_refused);
	suite_add_tcase(suite, parts);
	suite_add_tcase(suite, links);
	suite_add_tcase(suite, trouble);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
