/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_folder.c -- one run folder as it is read: what the run says of itself, and its tables, checked.
 */
#include <config.h>

#include "sim/run/run_folder.h"

#include <errno.h>
#include <math.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/run/columns.h"

enum { LIMIT = 1 << 30 }; /* bytes of one file */

/* What has been read of a run, by file. */
struct run_files {
	struct run_bytes {
		char *bytes; /* NULL: not read, or not kept */
		size_t size;
		bool is_checked; /* its cells are what the columns may hold */
	} file[RUN_FILES];
	size_t *kept, own; /* bytes that are kept: of all that share the count, or of this run */
};

const char *run_folder_setting(const struct run_folder *run, const char *name)
{
	for (size_t i = 0; i < run->settings; i++)
		if (strcmp(run->setting[i].name, name) == 0)
			return run->setting[i].value;
	return "";
}

static const char *path_of(const struct run_folder *run, enum run_file file)
{
	return path_join(run->path, run_file_name(file));
}

static int damaged(const struct run_folder *run, const char *file, const char *what, struct error *err)
{
	fail(err, ERROR_USER, "%s (%s)", what, run->remedy);
	return fail_at(err, path_join(run->path, file), 0, 0);
}

/* Are these the bytes that the run wrote, by its manifest? */
static int vouch(const struct run_folder *run, enum run_file file, const char *bytes, size_t size, struct error *err)
{
	const struct record_file *listed = run_record_file(&run->record, run_file_name(file));
	char hash[SHA256_DIGEST_STRING_LENGTH];
	if (listed == NULL || !*listed->sha256)
		return 0;
	SHA256Data((const uint8_t *)bytes, size, hash);
	if (strcmp(hash, listed->sha256) == 0)
		return 0;
	return damaged(run, listed->name, "is not what the run wrote, by its hash in manifest.json", err);
}

static int read_bytes(const struct run_folder *run, enum run_file file, struct run_bytes *read, struct error *err)
{
	const char *path = path_of(run, file);
	bool exists;
	*read = (struct run_bytes){ .bytes = NULL };
	TRY(file_look(path, &exists, err));
	if (!exists)
		return run_record_file(&run->record, run_file_name(file))
				   ? damaged(run, run_file_name(file), "is missing, though manifest.json lists it", err)
				   : 0;
	TRY(file_read(path, LIMIT, &read->bytes, &read->size, err));
	if (vouch(run, file, read->bytes, read->size, err) == 0)
		return 0;
	free(read->bytes);
	return -1;
}

/* The bytes are kept where there is room for them; else they are the caller's to free. */
static int fetch(const struct run_folder *run, enum run_file file, struct run_bytes *bytes, bool *own,
				 struct error *err)
{
	struct run_bytes *known = &run->files->file[file];
	*own = false;
	if (known->bytes == NULL) {
		struct run_bytes read;
		TRY(read_bytes(run, file, &read, err));
		*own = read.bytes && *run->files->kept + read.size > RUN_KEPT;
		if (*own) {
			*bytes = read;
			return 0;
		}
		*run->files->kept += read.size;
		*known = read;
	}
	*bytes = *known;
	return 0;
}

static int parse(const struct run_folder *run, enum run_file file, const struct run_bytes *bytes,
				 struct csv_table *table, struct error *err)
{
	TRY(csv_read_bytes(path_of(run, file), bytes->bytes, bytes->size, table, err));
	if (bytes->is_checked || run_columns_check(file, table, err) == 0) {
		run->files->file[file].is_checked = true;
		return 0;
	}
	csv_table_free(table);
	return -1;
}

int run_folder_table(const struct run_folder *run, const char *file, struct csv_table *table, struct error *err)
{
	enum run_file which = run_file_find(file);
	struct run_bytes bytes;
	bool own;
	if (which == RUN_FILES)
		BUG("not a file of a run");
	*table = (struct csv_table){ .columns = 0 };
	TRY(fetch(run, which, &bytes, &own, err));
	int status = bytes.bytes ? parse(run, which, &bytes, table, err) : 0;
	if (own)
		free(bytes.bytes);
	return status;
}

