/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * campaign.c -- makes the runs of a grid that are not finished yet.
 *
 * Each run is a process and a folder.  Nothing is kept between two calls but the folders themselves, so that there is
 * no state that could disagree with them.
 */
#include <config.h>

#include "experiments/suite/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "experiments/host/jobs.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

enum { EXIT_DIVERGED = 3 };

/* An unfinished run is continued; one without a checkpoint begins anew by itself. */
static const char *how_to_begin(const struct campaign *campaign, size_t run)
{
	if (!file_exists(path_join(results_path(campaign->results, run), "manifest.json")))
		return NULL;
	return campaign->afresh[run] ? "--force" : "--resume";
}

static char **job_arguments(void *context, size_t job)
{
	struct campaign *campaign = context;
	size_t run = campaign->todo[job], n = 0;
	const char *extra[6];
	const char *how = how_to_begin(campaign, run);
	extra[n++] = text_keep_f("--out=%s", results_path(campaign->results, run));
	extra[n++] = "--quiet";
	if (campaign->at_a_time > 1)
		extra[n++] = "--threads=1";
	if (campaign->checkpoint_every)
		extra[n++] = text_keep_f("--checkpoint-every=%" PRId64, campaign->checkpoint_every);
	if (how)
		extra[n++] = how;
	extra[n] = NULL;
	campaign->resumed[run] = how && strcmp(how, "--resume") == 0;
	return grid_arguments(campaign->grid, &campaign->grid->run[run], "run", extra);
}

static const char *job_log(void *context, size_t job)
{
	struct campaign *campaign = context;
	return results_log(campaign->results, campaign->todo[job]);
}

