/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_sentence.c -- strategies in words: what is understood, what is refused and where, and that printing loses
 * nothing.
 */
#include <config.h>

#include <check.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"
#include "strategies/catalog.h"

static void setup(void)
{
	catalog_use(strategy_parts, strategy_recipes);
}

static struct layer_options preset_layer(void)
{
	struct layer_options layer;
	options_preset(layer_rows, &layer);
	return layer;
}

/* Reads a sentence that must be well. */
static struct sentence read_well(const char *text, const char *balance, struct layer_options *layer)
{
	struct sentence sentence;
	struct error err = { .code = ERROR_NONE };
	*layer = preset_layer();
	ck_assert_msg(sentence_read(text, balance, &sentence, &err) == 0, "%s: %s", text, err.text);
	ck_assert_msg(sentence_apply(&sentence, layer, &err) == 0, "%s: %s", text, err.text);
	return sentence;
}

static const char *resolved(const char *text, const char *balance)
{
	struct layer_options layer;
	struct sentence sentence = read_well(text, balance, &layer);
	return sentence_text(&sentence, &layer);
}

/* The value of one option of a part, as text. */
static const char *option(const struct part_use *use, const char *name)
{
	return options_value(options_find(use->part->opts, name), use->opt);
}

/* ---- what is understood ---------------------------------------------------------------------------------------- */

START_TEST(a_recipe_by_name_and_alias)
{
	struct layer_options layer;
	struct sentence sentence = read_well("bias", NULL, &layer);
	ck_assert_str_eq(sentence.name, "bias");
	ck_assert_str_eq(sentence.scorer.part->name, "softmax");
	ck_assert_str_eq(sentence.selector.part->name, "top-k");
	ck_assert_str_eq(sentence.gate.part->name, "renorm");
	ck_assert_uint_eq(sentence.balancers, 1);
	ck_assert_str_eq(sentence.balancer[0].part->name, "bias");
	ck_assert_str_eq(resolved("loss-free", NULL), resolved("bias", NULL));
	ck_assert_str_eq(read_well("loss-free", NULL, &layer).name, "bias");
	ck_assert_str_eq(resolved("token-choice", NULL), resolved("top-k", NULL));
	ck_assert_str_eq(resolved("shared-routed", NULL), resolved("shared", NULL));
}
END_TEST

START_TEST(the_plain_projector_goes_without_saying)
{
	struct layer_options layer;
	ck_assert_str_eq(read_well("bias", NULL, &layer).projector.part->name, "linear");
	ck_assert_str_eq(resolved("bias projector=linear", NULL), resolved("bias", NULL));
	ck_assert_ptr_null(strstr(resolved("bias projector=linear", NULL), "projector"));
}
END_TEST

START_TEST(words_alone_begin_with_plain_top_k)
{
	struct layer_options layer;
	struct sentence sentence = read_well(" \tgate=score   k=3 ", NULL, &layer);
	ck_assert_str_eq(sentence.name, "custom");
	ck_assert_str_eq(sentence.scorer.part->name, "softmax");
	ck_assert_str_eq(sentence.selector.part->name, "top-k");
	ck_assert_str_eq(sentence.gate.part->name, "score");
	ck_assert_uint_eq(sentence.balancers, 0);
	ck_assert_int_eq(layer.k, 3);
}
END_TEST

START_TEST(keys_behind_a_recipe)
{
	struct layer_options layer;
	struct sentence sentence =
		read_well("aux-loss,weight=0.5,k=4,capacity=1.25,scope=sequence,expert_width=8", NULL, &layer);
	ck_assert_str_eq(option(&sentence.balancer[0], "weight"), "0.5");
	ck_assert_str_eq(option(&sentence.balancer[0], "scope"), "sequence");
	ck_assert_int_eq(layer.k, 4);
	ck_assert_int_eq(layer.expert_width, 8);
	ck_assert_double_eq(layer.capacity, 1.25);
}
END_TEST

