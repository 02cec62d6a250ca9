/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_balancers.c -- balancers against sums and sorts of a few lines, and against values worked out by hand.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/route/catalog.h"
#include "sim/route/plan.h"
#include "strategies/catalog.h"

enum { TOKENS = 40, LENGTH = 10, EXPERTS = 8, K = 2, ROOM = TOKENS * EXPERTS };

static struct moe_route route;
static struct planner planner;
static struct moe_plan plan;
static struct arena arena;
static struct moe_rng numbers;
static real logits[ROOM], scores[ROOM], choice[ROOM], d_logits[ROOM], d_scores[ROOM];
static max_align_t scratch[1024], state[1024], options[32];

/* Softmax scores of random logits, the first experts in favor. */
static void draw(double favor)
{
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0;
		for (size_t i = t * EXPERTS; i < (t + 1) * EXPERTS; i++) {
			logits[i] = (real)(3 * moe_uniform(&numbers) + (i % EXPERTS < 3 ? favor : 0));
			sum += exp((double)logits[i]);
		}
		for (size_t i = t * EXPERTS; i < (t + 1) * EXPERTS; i++)
			scores[i] = (real)(exp((double)logits[i]) / sum);
	}
	memcpy(choice, scores, sizeof choice);
}

static void choose(void)
{
	uint32_t best[K];
	planner.picks.n = 0;
	for (size_t t = 0; t < TOKENS; t++) {
		moe_top_k(choice + t * EXPERTS, EXPERTS, K, best);
		for (size_t i = 0; i < K; i++)
			moe_pick(&planner.picks, t, best[i], i);
	}
	plan_build(&plan, &planner, TOKENS, SIZE_MAX, OVERFLOW_POSITION, choice, "test");
	route.picks = &planner.picks;
	route.plan = &plan;
}

static void setup(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	arena = (struct arena){ 0 };
	planner_create(&planner, TOKENS, EXPERTS, ROOM, &arena);
	plan_create(&plan, TOKENS, EXPERTS, ROOM, &arena);
	numbers = seed_stream(3, "numbers", 0);
	memset(state, 0, sizeof state);
	route = (struct moe_route){ .call = { .tokens = TOKENS,
										  .sequences = TOKENS / LENGTH,
										  .length = LENGTH,
										  .experts = EXPERTS,
										  .k = K,
										  .layers = 1,
										  .step = 1,
										  .training = true },
								.logits = logits,
								.scores = scores,
								.choice = choice };
	draw(1);
	choose();
}

static void teardown(void)
{
	arena_free(&arena);
}

static const struct moe_balancer *with(const char *name, const char *list)
{
	const struct moe_part *part = catalog_part(MOE_BALANCER, name);
	struct error err;
	ck_assert_ptr_nonnull(part);
	ck_assert_uint_le(part->opts_size, sizeof options);
	options_preset(part->opts, options);
	ck_assert_int_eq(options_assign_list(part->opts, options, name, list, &err), 0);
	ck_assert(part->state_size == NULL || part->state_size(&route.call, options) <= sizeof state);
	ck_assert(part->scratch_size == NULL || part->scratch_size(&route.call, options) <= sizeof scratch);
	memset(scratch, 165, sizeof scratch);
	return (const struct moe_balancer *)part;
}

static const struct moe_self self = { .opt = options, .state = state, .scratch = scratch };

/* The term's value, which is the same with and without a gradient. */
static double value_of(const char *name, const char *list)
{
	struct moe_grad grad = { d_logits, d_scores };
	struct moe_term term, again;
	const struct moe_balancer *balancer = with(name, list);
	memset(d_scores, 0, sizeof d_scores);
	memset(d_logits, 0, sizeof d_logits);
	balancer->loss(&self, &route, &term, &grad);
	balancer->loss(&self, &route, &again, NULL);
	ck_assert_double_eq(term.value, again.value);
	return term.value;
}

static double score(size_t t, size_t e)
{
	return (double)scores[t * EXPERTS + e];
}

static bool chosen(size_t t, size_t e)
{
	size_t better = 0;
	for (size_t j = 0; j < EXPERTS; j++)
		better += choice[t * EXPERTS + j] > choice[t * EXPERTS + e];
	return better < K;
}

