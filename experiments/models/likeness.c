/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * likeness.c -- a public model made small: the settings of a simulation that routes as it does.
 */
#include <config.h>

#include "experiments/models/likeness.h"

#include <math.h>

#include "sim/base/text.h"

/* The shape of the simulated network. */
struct small {
	int64_t layers, width, heads, expert_width, shared;
};

static int64_t scaled(int64_t size, double scale, int64_t least)
{
	int64_t small = (int64_t)llround((double)size * scale);
	return small > least ? small : least;
}

/* Each head takes an even share of the width, as rotary positions turn pairs. */
static int64_t shared_by(int64_t width, int64_t heads)
{
	int64_t each = 2 * ((width + heads) / (2 * heads));
	return heads * (each > 2 ? each : 2);
}

static struct small small_of(const struct cost_shape *shape, double scale)
{
	struct small small = { .layers = scaled(shape->layers, scale, 1),
						   .heads = scaled(shape->mixer[0].heads ? shape->mixer[0].heads : shape->mixer[0].kv_heads,
										   scale, 2),
						   .expert_width = scaled(shape->expert_width, scale, 1) };
	small.width = shared_by(scaled(shape->width, scale, 1), small.heads);
	small.shared = (shape->shared_width + shape->expert_width - 1) / shape->expert_width;
	return small;
}

static double expert_params(const struct cost_shape *shape, double scale)
{
	struct small small = small_of(shape, scale);
	return 2.0 * (double)shape->experts * (double)small.layers * (double)small.width * (double)small.expert_width;
}

static double usual_scale(const struct cost_shape *shape)
{
	double scale = config_find("width")->preset / (double)shape->width;
	while (expert_params(shape, scale) > LIKENESS_PARAMS)
		scale /= 2;
	return scale;
}

/* "1/64", or "0.3" where that is shorter. */
static const char *scale_text(double scale)
{
	char number[TEXT_NUMBER];
	double inverse = 1 / scale;
	if (fabs(inverse - round(inverse)) < 1e-9 * inverse)
		return text_keep_f("1/%.0f", inverse);
	return text_keep(text_of_double(scale, number));
}

static const char *whole(int64_t number)
{
	return text_keep_f("%lld", (long long)number);
}

/* A built-in model, or one of a file. */
static int find(const char *name, const struct model **model, struct error *err)
{
	struct model opened;
	*model = model_find(name);
	if (!*model) {
		if (model_open(name, &opened, err))
			return fail_at(err, "--like", 0, 0);
		*model = (const void *)text_keep_n((const char *)&opened, sizeof opened);
	}
	if ((*model)->router)
		return 0;
	fail(err, ERROR_USER, "the routing of %s is not known", (*model)->label);
	return fail_at(err, "--like", 0, 0);
}

int likeness_fill(const char *name, double scale, struct likeness *likeness, struct error *err)
{
	const struct model *model;
	TRY(find(name, &model, err));
	const struct cost_shape *shape = &model->shape;
	scale = scale > 0 ? scale : usual_scale(shape);
	struct small small = small_of(shape, scale);
	*likeness = (struct likeness){
		.model = model,
		.scale = scale,
		.setting = { { "strategy", model->router },
					 { "experts", whole(shape->experts) },
					 { "top-k", whole(shape->top_k) },
					 { "shared", whole(small.shared) },
					 { "expert-width", whole(small.expert_width) },
					 { "layers", whole(small.layers) },
					 { "width", whole(small.width) },
					 { "heads", whole(small.heads) } },
	};
	return 0;
}

const char *likeness_text(const struct likeness *likeness, const struct settings *settings)
{
	const struct model *model = likeness->model;
	const struct config *config = &settings->config;
	bool routes_alike = settings_origin_of(settings, "strategy") == ORIGIN_MODEL;
	const char *text = text_keep_f(
		"%s %s at scale %s: %lld layer%s for %lld, width %lld for %lld, experts of width %lld for %lld",
		routes_alike ? "like" : "in the shape of", model->label, scale_text(likeness->scale), (long long)config->layers,
		config->layers == 1 ? "" : "s", (long long)model->shape.layers, (long long)config->width,
		(long long)model->shape.width, (long long)config->layer.expert_width, (long long)model->shape.expert_width);
	return routes_alike && model->unlike ? text_keep_f("%s\n  (%s)", text, model->unlike) : text;
}
