/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * folder.h -- a folder of the build tree for a test that needs files; it is gone afterwards.
 */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[512];

static inline void folder_setup(void)
{
	const char *top = getenv("top_builddir");
	snprintf(folder, sizeof folder, "%s/tmp.XXXXXX", top == NULL ? "." : top);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static inline int folder_remove_one(const char *path, const struct stat *what, int kind, struct FTW *where)
{
	(void)what, (void)kind, (void)where;
	return remove(path);
}

static inline void folder_teardown(void)
{
	ck_assert_int_eq(nftw(folder, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The path of `name` in the folder; the last four results stay. */
static inline const char *in_folder(const char *name)
{
	static char paths[4][1024];
	static int turn;
	turn = (turn + 1) % 4;
	snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
	return paths[turn];
}

static inline int folder_entries(void)
{
	int n = 0;
	DIR *open = opendir(folder);
	ck_assert_ptr_nonnull(open);
	for (struct dirent *entry; (entry = readdir(open)) != NULL;)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(open);
	return n;
}

static inline void put_file(const char *path, const char *bytes, size_t size)
{
	FILE *to = fopen(path, "wb");
	ck_assert_ptr_nonnull(to);
	ck_assert_uint_eq(fwrite(bytes, 1, size, to), size);
	ck_assert_int_eq(fclose(to), 0);
}

/* The file's text, cut at what fits. */
static inline const char *file_text(const char *path)
{
	static char text[1 << 16];
	FILE *from = fopen(path, "rb");
	ck_assert_ptr_nonnull(from);
	text[fread(text, 1, sizeof text - 1, from)] = 0;
	fclose(from);
	return text;
}

/* A disk that is full after so many bytes of a file; RLIM_INFINITY ends it.  SIGXFSZ must be ignored. */
static inline void limit_files(rlim_t bytes)
{
	struct rlimit now;
	/* no assertion: it would write to a file of Check's own, which the limit would meet */
	if (getrlimit(RLIMIT_FSIZE, &now) != 0)
		abort();
	now.rlim_cur = bytes < now.rlim_max ? bytes : now.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &now) != 0)
		abort();
}

#endif
