/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * demo.c -- the shipped texts routed before, during and after training, under four strategies.
 */
#include <config.h>

#include "experiments/demo/demo.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/demo/figures.h"
#include "experiments/host/table.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"

/* A layer small enough to be seen whole.  A small initial embedding makes the router's first logits small, as those of
 * wide models are; the texts are short, so that one pass of a few sequences a step is enough. */
static const char *const demo_settings[][2] = {
	{ "experts", "16" },          { "top-k", "2" }, { "width", "32" },      { "expert-width", "32" },
	{ "embedding-scale", "0.1" }, { "batch", "8" }, { "seq-length", "48" }, { "steps", "600" },
	{ "eval-tokens", "4096" },
};
enum { SETTINGS = sizeof demo_settings / sizeof *demo_settings, BATCH = 8, LENGTH = LINE_TOKENS };

/* What is different about each, said before it. */
static const struct {
	const char *strategy, *says;
} lessons[] = {
	{ "top-k", "every token takes its best 2 experts, and nothing balances the load" },
	{ "aux-loss", "the same, with a loss that grows when some experts have more than others" },
	{ "bias", "the same, with a bias for each expert that rises while it has too little" },
	{ "expert-choice", "every expert takes its best tokens, all experts equally many" },
};
enum { LESSONS = sizeof lessons / sizeof *lessons };

/* The first strategy is shown at all of these steps, the others at the last. */
static const size_t moments[] = { 0, 50, 200, 600 };
enum { MOMENTS = sizeof moments / sizeof *moments, FIGURES = MOMENTS + LESSONS - 1 };

enum { DOMAINS_MOST = BATCH };

struct course {
	const struct ink *ink;
	const char *texts;
	uint64_t seed;
	struct settings settings;
	struct trainer trainer;
	struct batch batch; /* the ends of the texts, which training does not see */
	struct arena arena;
	struct line line[DOMAINS_MOST];
	size_t n;
	struct figures figure[FIGURES];
};

static void say(const struct course *course, const char *text)
{
	wrap_text(course->ink->to, text, 0, 0, course->ink->columns);
}

static const char *domain_name(const struct course *course, size_t z)
{
	return course->trainer.stream.domain_names[z];
}

/* Sequence s is of domain s modulo their number; the later ones lie before the earlier ones in their text. */
static void place_text(struct course *course, size_t z, const char *text, size_t size)
{
	for (size_t s = z; s < BATCH; s += course->trainer.stream.domains) {
		size_t back = (s / course->trainer.stream.domains + 1) * LENGTH;
		for (size_t t = 0; t < LENGTH; t++) {
			size_t at = s * LENGTH + t;
			course->batch.id[at] = (unsigned char)text[size - back + t];
			course->batch.target[at] = t + 1 < LENGTH ? (unsigned char)text[size - back + t + 1] : 0;
			course->batch.domain[at] = (uint32_t)z;
		}
	}
}

/* The last line of a text, at the end of the sequence of its domain. */
static void place_line(struct course *course, size_t z, const char *text, size_t size)
{
	struct line *line = &course->line[z];
	const char *end = text + size, *from = end;
	while (from > text && from[-1] != '\n' && end - from < LENGTH)
		from--;
	*line = (struct line){ .label = domain_name(course, z), .n = (size_t)(end - from) };
	memcpy(line->text, from, line->n);
}

static int read_text(struct course *course, size_t z, struct error *err)
{
	const char *path = path_join(course->texts, domain_name(course, z));
	char *text;
	size_t size;
	TRY(file_read(path, 1 << 20, &text, &size, err));
	if (size > 0 && text[size - 1] == '\n')
		size--;
	bool enough = size >= BATCH * LENGTH;
	if (enough) {
		place_text(course, z, text, size);
		place_line(course, z, text, size);
	}
	free(text);
	if (enough)
		return 0;
	fail(err, ERROR_USER, "the demo needs texts of %d bytes or more", BATCH * LENGTH + 1);
	return fail_at(err, path, 0, 0);
}