/* The last line of what the run wrote to its stderr; NULL when it wrote nothing. */
static const char *last_words(const char *log)
{
	char *text;
	size_t size;
	struct error ignored;
	if (file_read(log, 1 << 20, &text, &size, &ignored) != 0)
		return NULL;
	while (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	char *line = strrchr(text, '\n');
	const char *kept = size > 0 ? text_keep(line ? line + 1 : text) : NULL;
	free(text);
	return kept;
}

/* The log of a run that said something goes into the run's folder, an empty one away, with that of a former try. */
static void put_log_away(const struct campaign *campaign, size_t run)
{
	const char *log = results_log(campaign->results, run), *folder = results_path(campaign->results, run);
	if (!file_exists(log))
		return;
	if (!last_words(log)) {
		unlink(log);
		unlink(path_join(folder, "stderr.log"));
	} else if (file_exists(path_join(folder, "manifest.json")))
		rename(log, path_join(folder, "stderr.log"));
}

static const char *without_prefix(const char *line)
{
	return strncmp(line, "moesim: ", 8) == 0 ? line + 8 : line;
}

/* Its checkpoint does not fit, say from another version, or what it counts on is damaged. */
static void begin_afresh(struct campaign *campaign, size_t run)
{
	const char *words = last_words(results_log(campaign->results, run));
	watch_clear(&campaign->watch);
	fprintf(stderr, "moesim: %s begins anew, since it cannot be resumed: %s\n", campaign->results->run[run],
			words ? without_prefix(words) : "it does not say why");
	campaign->afresh[run] = true;
}

/* A run that is not even started. */
static void refuse(struct campaign *campaign, size_t run, const char *why)
{
	fprintf(stderr, "moesim: %s: %s\n", results_path(campaign->results, run), why);
	campaign->failed++;
	campaign->worst = campaign->worst > ERROR_WORLD ? campaign->worst : ERROR_WORLD;
}

static void report_failure(struct campaign *campaign, size_t run, int code)
{
	const char *words = last_words(results_log(campaign->results, run));
	watch_clear(&campaign->watch);
	fprintf(stderr, "moesim: %s: ", campaign->results->run[run]);
	if (code > 128)
		fprintf(stderr, "ended by signal %d", code - 128);
	else if (code == 0)
		fputs("ended without a finished run folder", stderr);
	else
		fprintf(stderr, "failed with exit code %d", code);
	if (words)
		fprintf(stderr, ": %s", without_prefix(words));
	fputc('\n', stderr);
	campaign->failed++;
	campaign->worst = code > campaign->worst ? code : campaign->worst;
}

static void job_started(void *context, size_t job)
{
	struct campaign *campaign = context;
	campaign->running[job] = true;
}

static bool job_ended(void *context, size_t job, int code)
{
	struct campaign *campaign = context;
	size_t run = campaign->todo[job];
	campaign->running[job] = false;
	enum run_state state = results_look(campaign->results, run);
	if ((code == 0 && state == RUN_DONE) || (code == EXIT_DIVERGED && state == RUN_DIVERGED)) {
		campaign->made++;
		campaign->diverged += state == RUN_DIVERGED;
	} else if (campaign->resumed[run] && code == ERROR_USER) {
		begin_afresh(campaign, run);
	} else {
		report_failure(campaign, run, code);
	}
	campaign->watch.done = campaign->made + campaign->failed;
	put_log_away(campaign, run);
	return true;
}

/* A run's number of steps, from its settings. */
static double steps_of(const struct campaign *campaign, size_t run)
{
	const struct grid *grid = campaign->grid;
	double steps = 0;
	for (size_t i = 0; i < grid->n_rows; i++)
		if (strcmp(grid->rows[i].name, "steps") == 0)
			text_to_real(grid_value(grid, &grid->run[run], i), &steps);
	return steps;
}

static void draw_progress(void *context)
{
	struct campaign *campaign = context;
	const char *folder[16], *name[16];
	double steps[16];
	size_t n = 0;
	for (size_t job = 0; job < campaign->todos && n < 16; job++) {
		if (!campaign->running[job])
			continue;
		size_t run = campaign->todo[job];
		const struct grid_run *of = &campaign->grid->run[run];
		folder[n] = results_path(campaign->results, run);
		name[n] = text_keep_f("%s-s%s", campaign->grid->point[of->point].label, of->seed);
		steps[n++] = steps_of(campaign, run);
	}
	watch_draw(&campaign->watch, n, folder, name, steps);
}

static int make_todo(struct campaign *campaign, struct error *err)
{
	const struct jobs jobs = { .n = campaign->todos,
							   .at_a_time = campaign->at_a_time,
							   .context = campaign,
							   .arguments = job_arguments,
							   .log = job_log,
							   .started = job_started,
							   .ended = job_ended,
							   .tick = campaign->watch.on ? draw_progress : NULL,
							   .tick_seconds = 0.5 };
	int status = jobs_run(&jobs, err);
	watch_clear(&campaign->watch);
	return status;
}

/* The runs of the first pass that could not be continued. */
static void keep_afresh(struct campaign *campaign)
{
	size_t kept = 0;
	for (size_t job = 0; job < campaign->todos; job++)
		if (campaign->afresh[campaign->todo[job]])
			campaign->todo[kept++] = campaign->todo[job];
	campaign->todos = kept;
}

/* Is it finished, to be made, or not to be touched? */
static void sort_run(struct campaign *campaign, size_t run)
{
	if (run_is_finished(campaign->results->state[run])) {
		campaign->skipped++;
		put_log_away(campaign, run); /* it may have ended after its suite was killed */
	} else if (campaign->results->state[run] == RUN_UNREADABLE) {
		refuse(campaign, run, "cannot be read, so it is left as it is");
	} else if (path_is_link(results_path(campaign->results, run))) {
		refuse(campaign, run, "is a symbolic link, which is not followed (remove it)");
	} else {
		campaign->todo[campaign->todos++] = run;
	}
}

int campaign_run(struct campaign *campaign, size_t first, size_t end, struct error *err)
{
	campaign->todo = calloc(end + 1, sizeof *campaign->todo);
	campaign->afresh = calloc(end + 1, sizeof *campaign->afresh);
	campaign->resumed = calloc(end + 1, sizeof *campaign->resumed);
	campaign->running = calloc(end + 1, sizeof *campaign->running);
	if (!campaign->todo || !campaign->afresh || !campaign->resumed || !campaign->running)
		error_no_memory("a list of runs");
	for (size_t run = first; run < end; run++)
		sort_run(campaign, run);
	watch_begin(&campaign->watch, campaign->todos);
	campaign->watch.on &= !campaign->quiet;
	int status = make_todo(campaign, err);
	keep_afresh(campaign);
	if (status == 0 && campaign->todos > 0)
		status = make_todo(campaign, err);
	free(campaign->todo);
	free(campaign->afresh);
	free(campaign->resumed);
	free(campaign->running);
	return status;
}

/* The log's file is the lock. */
int campaign_lock_run(const struct campaign *campaign, size_t run, struct error *err)
{
	const char *path = results_log(campaign->results, run);
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	fail(err, ERROR_WORLD, "%s", fd < 0 ? strerror(errno) : "another process makes this run");
	return fail_at(err, path, 0, 0);
}
