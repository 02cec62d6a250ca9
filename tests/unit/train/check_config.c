/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_config.c -- the option rows of settings, layer, parts and streams: their bounds hold and their values read
 * back; how settings come from defaults, strategy and user.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"
#include "sim/route/catalog.h"
#include "sim/train/borrowed.h"
#include "sim/train/settings.h"
#include "strategies/catalog.h"

static max_align_t room[1024 / sizeof(max_align_t)];

static void setup(void)
{
	catalog_use(strategy_parts, strategy_recipes);
}

/* ---- every row of every table ---------------------------------------------------------------------------------- */

static void check_refused(const struct moe_opt *row, const char *value)
{
	struct error err = { .code = ERROR_NONE };
	const char *before = options_value(row, room);
	ck_assert_msg(options_set(row, room, value, &err) != 0, "%s = %s was taken", row->name, value);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, row->name) != NULL, "%s: %s", row->name, err.text);
	ck_assert_str_eq(options_value(row, room), before);
}

/* Is taken, and read back from what is printed. */
static void check_taken(const struct moe_opt *row, const char *value)
{
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(options_set(row, room, value, &err) == 0, "%s", err.text);
	const char *printed = options_value(row, room);
	ck_assert_msg(options_set(row, room, printed, &err) == 0, "%s", err.text);
	ck_assert_str_eq(options_value(row, room), printed);
}

static double number_in(const struct moe_opt *row)
{
	const char *at = (const char *)room + row->at;
	return row->type == MOE_OPT_INT ? (double)*(const int64_t *)(const void *)at : *(const double *)(const void *)at;
}

static void check_number(const struct moe_opt *row)
{
	static const char *const never[] = {
		"nan", "inf", "-inf", "0x", "0x10", "1e309", "", " 1", "1 ", "+1", "1,5", "--1"
	};
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		check_refused(row, never[i]);
	ck_assert_double_le(row->low, row->high);
	check_taken(row, text_keep_f("%.17g", row->low));
	ck_assert_double_eq(number_in(row), row->low);
	check_taken(row, text_keep_f("%.17g", row->high));
	ck_assert_double_eq(number_in(row), row->high);
	if (row->type == MOE_OPT_INT) {
		check_refused(row, text_keep_f("%.0f.5", row->low));
		check_refused(row, text_keep_f("%.0f", row->high + (row->high < 0x1p53 ? 1 : 2)));
		if (row->low - 1 != 0 || row->zero == NULL)
			check_refused(row, text_keep_f("%.0f", row->low - 1));
	} else {
		check_refused(row, text_keep_f("%.17g", nextafter(row->high, INFINITY)));
		check_refused(row,
					  row->low > 0 ? text_keep_f("%.17g", nextafter(row->low, 0)) : text_keep_f("%.17g", row->low - 1));
	}
	if (row->zero) {
		check_taken(row, row->zero);
		ck_assert_double_eq(number_in(row), 0);
	}
}

static void check_words(const struct moe_opt *row)
{
	for (size_t i = 0; row->choices[i]; i++)
		check_taken(row, row->choices[i]);
	check_refused(row, "no-such-word");
	check_refused(row, "0");
	check_refused(row, "");
}

static void check_row(const struct moe_opt *row)
{
	struct error err;
	ck_assert_msg(row->help != NULL && *row->help, "%s has no help", row->name);
	ck_assert(row->type == MOE_OPT_TEXT || row->type == MOE_OPT_FLAG ||
			  (row->preset >= row->low && row->preset <= row->high) || (row->zero && row->preset == 0));
	ck_assert_str_eq(options_value(row, room), options_value_preset(row));
	ck_assert(options_set(row, room, NULL, &err) == 0 || row->type != MOE_OPT_FLAG);
	switch (row->type) {
	case MOE_OPT_INT:
	case MOE_OPT_REAL:
		check_number(row);
		break;
	case MOE_OPT_CHOICE:
		check_words(row);
		break;
	case MOE_OPT_FLAG:
		check_taken(row, "yes");
		check_taken(row, "no");
		check_refused(row, "maybe");
		break;
	case MOE_OPT_TEXT:
		check_taken(row, "some text");
		break;
	}
}

static size_t check_table(const struct moe_opt *rows, size_t size)
{
	size_t n = 0;
	ck_assert_uint_le(size, sizeof room);
	for (const struct moe_opt *row = rows; row && row->name; row++, n++) {
		options_preset(rows, room);
		check_row(row);
		ck_assert_ptr_eq(options_find(rows, row->name), row); /* no name stands twice */
	}
	return n;
}

