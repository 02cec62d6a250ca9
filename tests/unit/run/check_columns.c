/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_columns.c -- every column of a run's files shows its own value, and no other one.
 *
 * A run is made whose every number is known and different from its neighbors'; each cell is compared with that number
 * as it was written down here, by file and column.  So a test fails where two names, or two values, change places.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/memory_file.h"
#include "sim/base/text.h"
#include "sim/run/columns.h"
#include "sim/run/run.h"
#include "tests/support/folder.h"
#include "tests/support/tiny_run.h"

static const struct {
	enum run_file file;
	const char *column, *cell;
} wanted[] = {
	{ FILE_STEPS, "step", "7" },
	{ FILE_STEPS, "tokens", "105" },
	{ FILE_STEPS, "loss", "3.75" },
	{ FILE_STEPS, "lm_loss", "3.5" },
	{ FILE_STEPS, "aux_loss", "0.25" },
	{ FILE_STEPS, "z_loss", "0.5" },
	{ FILE_STEPS, "eval_loss", "3.25" },
	{ FILE_STEPS, "bayes_loss", "1.125" },
	{ FILE_STEPS, "excess_loss", "2.125" },
	{ FILE_STEPS, "lr", "0.01" },
	{ FILE_STEPS, "grad_norm", "9.5" },
	{ FILE_STEPS, "flops", "4096" },
	{ FILE_STEPS, "importance_loss", "1.25" },
	{ FILE_STEPS, "entropy_loss", "1.5" },
	{ FILE_STEPS, "device_loss", "1.75" },
	{ FILE_STEPS, "communication_loss", "2" },
	{ FILE_STEPS, "l1_loss", "2.25" },
	{ FILE_STEPS, "surprise_loss", "0.75" },
	{ FILE_LAYERS, "step", "7" },
	{ FILE_LAYERS, "layer", "2" },
	{ FILE_LAYERS, "scope", "eval" },
	{ FILE_LAYERS, "maxvio", "11" },
	{ FILE_LAYERS, "maxvio_floor", "12" },
	{ FILE_LAYERS, "cv", "13" },
	{ FILE_LAYERS, "entropy", "14" },
	{ FILE_LAYERS, "gini", "15" },
	{ FILE_LAYERS, "effective_experts", "16" },
	{ FILE_LAYERS, "dead_experts", "17" },
	{ FILE_LAYERS, "drop_rate", "18" },
	{ FILE_LAYERS, "domain_mi", "19" },
	{ FILE_LAYERS, "domain_nmi", "20" },
	{ FILE_LAYERS, "domain_mi_floor", "21" },
	{ FILE_LAYERS, "assignments", "22" },
	{ FILE_LAYERS, "minvio", "23" },
	{ FILE_LAYERS, "min_load", "24" },
	{ FILE_LAYERS, "max_load", "25" },
	{ FILE_LAYERS, "entropy_normalised", "26" },
	{ FILE_LAYERS, "utilisation", "27" },
	{ FILE_LAYERS, "cv_floor", "28" },
	{ FILE_LAYERS, "token_drop_rate", "29" },
	{ FILE_LAYERS, "route_entropy", "30" },
	{ FILE_LAYERS, "top1_prob", "31" },
	{ FILE_LAYERS, "logit_z", "32" },
	{ FILE_EXPERTS, "step", "7" },
	{ FILE_EXPERTS, "layer", "2" },
	{ FILE_EXPERTS, "expert", "3" },
	{ FILE_EXPERTS, "assigned", "40" },
	{ FILE_EXPERTS, "kept", "30" },
	{ FILE_EXPERTS, "prob", "0.125" },
	{ FILE_EXPERTS, "bias", "-0.375" },
	{ FILE_EXPERTS, "kind", "ffn" },
	{ FILE_DOMAINS, "step", "7" },
	{ FILE_DOMAINS, "layer", "2" },
	{ FILE_DOMAINS, "domain", "news" },
	{ FILE_DOMAINS, "expert", "3" },
	{ FILE_DOMAINS, "tokens", "17" },
	{ FILE_TIMING, "step", "7" },
	{ FILE_TIMING, "data_s", "0.5" },
	{ FILE_TIMING, "forward_s", "1.5" },
	{ FILE_TIMING, "backward_s", "2.5" },
	{ FILE_TIMING, "optim_s", "3.5" },
	{ FILE_TIMING, "metrics_s", "4.5" },
	{ FILE_SUMMARY, "run", "here" },
	{ FILE_SUMMARY, "strategy", "custom" },
	{ FILE_SUMMARY, "sentence", "words" },
	{ FILE_SUMMARY, "seed", "5" },
	{ FILE_SUMMARY, "status", "interrupted" },
	{ FILE_SUMMARY, "steps", "7" },
	{ FILE_SUMMARY, "tokens", "105" },
	{ FILE_SUMMARY, "eval_loss", "3.25" },
	{ FILE_SUMMARY, "bayes_loss", "1.125" },
	{ FILE_SUMMARY, "excess_loss", "2.125" },
	{ FILE_SUMMARY, "maxvio", "51" },
	{ FILE_SUMMARY, "cv", "52" },
	{ FILE_SUMMARY, "dead_experts", "53" },
	{ FILE_SUMMARY, "drop_rate", "54" },
	{ FILE_SUMMARY, "domain_mi", "55" },
	{ FILE_SUMMARY, "params_total", "700" },
	{ FILE_SUMMARY, "params_active", "300" },
	{ FILE_SUMMARY, "flops_per_token", "66" },
	{ FILE_SUMMARY, "pairs_per_token", "67" },
	{ FILE_SUMMARY, "bare_per_token", "68" },
	{ FILE_SUMMARY, "flops_total", "4096" },
	{ FILE_SUMMARY, "causal", "train-only" },
	{ FILE_SUMMARY, "future_leak", "0.0625" },
	{ FILE_SUMMARY, "maxvio_worst", "99" },
	{ FILE_SUMMARY, "domain_nmi", "56" },
	{ FILE_SUMMARY, "domain_mi_floor", "57" },
	{ FILE_SUMMARY, "maxvio_floor", "58" },
	{ FILE_SUMMARY, "effective_experts", "59" },
	{ FILE_SUMMARY, "utilisation", "60" },
	{ FILE_SUMMARY, "entropy_normalised", "61" },
	{ FILE_SUMMARY, "experts", "8" },
	{ FILE_SUMMARY, "layers", "1" },
	{ FILE_SUMMARY, "uniform_loss", "5.125" },
	{ FILE_SUMMARY, "unigram_loss", "4.125" },
	{ FILE_SUMMARY, "bigram_loss", "3.125" },
	{ FILE_SUMMARY, "oracle_loss", "0.5" },
	{ FILE_SUMMARY, "bag_loss", "1.5" },
	{ FILE_POSITIONS, "step", "7" },
	{ FILE_POSITIONS, "layer", "2" },
	{ FILE_POSITIONS, "position", "1" },
	{ FILE_POSITIONS, "assigned", "80" },
	{ FILE_POSITIONS, "kept", "70" },
	{ FILE_TOKENS, "step", "7" },
	{ FILE_TOKENS, "layer", "2" },
	{ FILE_TOKENS, "token", "38" },
	{ FILE_TOKENS, "slot", "1" },
	{ FILE_TOKENS, "expert", "9" },
	{ FILE_TOKENS, "weight", "0.75" },
	{ FILE_TOKENS, "domain", "news" },
	{ FILE_TOKENS, "token_id", "11" },
	{ FILE_TOKENS, "text", "ink" },
	{ FILE_TOKENS, "position", "3" },
	{ FILE_BANDWIDTH, "link", "nvl" },
	{ FILE_BANDWIDTH, "gbps", "24" },
	{ FILE_BANDWIDTH, "layer_ms", "250" },
	{ FILE_BANDWIDTH, "exposed_ms", "62.5" },
	{ FILE_BANDWIDTH, "exposed_share", "0.25" },
	{ FILE_BANDWIDTH, "bottleneck", "nic" },
	{ FILE_PHASES, "layer", "2" },
	{ FILE_PHASES, "phase", "dispatch" },
	{ FILE_PHASES, "level", "device" },
	{ FILE_PHASES, "rows_max", "5" },
	{ FILE_PHASES, "rows_mean", "3" },
	{ FILE_PHASES, "time_ms", "125" },
	{ FILE_DEVICES, "layer", "2" },
	{ FILE_DEVICES, "device", "7" },
	{ FILE_DEVICES, "computed", "8" },
	{ FILE_DEVICES, "sent_nvl", "0.25" },
	{ FILE_DEVICES, "received_nvl", "0.75" },
	{ FILE_DEVICES, "sent_nic", "0.5" },
	{ FILE_DEVICES, "received_nic", "1" },
};
enum { WANTED = sizeof wanted / sizeof *wanted };

