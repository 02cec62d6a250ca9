/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explorer.c -- which runs a page takes in, and the section that shows them.
 */
#include <config.h>

#include "experiments/report/explorer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/report/html.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

/* All data of a page, about: what a phone loads in a moment. */
enum { BYTES_MOST = 2 << 20 };

/* ---- what is taken in ---------------------------------------------------------------------------------------- */

/* While runs are read: how many may still come, and the bytes that are left for them. */
struct taking {
	struct explorer *explorer;
	double left;
	size_t runs;
	FILE *to;
};

/* As many steps as are this run's share of what is left, two at least; 0: not even these fit. */
static size_t steps_that_fit(const struct taking *taking, const struct explorer_run *run)
{
	double bytes = explorer_step_bytes(run), share = taking->left / (double)taking->runs / bytes;
	size_t least = run->steps < 2 ? run->steps : 2;
	if ((double)least * bytes > taking->left)
		return 0;
	return share >= (double)run->steps ? run->steps : share < (double)least ? least : (size_t)share;
}

static void put_run(struct taking *taking, const struct explorer_run *run)
{
	struct explorer *explorer = taking->explorer;
	size_t n = steps_that_fit(taking, run);
	explorer->left_out += n == 0;
	explorer->thinned += n > 0 && n < run->steps;
	if (n == 0)
		return;
	if (explorer->runs++ > 0)
		fputs(",\n", taking->to);
	explorer_run_json(run, n, taking->to);
	taking->left -= (double)n * explorer_step_bytes(run);
}

/* The first run that has something to show stays in memory. */
static int take_run(struct taking *taking, const struct run_folder *run, const char *label, struct error *err)
{
	struct arena arena = { .bytes = 0 }, *into = taking->explorer->runs ? &arena : &taking->explorer->arena;
	struct explorer_run recorded;
	int status = explorer_run_read(run, into, &recorded, err);
	recorded.label = label;
	size_t before = taking->explorer->runs;
	if (status == 0 && recorded.steps > 0)
		put_run(taking, &recorded);
	if (before == 0 && taking->explorer->runs == 1)
		taking->explorer->shown = recorded;
	taking->runs--;
	arena_free(&arena);
	return status;
}

static int take_series(struct taking *taking, const struct study_series *series, bool every_run, struct error *err)
{
	for (size_t i = 0; i < (every_run ? series->n : 1); i++) {
		const char *label = series->label;
		if (every_run && series->n > 1)
			label = text_keep_f("%s, seed %" PRId64, label, series->run[i]->seed);
		TRY(take_run(taking, series->run[i], label, err));
	}
	return 0;
}

int explorer_read(const struct study *study, bool every_run, struct explorer *explorer, struct error *err)
{
	struct memory_file json;
	memory_file_open(&json);
	*explorer = (struct explorer){ .runs = 0 };
	struct taking taking = { .explorer = explorer, .left = BYTES_MOST, .to = json.to };
	for (size_t i = 0; i < study->n; i++)
		taking.runs += every_run ? study->series[i].n : 1;
	int status = 0;
	for (size_t i = 0; i < study->n && status == 0; i++)
		status = take_series(&taking, &study->series[i], every_run, err);
	memory_file_close(&json);
	explorer->json = json.text;
	if (status != 0)
		explorer_free(explorer);
	return status;
}

void explorer_free(struct explorer *explorer)
{
	free(explorer->json);
	arena_free(&explorer->arena);
	*explorer = (struct explorer){ .runs = 0 };
}

/* ---- the section --------------------------------------------------------------------------------------------- */

const double explorer_bound[EXPLORER_BOUNDS] = { 0.01, 0.25, 0.5, 0.8, 1.25, 2, 4 };

size_t explorer_level(double load)
{
	size_t level = 0;
	while (level < EXPLORER_BOUNDS && load >= explorer_bound[level])
		level++;
	return level;
}

enum { DENSE = 20 /* more columns have no room for numbers, which a pointer or the keyboard then finds */ };

