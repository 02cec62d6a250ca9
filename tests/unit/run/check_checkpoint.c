/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_checkpoint.c -- what is written is read back, and nothing else is taken for it.
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/run/checkpoint.h"
#include "tests/support/folder.h"
#include "tests/support/tiny_run.h"

enum { STEPS = 3 };

static const struct assignment smallest[] = {
	{ "strategy", "bias balance=bias,rate=0.1+aux,scope=running,buffer=2" },
	{ "width", "2" },
	{ "heads", "1" },
	{ "experts", "2" },
	{ "top-k", "1" },
	{ "expert-width", "1" },
	{ "stream", "uniform,vocabulary=2" },
	{ NULL, NULL },
};
static struct settings settings;
static struct trainer trainer;
static struct recorder_place place;
static char *bytes;
static size_t size;

static void open_trainer(struct trainer *into, struct settings *resolved, const struct assignment *more)
{
	struct error err = { .code = ERROR_NONE };
	tiny_resolve(resolved, more);
	ck_assert_msg(trainer_open(into, resolved, &err) == 0, "%s", err.text);
}

static void train(struct trainer *of, int steps)
{
	struct step_log log;
	for (int i = 0; i < steps; i++)
		trainer_step(of, false, &log);
}

/* A trained run and its checkpoint in memory. */
static void setup(void)
{
	struct error err = { .code = ERROR_NONE };
	folder_setup();
	open_trainer(&trainer, &settings, smallest);
	train(&trainer, STEPS);
	for (int i = 0; i < RUN_PLACES; i++)
		place.file[i] = (struct csv_place){ 100 + i, UINT64_MAX - (uint64_t)i };
	ck_assert_int_eq(checkpoint_write(in_folder("checkpoint.bin"), &trainer, &place, &err), 0);
	ck_assert_int_eq(file_read(in_folder("checkpoint.bin"), 1 << 20, &bytes, &size, &err), 0);
}

static void teardown(void)
{
	trainer_close(&trainer);
	free(bytes);
	folder_teardown();
}

static int read_back(struct trainer *into, const char *name, struct recorder_place *found, struct error *err)
{
	*err = (struct error){ .code = ERROR_NONE };
	return checkpoint_read(in_folder(name), into, found, err);
}

static void check_same_run(const struct trainer *a, const struct trainer *b)
{
	const struct params *p = &a->net.params, *q = &b->net.params;
	ck_assert_uint_eq(a->step, b->step);
	ck_assert_double_eq(a->flops, b->flops);
	ck_assert_mem_eq(p->value, q->value, p->n * sizeof(real));
	ck_assert_mem_eq(p->m, q->m, p->n * sizeof(real));
	ck_assert_mem_eq(p->v, q->v, p->n * sizeof(real));
	for (size_t j = 0; j < sentence_parts(&a->settings->sentence); j++) {
		const struct part_memory *left = &net_router(&a->net, 0)->memory[j];
		const struct part_memory *right = &net_router(&b->net, 0)->memory[j];
		ck_assert_uint_eq(left->state_size, right->state_size);
		if (left->state_size)
			ck_assert_mem_eq(left->state, right->state, left->state_size);
	}
}

START_TEST(a_run_goes_on_where_it_was)
{
	struct settings own;
	struct trainer other;
	struct recorder_place found;
	struct error err;
	open_trainer(&other, &own, smallest);
	ck_assert_msg(read_back(&other, "checkpoint.bin", &found, &err) == 0, "%s", err.text);
	ck_assert_mem_eq(&found, &place, sizeof place);
	check_same_run(&trainer, &other);
	train(&trainer, 4);
	train(&other, 4);
	check_same_run(&trainer, &other);
	trainer_close(&other);
}
END_TEST

START_TEST(the_same_run_writes_the_same_bytes)
{
	struct settings own;
	struct trainer other;
	struct error err;
	char *again;
	size_t length;
	open_trainer(&other, &own, smallest);
	train(&other, STEPS);
	ck_assert_int_eq(checkpoint_write(in_folder("again.bin"), &other, &place, &err), 0);
	ck_assert_int_eq(file_read(in_folder("again.bin"), 1 << 20, &again, &length, &err), 0);
	ck_assert_uint_eq(length, size);
	ck_assert_mem_eq(again, bytes, size);
	free(again);
	trainer_close(&other);
}
END_TEST

/* Refused, with nothing of it in the trainer. */
static void check_refused(struct trainer *into, const char *what, size_t at, size_t length)
{
	struct recorder_place found;
	struct error err;
	real first = into->net.params.value[0];
	put_file(in_folder("bad.bin"), bytes, length);
	ck_assert_msg(read_back(into, "bad.bin", &found, &err) != 0, "%s at %zu was taken", what, at);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, in_folder("bad.bin"));
	ck_assert_uint_eq(into->step, 0);
	ck_assert_double_eq((double)into->net.params.value[0], (double)first);
}

START_TEST(every_truncation_is_refused)
{
	struct settings own;
	struct trainer other;
	open_trainer(&other, &own, smallest);
	for (size_t length = 0; length < size; length++)
		check_refused(&other, "a cut", length, length);
	trainer_close(&other);
}
END_TEST