#define CONSTANT_LOSS(name, value)                                                                      \
	static void name(const struct moe_self *self, const struct moe_route *route, struct moe_term *term, \
					 struct moe_grad *grad)                                                             \
	{                                                                                                   \
		(void)self, (void)route, (void)grad;                                                            \
		*term = (struct moe_term){ (value), 2 };                                                        \
	}
CONSTANT_LOSS(quarter, 0.25)
CONSTANT_LOSS(half, 0.5)
CONSTANT_LOSS(three_quarters, 0.75)
CONSTANT_LOSS(five_quarters, 1.25)
CONSTANT_LOSS(six_quarters, 1.5)
CONSTANT_LOSS(seven_quarters, 1.75)
CONSTANT_LOSS(eight_quarters, 2)
CONSTANT_LOSS(nine_quarters, 2.25)

/* Balancers of constant losses: those of columns that steps.csv has, one with a column of its own, one that collides.
 */
static const struct moe_balancer balancers[] = {
	{ .part = { .kind = MOE_BALANCER, .name = "quarter" }, .column = "aux_loss", .loss = quarter },
	{ .part = { .kind = MOE_BALANCER, .name = "half" }, .column = "z_loss", .loss = half },
	{ .part = { .kind = MOE_BALANCER, .name = "weights" }, .column = "importance_loss", .loss = five_quarters },
	{ .part = { .kind = MOE_BALANCER, .name = "entropies" }, .column = "entropy_loss", .loss = six_quarters },
	{ .part = { .kind = MOE_BALANCER, .name = "devices" }, .column = "device_loss", .loss = seven_quarters },
	{ .part = { .kind = MOE_BALANCER, .name = "sent" }, .column = "communication_loss", .loss = eight_quarters },
	{ .part = { .kind = MOE_BALANCER, .name = "sums" }, .column = "l1_loss", .loss = nine_quarters },
	{ .part = { .kind = MOE_BALANCER, .name = "surprise" }, .column = "surprise_loss", .loss = three_quarters },
	{ .part = { .kind = MOE_BALANCER, .name = "taken" }, .column = "lr", .loss = quarter },
};
enum { BALANCERS = sizeof balancers / sizeof *balancers };

