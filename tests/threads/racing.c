/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * racing.c -- threads that add up what they count: each for itself, or, told to race, all in one place.
 */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, TURNS = 64 };

int main(int argc, char **argv)
{
	bool races = argc > 1 && strcmp(argv[1], "race") == 0;
	long count[TURNS] = { 0 }, sum = 0;
#pragma omp parallel for schedule(static, 1) num_threads(THREADS)
	for (int i = 0; i < TURNS; i++)
		count[races ? 0 : i] += i;
	for (int i = 0; i < TURNS; i++)
		sum += count[i];
	printf("%ld\n", sum);
	return 0;
}
