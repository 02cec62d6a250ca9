/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * discrete.c -- the table behind gsl_ran_discrete(): Walker's aliases (1977), found as Knuth does (TAOCP 3.4.1).
 */
#include <config.h>

#include "sim/base/discrete.h"

#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/error.h"

static void *take(size_t n, size_t size)
{
	void *memory = calloc(n, size);
	if (memory == NULL)
		error_no_memory("a discrete law");
	return memory;
}

/* Events that have less than the mean, and those that have more or as much; each a stack, in one piece of memory that
 * they fill from both ends. */
struct stacks {
	size_t *event;
	size_t few, many; /* their heights; `many` grows downwards from n */
	size_t n;
};

static void push(struct stacks *stacks, bool is_small, size_t event)
{
	if (is_small)
		stacks->event[stacks->few++] = event;
	else
		stacks->event[stacks->n - ++stacks->many] = event;
}

static void settle(gsl_ran_discrete_t *law, size_t event)
{
	law->A[event] = event;
	law->F[event] = 1;
}

/* What an event lacks to the mean is taken from one that has more, its alias. */
static void share(gsl_ran_discrete_t *law, double *chance, struct stacks *stacks)
{
	double mean = 1.0 / (double)law->K;
	while (stacks->few > 0) {
		size_t small = stacks->event[--stacks->few];
		if (stacks->many == 0) {
			settle(law, small);
			continue;
		}
		size_t big = stacks->event[stacks->n - stacks->many--];
		law->A[small] = big;
		law->F[small] = (double)law->K * chance[small];
		chance[big] -= mean - chance[small];
		if (chance[big] == mean)
			settle(law, big);
		else
			push(stacks, chance[big] < mean, big);
	}
	for (; stacks->many > 0; stacks->many--)
		settle(law, stacks->event[stacks->n - stacks->many]);
}

gsl_ran_discrete_t *discrete_open(size_t n, const double *weight)
{
	gsl_ran_discrete_t *law = take(1, sizeof *law);
	double *chance = take(n, sizeof *chance), sum = 0;
	struct stacks stacks = { .event = take(n, sizeof *stacks.event), .n = n };
	*law = (gsl_ran_discrete_t){ .K = n, .A = take(n, sizeof *law->A), .F = take(n, sizeof *law->F) };
	for (size_t i = 0; i < n; i++)
		sum += weight[i];
	for (size_t i = 0; i < n; i++) {
		chance[i] = weight[i] / sum;
		push(&stacks, chance[i] < 1.0 / (double)n, i);
	}
	share(law, chance, &stacks);
	for (size_t i = 0; i < n; i++)
		law->F[i] = (law->F[i] + (double)i) / (double)n;
	free(stacks.event);
	free(chance);
	return law;
}
