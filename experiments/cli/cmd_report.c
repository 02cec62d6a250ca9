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
	  .help = "the page; otherwise report.html in DIR, where that is the folder of one suite" },
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
	STUDY_LENIENT_ROW(offsetof(struct report_choice, lenient)),
	{ .name = NULL },
};
#undef AT

/* Without being told, nothing is put among runs. */
static int choose_path(const struct report_choice *choice, int argc, char **args, const char **path, struct error *err)
{
	*path = *choice->out ? choice->out : path_join(args[0], "report.html");
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
		"and on paper.",
	.opts = report_rows,
	.opts_size = sizeof(struct report_choice),
	.files = true,
	.run = report_command,
};
