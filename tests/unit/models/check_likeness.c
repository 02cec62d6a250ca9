/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_likeness.c -- public models made small: the router stays, the shape shrinks, the user has the last word.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/models/likeness.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"

static size_t count_models(void)
{
	size_t n = 0;
	while (models[n].name)
		n++;
	return n;
}

/* The settings of that model at that scale, and of what the user says beside it. */
static struct settings resolved(const char *name, double scale, const struct assignment *given, size_t n)
{
	struct likeness likeness;
	struct settings settings;
	struct error err = { .code = ERROR_NONE };
	catalog_use(strategy_parts, strategy_recipes);
	ck_assert_msg(likeness_fill(name, scale, &likeness, &err) == 0, "%s: %s", name, err.text);
	ck_assert_msg(settings_resolve_above(likeness.setting, LIKENESS_SETTINGS, given, n, &settings, &err) == 0, "%s: %s",
				  name, err.text);
	return settings;
}

START_TEST(the_router_is_the_models)
{
	const struct model *model = &models[_i];
	struct config config = resolved(model->name, 0, NULL, 0).config;
	ck_assert_int_eq(config.layer.experts, model->shape.experts);
	ck_assert_int_eq(config.layer.k, model->shape.top_k);
	ck_assert_int_eq(config.layer.shared * model->shape.expert_width, model->shape.shared_width);
	ck_assert_int_ge(config.layers, 1);
	ck_assert_int_le(config.layers, 4);
	ck_assert_int_le(config.width, 64);
	ck_assert_double_le(2.0 * (double)(config.layers * config.layer.experts * config.width * config.layer.expert_width),
						LIKENESS_PARAMS);
}
END_TEST

/* At scale 1 nothing is small, save where heads would not share the width evenly. */
START_TEST(scale_1_is_the_model_itself)
{
	const struct model *model = &models[_i];
	const struct cost_shape *shape = &model->shape;
	struct config config = resolved(model->name, 1, NULL, 0).config;
	ck_assert_int_eq(config.layers, shape->layers);
	ck_assert_int_eq(config.layer.expert_width, shape->expert_width);
	if (shape->mixer[0].heads && shape->width % (2 * shape->mixer[0].heads) == 0)
		ck_assert_int_eq(config.width, shape->width);
	if (shape->mixer[0].heads)
		ck_assert_int_eq(config.heads, shape->mixer[0].heads);
}
END_TEST

START_TEST(any_scale_makes_a_network)
{
	for (double scale = 1; scale > 1e-4; scale *= 0.83) {
		struct config config = resolved(models[_i].name, scale, NULL, 0).config;
		ck_assert_int_eq(config.width % (2 * config.heads), 0);
		ck_assert_int_ge(config.heads, 2);
		double wanted = (double)models[_i].shape.width * scale;
		ck_assert_double_le(fabs((double)config.width - wanted), (double)config.heads + 3);
	}
}
END_TEST

/* By hand: 60 of 5120, 1536 and 128 heads; shared experts as wide as routed ones. */
START_TEST(deepseek_v2_by_hand)
{
	struct settings settings = resolved("DeepSeek V2", 0.05, NULL, 0);
	const struct config *config = &settings.config;
	ck_assert_int_eq(config->layers, 3);
	ck_assert_int_eq(config->heads, 6);
	ck_assert_int_eq(config->width, 252); /* 256 is no multiple of 12; 252 and 264 are, the nearer one is taken */
	ck_assert_int_eq(config->layer.expert_width, 77);
	ck_assert_int_eq(config->layer.shared, 2);
	ck_assert_ptr_nonnull(strstr(settings.text, "selector=group-top,groups=8,group-top-k=3,group-score=best"));
	ck_assert_ptr_nonnull(strstr(settings.text, "gate=score,scale=16"));
	ck_assert_ptr_nonnull(strstr(settings.text, "experts=160 top-k=6 shared=2"));
}
END_TEST