static void check_close(double value, double wanted)
{
	ck_assert_double_eq_tol(value, wanted, 1e-6 * fmax(1, fabs(wanted)));
}

/* ---- importance ------------------------------------------------------------------------------------------------- */

/* The squared coefficient of variation: variance over the square of the mean. */
static double squared_cv(const double *x, size_t n)
{
	double mean = 0, variance = 0;
	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		variance += (x[i] - mean) * (x[i] - mean) / (double)n;
	return variance / (mean * mean);
}

START_TEST(importance_by_the_formula)
{
	double sparse[EXPERTS] = { 0 }, full[EXPERTS] = { 0 };
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0; /* of exp(logit) over the chosen: a softmax over the chosen logits */
		for (size_t e = 0; e < EXPERTS; e++)
			sum += chosen(t, e) ? exp((double)logits[t * EXPERTS + e]) : 0;
		for (size_t e = 0; e < EXPERTS; e++) {
			sparse[e] += chosen(t, e) ? exp((double)logits[t * EXPERTS + e]) / sum : 0;
			full[e] += score(t, e);
		}
	}
	ck_assert_double_gt(squared_cv(sparse, EXPERTS), 0.1);
	check_close(value_of("importance", ""), squared_cv(sparse, EXPERTS));
	check_close(value_of("importance", "of=all"), squared_cv(full, EXPERTS));
}
END_TEST

/* Every expert twice the first and twice the second choice of a token, with weights 3/4 and 1/4. */
START_TEST(importance_in_balance_is_nothing)
{
	for (size_t i = 0; i < ROOM; i++)
		scores[i] = (real)0.02;
	for (size_t t = 0; t < TOKENS; t++) {
		scores[t * EXPERTS + t % EXPERTS] = (real)0.6;
		scores[t * EXPERTS + (t + 3) % EXPERTS] = (real)0.2;
	}
	memcpy(choice, scores, sizeof choice);
	choose();
	ck_assert_double_eq_tol(value_of("importance", ""), 0, 1e-6);
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol((double)d_scores[i], 0, 1e-6);
}
END_TEST

/* All to one expert of E: the mean is T / E, the others have nothing. */
START_TEST(importance_of_collapse_is_one_less_than_the_experts)
{
	planner.picks.n = 0;
	for (size_t t = 0; t < TOKENS; t++)
		moe_pick(&planner.picks, t, 5, 0);
	check_close(value_of("importance", ""), EXPERTS - 1);
}
END_TEST

/* ---- entropy ---------------------------------------------------------------------------------------------------- */

static double plogp(double p)
{
	return p > 0 ? p * log(p) : 0;
}

START_TEST(entropy_by_the_formula)
{
	double token = 0, load = 0, mutual = 0, mean[EXPERTS] = { 0 };
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++) {
			token -= plogp(score(t, e)) / TOKENS;
			mean[e] += score(t, e) / TOKENS;
		}
	for (size_t e = 0; e < EXPERTS; e++)
		load -= plogp(mean[e]);
	for (size_t t = 0; t < TOKENS; t++) /* sum of p(t, e) ln(p(t, e) / p(t) p(e)) with p(t) = 1 / T */
		for (size_t e = 0; e < EXPERTS; e++)
			mutual += score(t, e) / TOKENS * log(score(t, e) / mean[e]);
	check_close(value_of("entropy", ""), -mutual);
	check_close(value_of("entropy", "load=0"), token);
	check_close(value_of("entropy", "token=-2,load=0.5"), -2 * token - 0.5 * load);
}
END_TEST

START_TEST(entropy_of_sure_and_unsure_tokens)
{
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++)
			scores[t * EXPERTS + e] = (real)(t % EXPERTS == e); /* each expert as often as any other */
	check_close(value_of("entropy", ""), -log(EXPERTS));
	for (size_t i = 0; i < ROOM; i++)
		scores[i] = (real)0.3; /* sums to no 1, as sigmoid's do */
	ck_assert_double_eq_tol(value_of("entropy", ""), 0, 1e-6);
}
END_TEST

/* ---- devices ---------------------------------------------------------------------------------------------------- */

/* sum_i F_i P_i over devices of two experts, with P straight from its definition. */
static double over_devices(const double *f)
{
	double sum = 0;
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++)
			sum += f[e / 2] * score(t, e) / TOKENS;
	return sum;
}

