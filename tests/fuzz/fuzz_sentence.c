/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_sentence.c -- any text as a strategy: refused with a reason, or printed so that it reads back as the same.
 */
#include <config.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"
#include "strategies/catalog.h"
#include "tests/fuzz/fuzz.h"

/* The sentence in full, or NULL when it is refused. */
static const char *in_full(const char *text)
{
	struct sentence sentence;
	struct layer_options layer;
	struct error err = { .code = ERROR_NONE };
	options_preset(layer_rows, &layer);
	if (sentence_read(text, NULL, &sentence, &err) != 0 || sentence_apply(&sentence, &layer, &err) != 0 ||
		sentence_check(&sentence, &layer, &err) != 0) {
		FUZZ_EXPECT(err.code != ERROR_NONE && err.text[0] != '\0');
		return NULL;
	}
	return sentence_text(&sentence, &layer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	catalog_use(strategy_parts, strategy_recipes);
	char *text = fuzz_text(bytes, size);
	const char *once = in_full(text);
	if (once) {
		const char *twice = in_full(once);
		FUZZ_EXPECT(twice && strcmp(once, twice) == 0);
	}
	free(text);
	return 0;
}
