/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_route.c -- moesim route: what a strategy does with router logits from a file.
 *
 * The logits are routed as in the first step of a training run with the same seed: the strategy's own biases are 0,
 * its capacity counts, and the losses of its balancers are computed.
 */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/route_tables.h"
#include "sim/base/csv.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/logits.h"

struct route_options {
	struct given given;
	const char *logits, *bias, *tokens;
	int64_t length;
	bool metrics;
};

#define AT(field) .at = offsetof(struct route_options, field)
static const struct moe_opt rows[] = {
	{ .name = "logits",
	  .type = MOE_OPT_TEXT,
	  AT(logits),
	  .help = "router logits, one row for each token and one column for each expert: a CSV file with a header, or a "
			  ".npy file; '-' reads standard input" },
	{ .name = "seq-length",
	  .type = MOE_OPT_INT,
	  AT(length),
	  .low = 1,
	  .high = 1e9,
	  .preset = 0,
	  .zero = "all",
	  .unit = "tokens",
	  .help = "length of a sequence, where the strategy looks at sequences; all: one sequence" },
	{ .name = "bias",
	  .type = MOE_OPT_TEXT,
	  AT(bias),
	  .help = "file of biases that are added to the scores for the selection alone: a column 'bias', with 'expert' "
			  "or in order, or one row" },
	{ .name = "tokens",
	  .type = MOE_OPT_TEXT,
	  AT(tokens),
	  .help = "file of token ids in the order of the logits, for strategies that read them: a column 'id', or a "
			  "single column" },
	{ .name = "metrics",
	  .type = MOE_OPT_FLAG,
	  AT(metrics),
	  .help = "print balance metrics and auxiliary losses instead, as metric,value" },
	{ .name = NULL },
};
#undef AT

/* All that is read and made for one batch. */
struct batch {
	const struct route_options *opt;
	struct settings settings;
	struct logits logits;
	struct moe_call call;
	struct router router;
	struct arena arena;
};

static int check_standard_input(const struct route_options *opt, struct error *err)
{
	const char *const path[] = { opt->logits, opt->bias, opt->tokens };
	int n = 0;
	for (size_t i = 0; i < sizeof path / sizeof *path; i++)
		n += strcmp(path[i], "-") == 0;
	return n > 1 ? fail(err, ERROR_USER, "standard input ('-') can be one file only") : 0;
}

/* ---- settings -------------------------------------------------------------------------------------------------- */

/* Words that the user wrote behind the recipe's name, and that do not reach a batch of logits. */
static int check_words(const struct sentence *sentence, struct error *err)
{
	const struct moe_recipe *recipe = catalog_recipe(sentence->name);
	struct sentence own = { .words = 0 };
	if (recipe)
		TRY(sentence_read(recipe->sentence, NULL, &own, err));
	for (size_t i = own.words; i < sentence->words; i++) {
		const char *name = sentence->word[i].row->name;
		if (config_group(config_find(name)) == SETTINGS_ROUTING)
			continue;
		fail(err, ERROR_USER, "route does not use '%s' (run does)", name);
		return fail_at(err, "--strategy", 0, 0);
	}
	return 0;
}

/* Some programs give out probabilities under the name of logits. */
static void tell_probabilities(const struct batch *batch)
{
	if (sentence_wants(&batch->settings.sentence) & MOE_LOGITS && logits_sum_to_one(&batch->logits))
		fprintf(stderr,
				"moesim: every row of %s sums to 1: if these are probabilities, give their logarithms instead\n",
				batch->opt->logits);
}

static int check_experts(const struct batch *batch, struct error *err)
{
	struct moe_call call = layer_options_call(&batch->settings.config.layer);
	if (call.experts == batch->logits.experts)
		return 0;
	return fail(err, ERROR_USER, "experts = %zu, and the logits have %zu columns (leave out the number of experts)",
				call.experts, batch->logits.experts);
}

/* The number of columns is the number of experts: of networks, and behind them of those without one. */
static int count_networks(struct batch *batch, size_t *networks, struct error *err)
{
	const struct given *given = &batch->opt->given;
	struct assignment all = { "experts", text_keep_f("%zu", batch->logits.experts) };
	struct error unheard; /* what is wrong is told when the right number is tried */
	settings_resolve_above(&all, 1, given->assignment, given->n, &batch->settings, &unheard);
	size_t bare = layer_options_call(&batch->settings.config.layer).bare;
	if (bare >= batch->logits.experts)
		return fail(err, ERROR_USER, "the logits have %zu columns, and there are %zu experts without a network alone",
					batch->logits.experts, bare);
	*networks = batch->logits.experts - bare;
	return 0;
}

static int resolve(struct batch *batch, struct error *err)
{
	const struct given *given = &batch->opt->given;
	size_t networks = 0;
	TRY(count_networks(batch, &networks, err));
	struct assignment experts = { "experts", text_keep_f("%zu", networks) };
	if (settings_resolve_above(&experts, 1, given->assignment, given->n, &batch->settings, err) != 0) {
		if (strcmp(err->file, "--experts") == 0 && batch->logits.experts > 65536) {
			err->file[0] = 0;
			return fail_at(err, batch->opt->logits, 0, 0);
		}
		return -1;
	}
	TRY(check_words(&batch->settings.sentence, err));
	return check_experts(batch, err);
}

