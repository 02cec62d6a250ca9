/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz.h -- what the fuzz targets share.  A target feeds any bytes to one reader; the sanitizers watch, and what the
 * reader says of the bytes must make sense.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"

/* called by libFuzzer */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define FUZZ_EXPECT(what) \
	do {                  \
		if (!(what))      \
			BUG(#what);   \
	} while (0)

/* The bytes as a text, to be freed. */
static inline char *fuzz_text(const uint8_t *bytes, size_t size)
{
	char *text = (char *)malloc(size + 1);
	FUZZ_EXPECT(text);
	if (size > 0)
		memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

/* A reader that fails says why, in one line. */
static inline void fuzz_check(int status, const struct error *err)
{
	FUZZ_EXPECT(status == 0 || (status == -1 && err->code != ERROR_NONE && err->text[0] != '\0'));
	FUZZ_EXPECT(!strpbrk(err->text, "\n\r"));
}

#endif
