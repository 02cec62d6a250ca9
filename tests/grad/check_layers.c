/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_layers.c -- the differentiable pieces: forward against the formula in a few plain lines, backward against
 * finite differences, the optimizer against the textbook.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/model/attention.h"
#include "sim/model/embed.h"
#include "sim/model/ffn.h"
#include "sim/model/norm.h"
#include "sim/model/optim.h"

enum { SEQUENCES = 3, LENGTH = 5, TOKENS = SEQUENCES * LENGTH, WIDTH = 8, HEADS = 2, HEAD = WIDTH / HEADS };
enum { INNER = 6, VOCABULARY = 11 };

static struct moe_rng rng;
static struct arena arena;
static struct params params;

static void setup(void)
{
	rng = seed_stream(7, "numbers", 0);
	arena = (struct arena){ 0 };
	params = (struct params){ 0 };
}

static void teardown(void)
{
	params_free(&params);
	arena_free(&arena);
}

static void draw(real *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (real)(4 * moe_uniform(&rng) - 2);
}

static void draw_params(void)
{
	params_allocate(&params, &arena);
	draw(params.value, params.n);
	for (size_t i = 0; i < params.n; i++)
		params.grad[i] = 99; /* is overwritten */
}

static void check_equal(const real *got, const double *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_double_eq_tol(got[i], wanted[i], 1e-12 * (1 + fabs(wanted[i])));
}

/* A scalar made of a piece's output: the sum of output times fixed random factors, which are then its gradient. */
struct piece {
	void (*forward)(const real *x, real *y);
	real x[TOKENS * WIDTH], y[TOKENS * WIDTH], factor[TOKENS * WIDTH], d_x[TOKENS * WIDTH];
};

static double objective(struct piece *piece)
{
	double sum = 0;
	piece->forward(piece->x, piece->y);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		sum += piece->factor[i] * piece->y[i];
	return sum;
}

/* Each of n values in turn, by the five-point rule. */
static void check_gradient(double (*value)(struct piece *), struct piece *piece, real *at, const real *gradient,
						   size_t n)
{
	static const double place[] = { -2, -1, 1, 2 };
	const double h = 1e-4;
	for (size_t i = 0; i < n; i++) {
		double f[4], kept = at[i];
		for (int j = 0; j < 4; j++) {
			at[i] = kept + place[j] * h;
			f[j] = value(piece);
		}
		at[i] = kept;
		double slope = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
		ck_assert_double_eq_tol(gradient[i], slope, 1e-8 * (1 + fabs(slope)));
	}
}

static void draw_piece(struct piece *piece, void (*forward)(const real *, real *))
{
	piece->forward = forward;
	draw(piece->x, TOKENS * WIDTH);
	draw(piece->factor, TOKENS * WIDTH);
}

/* ---- norm ------------------------------------------------------------------------------------------------------ */

static struct norm rms;

static void norm_apply(const real *x, real *y)
{
	norm_forward(&rms, TOKENS, x, y);
}

START_TEST(norm_divides_by_the_root_mean_square)
{
	struct piece piece;
	double wanted[TOKENS * WIDTH];
	norm_create(&rms, TOKENS, WIDTH, "norm", 0, &params, &arena);
	draw_params();
	draw_piece(&piece, norm_apply);
	memset(piece.x, 0, WIDTH * sizeof(real)); /* a row of nothing stays nothing */
	norm_forward(&rms, TOKENS, piece.x, piece.y);
	for (size_t t = 0; t < TOKENS; t++) {
		double squares = 0;
		for (size_t i = 0; i < WIDTH; i++)
			squares += piece.x[t * WIDTH + i] * piece.x[t * WIDTH + i];
		for (size_t i = 0; i < WIDTH; i++)
			wanted[t * WIDTH + i] = rms.gain.w[i] * piece.x[t * WIDTH + i] / sqrt(squares / WIDTH + 1e-5);
	}
	check_equal(piece.y, wanted, TOKENS * WIDTH);
}
END_TEST

