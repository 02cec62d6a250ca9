/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_command.c -- any lines as the words of a command line: read by the flags of the command that the first word
 * names, and the settings among them put together.
 */
#include <config.h>

#include "experiments/cli/flags.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"
#include "tests/fuzz/fuzz.h"

enum { WORDS = 64 };

/* The lines of the text, cut apart in it. */
static int words_of(char *text, char **word)
{
	int n = 0;
	for (char *line; n < WORDS && (line = strsep(&text, "\n"));)
		word[n++] = line;
	word[n] = NULL;
	return n;
}

static void resolve(const struct command *command, const void *options)
{
	const struct given *given = options; /* where a command takes settings, its options begin with them */
	struct settings settings;
	struct error err = { .code = ERROR_NONE };
	if (!command->settings)
		return;
	FUZZ_EXPECT(given->n <= sizeof given->assignment / sizeof *given->assignment);
	int status = settings_resolve(given->assignment, given->n, &settings, &err);
	fuzz_check(status, &err);
	FUZZ_EXPECT(status != 0 || settings_hash(&settings) == settings_hash(&settings));
}

static void read_flags(const struct command *command, int argc, char **argv)
{
	struct flags flags = { .opt = NULL };
	struct error err = { .code = ERROR_NONE };
	int status = flags_read(command, argc, argv, &flags, &err);
	fuzz_check(status, &err);
	if (status == 0 && !flags.help) {
		FUZZ_EXPECT(flags.argc >= 0 && flags.argc < argc);
		resolve(command, flags.opt);
	}
	flags_free(&flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = fuzz_text(bytes, size), *word[WORDS + 1];
	struct error err = { .code = ERROR_NONE };
	catalog_use(strategy_parts, strategy_recipes);
	int n = words_of(text, word);
	const struct command *command = command_find(word[0]);
	if (command)
		read_flags(command, n, word);
	else
		fuzz_check(command_unknown(word[0], &err), &err);
	free(text);
	return 0;
}
