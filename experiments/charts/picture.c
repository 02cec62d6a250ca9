/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * picture.c -- a picture that gnuplot draws, whole or not at all.
 */
#include <config.h>

#include "experiments/charts/picture.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/files.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

/* Browsers smooth small pictures that are drawn large; the cells of a heat map have edges. */
static int sharpen(const char *path, struct error *err)
{
	static const char from[] = "preserveAspectRatio='none'", to[] = " image-rendering='pixelated'";
	char *text;
	size_t size;
	struct memory_file sharp;
	TRY(file_read(path, (size_t)1 << 28, &text, &size, err));
	memory_file_open(&sharp);
	const char *at = text;
	for (const char *image; (image = strstr(at, from)) != NULL; at = image + strlen(from))
		fprintf(sharp.to, "%.*s%s", (int)(image + strlen(from) - at), at, to);
	fputs(at, sharp.to);
	memory_file_close(&sharp);
	int failed = sharp.size != size ? file_replace(path, sharp.text, sharp.size, err) : 0;
	free(text);
	free(sharp.text);
	return failed;
}

/* gnuplot does not check whether its writes succeed: on a full disk it ends well and leaves half a picture. */
static bool is_whole(const char *path, const char *format)
{
	static const char *const endings[][2] = { { "png", "IEND\xae\x42\x60\x82" },
											  { "svg", "</svg>" },
											  { "pdf", "%%EOF" } };
	char end[32];
	FILE *picture = fopen(path, "rb");
	size_t n = 0;
	if (picture && fseek(picture, -(long)sizeof end, SEEK_END) == 0)
		n = fread(end, 1, sizeof end, picture);
	if (picture)
		fclose(picture);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strcmp(endings[i][0], format) == 0)
			return memmem(end, n, endings[i][1], strlen(endings[i][1])) != NULL;
	return false;
}

static int finish(const char *path, const char *whole, const char *name, const char *format, struct error *err)
{
	if (!is_whole(path, format))
		return fail(err, ERROR_WORLD, "gnuplot ended without a whole picture of %s (is the disk full?)", name);
	if (strcmp(format, "svg") == 0)
		TRY(sharpen(path, err));
	return file_place(path, whole, err);
}

/* It is drawn under another name, that of a file of our own making, and appears whole. */
enum gnuplot_end picture_draw(const char *folder, const char *name, const char *format, unsigned seconds,
							  struct error *err)
{
	const char *whole = path_join(folder, text_keep_f("%s.%s", name, format)), *path;
	if (file_reserve(whole, &path, err) != 0)
		return GNUPLOT_FAILED;
	const char *settings = text_keep_f("format='%s'; out='%s'", format, path_last(path));
	enum gnuplot_end end = gnuplot_run(folder, text_keep_f("%s.gp", name), settings, seconds, err);
	if (end == GNUPLOT_DREW && finish(path, whole, name, format, err) != 0)
		end = GNUPLOT_FAILED;
	if (end != GNUPLOT_DREW)
		unlink(path);
	return end;
}