static void begin_table(const struct explorer_run *run, const char *id, const char *label, const char *corner, FILE *to)
{
	fprintf(to,
			"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n"
			"<table id=\"explorer-%s\" class=\"heat%s\">\n<thead><tr><th scope=\"col\">%s</th>",
			label, id, run->experts > DENSE ? " dense" : "", corner);
	for (size_t e = 0; e < run->experts; e++)
		fprintf(to, "<th scope=\"col\"><span>%zu</span></th>", e);
	fputs("</tr></thead>\n<tbody>\n", to);
}

/* The experts' loads in units of the fair share. */
static void write_row(const struct explorer_run *run, const char *name, const double *tokens, FILE *to)
{
	double sum = 0;
	for (size_t e = 0; e < run->experts; e++)
		sum += tokens[e];
	fputs("<tr><th scope=\"row\">", to);
	html_text(to, name);
	fputs("</th>", to);
	for (size_t e = 0; e < run->experts; e++) {
		double load = sum > 0 ? tokens[e] * (double)run->experts / sum : 0;
		fprintf(to, "<td class=\"h%zu\"><span>%.1f</span></td>", explorer_level(load), load);
	}
	fputs("</tr>\n", to);
}

static void end_table(FILE *to)
{
	fputs("</tbody></table>\n</div>\n", to);
}

static void write_load(const struct explorer_run *run, FILE *to)
{
	const double *load = &run->load[(run->steps - 1) * run->layers * run->experts];
	fputs("<h3>Load of every expert</h3>\n", to);
	begin_table(run, "load", "Load by layer and expert", "layer", to);
	for (size_t i = 0; i < run->layers; i++)
		write_row(run, text_keep_f("%zu", i), &load[i * run->experts], to);
	end_table(to);
}

static void write_domains(const struct explorer_run *run, FILE *to)
{
	size_t n = run->domains * run->experts;
	fputs("<div id=\"explorer-by-domain\">\n<h3>Experts of every domain</h3>\n", to);
	begin_table(run, "domains", "Load by domain and expert", "domain", to);
	for (size_t i = 0; i < run->domains; i++)
		write_row(run, run->domain[i], &run->joint[(run->steps - 1) * run->layers * n + i * run->experts], to);
	end_table(to);
	fputs("</div>\n", to);
}

/* What each color stands for. */
static void write_legend(FILE *to)
{
	fputs("<p class=\"legend\"><span>Load in fair shares:</span>", to);
	for (size_t i = 0; i < EXPLORER_LEVELS; i++) {
		char low[TEXT_NUMBER], high[TEXT_NUMBER];
		const char *text = i == 0 ? "dead"
						   : i == EXPLORER_BOUNDS
							   ? text_keep_f("%s and more", text_of_double(explorer_bound[i - 1], low))
							   : text_keep_f("%s to %s", text_of_double(explorer_bound[i - 1], low),
											 text_of_double(explorer_bound[i], high));
		fprintf(to, " <span class=\"key\"><i class=\"h%zu\"></i>%s</span>", i, text);
	}
	fputs("</p>\n", to);
}

/* A blank is there to be seen. */
static const char *token_words(const struct explorer_token *token)
{
	if (!*token->text)
		return text_keep_f("%" PRId64, token->id);
	return strcmp(token->text, " ") == 0 ? "␣" : token->text;
}

static void write_token(const struct explorer_run *run, size_t number, FILE *to)
{
	size_t cell = (run->steps - 1) * run->layers * run->tokens + number;
	const struct explorer_pick *pick = &run->pick[run->first[cell]];
	size_t n = run->first[cell + 1] - run->first[cell];
	if (pick->expert < 0)
		fputs("<span class=\"token\"><b>", to);
	else
		fprintf(to, "<span class=\"token x%" PRId64 "\"><b>", pick->expert % EXPLORER_HUES);
	html_text(to, token_words(&run->token[number]));
	fputs("</b><small>", to);
	for (size_t i = 0; i < n && pick->expert >= 0; i++)
		fprintf(to, "%s%" PRId64, i ? " " : "", pick[i].expert);
	fputs(pick->expert < 0 ? "–</small></span>" : "</small></span>", to);
}

