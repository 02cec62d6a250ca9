/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memory_file.h -- a stream that writes into memory.
 *
 * open_memstream() drops output silently when memory runs out, without even setting ferror(): a number may lose its
 * decimal point.
 */
#ifndef SIM_BASE_MEMORY_FILE_H
#define SIM_BASE_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct memory_file {
	FILE *to;
	char *text;  /* after memory_file_close(): all that was written, with a final 0; malloc'ed, never NULL */
	size_t size; /* its bytes without that 0 */
	size_t room;
	bool lost; /* something found no room */
};

/* The struct must stay where it is until it is closed. */
void memory_file_open(struct memory_file *file);
/* Ends the program when memory ran out on the way. */
void memory_file_close(struct memory_file *file);

#endif