static int check_inputs(const struct batch *batch, struct error *err)
{
	const struct sentence *sentence = &batch->settings.sentence;
	const struct moe_selector *selector = (const struct moe_selector *)sentence->selector.part;
	if (selector->select == NULL)
		return fail(err, ERROR_USER, "strategy '%s' routes nothing (choose one with experts)", sentence->name);
	if (sentence_lacks(sentence, MOE_INPUT | MOE_DOMAINS | MOE_GUESSES | MOE_CLASSES, 0, err) != 0)
		return fail(err, ERROR_USER, "%s, which a file of logits does not hold (run has it)", err->text);
	if (sentence_lacks(sentence, MOE_IDS, batch->logits.id ? MOE_IDS : 0, err) != 0)
		return fail(err, ERROR_USER, "%s (give them with --tokens FILE)", err->text);
	if (batch->logits.id && !(sentence_wants(sentence) & MOE_IDS))
		return fail(err, ERROR_USER, "strategy '%s' reads no token ids (leave out --tokens)", sentence->name);
	if (batch->logits.offset && !sentence_compares_experts(sentence, &batch->settings.config.layer))
		return fail(err, ERROR_USER,
					"selector '%s' does not compare the scores of experts, so that biases have no effect (leave out "
					"--bias)",
					selector->part.name);
	return 0;
}

static int make_call(struct batch *batch, struct error *err)
{
	size_t tokens = batch->logits.tokens, length = batch->opt->length ? (size_t)batch->opt->length : tokens;
	if (tokens % length != 0) {
		fail(err, ERROR_USER, "%zu tokens are not made of whole sequences of %zu", tokens, length);
		return fail_at(err, "--seq-length", 0, 0);
	}
	batch->call = layer_options_call(&batch->settings.config.layer);
	batch->call.tokens = tokens;
	batch->call.sequences = tokens / length;
	batch->call.length = length;
	batch->call.vocabulary = batch->call.classes = batch->logits.vocabulary;
	batch->call.domains = batch->call.layers = batch->call.step = 1;
	batch->call.training = true;
	return 0;
}

static void make_router(struct batch *batch, struct arena *arena)
{
	const struct settings *settings = &batch->settings;
	router_create(&batch->router, &settings->sentence, &settings->config.layer, &batch->call, arena);
	if (batch->logits.offset)
		router_add_offset(&batch->router, batch->logits.offset, arena);
}

static int check_memory(struct batch *batch, struct error *err)
{
	struct arena count = { .counting = true };
	char a[TEXT_NUMBER], b[TEXT_NUMBER];
	make_router(batch, &count);
	arena_free(&count);
	double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), want = (double)count.bytes;
	if (want <= have)
		return 0;
	return fail(err, ERROR_USER, "to route these logits takes %s of memory and the machine has %s (take fewer tokens)",
				text_of_bytes(want, a), text_of_bytes(have, b));
}

static int route_batch(struct batch *batch, struct error *err)
{
	TRY(check_memory(batch, err));
	make_router(batch, &batch->arena);
	router_seed(&batch->router, (uint64_t)batch->settings.config.seed);
	router_route(&batch->router, &batch->call, &(struct moe_tokens){ .id = batch->logits.id }, NULL,
				 batch->logits.value);
	return 0;
}

static int print_batch(struct batch *batch, struct error *err)
{
	struct error later;
	struct csv_writer *out =
		csv_open_stream(stdout, batch->opt->metrics ? "metric,value" : "token,choice,expert,score,weight,kept");
	int status = 0;
	if (batch->opt->metrics)
		route_metrics(out, &batch->router, &batch->call, &batch->arena);
	else
		status = route_choices(out, &batch->router, &batch->call, &batch->arena, err);
	int closed = csv_close(out, false, status == 0 ? err : &later);
	return status == 0 ? closed : status;
}

static int read_all(struct batch *batch, struct error *err)
{
	const struct route_options *opt = batch->opt;
	TRY(check_standard_input(opt, err));
	TRY(logits_read(&batch->logits, opt->logits, &batch->arena, err));
	if (*opt->bias)
		TRY(logits_read_bias(&batch->logits, opt->bias, &batch->arena, err));
	if (*opt->tokens)
		TRY(logits_read_ids(&batch->logits, opt->tokens, &batch->arena, err));
	return 0;
}

static int run(const void *options, int argc, char **args, struct error *err)
{
	struct batch batch = { .opt = options };
	(void)argc;
	(void)args;
	if (*batch.opt->logits == 0)
		return fail(err, ERROR_USER, "route needs router logits (give --logits FILE)");
	int status = read_all(&batch, err);
	if (status == 0)
		status = resolve(&batch, err);
	if (status == 0)
		status = check_inputs(&batch, err);
	if (status == 0)
		status = make_call(&batch, err);
	if (status == 0)
		status = route_batch(&batch, err);
	if (status == 0)
		status = print_batch(&batch, err);
	if (status == 0)
		tell_probabilities(&batch);
	arena_free(&batch.arena);
	return status;
}

const struct command command_route = {
	.name = "route",
	.summary = "apply a strategy to router logits from a file, without training",
	.arguments = "",
	.about =
		"Reads router logits (a CSV with a header, one row for each token and one column for each expert, or a "
		"two-dimensional .npy file of float16, float32 or float64) and prints who goes where as a CSV, "
		"token,choice,expert,score,weight,kept, in the order of the tokens: choice counts from 0, best first; score "
		"is that of the scorer, before biases; weight is the combine weight; a choice that exceeds the capacity has "
		"the weight 0 and kept=0. The routing is that of the first step of a training run with this seed. With "
		"--metrics the balance metrics of `moesim list metrics` and the auxiliary losses are printed as metric,value, "
		"each loss also times its weight.",
	.opts = rows,
	.opts_size = sizeof(struct route_options),
	.settings = SETTINGS_ROUTING | SETTINGS_SEED,
	.run = run,
};
