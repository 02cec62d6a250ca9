/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_arena.c -- the arena gives zeroed, aligned, separate memory, and counts what it would give.
 */
#include <config.h>

#include <check.h>
#include <moesim/kit.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "tests/support/child.h"

START_TEST(memory_is_zeroed_and_aligned)
{
	static const size_t sizes[] = { 1, 7, 63, 64, 65, 1000, 4096, 1000000 };
	struct arena arena = { 0 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *memory = ARENA_TAKE(&arena, sizes[i], char);
		ck_assert_uint_eq((uintptr_t)memory % 64, 0);
		for (size_t j = 0; j < sizes[i]; j++)
			ck_assert_int_eq(memory[j], 0);
		memset(memory, 0xa5, sizes[i]);
	}
	arena_free(&arena);
}
END_TEST

START_TEST(blocks_do_not_overlap)
{
	enum { BLOCKS = 50 };
	struct arena arena = { 0 };
	struct moe_rng rng = { .key = { 1, 2 }, .used = 4 };
	unsigned char *block[BLOCKS];
	size_t size[BLOCKS];
	for (int i = 0; i < BLOCKS; i++) {
		size[i] = 1 + moe_below(&rng, 300);
		block[i] = arena_take(&arena, size[i], 1);
		memset(block[i], i, size[i]);
	}
	for (int i = 0; i < BLOCKS; i++)
		for (size_t j = 0; j < size[i]; j++)
			ck_assert_int_eq(block[i][j], i);
	arena_free(&arena);
}
END_TEST

static void take_some(struct arena *arena)
{
	arena_take(arena, 3, 100);
	arena_take(arena, 1, 1);
	arena_take(arena, 0, 8);
	arena_take(arena, 8, 0);
	arena_take(arena, 64, 4);
}

START_TEST(counting_counts_what_taking_takes)
{
	struct arena real_one = { 0 }, counting = { .counting = true };
	take_some(&real_one);
	take_some(&counting);
	ck_assert_uint_eq(counting.bytes, 320 + 64 + 256);
	ck_assert_uint_eq(real_one.bytes, counting.bytes);
	ck_assert_ptr_null(counting.first);
	arena_free(&real_one);
	arena_free(&counting);
}
END_TEST

START_TEST(counting_gives_nothing)
{
	struct arena arena = { .counting = true };
	ck_assert_ptr_null(ARENA_TAKE(&arena, 10, double));
}
END_TEST

START_TEST(keeping_gives_memory_even_when_counting)
{
	struct arena arena = { .counting = true };
	double *kept = ARENA_KEEP(&arena, 10, double);
	ck_assert_ptr_nonnull(kept);
	ck_assert_double_eq(kept[9], 0);
	ck_assert_uint_eq(arena.bytes, 128);
	arena_free(&arena);
}
END_TEST

START_TEST(nothing_is_no_memory)
{
	struct arena arena = { 0 };
	ck_assert_ptr_null(arena_take(&arena, 0, 8));
	ck_assert_ptr_null(arena_take(&arena, 8, 0));
	ck_assert_ptr_null(arena.first);
	ck_assert_uint_eq(arena.bytes, 0);
}
END_TEST

START_TEST(counting_saturates)
{
	struct arena arena = { .counting = true };
	arena_take(&arena, SIZE_MAX / 2, 8);
	ck_assert_uint_eq(arena.bytes, SIZE_MAX);
	arena_take(&arena, 1, 1);
	ck_assert_uint_eq(arena.bytes, SIZE_MAX);
	arena = (struct arena){ .counting = true };
	for (int i = 0; i < 4; i++)
		arena_take(&arena, SIZE_MAX / 3, 1);
	ck_assert_uint_eq(arena.bytes, SIZE_MAX);
	arena = (struct arena){ .counting = true };
	arena_take(&arena, SIZE_MAX, 1);
	ck_assert_uint_eq(arena.bytes, SIZE_MAX);
}
END_TEST

START_TEST(an_arena_is_empty_after_it_is_freed)
{
	struct arena arena = { 0 };
	arena_take(&arena, 10, 10);
	arena_free(&arena);
	ck_assert_ptr_null(arena.first);
	ck_assert_uint_eq(arena.bytes, 0);
	ck_assert_ptr_nonnull(arena_take(&arena, 10, 10));
	arena_free(&arena);
}
END_TEST

static void take_more_than_a_size(void)
{
	struct arena arena = { 0 };
	arena_take(&arena, SIZE_MAX / 2, 8);
}

START_TEST(a_product_beyond_size_max_ends_the_program)
{
	struct ending ending = child_run(take_more_than_a_size);
	ck_assert_int_eq(ending.exit_code, 1);
	ck_assert_int_eq(strncmp(ending.words, "moesim: out of memory: ", 23), 0);
	ck_assert_uint_eq(strcspn(ending.words, "\n"), strlen(ending.words) - 1);
}
END_TEST

/* Address space is bounded here, since a machine that promises more memory than it has would not refuse. */
static void take_too_much(void)
{
	const struct rlimit little = { 1 << 28, 1 << 28 };
	struct arena arena = { 0 };
	arena_take(&arena, 1000, 1);
	setrlimit(RLIMIT_AS, &little);
	arena_take(&arena, 1, (size_t)1 << 30);
}

START_TEST(running_out_ends_the_program)
{
	struct ending ending = child_run(take_too_much);
	ck_assert_int_eq(ending.exit_code, 1);
	ck_assert_str_eq(ending.words, "moesim: out of memory: 1.1 GB requested, 1.0 kB already in use\n");
}
END_TEST

/* The address sanitizer and valgrind take more address space themselves, and end the program in their own way. */
static bool memory_can_be_bounded(void)
{
#ifdef __SANITIZE_ADDRESS__
	return false;
#else
	const char *preload = getenv("LD_PRELOAD");
	return preload == NULL || strstr(preload, "valgrind") == NULL;
#endif
}

int main(void)
{
	Suite *suite = suite_create("arena");
	TCase *taking = tcase_create("taking");
	tcase_add_test(taking, memory_is_zeroed_and_aligned);
	tcase_add_test(taking, blocks_do_not_overlap);
	tcase_add_test(taking, counting_counts_what_taking_takes);
	tcase_add_test(taking, counting_gives_nothing);
	tcase_add_test(taking, keeping_gives_memory_even_when_counting);
	tcase_add_test(taking, nothing_is_no_memory);
	tcase_add_test(taking, counting_saturates);
	tcase_add_test(taking, an_arena_is_empty_after_it_is_freed);
	tcase_add_test(taking, a_product_beyond_size_max_ends_the_program);
	if (memory_can_be_bounded())
		tcase_add_test(taking, running_out_ends_the_program);
	suite_add_tcase(suite, taking);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
