/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_projectors.c -- the logits of each projector against its formula, entry by entry in double.
 */
#include <config.h>

#include <check.h>
#include <math.h>

#include "sim/base/text.h"
#include "tests/support/tiny.h"

enum { WIDTH = 4, EXPERTS = 4, TOKENS = 12 };

static struct tiny tiny;

static void open_projector(const char *words)
{
	struct error err = { .code = ERROR_NONE };
	const char *text = text_keep_f("top-k projector=%s", words);
	ck_assert_msg(tiny_open(&tiny, &tiny_shape, text, &err) == 0, "%s: %s", text, err.text);
}

/* The parameters of the span of that name; there is one layer. */
static real *span(const char *name, size_t n)
{
	for (size_t i = 0; i < tiny.net.params.spans; i++)
		if (strcmp(tiny.net.params.span[i].name, name) == 0) {
			ck_assert_uint_eq(tiny.net.params.span[i].weight->n, n);
			return tiny.net.params.span[i].weight->w;
		}
	ck_abort_msg("no parameters are called %s", name);
}

static const real *logits_of_step(size_t step, bool training)
{
	net_forward(&tiny.net, &tiny.batch, step, training);
	return net_router(&tiny.net, 0)->projection.logits;
}

/* sum_i row[i] w[i][e] of w[n][experts] */
static double column(const double *row, size_t n, const real *w, size_t columns, size_t e)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += row[i] * (double)w[i * columns + e];
	return sum;
}

/* The formula of one logit, from the row x[WIDTH]. */
typedef double formula(const double *x, size_t e);

static double linear(const double *x, size_t e)
{
	return column(x, WIDTH, span("router", WIDTH * EXPERTS), EXPERTS, e);
}

static double cosine(const double *x, size_t e)
{
	const real *down = span("router-down", WIDTH * 3), *keys = span("router-keys", 3 * EXPERTS);
	double product = 0, u_square = 0, w_square = 0, scale = exp((double)span("router-log-scale", 1)[0]);
	for (size_t i = 0; i < 3; i++) {
		double u = column(x, WIDTH, down, 3, i), w = (double)keys[i * EXPERTS + e];
		product += u * w, u_square += u * u, w_square += w * w;
	}
	return product / sqrt(u_square * w_square) * fmin(scale, 100);
}

static double distance(const double *x, size_t e)
{
	const real *centers = span("router-centers", WIDTH * EXPERTS);
	double square = 0;
	for (size_t i = 0; i < WIDTH; i++)
		square += pow(x[i] - (double)centers[i * EXPERTS + e], 2);
	return -0.5 * square;
}

static double low_rank(const double *x, size_t e)
{
	double low[2];
	for (size_t i = 0; i < 2; i++)
		low[i] = column(x, WIDTH, span("router-down", WIDTH * 2), 2, i);
	return column(low, 2, span("router", 2 * EXPERTS), EXPERTS, e);
}

static double mlp(const double *x, size_t e)
{
	double hidden[5];
	for (size_t i = 0; i < 5; i++) {
		double u = column(x, WIDTH, span("router-hidden", WIDTH * 5), 5, i);
		hidden[i] = 0.5 * u * (1 + tanh(sqrt(2 / acos(-1)) * (u + 0.044715 * u * u * u)));
	}
	return column(hidden, 5, span("router", 5 * EXPERTS), EXPERTS, e);
}

static double rms(const double *x, size_t e)
{
	double normed[WIDTH], square = 0;
	for (size_t i = 0; i < WIDTH; i++)
		square += x[i] * x[i] / WIDTH;
	for (size_t i = 0; i < WIDTH; i++)
		normed[i] = x[i] / sqrt(square + 1e-6) * (double)span("router-scale", WIDTH)[i] / 2; /* the root of 4 */
	return column(normed, WIDTH, span("router", WIDTH * EXPERTS), EXPERTS, e);
}

static const struct {
	const char *words;
	formula *of;
} cases[] = {
	{ "linear", linear },         { "cosine,dim=3,temperature=0.25", cosine },
	{ "l2,scale=0.5", distance }, { "low-rank,rank=2", low_rank },
	{ "mlp,hidden=5", mlp },      { "rms", rms },
	{ "noisy", linear }, /* outside training */
};

