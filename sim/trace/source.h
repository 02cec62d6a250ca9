/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * source.h -- the bytes of a file, standard input or memory, unpacked as they are read when gzip or zstd packed them.
 *
 * The reader works in the buffer: what lies between `begin` and `end` is unread, and SOURCE_BEHIND bytes of 0 stand
 * behind it, so that a scanner needs no other mark of the end.
 */
#ifndef SIM_TRACE_SOURCE_H
#define SIM_TRACE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/error.h"

enum { SOURCE_ROOM = 1 << 18, SOURCE_BEHIND = 64 };

struct source;

/* How packed bytes are unpacked. */
struct source_packing {
	const char *name, *magic; /* the file begins with these bytes */
	const char *unpacker;     /* a command that unpacks from standard input to standard output */
	/* Fills to[room] unless the end comes first. */
	void *(*open)(void);
	int (*read)(void *state, struct source *from, char *to, size_t room, size_t *n, struct error *err);
	void (*close)(void *state);
};

struct source {
	char buffer[SOURCE_ROOM + SOURCE_BEHIND];
	size_t begin, end;
	bool at_end; /* nothing comes behind `end` */

	int fd;            /* or -1: from memory */
	const char *bytes; /* what is left of it */
	size_t size;
	const struct source_packing *packing; /* NULL: the bytes are as they are */
	void *state;
	char *packed; /* read, but not yet unpacked */
	size_t packed_begin, packed_end;
};

/* Opens the file, or standard input for "-", and fills the buffer.  A file of another kind that is known (a tensor, an
 * archive) is an error with the remedy.  NULL on failure. */
struct source *source_open(const char *path, struct error *err);
/* The same from memory, which must outlive the source. */
struct source *source_open_bytes(const void *bytes, size_t size, struct error *err);
void source_close(struct source *source);

/* Moves what is unread to the front of the buffer and fills the rest; afterwards begin is 0, and begin == end when all
 * was read. */
int source_fill(struct source *source, struct error *err);

/* For a packing: more packed bytes, behind those that are left; *any is false at the end of the file. */
int source_fill_packed(struct source *source, bool *any, struct error *err);

extern const struct source_packing source_gzip, source_zstd;

#endif