START_TEST(words_behind_a_recipe_win)
{
	struct layer_options layer;
	struct sentence sentence = read_well("switch,k=2 k=3 gate=renorm,scale=2 top-k=4 balance=z", NULL, &layer);
	ck_assert_str_eq(sentence.name, "switch");
	ck_assert_int_eq(layer.k, 4);
	ck_assert_double_eq(layer.capacity, 1.25);
	ck_assert_str_eq(option(&sentence.gate, "scale"), "2");
	ck_assert_uint_eq(sentence.balancers, 1);
	ck_assert_str_eq(sentence.balancer[0].part->name, "z");
}
END_TEST

START_TEST(balancers_stack_in_order)
{
	struct layer_options layer;
	struct sentence sentence =
		read_well("balance=aux,weight=1e+1,scope=sequence+z,weight=1e-3+aux,scope=running+bias", NULL, &layer);
	static const char *const names[] = { "aux", "z", "aux", "bias" };
	ck_assert_uint_eq(sentence.balancers, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(sentence.balancer[i].part->name, names[i]);
	ck_assert_str_eq(option(&sentence.balancer[0], "weight"), "10");
	ck_assert_str_eq(option(&sentence.balancer[0], "scope"), "sequence");
	ck_assert_str_eq(option(&sentence.balancer[1], "weight"), "0.001");
	ck_assert_str_eq(option(&sentence.balancer[2], "scope"), "running");
}
END_TEST

START_TEST(balancers_are_replaced_or_added)
{
	struct layer_options layer;
	ck_assert_uint_eq(read_well("deepseek-v3", NULL, &layer).balancers, 2);
	ck_assert_uint_eq(read_well("deepseek-v3", "none", &layer).balancers, 0);
	ck_assert_uint_eq(read_well("deepseek-v3 balance=none", NULL, &layer).balancers, 0);
	struct sentence sentence = read_well("deepseek-v3", "z", &layer);
	ck_assert_uint_eq(sentence.balancers, 1);
	ck_assert_str_eq(sentence.balancer[0].part->name, "z");
	sentence = read_well("aux-loss balance=+z", NULL, &layer);
	ck_assert_uint_eq(sentence.balancers, 2);
	ck_assert_str_eq(sentence.balancer[0].part->name, "aux");
	ck_assert_str_eq(sentence.balancer[1].part->name, "z");
	sentence = read_well("aux-loss balance=+aux,weight=3", NULL, &layer);
	ck_assert_uint_eq(sentence.balancers, 1);
	ck_assert_str_eq(option(&sentence.balancer[0], "weight"), "3");
}
END_TEST

/* ---- printing loses nothing ------------------------------------------------------------------------------------ */

START_TEST(every_recipe_reads_back)
{
	for (const struct moe_recipe *recipe = strategy_recipes; recipe->name; recipe++) {
		const char *text = resolved(recipe->name, NULL);
		ck_assert_str_eq(resolved(text, NULL), text);
	}
}
END_TEST

/* A random value inside the row's range. */
static const char *draw_value(const struct moe_opt *row, struct moe_rng *rng)
{
	size_t words = 0;
	double share = moe_uniform(rng);
	switch (row->type) {
	case MOE_OPT_CHOICE:
		while (row->choices[words])
			words++;
		return row->choices[moe_below(rng, words)];
	case MOE_OPT_FLAG:
		return moe_below(rng, 2) ? "yes" : "no";
	case MOE_OPT_INT:
		return text_keep_f("%.0f", row->low + share * share * share * (row->high - row->low));
	default:
		return text_keep_f("%.17g", row->low + share * share * share * (row->high - row->low));
	}
}

static const char *draw_part(enum moe_kind kind, struct moe_rng *rng)
{
	const char *const *names = catalog_part_names(kind);
	size_t n = 0;
	while (names[n])
		n++;
	const char *name = names[moe_below(rng, n)], *text = name;
	for (const struct moe_opt *row = catalog_part(kind, name)->opts; row && row->name; row++)
		if (moe_below(rng, 2))
			text = text_keep_f("%s,%s=%s", text, row->name, draw_value(row, rng));
	return text;
}

START_TEST(random_sentences_read_back)
{
	struct moe_rng rng = seed_stream(1, "sentences", 0);
	for (int i = 0; i < 500; i++) {
		const char *text =
			text_keep_f("projector=%s scorer=%s selector=%s gate=%s balance=", draw_part(MOE_PROJECTOR, &rng),
						draw_part(MOE_SCORER, &rng), draw_part(MOE_SELECTOR, &rng), draw_part(MOE_GATE, &rng));
		size_t stacked = moe_below(&rng, 10);
		for (size_t j = 0; j < stacked; j++)
			text = text_keep_f("%s%s%s", text, j ? "+" : "", draw_part(MOE_BALANCER, &rng));
		text = text_keep_f("%s%s", text, stacked ? "" : "none");
		for (const struct moe_opt *row = layer_rows; row->name; row++)
			if (moe_below(&rng, 2))
				text = text_keep_f("%s %s=%s", text, row->name, draw_value(row, &rng));
		const char *once = resolved(text, NULL);
		ck_assert_str_eq(resolved(once, NULL), once);
		struct layer_options layer;
		ck_assert_uint_eq(read_well(once, NULL, &layer).balancers, stacked);
	}
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------------------------- */

static const struct refusal {
	const char *text, *balance, *file;
	unsigned column;
	const char *words;
} refusals[] = {
	{ "", NULL, "--strategy", 1, "an empty strategy (see: moesim list strategies)" },
	{ "   ", NULL, "--strategy", 4, "an empty strategy" },
	{ "topk", NULL, "--strategy", 1, "unknown strategy 'topk' (did you mean 'top-k'?)" },
	{ "  expert-choise", NULL, "--strategy", 3, "(did you mean 'expert-choice'?)" },
	{ "qwertyuiop", NULL, "--strategy", 1, "unknown strategy 'qwertyuiop' (see: moesim list strategies)" },
	{ ",k=2", NULL, "--strategy", 1, "unknown strategy ''" },
	{ "top-k,", NULL, "--strategy", 6, "an option is missing behind the last comma" },
	{ "top-k,k=2,", NULL, "--strategy", 10, "an option is missing behind the last comma" },
	{ "top-k,,k=2", NULL, "--strategy", 7, "'' needs a value: KEY=VALUE" },
	{ "top-k,k", NULL, "--strategy", 7, "'k' needs a value: KEY=VALUE" },
	{ "top-k,rate=1", NULL, "--strategy", 7, "'top-k' has no option 'rate' (see: moesim explain top-k)" },
	{ "top-k,k=0", NULL, "--strategy", 9, "top-k = 0: must be an integer from 1 to 65536" },
	{ "top-k,k=nan", NULL, "--strategy", 9, "top-k = nan" },
	{ "top-k,second=1.5", NULL, "--strategy", 14, "second = 1.5: must be a number from 0 to 1" },
	{ "deepseek-v3,scale=2e9", NULL, "--strategy", 19, "scale = 2e9" },
	{ "st-moe,weight=1", NULL, "--strategy", 8, "'weight' could mean aux or z (write the parts out, as in balance=" },
	{ "top-k bias", NULL, "--strategy", 7, "'bias' is neither a recipe at the front nor KEY=VALUE" },
	{ "gate=score top-k", NULL, "--strategy", 12, "'top-k' is neither" },
	{ "top-k gat=score", NULL, "--strategy", 7, "unknown word 'gat' (did you mean 'gate'?)" },
	{ "top-k foo=score", NULL, "--strategy", 7,
	  "unknown word 'foo' (known: projector, scorer, selector, gate, balance" },
	{ "top-k =3", NULL, "--strategy", 7, "unknown word ''" },
	{ "expert=4 k=1", NULL, "--strategy", 1, "unknown word 'expert' (did you mean 'experts'?)" },
	{ "top-k gate=scor", NULL, "--strategy", 12, "unknown gate 'scor' (did you mean 'score'?)" },
	{ "scorer=", NULL, "--strategy", 8, "unknown scorer ''" },
	{ "top-k projector=lineer", NULL, "--strategy", 17, "unknown projector 'lineer' (did you mean 'linear'?)" },
	{ "projector=linear projector=linear", NULL, "--strategy", 18, "'projector' is given twice (keep one)" },
	{ "selector=qwerty", NULL, "--strategy", 10, "unknown selector 'qwerty' (see: moesim list selectors)" },
	{ "gate=score,", NULL, "--strategy", 11, "an option is missing behind the last comma" },
	{ "gate=score,,scale=1", NULL, "--strategy", 12, "" },
	{ "gate=score,scal=1", NULL, "--strategy", 12, "unknown option 'scal' of gate score (did you mean 'scale'?)" },
	{ "k=2 gate=score,scale=0", NULL, "--strategy", 16, "scale = 0" },
	{ "gate=score,scale=1,scale=2", NULL, "--strategy", 20, "scale" },
	{ "gate=unit,scale=1", NULL, "--strategy", 11, "scale" },
	{ "balance=aux+", NULL, "--strategy", 9, "unknown balancer 'aux+' (did you mean 'aux'?)" },
	{ "balance=", NULL, "--strategy", 9, "unknown balancer ''" },
	{ "balance=aux+zz", NULL, "--strategy", 13, "unknown balancer 'zz'" },
	{ "balance=none+aux", NULL, "--strategy", 9, "unknown balancer 'none'" },
	{ "balance=aux,scope=all", NULL, "--strategy", 13, "scope = all: must be one of: sequence, micro-batch, batch" },
	{ "top-k,k=1,k=1", NULL, "--strategy", 11, "'k' is given twice (keep one)" },
	{ "gshard,second=0.1,k=1,second=0.2", NULL, "--strategy", 23, "'second' is given twice (keep one)" },
	{ "overflow=first", NULL, "--strategy", 10,
	  "overflow = first: must be one of: position, lowest-score, lowest-weight, batch-order, next-best, recycled" },
	{ "capacity=-1", NULL, "--strategy", 10, "capacity = -1: must be" },
	{ "jitter=1", NULL, "--strategy", 8, "jitter = 1: must be" },
	{ "top-k", "", "--balance", 1, "unknown balancer ''" },
	{ "top-k", "axu", "--balance", 1, "unknown balancer 'axu' (did you mean 'aux'?)" },
	{ "top-k", "aux,weight=-1+z", "--balance", 5, "weight = -1" },
	{ "top-k", "aux,weight=1+z,weigth=2", "--balance", 16, "(did you mean 'weight'?)" },
	{ "top-k", "aux z", "--balance", 1, "unknown balancer 'aux z'" },
};

START_TEST(refusals_name_place_and_remedy)
{
	const struct refusal *refusal = &refusals[_i];
	struct sentence sentence;
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(sentence_read(refusal->text, refusal->balance, &sentence, &err) != 0, "'%s' was taken",
				  refusal->text);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, refusal->file);
	ck_assert_msg(strstr(err.text, refusal->words) != NULL, "'%s': %s", refusal->text, err.text);
	ck_assert_msg(err.column == refusal->column, "'%s': column %u: %s", refusal->text, err.column, err.text);
}
END_TEST

START_TEST(parts_that_do_not_fit)
{
	static const char *const cases[][2] = {
		{ "scorer=none selector=top-k gate=unit", "selector 'top-k' needs scores, and scorer 'none' gives none" },
		{ "hash scorer=none gate=score",
		  "gate 'score' needs scores, and scorer 'none' gives none (try scorer=softmax)" },
		{ "hash scorer=none gate=unit balance=z", "balancer 'z' needs logits, and scorer 'none' gives none" },
		{ "dense balance=aux", "balancer 'aux' needs scores" },
		{ "selector=none gate=unit", "selector 'none' routes nothing, so scorer 'softmax' has no use" },
		{ "top-k,k=65", "top-k 65 exceeds the 64 experts" },
		{ "hash,capacity=1,overflow=lowest-score scorer=none gate=unit", "overflow 'lowest-score' needs scores" },
		{ "hash gate=unit projector=l2", "nothing reads the scores of scorer 'softmax', so projector 'l2' has no use" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct layer_options layer;
		struct sentence sentence = read_well(cases[i][0], NULL, &layer);
		struct error err = { .code = ERROR_NONE };
		ck_assert_msg(sentence_check(&sentence, &layer, &err) != 0, "'%s' was taken", cases[i][0]);
		ck_assert_int_eq(err.code, ERROR_USER);
		ck_assert_msg(strstr(err.text, cases[i][1]) != NULL, "'%s': %s", cases[i][0], err.text);
	}
}
END_TEST

/* Each beside its nearest neighbor that does something. */
static const struct idle {
	const char *text, *words, *neighbor;
} idle[] = {
	{ "dense,capacity=1.25", "capacity=1.25 has no effect: selector 'none' routes nothing (use capacity=none)",
	  "dense shared=1 experts=8" },
	{ "dense,eval-capacity=2", "eval-capacity=2 has no effect: selector 'none' routes nothing (use eval-capacity=same)",
	  "dense router-scale=0.02 router-lr=0" },
	{ "dense,overflow=recycled", "overflow=recycled has no effect: selector 'none' routes nothing", "dense" },
	{ "dense,jitter=0.1", "jitter=0.1 has no effect: selector 'none' routes nothing (use jitter=none)",
	  "dense,jitter=0" },
	{ "top-k,overflow=lowest-score", "overflow=lowest-score has no effect: no expert has a capacity",
	  "top-k,overflow=lowest-score,eval-capacity=1" },
	{ "hunyuan-large,capacity=none",
	  "overflow=recycled has no effect: no expert has a capacity, which capacity and eval-capacity set (use "
	  "overflow=position)",
	  "hunyuan-large,capacity=none,overflow=position" },
	{ "hash-layers,jitter=0.5", "jitter=0.5 has no effect: scorer 'none' reads no logits (use jitter=none)",
	  "hash,jitter=0.5" },
	{ "hash,jitter=0.5 gate=unit", "jitter=0.5 has no effect: nothing reads the scores of scorer 'softmax'",
	  "hash,jitter=0.5,capacity=1,overflow=lowest-score gate=unit" },
	{ "random,jitter=0.5 gate=unit", "jitter=0.5 has no effect: nothing reads",
	  "random,jitter=0.5 gate=unit balance=z" },
	{ "expert-choice,capacity=1",
	  "capacity=1 has no effect: with selector 'expert-top' no expert has more than its share",
	  "expert-choice,capacity=0.9" },
	{ "expert-choice,capacity=1.5", "capacity=1.5 has no effect", "expert-choice,capacity=1.5,group=sequence" },
	{ "expert-choice,eval-capacity=1.5", "eval-capacity=1.5 has no effect",
	  "expert-choice,capacity=0.9,eval-capacity=1.5" },
	{ "gshard,k=1", "second=0.5 has no effect with top-k 1", "gshard,k=1,second=none" },
	{ "hash balance=bias",
	  "balancer 'bias' has no effect: selector 'hash' does not compare the scores of experts, which it shifts (leave "
	  "it "
	  "out, or try balance=aux)",
	  "hash balance=aux" },
	{ "random balance=aux+quantile", "balancer 'quantile' has no effect: selector 'random'", "random balance=aux" },
	{ "base balance=bias", "balancer 'bias' has no effect: selector 'base'", "base balance=z" },
	{ "s-base balance=bias", "balancer 'bias' has no effect: selector 'sinkhorn'", "top-k balance=bias" },
	{ "frozen balance=bias", "balancer 'bias' has no effect: selector 'frozen'",
	  "frozen,capacity=1,overflow=next-best balance=bias" },
	{ "frozen,capacity=1,overflow=lowest-score balance=bias", "balancer 'bias' has no effect: selector 'frozen'",
	  "frozen,capacity=1,overflow=lowest-score" },
	{ "planted balance=bias", "balancer 'bias' has no effect: selector 'planted'", "planted-guess balance=bias" },
	{ "expert-choice balance=bias", "balancer 'bias' has no effect: selector 'expert-top'",
	  "expert-threshold balance=bias" },
};

START_TEST(what_has_no_effect)
{
	struct layer_options layer;
	struct sentence sentence = read_well(idle[_i].text, NULL, &layer);
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(sentence_check(&sentence, &layer, &err) != 0, "'%s' was taken", idle[_i].text);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, idle[_i].words) != NULL, "'%s': %s", idle[_i].text, err.text);
	sentence = read_well(idle[_i].neighbor, NULL, &layer);
	err = (struct error){ .code = ERROR_NONE };
	ck_assert_msg(sentence_check(&sentence, &layer, &err) == 0, "'%s': %s", idle[_i].neighbor, err.text);
}
END_TEST