static struct settings settings;
static struct trainer trainer;

static void use_parts(void)
{
	static const struct moe_part *parts[256];
	size_t n = 0;
	for (; strategy_parts[n]; n++)
		parts[n] = strategy_parts[n];
	for (size_t i = 0; i < BALANCERS; i++)
		parts[n++] = &balancers[i].part;
	catalog_use(parts, strategy_recipes);
}

static void resolve(const char *sentence)
{
	struct assignment given[TINY_SETTINGS + 1];
	struct error err = { .code = ERROR_NONE };
	use_parts();
	memcpy(given, tiny_settings, sizeof tiny_settings);
	given[TINY_SETTINGS] = (struct assignment){ "strategy", sentence };
	ck_assert_msg(settings_resolve(given, TINY_SETTINGS + 1, &settings, &err) == 0, "%s", err.text);
}

static void open_trainer(const char *sentence)
{
	struct error err = { .code = ERROR_NONE };
	resolve(sentence);
	ck_assert_msg(trainer_open(&trainer, &settings, &err) == 0, "%s", err.text);
}

static const char *const domain_names[] = { "books", "news" };

static const char *write_eleven(const void *law, uint32_t token)
{
	(void)law;
	return token == 11 ? "ink" : "";
}

/* Token 8 of the last of three batches of 3 x 5 held-out tokens. */
static void set_token(void)
{
	static struct stream_type writing;
	writing = *trainer.stream.type;
	writing.text = write_eleven;
	trainer.stream.type = &writing;
	trainer.eval_batch.id[8] = 11;
	trainer.eval_batch.domain[8] = 1;
}

