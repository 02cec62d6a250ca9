/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_number.c -- any text as a number: what is accepted is what the C library reads, and prints so that it reads back
 * as exactly the same value.
 */
#include <config.h>

#include <math.h>

#include "sim/base/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = fuzz_text(bytes, size), buffer[TEXT_NUMBER], *end;
	double real, back;
	int64_t whole;
	if (text_to_real(text, &real)) {
		FUZZ_EXPECT(isfinite(real) && real == strtod(text, &end) && *end == '\0');
		FUZZ_EXPECT(text_to_real(text_of_double(real, buffer), &back) && back == real);
	}
	if (text_to_int(text, &whole) && strspn(text, "-0123456789") == strlen(text))
		FUZZ_EXPECT(whole == strtoll(text, NULL, 10));
	free(text);
	return 0;
}