START_TEST(every_damaged_byte_is_refused)
{
	struct settings own;
	struct trainer other;
	open_trainer(&other, &own, smallest);
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= (char)(1 << i % 8);
		check_refused(&other, "a wrong bit", i, size);
		bytes[i] ^= (char)(1 << i % 8);
	}
	trainer_close(&other);
}
END_TEST

START_TEST(more_bytes_are_refused)
{
	struct settings own;
	struct trainer other;
	open_trainer(&other, &own, smallest);
	bytes = realloc(bytes, size + 8);
	ck_assert_ptr_nonnull(bytes);
	memset(bytes + size, 0, 8);
	check_refused(&other, "a byte more", size, size + 1);
	check_refused(&other, "bytes more", size, size + 8);
	trainer_close(&other);
}
END_TEST

/* Another value of any setting that decides the results. */
START_TEST(other_settings_are_refused)
{
	static const struct assignment others[] = {
		{ "seed", "2" }, { "lr", "0.1" },   { "steps", "13" },    { "batch", "4" },     { "experts", "3" },
		{ "clip", "2" }, { "layers", "2" }, { "log-every", "3" }, { "gate", "ignored" } /* stands for a change of the
																						   sentence */
	};
	struct assignment more[16];
	size_t n = 0;
	for (; smallest[n].name; n++)
		more[n] = smallest[n];
	more[n] = others[_i];
	if (strcmp(others[_i].name, "gate") == 0)
		more[n] =
			(struct assignment){ "strategy", "bias gate=renorm balance=bias,rate=0.1+aux,scope=running,buffer=2" };
	more[n + 1] = (struct assignment){ NULL, NULL };
	struct settings own;
	struct trainer other;
	struct recorder_place found;
	struct error err;
	open_trainer(&other, &own, more);
	ck_assert_int_ne(read_back(&other, "checkpoint.bin", &found, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, "other settings") != NULL, "%s", err.text);
	trainer_close(&other);
}
END_TEST

/* One from a machine whose products have other last digits. */
START_TEST(another_kernel_is_refused)
{
	const char *kernel = product_kernel();
	size_t n = strlen(kernel) + 1, at = 0;
	struct recorder_place found;
	struct error err;
	uint64_t hash;
	while (at + n < size && memcmp(bytes + at, kernel, n) != 0)
		at++;
	ck_assert_uint_lt(at + n, size);
	bytes[at] = '~';
	hash = text_hash_bytes(bytes, size - sizeof hash, TEXT_HASH_START);
	memcpy(bytes + size - sizeof hash, &hash, sizeof hash);
	put_file(in_folder("elsewhere"), bytes, size);
	ck_assert_int_ne(read_back(&trainer, "elsewhere", &found, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, "trained with the kernel '~") != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, "--kernel=portable") != NULL, "%s", err.text);
	check_same_run(&trainer, &trainer);
}
END_TEST

START_TEST(other_files_are_refused)
{
	struct recorder_place found;
	struct error err;
	char text[4096];
	memset(text, 'x', sizeof text);
	put_file(in_folder("text"), text, sizeof text);
	ck_assert_int_ne(read_back(&trainer, "text", &found, &err), 0);
	ck_assert_msg(strstr(err.text, "not a checkpoint") != NULL, "%s", err.text);
	ck_assert_int_ne(read_back(&trainer, "missing", &found, &err), 0);
	ck_assert_int_ne(read_back(&trainer, ".", &found, &err), 0);
	check_same_run(&trainer, &trainer);
}
END_TEST

/* What cannot be written leaves the old one. */
START_TEST(a_failed_write_keeps_the_old_one)
{
	struct error err = { .code = ERROR_NONE };
	char *now;
	size_t length;
	limit_files(100);
	int status = checkpoint_write(in_folder("checkpoint.bin"), &trainer, &place, &err);
	limit_files(RLIM_INFINITY);
	ck_assert_int_ne(status, 0);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_int_eq(file_read(in_folder("checkpoint.bin"), 1 << 20, &now, &length, &err), 0);
	ck_assert_uint_eq(length, size);
	ck_assert_mem_eq(now, bytes, size);
	ck_assert_int_eq(folder_entries(), 1);
	free(now);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("checkpoint");
	TCase *cases = tcase_create("checkpoint");
	signal(SIGXFSZ, SIG_IGN);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_run_goes_on_where_it_was);
	tcase_add_test(cases, the_same_run_writes_the_same_bytes);
	tcase_add_test(cases, every_truncation_is_refused);
	tcase_add_test(cases, every_damaged_byte_is_refused);
	tcase_add_test(cases, more_bytes_are_refused);
	tcase_add_loop_test(cases, other_settings_are_refused, 0, 9);
	tcase_add_test(cases, another_kernel_is_refused);
	tcase_add_test(cases, other_files_are_refused);
	tcase_add_test(cases, a_failed_write_keeps_the_old_one);
	tcase_set_timeout(cases, 60);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