START_TEST(rows_of_settings)
{
	ck_assert_uint_gt(check_table(config_rows(), sizeof(struct config)), 20);
}
END_TEST

START_TEST(rows_of_layers)
{
	ck_assert_uint_eq(check_table(layer_rows, sizeof(struct layer_options)), 13);
}
END_TEST

START_TEST(rows_of_parts)
{
	size_t n = 0;
	for (size_t i = 0; catalog_parts()[i]; i++)
		n += check_table(catalog_parts()[i]->opts, catalog_parts()[i]->opts_size);
	ck_assert_uint_gt(n, 8);
}
END_TEST

START_TEST(rows_of_streams)
{
	size_t n = 0;
	for (size_t i = 0; stream_types[i]; i++)
		n += check_table(stream_types[i]->opts, stream_types[i]->opts_size);
	ck_assert_uint_gt(n, 10);
}
END_TEST

/* ---- names ----------------------------------------------------------------------------------------------------- */

START_TEST(other_names_mean_rows)
{
	for (size_t i = 0; config_aliases[i][0]; i++) {
		const struct moe_opt *row = config_find(config_aliases[i][0]);
		ck_assert_msg(row != NULL, "%s", config_aliases[i][0]);
		ck_assert_str_eq(row->name, config_aliases[i][1]);
		ck_assert_ptr_null(options_find(config_rows(), config_aliases[i][0]));
	}
	ck_assert_str_eq(config_find("moe_router_topk")->name, "top-k");
	ck_assert_str_eq(config_find("num_local_experts")->name, "experts");
	ck_assert_ptr_null(config_find("no-such-setting"));
}
END_TEST

START_TEST(names_for_suggestions_are_all_names)
{
	size_t n = 0, rows = 0, others = 0;
	while (config_names()[n])
		n++;
	while (config_rows()[rows].name)
		rows++;
	while (config_aliases[others][0])
		others++;
	for (size_t i = 0; borrowed_name(i); i++)
		others++;
	ck_assert_uint_eq(n, rows + others);
}
END_TEST

/* ---- who wins -------------------------------------------------------------------------------------------------- */

static enum origin origin_of(const struct settings *settings, const char *name)
{
	return settings->origin[config_find(name) - config_rows()];
}

static struct settings resolve_well(const struct assignment *given, size_t n)
{
	struct settings settings;
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(settings_resolve(given, n, &settings, &err) == 0, "%s", err.text);
	return settings;
}

START_TEST(defaults_alone)
{
	struct settings settings = resolve_well(NULL, 0);
	ck_assert_str_eq(settings.sentence.name, "top-k");
	for (const struct moe_opt *row = config_rows(); row->name; row++) {
		ck_assert_msg(options_is_preset(row, &settings.config), "%s", row->name);
		ck_assert_int_eq(origin_of(&settings, row->name), ORIGIN_DEFAULT);
	}
}
END_TEST

START_TEST(strategy_over_default_and_user_over_strategy)
{
	const struct assignment given[] = {
		{ "experts", "32" }, { "strategy", "switch" }, { "num-experts", "16" }, { "capacity", "2" }
	};
	struct settings settings = resolve_well(given, 4);
	ck_assert_int_eq(settings.config.layer.experts, 16); /* the last word wins */
	ck_assert_int_eq(settings.config.layer.k, 1);
	ck_assert_double_eq(settings.config.layer.capacity, 2);
	ck_assert_double_eq(settings.config.layer.jitter, 0.01);
	ck_assert_int_eq(origin_of(&settings, "experts"), ORIGIN_USER);
	ck_assert_int_eq(origin_of(&settings, "top-k"), ORIGIN_STRATEGY);
	ck_assert_int_eq(origin_of(&settings, "capacity"), ORIGIN_USER);
	ck_assert_int_eq(origin_of(&settings, "jitter"), ORIGIN_STRATEGY);
	ck_assert_int_eq(origin_of(&settings, "lr"), ORIGIN_DEFAULT);
	ck_assert_str_eq(settings_origin(ORIGIN_STRATEGY), "strategy");
}
END_TEST

START_TEST(resolved_sentence_resolves_to_itself)
{
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++) {
		struct assignment given = { "strategy", recipe->name };
		const char *text = resolve_well(&given, 1).text;
		struct assignment again[] = { { "strategy", text }, { "experts", "64" } };
		ck_assert_str_eq(resolve_well(again, 1).text, text);
	}
}
END_TEST

