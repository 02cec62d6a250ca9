/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * faults.c -- the functions of the C library that touch files or take memory, each of which can be made to fail.
 *
 * Linked into the program these take the place of the library's own, for its shared libraries, too.  Calls are counted,
 * and one of them gets what the environment variable FAULT says:
 *
 *     kill:N         before file call N the process is killed
 *     torn:N         the same; if the call is a write, half of it is done
 *     lost:N         the same as kill, and the power fails: what was written but not synced is gone
 *     zero:N         the same, but the size of an unsynced file stays and its unsynced bytes are 0
 *     names:N        the same as lost, and files that were created, renamed or removed without their folder having been
 *                    synced since are as they were
 *     ENOSPC:N       file call N fails; so with EIO, EDQUOT, EACCES, EMFILE, EINTR
 *     INT:N          before file call N the process gets the signal; so with TERM
 *     memory:N       allocation N fails
 *     trace:0        nothing fails, and FAULT_LOG gets a line about every file call
 *
 * FAULT_IN=WORD: only in the process whose first argument this is.  FAULT_AT="CALL END": of the file calls only those
 * of that name count whose path ends so, as in "rename /checkpoint.bin".  FAULT_LOG=FILE gets a line about the call
 * that was hit.  FAULT_CLOCK=N: the clock goes N seconds forward with every look at it.
 */
#undef _FORTIFY_SOURCE
#include <config.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum kind { NOTHING, TRACE, KILL, TORN, LOST, ZERO, NAMES, FAILS, SIGNALS, MEMORY };

static struct {
	enum kind kind;
	int error; /* of FAILS; the signal of SIGNALS */
	long at, files, allocations;
	pid_t process; /* that counts */
	long clock;    /* seconds forward a look */
	const char *log;
	const char *call; /* "rename /checkpoint.bin"; NULL: all count */
	bool busy;        /* inside of here: nothing is counted */
} fault;

#define REAL(name) real_##name
#define DECLARE(type, name, ...) static type (*REAL(name))(__VA_ARGS__)
DECLARE(int, open, const char *, int, ...);
DECLARE(int, close, int);
DECLARE(ssize_t, read, int, void *, size_t);
DECLARE(ssize_t, pread, int, void *, size_t, off_t);
DECLARE(ssize_t, write, int, const void *, size_t);
DECLARE(int, ftruncate, int, off_t);
DECLARE(int, rename, const char *, const char *);
DECLARE(int, unlink, const char *);
DECLARE(int, mkdir, const char *, mode_t);
DECLARE(int, rmdir, const char *);
DECLARE(int, flock, int, int);
DECLARE(int, stat, const char *, struct stat *);
DECLARE(int, lstat, const char *, struct stat *);
DECLARE(int, fstat, int, struct stat *);
DECLARE(DIR *, opendir, const char *);
DECLARE(int, clock_gettime, clockid_t, struct timespec *);

/* ISO C knows no way from an object pointer to a function pointer but this. */
#define FIND(name) (*(void **)(void *)&REAL(name) = dlsym(RTLD_NEXT, #name))

static const struct {
	const char *word;
	enum kind kind;
	int error;
} words[] = {
	{ "kill", KILL, 0 },       { "torn", TORN, 0 },         { "lost", LOST, 0 },          { "zero", ZERO, 0 },
	{ "names", NAMES, 0 },     { "memory", MEMORY, 0 },     { "trace", TRACE, 0 },        { "ENOSPC", FAILS, ENOSPC },
	{ "EIO", FAILS, EIO },     { "EDQUOT", FAILS, EDQUOT }, { "EACCES", FAILS, EACCES },  { "EMFILE", FAILS, EMFILE },
	{ "EINTR", FAILS, EINTR }, { "INT", SIGNALS, SIGINT },  { "TERM", SIGNALS, SIGTERM },
};

