/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * files.h -- files that appear whole or not at all, and the folders around them.
 */
#ifndef SIM_BASE_FILES_H
#define SIM_BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/error.h"

/* write(2) until all bytes are out, whatever signals do; -1 and errno on failure. */
int file_write_all(int fd, const void *bytes, size_t size);

/* Writes to a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder.  On failure
 * the old file is untouched and no temporary file is left.  Devices and folders are refused. */
int file_replace(const char *path, const void *bytes, size_t size, struct error *err);
/* The same from several pieces, one after the other. */
struct file_piece {
	const void *bytes;
	size_t size;
};
int file_replace_pieces(const char *path, const struct file_piece *piece, size_t pieces, struct error *err);

/* For what is written piece by piece.  file_reserve() makes an empty file beside `path` and returns its name, which
 * lives as long as the program; once it is written, synced and closed, file_place() puts it in the place of `path` and
 * syncs the folder.  On failure no file is left behind. */
int file_reserve(const char *path, const char **beside, struct error *err);
int file_place(const char *beside, const char *path, struct error *err);
/* Is this the name of such a file beside another?  Only a process that was killed leaves one. */
bool file_is_leftover(const char *name);

/* Reads a whole file of at most `limit` bytes; *bytes is malloc'ed and ends in an extra 0.  A missing file is the
 * user's mistake. */
int file_read(const char *path, size_t limit, char **bytes, size_t *size, struct error *err);

/* Creates the folder and its parents, so that they survive a power cut; succeeds if it exists. */
int folder_make(const char *path, struct error *err);
/* Has the names in the folder survive a power cut. */
int folder_sync(const char *path, struct error *err);
/* Removes the files of the folder that are left over from killed processes. */
int folder_sweep(const char *path, struct error *err);
bool folder_exists(const char *path);
/* Is there anything but a folder? */
bool file_exists(const char *path);
/* The same where "cannot tell" must not be taken for "no": *exists, or -1 and *err. */
int file_look(const char *path, bool *exists, struct error *err);
/* Is the name itself a symbolic link? */
bool path_is_link(const char *path);
/* Removes the file; succeeds if there is none. */
int file_remove(const char *path, struct error *err);

/* "a/b" in memory that lives as long as the program. */
const char *path_join(const char *folder, const char *name);
/* "b" of "a/b" and "a/b/", "" of "/"; lives as long as the program. */
const char *path_last(const char *path);

#endif
