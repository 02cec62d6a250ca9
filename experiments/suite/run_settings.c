/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_settings.c -- the settings of `run`, as suites know them.
 */
#include <config.h>

#include "experiments/suite/run_settings.h"

#include <string.h>

#include "experiments/clusters/run_cluster.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"

enum { STREAMS = 64 };

/* The place in the suite is worth more than the file that is missing from a corpus, which goes into the words. */
static int fail_setting(const char *flag, struct error *err)
{
	struct error inner = *err;
	if (*inner.file && strcmp(inner.file, flag) != 0) {
		fail(err, inner.code, "%s: %s", inner.file, inner.text);
		inner.column = 0;
	}
	return fail_at(err, flag, 0, inner.column);
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
		return fail_setting("--stream", err);
	stream_close(&stream);
	if (n < STREAMS)
		tried[n++] = spec;
	return 0;
}

/* Whether experts and batches fit a cluster depends on all settings. */
static int check_cluster(const struct settings *settings, struct error *err)
{
	struct run_cluster cluster;
	return run_cluster_open(settings, &cluster, err) == 0 ? 0 : fail_setting("--cluster", err);
}

static int resolve(const struct assignment *given, size_t n, const char **value, struct error *err)
{
	struct settings settings;
	const struct moe_opt *rows = config_rows();
	TRY(settings_resolve(given, n, &settings, err));
	TRY(check_stream(settings.config.stream, err));
	TRY(check_cluster(&settings, err));
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