static void find_all(void)
{
	FIND(open), FIND(close), FIND(read), FIND(pread), FIND(write), FIND(ftruncate), FIND(rename);
	FIND(unlink), FIND(mkdir), FIND(rmdir), FIND(flock), FIND(stat), FIND(lstat), FIND(fstat), FIND(opendir);
	FIND(clock_gettime);
}

static __attribute__((constructor)) void begin(int argc, char **argv)
{
	const char *what = getenv("FAULT"), *where = getenv("FAULT_IN"), *clock = getenv("FAULT_CLOCK"),
			   *call = getenv("FAULT_AT");
	const char *colon = what ? strchr(what, ':') : NULL;
	fault.busy = true;
	fault.process = getpid();
	find_all();
	fault.log = getenv("FAULT_LOG");
	fault.call = call && *call ? call : NULL;
	fault.clock = clock ? atol(clock) : 0;
	for (size_t i = 0; colon && i < sizeof words / sizeof *words; i++)
		if (strncmp(words[i].word, what, (size_t)(colon - what)) == 0 && !words[i].word[colon - what]) {
			fault.kind = words[i].kind;
			fault.error = words[i].error;
			fault.at = atol(colon + 1);
		}
	if (where && (argc < 2 || strcmp(argv[1], where) != 0))
		fault.kind = NOTHING;
	if (fault.kind == SIGNALS) /* whoever started the process may have had it ignored */
		signal(fault.error, SIG_DFL);
	fault.busy = false;
}

/* What instruments do at the end of a process, such as to write counts of executed lines, are no calls of the program.
 */
static __attribute__((destructor)) void end(void)
{
	fault.busy = true;
}

/* ---- what is not synced yet ---------------------------------------------------------------------------------- */

enum { FILES = 512, PATH = 1024 };

struct content {
	bool there;
	size_t size;
	char *bytes;
};

/* A file that was written: of its bytes those before `synced` survive a power cut. */
static struct written {
	char path[PATH];
	int fd;
	off_t synced;
} written[FILES];

/* A change of a folder that no power cut survives yet. */
static struct change {
	char path[PATH], from[PATH]; /* from: "" when nothing was renamed */
	bool folder;
	struct content before;
} change[FILES];
static size_t writtens, changes;

static struct content content_of(const char *path)
{
	struct content content = { .there = false };
	struct stat now;
	int fd = REAL(open)(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return content;
	if (REAL(fstat)(fd, &now) == 0 && S_ISREG(now.st_mode)) {
		content = (struct content){ true, (size_t)now.st_size, malloc((size_t)now.st_size + 1) };
		if (content.bytes == NULL || REAL(read)(fd, content.bytes, content.size) != (ssize_t)content.size)
			_exit(99);
	}
	REAL(close)(fd);
	return content;
}

static void put_back(const char *path, const struct content *content)
{
	int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || REAL(write)(fd, content->bytes, content->size) != (ssize_t)content->size)
		_exit(99);
	REAL(close)(fd);
}

static struct written *written_of(int fd)
{
	for (size_t i = 0; i < writtens; i++)
		if (written[i].fd == fd)
			return &written[i];
	return NULL;
}

static bool power_fails(void)
{
	return fault.kind == LOST || fault.kind == ZERO || fault.kind == NAMES;
}

static void note_change(const char *path, const char *from, bool folder, struct content before)
{
	if (!power_fails())
		return;
	if (changes == FILES)
		_exit(99);
	struct change *fresh = &change[changes++];
	*fresh = (struct change){ .folder = folder, .before = before };
	snprintf(fresh->path, PATH, "%s", path);
	snprintf(fresh->from, PATH, "%s", from);
}

static void note_open(const char *path, int fd, int flags, struct content before)
{
	struct stat now;
	if (!power_fails() || fd < 0 || (flags & O_ACCMODE) == O_RDONLY || REAL(fstat)(fd, &now) != 0 ||
		!S_ISREG(now.st_mode))
		return;
	if (writtens == FILES)
		_exit(99);
	struct written *fresh = &written[writtens++];
	*fresh = (struct written){ .fd = fd, .synced = now.st_size };
	snprintf(fresh->path, PATH, "%s", path);
	if (!before.there)
		note_change(path, "", false, before);
}

