/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * columns.c -- the run folder's files and their columns as a table, made from columns.def.
 */
#include <config.h>

#include "sim/run/columns.h"

#include <string.h>

#include "sim/base/text.h"
#include "sim/cluster/topology.h"

static size_t tokens_seen(const struct run_row *row)
{
	return row->trainer->step * row->trainer->net.call.tokens;
}

/* The tokens of the evaluation's batches before the last, which is the one in memory. */
static size_t held_out_before(const struct run_row *row)
{
	return (row->trainer->eval_batches - 1) * row->trainer->net.call.tokens;
}

/* Before the first step there is no loss. */
static double term(const struct trainer *trainer, const char *column)
{
	return trainer->step ? trainer_term(trainer, column) : NAN;
}

static double price_mean(const struct run_price *price, double sum)
{
	return price->layers ? sum / (double)price->layers : NAN;
}

/* A layer that nothing is routed to takes no time. */
static double exposed_share(const struct run_price *price)
{
	return price->seconds > 0 ? price->exposed / price->seconds : NAN;
}

static const char *kind_of(const struct run_row *row)
{
	return bare_word(&row->trainer->net.call, row->expert);
}

#define CELL_TERM(to, trainer) csv_measured((to), term((trainer), own_name))
enum { KIND_OF_TERM = CSV_BY_NAME };

#define COLUMN(file, name, unit, meaning, ...) COLUMN_PUT(run_row, file, name, __VA_ARGS__)
#include "sim/run/columns.def"
#undef COLUMN

enum {
	steps = FILE_STEPS,
	layers,
	experts,
	domains,
	tokens,
	timing,
	summary,
	positions,
	bandwidth,
	phases,
	devices,
	steps_on_cluster,
	summary_on_cluster
};

const struct csv_column run_columns[] = {
#define COLUMN(file, name, unit, meaning, kind, ...) COLUMN_ROW(file, file, name, unit, meaning, kind)
#include "sim/run/columns.def"
#undef COLUMN
	{ .name = NULL },
};

static const char *const file_names[] = {
	[FILE_STEPS] = "steps.csv",         [FILE_LAYERS] = "layers.csv",   [FILE_EXPERTS] = "experts.csv",
	[FILE_DOMAINS] = "domains.csv",     [FILE_TIMING] = "timing.csv",   [FILE_SUMMARY] = "summary.csv",
	[FILE_POSITIONS] = "positions.csv", [FILE_TOKENS] = "tokens.csv",   [FILE_BANDWIDTH] = "bandwidth.csv",
	[FILE_PHASES] = "phases.csv",       [FILE_DEVICES] = "devices.csv",
};

const char *run_file_name(enum run_file file)
{
	return file_names[file];
}

bool run_file_is_of_the_end(enum run_file file)
{
	return file == FILE_SUMMARY || run_file_is_optional(file);
}

bool run_file_is_optional(enum run_file file)
{
	return file == FILE_POSITIONS || file >= FILE_BANDWIDTH;
}

enum run_file run_file_find(const char *name)
{
	int file = 0;
	while (file < RUN_FILES && strcmp(file_names[file], name) != 0)
		file++;
	return (enum run_file)file;
}

/* The columns of a file that are there where the run has a cluster; -1: none. */
static int on_cluster(enum run_file file)
{
	return file == FILE_STEPS ? STEPS_ON_CLUSTER : file == FILE_SUMMARY ? SUMMARY_ON_CLUSTER : -1;
}

enum run_file run_column_file(const struct csv_column *column)
{
	return column->file == STEPS_ON_CLUSTER     ? FILE_STEPS
		   : column->file == SUMMARY_ON_CLUSTER ? FILE_SUMMARY
												: (enum run_file)column->file;
}

int run_columns_check(enum run_file file, const struct csv_table *table, struct error *err)
{
	TRY(csv_columns_check(run_columns, (int)file, table, err));
	return csv_columns_check(run_columns, on_cluster(file), table, err);
}

static const char *column_of(const struct sentence *sentence, size_t balancer)
{
	return ((const struct moe_balancer *)sentence->balancer[balancer].part)->column;
}

static bool is_foreseen(const char *column)
{
	return csv_columns_find(run_columns, FILE_STEPS, column) != NULL;
}

/* Two balancers may share a column, which shows their sum. */
static bool is_first(const struct sentence *sentence, size_t balancer)
{
	for (size_t i = 0; i < balancer; i++)
		if (column_of(sentence, i) && strcmp(column_of(sentence, i), column_of(sentence, balancer)) == 0)
			return false;
	return true;
}

const char *run_term(const struct sentence *sentence, size_t number)
{
	for (size_t i = 0; i < sentence->balancers; i++) {
		const char *column = column_of(sentence, i);
		if (column && !is_foreseen(column) && is_first(sentence, i) && number-- == 0)
			return column;
	}
	return NULL;
}

int run_terms_check(const struct sentence *sentence, struct error *err)
{
	for (size_t i = 0; i < sentence->balancers; i++) {
		const char *column = column_of(sentence, i);
		const struct csv_column *found = column ? csv_columns_find(run_columns, FILE_STEPS, column) : NULL;
		if (column && found == NULL)
			found = csv_columns_find(run_columns, STEPS_ON_CLUSTER, column);
		if (found && found->kind != CSV_BY_NAME)
			return fail(err, ERROR_USER, "balancer '%s' calls its loss '%s', which is another column of steps.csv",
						sentence->balancer[i].part->name, column);
	}
	return 0;
}

const char *run_file_header(enum run_file file, const struct settings *settings)
{
	const char *header = csv_columns_header(run_columns, (int)file), *term_name;
	if (on_cluster(file) >= 0 && *settings->config.cluster)
		header = text_keep_f("%s,%s", header, csv_columns_header(run_columns, on_cluster(file)));
	for (size_t i = 0; file == FILE_STEPS && (term_name = run_term(&settings->sentence, i)); i++)
		header = text_keep_f("%s,%s", header, term_name);
	return header;
}

void run_file_row(enum run_file file, struct csv_writer *to, const struct run_row *row)
{
	const struct sentence *sentence = &row->trainer->settings->sentence;
	const char *term_name;
	csv_columns_put(run_columns, (int)file, to, row);
	if (*row->trainer->settings->config.cluster)
		csv_columns_put(run_columns, on_cluster(file), to, row);
	for (size_t i = 0; file == FILE_STEPS && (term_name = run_term(sentence, i)); i++)
		csv_measured(to, term(row->trainer, term_name));
	csv_row(to);
}