static void check_logits(formula *of, const char *words)
{
	const real *logits = logits_of_step(1, false);
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++) {
			double x[WIDTH], wanted, got = (double)logits[t * EXPERTS + e];
			for (size_t i = 0; i < WIDTH; i++)
				x[i] = (double)net_router_input(&tiny.net, 0)[t * WIDTH + i];
			wanted = of(x, e);
			ck_assert_msg(fabs(got - wanted) <= 1e-5 * fmax(1, fabs(wanted)), "%s: token %zu, expert %zu: %g, not %g",
						  words, t, e, got, wanted);
		}
}

START_TEST(logits_by_the_formula)
{
	open_projector(cases[_i].words);
	check_logits(cases[_i].of, cases[_i].words);
	for (size_t i = 0; i < tiny.net.params.spans; i++) /* what starts at 0 or 1 has its say, too */
		for (size_t j = 0; j < tiny.net.params.span[i].weight->n; j++)
			tiny.net.params.span[i].weight->w[j] += (real)(0.1 + 0.01 * (double)(j % 7));
	check_logits(cases[_i].of, cases[_i].words);
	tiny_close(&tiny);
}
END_TEST

/* The initial temperature is the option's, and however far it is learned, it stays at 1/100. */
START_TEST(temperatures_have_an_end)
{
	open_projector("cosine,dim=3,temperature=0.25");
	ck_assert_double_eq_tol(exp((double)span("router-log-scale", 1)[0]), 4, 1e-5);
	span("router-log-scale", 1)[0] = 10;
	check_logits(cosine, "cosine");
	double top = 0;
	for (size_t i = 0; i < TOKENS * EXPERTS; i++)
		top = fmax(top, fabs((double)net_router(&tiny.net, 0)->projection.logits[i]));
	ck_assert_double_le(top, 100.001);
	ck_assert_double_gt(top, 20);
	net_forward(&tiny.net, &tiny.batch, 1, true);
	net_backward(&tiny.net, &tiny.batch);
	for (size_t i = 0; i < tiny.net.params.spans; i++)
		if (strcmp(tiny.net.params.span[i].name, "router-log-scale") == 0)
			ck_assert_double_eq((double)tiny.net.params.span[i].weight->d_w[0], 0);
	tiny_close(&tiny);
}
END_TEST

/* What training adds to the logits, over its size softplus(<x, V>) + least, is standard normal: the moments of 4800
 * draws are within 4 standard errors, and no two steps draw the same. */
START_TEST(noise_is_normal_and_of_the_learned_size)
{
	enum { STEPS = 100 };
	real clean[TOKENS * EXPERTS];
	double sum = 0, square = 0, fourth = 0, n = STEPS * TOKENS * EXPERTS, last = 0;
	open_projector("noisy,least=0.25");
	real *size = span("router-noise", WIDTH * EXPERTS);
	for (size_t i = 0; i < WIDTH * EXPERTS; i++)
		size[i] = (real)(0.5 * sin((double)i));
	memcpy(clean, logits_of_step(1, false), sizeof clean);
	for (size_t step = 1; step <= STEPS; step++) {
		const real *logits = logits_of_step(step, true);
		ck_assert_double_ne((double)logits[0], last);
		last = (double)logits[0];
		for (size_t i = 0; i < TOKENS * EXPERTS; i++) {
			double x[WIDTH], z;
			for (size_t j = 0; j < WIDTH; j++)
				x[j] = (double)net_router_input(&tiny.net, 0)[i / EXPERTS * WIDTH + j];
			z = (double)(logits[i] - clean[i]) / (log1p(exp(column(x, WIDTH, size, EXPERTS, i % EXPERTS))) + 0.25);
			sum += z, square += z * z, fourth += z * z * z * z;
		}
	}
	ck_assert_double_lt(fabs(sum / n), 4 / sqrt(n));
	ck_assert_double_lt(fabs(square / n - 1), 4 * sqrt(2 / n));
	ck_assert_double_lt(fabs(fourth / n - 3), 4 * sqrt(96 / n));
	tiny_close(&tiny);
}
END_TEST

