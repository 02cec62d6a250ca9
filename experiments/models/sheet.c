/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sheet.c -- everything that `moesim model` says of a model, as a row of named cells.
 */
#include <config.h>

#include "experiments/models/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

/* What a run holds of each parameter.  Adam keeps two moments; mixed precision adds a copy of the weights in 32 bits
 * (arXiv 1710.03740); moments in 16 bits are those of DeepSeek-V3 (arXiv 2412.19437, section 3.3.3).  The scales of
 * block formats, some 3% of a 4-bit one, are not in it. */
const struct sheet_memory sheet_memory[] = {
	{ "weights_fp32_bytes", "weights, 32 bit", 32 },
	{ "weights_bf16_bytes", "weights, 16 bit", 16 },
	{ "weights_fp8_bytes", "weights, 8 bit", 8 },
	{ "weights_int4_bytes", "weights, 4 bit", 4 },
	{ "gradients_fp32_bytes", "gradients, 32 bit", 32 },
	{ "gradients_bf16_bytes", "gradients, 16 bit", 16 },
	{ "optimizer_fp32_bytes", "Adam, 32 bit", 64 },
	{ "optimizer_mixed_bytes", "Adam, 32 bit, and master weights", 96 },
	{ "optimizer_bf16_bytes", "Adam, 16 bit", 32 },
	{ NULL, NULL, 0 },
};

enum { MOST_BITS = 96 };

int64_t sheet_bytes(const struct cost_count *count, const struct sheet_memory *memory)
{
	return (count->params_total * memory->bits + 7) / 8;
}

/* The experts' states are shared by those copies alone that have the same experts. */
int64_t sheet_rank_bytes(const struct sheet *sheet, const struct sheet_memory *memory, bool sharded)
{
	int64_t copies = sharded ? sheet->split.dp : 1, of_experts = sharded ? copies / sheet->split.of.ep : 1;
	int64_t other = (sheet->share.other + copies - 1) / copies;
	int64_t experts = (sheet->share.experts + of_experts - 1) / of_experts;
	return ((other + experts) * memory->bits + 7) / 8;
}

const struct sheet_convention sheet_conventions[] = {
	[SHEET_WITH] = { "with-embedding", "all of the model" },
	[SHEET_WITHOUT_EMBEDDING] = { "without-embedding", "without the input embedding" },
	[SHEET_WITHOUT_ENDS] = { "without-embeddings", "without the embedding and the head" },
	[SHEET_WITH_AHEAD] = { "with-mtp", "with the multi-token-prediction layers" },
	[SHEET_WITHOUT_SELECTION] = { "without-selection-bias", "without the biases of the selection" },
	{ NULL, NULL },
};

int64_t sheet_counted(const struct cost_count *count, int convention, bool active)
{
	int64_t with = active ? count->params_active : count->params_total;
	int64_t embedding = count->params_active - count->params_active_no_embedding;
	switch (convention) {
	case SHEET_WITHOUT_EMBEDDING:
		return with - embedding;
	case SHEET_WITHOUT_ENDS:
		return with - (count->params_active - count->params_active_no_ends);
	case SHEET_WITH_AHEAD:
		return with + (active ? count->active_ahead : count->params_ahead);
	case SHEET_WITHOUT_SELECTION:
		return with - count->params_selection;
	default:
		return with;
	}
}

static double distance(const char *published, int64_t count)
{
	return fabs(strtod(published, NULL) * 1e9 - (double)count);
}

/* Some makers round and some cut, so one unit of the last digit is let pass. */
static bool agrees(const char *published, int64_t count)
{
	const char *point = strchr(published, '.');
	double unit = point ? pow(10, 9 - (double)strlen(point + 1)) : 1e9;
	return distance(published, count) < unit;
}

/* Several conventions are in use, so the nearest is meant; of equally near ones the first.  Biases of the selection are
 * too few to be told from rounding. */
static const char *fits(const struct cost_count *count, const char *published, bool active)
{
	int best = SHEET_WITH;
	for (int i = SHEET_WITH; i < SHEET_WITHOUT_SELECTION; i++)
		if (distance(published, sheet_counted(count, i, active)) <
			distance(published, sheet_counted(count, best, active)))
			best = i;
	return agrees(published, sheet_counted(count, best, active)) ? sheet_conventions[best].name : "no";
}

/* A total is mostly meant with all. */
const char *sheet_total_fits(const struct sheet *sheet)
{
	const char *published = sheet->model->total;
	if (!published)
		return "";
	return agrees(published, sheet->count.params_total) ? sheet_conventions[SHEET_WITH].name
														: fits(&sheet->count, published, false);
}

