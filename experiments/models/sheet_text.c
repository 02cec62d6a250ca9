/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sheet_text.c -- sheets of models on stdout: as tables, CSV or JSON.
 */
#include <config.h>

#include "experiments/models/sheet_text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "experiments/host/json_rows.h"
#include "experiments/host/table.h"
#include "sim/base/csv.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"

static const char *csv_header(const struct sheet *sheet)
{
	const char *header = sheet->cell[0].column;
	for (size_t i = 1; i < sheet->cells; i++)
		header = text_keep_f("%s,%s", header, sheet->cell[i].column);
	return header;
}

static void put_cell(struct csv_writer *csv, const struct sheet_cell *cell)
{
	switch (cell->kind) {
	case SHEET_INT:
		csv_int(csv, cell->number);
		break;
	case SHEET_REAL:
		csv_double(csv, cell->real);
		break;
	case SHEET_TEXT:
		csv_text(csv, cell->text);
		break;
	case SHEET_EMPTY:
		csv_empty(csv);
		break;
	}
}

int sheet_print_csv(const struct sheet *sheets, size_t n, struct error *err)
{
	struct csv_writer *csv = csv_open_stream(stdout, csv_header(sheets));
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < sheets[i].cells; c++)
			put_cell(csv, &sheets[i].cell[c]);
		csv_row(csv);
	}
	return csv_close(csv, false, err);
}

static json_t *json_of(const struct sheet_cell *cell)
{
	switch (cell->kind) {
	case SHEET_INT:
		return json_integer(cell->number);
	case SHEET_REAL:
		return json_real(cell->real);
	case SHEET_TEXT: {
		json_t *text = json_string(cell->text);
		return text ? text : json_string("?"); /* a file's name need not be UTF-8 */
	}
	case SHEET_EMPTY:
		break;
	}
	return json_null();
}

int sheet_print_json(const struct sheet *sheets, size_t n, struct error *err)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *object = json_object();
		for (size_t c = 0; c < sheets[i].cells; c++)
			if (json_object_set_new(object, sheets[i].cell[c].column, json_of(&sheets[i].cell[c])))
				error_no_memory("a model in JSON");
		if (json_array_append_new(list, object))
			error_no_memory("a model in JSON");
	}
	return json_print(list, err);
}

enum { SMALL = 100 * 1000 * 1000 }; /* a simulated network: three digits say more than two decimals of a billion */

static const char *small(int64_t count)
{
	char buffer[TEXT_NUMBER];
	return text_keep(text_of_count((double)count, buffer));
}

static const char *billions(int64_t count)
{
	return count < SMALL ? small(count) : text_keep_f("%.*f B", count < 1000000000000 ? 2 : 1, (double)count / 1e9);
}

static const char *giga(int64_t flops)
{
	return flops < SMALL ? small(flops) : text_keep_f("%.*f G", flops < 100000000000 ? 2 : 1, (double)flops / 1e9);
}

static const char *bytes(int64_t count)
{
	char buffer[TEXT_NUMBER];
	return text_keep(text_of_bytes((double)count, buffer));
}

/* "8 of 128 + 1" */
static const char *routing(const struct cost_shape *shape)
{
	const char *of = text_keep_f("%" PRId64 " of %" PRId64, shape->top_k, shape->experts);
	return shape->shared > 0 ? text_keep_f("%s + %" PRId64, of, shape->shared) : of;
}

/* "8/128+1" */
static const char *short_routing(const struct cost_shape *shape)
{
	const char *of = text_keep_f("%" PRId64 "/%" PRId64, shape->top_k, shape->experts);
	return shape->shared > 0 ? text_keep_f("%s+%" PRId64, of, shape->shared) : of;
}

/* fits: with-embedding, without-embedding or no */
static void print_published(const char *billions, const char *what, const char *fits)
{
	if (billions)
		printf("  published: %s B %s (%s)\n", billions, what, strcmp(fits, "no") == 0 ? "differs" : fits);
}

/* "4096", or "4096 (tiny: 64)" where a run has another. */
static const char *contexts(const struct sheet *sheets, size_t n)
{
	const char *text = text_keep_f("%" PRId64, sheets[0].context), *others = "";
	for (size_t i = 1; i < n; i++)
		if (sheets[i].context != sheets[0].context)
			others =
				text_keep_f("%s%s%s: %" PRId64, others, *others ? ", " : "", sheets[i].model->name, sheets[i].context);
	return *others ? text_keep_f("%s (%s)", text, others) : text;
}

