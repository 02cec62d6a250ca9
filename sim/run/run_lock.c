/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_lock.c -- a run's folder made or checked, held against a second process, and cleared.
 */
#include <config.h>

#include "sim/run/run_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/base/files.h"
#include "sim/run/columns.h"

/* What a process left that was killed while it wrote the first manifest counts as nothing. */
static bool is_empty(const char *folder)
{
	DIR *dir = opendir(folder);
	bool empty = dir != NULL || errno == ENOENT;
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !file_is_leftover(entry->d_name))
			empty = false;
	if (dir)
		closedir(dir);
	return empty;
}

static int refuse_folder(const char *folder, enum run_mode mode, struct error *err)
{
	bool holds_run;
	TRY(file_look(path_join(folder, "manifest.json"), &holds_run, err));
	if (holds_run) {
		if (mode != RUN_NEW)
			return 0;
		fail(err, ERROR_USER, "the folder holds a run (choose another --out, or give --resume or --force)");
	} else if (mode == RUN_RESUME)
		fail(err, ERROR_USER, "there is no run to resume here");
	else if (!is_empty(folder))
		fail(err, ERROR_USER, "the folder is not empty and holds no run (choose another --out)");
	else
		return 0;
	return fail_at(err, folder, 0, 0);
}

static int hold(struct run_lock *lock, struct error *err)
{
	lock->fd = open(lock->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock->fd >= 0 && flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	fail(err, ERROR_WORLD,
		 errno == EWOULDBLOCK ? "another process is writing to this folder" : "cannot lock the folder: %s",
		 strerror(errno));
	return fail_at(err, lock->folder, 0, 0);
}

static int remove_files(const struct run_lock *lock, bool all, struct error *err)
{
	for (int i = 0; i < RUN_FILES; i++)
		if (all || run_file_is_of_the_end((enum run_file)i))
			TRY(file_remove(path_join(lock->folder, run_file_name((enum run_file)i)), err));
	return folder_sync(lock->folder, err);
}

int run_lock_clear(const struct run_lock *lock, struct error *err)
{
	TRY(file_remove(path_join(lock->folder, "checkpoint.bin"), err));
	return remove_files(lock, true, err);
}

int run_lock_clear_end(const struct run_lock *lock, struct error *err)
{
	return remove_files(lock, false, err);
}

static bool is_writable(const char *folder)
{
	return access(folder, W_OK | X_OK) == 0;
}

int run_lock_take(struct run_lock *lock, const char *folder, enum run_mode mode, struct error *err)
{
	*lock = (struct run_lock){ .folder = folder, .fd = -1 };
	if (folder_exists(folder) || mode == RUN_RESUME)
		TRY(refuse_folder(folder, mode, err));
	TRY(folder_make(folder, err));
	if (!is_writable(folder))
		return fail(err, ERROR_WORLD, "cannot write into this folder: %s", strerror(errno)), fail_at(err, folder, 0, 0);
	TRY(hold(lock, err));
	TRY(refuse_folder(folder, mode, err)); /* another process may have made a run here until a moment ago */
	return folder_sweep(folder, err);
}

void run_lock_release(struct run_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