START_TEST(device_losses_by_the_formula)
{
	double work[EXPERTS / 2] = { 0 }, sent[EXPERTS / 2] = { 0 };
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t i = 0; i < EXPERTS / 2; i++) {
			bool first = chosen(t, 2 * i), second = chosen(t, 2 * i + 1);
			/* f' = the mean of f_j = E / (k T) count over the two experts; f'' = D / (M T) count with M = 3 */
			work[i] += ((double)first + (double)second) / 2 * EXPERTS / (K * TOKENS);
			sent[i] += (double)(first || second) * (EXPERTS / 2) / (3.0 * TOKENS);
		}
	check_close(value_of("device", "groups=4"), over_devices(work));
	check_close(value_of("communication", "groups=4"), over_devices(sent));
}
END_TEST

/* Each device has as many choices as any other, and each token reaches two of them. */
START_TEST(device_losses_in_balance)
{
	planner.picks.n = 0;
	for (size_t t = 0; t < TOKENS; t++) {
		moe_pick(&planner.picks, t, t % 4 * 2, 0);
		moe_pick(&planner.picks, t, (t + 1) % 4 * 2 + 1, 1);
	}
	check_close(value_of("device", "groups=4"), 1);
	check_close(value_of("communication", "groups=4,group-top-k=2"), 1);
	check_close(value_of("communication", "groups=4,group-top-k=4"), 0.5);
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol((double)d_scores[i], 0, 1e-7);
	planner.picks.n = 0;
	for (size_t t = 0; t < TOKENS; t++) { /* both choices on one device: sent once, computed twice */
		moe_pick(&planner.picks, t, t % 4 * 2, 0);
		moe_pick(&planner.picks, t, t % 4 * 2 + 1, 1);
	}
	check_close(value_of("device", "groups=4"), 1);
	check_close(value_of("communication", "groups=4,group-top-k=2"), 0.5);
}
END_TEST

/* ---- L1 ---------------------------------------------------------------------------------------------------------- */

START_TEST(l1_by_the_formula)
{
	double even = 0, plain = 0;
	for (size_t i = 0; i < ROOM; i++)
		scores[i] *= (real)(1 + i % 3); /* sums to no 1 */
	for (size_t e = 0; e < EXPERTS; e++) {
		double count = 0, sum = 0;
		for (size_t t = 0; t < TOKENS; t++) {
			count += chosen(t, e);
			sum += score(t, e) / TOKENS;
		}
		even += EXPERTS * count / (K * TOKENS) * sum;
		plain += sum;
	}
	check_close(value_of("l1", ""), even);
	check_close(value_of("l1", "even=no"), plain);
}
END_TEST

static double weight_after(size_t picks)
{
	struct moe_term term;
	const struct moe_balancer *l1 = with("l1", "weight=0.5,factor=2");
	planner.picks.n = picks;
	l1->part.settle(&self, &route);
	l1->loss(&self, &route, &term, NULL);
	return term.weight;
}

START_TEST(l1_adapts_its_weight)
{
	size_t fair = K * TOKENS;
	ck_assert_double_eq(weight_after(fair), 0.5);
	for (size_t i = fair; i < ROOM; i++)
		moe_pick(&planner.picks, i % TOKENS, i % EXPERTS, 0);
	ck_assert_double_eq(weight_after(fair + 1), 1);
	ck_assert_double_eq(weight_after(fair + 9), 2);
	ck_assert_double_eq(weight_after(fair - 1), 1);
	for (size_t i = 0; i < 200; i++)
		weight_after(fair + 1);
	ck_assert_double_eq(weight_after(fair + 1), 1e6); /* and no further */
}
END_TEST

/* ---- orthogonality ----------------------------------------------------------------------------------------------- */

enum { ROWS = 5 };
static real matrix[ROWS * EXPERTS], d_matrix[ROWS * EXPERTS];
static const struct moe_learned map = { .rows = ROWS, .columns = EXPERTS, .w = matrix, .d_w = d_matrix };

