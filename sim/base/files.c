/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * files.c -- files that appear whole or not at all, and the folders around them.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/error.h"
#include "sim/base/files.h"
#include "sim/base/memory.h"
#include "sim/base/text.h"

int file_write_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;
	while (size > 0) {
		ssize_t n = write(fd, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* One read(), taken up again after a signal. */
static ssize_t read_some(int fd, char *into, size_t room)
{
	ssize_t n;
	do
		n = read(fd, into, room);
	while (n < 0 && errno == EINTR);
	return n;
}

static int cannot(const char *what, const char *path, struct error *err)
{
	fail(err, ERROR_WORLD, "cannot %s: %s", what, strerror(errno));
	return fail_at(err, path, 0, 0);
}

/* "a/b/c" -> "a/b", "c" -> ".", "/c" -> "/". */
static const char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return ".";
	return slash == path ? "/" : text_keep_n(path, (size_t)(slash - path));
}

/* After this new names in the folder survive a power failure.  Some file systems cannot sync a folder: then nothing is
 * lost that could have been had. */
int folder_sync(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		return 0;
	if (fd < 0)
		return cannot("sync the folder", path, err);
	int status = 0;
	if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
		status = cannot("sync the folder", path, err);
	close(fd);
	return status;
}

static int write_and_sync(int fd, const struct file_piece *piece, size_t pieces)
{
	int status = 0;
	for (size_t i = 0; i < pieces && status == 0; i++)
		status = file_write_all(fd, piece[i].bytes, piece[i].size);
	if (status == 0)
		status = fsync(fd);
	int why = errno;
	if (close(fd) != 0 && status == 0)
		return -1;
	errno = why;
	return status;
}

/* A rename would put a plain file in the place of a device such as /dev/full. */
static int check_replaceable(const char *path, struct error *err)
{
	struct stat now;
	if (stat(path, &now) != 0 || S_ISREG(now.st_mode))
		return 0;
	fail(err, ERROR_WORLD, "cannot write: is %s, not a file", S_ISDIR(now.st_mode) ? "a folder" : "a device");
	return fail_at(err, path, 0, 0);
}

/* Opens a new file beside `path`; *name is malloc'ed. */
static int open_beside(const char *path, char **name)
{
	for (unsigned i = 0; i < 100; i++) {
		if (asprintf(name, "%s.%ld-%u.tmp", path, (long)getpid(), i) < 0)
			error_no_memory("a file name");
		int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd;
		free(*name);
	}
	*name = NULL;
	errno = EEXIST;
	return -1;
}

int file_replace(const char *path, const void *bytes, size_t size, struct error *err)
{
	return file_replace_pieces(path, &(struct file_piece){ bytes, size }, 1, err);
}

int file_replace_pieces(const char *path, const struct file_piece *piece, size_t pieces, struct error *err)
{
	TRY(check_replaceable(path, err));
	char *beside;
	int fd = open_beside(path, &beside), status = 0;
	if (fd < 0) {
		free(beside);
		return cannot("create", path, err);
	}
	if (write_and_sync(fd, piece, pieces) != 0) {
		status = cannot("write", path, err);
		unlink(beside);
	} else {
		status = file_place(beside, path, err);
	}
	free(beside);
	return status;
}

/* Names that were handed out; what still has one when the program ends, as for lack of memory, is half-written. */
static struct {
	char **name; /* [n] */
	size_t n;
} reserved;

static void remove_reserved(void)
{
	for (size_t i = 0; i < reserved.n; i++) {
		unlink(reserved.name[i]);
		free(reserved.name[i]);
	}
	free(reserved.name);
	reserved.name = NULL;
	reserved.n = 0;
}

/* Room for one more name.  Memory that runs out ends the program, so that there must be no file yet. */
static void prepare_reserved(void)
{
	if (reserved.name == NULL)
		atexit(remove_reserved);
	reserved.name = memory_resize(reserved.name, reserved.n + 1, sizeof *reserved.name, "a file name");
}

int file_reserve(const char *path, const char **beside, struct error *err)
{
	TRY(check_replaceable(path, err));
	prepare_reserved();
	char *name;
	int fd = open_beside(path, &name);
	if (fd < 0) {
		free(name);
		return cannot("create", path, err);
	}
	*beside = reserved.name[reserved.n++] = name;
	close(fd);
	return 0;
}

int file_place(const char *beside, const char *path, struct error *err)
{
	if (rename(beside, path) != 0) {
		cannot("put the new file in place", path, err);
		unlink(beside);
		return -1;
	}
	return folder_sync(folder_of(path), err);
}

bool file_is_leftover(const char *name)
{
	static const char ending[] = ".tmp", digits[] = "0123456789";
	size_t n = strlen(name), room = sizeof ending - 1;
	const char *dot = n > room && strcmp(name + n - room, ending) == 0 ? name + n - room : NULL;
	while (dot && dot > name && dot[-1] != '.')
		dot--;
	if (dot == NULL || dot == name)
		return false;
	size_t pid = strspn(dot, digits), try = dot[pid] == '-' ? strspn(dot + pid + 1, digits) : 0;
	return pid > 0 && try > 0 && strcmp(dot + pid + 1 + try, ending) == 0;
}

int file_remove(const char *path, struct error *err)
{
	return unlink(path) == 0 || errno == ENOENT ? 0 : cannot("remove", path, err);
}

/* A name that leads nowhere is the user's mistake; a file that cannot be read is the world's. */
static int cannot_read(const char *path, struct error *err)
{
	bool wrong_name = errno == ENOENT || errno == ENOTDIR || errno == EISDIR || errno == ENAMETOOLONG || errno == ELOOP;
	fail(err, wrong_name ? ERROR_USER : ERROR_WORLD, "cannot read: %s", strerror(errno));
	return fail_at(err, path, 0, 0);
}

struct growing {
	char *bytes;
	size_t size, room;
};

/* Room for at least one more byte besides the final 0. */
static bool grow(struct growing *text, size_t limit)
{
	if (text->size + 1 < text->room)
		return true;
	size_t room = text->room < SIZE_MAX / 2 ? 2 * text->room : SIZE_MAX;
	if (room > limit && limit <= SIZE_MAX - 2)
		room = limit + 2; /* one byte more than allowed tells that the file is too big */
	char *bytes = room > text->room ? realloc(text->bytes, room) : NULL;
	if (bytes == NULL)
		return false;
	text->bytes = bytes;
	text->room = room;
	return true;
}

static int read_all(int fd, struct growing *text, size_t limit)
{
	for (;;) {
		if (!grow(text, limit)) {
			errno = ENOMEM;
			return -1;
		}
		ssize_t n = read_some(fd, text->bytes + text->size, text->room - text->size - 1);
		if (n < 0)
			return -1;
		text->size += (size_t)n;
		if (n == 0 || text->size > limit) {
			text->bytes[text->size] = 0;
			return 0;
		}
	}
}

/* The first guess of the room: the size of a plain file, so that it is read in one go. */
static size_t first_room(int fd, size_t limit)
{
	struct stat now;
	size_t room = 1 << 14;
	if (fstat(fd, &now) == 0 && S_ISREG(now.st_mode) && now.st_size > 0)
		room = (uintmax_t)now.st_size < limit ? (size_t)now.st_size + 2 : limit;
	return room < 16 ? 16 : room;
}

static int too_big(const char *path, size_t limit, struct error *err)
{
	char number[TEXT_NUMBER];
	fail(err, ERROR_USER, "is larger than %s, the limit for such files", text_of_bytes((double)limit, number));
	return fail_at(err, path, 0, 0);
}

int file_read(const char *path, size_t limit, char **bytes, size_t *size, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot_read(path, err);
	size_t room = first_room(fd, limit);
	struct growing text = { .bytes = malloc(room), .room = room };
	int status = 0;
	if (text.bytes == NULL)
		error_no_memory(path);
	if (read_all(fd, &text, limit) != 0)
		status = cannot_read(path, err);
	else if (text.size > limit)
		status = too_big(path, limit, err);
	close(fd);
	if (status != 0) {
		free(text.bytes);
		return -1;
	}
	*bytes = text.bytes;
	*size = text.size;
	return 0;
}

bool folder_exists(const char *path)
{
	struct stat now;
	return stat(path, &now) == 0 && S_ISDIR(now.st_mode);
}

bool file_exists(const char *path)
{
	struct stat now;
	return stat(path, &now) == 0 && !S_ISDIR(now.st_mode);
}

int file_look(const char *path, bool *exists, struct error *err)
{
	struct stat now;
	*exists = stat(path, &now) == 0;
	if (*exists || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return cannot("look for the file", path, err);
}

bool path_is_link(const char *path)
{
	struct stat now;
	return lstat(path, &now) == 0 && S_ISLNK(now.st_mode);
}

int folder_sweep(const char *path, struct error *err)
{
	DIR *dir = opendir(path);
	int status = 0;
	if (dir == NULL)
		return cannot("read the folder", path, err);
	for (struct dirent *entry; status == 0 && (entry = readdir(dir));)
		if (file_is_leftover(entry->d_name))
			status = file_remove(path_join(path, entry->d_name), err);
	closedir(dir);
	return status;
}

/* Another process may create the same folder at the same moment: only what stands there in the end counts. */
static int make_one(const char *path, struct error *err)
{
	if (mkdir(path, 0777) == 0)
		return folder_sync(folder_of(path), err);
	int why = errno;
	if (folder_exists(path))
		return 0;
	errno = why;
	if (errno == EEXIST || errno == ENOTDIR) {
		fail(err, ERROR_USER, "cannot create a folder here: %s",
			 errno == EEXIST ? "a file of this name exists" : "part of the path is a file");
		return fail_at(err, path, 0, 0);
	}
	return cannot("create the folder", path, err);
}

int folder_make(const char *path, struct error *err)
{
	if (*path == 0)
		return fail(err, ERROR_USER, "empty folder name");
	char *partial = strdup(path);
	if (partial == NULL)
		error_no_memory("a file name");
	int status = 0;
	for (char *slash = strchr(partial + 1, '/'); slash != NULL && status == 0; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		status = make_one(partial, err);
		*slash = '/';
	}
	if (status == 0)
		status = make_one(partial, err);
	free(partial);
	return status;
}

const char *path_join(const char *folder, const char *name)
{
	size_t n = strlen(folder);
	bool bare = n == 0 || folder[n - 1] == '/';
	return text_keep_f("%s%s%s", folder, bare ? "" : "/", name);
}

const char *path_last(const char *path)
{
	size_t end = strlen(path), begin;
	while (end > 1 && path[end - 1] == '/')
		end--;
	for (begin = end; begin > 0 && path[begin - 1] != '/';)
		begin--;
	return text_keep_n(path + begin, end - begin);
}