START_TEST(settings_of_others_are_words)
{
	const struct assignment given[] = { { "strategy", "aux-loss" },
										{ "moe-aux-loss-coeff", "0.25" },
										{ "moe-z-loss-coeff", "0.001" },
										{ "scoring-func", "sigmoid" } };
	struct settings settings = resolve_well(given, 4);
	ck_assert_str_eq(settings.sentence.scorer.part->name, "sigmoid");
	ck_assert_uint_eq(settings.sentence.balancers, 2);
	ck_assert_ptr_nonnull(strstr(settings.text, "balance=aux,weight=0.25"));
	ck_assert_ptr_nonnull(strstr(settings.text, "+z,weight=0.001"));
}
END_TEST

/* Whichever comes first: a gate in the place of another does not lose what was said of it. */
START_TEST(options_of_a_part_outlive_its_replacement)
{
	const struct assignment given[][3] = {
		{ { "routed-scaling-factor", "2.5" }, { "norm-topk-prob", "true" }, { "moe-expert-capacity-factor", "1" } },
		{ { "norm-topk-prob", "true" }, { "moe-expert-capacity-factor", "1" }, { "routed-scaling-factor", "2.5" } },
	};
	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		struct settings settings = resolve_well(given[i], 3);
		ck_assert_msg(strstr(settings.text, "gate=renorm,scale=2.5,over=chosen") != NULL, "%s", settings.text);
		ck_assert_ptr_nonnull(strstr(settings.text, " capacity=1 "));
		ck_assert_ptr_nonnull(strstr(settings.text, " overflow=lowest-weight"));
	}
}
END_TEST