int run_folder_verify(const struct run_folder *run, struct error *err)
{
	for (int i = 0; i < RUN_FILES; i++) {
		struct run_bytes bytes;
		bool own = false;
		if (run_record_file(&run->record, run_file_name((enum run_file)i)) == NULL)
			continue;
		TRY(fetch(run, (enum run_file)i, &bytes, &own, err));
		if (own)
			free(bytes.bytes);
	}
	return 0;
}

int run_folder_column(const struct csv_table *table, const char *name, int *column, struct error *err)
{
	*column = csv_column(table, name);
	if (*column >= 0)
		return 0;
	fail(err, ERROR_USER, "there is no column '%s'", name);
	return fail_at(err, table->path, 1, 0);
}

int run_folder_summary(const struct run_folder *run, const char *column, double *value, struct error *err)
{
	bool is_number = true;
	int at = run->summary.rows ? csv_column(&run->summary, column) : -1;
	*value = at < 0 ? NAN : csv_number(&run->summary, 0, at, &is_number);
	if (is_number)
		return 0;
	fail(err, ERROR_USER, "'%s' is not a number (column '%s')", csv_cell(&run->summary, 0, at), column);
	return fail_at(err, path_of(run, FILE_SUMMARY), run->summary.line[0], 0);
}

static void replace_text(const struct csv_table *table, const char *column, const char **text)
{
	int at = csv_column(table, column);
	if (at >= 0 && *csv_cell(table, 0, at))
		*text = text_keep(csv_cell(table, 0, at));
}

/* Where manifest and summary differ on the status, the manifest was written later. */
static void take_summary(struct run_folder *run)
{
	const struct csv_table *table = &run->summary;
	const char *causal = "", *status = run->status;
	replace_text(table, "strategy", &run->strategy);
	replace_text(table, "sentence", &run->sentence);
	replace_text(table, "status", &status);
	replace_text(table, "causal", &causal);
	if (!*run->status)
		run->status = status;
	int at = csv_column(table, "seed");
	if (at >= 0)
		text_to_int(csv_cell(table, 0, at), &run->seed);
	run->sees_future = strcmp(causal, "no") == 0;
}

static bool is_final(const struct run_folder *run)
{
	return strcmp(run->status, "done") == 0 || strcmp(run->status, "diverged") == 0;
}

/* What a finished run says of itself wins over its manifest.  The summary of an interrupted run is not its end. */
static int read_summary(struct run_folder *run, struct error *err)
{
	struct csv_table *table = &run->summary;
	TRY(run_folder_table(run, "summary.csv", table, err));
	if (table->columns == 0 && is_final(run))
		return damaged(run, "summary.csv", "is missing, though the run has ended", err);
	if (table->columns > 0 && table->rows != 1)
		return damaged(run, "summary.csv", "does not have exactly one row", err);
	if (table->rows == 1)
		take_summary(run);
	run->summed_up = table->rows == 1 && is_final(run);
	if (!run->summed_up)
		csv_table_free(table);
	return 0;
}

/* Tokens a step, from any row of a table with both columns: a step sees the same number of them throughout. */
static double pace_of(const struct csv_table *table, const char *steps)
{
	int step = csv_column(table, steps), tokens = csv_column(table, "tokens");
	if (table->rows == 0 || step < 0 || tokens < 0)
		return NAN;
	size_t last = table->rows - 1;
	double pace = csv_number(table, last, tokens, NULL) / csv_number(table, last, step, NULL);
	return isfinite(pace) && pace > 0 ? pace : NAN;
}