START_TEST(norm_gradient)
{
	struct piece piece = { 0 };
	norm_create(&rms, TOKENS, WIDTH, "norm", 0, &params, &arena);
	draw_params();
	draw_piece(&piece, norm_apply);
	objective(&piece);
	norm_backward(&rms, TOKENS, piece.x, piece.factor, piece.d_x);
	check_gradient(objective, &piece, piece.x, piece.d_x, TOKENS * WIDTH);
	check_gradient(objective, &piece, rms.gain.w, rms.gain.d_w, WIDTH);
}
END_TEST

/* ---- attention ------------------------------------------------------------------------------------------------- */

static struct attention attention;

static void attention_apply(const real *x, real *y)
{
	attention_forward(&attention, SEQUENCES, x, y);
}

static void attention_make(void)
{
	attention_create(&attention, SEQUENCES, LENGTH, WIDTH, HEADS, 1, 0, &params, &arena);
	draw_params();
	attention_init(&attention);
}

/* Column `at` of x W for one row; the weights stand as queries, keys, values side by side. */
static double mapped(const real *x, size_t at)
{
	double sum = 0;
	for (size_t i = 0; i < WIDTH; i++)
		sum += x[i] * attention.in.w[i * 3 * WIDTH + at];
	return sum;
}

/* Entry i of a head's query or key at a position: pairs (i, i + HEAD / 2) turned by position * 10000^(-2 i / HEAD). */
static double turned(const real *x, size_t at, size_t i, size_t position)
{
	size_t half = HEAD / 2, pair = i % half;
	double angle = (double)position / pow(10000, 2.0 * (double)pair / HEAD);
	double a = mapped(x, at + pair), b = mapped(x, at + pair + half);
	return i < half ? a * cos(angle) - b * sin(angle) : a * sin(angle) + b * cos(angle);
}

/* Entry i of what head h gives for query t of one sequence. */
static double attended(const real *x, size_t h, size_t t, size_t i)
{
	double sum = 0, weights = 0;
	for (size_t s = 0; s <= t; s++) {
		double score = 0;
		for (size_t j = 0; j < HEAD; j++)
			score += turned(x + t * WIDTH, h * HEAD, j, t) * turned(x + s * WIDTH, WIDTH + h * HEAD, j, s);
		double weight = exp(score / sqrt(HEAD));
		weights += weight;
		sum += weight * mapped(x + s * WIDTH, 2 * WIDTH + h * HEAD + i);
	}
	return sum / weights;
}

START_TEST(attention_by_the_formula)
{
	struct piece piece;
	double wanted[TOKENS * WIDTH] = { 0 };
	attention_make();
	draw_piece(&piece, attention_apply);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		piece.x[i] /= 4; /* exp() without taking the largest away */
	attention_forward(&attention, SEQUENCES, piece.x, piece.y);
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t j = 0; j < WIDTH; j++) {
			const real *x = piece.x + t / LENGTH * LENGTH * WIDTH;
			double mixed = attended(x, j / HEAD, t % LENGTH, j % HEAD);
			for (size_t i = 0; i < WIDTH; i++)
				wanted[t * WIDTH + i] += mixed * attention.out.w[j * WIDTH + i];
		}
	check_equal(piece.y, wanted, TOKENS * WIDTH);
}
END_TEST

START_TEST(attention_gradient)
{
	struct piece piece;
	attention_make();
	draw_piece(&piece, attention_apply);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		piece.x[i] /= 4;
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		piece.d_x[i] = 99; /* is overwritten */
	objective(&piece);
	attention_backward(&attention, SEQUENCES, piece.x, piece.factor, piece.d_x);
	check_gradient(objective, &piece, piece.x, piece.d_x, TOKENS * WIDTH);
	check_gradient(objective, &piece, attention.in.w, attention.in.d_w, attention.in.n);
	check_gradient(objective, &piece, attention.out.w, attention.out.d_w, attention.out.n);
}
END_TEST