const char *sheet_active_fits(const struct sheet *sheet)
{
	const char *published = sheet->model->active;
	return published ? fits(&sheet->count, published, true) : "";
}

static struct sheet_cell *next_cell(struct sheet *sheet, const char *column)
{
	if (sheet->cells == SHEET_CELLS)
		BUG("a sheet of a model has more columns than there is room for");
	struct sheet_cell *cell = &sheet->cell[sheet->cells++];
	*cell = (struct sheet_cell){ .column = column, .kind = SHEET_EMPTY };
	return cell;
}

static void add_int(struct sheet *sheet, const char *column, int64_t number)
{
	struct sheet_cell *cell = next_cell(sheet, column);
	cell->kind = SHEET_INT;
	cell->number = number;
}

static void add_real(struct sheet *sheet, const char *column, double real)
{
	struct sheet_cell *cell = next_cell(sheet, column);
	cell->kind = SHEET_REAL;
	cell->real = real;
}

/* Empty for NULL and "". */
static void add_text(struct sheet *sheet, const char *column, const char *text)
{
	struct sheet_cell *cell = next_cell(sheet, column);
	if (text && *text)
		cell->kind = SHEET_TEXT;
	cell->text = text;
}

/* "46.7" billions as a whole number. */
static void add_published(struct sheet *sheet, const char *column, const char *billions)
{
	if (billions)
		add_int(sheet, column, llround(strtod(billions, NULL) * 1e9));
	else
		next_cell(sheet, column);
}

static void add_promise(struct sheet *sheet)
{
	const struct cost_count *count = &sheet->count;
	const struct cost_shape *shape = &sheet->model->shape;
	add_text(sheet, "model", sheet->model->name);
	add_int(sheet, "params_total", count->params_total);
	add_int(sheet, "params_active", count->params_active);
	add_int(sheet, "params_active_no_embedding", count->params_active_no_embedding);
	add_int(sheet, "params_expert", count->params[COST_EXPERTS]);
	add_int(sheet, "flops_per_token", count->flops_forward);
	add_int(sheet, "experts", shape->experts);
	add_int(sheet, "top_k", shape->top_k);
	add_int(sheet, "shared", shape->shared);
	add_int(sheet, "params_per_expert", count->expert_params);
}

static void add_parts(struct sheet *sheet)
{
	for (int part = 0; part < COST_PARTS; part++)
		if (part != COST_EXPERTS && part != COST_SCORES)
			add_int(sheet, text_keep_f("params_%s", cost_part_names[part]), sheet->count.params[part]);
	add_int(sheet, "context", sheet->context);
	add_int(sheet, "flops_training", sheet->count.flops_training);
	for (int part = 0; part < COST_PARTS; part++)
		if (part != COST_EMBEDDING && part != COST_NORM)
			add_int(sheet, text_keep_f("flops_%s", cost_part_names[part]), sheet->count.flops[part]);
}

static void add_memory(struct sheet *sheet)
{
	for (const struct sheet_memory *memory = sheet_memory; memory->column; memory++)
		add_int(sheet, memory->column, sheet_bytes(&sheet->count, memory));
	add_int(sheet, "kv_bytes_per_token_bf16", 2 * sheet->count.cache_values);
	add_int(sheet, "kv_bytes_per_token_fp8", sheet->count.cache_values);
}

static double ratio(int64_t a, int64_t b)
{
	return (double)a / (double)b;
}

static void add_conventions(struct sheet *sheet)
{
	const struct cost_count *count = &sheet->count;
	add_int(sheet, "params_no_embedding", sheet_counted(count, SHEET_WITHOUT_EMBEDDING, false));
	add_int(sheet, "params_no_embeddings", sheet_counted(count, SHEET_WITHOUT_ENDS, false));
	add_int(sheet, "params_with_mtp", sheet_counted(count, SHEET_WITH_AHEAD, false));
	add_int(sheet, "params_active_no_embeddings", sheet_counted(count, SHEET_WITHOUT_ENDS, true));
	add_int(sheet, "params_active_with_mtp", sheet_counted(count, SHEET_WITH_AHEAD, true));
	add_int(sheet, "params_selection_bias", count->params_selection);
	add_int(sheet, "mtp_layers", sheet->model->shape.ahead);
}

static void add_caches(struct sheet *sheet)
{
	add_int(sheet, "kv_bytes_context_bf16", 2 * sheet->count.cache_context);
	add_int(sheet, "state_bytes_bf16", 2 * sheet->count.state_values);
	add_int(sheet, "state_bytes_fp32", 4 * sheet->count.state_values);
}

