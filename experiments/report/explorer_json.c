/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explorer_json.c -- what a run recorded, as the data of the page's script.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>

#include "experiments/report/explorer.h"
#include "experiments/report/html.h"
#include "sim/base/text.h"

size_t explorer_step(size_t steps, size_t n, size_t i)
{
	if (n >= steps)
		return i;
	return n < 2 ? steps - 1 : (2 * i * (steps - 1) + n - 1) / (2 * (n - 1));
}

/* A number and its comma, for three or four digits. */
enum { NUMBER_BYTES = 5 };

double explorer_step_bytes(const struct explorer_run *run)
{
	double loads = (double)run->layers * (double)run->experts * (1 + (double)run->domains);
	double picks = run->tokens ? (double)run->first[run->steps * run->layers * run->tokens] / (double)run->steps : 0;
	return NUMBER_BYTES * (loads + 2 * picks + (double)(run->layers * run->tokens));
}

/* A list of what `put` writes for each of n things. */
typedef void (*writer)(const struct explorer_run *, size_t, FILE *);

static void put_list(const struct explorer_run *run, size_t n, writer put, FILE *to)
{
	putc('[', to);
	for (size_t i = 0; i < n; i++) {
		if (i)
			putc(',', to);
		put(run, i, to);
	}
	putc(']', to);
}

static void put_numbers(const double *number, size_t n, FILE *to)
{
	char text[TEXT_NUMBER];
	putc('[', to);
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%s%s", i ? "," : "", text_of_double(number[i], text));
	putc(']', to);
}

static void put_load(const struct explorer_run *run, size_t step, FILE *to)
{
	size_t n = run->layers * run->experts;
	put_numbers(&run->load[step * n], n, to);
}

static void put_joint(const struct explorer_run *run, size_t step, FILE *to)
{
	size_t n = run->layers * run->domains * run->experts;
	put_numbers(&run->joint[step * n], n, to);
}

static void put_domain(const struct explorer_run *run, size_t domain, FILE *to)
{
	html_json(to, run->domain[domain]);
}

static void put_token(const struct explorer_run *run, size_t number, FILE *to)
{
	const struct explorer_token *token = &run->token[number];
	fprintf(to, "[%" PRId64 ",%" PRId64 ",%" PRId64 ",", token->number, token->id, token->position);
	html_json(to, token->text);
	putc(',', to);
	html_json(to, token->domain);
	putc(']', to);
}

/* Expert, weight, expert, weight, ...: of a token in a layer at a step. */
static void put_cell(const struct explorer_run *run, size_t cell, FILE *to)
{
	putc('[', to);
	for (size_t i = run->first[cell]; i < run->first[cell + 1]; i++)
		fprintf(to, "%s%" PRId64 ",%.3g", i > run->first[cell] ? "," : "", run->pick[i].expert, run->pick[i].weight);
	putc(']', to);
}

static void put_picks(const struct explorer_run *run, size_t step, FILE *to)
{
	size_t n = run->layers * run->tokens;
	putc('[', to);
	for (size_t i = 0; i < n; i++) {
		if (i)
			putc(',', to);
		put_cell(run, step * n + i, to);
	}
	putc(']', to);
}

static void put_step(const struct explorer_run *run, size_t step, FILE *to)
{
	fprintf(to, "%" PRId64, run->step[step]);
}

/* "name":[what `put` writes for n of the steps] */
static void put_steps(const struct explorer_run *run, const char *name, size_t n, writer put, FILE *to)
{
	fprintf(to, ",\n\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		if (i)
			putc(',', to);
		put(run, explorer_step(run->steps, n, i), to);
	}
	putc(']', to);
}

void explorer_run_json(const struct explorer_run *run, size_t n, FILE *to)
{
	fputs("{\"label\":", to);
	html_json(to, run->label);
	fprintf(to, ",\"layers\":%zu,\"experts\":%zu,\n\"domains\":", run->layers, run->experts);
	put_list(run, run->domains, put_domain, to);
	fputs(",\n\"tokens\":", to);
	put_list(run, run->tokens, put_token, to);
	put_steps(run, "steps", n, put_step, to);
	put_steps(run, "load", n, put_load, to);
	put_steps(run, "joint", run->domains ? n : 0, put_joint, to);
	put_steps(run, "picks", run->tokens ? n : 0, put_picks, to);
	fputs("}", to);
}
