/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_matrix.c -- any bytes as a matrix, CSV or .npy; what is accepted is finite, and has as many numbers as it says.
 */
#include <config.h>

#include <math.h>

#include "sim/base/matrix.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct matrix matrix;
	struct error err = { .code = ERROR_NONE };
	int status = matrix_read_bytes("fuzz.npy", bytes, size, &matrix, &err);
	fuzz_check(status, &err);
	if (status != 0) {
		FUZZ_EXPECT(matrix.value == NULL && matrix.name == NULL && matrix.line == NULL);
		return 0;
	}
	FUZZ_EXPECT(matrix.rows > 0 && matrix.columns > 0 && matrix.rows * matrix.columns <= size);
	for (size_t i = 0; i < matrix.rows * matrix.columns; i++)
		FUZZ_EXPECT(isfinite(matrix.value[i]));
	for (size_t row = 1; matrix.line && row < matrix.rows; row++)
		FUZZ_EXPECT(matrix.line[row] > matrix.line[row - 1]);
	matrix_free(&matrix);
	return 0;
}