START_TEST(the_user_has_the_last_word)
{
	static const struct assignment given[] = {
		{ "width", "32" }, { "num_experts", "8" }, { "shared", "0" }, { "balance", "none" }
	};
	struct settings settings = resolved("qwen1.5-moe-a2.7b", 0, given, 4);
	ck_assert_int_eq(settings.config.width, 32);
	ck_assert_int_eq(settings.config.layer.experts, 8);
	ck_assert_int_eq(settings.config.layer.shared, 0);
	ck_assert_int_eq(settings.config.layer.k, 4);
	ck_assert_uint_eq(settings.sentence.balancers, 0);
	ck_assert_int_eq(settings_origin_of(&settings, "width"), ORIGIN_USER);
	ck_assert_int_eq(settings_origin_of(&settings, "top-k"), ORIGIN_MODEL);
	ck_assert_int_eq(settings_origin_of(&settings, "steps"), ORIGIN_DEFAULT);
	ck_assert_str_eq(settings_origin(ORIGIN_MODEL), "model");
}
END_TEST

/* Another strategy in the model's shape: what the strategy says of itself stands, the rest is the model's. */
START_TEST(another_strategy)
{
	static const struct assignment given[] = { { "strategy", "switch" } };
	struct settings settings = resolved("deepseek-v3", 0, given, 1);
	ck_assert_str_eq(settings.sentence.name, "switch");
	ck_assert_int_eq(settings.config.layer.experts, 256);
	ck_assert_int_eq(settings.config.layer.shared, 1);
	ck_assert_int_eq(settings.config.layer.k, 1);
	ck_assert_int_eq(settings_origin_of(&settings, "top-k"), ORIGIN_STRATEGY);
}
END_TEST

START_TEST(an_unknown_model_is_refused)
{
	struct likeness likeness;
	struct error err = { .code = ERROR_NONE };
	ck_assert_int_ne(likeness_fill("mixtral-8x7", 0, &likeness, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, "--like");
	ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'mixtral-8x7b'?"));
}
END_TEST

/* The parts of a sentence up to the balancers, with all options. */
static const char *parts_of(const struct settings *settings)
{
	const char *text = sentence_text(&settings->sentence, &settings->config.layer);
	return text_keep_n(text, (size_t)(strstr(text, " balance=") - text));
}

static const struct {
	const char *recipe, *model;
} presets[] = {
	{ "mixtral", "mixtral-8x7b" },  { "grok-1", "grok-1" },         { "dbrx", "dbrx" },
	{ "olmoe", "olmoe-1b-7b" },     { "qwen3", "qwen3-235b-a22b" }, { "gpt-oss", "gpt-oss-120b" },
	{ "llama-4", "llama-4-scout" }, { "kimi-k2", "kimi-k2" },       { "deepseek-v3", "deepseek-v3" },
};

/* A preset has the scores, the selection, the weights, k and the shared experts that its model's config.json tells. */
START_TEST(presets_route_as_their_models)
{
	struct settings model = resolved(presets[_i].model, 0, NULL, 0), preset;
	const struct assignment given[] = { { "strategy", presets[_i].recipe } };
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(settings_resolve(given, 1, &preset, &err) == 0, "%s", err.text);
	ck_assert_str_eq(parts_of(&preset), parts_of(&model));
	ck_assert_int_eq(preset.config.layer.k, model.config.layer.k);
	ck_assert_int_eq(preset.config.layer.shared, model.config.layer.shared);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("likeness");
	TCase *tests = tcase_create("likeness");
	int n = (int)count_models();
	tcase_add_loop_test(tests, the_router_is_the_models, 0, n);
	tcase_add_loop_test(tests, scale_1_is_the_model_itself, 0, n);
	tcase_add_loop_test(tests, any_scale_makes_a_network, 0, n);
	tcase_add_loop_test(tests, presets_route_as_their_models, 0, (int)(sizeof presets / sizeof *presets));
	tcase_add_test(tests, deepseek_v2_by_hand);
	tcase_add_test(tests, the_user_has_the_last_word);
	tcase_add_test(tests, another_strategy);
	tcase_add_test(tests, an_unknown_model_is_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