static void print_wrapped(const char *text, size_t indent)
{
	printf("%*s", (int)indent, "");
	wrap_text(stdout, text, indent, indent + 2, wrap_columns(stdout));
}

static void print_summary(const struct sheet *sheets, size_t n)
{
	static const char *const header[] = {
		"<model", "total", "active", "no emb.", "routed", "FLOPs", "dense", "KV", NULL
	};
	struct table table;
	table_begin(&table, header);
	for (size_t i = 0; i < n; i++) {
		const struct cost_count *count = &sheets[i].count;
		table_cell(&table, "%s", sheets[i].model->name);
		table_cell(&table, "%s", billions(count->params_total));
		table_cell(&table, "%s", billions(count->params_active));
		table_cell(&table, "%s", billions(count->params_active_no_embedding));
		table_cell(&table, "%s", short_routing(&sheets[i].model->shape));
		table_cell(&table, "%s", giga(count->flops_forward));
		table_cell(&table, "%.1f", (double)sheets[i].dense_total_count.flops_forward / (double)count->flops_forward);
		table_cell(&table, "%s", bytes(2 * count->cache_values));
	}
	table_end(&table, stdout);
	puts("");
	print_wrapped(text_keep_f("'no emb.' is active without the input embedding; 'routed' is chosen/experts+shared; "
							  "FLOPs are those of the forward pass of "
							  "a token at a context of %s; 'dense' is how many times as many a dense model of as many "
							  "parameters needs; KV is what a token adds to the cache, in 16 bit",
							  contexts(sheets, n)),
				  0);
	for (size_t i = 0; i < n; i++)
		if (sheets[i].model->note)
			print_wrapped(text_keep_f("%s: %s", sheets[i].model->name, sheets[i].model->note), 0);
}

static const char *share(int64_t part, int64_t whole)
{
	return whole > 0 ? text_keep_f("%.1f%%", 100 * (double)part / (double)whole) : "-";
}

static void part_row(struct table *table, const char *name, int64_t params, int64_t active, int64_t flops,
					 int64_t all_flops)
{
	table_cell(table, "%s", name);
	table_cell(table, "%" PRId64, params);
	table_cell(table, "%" PRId64, active);
	table_cell(table, "%" PRId64, flops);
	table_cell(table, "%s", share(flops, all_flops));
}

static void print_parts(const struct sheet *sheet)
{
	static const char *const header[] = { "<part", "parameters", "active", "FLOPs/token", "share", NULL };
	const struct cost_count *count = &sheet->count;
	struct table table;
	table_begin(&table, header);
	for (int part = 0; part < COST_PARTS; part++)
		if (count->params[part] > 0 || count->flops[part] > 0)
			part_row(&table, cost_part_names[part], count->params[part], count->active[part], count->flops[part],
					 count->flops_forward);
	part_row(&table, "all", count->params_total, count->params_active, count->flops_forward, count->flops_forward);
	table_end(&table, stdout);
	printf("one expert %" PRId64 ", training %" PRId64 " FLOPs a token\n\n", count->expert_params,
		   count->flops_training);
}

/* The mark of a published figure that follows. */
static const char *mark(const char *fits, int convention)
{
	return strcmp(fits, sheet_conventions[convention].name) == 0 ? " *" : "";
}

static void print_conventions(const struct sheet *sheet)
{
	static const char *const header[] = { "<counted", "parameters", "active", NULL };
	struct table table;
	table_begin(&table, header);
	for (int i = 0; sheet_conventions[i].name; i++) {
		table_cell(&table, "%s", sheet_conventions[i].meaning);
		table_cell(&table, "%" PRId64 "%s", sheet_counted(&sheet->count, i, false), mark(sheet_total_fits(sheet), i));
		table_cell(&table, "%" PRId64 "%s", sheet_counted(&sheet->count, i, true), mark(sheet_active_fits(sheet), i));
	}
	table_end(&table, stdout);
	puts(sheet->model->total || sheet->model->active ? "* as published\n" : "");
}

static void print_memory(const struct sheet *sheet)
{
	static const char *const header[] = { "<memory", "bytes", "", NULL };
	struct table table;
	table_begin(&table, header);
	for (const struct sheet_memory *memory = sheet_memory; memory->column; memory++) {
		int64_t size = sheet_bytes(&sheet->count, memory);
		table_cell(&table, "%s", memory->meaning);
		table_cell(&table, "%" PRId64, size);
		table_cell(&table, "%s", bytes(size));
	}
	table_cell(&table, "keys and values a token, 16 bit");
	table_cell(&table, "%" PRId64, 2 * sheet->count.cache_values);
	table_cell(&table, "%s", bytes(2 * sheet->count.cache_values));
	table_cell(&table, "of a sequence of %" PRId64 ", 16 bit", sheet->context);
	table_cell(&table, "%" PRId64, 2 * sheet->count.cache_context);
	table_cell(&table, "%s", bytes(2 * sheet->count.cache_context));
	if (sheet->count.state_values > 0) {
		table_cell(&table, "recurrent states of a sequence, 32 bit");
		table_cell(&table, "%" PRId64, 4 * sheet->count.state_values);
		table_cell(&table, "%s", bytes(4 * sheet->count.state_values));
	}
	table_end(&table, stdout);
	puts("");
}

