/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * watch.c -- the progress line of a suite.
 */
#include <config.h>

#include "experiments/suite/watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "experiments/host/jobs.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

enum { TAIL = 8192, HEAD = 4096, WIDEST = 400 };

/* ---- the tail of a growing CSV --------------------------------------------------------------------------- */

/* The number of a column in a header line, or -1. */
static int column_number(const char *header, const char *name)
{
	size_t length = strlen(name);
	int number = 0;
	for (const char *at = header;; at++, number++) {
		if (strncmp(at, name, length) == 0 && strchr(",\r\n", at[length]))
			return number;
		at = strchr(at, ',');
		if (!at)
			return -1;
	}
}

/* The cell of a line as a number; NAN when there is none. */
static double line_number(const char *line, int column)
{
	for (; column > 0; column--) {
		line += strcspn(line, ",\n");
		if (*line++ != ',')
			return NAN;
	}
	char cell[TEXT_NUMBER] = "";
	double value;
	size_t length = strcspn(line, ",\r\n");
	if (length >= sizeof cell)
		return NAN;
	memcpy(cell, line, length);
	return text_to_real(cell, &value) ? value : NAN;
}

/* The last number of a column: rows at the end may have left the cell empty. */
static double last_number(char *tail, int column)
{
	double value = NAN;
	char *end = strrchr(tail, '\n');
	while (end && isnan(value)) {
		*end = '\0';
		end = strrchr(tail, '\n');
		if (end)
			value = line_number(end + 1, column);
	}
	return value;
}

struct column {
	const char *name;
	double value;
};

static void read_last(const char *path, struct column *column, size_t n)
{
	FILE *file = fopen(path, "r");
	char head[HEAD] = "", tail[TAIL + 1];
	for (size_t i = 0; i < n; i++)
		column[i].value = NAN;
	if (!file)
		return;
	if (fgets(head, sizeof head, file) && fseek(file, 0, SEEK_END) == 0) {
		long size = ftell(file), from = size > TAIL ? size - TAIL : 0;
		for (size_t i = 0; i < n && fseek(file, from, SEEK_SET) == 0; i++) {
			tail[fread(tail, 1, TAIL, file)] = '\0';
			int number = column_number(head, column[i].name);
			column[i].value = number < 0 ? NAN : last_number(tail, number);
		}
	}
	fclose(file);
}

struct glimpse watch_glimpse(const char *folder)
{
	struct column steps[] = { { "step", NAN }, { "loss", NAN } }, layers[] = { { "maxvio", NAN } };
	read_last(path_join(folder, "steps.csv"), steps, 2);
	read_last(path_join(folder, "layers.csv"), layers, 1);
	return (struct glimpse){ steps[0].value, steps[1].value, layers[0].value };
}

/* ---- the line -------------------------------------------------------------------------------------------- */

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
