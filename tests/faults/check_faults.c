/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_faults.c -- a run or a suite that is killed, loses power, or fails at any call, is finished by the next one.
 *
 * Whatever happens to the first command, the second must end as if nothing had happened: the same files with the same
 * bytes and nothing beside them.  Of the commands that read, every allocation fails in turn: then they end with one
 * line, and what they have written is whole.  The program is moesim-faults; every STEP-th of its calls is hit.
 *
 * usage: check_faults [STEP [SHARE SHARES]] -- STEP is 1 when there is none.  Of SHARES processes, number SHARE (from
 * 0) takes each SHARES-th of those calls.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PATH = 512, WORDS = 64, CALLS_LIMIT = 20000 };

static char program[PATH], place[PATH]; /* the program; the folder where all happens, which is the working folder */
static long step = 1, share = 0, shares = 1;
static unsigned results;

static _Noreturn void stop(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(99);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *where)
{
	(void)what, (void)kind, (void)where;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The file's bytes, with a 0 behind them; NULL when there is none. */
static char *bytes_of(const char *path, size_t *size)
{
	FILE *from = fopen(path, "rb");
	struct stat now;
	if (from == NULL)
		return NULL;
	if (fstat(fileno(from), &now) != 0)
		stop(path);
	char *bytes = calloc((size_t)now.st_size + 1, 1);
	if (bytes == NULL || fread(bytes, 1, (size_t)now.st_size, from) != (size_t)now.st_size)
		stop(path);
	fclose(from);
	*size = (size_t)now.st_size;
	return bytes;
}

/* The same as text, "" when there is none. */
static char *text_of(const char *path)
{
	size_t size;
	char *text = bytes_of(path, &size);
	return text ? text : calloc(1, 1);
}

static bool holds(const char *path, const char *text)
{
	char *bytes = text_of(path);
	bool found = strstr(bytes, text) != NULL;
	free(bytes);
	return found;
}

static const char *copy_from, *copy_to;

static void copy_file(const char *from, const char *to)
{
	size_t size;
	struct stat now;
	char *bytes = bytes_of(from, &size);
	FILE *file = fopen(to, "wb");
	if (bytes == NULL || file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0 ||
		stat(from, &now) != 0 || chmod(to, now.st_mode) != 0)
		stop(to);
	free(bytes);
}

static int copy_one(const char *path, const struct stat *what, int kind)
{
	char to[2 * PATH];
	snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(copy_from));
	if (kind == FTW_D)
		return mkdir(to, what->st_mode);
	copy_file(path, to);
	return 0;
}

static void copy_tree(const char *from, const char *to)
{
	copy_from = from;
	copy_to = to;
	if (ftw(from, copy_one, 16) != 0)
		stop(from);
}

/* ---- comparing ------------------------------------------------------------------------------------------------- */

static char why[4 * PATH];

static bool wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool wrong(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	return false;
}

/* Wall time differs, and so does what tells of the machine. */
static bool may_differ(const char *path)
{
	const char *name = strrchr(path, '/');
	return name && (strcmp(name, "/timing.csv") == 0 || strcmp(name, "/manifest.json") == 0);
}

/* A run whose last sync fails is done by then: what it said stays with it. */
static bool may_be_more(const char *path)
{
	const char *name = strrchr(path, '/');
	return name && strcmp(name, "/stderr.log") == 0;
}

static bool same_file(const char *path, const char *other)
{
	size_t size, other_size;
	char *bytes = bytes_of(path, &size), *others = bytes_of(other, &other_size);
	bool same = bytes && others && size == other_size && memcmp(bytes, others, size) == 0;
	free(bytes);
	free(others);
	return same;
}

static const char *other_from, *other_to;

static int same_one(const char *path, const struct stat *what, int kind)
{
	char other[2 * PATH];
	(void)what;
	snprintf(other, sizeof other, "%s%s", other_to, path + strlen(other_from));
	if (kind != FTW_F || may_be_more(path))
		return 0;
	bool there = access(other, F_OK) == 0, same = there && (may_differ(path) || same_file(path, other));
	if (!same)
		wrong("%s is %s", other, there ? "another" : "not there");
	return !same;
}

static bool has_all(const char *from, const char *to)
{
	other_from = from;
	other_to = to;
	return ftw(from, same_one, 16) == 0;
}

/* The same files with the same bytes, none more and none less. */
static bool same_tree(const char *a, const char *b)
{
	return has_all(a, b) && has_all(b, a);
}