/* ---- ffn ------------------------------------------------------------------------------------------------------- */

static struct ffn ffn;
static real slopes[TOKENS * INNER], hidden[TOKENS * INNER], d_hidden[TOKENS * INNER];

static double gelu(double x)
{
	return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

START_TEST(gelu_is_the_tanh_form)
{
	for (int i = -400; i <= 400; i++) {
		real x = 0.05 * i, at = x, y;
		gelu_forward(1, &at, &y);
		ck_assert_double_eq_tol(y, gelu(x), 1e-14 * (1 + fabs(x)));
	}
}
END_TEST

START_TEST(gelu_slope)
{
	for (int i = -200; i <= 200; i++) {
		real x = 0.05 * i, at = x, y, d = 3;
		double h = 1e-3, slope = (gelu(x - 2 * h) - 8 * gelu(x - h) + 8 * gelu(x + h) - gelu(x + 2 * h)) / (12 * h);
		gelu_forward(1, &at, &y);
		gelu_backward(1, &at, &d);
		ck_assert_double_eq_tol(d, 3 * slope, 1e-9);
	}
}
END_TEST

static void ffn_apply(const real *x, real *y)
{
	ffn_forward(&ffn, TOKENS, x, slopes, hidden, y);
}

static void ffn_apply_rows(const real *x, real *y)
{
	ffn_forward_rows(&ffn, TOKENS, x, slopes, hidden, false, y);
}

static void ffn_make(void)
{
	ffn_create(&ffn, WIDTH, INNER, 1, "ffn", 0, &params);
	draw_params();
}

START_TEST(ffn_by_the_formula)
{
	struct piece piece;
	double wanted[TOKENS * WIDTH] = { 0 };
	ffn_make();
	draw_piece(&piece, ffn_apply);
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t j = 0; j < INNER; j++) {
			double sum = 0;
			for (size_t i = 0; i < WIDTH; i++)
				sum += piece.x[t * WIDTH + i] * ffn.up.w[i * INNER + j];
			for (size_t i = 0; i < WIDTH; i++)
				wanted[t * WIDTH + i] += gelu(sum) * ffn.down.w[j * WIDTH + i];
		}
	ffn_apply(piece.x, piece.y);
	check_equal(piece.y, wanted, TOKENS * WIDTH);
	ffn_apply_rows(piece.x, piece.y);
	check_equal(piece.y, wanted, TOKENS * WIDTH);
	ffn_forward_rows(&ffn, TOKENS, piece.x, slopes, hidden, true, piece.y);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		wanted[i] *= 2;
	check_equal(piece.y, wanted, TOKENS * WIDTH);
}
END_TEST

START_TEST(ffn_gradient)
{
	struct piece piece;
	ffn_make();
	draw_piece(&piece, ffn_apply);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		piece.d_x[i] = 99; /* is overwritten */
	objective(&piece);
	ffn_backward(&ffn, TOKENS, piece.x, slopes, hidden, piece.factor, false, d_hidden, piece.d_x);
	check_gradient(objective, &piece, piece.x, piece.d_x, TOKENS * WIDTH);
	check_gradient(objective, &piece, ffn.up.w, ffn.up.d_w, ffn.up.n);
	check_gradient(objective, &piece, ffn.down.w, ffn.down.d_w, ffn.down.n);
}
END_TEST

START_TEST(ffn_gradient_of_rows)
{
	struct piece piece;
	ffn_make();
	draw_piece(&piece, ffn_apply_rows);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		piece.d_x[i] = 99; /* is added to */
	objective(&piece);
	ffn_backward_rows(&ffn, TOKENS, piece.x, slopes, hidden, piece.factor, d_hidden, piece.d_x);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		piece.d_x[i] -= 99;
	check_gradient(objective, &piece, piece.x, piece.d_x, TOKENS * WIDTH);
	check_gradient(objective, &piece, ffn.up.w, ffn.up.d_w, ffn.up.n);
	check_gradient(objective, &piece, ffn.down.w, ffn.down.d_w, ffn.down.n);
}
END_TEST

