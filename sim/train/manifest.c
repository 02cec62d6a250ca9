/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manifest.c -- manifest.json: what ran, with what, and what came out.
 */
#include <config.h>

#include "sim/train/manifest.h"

#include <jansson.h>
#include <math.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "sim/base/build.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/product.h"
#include "sim/base/text.h"

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* JSON is UTF-8, which the name of a file need not be: then every byte beyond ASCII becomes a question mark. */
static json_t *words(const char *text)
{
	json_t *json = json_string(text);
	char *plain = json ? NULL : strdup(text);
	for (char *at = plain; at && *at; at++)
		*at = (unsigned char)*at < 0x80 ? *at : '?';
	if (plain)
		json = json_string(plain);
	free(plain);
	return json;
}

static json_t *settings_json(const struct settings *settings)
{
	json_t *list = json_array();
	const struct moe_opt *rows = config_rows();
	for (size_t i = 0; rows[i].name; i++)
		json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "name", rows[i].name, "value",
											  words(options_value(&rows[i], &settings->config)), "origin",
											  settings_origin(settings->origin[i])));
	return list;
}

static json_t *stream_json(const struct trainer *trainer)
{
	const struct stream *stream = &trainer->stream;
	json_t *domains = json_array();
	for (size_t i = 0; i < stream->domains; i++)
		json_array_append_new(domains, words(stream->domain_names[i]));
	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "sentence", words(stream_spec(stream)),
					 "vocabulary", (json_int_t)stream->vocabulary, "domains", domains, "uniform_loss",
					 number(trainer->anchors.uniform), "unigram_loss", number(trainer->anchors.unigram), "bigram_loss",
					 number(trainer->anchors.bigram), "bayes_loss", number(trainer->anchors.bayes), "oracle_loss",
					 number(trainer->anchors.oracle), "bag_loss", number(trainer->anchors.bag));
}

static json_t *model_json(const struct trainer *trainer)
{
	const struct cost_count *cost = &trainer->cost;
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "params_total", (json_int_t)cost->params_total, "params_active",
					 (json_int_t)cost->params_active, "flops_forward_per_token", (json_int_t)cost->flops_forward,
					 "flops_training_per_token", (json_int_t)cost->flops_training, "memory_bytes",
					 (json_int_t)trainer->arena.bytes);
}

static json_t *build_json(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "version", build.version, "git", build.git, "compiler",
					 build.compiler, "precision", build.precision, "cblas", product_library());
}

static json_t *host_json(int threads)
{
	struct utsname name;
	char now[32] = "";
	time_t seconds = time(NULL);
	struct tm utc;
	if (uname(&name) != 0)
		memset(&name, 0, sizeof name);
	if (gmtime_r(&seconds, &utc))
		strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return json_pack("{s:s, s:s, s:s, s:i, s:s}", "system", name.sysname, "release", name.release, "machine",
					 name.machine, "threads", threads, "written", now);
}

/* Size and SHA-256 of each file that stands in the folder. */
static json_t *files_json(const char *folder)
{
	json_t *files = json_object();
	for (int i = 0; i < RUN_FILES; i++) {
		const char *name = run_file_name((enum run_file)i), *path = path_join(folder, name);
		char hash[SHA256_DIGEST_STRING_LENGTH];
		struct stat now;
		if (i == FILE_TIMING || stat(path, &now) != 0 || SHA256File(path, hash) == NULL)
			continue;
		json_object_set_new(files, name, json_pack("{s:I, s:s}", "bytes", (json_int_t)now.st_size, "sha256", hash));
	}
	return files;
}

int manifest_write(const char *folder, const char *status, const struct trainer *trainer, int threads,
				   struct error *err)
{
	const struct settings *settings = trainer->settings;
	json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "format", 1, "status", status,
							 "strategy", settings->sentence.name, "sentence", settings->text, "seed",
							 (json_int_t)settings->config.seed, "steps_done", (json_int_t)trainer->step, "settings",
							 settings_json(settings), "stream", stream_json(trainer), "model", model_json(trainer),
							 "build", build_json(), "host", host_json(threads));
	if (json && strcmp(status, "running") != 0)
		json_object_set_new(json, "files", files_json(folder));
	char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
	json_decref(json);
	if (text == NULL)
		return fail(err, ERROR_WORLD, "out of memory for the manifest");
	const char *ended = text_keep_f("%s\n", text);
	free(text);
	return file_replace(path_join(folder, "manifest.json"), ended, strlen(ended), err);
}
