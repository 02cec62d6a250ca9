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

#include "experiments/host/jobs.h"

enum { NO_PROGRAM = 127, NO_FOLDER = 126 }; /* exit codes of a child that never became gnuplot */

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

static _Noreturn void become_gnuplot(const char *folder, const char *script, const char *commands, int complaints)
{
	setpgid(0, 0);
	int nothing = open("/dev/null", O_RDONLY);
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(complaints, STDERR_FILENO) < 0 || chdir(folder) != 0)
		_exit(NO_FOLDER);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("LC_ALL", "C", 1);
	unsetenv("GNUPLOT_LIB"); /* `load` must find what lies beside the script */
	execlp("gnuplot", "gnuplot", "-d", "-e", commands, script, (char *)NULL);
	_exit(NO_PROGRAM);
}

/* The signals that end a program. */
static const int endings[] = { SIGINT, SIGTERM, SIGHUP };
enum { ENDINGS = sizeof endings / sizeof *endings };

void gnuplot_hold_signals(sigset_t *before)
{
	sigset_t held;
	sigemptyset(&held);
	for (size_t i = 0; i < ENDINGS; i++) {
		struct sigaction now;
		if (sigaction(endings[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&held, endings[i]);
	}
	sigprocmask(SIG_BLOCK, &held, before);
}

static bool is_asked_to_stop(void)
{
	sigset_t waiting;
	bool any = false;
	if (sigpending(&waiting) == 0)
		for (size_t i = 0; i < ENDINGS; i++)
			any |= sigismember(&waiting, endings[i]) == 1;
	return any;
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

/* Reads until the child closes its end.  False when the time is up or a signal asks to stop first. */
static bool listen(int from, double until, struct complaint *said)
{
	enum { GLANCE = 100 }; /* ms between two looks at the signals */
	while (jobs_clock() < until && !is_asked_to_stop()) {
		struct pollfd ready = { .fd = from, .events = POLLIN };
		int n = poll(&ready, 1, GLANCE);
		if (n < 0 && errno != EINTR)
			return true;
		if (n <= 0)
			continue;
		char bytes[1024];
		ssize_t length = read(from, bytes, sizeof bytes);
		if (length > 0)
			keep(said, bytes, (size_t)length);
		else if (length == 0 || errno != EINTR)
			return true;
	}
	return false;
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
		if (jobs_clock() >= until || is_asked_to_stop())
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
	}
}

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

/* What its exit status and its words come to. */
static enum gnuplot_end judge(const char *script, int status, struct complaint *said, struct error *err)
{
	static const char missing[] = "no column with header";
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (code == NO_PROGRAM) {
		fail(err, ERROR_WORLD, "gnuplot was not found (install gnuplot-nox, or look at the data and the script)");
		return GNUPLOT_UNUSABLE;
	}
	if (code == 0 && !strstr(said->text, missing)) /* only a warning to gnuplot, which then draws an empty chart */
		return GNUPLOT_DREW;
	if (code == NO_FOLDER)
		fail(err, ERROR_WORLD, "cannot enter the charts' folder");
	else if (WIFSIGNALED(status))
		fail(err, ERROR_WORLD, "gnuplot was ended by signal %d while drawing %s", WTERMSIG(status), script);
	else
		fail(err, ERROR_WORLD, "gnuplot could not draw %s: %s", script,
			 message_of(said, strstr(said->text, missing) ? missing : NULL));
	return GNUPLOT_FAILED;
}

static pid_t start(const char *folder, const char *script, const char *commands, int *complaints, struct error *err)
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
	*complaints = ends[0];
	return child;
}

enum gnuplot_end gnuplot_run(const char *folder, const char *script, const char *commands, unsigned seconds,
							 struct error *err)
{
	int complaints = -1, status = 0;
	pid_t child = start(folder, script, commands, &complaints, err);
	if (child < 0)
		return GNUPLOT_FAILED;
	double until = jobs_clock() + seconds;
	struct complaint said = { .length = 0 };
	bool ended = listen(complaints, until, &said) && wait_until(child, until, &status);
	kill(-child, SIGKILL); /* whatever it left behind */
	if (!ended)
		wait_for(child);
	close(complaints);
	if (ended)
		return judge(script, status, &said, err);
	if (is_asked_to_stop())
		fail(err, ERROR_WORLD, "stopped while gnuplot was drawing %s", script);
	else
		fail(err, ERROR_WORLD, "gnuplot needed more than %u s for %s and was stopped", seconds, script);
	return GNUPLOT_UNUSABLE;
}