START_TEST(ffn_gradient_in_two_pieces)
{
	struct piece piece;
	const size_t first = 2, at = first * WIDTH, inner = first * INNER;
	ffn_make();
	draw_piece(&piece, ffn_apply);
	objective(&piece);
	ffn_backward(&ffn, first, piece.x, slopes, hidden, piece.factor, false, d_hidden, piece.d_x);
	ffn_backward(&ffn, TOKENS - first, piece.x + at, slopes + inner, hidden + inner, piece.factor + at, true,
				 d_hidden + inner, piece.d_x + at);
	check_gradient(objective, &piece, piece.x, piece.d_x, TOKENS * WIDTH);
	check_gradient(objective, &piece, ffn.up.w, ffn.up.d_w, ffn.up.n);
	check_gradient(objective, &piece, ffn.down.w, ffn.down.d_w, ffn.down.n);
}
END_TEST

START_TEST(ffn_of_no_rows)
{
	ffn_make();
	ffn_forward(&ffn, 0, NULL, NULL, NULL, NULL);
	ffn_backward(&ffn, 0, NULL, NULL, NULL, NULL, true, NULL, NULL);
	for (size_t i = 0; i < params.n; i++)
		ck_assert_double_eq(params.grad[i], 99);
	ffn_backward(&ffn, 0, NULL, NULL, NULL, NULL, false, NULL, NULL);
	for (size_t i = 0; i < params.n; i++)
		ck_assert_double_eq(params.grad[i], 0);
}
END_TEST

/* ---- embedding and head ---------------------------------------------------------------------------------------- */

static struct embed embed;
static struct head head;
static uint32_t id[TOKENS], target[TOKENS];
static bool counts[TOKENS];

static void draw_tokens(void)
{
	for (size_t t = 0; t < TOKENS; t++) {
		id[t] = (uint32_t)moe_below(&rng, VOCABULARY);
		target[t] = (uint32_t)moe_below(&rng, VOCABULARY);
	}
}

static void embed_apply(const real *x, real *y)
{
	(void)x;
	embed_forward(&embed, TOKENS, id, y);
}

START_TEST(embedding_looks_up)
{
	struct piece piece;
	embed_create(&embed, VOCABULARY, WIDTH, 1, &params);
	draw_params();
	draw_tokens();
	draw_piece(&piece, embed_apply);
	objective(&piece);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		ck_assert_double_eq(piece.y[i], embed.table.w[id[i / WIDTH] * WIDTH + i % WIDTH]);
	embed_backward(&embed, TOKENS, id, piece.factor);
	check_gradient(objective, &piece, embed.table.w, embed.table.d_w, embed.table.n);
}
END_TEST

static double head_objective(struct piece *piece)
{
	return head_forward(&head, TOKENS, piece->x, target, NULL);
}

static double counted_objective(struct piece *piece)
{
	return head_forward(&head, TOKENS, piece->x, target, counts);
}

static double token_loss(const real *x, uint32_t wanted)
{
	double sum = 0, own = 0;
	for (size_t v = 0; v < VOCABULARY; v++) {
		double logit = 0;
		for (size_t i = 0; i < WIDTH; i++)
			logit += x[i] * head.map.w[i * VOCABULARY + v];
		sum += exp(logit);
		own = v == wanted ? logit : own;
	}
	return log(sum) - own;
}

START_TEST(head_is_the_cross_entropy)
{
	struct piece piece;
	double mean = 0;
	head_create(&head, TOKENS, VOCABULARY, WIDTH, &params, &arena);
	draw_params();
	draw_tokens();
	draw_piece(&piece, NULL);
	double loss = head_objective(&piece);
	for (size_t t = 0; t < TOKENS; t++) {
		double wanted = token_loss(piece.x + t * WIDTH, target[t]);
		ck_assert_double_eq_tol(head.loss[t], wanted, 1e-12);
		mean += wanted / TOKENS;
	}
	ck_assert_double_eq_tol(loss, mean, 1e-12);
	head_backward(&head, TOKENS, piece.x, target, NULL, piece.d_x);
	check_gradient(head_objective, &piece, piece.x, piece.d_x, TOKENS * WIDTH);
	check_gradient(head_objective, &piece, head.map.w, head.map.d_w, head.map.n);
}
END_TEST