/* A line for each sequence. */
static void write_tokens(const struct explorer_run *run, FILE *to)
{
	fputs("<div id=\"explorer-by-token\">\n<h3>Tokens and their experts</h3>\n<div id=\"explorer-strip\">\n", to);
	for (size_t i = 0; i < run->tokens; i++) {
		if (i == 0 || run->token[i].position == 0) {
			fputs(i ? "</div></div>\n<div class=\"line\"><b>" : "<div class=\"line\"><b>", to);
			html_text(to, run->token[i].domain);
			fputs("</b><div class=\"tokens\">", to);
		}
		write_token(run, i, to);
	}
	fputs(run->tokens ? "</div></div>\n</div>\n" : "</div>\n", to);
	fputs("<p class=\"note\">Above, a token of the held-out text, or its number in the vocabulary; below, its experts, "
		  "the "
		  "best first. The color is that of the first.</p>\n</div>\n",
		  to);
}

/* Hidden until the script has something for them to do. */
static void write_dials(FILE *to)
{
	fputs("<div id=\"explorer-dials\" class=\"dials\" hidden=\"hidden\">\n"
		  "<label>Run <select id=\"explorer-run\"></select></label>\n"
		  "<label>Layer <select id=\"explorer-layer\"></select></label>\n"
		  "<label class=\"wide\">Step <input id=\"explorer-step\" type=\"range\" min=\"0\" max=\"1\" step=\"1\">"
		  "<output id=\"explorer-now\"></output></label>\n</div>\n",
		  to);
}

static void write_shown(const struct explorer_run *run, FILE *to)
{
	fputs("<p id=\"explorer-shown\" class=\"note\">", to);
	html_format(to, "Shown: %s after step %" PRId64 "%s.", run->label, run->step[run->steps - 1],
				run->layers > 1 ? "; domains and tokens in layer 0" : "");
	fputs("</p>\n<noscript><p class=\"note\">Other steps and runs need a script, which this page contains and the "
		  "browser "
		  "does not run; experts.csv, domains.csv and tokens.csv of each run have them all.</p></noscript>\n",
		  to);
}

static void write_limits(const struct explorer *explorer, FILE *to)
{
	if (explorer->thinned)
		fprintf(
			to,
			"<p class=\"note\">Of %zu of the runs not every evaluation is here, as the page would be too large.</p>\n",
			explorer->thinned);
	if (explorer->left_out)
		fprintf(to, "<p class=\"note\">%zu of the runs have too many experts for this page.</p>\n", explorer->left_out);
}

static void write_data(const struct explorer *explorer, FILE *to)
{
	char text[TEXT_NUMBER];
	fputs("<script id=\"explorer-data\" type=\"application/json\">\n{\"bounds\":[", to);
	for (size_t i = 0; i < EXPLORER_BOUNDS; i++)
		fprintf(to, "%s%s", i ? "," : "", text_of_double(explorer_bound[i], text));
	fprintf(to, "],\"hues\":%d,\"dense\":%d,\n\"runs\":[\n%s\n]}\n</script>\n", EXPLORER_HUES, DENSE, explorer->json);
	fputs("<script id=\"explorer-script\">\n", to);
	for (size_t i = 0; explorer_script[i]; i++)
		fputs(explorer_script[i], to);
	fputs("</script>\n", to);
}

void explorer_write(const struct explorer *explorer, FILE *to)
{
	fputs("<section id=\"explorer\">\n<h2>Explorer</h2>\n", to);
	if (explorer->runs > 0) {
		fputs("<p class=\"note\">Who computed what while the model was trained: the slider moves through the "
			  "evaluations, from before the first step to the last. A cell tells its numbers where one points at it or "
			  "goes with the arrow keys, and marks its expert's tokens.</p>\n",
			  to);
		write_dials(to);
		write_shown(&explorer->shown, to);
		write_load(&explorer->shown, to);
		write_legend(to);
		write_domains(&explorer->shown, to);
		write_tokens(&explorer->shown, to);
	}
	write_limits(explorer, to);
	fputs(explorer->runs > 0 ? "<div id=\"explorer-tip\" role=\"tooltip\" hidden=\"hidden\"></div>\n" : "", to);
	if (explorer->runs > 0)
		write_data(explorer, to);
	fputs("</section>\n", to);
}