/* ---- commands -------------------------------------------------------------------------------------------------- */

static const char small[] = "--threads=1 --quiet --steps=4 --warmup=1 --eval-tokens=32 --batch=2 --seq-length=8 "
							"--layers=1 --heads=2 --width=4 --experts=4 --expert-width=2 --eval-every=2 --log-every=1 "
							"--strategy=bias --capacity=1.25 --stream=topicmix,vocabulary=16,domains=2";

/* Runs the program with these words and a fault, "" for none; returns its exit code, 128 + n after signal n. */
static int command(const char *words, const char *what)
{
	char text[2048], *argv[WORDS], *at = text;
	size_t n = 0;
	pid_t child;
	int status;
	snprintf(text, sizeof text, "moesim %s", words);
	for (char *word; (word = strsep(&at, " ")) && n + 1 < WORDS;)
		if (*word)
			argv[n++] = word;
	argv[n] = NULL;
	setenv("FAULT", what, 1);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "../stdout", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	posix_spawn_file_actions_addopen(&actions, 2, "../stderr", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (posix_spawn(&child, program, &actions, NULL, argv, environ) != 0 || waitpid(child, &status, 0) != child)
		stop(program);
	posix_spawn_file_actions_destroy(&actions);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *said(void)
{
	static char line[PATH];
	size_t size;
	char *text = bytes_of("../stderr", &size);
	snprintf(line, sizeof line, "%.*s", text ? (int)strcspn(text, "\n") : 0, text ? text : "");
	free(text);
	return line;
}

static int run_as(const char *folder, const char *more, const char *what)
{
	char words[2048];
	snprintf(words, sizeof words, "run --out=%s %s %s", folder, small, more);
	return command(words, what);
}

static int run(const char *more, const char *what)
{
	return run_as("run", more, what);
}

static bool is_status(const char *status)
{
	char words[64];
	snprintf(words, sizeof words, "\"status\": \"%s\"", status);
	return holds("run/manifest.json", words);
}

/* ---- what is hit ----------------------------------------------------------------------------------------------- */

/* Each begins in an empty working folder. */
struct scene {
	const char *name;
	const char *fault_in; /* the command whose calls are hit */
	const char *before;   /* tree that is there before, or NULL */
	const char *end;      /* tree that must be there in the end */
	int (*first)(const char *what);
	bool (*second)(void); /* finishes what the first left */
	bool memory;          /* its allocations fail, too */
	bool is_suite;
};

static int new_run(const char *what)
{
	return run("--checkpoint-every=2", what);
}

static int resumed_run(const char *what)
{
	return run("--checkpoint-every=2 --resume", what);
}

static int forced_run(const char *what)
{
	return run("--checkpoint-every=2 --force", what);
}

/* What counts as a run is resumed, unless it is complete; anything else must be no obstacle to a new one. */
static bool finish_run(void)
{
	struct stat now;
	bool begun = stat("run/manifest.json", &now) == 0;
	int code = run(begun ? "--resume" : "", "");
	if (code == 0 || (code == 2 && is_status("done") && strstr(said(), "the run is complete")))
		return is_status("done") || wrong("the manifest does not say done");
	return wrong("%s ends with %d: %s", begun ? "--resume" : "a new run", code, said());
}

/* The old run is whole until the new one has begun. */
static bool finish_forced(void)
{
	if (!holds("run/manifest.json", "\"seed\": 2"))
		return finish_run();
	return has_all("../other", ".") && (run("--force", "") == 0 || wrong("--force fails: %s", said()));
}

static int suite(const char *what)
{
	return command("suite ../two.suite --out=suite --jobs=1 --no-progress", what);
}

static bool finish_suite(void)
{
	int code = suite("");
	return code == 0 || wrong("the suite ends with %d: %s", code, said());
}

static const struct scene scenes[] = {
	{ "a run", "run", NULL, "../whole", new_run, finish_run, true, false },
	{ "a resumed run", "run", "../half", "../whole", resumed_run, finish_run, true, false },
	{ "a run that ends only", "run", "../unended", "../whole", resumed_run, finish_run, false, false },
	{ "a run that replaces another", "run", "../other", "../whole", forced_run, finish_forced, false, false },
	{ "a suite", "suite", NULL, "../suites", suite, finish_suite, true, true },
	{ "the runs of a suite", "run", NULL, "../suites", suite, finish_suite, false, true },
};
enum { SCENES = sizeof scenes / sizeof *scenes };

/* ---- one point ------------------------------------------------------------------------------------------------- */

static void set_scene(const char *before)
{
	if (chdir(place) != 0)
		stop(place);
	remove_tree("stage");
	remove("log");
	if (before)
		copy_tree(before + strlen("../"), "stage");
	else if (mkdir("stage", 0777) != 0)
		stop("stage");
	if (chdir("stage") != 0)
		stop("stage");
}

/* Without memory for its threads libgomp ends the program in words of its own, below an empty line. */
static bool libgomp_gave_up(int code)
{
	return code == 1 && holds("../stderr", "\nlibgomp: Out of memory allocating ");
}

static bool ended_in_order(int code, bool killing)
{
	if (killing)
		return code == 128 + SIGKILL || code == 0 || code == 1 || wrong("it ends with %d: %s", code, said());
	if (code == 0 || libgomp_gave_up(code))
		return true;
	if ((code != 1 && code != 2) || strncmp(said(), "moesim: ", 8) != 0 || strstr(said(), "internal error"))
		return wrong("it ends with %d: %s", code, said());
	return true;
}

static int no_half_file(const char *path, const struct stat *what, int kind)
{
	size_t n = strlen(path);
	(void)what, (void)kind;
	return n > 4 && strcmp(path + n - 4, ".tmp") == 0 ? !wrong("%s is left", path) : 0;
}

static bool is_tidy(void)
{
	return ftw(".", no_half_file, 16) == 0;
}

/* False when something is wrong; *over when the program made fewer calls. */
static bool hit(const struct scene *scene, const char *kind, bool killing, long at, bool *over)
{
	char what[64];
	set_scene(scene->before);
	snprintf(what, sizeof what, "%s:%ld", kind, at);
	setenv("FAULT_IN", scene->fault_in, 1);
	int code = scene->first(what);
	*over = access("../log", F_OK) != 0;
	if (!ended_in_order(code, killing))
		return false;
	/* a suite may have left a log that it could not look into, for the next one to put away */
	if (code == 0 && !killing && !scene->is_suite && !same_tree(scene->end, "."))
		return false;
	if (!killing && strcmp(kind, "memory") != 0 && !is_tidy())
		return false;
	return scene->second() && same_tree(scene->end, ".");
}

static void note_point(long at)
{
	size_t size;
	char *log = bytes_of("../log", &size);
	printf("# call %ld (%.*s): %s\n", at, log ? (int)strcspn(log, "\n") : 0, log ? log : "", why);
	free(log);
}

static void result(bool well, const char *what)
{
	printf("%sok %u - %s\n", well ? "" : "not ", ++results, what);
	fflush(stdout);
}

static void hit_all(const struct scene *scene, const char *kind, bool killing, long first, long each)
{
	unsigned points = 0, failures = 0;
	bool over = false;
	for (long at = first + share * each; !over && at < CALLS_LIMIT; at += shares * each) {
		bool well = hit(scene, kind, killing, at, &over);
		points += !over;
		failures += !well;
		if (!well)
			note_point(at);
	}
	char what[128];
	snprintf(what, sizeof what, "%s, %s: %u points", scene->name, kind, points);
	result(failures == 0, what);
}

/* ---- the trees that others are compared with ------------------------------------------------------------------- */

static void keep_as(const char *name)
{
	if (chdir(place) != 0 || rename("stage", name) != 0)
		stop(name);
}

static void must(bool well, const char *what)
{
	if (!well) {
		printf("Bail out! %s: %s\n", what, said());
		exit(99);
	}
}

/* The number of the call that stands so in the log of a whole run, the time-th one; 0: there is none. */
static long call_of(const char *call, int time)
{
	size_t size;
	long number = 0;
	set_scene(NULL);
	must(new_run("trace:0") == 0, "a run whose calls are told");
	char *log = bytes_of("../log", &size), *at = log;
	for (char *line; time > 0 && (line = strsep(&at, "\n")) && *line;)
		if (strcmp(strchr(line, ' ') + 1, call) == 0 && --time == 0)
			number = atol(line);
	free(log);
	return number;
}

static void make_trees(void)
{
	char what[64];
	FILE *file = fopen("two.suite", "w");
	if (file == NULL)
		stop("two.suite");
	fputs("[global]\nsteps = 4\nwarmup = 1\neval-tokens = 32\nbatch = 2\nseq-length = 8\nlayers = 1\nheads = 2\n"
		  "width = 4\nexperts = 4\nexpert-width = 2\neval-every = 2\nlog-every = 1\n"
		  "stream = topicmix,vocabulary=16,domains=2\nstrategy = top-k | hash\n",
		  file);
	fclose(file);
	set_scene(NULL);
	must(new_run("") == 0, "a run");
	keep_as("whole");
	set_scene(NULL);
	must(run("--seed=2", "") == 0, "another run");
	keep_as("other");
	snprintf(what, sizeof what, "kill:%ld", call_of("close run/timing.csv", 1));
	set_scene(NULL);
	must(new_run(what) == 128 + SIGKILL, "a run without its end");
	keep_as("unended");
	snprintf(what, sizeof what, "kill:%ld", call_of("rename run/checkpoint.bin", 1) + 8);
	set_scene(NULL);
	must(new_run(what) == 128 + SIGKILL, "half a run");
	keep_as("half");
	set_scene(NULL);
	must(suite("") == 0, "a suite");
	keep_as("suites");
}

static void make_place(void)
{
	const char *top = getenv("top_builddir");
	snprintf(place, sizeof place, "%s/tmp.XXXXXX", top ? top : ".");
	if (mkdtemp(place) == NULL || chdir(place) != 0 || getcwd(place, sizeof place) == NULL)
		stop("a folder");
	snprintf(program, sizeof program, "%s/tests/faults/moesim-faults", top ? top : "..");
	char log[2 * PATH];
	snprintf(log, sizeof log, "%s/log", place);
	setenv("FAULT_LOG", log, 1);
	setenv("OMP_WAIT_POLICY", "passive", 1); /* with both of these the program does not start itself anew */
	setenv("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA,-FMA4", 1);
	unsetenv("FAULT_IN");
}

/* ---- commands that read ---------------------------------------------------------------------------------------- */

static const char *const spoken[] = {
	"compare set --out=out",
	"plot set --only=loss --format=svg --out=out",
	"report set --out=out",
	"list strategies --json",
	"list suites",
	"explain aux",
	"explain top-k",
	"model mixtral-8x7b",
	"analyze set/1/experts.csv",
	"cluster --experts=64 --tokens=128 --devices=16",
	"completion bash",
	"help run",
};

/* A program that draws the same picture of anything. */
static void put_gnuplot(void)
{
	static const char script[] =
		"#!/bin/sh\nout=$(echo \"$*\" | cut -d \"'\" -f 4)\n[ -z \"$out\" ] || echo '<?xml version=\"1.0\"?><svg "
		"width=\"10\" "
		"height=\"10\" viewBox=\"0 0 10 10\" xmlns=\"http://www.w3.org/2000/svg\"><title>x</title></svg>' >\"$out\"\n";
	char path[4 * PATH];
	FILE *file = fopen("bin/gnuplot", "w");
	if (file == NULL || fputs(script, file) < 0 || fclose(file) != 0 || chmod("bin/gnuplot", 0777) != 0)
		stop("bin/gnuplot");
	snprintf(path, sizeof path, "%s/bin:%s", place, getenv("PATH"));
	setenv("PATH", path, 1);
}

/* The program as if it were installed, with its scripts and suites beside it. */
static void install(void)
{
	static const char *const data[][2] = { { "plots", "plots" },
										   { "experiments/suites", "suites" },
										   { "experiments/presets", "clusters" } };
	const char *source = getenv("top_srcdir");
	char from[2 * PATH], to[2 * PATH];
	if (chdir(place) != 0 || mkdir("bin", 0777) != 0 || mkdir("share", 0777) != 0 || mkdir("share/moesim", 0777) != 0)
		stop("share");
	for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
		snprintf(from, sizeof from, "%s/%s", source ? source : "..", data[i][0]);
		snprintf(to, sizeof to, "share/moesim/%s", data[i][1]);
		if (symlink(from, to) != 0)
			stop(to);
	}
	snprintf(from, sizeof from, "%s", program);
	snprintf(program, sizeof program, "%.400s/bin/moesim-faults", place);
	copy_file(from, program);
	put_gnuplot();
}

/* Two runs for them to read. */
static void make_set(void)
{
	set_scene(NULL);
	must(run_as("set/1", "", "") == 0, "the first run of a set");
	must(run_as("set/2", "--seed=2", "") == 0, "the second one");
	keep_as("read");
}

static bool spoke_well(int code)
{
	char *text = text_of("../stderr"), *end = strchr(text, '\n');
	bool one_line = strncmp(text, "moesim: ", 8) == 0 && end && end[1] == 0 && !strstr(text, "internal error");
	free(text);
	if (code != 1 || !one_line)
		return wrong("it ends with %d: %s", code, said());
	return has_all(".", "../spoken"); /* all that it leaves is whole */
}

static bool speak(const char *words, long at, bool *over)
{
	char what[64];
	snprintf(what, sizeof what, "memory:%ld", at);
	set_scene("../read");
	int code = command(words, what);
	*over = access("../log", F_OK) != 0;
	if (code != 0)
		return spoke_well(code);
	return same_tree("../spoken", ".") &&
		   (same_file("../stdout", "../spoken.stdout") || wrong("it says something else"));
}

static void speak_all(const char *words, long first, long each)
{
	unsigned points = 0, failures = 0;
	bool over = false;
	set_scene("../read");
	must(command(words, "") == 0, words);
	copy_file("../stdout", "../spoken.stdout");
	keep_as("spoken");
	for (long at = first + share * each; !over && at < CALLS_LIMIT; at += shares * each) {
		bool well = speak(words, at, &over);
		points += !over;
		failures += !well;
		if (!well)
			note_point(at);
	}
	char what[128];
	snprintf(what, sizeof what, "%s, memory: %u points", words, points);
	result(failures == 0, what);
	if (chdir(place) == 0)
		remove_tree("spoken");
}

/* Between the pictures of a page allocations are not numbered the same each time, so that a sample would be another one
 * in each run: all of them are tried, or none. */
static bool is_page(const char *words)
{
	return strncmp(words, "report ", strlen("report ")) == 0;
}

static void hit_commands(void)
{
	install();
	make_set();
	unsetenv("FAULT_IN");
	setenv("OMP_NUM_THREADS", "1", 1); /* to start threads libgomp takes memory of its own, and ends in its own words */
	for (size_t i = 0; i < sizeof spoken / sizeof *spoken; i++)
		if (step == 1 || !is_page(spoken[i]))
			speak_all(spoken[i], 1 + (long)(13 * i) % step, step == 1 ? 1 : 4 * step);
}

/* By the clock of a slow machine, each step of a run takes minutes. */
static void check_time(void)
{
	set_scene(NULL);
	must(run("--steps=40", "trace:0") == 0, "a run");
	char *log = text_of("../log"), *first = strstr(log, "rename run/checkpoint.bin");
	bool once = first && !strstr(first + 1, "rename run/checkpoint.bin");
	free(log);
	keep_as("quick");
	set_scene(NULL);
	setenv("FAULT_CLOCK", "25", 1);
	must(run("--steps=40", "trace:0") == 0, "a slow run");
	unsetenv("FAULT_CLOCK");
	log = text_of("../log");
	first = strstr(log, "rename run/checkpoint.bin");
	char *second = first ? strstr(first + 1, "rename run/checkpoint.bin") : NULL;
	result(once && second && strstr(second + 1, "rename run/checkpoint.bin"),
		   "a slow run leaves checkpoints on its way");
	free(log);
	result(same_tree("../quick", "."), "which change nothing");
}

/* Of a sample every tenth: there are many allocations. */
static void hit_scene(size_t i)
{
	static const char *const kills[] = { "kill", "torn", "lost", "zero", "names" };
	static const char *const errors[] = { "ENOSPC", "EIO", "EINTR" };
	const struct scene *scene = &scenes[i];
	for (size_t j = 0; j < sizeof kills / sizeof *kills; j++)
		if (!scene->is_suite || j == 0)
			hit_all(scene, kills[j], true, 1 + (long)(7 * i + 11 * j) % step, step);
	for (size_t j = 0; j < sizeof errors / sizeof *errors; j++)
		hit_all(scene, errors[j], false, 1 + (long)(7 * i + 11 * j) % step, step);
	if (scene->memory)
		hit_all(scene, "memory", false, 1 + (long)(7 * i) % step, step == 1 ? 1 : 10 * step);
}

int main(int argc, char **argv)
{
	step = argc > 1 ? atol(argv[1]) : 1;
	share = argc > 3 ? atol(argv[2]) : 0;
	shares = argc > 3 ? atol(argv[3]) : 1;
	if (step < 1 || shares < 1 || share < 0 || share >= shares) {
		fputs("usage: check_faults [STEP [SHARE SHARES]]\n", stderr);
		return 2;
	}
	make_place();
	make_trees();
	check_time();
	for (size_t i = 0; i < SCENES; i++)
		hit_scene(i);
	hit_commands();
	printf("1..%u\n", results);
	if (chdir("/") == 0)
		remove_tree(place);
	return 0;
}
