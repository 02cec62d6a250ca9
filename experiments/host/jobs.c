/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jobs.c -- several processes at a time.
 *
 * Signals are blocked and waited for, so that no handler runs between two lines of the program.
 */
#include <config.h>

#include "experiments/host/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/text.h"

enum { EXIT_CANNOT_RUN = 127 };

struct slot {
	pid_t pid; /* 0: free */
	size_t job;
};

struct pool {
	const struct jobs *jobs;
	struct slot *slot; /* [at_a_time] */
	size_t next, running;
	sigset_t waited, before; /* signals waited for; the mask as it was */
	int stop;                /* the signal that asked to stop */
	bool draining;           /* `ended` asked to start no more */
};

double jobs_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

size_t jobs_processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return (size_t)CPU_COUNT(&set);
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (size_t)n : 1;
}

const char *jobs_program(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);
	return length > 0 && (size_t)length < sizeof path ? text_keep_n(path, (size_t)length) : "/proc/self/exe";
}

/* ---- one child ------------------------------------------------------------------------------------------- */

/* Between fork() and exec(): nothing but system calls. */
static _Noreturn void become(const struct pool *pool, pid_t parent, char *const *argv, int log)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_CANNOT_RUN);
	int nothing = open("/dev/null", O_RDWR);
	if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(log, 2) < 0)
		_exit(EXIT_CANNOT_RUN);
	sigprocmask(SIG_SETMASK, &pool->before, NULL);
	execv("/proc/self/exe", argv);
	static const char words[] = "moesim: cannot run itself (/proc/self/exe)\n";
	(void)!write(2, words, sizeof words - 1);
	_exit(EXIT_CANNOT_RUN);
}

/* argv[0] and the job's arguments. */
static char **full_arguments(char *const *arguments)
{
	size_t n = 0;
	while (arguments[n])
		n++;
	char **argv = calloc(n + 2, sizeof *argv);
	if (!argv)
		error_no_memory("a job's arguments");
	argv[0] = (char *)"moesim";
	memcpy(argv + 1, arguments, n * sizeof *argv);
	return argv;
}

static pid_t spawn(const struct pool *pool, char *const *arguments, const char *log_path, struct error *err)
{
	int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (log < 0) {
		fail(err, ERROR_WORLD, "cannot write: %s", strerror(errno));
		return fail_at(err, log_path, 0, 0);
	}
	char **argv = full_arguments(arguments);
	pid_t parent = getpid(), child = fork();
	if (child == 0)
		become(pool, parent, argv, log);
	if (child < 0)
		fail(err, ERROR_WORLD, "cannot start a process: %s", strerror(errno));
	free(argv);
	close(log);
	return child;
}

/* ---- the pool -------------------------------------------------------------------------------------------- */

static int start_one(struct pool *pool, struct slot *slot, struct error *err)
{
	const struct jobs *jobs = pool->jobs;
	char **arguments = jobs->arguments(jobs->context, pool->next);
	if (!arguments)
		error_no_memory("a job's arguments");
	pid_t pid = spawn(pool, arguments, jobs->log(jobs->context, pool->next), err);
	free(arguments);
	if (pid < 0)
		return -1;
	*slot = (struct slot){ pid, pool->next++ };
	pool->running++;
	if (jobs->started)
		jobs->started(jobs->context, slot->job);
	return 0;
}

static int fill_slots(struct pool *pool, struct error *err)
{
	for (size_t i = 0; i < pool->jobs->at_a_time && pool->next < pool->jobs->n && !pool->draining; i++)
		if (pool->slot[i].pid == 0)
			TRY(start_one(pool, &pool->slot[i], err));
	return 0;
}

static struct slot *slot_of(struct pool *pool, pid_t pid)
{
	for (size_t i = 0; i < pool->jobs->at_a_time; i++)
		if (pool->slot[i].pid == pid)
			return &pool->slot[i];
	return NULL;
}

/* Takes note of all children that have ended. */
static void reap(struct pool *pool)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct slot *slot = slot_of(pool, pid);
		if (!slot)
			continue;
		slot->pid = 0;
		pool->running--;
		int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (!pool->stop && !pool->jobs->ended(pool->jobs->context, slot->job, code))
			pool->draining = true;
	}
}

static void signal_all(const struct pool *pool, int number)
{
	for (size_t i = 0; i < pool->jobs->at_a_time; i++)
		if (pool->slot[i].pid > 0)
			kill(-pool->slot[i].pid, number) == 0 ? (void)0 : (void)kill(pool->slot[i].pid, number);
}

/* Waits for a child, a signal or the next tick. */
static void wait_for_news(struct pool *pool, double until)
{
	double left = until - jobs_clock();
	if (left < 0)
		left = 0;
	struct timespec timeout = { (time_t)left, (long)((left - (double)(time_t)left) * 1e9) };
	int number = sigtimedwait(&pool->waited, NULL, &timeout);
	if (number <= 0 || number == SIGCHLD)
		return;
	signal_all(pool, pool->stop ? SIGKILL : SIGTERM);
	pool->stop = pool->stop ? pool->stop : number;
}

/* A signal that whoever started us has told us to ignore (nohup) stays ignored. */
static void block_signals(struct pool *pool)
{
	static const int asked[] = { SIGINT, SIGTERM, SIGHUP };
	sigemptyset(&pool->waited);
	sigaddset(&pool->waited, SIGCHLD);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct sigaction now;
		if (sigaction(asked[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&pool->waited, asked[i]);
	}
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigaction(SIGCHLD, &plain, NULL);
	sigprocmask(SIG_BLOCK, &pool->waited, &pool->before);
}

static int work(struct pool *pool, struct error *err)
{
	const struct jobs *jobs = pool->jobs;
	double pause = jobs->tick ? jobs->tick_seconds : 60, next_tick = jobs_clock();
	for (;;) {
		if (!pool->stop)
			TRY(fill_slots(pool, err));
		if (pool->running == 0)
			return 0;
		if (jobs_clock() >= next_tick) {
			if (jobs->tick && !pool->stop)
				jobs->tick(jobs->context);
			next_tick = jobs_clock() + pause;
		}
		wait_for_news(pool, next_tick);
		reap(pool);
	}
}

int jobs_run(const struct jobs *jobs, struct error *err)
{
	struct pool pool = { .jobs = jobs, .slot = calloc(jobs->at_a_time, sizeof *pool.slot) };
	if (!pool.slot)
		error_no_memory("jobs");
	block_signals(&pool);
	int status = work(&pool, err);
	if (status != 0) {
		/* no more can be started: those running are ended, so that nothing is left behind */
		pool.stop = SIGTERM;
		signal_all(&pool, SIGTERM);
		struct error ignored;
		work(&pool, &ignored);
	}
	sigprocmask(SIG_SETMASK, &pool.before, NULL);
	free(pool.slot);
	return status != 0 ? -1 : pool.stop;
}
