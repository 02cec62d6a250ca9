/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_model.c -- any bytes as a config.json or a manifest.json, and the sheet of the models that are accepted.
 */
#include <config.h>

#include "experiments/models/models.h"
#include "experiments/models/sheet.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct model model;
	struct error err = { .code = ERROR_NONE };
	char *text = fuzz_text(bytes, size);
	catalog_use(strategy_parts, strategy_recipes);
	int status = model_parse("config.json", text, size, &model, &err);
	fuzz_check(status, &err);
	if (status == 0) {
		struct sheet sheet;
		fuzz_check(sheet_fill(&sheet, &model, 4096, NULL, &err), &err);
	}
	free(text);
	return 0;
}