static void note_rename(const char *from, const char *to)
{
	for (size_t i = 0; i < writtens; i++)
		if (strcmp(written[i].path, from) == 0)
			snprintf(written[i].path, PATH, "%s", to);
}

/* "a/b/c" lies in "a/b", "c" in "." */
static bool lies_in(const char *path, const char *folder)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 1;
	return strncmp(slash ? path : ".", folder, n) == 0 && folder[n] == 0;
}

static void forget_changes(const char *folder)
{
	size_t kept = 0;
	for (size_t i = 0; i < changes; i++)
		if (!lies_in(change[i].path, folder))
			change[kept++] = change[i];
	changes = kept;
}

/* What was opened as that descriptor. */
static char opened[64][PATH];

static const char *name_of(int fd)
{
	return fd >= 0 && fd < 64 ? opened[fd] : "";
}

static void note_sync(int fd)
{
	struct written *file = written_of(fd);
	struct stat now;
	if (file && REAL(fstat)(fd, &now) == 0)
		file->synced = now.st_size;
	else
		forget_changes(name_of(fd));
}

static void lose_bytes(bool zeros)
{
	for (size_t i = 0; i < writtens; i++) {
		int fd = REAL(open)(written[i].path, O_WRONLY | O_CLOEXEC);
		struct stat now;
		if (fd < 0 || REAL(fstat)(fd, &now) != 0)
			continue;
		if (now.st_size > written[i].synced && REAL(ftruncate)(fd, written[i].synced) == 0 && zeros)
			(void)!REAL(ftruncate)(fd, now.st_size);
		REAL(close)(fd);
	}
}

static void lose_names(void)
{
	while (changes > 0) {
		const struct change *last = &change[--changes];
		if (last->folder)
			REAL(rmdir)(last->path);
		else if (*last->from)
			REAL(rename)(last->path, last->from);
		else if (!last->before.there)
			REAL(unlink)(last->path);
		if (last->before.there)
			put_back(last->path, &last->before);
	}
}

/* ---- the fault ----------------------------------------------------------------------------------------------- */

