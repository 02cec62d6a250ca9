/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite_note.h -- suite.json: what a suite's folder says of the question and the command that made it.
 */
#ifndef EXPERIMENTS_SUITE_SUITE_NOTE_H
#define EXPERIMENTS_SUITE_SUITE_NOTE_H

#include <stdbool.h>

#include "sim/base/error.h"

enum { SUITE_FLAGS = 3 };

struct suite_note {
	const char *name, *question, *file; /* the file as it was given */
	const char *flag[SUITE_FLAGS];      /* "--seeds=1..5": what shapes the grid besides; NULL: not given */
};

/* Texts of a note that is read live as long as the program.  A folder without one gives empty texts. */
int suite_note_read(const char *folder, struct suite_note *note, struct error *err);
/* Is it the folder of a suite?  Where results of its runs may be put without being told. */
bool suite_note_exists(const char *folder);
int suite_note_write(const char *folder, const struct suite_note *note, struct error *err);

#endif