static void set_numbers(void)
{
	set_token();
	trainer.step = 7;
	trainer.net.call.experts = 11;
	trainer.net.call.bare = 3;
	trainer.flops = 4096;
	trainer.anchors = (struct anchors){
		.uniform = 5.125, .unigram = 4.125, .bigram = 3.125, .oracle = 0.5, .bag = 1.5, .bayes = 1.125
	};
	trainer.cost.params_total = 700;
	trainer.timing = (struct timing){ .data = 0.5, .forward = 1.5, .backward = 2.5, .optim = 3.5, .metrics = 4.5 };
	trainer.stream.domain_names = domain_names;
	settings.text = "words";
	settings.config.seed = 5;
}

static const struct run_price price_by_hand = {
	.layers = 2, .seconds = 0.5, .exposed = 0.125, .straggler = 3, .nodes = 2.5, .bottleneck = "nic", .device = 7
};

static struct outcome outcome_of(const struct evaluation *evaluation)
{
	struct outcome outcome = { .status = "interrupted",
							   .evaluation = *evaluation,
							   .leak = { CAUSALITY_TRAIN_ONLY, 0.0625 },
							   .flops_per_token = 66,
							   .params_active = 300,
							   .pairs_per_token = 67,
							   .bare_per_token = 68 };
	metrics_clear(&outcome.mean);
	metrics_clear(&outcome.worst);
	outcome.mean.maxvio = 51;
	outcome.mean.cv = 52;
	outcome.mean.dead_experts = 53;
	outcome.mean.drop_rate = 54;
	outcome.mean.domain_mi = 55;
	outcome.mean.domain_nmi = 56;
	outcome.mean.domain_mi_floor = 57;
	outcome.mean.maxvio_floor = 58;
	outcome.mean.effective_experts = 59;
	outcome.mean.utilisation = 60;
	outcome.mean.entropy_normalised = 61;
	outcome.worst.maxvio = 99;
	outcome.price = price_by_hand;
	return outcome;
}

static const struct metrics metrics_by_hand = {
	.maxvio = 11,
	.maxvio_floor = 12,
	.cv = 13,
	.entropy = 14,
	.gini = 15,
	.effective_experts = 16,
	.dead_experts = 17,
	.drop_rate = 18,
	.domain_mi = 19,
	.domain_nmi = 20,
	.domain_mi_floor = 21,
	.assignments = 22,
	.minvio = 23,
	.min_load = 24,
	.max_load = 25,
	.entropy_normalised = 26,
	.utilisation = 27,
	.cv_floor = 28,
	.token_drop_rate = 29,
	.route_entropy = 30,
	.top1_prob = 31,
	.logit_z = 32,
};

/* Sums over four batches. */
static const struct run_bill bill_by_hand = { .batches = 4 };
static const struct run_phase phase_by_hand = {
	.layer = 2, .phase = "dispatch", .level = "device", .rows_max = 20, .rows_mean = 12, .seconds = 0.5
};
static const struct run_device device_by_hand = {
	.layer = 2, .device = 7, .computed = 32, .sent = { 1, 2 }, .received = { 3, 4 }
};
static const struct {
	const char *column, *cell;
} wanted_on_cluster[] = {
	{ "layer_ms", "250" },         { "exposed_ms", "62.5" }, { "exposed_share", "0.25" },  { "straggler", "1.5" },
	{ "nodes_per_token", "1.25" }, { "bottleneck", "nic" },  { "bottleneck_device", "7" },
};