/* `sharded` is 0 where that is not split over the copies of the model. */
static void rank_row(struct table *table, const char *what, int64_t size, int64_t sharded)
{
	table_cell(table, "%s", what);
	table_cell(table, "%" PRId64, size);
	table_cell(table, "%s", bytes(size));
	table_cell(table, "%s", sharded > 0 ? bytes(sharded) : "");
}

static void print_rank(const struct sheet *sheet)
{
	static const char *const header[] = { "<on the fullest device", "bytes", "", "sharded", NULL };
	const struct sheet_split *split = &sheet->split;
	struct table table;
	if (split->of.tp * split->of.pp * split->dp == 1)
		return;
	print_wrapped(text_keep_f("tp %" PRId64 ", pp %" PRId64 ", ep %" PRId64 ", dp %" PRId64 ": %" PRId64
							  " parameters in stage %" PRId64 ", %" PRId64 " of them in experts",
							  split->of.tp, split->of.pp, split->of.ep, split->dp,
							  sheet->share.experts + sheet->share.other, sheet->share.stage, sheet->share.experts),
				  0);
	table_begin(&table, header);
	for (const struct sheet_memory *memory = sheet_memory; memory->column; memory++)
		rank_row(&table, memory->meaning, sheet_rank_bytes(sheet, memory, false),
				 sheet_rank_bytes(sheet, memory, true));
	rank_row(&table, "keys and values of a sequence, 16 bit", 2 * sheet->share.cache_context, 0);
	if (sheet->share.state_values > 0)
		rank_row(&table, "recurrent states of a sequence, 32 bit", 4 * sheet->share.state_values, 0);
	table_end(&table, stdout);
	puts("");
}

static void print_promise(const struct sheet *sheet)
{
	static const char *const header[] = { "<against a dense model", "parameters", "FLOPs/token", "FFN width", NULL };
	const struct cost_shape *shape = &sheet->model->shape;
	struct table table;
	table_begin(&table, header);
	table_cell(&table, "%s", sheet->model->label);
	table_cell(&table, "%s", billions(sheet->count.params_total));
	table_cell(&table, "%s", giga(sheet->count.flops_forward));
	table_cell(&table, "%s x %" PRId64, routing(shape), shape->expert_width);
	table_cell(&table, "of equal total");
	table_cell(&table, "%s", billions(sheet->dense_total_count.params_total));
	table_cell(&table, "%s", giga(sheet->dense_total_count.flops_forward));
	table_cell(&table, "%" PRId64, sheet->dense_total.dense_width);
	table_cell(&table, "of equal active");
	table_cell(&table, "%s", billions(sheet->dense_active_count.params_total));
	table_cell(&table, "%s", giga(sheet->dense_active_count.flops_forward));
	table_cell(&table, "%" PRId64, sheet->dense_active.dense_width);
	table_end(&table, stdout);
}

static void print_one(const struct sheet *sheet)
{
	const struct model *model = sheet->model;
	const struct cost_shape *shape = &model->shape;
	printf("%s (%s)\n", model->label, model->source);
	print_wrapped(text_keep_f("%" PRId64 " layers of width %" PRId64 ", %" PRId64 " of them MoE: %s experts of width "
							  "%" PRId64 "; vocabulary %" PRId64 "; context %" PRId64,
							  shape->layers, shape->width, shape->moe_layers, routing(shape), shape->expert_width,
							  shape->vocabulary, sheet->context),
				  2);
	print_published(model->total, "in total", sheet_total_fits(sheet));
	print_published(model->active, "active", sheet_active_fits(sheet));
	if (model->note)
		print_wrapped(text_keep_f("note: %s", model->note), 2);
	puts("");
	print_parts(sheet);
	print_conventions(sheet);
	print_memory(sheet);
	print_rank(sheet);
	print_promise(sheet);
}

void sheet_print_table(const struct sheet *sheets, size_t n)
{
	if (n == 1)
		print_one(sheets);
	else
		print_summary(sheets, n);
}
