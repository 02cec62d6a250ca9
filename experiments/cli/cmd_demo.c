/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_demo.c -- moesim demo: a small text routed before, during and after training, in the terminal.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/demo/demo.h"
#include "experiments/host/places.h"
#include "sim/base/parallel.h"
#include "sim/base/wrap.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
static const char *const colors[] = { "auto", "always", "never", NULL };

struct demo_options {
	int64_t seed;
	int color;
};

static const struct moe_opt demo_rows[] = {
	{ .name = "seed",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct demo_options, seed),
	  .low = 0,
	  .high = 9007199254740991.0,
	  .preset = 1,
	  .help = "another seed is another run: what is told of it is computed from it" },
	{ .name = "color",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct demo_options, color),
	  .high = COLOR_NEVER,
	  .choices = colors,
	  .help = "colored cells; auto: on a terminal, unless NO_COLOR is set" },
	{ .name = NULL },
};

static bool wants_color(enum color color)
{
	const char *refused = getenv("NO_COLOR"), *term = getenv("TERM");
	if (color != COLOR_AUTO)
		return color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(refused && *refused) && term && strcmp(term, "dumb") != 0;
}

/* The steps are so small that a second thread would cost more than it brings. */
static int demo(const void *options, int argc, char **args, struct error *err)
{
	const struct demo_options *opt = options;
	struct ink ink = { .to = stdout, .columns = wrap_columns(stdout), .color = wants_color((enum color)opt->color) };
	(void)argc;
	(void)args;
	parallel_threads(1);
	TRY(demo_show(&ink, place_texts(), (uint64_t)opt->seed, err));
	fputc('\n', stdout);
	wrap_text(stdout, "Next: moesim explain top-k; moesim --strategy bias; moesim suite quick.", 0, 0, ink.columns);
	return 0;
}

const struct command command_demo = {
	.name = "demo",
	.summary = "a small text routed before, during and after training, in seconds",
	.arguments = "",
	.about =
		"Trains a small model on texts that come with the program and shows which experts each character goes to, "
		"before training and after 50, 200 and 600 steps: first without balancing, then with three ways of it. Says "
		"at the end what was seen. Writes no files.",
	.opts = demo_rows,
	.opts_size = sizeof(struct demo_options),
	.run = demo,
};