static double not_orthogonal(bool square)
{
	double sum = 0;
	for (size_t i = 0; i < EXPERTS; i++)
		for (size_t j = 0; j < EXPERTS; j++) {
			double product = 0;
			for (size_t row = 0; row < ROWS; row++)
				product += (double)matrix[row * EXPERTS + i] * (double)matrix[row * EXPERTS + j];
			product -= i == j;
			sum += square ? product * product : fabs(product);
		}
	return sum;
}

START_TEST(orthogonality_by_the_formula)
{
	const char *list = _i ? "norm=square,weight=0.5" : "weight=0.5";
	const double step = sizeof(real) == sizeof(double) ? 1e-6 : 1.0 / 256;
	route.map = &map;
	for (size_t i = 0; i < ROWS * EXPERTS; i++)
		matrix[i] = (real)(2 * moe_uniform(&numbers) - 1);
	memset(d_matrix, 0, sizeof d_matrix);
	check_close(value_of("orthogonal", list), not_orthogonal(_i));
	for (size_t i = 0; i < ROWS * EXPERTS; i++) {
		real kept = matrix[i];
		matrix[i] = kept + (real)step;
		double up = not_orthogonal(_i);
		matrix[i] = kept - (real)step;
		double slope = (up - not_orthogonal(_i)) / (2 * step);
		matrix[i] = kept;
		ck_assert_double_eq_tol((double)d_matrix[i], 0.5 * slope, 0.02 * (1 + fabs(slope)));
	}
}
END_TEST

/* Unit vectors at right angles lack nothing, a copy counts twice, and length 2 is three too much. */
START_TEST(orthogonality_by_hand)
{
	route.call.experts = 3;
	struct moe_learned three = { .rows = 3, .columns = 3, .w = matrix, .d_w = d_matrix };
	route.map = &three;
	for (size_t i = 0; i < 9; i++)
		matrix[i] = i % 4 == 0;
	ck_assert_double_eq(value_of("orthogonal", ""), 0);
	ck_assert_double_eq(value_of("orthogonal", "norm=square"), 0);
	matrix[8] = 0, matrix[2] = 1; /* the third as the first */
	ck_assert_double_eq(value_of("orthogonal", ""), 2);
	matrix[2] = 0, matrix[8] = 2;
	ck_assert_double_eq(value_of("orthogonal", ""), 3);
	ck_assert_double_eq(value_of("orthogonal", "norm=square"), 9);
}
END_TEST

/* ---- z of the chosen --------------------------------------------------------------------------------------------- */

START_TEST(z_of_the_chosen_by_the_formula)
{
	double wanted = 0;
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0;
		for (size_t e = 0; e < EXPERTS; e++)
			sum += chosen(t, e) ? exp((double)logits[t * EXPERTS + e]) : 0;
		wanted += log(sum) * log(sum) / TOKENS;
	}
	check_close(value_of("z", "of=chosen"), wanted);
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++)
			ck_assert_int_eq(d_logits[t * EXPERTS + e] > 0, chosen(t, e)); /* all sums lie above 1 here */
	memset(logits, 0, sizeof logits);
	check_close(value_of("z", "of=chosen"), log(K) * log(K));
}
END_TEST

/* ---- biases ------------------------------------------------------------------------------------------------------ */

/* Four experts with a mean load of 2: shortfalls v = -1/2, 1/2, 0, 0, then 1, -1, 1/2, -1/2. */
static void settle_loads(const char *list, const uint32_t *load)
{
	const struct moe_balancer *bias = with("bias", list);
	route.call.experts = 4;
	for (size_t e = 0; e < 4; e++)
		plan.assigned[e] = load[e];
	bias->part.settle(&self, &route);
}

static void check_offsets(const double *wanted, size_t n)
{
	const real *offsets = with("bias", "")->offsets(&self);
	for (size_t e = 0; e < n; e++)
		ck_assert_double_eq_tol((double)offsets[e], wanted[e], 1e-6);
}

static const uint32_t first_loads[] = { 3, 1, 2, 2 }, second_loads[] = { 0, 4, 1, 3 };
static const double first_v[] = { -0.5, 0.5, 0, 0 }, second_v[] = { 1, -1, 0.5, -0.5 };

START_TEST(proportional_bias_moves_by_the_shortfall)
{
	static const double wanted[] = { 0.05, -0.05, 0.05, -0.05 }; /* 0.1 (first + second) */
	settle_loads("rule=proportional,rate=0.1", first_loads);
	settle_loads("rule=proportional,rate=0.1", second_loads);
	check_offsets(wanted, 4);
}
END_TEST

