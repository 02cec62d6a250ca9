/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gnuplot.c -- running gnuplot on a script, without a shell and without trust in any name.
 */
#include <config.h>

#include "experiments/charts/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NO_PROGRAM = 127, NO_FOLDER = 126 }; /* exit codes of a child that never became gnuplot */

/* ---- strings --------------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character that begins here; 0 when none does. */
static size_t utf8_length(const unsigned char *at)
{
	size_t n = at[0] < 0x80                    ? 1
			   : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
			   : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
			   : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
											   : 0;
	for (size_t i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void gnuplot_quote(FILE *to, const char *text)
{
	putc('\'', to);
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t n = utf8_length(at);
		if (n == 0 || *at < 0x20 || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0)) {
			putc('?', to);
			at += n ? n : 1;
			continue;
		}
		if (*at == '\'')
			putc('\'', to);
		fwrite(at, 1, n, to);
		at += n;
	}
	putc('\'', to);
}

/* ---- the child ------------------------------------------------------------------------------------------- */

static _Noreturn void become_gnuplot(const char *folder, const char *script, const char *commands, int complaints)
{
	setpgid(0, 0);
	int nothing = open("/dev/null", O_RDONLY);
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(complaints, STDERR_FILENO) < 0 || chdir(folder) != 0)
		_exit(NO_FOLDER);
	setenv("LC_ALL", "C", 1);
	unsetenv("GNUPLOT_LIB"); /* `load` must find what lies beside the script */
	execlp("gnuplot", "gnuplot", "-d", "-e", commands, script, (char *)NULL);
	_exit(NO_PROGRAM);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What gnuplot said; more than fits is read and forgotten. */
struct complaint {
	char text[4096];
	size_t length;
};

static void keep(struct complaint *said, const char *bytes, size_t n)
{
	size_t room = sizeof said->text - 1 - said->length;
	memcpy(said->text + said->length, bytes, n < room ? n : room);
	said->length += n < room ? n : room;
	said->text[said->length] = '\0';
}

/* Reads until the child closes its end.  False when the time is up first. */
static bool listen(int from, double until, struct complaint *said)
{
	for (;;) {
		double left = until - now();
		struct pollfd ready = { .fd = from, .events = POLLIN };
		int n = left > 0 ? poll(&ready, 1, (int)(1000 * left) + 1) : 0;
		if (n == 0)
			return false;
		if (n < 0 && errno != EINTR)
			return true;
		if (n < 0)
			continue;
		char bytes[1024];
		ssize_t length = read(from, bytes, sizeof bytes);
		if (length > 0)
			keep(said, bytes, (size_t)length);
		else if (length == 0 || errno != EINTR)
			return true;
	}
}

static int wait_for(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* A child may close its stderr and go on; it has the same time to end. */
static bool wait_until(pid_t child, double until, int *status)
{
	for (;;) {
		pid_t ended = waitpid(child, status, WNOHANG);
		if (ended == child || (ended < 0 && errno != EINTR))
			return true;
		if (now() >= until)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
	}
}

/* ---- the verdict ----------------------------------------------------------------------------------------- */

/* gnuplot prints the line, a caret under it, and then the message; the message is the last line that says anything. */
static const char *message_of(struct complaint *said, const char *wanted)
{
	const char *last = "it said nothing";
	char *rest = said->text;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		line += strspn(line, " \t\r");
		if (wanted && strstr(line, wanted))
			return line;
		if (*line)
			last = line;
	}
	return last;
}

static int judge(const char *script, int status, struct complaint *said, struct error *err)
{
	static const char missing[] = "no column with header";
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (code == NO_PROGRAM)
		return fail(err, ERROR_WORLD,
					"gnuplot was not found (install gnuplot-nox, or look at the data and the script)");
	if (code == NO_FOLDER)
		return fail(err, ERROR_WORLD, "cannot work in the charts' folder");
	if (WIFSIGNALED(status))
		return fail(err, ERROR_WORLD, "gnuplot was ended by signal %d while drawing %s", WTERMSIG(status), script);
	if (strstr(said->text, missing)) /* only a warning to gnuplot, which then draws an empty chart */
		return fail(err, ERROR_WORLD, "gnuplot could not draw %s: %s", script, message_of(said, missing));
	if (code != 0)
		return fail(err, ERROR_WORLD, "gnuplot could not draw %s: %s", script, message_of(said, NULL));
	return 0;
}

int gnuplot_run(const char *folder, const char *script, const char *commands, unsigned seconds, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail(err, ERROR_WORLD, "cannot start gnuplot: %s", strerror(errno));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		become_gnuplot(folder, script, commands, ends[1]);
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return fail(err, ERROR_WORLD, "cannot start gnuplot: %s", strerror(errno));
	}
	setpgid(child, child); /* also here: whoever comes first */
	double until = now() + seconds;
	struct complaint said = { .length = 0 };
	int status = 0;
	bool ended = listen(ends[0], until, &said) && wait_until(child, until, &status);
	kill(-child, SIGKILL); /* whatever it left behind */
	if (!ended)
		wait_for(child);
	close(ends[0]);
	if (!ended)
		return fail(err, ERROR_WORLD, "gnuplot needed more than %u s for %s and was stopped", seconds, script);
	return judge(script, status, &said, err);
}