static int read_texts(struct course *course, struct error *err)
{
	course->n = course->trainer.stream.domains;
	if (course->n > DOMAINS_MOST)
		return fail(err, ERROR_USER, "the demo can show %d texts, not %zu", DOMAINS_MOST, course->n);
	for (size_t z = 0; z < course->n; z++)
		TRY(read_text(course, z, err));
	return 0;
}

static size_t place_of(const struct line *line, size_t z, size_t i)
{
	return z * LENGTH + LENGTH - line->n + i;
}

static void route_lines(struct course *course)
{
	net_forward(&course->trainer.net, &course->batch, 1, false);
	const struct moe_plan *plan = &net_router(&course->trainer.net, 0)->plan;
	for (size_t z = 0; z < course->n; z++)
		for (size_t i = 0; i < course->line[z].n; i++) {
			size_t token = place_of(&course->line[z], z, i);
			course->line[z].choices[i].n = 0;
			for (size_t p = plan->token_first[token]; p < plan->token_first[token + 1]; p++)
				choices_add(&course->line[z].choices[i], plan->expert[plan->by_token[p]],
							(double)plan->weight[plan->by_token[p]]);
		}
}

/* Lines of all texts, or of the first alone. */
static void show_moment(struct course *course, const struct figures *figures, bool all)
{
	const char *when = figures->step == 0 ? "before training" : text_keep_f("after %zu steps", figures->step);
	say(course,
		text_keep_f("%s, %s: held-out loss %.2f, dead experts %zu of %zu, fullest %.2f times its fair share",
					figures->strategy, when, figures->loss, figures->dead_experts, figures->experts, figures->fullest));
	route_lines(course);
	for (size_t z = 0; z < (all ? course->n : 1); z++)
		line_print(course->ink, &course->line[z]);
	loads_print(course->ink, figures->experts, figures->load, figures->dead);
	fputc('\n', course->ink->to);
	fflush(course->ink->to);
}

/* The token of the lines whose two experts share it most nearly as 2 : 1, so that both are seen to count. */
static const struct choices *example(const struct course *course, size_t *z, size_t *i)
{
	const struct choices *best = NULL;
	double least = 2;
	for (size_t y = 0; y < course->n; y++)
		for (size_t j = 0; j < course->line[y].n; j++) {
			const struct choices *choices = &course->line[y].choices[j];
			double miss = choices->weight[0] > 2.0 / 3 ? choices->weight[0] - 2.0 / 3 : 2.0 / 3 - choices->weight[0];
			if (choices->n == 2 && miss < least && course->line[y].text[j] != ' ') {
				least = miss;
				best = choices;
				*z = y;
				*i = j;
			}
		}
	return best;
}

/* One token from its scores to the sum of its experts' outputs. */
static void show_example(const struct course *course)
{
	size_t z = 0, i = 0, experts = course->trainer.net.call.experts;
	const struct choices *choices = example(course, &z, &i);
	if (!choices)
		return;
	const struct line *line = &course->line[z];
	const real *score = net_router(&course->trainer.net, 0)->route.scores + place_of(line, z, i) * experts;
	double a = (double)score[choices->expert[0]], b = (double)score[choices->expert[1]];
	say(course,
		text_keep_f("One token in full, the '%c' at place %zu of the %s line: the router's %zu scores sum to 1, "
					"and the two largest are %.3f for expert %x and %.3f for expert %x. These two run; their "
					"scores divided by their sum %.3f are their weights, so that the layer's output is %.2f "
					"times that of expert %x plus %.2f times that of expert %x. The other %zu compute nothing "
					"for this token.\n",
					line->text[i], i + 1, line->label, experts, a, choices->expert[0], b, choices->expert[1], a + b,
					choices->weight[0], choices->expert[0], choices->weight[1], choices->expert[1], experts - 2));
}

