/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_report.c -- moesim report DIR: a study as one web page.
 */
#include <config.h>

#include "experiments/cli/cmd.h"
#include "experiments/report/report.h"
#include "experiments/study/compare_options.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

#define AT(field) .at = offsetof(struct report_choice, field)
static const struct moe_opt report_rows[] = {
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  AT(out),
	  .unit = "FILE",
	  .help = "the page; otherwise report.html, or explorer.html, in DIR, where that is the folder of one suite" },
	{ .name = "question",
	  .type = MOE_OPT_TEXT,
	  AT(question),
	  .help = "the question that the runs answer; otherwise the suite's own" },
	{ .name = "metric",
	  .type = MOE_OPT_TEXT,
	  AT(metric),
	  .unit = "NAME",
	  .help = "main metric of the verdicts; otherwise excess_loss, or eval_loss where no exact loss is known" },
	COMPARE_MARGIN_ROW(offsetof(struct report_choice, margin)),
	COMPARE_AGAINST_ROW("against", offsetof(struct report_choice, against)),
	{ .name = "explorer",
	  .type = MOE_OPT_FLAG,
	  AT(explorer),
	  .high = 1,
	  .help =
		  "a page of the explorer alone, with every run: load, domains and tokens with their experts, step by step" },
	STUDY_LENIENT_ROW(offsetof(struct report_choice, lenient)),
	{ .name = NULL },
};
#undef AT

/* What is about verdicts has no effect on a page without any. */
static int check_choice(const struct report_choice *choice, struct error *err)
{
	const char *idle = *choice->metric ? "metric" : *choice->against ? "against" : choice->margin > 0 ? "margin" : NULL;
	if (!choice->explorer || !idle)
		return 0;
	return fail(err, ERROR_USER, "--%s has no effect with --explorer, whose page has no verdicts (leave one out)",
				idle);
}

/* Without being told, nothing is put among runs. */
static int choose_path(const struct report_choice *choice, int argc, char **args, const char **path, struct error *err)
{
	*path = *choice->out ? choice->out : path_join(args[0], choice->explorer ? "explorer.html" : "report.html");
	bool missing = argc == 1 && !folder_exists(args[0]); /* which is told when it is read */
	if (*choice->out || missing || (argc == 1 && suite_note_exists(args[0])))
		return 0;
	return fail(err, ERROR_USER, "%s, so say where the page goes (as in --out report.html)",
				argc > 1 ? "these are several folders" : text_keep_f("'%s' is not the folder of a suite", args[0]));
}

static int report_command(const void *options, int argc, char **args, struct error *err)
{
	struct report report;
	if (argc < 1)
		return fail(err, ERROR_USER, "missing DIR (give the folder of a suite or of a run)");
	const struct report_choice *choice = options;
	const char *path;
	TRY(check_choice(choice, err));
	TRY(choose_path(choice, argc, args, &path, err));
	int status = report_make(choice, (size_t)argc, args, &report, err);
	if (status == 0)
		status = report_save(&report, path, err);
	if (status == 0) {
		findings_print(&report.findings, stdout);
		printf("wrote %s\n", path);
	}
	if (status == 0 && report.no_charts)
		status = fail(err, ERROR_WORLD, "the report has no charts, or not all: %s", report.no_charts);
	report_free(&report);
	return status;
}

const struct command command_report = {
	.name = "report",
	.summary = "write one web page: question, answer, charts, provenance",
	.arguments = "DIR...",
	.about =
		"Writes one self-contained HTML file: the suite's question, its answer in a few sentences computed from the "
		"verdicts (printed as well), a table of everything against the baseline with every interval, all charts that "
		"plot draws with a sentence on how to read each, the settings, and for every run its seed, build and hashes, "
		"with the command that repeats it.  Long parts are folded.  The page reads well on a phone, in light and dark, "
		"and on paper.  Its explorer moves through training with a slider: the load of every expert, the experts of "
		"every domain, and a few tokens with their experts, from experts.csv, domains.csv and tokens.csv of one run "
		"for "
		"each way of routing, or with --explorer of every run.",
	.opts = report_rows,
	.opts_size = sizeof(struct report_choice),
	.files = true,
	.run = report_command,
};
