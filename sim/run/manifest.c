/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manifest.c -- manifest.json as it is written: what ran, with what, and what came out.
 */
#include <config.h>

#include "sim/run/manifest.h"

#include <errno.h>
#include <inttypes.h>
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
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* JSON is UTF-8, which the name of a file need not be: then every byte beyond ASCII becomes a question mark. */
static json_t *words(const char *text)
{
	errno = 0;
	json_t *json = json_string(text);
	if (json == NULL && errno == ENOMEM)
		error_no_memory("the manifest");
	char *plain = json ? NULL : strdup(text);
	for (char *at = plain; at && *at; at++)
		*at = (unsigned char)*at < 0x80 ? *at : '?';
	if (plain)
		json = json_string(plain);
	free(plain);
	return json;
}

/* A list or an object that lacks a member for want of memory must not pass for a whole one. */
static void append(json_t *list, json_t *member)
{
	if (json_array_append_new(list, member) != 0)
		error_no_memory("the manifest");
}

static json_t *settings_json(const struct settings *settings)
{
	json_t *list = json_array();
	const struct moe_opt *rows = config_rows();
	for (size_t i = 0; rows[i].name; i++)
		append(list, json_pack("{s:s, s:o, s:s}", "name", rows[i].name, "value",
							   words(options_value(&rows[i], &settings->config)), "origin",
							   settings_origin(settings->origin[i])));
	return list;
}

/* A part with its options, so that nothing that reads the manifest has to take a sentence apart. */
static json_t *part_json(const char *kind, const char *name, const struct moe_opt *rows, const void *options)
{
	json_t *values = json_object();
	for (; rows && rows->name; rows++)
		if (json_object_set_new(values, rows->name, words(options_value(rows, options))) != 0)
			error_no_memory("the manifest");
	return json_pack("{s:s, s:s, s:o}", "kind", kind, "name", name, "options", values);
}

static json_t *routing_json(const struct settings *settings)
{
	json_t *parts = json_array(), *layer = json_object();
	for (size_t i = 0; i < sentence_parts(&settings->sentence); i++) {
		const struct part_use *use = sentence_part(&settings->sentence, i);
		append(parts, part_json(catalog_kind(use->part->kind), use->part->name, use->part->opts, use->opt));
	}
	for (const struct moe_opt *row = layer_rows; row->name; row++)
		if (json_object_set_new(layer, row->name, words(options_value(row, &settings->config.layer))) != 0)
			error_no_memory("the manifest");
	return json_pack("{s:o, s:o}", "parts", parts, "layer", layer);
}

static json_t *stream_json(const struct trainer *trainer)
{
	const struct stream *stream = &trainer->stream;
	json_t *domains = json_array();
	for (size_t i = 0; i < stream->domains; i++)
		append(domains, words(stream->domain_names[i]));
	return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "sentence", words(stream_spec(stream)),
					 "part", part_json("stream", stream->type->name, stream->type->opts, stream->opt), "vocabulary",
					 (json_int_t)stream->vocabulary, "domains", domains, "uniform_loss",
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
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "version", build.version, "git", build.git, "compiler",
					 build.compiler, "precision", build.precision, "kernel", product_kernel(), "cblas",
					 product_library());
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

/* Size and SHA-256 of one file. */
static int add_file(json_t *files, const char *folder, enum run_file file, struct error *err)
{
	const char *name = run_file_name(file), *path = path_join(folder, name);
	char hash[SHA256_DIGEST_STRING_LENGTH];
	struct stat now;
	bool found = stat(path, &now) == 0;
	if (!found && errno == ENOENT && run_file_is_optional(file))
		return 0;
	if (!found || SHA256File(path, hash) == NULL)
		return fail(err, ERROR_WORLD, "cannot read: %s", strerror(errno)), fail_at(err, path, 0, 0);
	if (json_object_set_new(files, name, json_pack("{s:I, s:s}", "bytes", (json_int_t)now.st_size, "sha256", hash)) !=
		0)
		error_no_memory("the manifest");
	return 0;
}

static int add_files(json_t *files, const char *folder, struct error *err)
{
	for (int i = 0; i < RUN_FILES; i++)
		if (i != FILE_TIMING)
			TRY(add_file(files, folder, (enum run_file)i, err));
	return 0;
}

static bool has_ended(const char *status)
{
	return strcmp(status, "running") != 0 && strcmp(status, "replacing") != 0;
}

static json_t *manifest_json(const char *status, const struct trainer *trainer, int threads)
{
	const struct settings *settings = trainer->settings;
	char hash[TEXT_NUMBER];
	snprintf(hash, sizeof hash, "%016" PRIx64, settings_hash(settings));
	return json_pack("{s:i, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:s, s:o, s:o, s:o, s:o}", "format", MANIFEST_FORMAT,
					 "status", status, "strategy", settings->sentence.name, "sentence", settings->text, "routing",
					 routing_json(settings), "seed", (json_int_t)settings->config.seed, "steps_done",
					 (json_int_t)trainer->step, "settings", settings_json(settings), "settings_hash", hash, "stream",
					 stream_json(trainer), "model", model_json(trainer), "build", build_json(), "host",
					 host_json(threads));
}

int manifest_write(const char *folder, const char *status, const struct trainer *trainer, int threads,
				   struct error *err)
{
	json_t *json = manifest_json(status, trainer, threads), *files = has_ended(status) ? json_object() : NULL;
	if (has_ended(status) && add_files(files, folder, err) != 0) {
		json_decref(files);
		json_decref(json);
		return -1;
	}
	bool whole = json && (files == NULL || json_object_set_new(json, "files", files) == 0);
	char *text = whole ? json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
	json_decref(json);
	if (text == NULL)
		error_no_memory("the manifest");
	const char *ended = text_keep_f("%s\n", text);
	free(text);
	return file_replace(path_join(folder, "manifest.json"), ended, strlen(ended), err);
}