static void tell(long number, const char *call, const char *path)
{
	char line[PATH + 64];
	int fd = fault.log ? REAL(open)(fault.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
	if (fd < 0)
		return;
	int n = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
	(void)!REAL(write)(fd, line, (size_t)n);
	REAL(close)(fd);
}

static _Noreturn void die(void)
{
	if (power_fails())
		lose_bytes(fault.kind == ZERO);
	if (fault.kind == NAMES)
		lose_names();
	kill(getpid(), SIGKILL);
	_exit(99);
}

static bool counts(const char *call, const char *path)
{
	size_t n = strlen(call), length = strlen(path);
	if (fault.call == NULL)
		return true;
	if (strncmp(fault.call, call, n) != 0 || fault.call[n] != ' ')
		return false;
	const char *end = fault.call + n + 1;
	return length >= strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

/* A process that was only just made to become another program; instruments write their counts there.  To kill it would
 * leave the one that is meant alive. */
static bool is_child(void)
{
	return fault.kind != FAILS && fault.kind != TRACE && getpid() != fault.process;
}

/* Counts a file call; true when it is to fail, with errno set.  A killed one does not return. */
static bool strikes(const char *call, const char *path)
{
	if (fault.busy || fault.kind == NOTHING || fault.kind == MEMORY || is_child() || !counts(call, path))
		return false;
	if (++fault.files != fault.at && fault.kind != TRACE)
		return false;
	fault.busy = true;
	tell(fault.files, call, path);
	if (fault.kind == SIGNALS)
		raise(fault.error);
	else if (fault.kind != FAILS && fault.kind != TRACE)
		die();
	fault.busy = false;
	errno = fault.error;
	return fault.kind == FAILS;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (REAL(open) == NULL)
		find_all();
	if (strikes("open", path))
		return -1;
	struct content before = { .there = true };
	if (fault.kind == NAMES && flags & O_CREAT)
		before = content_of(path);
	int fd = REAL(open)(path, flags, mode);
	int why = errno;
	note_open(path, fd, flags, before);
	if (fd >= 0 && fd < 64)
		snprintf(opened[fd], PATH, "%s", path);
	errno = why;
	return fd;
}

int close(int fd)
{
	struct written *file = written_of(fd);
	bool failed = strikes("close", name_of(fd));
	if (file)
		file->fd = -1;
	int status = REAL(close)(fd);
	return failed ? (errno = fault.error, -1) : status;
}

ssize_t read(int fd, void *bytes, size_t size)
{
	return strikes("read", name_of(fd)) ? -1 : REAL(read)(fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at)
{
	return strikes("pread", name_of(fd)) ? -1 : REAL(pread)(fd, bytes, size, at);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	if (fault.kind == TORN && fault.files + 1 == fault.at)
		(void)!REAL(write)(fd, bytes, size / 2);
	return strikes("write", name_of(fd)) ? -1 : REAL(write)(fd, bytes, size);
}

/* No power fails but here, so nothing need reach the disk: that saves most of a test's time. */
int fsync(int fd)
{
	if (strikes("fsync", name_of(fd)))
		return -1;
	note_sync(fd);
	return 0;
}

int ftruncate(int fd, off_t size)
{
	struct written *file = written_of(fd);
	if (strikes("ftruncate", name_of(fd)))
		return -1;
	if (file && file->synced > size)
		file->synced = size;
	return REAL(ftruncate)(fd, size);
}

int rename(const char *from, const char *to)
{
	if (strikes("rename", to))
		return -1;
	struct content before = fault.kind == NAMES ? content_of(to) : (struct content){ .there = false };
	int status = REAL(rename)(from, to);
	if (status == 0) {
		note_rename(from, to);
		note_change(to, from, false, before);
	}
	return status;
}

int unlink(const char *path)
{
	if (strikes("unlink", path))
		return -1;
	struct content before = fault.kind == NAMES ? content_of(path) : (struct content){ .there = false };
	int status = REAL(unlink)(path);
	if (status == 0 && before.there)
		note_change(path, "", false, before);
	return status;
}

int mkdir(const char *path, mode_t mode)
{
	if (strikes("mkdir", path))
		return -1;
	int status = REAL(mkdir)(path, mode);
	if (status == 0)
		note_change(path, "", true, (struct content){ .there = false });
	return status;
}

int rmdir(const char *path)
{
	return strikes("rmdir", path) ? -1 : REAL(rmdir)(path);
}

int flock(int fd, int how)
{
	return strikes("flock", name_of(fd)) ? -1 : REAL(flock)(fd, how);
}

int stat(const char *restrict path, struct stat *restrict into)
{
	return strikes("stat", path) ? -1 : REAL(stat)(path, into);
}

int lstat(const char *restrict path, struct stat *restrict into)
{
	return strikes("lstat", path) ? -1 : REAL(lstat)(path, into);
}

int fstat(int fd, struct stat *into)
{
	return strikes("fstat", name_of(fd)) ? -1 : REAL(fstat)(fd, into);
}

DIR *opendir(const char *path)
{
	return strikes("opendir", path) ? NULL : REAL(opendir)(path);
}

int clock_gettime(clockid_t which, struct timespec *into)
{
	static long looks;
	int status = REAL(clock_gettime)(which, into);
	into->tv_sec += fault.clock * looks++;
	return status;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static bool starves(const char *call)
{
	if (fault.busy || fault.kind != MEMORY || __atomic_add_fetch(&fault.allocations, 1, __ATOMIC_RELAXED) != fault.at)
		return false;
	fault.busy = true;
	tell(fault.at, call, "");
	fault.busy = false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return starves("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return starves("calloc") ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return starves("realloc") ? NULL : __libc_realloc(old, size);
}
#endif