/* As Ling-2.0 and torchtitan have it: b += rate (sign - mean sign). */
START_TEST(centered_sign_is_sign_less_its_mean)
{
	static const uint32_t load[] = { 5, 1, 1, 1 }; /* signs -1, 1, 1, 1 with the mean 1/2 */
	static const double wanted[] = { -0.3, 0.1, 0.1, 0.1 };
	settle_loads("centre,rate=0.1", load);
	settle_loads("centre,rate=0.1", load);
	check_offsets(wanted, 4);
}
END_TEST

START_TEST(multiplicative_bias_is_a_factor)
{
	static const double wanted[] = { -0.1, 0.1, 0, 0 }, least[] = { -1, 1.1, 0, 0 };
	const real before[] = { 2, 3, 4, 5 };
	real moved[] = { 2, 3, 4, 5 };
	settle_loads("rule=multiplicative,rate=0.1", first_loads);
	check_offsets(wanted, 4);
	route.call.tokens = 1;
	with("bias", "rule=multiplicative")->adjust(&self, &route, moved);
	for (size_t e = 0; e < 4; e++)
		check_close((double)moved[e], (double)before[e] * (1 + wanted[e]));
	for (size_t i = 0; i < 10; i++)
		settle_loads("rule=multiplicative,rate=0.1", first_loads);
	check_offsets(least, 4); /* -1.1 is cut at a factor of 0 */
}
END_TEST

START_TEST(pid_adds_three_terms)
{
	static const char list[] = "rule=pid,rate=0.1,p=0.01,d=0.001";
	double wanted[4];
	for (size_t e = 0; e < 4; e++)
		wanted[e] = 0.1 * first_v[e] + 0.01 * first_v[e] + 0.001 * first_v[e];
	settle_loads(list, first_loads);
	check_offsets(wanted, 4);
	for (size_t e = 0; e < 4; e++)
		wanted[e] = 0.1 * (first_v[e] + second_v[e]) + 0.01 * second_v[e] + 0.001 * (second_v[e] - first_v[e]);
	settle_loads(list, second_loads);
	check_offsets(wanted, 4);
}
END_TEST

/* LongCat-Flash, with experts 2 and 3 without a network: 8 tokens of which each is to meet one network, so that each
 * network is to have 4.  The last proportional update of 0.1 (4 - load) / 4 is what the paper's mu (K_e / (K N) -
 * T_i / (K T)) gives for mu = 0.1 K N / K_e. */
START_TEST(a_budget_moves_networks_alone)
{
	static const uint32_t load[] = { 6, 1, 5, 4 };
	double wanted[4] = { 0 };
	route.call.tokens = 8;
	route.call.k = 2;
	route.call.bare = 2;
	for (size_t e = 0; e < 2; e++)
		wanted[e] = 0.1 * 2 * 2 / 1 * (1.0 / (2 * 2) - load[e] / (2.0 * 8));
	settle_loads("rule=proportional,rate=0.1,budget=1", load);
	check_offsets(wanted, 4);
	for (size_t e = 0; e < 2; e++)
		wanted[e] += load[e] < 4 ? 0.5 : -0.5;
	settle_loads("rate=0.5,budget=1", load);
	check_offsets(wanted, 4);
	memset(state, 0, sizeof state);
	for (size_t e = 0; e < 2; e++)
		wanted[e] = 0.25 * (4.0 - load[e]) / 4 + 2 * (4.0 - load[e]) / 4;
	settle_loads("rule=pid,rate=0.25,p=2,budget=1", load);
	check_offsets(wanted, 4);
}
END_TEST

START_TEST(smebu_by_the_formula)
{
	double bias[4] = { 0 }, momentum[4] = { 0 };
	const double *v[] = { first_v, second_v, second_v };
	for (size_t step = 0; step < 3; step++) {
		double mean = 0;
		for (size_t e = 0; e < 4; e++)
			mean += 0.2 * tanh(3 * v[step][e]) / 4;
		for (size_t e = 0; e < 4; e++) {
			momentum[e] = 0.75 * momentum[e] + 0.25 * (0.2 * tanh(3 * v[step][e]) - mean);
			bias[e] += momentum[e];
		}
		settle_loads("rule=smebu,rate=0.2,kappa=3,momentum=0.75", step == 0 ? first_loads : second_loads);
		check_offsets(bias, 4);
	}
}
END_TEST