/* One row of the file, read back. */
static struct csv_table row_of(enum run_file file)
{
	static double assigned[] = { 1, 2, 3, 40 }, kept[] = { 1, 2, 3, 30 }, prob[] = { 1, 2, 3, 8 };
	static double joint[] = { 1, 2, 3, 4, 5, 6, 7, 17 }, by_place[] = { 9, 80 }, kept_by_place[] = { 9, 70 };
	static const real bias[] = { 1, 2, 3, (real)-0.375 };
	const struct step_log log = { 3.75, 3.5, 0.01, 9.5, false };
	const struct evaluation evaluation = { .loss = 3.25 };
	const struct outcome outcome = outcome_of(&evaluation);
	const struct run_bandwidth bandwidth = { .link = "nvl", .gbps = 24, .price = price_by_hand };
	const struct load load = { .experts = 4,
							   .domains = 2,
							   .length = 2,
							   .assigned = assigned,
							   .kept = kept,
							   .prob = prob,
							   .joint = joint,
							   .position_assigned = by_place,
							   .position_kept = kept_by_place,
							   .tokens = 64 };
	const struct run_row row = { .trainer = &trainer,
								 .log = &log,
								 .evaluation = &evaluation,
								 .outcome = &outcome,
								 .price = &price_by_hand,
								 .bill = &bill_by_hand,
								 .bandwidth = &bandwidth,
								 .phase = &phase_by_hand,
								 .device = &device_by_hand,
								 .run = "here",
								 .scope = "eval",
								 .layer = 2,
								 .expert = 3,
								 .domain = 1,
								 .position = 1,
								 .load = &load,
								 .metrics = metrics_by_hand,
								 .has_scores = true,
								 .bias = bias,
								 .token = 8,
								 .slot = 1,
								 .chosen = 9,
								 .weight = (real)0.75 };
	struct memory_file memory;
	struct csv_table table;
	struct error err;
	memory_file_open(&memory);
	struct csv_writer *to = csv_open_stream(memory.to, run_file_header(file, &settings));
	run_file_row(file, to, &row);
	ck_assert_int_eq(csv_close(to, false, &err), 0);
	memory_file_close(&memory);
	ck_assert_msg(csv_read_bytes("memory", memory.text, memory.size, &table, &err) == 0, "%s", err.text);
	free(memory.text);
	return table;
}

static void check_file(enum run_file file)
{
	struct csv_table table = row_of(file);
	size_t n = 0;
	for (size_t i = 0; i < WANTED; i++) {
		if (wanted[i].file != file)
			continue;
		int at = csv_column(&table, wanted[i].column);
		ck_assert_msg(at >= 0, "%s has no column %s", run_file_name(file), wanted[i].column);
		ck_assert_msg(strcmp(csv_cell(&table, 0, at), wanted[i].cell) == 0, "%s.%s is %s and should be %s",
					  run_file_name(file), wanted[i].column, csv_cell(&table, 0, at), wanted[i].cell);
		n++;
	}
	ck_assert_msg(n == table.columns, "%s has %zu columns and %zu are known here", run_file_name(file), table.columns,
				  n);
	csv_table_free(&table);
}

START_TEST(every_column_shows_its_own_value)
{
	struct step_log log;
	open_trainer("selector=top-k balance=quarter+half+weights+entropies+devices+sent+sums+surprise");
	trainer_step(&trainer, false, &log);
	ck_assert_double_eq_tol(log.loss - log.lm_loss, 2 * (0.25 + 0.5 + 1.25 + 1.5 + 1.75 + 2 + 2.25 + 0.75), 1e-5);
	set_numbers();
	check_file((enum run_file)_i);
	trainer_close(&trainer);
}
END_TEST

/* Behind the others, whatever a balancer adds. */
START_TEST(a_cluster_has_columns_of_its_own)
{
	enum run_file file = _i ? FILE_SUMMARY : FILE_STEPS;
	size_t n = sizeof wanted_on_cluster / sizeof *wanted_on_cluster;
	struct step_log log;
	open_trainer("selector=top-k balance=quarter+surprise");
	trainer_step(&trainer, false, &log);
	set_numbers();
	struct csv_table plain = row_of(file);
	settings.config.cluster = "h800";
	struct csv_table table = row_of(file);
	ck_assert_uint_eq(table.columns, plain.columns + n);
	for (size_t i = 0; i < n; i++) {
		int at = csv_column(&table, wanted_on_cluster[i].column);
		ck_assert_int_eq(at, (int)(plain.columns - (file == FILE_STEPS) + i));
		ck_assert_str_eq(csv_cell(&table, 0, at), wanted_on_cluster[i].cell);
		ck_assert_int_lt(csv_column(&plain, wanted_on_cluster[i].column), 0);
	}
	csv_table_free(&plain);
	csv_table_free(&table);
	trainer_close(&trainer);
}
END_TEST