static int open_course(struct course *course, const char *strategy, struct error *err)
{
	struct assignment given[SETTINGS + 3];
	for (size_t i = 0; i < SETTINGS; i++)
		given[i] = (struct assignment){ demo_settings[i][0], demo_settings[i][1] };
	given[SETTINGS] = (struct assignment){ "strategy", strategy };
	given[SETTINGS + 1] = (struct assignment){ "seed", text_keep_f("%llu", (unsigned long long)course->seed) };
	given[SETTINGS + 2] = (struct assignment){ "stream", text_keep_f("corpus,path=%s,held-out=0.2", course->texts) };
	TRY(settings_resolve(given, SETTINGS + 3, &course->settings, err));
	TRY(trainer_open(&course->trainer, &course->settings, err));
	if (read_texts(course, err) == 0)
		return 0;
	trainer_close(&course->trainer);
	return -1;
}

static void train_to(struct trainer *trainer, size_t step)
{
	struct step_log log;
	while (trainer->step < step)
		trainer_step(trainer, false, &log);
}

/* Trains under one strategy, and shows it at all moments or at the last one. */
static int take_lesson(struct course *course, size_t lesson, struct figures *figure, struct error *err)
{
	bool first = lesson == 0;
	say(course, text_keep_f("%s: %s.\n", lessons[lesson].strategy, lessons[lesson].says));
	fflush(course->ink->to);
	TRY(open_course(course, lessons[lesson].strategy, err));
	for (size_t i = first ? 0 : MOMENTS - 1; i < MOMENTS; i++, figure++) {
		train_to(&course->trainer, moments[i]);
		figures_take(figure, &course->trainer);
		show_moment(course, figure, i == 0 || i + 1 == MOMENTS);
	}
	if (first)
		show_example(course);
	figure[-1].causal = leak_measure(&course->trainer).causal;
	trainer_close(&course->trainer);
	return 0;
}

static void introduce(const struct course *course)
{
	say(course,
		"A small language model reads short texts of four kinds, character by character: each character is a "
		"token. In the place of one feed-forward network it has 16 of them, the experts 0 to f. For every token "
		"the router gives each expert a score; only the 2 with the best scores compute, and their outputs are "
		"summed with weights made of the scores. Here each character stands with its first expert, that "
		"expert's weight in tenths (6 is 0.60 to 0.69), and its second expert. The load of an expert is 1.00 "
		"when it has its fair share of the held-out tokens; it is dead below 0.01.\n");
}

static void show_table(const struct course *course)
{
	static const char *const header[] = { "<strategy", "dead", "most", "loss", "ahead", NULL };
	struct table table;
	table_begin(&table, header);
	for (size_t i = MOMENTS - 1; i < FIGURES; i++) {
		const struct figures *end = &course->figure[i];
		table_cell(&table, "%s", end->strategy);
		table_cell(&table, "%zu", end->dead_experts);
		table_number(&table, end->fullest, 2);
		table_number(&table, end->loss, 2);
		table_cell(&table, "%s", end->causal == CAUSALITY_NO ? "yes" : "no");
	}
	table_end(&table, course->ink->to);
	fputc('\n', course->ink->to);
}

int demo_show(const struct ink *ink, const char *texts, uint64_t seed, struct error *err)
{
	struct course course = { .ink = ink, .texts = texts, .seed = seed };
	batch_take(&course.batch, &course.arena, BATCH, LENGTH);
	introduce(&course);
	int status = 0;
	for (size_t i = 0; i < LESSONS && status == 0; i++)
		status = take_lesson(&course, i, &course.figure[i == 0 ? 0 : MOMENTS - 1 + i], err);
	arena_free(&course.arena);
	if (status != 0)
		return -1;
	show_table(&course);
	say(&course, figures_text(course.figure, FIGURES));
	return 0;
}