/* Who read neither p and d nor kappa and momentum would not know that they did nothing. */
START_TEST(options_of_another_rule_are_refused)
{
	static const struct {
		const char *list;
		bool well;
	} cases[] = {
		{ "", true },
		{ "p=0.1", false },
		{ "d=0.1,rule=smebu", false },
		{ "p=0.1,d=0.1,rule=pid", true },
		{ "kappa=3", false },
		{ "momentum=0,rule=pid", false },
		{ "kappa=1,momentum=0,rule=smebu", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char complaint[160] = "";
		bool well = with("bias", cases[i].list)->part.check(&route.call, options, complaint, sizeof complaint);
		ck_assert_msg(well == cases[i].well, "%s: %s", cases[i].list, complaint);
		ck_assert_int_eq(strstr(complaint, "rule=") != NULL, !well);
		ck_assert_int_eq(strstr(complaint, "kappa and momentum have no effect with rule=") != NULL,
						 !well && !strstr(cases[i].list, "p=") && !strstr(cases[i].list, "d="));
	}
}
END_TEST

/* Without any choice there is no mean load to compare with. */
START_TEST(biases_stay_when_nobody_chose)
{
	static const uint32_t none[4] = { 0 };
	static const double wanted[4] = { 0 };
	settle_loads("rule=proportional,rate=0.1", none);
	settle_loads("rule=pid,rate=0.1", none);
	check_offsets(wanted, 4);
}
END_TEST

/* ---- quantiles --------------------------------------------------------------------------------------------------- */

static int falling(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x < y) - (x > y);
}

/* Rounds by whole sorts: token prices, then expert prices, and the mean away where prices are free. */
static void prices_by_sorting(double *price, size_t rounds, bool free)
{
	double bid[ROOM], paid[TOKENS], mean = 0;
	size_t want = K * TOKENS / EXPERTS;
	for (size_t round = 0; round < rounds; round++) {
		for (size_t t = 0; t < TOKENS; t++) {
			for (size_t e = 0; e < EXPERTS; e++)
				bid[e] = score(t, e) - price[e];
			qsort(bid, EXPERTS, sizeof *bid, falling);
			paid[t] = free ? bid[K] : fmax(0, bid[K]);
		}
		for (size_t e = 0; e < EXPERTS; e++) {
			for (size_t t = 0; t < TOKENS; t++)
				bid[t] = score(t, e) - paid[t];
			qsort(bid, TOKENS, sizeof *bid, falling);
			double middle = (bid[want - 1] + bid[want]) / 2;
			price[e] = free ? middle : fmax(0, middle);
		}
	}
	for (size_t e = 0; e < EXPERTS; e++)
		mean += free ? price[e] / EXPERTS : 0;
	for (size_t e = 0; e < EXPERTS; e++)
		price[e] -= mean;
}

/* What adjust adds to the scores. */
static void check_prices(const char *list, const double *price)
{
	real moved[ROOM];
	memcpy(moved, scores, sizeof moved);
	with("quantile", list)->adjust(&self, &route, moved);
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol((double)moved[i], (double)scores[i] - price[i % EXPERTS], 1e-6);
}

static void settle_quantile(const char *list)
{
	with("quantile", list)->part.settle(&self, &route);
}

START_TEST(quantile_prices_by_sorting)
{
	double price[EXPERTS] = { 0 };
	check_prices("", price); /* before the first step there are none */
	for (route.call.step = 1; route.call.step <= 4; route.call.step++) {
		draw((double)route.call.step / 2);
		settle_quantile("rounds=3");
		prices_by_sorting(price, 3, true);
		check_prices("", price);
	}
}
END_TEST

START_TEST(quantile_of_the_same_batch)
{
	double price[EXPERTS] = { 0 }, none[EXPERTS] = { 0 };
	prices_by_sorting(price, 4, false);
	check_prices("batch=same,free=no,rounds=4", price); /* in training, before anything has settled */
	route.call.training = false;
	check_prices("batch=same,free=no,rounds=4", none); /* evaluation must not look at its batch */
	route.call.training = true;
	settle_quantile("batch=same,free=no,rounds=4");
	route.call.training = false;
	check_prices("batch=same,free=no,rounds=4", price);
}
END_TEST

