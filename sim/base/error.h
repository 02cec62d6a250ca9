/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * error.h -- the three kinds of errors.
 *
 *   the user's mistake   a function fills a struct error and returns -1; main prints one line and exits 2
 *   a system error       the same, with code ERROR_WORLD (disk, memory, a missing program); exit 1
 *   our own bug          BUG(): one line with file and line, abort
 */
#ifndef SIM_BASE_ERROR_H
#define SIM_BASE_ERROR_H

enum error_code { ERROR_NONE = 0, ERROR_WORLD = 1, ERROR_USER = 2, ERROR_CHECK = 3 };

struct error {
	enum error_code code;
	char file[512];        /* "" when the error is in no file; "--flag" for a command-line flag */
	unsigned line, column; /* from 1; 0: not known */
	char text[1024];       /* what is wrong (what to do), one line */
};

/* Check's header, which tests include first, has a macro of this name. */
#undef fail

/* Fills *err (without a place) and returns -1.  The text is cut, never overrun; control characters in it become '?'.
 * Its old text may be among the arguments. */
int fail(struct error *err, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds a place to an error that names no file yet; a line or column that is already known stays.  Returns -1, so that
 * "return fail_at(...)" passes the failure on. */
int fail_at(struct error *err, const char *file, unsigned line, unsigned column);

/* Writes "moesim: FILE:LINE:COLUMN: text" to stderr, leaving out what is not known; a flag's value has
 * no lines, so its place is "--flag:COLUMN". */
void error_print(const struct error *err);

/* Passes a failure on. */
#define TRY(call)        \
	do {                 \
		if ((call) != 0) \
			return -1;   \
	} while (0)

/* Writes "moesim: out of memory: WHAT" and ends the program with exit code 1. */
_Noreturn void error_no_memory(const char *what);

/* Says where the program is wrong and aborts.  Never for the user's input. */
_Noreturn void bug(const char *file, int line, const char *what);
#define BUG(what) bug(__FILE__, __LINE__, what)

/* Makes every GSL error a BUG(), since inputs are checked before they reach GSL, except running out of memory. */
void error_catch_gsl(void);

#endif
