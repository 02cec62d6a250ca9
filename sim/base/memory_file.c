/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memory_file.c -- a stream that writes into memory.
 */
#include <config.h>

#include "sim/base/memory_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "sim/base/error.h"

static bool reserve(struct memory_file *file, size_t more)
{
	if (file->room - file->size > more)
		return true;
	size_t room = 2 * file->room + more + 1;
	char *text = realloc(file->text, room);
	if (text == NULL)
		return false;
	file->text = text;
	file->room = room;
	return true;
}

/* The program cannot end in here, since the stream is in use; so what is lost is remembered. */
static ssize_t take(void *cookie, const char *bytes, size_t n)
{
	struct memory_file *file = cookie;
	if (file->lost || !reserve(file, n)) {
		file->lost = true;
		return 0;
	}
	memcpy(file->text + file->size, bytes, n);
	file->size += n;
	file->text[file->size] = 0;
	return (ssize_t)n;
}

void memory_file_open(struct memory_file *file)
{
	const cookie_io_functions_t functions = { .write = take };
	*file = (struct memory_file){ .to = fopencookie(file, "w", functions) };
	if (file->to == NULL || !reserve(file, 0))
		error_no_memory("a string");
	*file->text = 0;
}

void memory_file_close(struct memory_file *file)
{
	if (fclose(file->to) != 0 || file->lost)
		error_no_memory("a string");
	file->to = NULL;
}