/* Targets that do not count leave no trace in the loss nor in the gradient, and the mean is over the others. */
START_TEST(head_leaves_out_what_does_not_count)
{
	struct piece piece;
	double sum = 0, n = 0;
	head_create(&head, TOKENS, VOCABULARY, WIDTH, &params, &arena);
	draw_params();
	draw_tokens();
	draw_piece(&piece, NULL);
	for (size_t t = 0; t < TOKENS; t++)
		counts[t] = t % 3 == 1;
	double loss = counted_objective(&piece);
	for (size_t t = 1; t < TOKENS; t += 3, n++)
		sum += token_loss(piece.x + t * WIDTH, target[t]);
	ck_assert_double_eq_tol(loss, sum / n, 1e-12);
	head_backward(&head, TOKENS, piece.x, target, counts, piece.d_x);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		if (!counts[i / WIDTH])
			ck_assert_double_eq(piece.d_x[i], 0);
	check_gradient(counted_objective, &piece, piece.x, piece.d_x, TOKENS * WIDTH);
	check_gradient(counted_objective, &piece, head.map.w, head.map.d_w, head.map.n);
}
END_TEST

START_TEST(head_bears_huge_logits)
{
	struct piece piece;
	head_create(&head, TOKENS, VOCABULARY, WIDTH, &params, &arena);
	draw_params();
	draw_tokens();
	draw_piece(&piece, NULL);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		piece.x[i] *= 1e6;
	ck_assert(isfinite(head_objective(&piece)));
	for (size_t t = 0; t < TOKENS; t++)
		ck_assert_double_ge(head.loss[t], 0);
}
END_TEST

/* ---- optimizer ------------------------------------------------------------------------------------------------- */

enum { STEPS = 20 };
static struct weight decayed, plain;

static void optimizer_make(void)
{
	params_add(&params, &decayed, 40, "matrix", 0, 0, 1, true);
	params_add(&params, &plain, 30, "gain", 0, 0, 1, false);
	draw_params();
}

/* Kingma & Ba 2015, algorithm 1, with the decay of Loshchilov & Hutter 2019, algorithm 2, line 12. */
static void textbook_step(const struct optim *optim, size_t step, double norm, double *w, double *m, double *v,
						  const real *gradient)
{
	double rate = optim_rate(optim, step), clip = optim->clip > 0 && norm > optim->clip ? optim->clip / norm : 1;
	for (size_t i = 0; i < params.n; i++) {
		double g = gradient[i] * clip;
		m[i] = optim->beta1 * m[i] + (1 - optim->beta1) * g;
		v[i] = optim->beta2 * v[i] + (1 - optim->beta2) * g * g;
		double m_hat = m[i] / (1 - pow(optim->beta1, (double)step)),
			   v_hat = v[i] / (1 - pow(optim->beta2, (double)step));
		w[i] -= rate * (m_hat / (sqrt(v_hat) + optim->epsilon) + (i < 40 ? optim->weight_decay * w[i] : 0));
	}
}

static void follow_textbook(const struct optim *optim)
{
	double w[70], m[70] = { 0 }, v[70] = { 0 };
	optimizer_make();
	for (size_t i = 0; i < params.n; i++)
		w[i] = params.value[i];
	for (size_t step = 1; step <= STEPS; step++) {
		double squares = 0;
		draw(params.grad, params.n);
		for (size_t i = 0; i < params.n; i++)
			squares += params.grad[i] * params.grad[i];
		double norm = optim_norm(&params);
		ck_assert_double_eq_tol(norm, sqrt(squares), 1e-12);
		textbook_step(optim, step, norm, w, m, v, params.grad);
		optim_step(optim, &params, step, norm);
		check_equal(params.value, w, params.n);
	}
}