/* A value that might stand for another one would hide that they changed places. */
START_TEST(no_two_values_of_a_file_are_equal)
{
	for (size_t i = 0; i < WANTED; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(wanted[i].file != wanted[j].file || strcmp(wanted[i].cell, wanted[j].cell) != 0,
						  "%s: %s and %s", run_file_name(wanted[i].file), wanted[i].column, wanted[j].column);
}
END_TEST

START_TEST(a_loss_of_its_own_gets_a_column_of_its_own)
{
	resolve("selector=top-k balance=surprise+quarter");
	ck_assert_str_eq(run_term(&settings.sentence, 0), "surprise_loss");
	ck_assert_ptr_null(run_term(&settings.sentence, 1));
	const char *header = run_file_header(FILE_STEPS, &settings);
	ck_assert_ptr_nonnull(strstr(header, "_loss,surprise_loss"));
	resolve("selector=top-k balance=quarter");
	ck_assert_ptr_null(run_term(&settings.sentence, 0));
	ck_assert_ptr_null(strstr(run_file_header(FILE_STEPS, &settings), "surprise"));
}
END_TEST

START_TEST(a_loss_cannot_take_the_column_of_something_else)
{
	struct error err;
	resolve("selector=top-k balance=taken");
	ck_assert_int_ne(run_terms_check(&settings.sentence, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_ptr_nonnull(strstr(err.text, "'lr'"));
	resolve("selector=top-k balance=quarter+surprise");
	ck_assert_int_eq(run_terms_check(&settings.sentence, &err), 0);
}
END_TEST

/* Or its loss would be recorded nowhere. */
START_TEST(every_balancer_with_a_loss_names_a_column)
{
	for (size_t i = 0; strategy_parts[i]; i++) {
		const struct moe_balancer *balancer = (const struct moe_balancer *)strategy_parts[i];
		if (strategy_parts[i]->kind == MOE_BALANCER)
			ck_assert_msg(!balancer->loss || balancer->column, "%s", strategy_parts[i]->name);
	}
}
END_TEST

START_TEST(a_whole_run_records_it)
{
	struct csv_table table;
	struct outcome outcome;
	struct error err = { .code = ERROR_NONE };
	int signal;
	open_trainer("selector=top-k balance=surprise");
	const struct run_plan plan = { .folder = in_folder("run"), .mode = RUN_NEW, .threads = 1 };
	ck_assert_msg(run_train(&trainer, &plan, &outcome, &signal, &err) == 0, "%s", err.text);
	ck_assert_int_eq(csv_read(in_folder("run/steps.csv"), &table, &err), 0);
	int column = csv_column(&table, "surprise_loss");
	ck_assert_int_eq(column, (int)table.columns - 1);
	ck_assert_str_eq(csv_cell(&table, 0, column), "");
	for (size_t row = 1; row < table.rows; row++)
		ck_assert_str_eq(csv_cell(&table, row, column), "0.75");
	csv_table_free(&table);
	trainer_close(&trainer);
}
END_TEST

/* What a column may hold is checked by the same table. */
START_TEST(cells_that_no_run_writes_are_found)
{
	static const struct {
		const char *text;
		bool fits;
	} files[] = {
		{ "eval_loss,status\n1.5,done\n", true },
		{ "eval_loss,status\n,nan\n", true },
		{ "eval_loss\nnan\n", false },
		{ "maxvio\nhigh\n", false },
		{ "future\nhigh\n", true },
		{ "seed\n1x\n", false },
		{ "exposed_share,bottleneck\n0.5,nic\n", true },
		{ "exposed_share\nmuch\n", false },
	};
	struct csv_table table;
	struct error err = { .code = ERROR_NONE };
	ck_assert_int_eq(csv_read_bytes("t", files[_i].text, strlen(files[_i].text), &table, &err), 0);
	ck_assert_int_eq(run_columns_check(FILE_SUMMARY, &table, &err) == 0, files[_i].fits);
	ck_assert_uint_eq(err.line, files[_i].fits ? 0 : 2);
	csv_table_free(&table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("columns");
	TCase *cases = tcase_create("columns");
	tcase_add_checked_fixture(cases, folder_setup, folder_teardown);
	tcase_add_loop_test(cases, every_column_shows_its_own_value, 0, RUN_FILES);
	tcase_add_loop_test(cases, a_cluster_has_columns_of_its_own, 0, 2);
	tcase_add_test(cases, no_two_values_of_a_file_are_equal);
	tcase_add_test(cases, a_loss_of_its_own_gets_a_column_of_its_own);
	tcase_add_test(cases, a_loss_cannot_take_the_column_of_something_else);
	tcase_add_test(cases, every_balancer_with_a_loss_names_a_column);
	tcase_add_test(cases, a_whole_run_records_it);
	tcase_add_loop_test(cases, cells_that_no_run_writes_are_found, 0, 8);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