START_TEST(every_recipe_fits_itself)
{
	for (const struct moe_recipe *recipe = strategy_recipes; recipe->name; recipe++) {
		struct layer_options layer;
		struct sentence sentence = read_well(recipe->name, NULL, &layer);
		struct error err = { .code = ERROR_NONE };
		ck_assert_msg(sentence_check(&sentence, &layer, &err) == 0, "%s: %s", recipe->name, err.text);
		ck_assert_str_eq(sentence.name, recipe->name);
	}
}
END_TEST

/* The names that people and scripts rely on. */
START_TEST(names_that_must_exist)
{
	static const char *const names[] = { "dense",         "random",       "hash",       "top-k",         "token-choice",
										 "aux-loss",      "bias",         "loss-free",  "expert-choice", "shared",
										 "shared-routed", "switch",       "gshard",     "st-moe",        "mixtral",
										 "grok-1",        "deepseek-moe", "deepseek-v3" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(catalog_recipe(names[i]) != NULL, "%s", names[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sentence");
	TCase *grammar = tcase_create("grammar"), *print = tcase_create("print"), *refused = tcase_create("refused");
	tcase_add_checked_fixture(grammar, setup, NULL);
	tcase_add_checked_fixture(print, setup, NULL);
	tcase_add_checked_fixture(refused, setup, NULL);
	tcase_add_test(grammar, a_recipe_by_name_and_alias);
	tcase_add_test(grammar, the_plain_projector_goes_without_saying);
	tcase_add_test(grammar, words_alone_begin_with_plain_top_k);
	tcase_add_test(grammar, keys_behind_a_recipe);
	tcase_add_test(grammar, words_behind_a_recipe_win);
	tcase_add_test(grammar, balancers_stack_in_order);
	tcase_add_test(grammar, balancers_are_replaced_or_added);
	tcase_add_test(grammar, names_that_must_exist);
	tcase_add_test(print, every_recipe_reads_back);
	tcase_add_test(print, random_sentences_read_back);
	tcase_add_loop_test(refused, refusals_name_place_and_remedy, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(refused, parts_that_do_not_fit);
	tcase_add_loop_test(refused, what_has_no_effect, 0, sizeof idle / sizeof *idle);
	tcase_add_test(refused, every_recipe_fits_itself);
	suite_add_tcase(suite, grammar);
	suite_add_tcase(suite, print);
	suite_add_tcase(suite, refused);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