/* The summary tells; of a run that has none yet, the steps so far. */
static int read_pace(struct run_folder *run, struct error *err)
{
	struct csv_table table;
	run->tokens_per_step = pace_of(&run->summary, "steps");
	if (!isnan(run->tokens_per_step))
		return 0;
	TRY(run_folder_table(run, "steps.csv", &table, err));
	run->tokens_per_step = pace_of(&table, "step");
	csv_table_free(&table);
	return 0;
}

/* Rows that are gone show in a file's size, before anything is read. */
static int check_sizes(const struct run_folder *run, struct error *err)
{
	for (size_t i = 0; i < run->record.files; i++) {
		const struct record_file *file = &run->record.file[i];
		struct stat now;
		if (stat(path_join(run->path, file->name), &now) != 0)
			return damaged(run, file->name,
						   errno == ENOENT ? "is missing, though manifest.json lists it" : strerror(errno), err);
		if (file->bytes >= 0 && file->bytes != (int64_t)now.st_size)
			return damaged(run, file->name, "is not what the run wrote, by its size in manifest.json", err);
	}
	return 0;
}

static int read_run(struct run_folder *run, struct arena *arena, struct error *err)
{
	TRY(manifest_read(run->path, arena, &run->record, err));
	run->strategy = run->record.strategy;
	run->sentence = run->record.sentence;
	run->status = run->record.status;
	run->seed = run->record.seed;
	run->settings = run->record.effective;
	run->setting = run->record.in_effect;
	TRY(check_sizes(run, err));
	TRY(read_summary(run, err));
	TRY(read_pace(run, err));
	if (!*run->strategy)
		run->strategy = run->name;
	return 0;
}

int run_folder_open(const char *path, const struct run_reading *how, struct run_folder *run, struct error *err)
{
	*run = (struct run_folder){ .path = path,
								.name = path_last(path),
								.label = "",
								.files = calloc(1, sizeof(struct run_files)),
								.remedy = how->remedy };
	if (run->files == NULL)
		error_no_memory("a run's files");
	run->files->kept = how->kept ? how->kept : &run->files->own;
	if (read_run(run, how->arena, err) == 0)
		return 0;
	run_folder_close(run);
	return -1;
}

void run_folder_close(struct run_folder *run)
{
	csv_table_free(&run->summary);
	for (int i = 0; run->files && i < RUN_FILES; i++)
		free(run->files->file[i].bytes);
	free(run->files);
	run->files = NULL;
}

/* The header line and what follows the first line end of the last TAIL bytes, up to the last line end. */
static size_t read_ends(FILE *file, char *text, size_t head, size_t tail)
{
	if (!fgets(text, (int)head, file) || !strchr(text, '\n') || fseek(file, 0, SEEK_END) != 0)
		return 0;
	size_t begin = strlen(text);
	long size = ftell(file), from = size - (long)tail > (long)begin ? size - (long)tail : (long)begin;
	if (size < 0 || fseek(file, from, SEEK_SET) != 0)
		return 0;
	size_t read = fread(text + begin, 1, tail, file);
	char *first = from > (long)begin ? memchr(text + begin, '\n', read) : text + begin - 1;
	if (first == NULL)
		return begin;
	read -= (size_t)(first + 1 - (text + begin));
	memmove(text + begin, first + 1, read);
	while (read > 0 && text[begin + read - 1] != '\n')
		read--;
	return begin + read;
}

void run_folder_tail(const char *folder, const char *name, struct csv_table *table)
{
	enum { HEAD = 4096, TAIL = 8192 };
	const char *path = path_join(folder, name);
	struct error ignored;
	char text[HEAD + TAIL + 1];
	FILE *file = fopen(path, "r");
	*table = (struct csv_table){ .columns = 0 };
	if (file == NULL)
		return;
	size_t size = read_ends(file, text, HEAD, TAIL);
	fclose(file);
	if (size > 0 && csv_read_bytes(path, text, size, table, &ignored) != 0)
		*table = (struct csv_table){ .columns = 0 };
}