static void add_rank(struct sheet *sheet)
{
	const struct sheet_split *split = &sheet->split;
	add_int(sheet, "tp", split->of.tp);
	add_int(sheet, "pp", split->of.pp);
	add_int(sheet, "ep", split->of.ep);
	add_int(sheet, "dp", split->dp);
	add_int(sheet, "rank_stage", sheet->share.stage);
	add_int(sheet, "rank_params", sheet->share.experts + sheet->share.other);
	add_int(sheet, "rank_params_expert", sheet->share.experts);
	for (const struct sheet_memory *memory = sheet_memory; memory->column; memory++)
		add_int(sheet, text_keep_f("rank_%s", memory->column), sheet_rank_bytes(sheet, memory, false));
	for (const struct sheet_memory *memory = sheet_memory; memory->column; memory++)
		add_int(sheet, text_keep_f("rank_sharded_%s", memory->column), sheet_rank_bytes(sheet, memory, true));
	add_int(sheet, "rank_kv_bytes_context_bf16", 2 * sheet->share.cache_context);
	add_int(sheet, "rank_state_bytes_fp32", 4 * sheet->share.state_values);
}

static void add_dense(struct sheet *sheet)
{
	const struct cost_count *count = &sheet->count;
	add_int(sheet, "dense_total_params", sheet->dense_total_count.params_total);
	add_int(sheet, "dense_total_width", sheet->dense_total.dense_width);
	add_int(sheet, "dense_total_flops", sheet->dense_total_count.flops_forward);
	add_real(sheet, "dense_total_flops_ratio", ratio(sheet->dense_total_count.flops_forward, count->flops_forward));
	add_int(sheet, "dense_active_params", sheet->dense_active_count.params_total);
	add_int(sheet, "dense_active_width", sheet->dense_active.dense_width);
	add_int(sheet, "dense_active_flops", sheet->dense_active_count.flops_forward);
	add_real(sheet, "params_ratio", ratio(count->params_total, count->params_active));
}

static void add_shape(struct sheet *sheet)
{
	const struct cost_shape *shape = &sheet->model->shape;
	add_int(sheet, "layers", shape->layers);
	add_int(sheet, "moe_layers", shape->moe_layers);
	add_int(sheet, "width", shape->width);
	add_int(sheet, "expert_width", shape->expert_width);
	add_int(sheet, "vocabulary", shape->vocabulary);
}

static void add_origin(struct sheet *sheet)
{
	const struct model *model = sheet->model;
	add_published(sheet, "published_total", model->total);
	add_text(sheet, "published_total_fits", sheet_total_fits(sheet));
	add_published(sheet, "published_active", model->active);
	add_text(sheet, "published_active_fits", sheet_active_fits(sheet));
	add_text(sheet, "note", model->note);
	add_text(sheet, "source", model->source);
}

static int fill_share(struct sheet *sheet, const struct sheet_split *split, struct error *err)
{
	static const struct sheet_split alone = { .of = { 1, 1, 1 }, .dp = 1 };
	sheet->split = split ? *split : alone;
	if (sheet->split.dp % sheet->split.of.ep != 0)
		return fail(err, ERROR_USER, "--ep %lld: must divide --dp, %lld", (long long)sheet->split.of.ep,
					(long long)sheet->split.dp);
	return cost_share(&sheet->model->shape, &sheet->split.of, sheet->context, &sheet->share, err);
}

static int fill_counts(struct sheet *sheet, struct error *err)
{
	const struct cost_shape *shape = &sheet->model->shape;
	struct cost_count *count = &sheet->count;
	TRY(cost_count(shape, sheet->context, count, err));
	if (count->params_total > INT64_MAX / MOST_BITS || count->params_ahead > INT64_MAX / MOST_BITS ||
		count->cache_context > INT64_MAX / 2 || count->cache_values > INT64_MAX / 2 ||
		count->state_values > INT64_MAX / 4)
		return fail(err, ERROR_USER, "%s has too many parameters to count bytes", sheet->model->name);
	TRY(cost_dense(shape, count->params_total, &sheet->dense_total, err));
	TRY(cost_count(&sheet->dense_total, sheet->context, &sheet->dense_total_count, err));
	TRY(cost_dense(shape, count->params_active, &sheet->dense_active, err));
	return cost_count(&sheet->dense_active, sheet->context, &sheet->dense_active_count, err);
}

int sheet_fill(struct sheet *sheet, const struct model *model, int64_t context, const struct sheet_split *split,
			   struct error *err)
{
	*sheet = (struct sheet){ .model = model, .context = context };
	TRY(fill_counts(sheet, err));
	TRY(fill_share(sheet, split, err));
	add_promise(sheet);
	add_parts(sheet);
	add_memory(sheet);
	add_dense(sheet);
	add_shape(sheet);
	add_conventions(sheet);
	add_caches(sheet);
	add_rank(sheet);
	add_origin(sheet);
	return 0;
}