START_TEST(quantile_in_evaluation_is_a_running_mean)
{
	double price[EXPERTS] = { 0 }, mean[EXPERTS] = { 0 };
	for (route.call.step = 1; route.call.step <= 3; route.call.step++) {
		draw(1);
		settle_quantile("ema=0.75");
		prices_by_sorting(price, 1, true);
		for (size_t e = 0; e < EXPERTS; e++)
			mean[e] = route.call.step == 1 ? price[e] : 0.75 * mean[e] + 0.25 * price[e];
	}
	check_prices("ema=0.75", price);
	route.call.training = false;
	check_prices("ema=0.75", mean);
}
END_TEST

/* The largest load over the fair share, less 1. */
static double violation(void)
{
	uint32_t most = 0;
	for (size_t e = 0; e < EXPERTS; e++)
		most = plan.assigned[e] > most ? plan.assigned[e] : most;
	return (double)most * EXPERTS / (K * TOKENS) - 1;
}

/* The dual of the assignment: with prices that have settled the very batch is spread evenly, whoever is in favor. */
START_TEST(quantile_spreads_its_batch_evenly)
{
	draw(2);
	choose();
	ck_assert_double_gt(violation(), 1);
	memcpy(choice, scores, sizeof choice);
	with("quantile", "batch=same,rounds=200")->adjust(&self, &route, choice);
	choose();
	ck_assert_double_le(violation(), 0.1);
}
END_TEST

START_TEST(quantile_without_a_choice_charges_nothing)
{
	static const double none[EXPERTS] = { 0 };
	route.call.k = EXPERTS;
	settle_quantile("");
	check_prices("", none);
}
END_TEST

/* Equal scores, and more experts than choices. */
START_TEST(quantile_bears_ties_and_few_tokens)
{
	for (size_t i = 0; i < ROOM; i++)
		scores[i] = (real)0.125;
	static const double none[EXPERTS] = { 0 };
	settle_quantile("rounds=5");
	check_prices("", none);
	route.call.tokens = 1;
	settle_quantile("rounds=5");
	for (size_t e = 0; e < EXPERTS; e++)
		ck_assert(isfinite((double)with("quantile", "")->offsets(&self)[e]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("balancers");
	TCase *cases = tcase_create("balancers");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, importance_by_the_formula);
	tcase_add_test(cases, importance_in_balance_is_nothing);
	tcase_add_test(cases, importance_of_collapse_is_one_less_than_the_experts);
	tcase_add_test(cases, entropy_by_the_formula);
	tcase_add_test(cases, entropy_of_sure_and_unsure_tokens);
	tcase_add_test(cases, device_losses_by_the_formula);
	tcase_add_test(cases, device_losses_in_balance);
	tcase_add_test(cases, l1_by_the_formula);
	tcase_add_test(cases, l1_adapts_its_weight);
	tcase_add_loop_test(cases, orthogonality_by_the_formula, 0, 2);
	tcase_add_test(cases, orthogonality_by_hand);
	tcase_add_test(cases, z_of_the_chosen_by_the_formula);
	tcase_add_test(cases, proportional_bias_moves_by_the_shortfall);
	tcase_add_test(cases, centered_sign_is_sign_less_its_mean);
	tcase_add_test(cases, multiplicative_bias_is_a_factor);
	tcase_add_test(cases, pid_adds_three_terms);
	tcase_add_test(cases, a_budget_moves_networks_alone);
	tcase_add_test(cases, smebu_by_the_formula);
	tcase_add_test(cases, options_of_another_rule_are_refused);
	tcase_add_test(cases, biases_stay_when_nobody_chose);
	tcase_add_test(cases, quantile_prices_by_sorting);
	tcase_add_test(cases, quantile_of_the_same_batch);
	tcase_add_test(cases, quantile_in_evaluation_is_a_running_mean);
	tcase_add_test(cases, quantile_spreads_its_batch_evenly);
	tcase_add_test(cases, quantile_without_a_choice_charges_nothing);
	tcase_add_test(cases, quantile_bears_ties_and_few_tokens);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
