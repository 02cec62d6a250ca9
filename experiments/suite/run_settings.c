/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_settings.c -- the settings of `run`, as suites know them.
 */
#include <config.h>

#include "experiments/suite/run_settings.h"

#include <string.h>

#include "sim/base/text.h"
#include "sim/data/stream.h"

enum { STREAMS = 64 };

/* The place in the suite is worth more than the file that is missing from a corpus, which goes into the words. */
static int fail_stream(struct error *err)
{
	struct error inner = *err;
	if (*inner.file) {
		fail(err, inner.code, "%s: %s", inner.file, inner.text);
		inner.column = 0;
	}
	return fail_at(err, "--stream", 0, inner.column);
}

/* Each stream is tried once, since a corpus takes time to read; the seed does not matter to its options. */
static int check_stream(const char *spec, struct error *err)
{
	static const char *tried[STREAMS]; /* kept texts are the same when their addresses are */
	static size_t n;
	struct stream stream;
	spec = text_keep(spec);
	for (size_t i = 0; i < n; i++)
		if (tried[i] == spec)
			return 0;
	if (stream_open(&stream, spec, 1, err) != 0)
		return fail_stream(err);
	stream_close(&stream);
	if (n < STREAMS)
		tried[n++] = spec;
	return 0;
}

static int resolve(const struct assignment *given, size_t n, const char **value, struct error *err)
{
	struct settings settings;
	const struct moe_opt *rows = config_rows();
	TRY(settings_resolve(given, n, &settings, err));
	TRY(check_stream(settings.config.stream, err));
	for (size_t i = 0; rows[i].name; i++)
		value[i] = settings_value(&settings, &rows[i]);
	return 0;
}

const struct suite_settings *run_settings(void)
{
	static struct suite_settings settings = { .find = config_find, .names = config_names, .resolve = resolve };
	settings.rows = config_rows();
	return &settings;
}
