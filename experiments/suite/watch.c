/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * watch.c -- the progress line of a suite.
 */
#include <config.h>

#include "experiments/suite/watch.h"

#include <math.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "experiments/host/jobs.h"
#include "sim/run/run_folder.h"

enum { WIDEST = 400 };

/* The last number of a column: rows at the end may have left the cell empty. */
static double last_number(const struct csv_table *table, const char *name)
{
	int column = csv_column(table, name);
	double value = NAN;
	for (size_t row = table->rows; row-- > 0 && column >= 0 && isnan(value);)
		value = csv_number(table, row, column, NULL);
	return value;
}

struct glimpse watch_glimpse(const char *folder)
{
	struct csv_table steps, layers;
	run_folder_tail(folder, "steps.csv", &steps);
	run_folder_tail(folder, "layers.csv", &layers);
	const struct glimpse seen = { last_number(&steps, "step"), last_number(&steps, "loss"),
								  last_number(&layers, "maxvio") };
	csv_table_free(&steps);
	csv_table_free(&layers);
	return seen;
}

void watch_begin(struct watch *watch, size_t total)
{
	*watch = (struct watch){ .on = isatty(STDERR_FILENO) == 1, .began = jobs_clock(), .total = total };
}

static size_t terminal_width(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		return size.ws_col < WIDEST ? size.ws_col - 1u : WIDEST - 1u;
	return 79;
}

/* "1:02:03" or "2:03" */
static void print_time(FILE *to, double seconds)
{
	long left = seconds < 359999 ? (long)(seconds + 0.5) : 359999;
	if (left >= 3600)
		fprintf(to, "%ld:%02ld:%02ld left", left / 3600, left / 60 % 60, left % 60);
	else
		fprintf(to, "%ld:%02ld left", left / 60, left % 60);
}

static void print_run(FILE *to, const char *name, const struct glimpse *seen)
{
	fprintf(to, " | %s", name);
	if (!isnan(seen->loss))
		fprintf(to, " loss %.3f", seen->loss);
	if (!isnan(seen->maxvio))
		fprintf(to, " MaxVio %.2f", seen->maxvio);
}

void watch_draw(const struct watch *watch, size_t n, const char *const *folder, const char *const *name,
				const double *steps)
{
	char line[WIDEST * 4] = "";
	double parts = (double)watch->done;
	if (!watch->on)
		return;
	FILE *to = fmemopen(line, sizeof line, "w");
	if (!to)
		return;
	struct glimpse seen[16];
	n = n < 16 ? n : 16;
	for (size_t i = 0; i < n; i++) {
		seen[i] = watch_glimpse(folder[i]);
		if (seen[i].step > 0 && steps[i] > 0)
			parts += fmin(seen[i].step / steps[i], 1);
	}
	fprintf(to, "%zu of %zu runs done", watch->done, watch->total);
	if (parts > 0) {
		fputs(", ", to);
		print_time(to, (jobs_clock() - watch->began) * ((double)watch->total - parts) / parts);
	}
	for (size_t i = 0; i < n; i++)
		print_run(to, name[i], &seen[i]);
	fclose(to);
	fprintf(stderr, "\r%.*s\033[K", (int)terminal_width(), line);
	fflush(stderr);
}

void watch_clear(const struct watch *watch)
{
	if (watch->on)
		fputs("\r\033[K", stderr);
}
