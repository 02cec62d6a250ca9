/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memory_file.h -- a stream that writes into memory.
 *
 * What open_memstream() leaves out when memory ends it tells nobody, not even ferror(): a number may lose its point.
 */
#ifndef SIM_BASE_MEMORY_FILE_H
#define SIM_BASE_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct memory_file {
	FILE *to;
	char *text;  /* after memory_file_close(): all that was written, with a 0 behind it; malloc'ed, never NULL */
	size_t size; /* its bytes without that 0 */
	size_t room;
	bool lost; /* something found no room */
};

/* The struct must stay where it is until it is closed. */
void memory_file_open(struct memory_file *file);
/* Ends the program when memory did not suffice for all. */
void memory_file_close(struct memory_file *file);

#endif