static const struct optim optims[] = {
	{ .rate = 0.01, .steps = STEPS, .decay = OPTIM_CONSTANT, .beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8 },
	{ .rate = 0.1,
	  .steps = STEPS,
	  .warmup = 5,
	  .decay = OPTIM_COSINE,
	  .beta1 = 0.9,
	  .beta2 = 0.999,
	  .epsilon = 1e-8,
	  .weight_decay = 0.3,
	  .clip = 1 },
	{ .rate = 0.1,
	  .floor = 0.5,
	  .steps = STEPS,
	  .decay = OPTIM_LINEAR,
	  .beta1 = 0,
	  .beta2 = 0,
	  .epsilon = 1e-3,
	  .clip = 1e3 },
};

START_TEST(adam_follows_the_textbook)
{
	follow_textbook(&optims[_i]);
}
END_TEST

START_TEST(rates_by_hand)
{
	struct optim optim = { .rate = 8, .floor = 0.25, .warmup = 4, .steps = 12, .decay = OPTIM_CONSTANT };
	ck_assert_double_eq(optim_rate(&optim, 1), 2);
	ck_assert_double_eq(optim_rate(&optim, 3), 6);
	ck_assert_double_eq(optim_rate(&optim, 4), 8);
	ck_assert_double_eq(optim_rate(&optim, 12), 8);
	optim.decay = OPTIM_LINEAR;
	ck_assert_double_eq(optim_rate(&optim, 4), 8);
	ck_assert_double_eq(optim_rate(&optim, 8), 5);
	ck_assert_double_eq(optim_rate(&optim, 12), 2);
	optim.decay = OPTIM_COSINE;
	ck_assert_double_eq_tol(optim_rate(&optim, 6), 8 * (0.25 + 0.75 * (1 + M_SQRT1_2) / 2), 1e-14);
	ck_assert_double_eq_tol(optim_rate(&optim, 8), 5, 1e-14);
	ck_assert_double_eq_tol(optim_rate(&optim, 12), 2, 1e-14);
	optim.warmup = 0;
	ck_assert_double_gt(optim_rate(&optim, 1), 7.8);
	optim.warmup = 100; /* longer than the run */
	ck_assert_double_eq_tol(optim_rate(&optim, 12), 0.96, 1e-15);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layers");
	TCase *layers = tcase_create("layers"), *optimizer = tcase_create("optimizer");
	tcase_add_checked_fixture(layers, setup, teardown);
	tcase_add_checked_fixture(optimizer, setup, teardown);
	tcase_add_test(layers, norm_divides_by_the_root_mean_square);
	tcase_add_test(layers, norm_gradient);
	tcase_add_test(layers, attention_by_the_formula);
	tcase_add_test(layers, attention_gradient);
	tcase_add_test(layers, gelu_is_the_tanh_form);
	tcase_add_test(layers, gelu_slope);
	tcase_add_test(layers, ffn_by_the_formula);
	tcase_add_test(layers, ffn_gradient);
	tcase_add_test(layers, ffn_gradient_of_rows);
	tcase_add_test(layers, ffn_gradient_in_two_pieces);
	tcase_add_test(layers, ffn_of_no_rows);
	tcase_add_test(layers, embedding_looks_up);
	tcase_add_test(layers, head_is_the_cross_entropy);
	tcase_add_test(layers, head_leaves_out_what_does_not_count);
	tcase_add_test(layers, head_bears_huge_logits);
	tcase_add_loop_test(optimizer, adam_follows_the_textbook, 0, sizeof optims / sizeof *optims);
	tcase_add_test(optimizer, rates_by_hand);
	suite_add_tcase(suite, layers);
	suite_add_tcase(suite, optimizer);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
