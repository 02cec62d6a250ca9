/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_run.c -- any bytes as the files of a run folder, read as compare, plot and report read it.
 *
 * A line "=== NAME" begins the file of that name; what stands before the first is manifest.json.  A file of another
 * name than a run's is left out.
 */
#include <config.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiments/report/explorer.h"
#include "experiments/study/study.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"
#include "strategies/catalog.h"
#include "tests/fuzz/fuzz.h"

static char folder[64];

static const char *in_run(const char *name)
{
	static char path[160];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static bool is_file_of_a_run(const char *name)
{
	return strcmp(name, "manifest.json") == 0 || run_file_find(name) != RUN_FILES;
}

static void put(const char *name, const char *text, size_t size)
{
	if (!is_file_of_a_run(name))
		return;
	FILE *to = fopen(in_run(name), "wb");
	FUZZ_EXPECT(to && fwrite(text, 1, size, to) == size && fclose(to) == 0);
}

static void put_all(const char *text, size_t size)
{
	static const char mark[] = "\n=== ";
	const char *name = "manifest.json", *end = text + size;
	for (const char *next; text <= end; text = next) {
		next = memmem(text, (size_t)(end - text), mark, sizeof mark - 1);
		put(name, text, (size_t)((next ? next + 1 : end) - text));
		if (next == NULL)
			return;
		next += sizeof mark - 1;
		const char *line = memchr(next, '\n', (size_t)(end - next));
		if (line == NULL || memchr(next, 0, (size_t)(line - next)))
			return;
		name = text_keep_n(next, (size_t)(line - next));
		next = line + 1;
	}
}

static void take_away(void)
{
	for (int i = 0; i < RUN_FILES; i++)
		unlink(in_run(run_file_name((enum run_file)i)));
	unlink(in_run("manifest.json"));
	rmdir(folder);
}

static void read_tables(const struct run_folder *run)
{
	for (int i = 0; i < RUN_FILES; i++) {
		struct csv_table table;
		struct error err = { .code = ERROR_NONE };
		int status = run_folder_table(run, run_file_name((enum run_file)i), &table, &err);
		fuzz_check(status, &err);
		if (status == 0)
			csv_table_free(&table);
	}
	double loss;
	struct error err = { .code = ERROR_NONE };
	fuzz_check(run_folder_summary(run, "eval_loss", &loss, &err), &err);
}

/* What is taken in of it has no cell of the data left open. */
static void explore(const struct study *study)
{
	struct explorer explorer;
	struct error err = { .code = ERROR_NONE };
	int status = explorer_read(study, true, &explorer, &err);
	fuzz_check(status, &err);
	if (status != 0)
		return;
	FUZZ_EXPECT(explorer.runs + explorer.left_out <= 1 && (explorer.runs == 0 || explorer.shown.steps > 0));
	FILE *to = fopen("/dev/null", "w");
	FUZZ_EXPECT(to != NULL);
	explorer_write(&explorer, to);
	fclose(to);
	explorer_free(&explorer);
}

static void read_study(void)
{
	struct study study;
	struct error err = { .code = ERROR_NONE };
	char *folders[] = { folder };
	int status = study_read(1, folders, &study, &err);
	fuzz_check(status, &err);
	if (status != 0)
		return;
	FUZZ_EXPECT(study.runs.n == 1 && study.n == 1 && *study.series[0].strategy);
	read_tables(&study.runs.run[0]);
	explore(&study);
	study_free(&study);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct csv_table tail;
	catalog_use(strategy_parts, strategy_recipes);
	snprintf(folder, sizeof folder, "/tmp/fuzz-run.%ld", (long)getpid());
	FUZZ_EXPECT(mkdir(folder, 0777) == 0);
	put_all((const char *)bytes, size);
	read_study();
	run_folder_tail(folder, "steps.csv", &tail);
	csv_table_free(&tail);
	take_away();
	return 0;
}