/* The angle to the plain mean, then to the moving one, of the rows that chose the expert. */
START_TEST(means_of_what_was_chosen)
{
	double mean[EXPERTS][WIDTH] = { { 0 } }, steps[EXPERTS] = { 0 };
	open_projector("k-means,temperature=0.25,decay=0.6");
	for (size_t step = 1; step <= 5; step++) {
		const real *logits = logits_of_step(step, true), *x = net_router_input(&tiny.net, 0);
		const struct moe_picks *picks = net_router(&tiny.net, 0)->route.picks;
		for (size_t e = 0; e < EXPERTS; e++) {
			double now[WIDTH] = { 0 }, rows = 0;
			for (size_t t = 0; steps[e] > 0 && t < TOKENS; t++) {
				double product = 0, x_square = 0, m_square = 0;
				for (size_t i = 0; i < WIDTH; i++) {
					product += (double)x[t * WIDTH + i] * mean[e][i];
					x_square += pow((double)x[t * WIDTH + i], 2), m_square += pow(mean[e][i], 2);
				}
				ck_assert_double_eq_tol((double)logits[t * EXPERTS + e], 4 * product / sqrt(x_square * m_square), 1e-4);
			}
			for (size_t p = 0; p < picks->n; p++)
				for (size_t i = 0; picks->expert[p] == e && i < WIDTH; i++) {
					now[i] += (double)x[picks->token[p] * WIDTH + i];
					rows += i == 0;
				}
			steps[e] += rows > 0;
			for (size_t i = 0; rows > 0 && i < WIDTH; i++)
				mean[e][i] += fmax(0.4, 1 / steps[e]) * (now[i] / rows - mean[e][i]);
		}
		net_settle(&tiny.net);
		for (size_t i = 0; i < tiny.net.params.spans; i++) /* so that rows change from step to step */
			for (size_t j = 0; j < tiny.net.params.span[i].weight->n; j++)
				tiny.net.params.span[i].weight->w[j] *= (real)(1 + 0.05 * sin((double)(j + step)));
	}
	ck_assert_double_ge(steps[0] + steps[1] + steps[2] + steps[3], 10);
	tiny_close(&tiny);
}
END_TEST

/* Random directions, which differ, until there are rows; and nothing to learn. */
START_TEST(means_begin_at_random_directions)
{
	open_projector("k-means,temperature=1");
	const real *logits = logits_of_step(1, true);
	for (size_t i = 0; i < TOKENS * EXPERTS; i++)
		ck_assert_double_le(fabs((double)logits[i]), 1 + 1e-5);
	for (size_t e = 1; e < EXPERTS; e++)
		ck_assert_double_ne((double)logits[e], (double)logits[e - 1]);
	for (size_t i = 0; i < tiny.net.params.spans; i++)
		ck_assert_int_ne(strncmp(tiny.net.params.span[i].name, "router", 6), 0);
	tiny_close(&tiny);
}
END_TEST

/* What is compared at unit length does not know how long a row or a key is. */
START_TEST(lengths_say_nothing_to_a_cosine)
{
	real before[TOKENS * EXPERTS];
	open_projector("cosine,dim=3");
	memcpy(before, logits_of_step(1, false), sizeof before);
	for (size_t i = 0; i < WIDTH * 3; i++)
		span("router-down", WIDTH * 3)[i] *= 8;
	for (size_t i = 0; i < 3 * EXPERTS; i++)
		span("router-keys", 3 * EXPERTS)[i] *= (real)0.25;
	const real *after = logits_of_step(1, false);
	for (size_t i = 0; i < TOKENS * EXPERTS; i++)
		ck_assert_double_eq_tol((double)after[i], (double)before[i], 1e-5);
	tiny_close(&tiny);
}
END_TEST

START_TEST(softplus_is_exact_to_single_precision)
{
	for (double x = -80; x < 80; x += 0.0137)
		ck_assert_double_eq_tol((double)moe_softplus((real)x) / log1p(exp((double)(real)x)), 1, 5e-7);
	ck_assert_double_eq((double)moe_softplus((real)1e30), (double)(real)1e30);
	ck_assert_double_lt((double)moe_softplus((real)-1e30), 1e-37);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("projectors");
	TCase *logits = tcase_create("logits");
	tcase_add_loop_test(logits, logits_by_the_formula, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_test(logits, temperatures_have_an_end);
	tcase_add_test(logits, noise_is_normal_and_of_the_learned_size);
	tcase_add_test(logits, means_of_what_was_chosen);
	tcase_add_test(logits, means_begin_at_random_directions);
	tcase_add_test(logits, lengths_say_nothing_to_a_cosine);
	tcase_add_test(logits, softplus_is_exact_to_single_precision);
	tcase_set_timeout(logits, 60);
	suite_add_tcase(suite, logits);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