START_TEST(words_of_borrowed_names)
{
	static const char *const words[][2] = {
		{ "scoring-func", "scorer=" },
		{ "moe-router-load-balancing-type", "balance=+aux,scope=" },
		{ "router-aux-loss-coef", "balance=+aux,count=scores,in-balance=k,per=net,weight=" },
		{ "moe-router-enable-expert-bias", "balance=+bias,rate=0.001" },
		{ "topk-group", "group-top-k=" },
		{ "moe-expert-capacity-factor", "overflow=lowest-weight capacity=" },
		{ "norm-topk-prob", "gate=" },
	};
	size_t found = 0;
	for (size_t i = 0; borrowed_name(i); i++)
		for (size_t j = 0; j < sizeof words / sizeof *words; j++)
			if (strcmp(words[j][0], borrowed_name(i)) == 0) {
				ck_assert_str_eq(borrowed_words(i), words[j][1]);
				found++;
			}
	ck_assert_uint_eq(found, sizeof words / sizeof *words);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	static const struct {
		struct assignment given[2];
		const char *file, *words;
	} cases[] = {
		{ { { "heads", "3" } }, "", "width / heads must be an even integer" },
		{ { { "width", "6" }, { "heads", "2" } }, "", "width / heads must be an even integer" },
		{ { { "top-k", "8" }, { "experts", "4" } }, "", "top-k 8 exceeds the 4 experts" },
		{ { { "lr", "nan" } }, "--lr", "lr = nan" },
		{ { { "num-experts", "0" } }, "--num-experts", "experts = 0" },
		{ { { "strategy", "topk" } }, "--strategy", "did you mean 'top-k'?" },
		{ { { "balance", "axu" } }, "--balance", "did you mean 'aux'?" },
		{ { { "no-such", "1" } }, "", "unknown setting 'no-such'" },
		{ { { "moe-aux-loss-coeff", "-1" } }, "--moe-aux-loss-coeff", "weight = -1" },
		{ { { "scoring-func", "softmx" } }, "--scoring-func", "did you mean 'softmax'?" },
		{ { { "strategy", "topk" }, { "moe-z-loss-coeff", "-1" } }, "--strategy", "did you mean 'top-k'?" },
		{ { { "moe-router-load-balancing-type", "aux_loss" } },
		  "--moe-router-load-balancing-type",
		  "needs --moe-aux-loss-coeff" },
		{ { { "moe-router-load-balancing-type", "none" }, { "moe-aux-loss-coeff", "1" } },
		  "--moe-aux-loss-coeff",
		  "'none' has no auxiliary loss" },
		{ { { "moe-router-load-balancing-type", "seq" } }, "--moe-router-load-balancing-type", "one of: aux_loss, " },
		{ { { "moe-router-enable-expert-bias", "no" }, { "moe-router-bias-update-rate", "1" } },
		  "--moe-router-bias-update-rate",
		  "no bias to update" },
		{ { { "moe-router-num-groups", "4" } }, "--moe-router-num-groups", "needs --moe-router-group-topk" },
		{ { { "topk-group", "4" } }, "--topk-group", "needs --n-group" },
		{ { { "n-group", "8" }, { "topk-group", "x" } }, "--n-group", "group-top-k = x" },
		{ { { "topk-method", "noaux_tc" } }, "--topk-method", "needs --n-group" },
		{ { { "moe-token-drop-policy", "probs" } }, "--moe-token-drop-policy", "needs --moe-expert-capacity-factor" },
		{ { { "moe-expert-capacity-factor", "1" }, { "moe-token-drop-policy", "random" } },
		  "--moe-token-drop-policy",
		  "must be one of: probs, position" },
		{ { { "routed-scaling-factor", "0" } }, "--routed-scaling-factor", "scale = 0" },
		{ { { "strategy", "gate=unit" }, { "routed-scaling-factor", "2" } },
		  "--routed-scaling-factor",
		  "gate 'unit' has no option 'scale'" },
		{ { { "norm-topk-prob", "maybe" } }, "--norm-topk-prob", "'maybe' must be one of" },
		{ { { "moe-z-loss-coeff", "1" }, { "balance", "aux" } }, "", "--balance conflicts with --moe-z-loss-coeff" },
		/* what is given is a value, never words of a sentence */
		{ { { "moe-aux-loss-coeff", "0.1 gate=unit" } }, "--moe-aux-loss-coeff", "weight = 0.1 gate=unit" },
		{ { { "moe-aux-loss-coeff", "0.1,count=first" } }, "--moe-aux-loss-coeff", "weight = 0.1,count=first" },
		{ { { "moe-z-loss-coeff", "0.1+l1" } }, "--moe-z-loss-coeff", "weight = 0.1+l1" },
		{ { { "scoring-func", "sigmoid gate=unit" } }, "--scoring-func", "unknown scorer 'sigmoid gate=unit'" },
		{ { { "scoring-func", "" } }, "--scoring-func", "unknown scorer ''" },
		{ { { "moe-expert-capacity-factor", "1 k=1" } }, "--moe-expert-capacity-factor", "capacity = 1 k=1" },
		{ { { "n-group", "8,group-score=even" }, { "topk-group", "4" } }, "--n-group", "groups = 8,group-score=even" },
		{ { { "strategy", "top-k selector=top-p" }, { "n-group", "8" } }, "--n-group", "needs --topk-group" },
		{ { { "strategy", "top-k scorer=sigmoid" }, { "scoring-func", "softmax" } },
		  "--scoring-func",
		  "'scorer' is given twice" },
		{ { { "moe-router-score-function", "sigmoid" }, { "scoring-func", "softmax" } },
		  "--scoring-func",
		  "'scorer' is given twice" },
		{ { { "strategy", "top-k capacity=2" }, { "moe-expert-capacity-factor", "1" } },
		  "--moe-expert-capacity-factor",
		  "'capacity' is given twice" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings settings;
		struct error err = { .code = ERROR_NONE };
		size_t n = cases[i].given[1].name ? 2 : 1;
		ck_assert_int_ne(settings_resolve(cases[i].given, n, &settings, &err), 0);
		ck_assert_int_eq(err.code, ERROR_USER);
		ck_assert_str_eq(err.file, cases[i].file);
		ck_assert_msg(strstr(err.text, cases[i].words) != NULL, "%s", err.text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *rows = tcase_create("rows"), *settings = tcase_create("settings");
	tcase_add_checked_fixture(rows, setup, NULL);
	tcase_add_checked_fixture(settings, setup, NULL);
	tcase_add_test(rows, rows_of_settings);
	tcase_add_test(rows, rows_of_layers);
	tcase_add_test(rows, rows_of_parts);
	tcase_add_test(rows, rows_of_streams);
	tcase_add_test(settings, other_names_mean_rows);
	tcase_add_test(settings, names_for_suggestions_are_all_names);
	tcase_add_test(settings, defaults_alone);
	tcase_add_test(settings, strategy_over_default_and_user_over_strategy);
	tcase_add_test(settings, resolved_sentence_resolves_to_itself);
	tcase_add_test(settings, settings_of_others_are_words);
	tcase_add_test(settings, options_of_a_part_outlive_its_replacement);
	tcase_add_test(settings, words_of_borrowed_names);
	tcase_add_test(settings, what_does_not_fit_is_refused);
	suite_add_tcase(suite, rows);
	suite_add_tcase(suite, settings);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
