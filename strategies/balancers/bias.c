/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bias.c -- loss-free balancing: a bias per expert moves the selection, never the weights (Wang et al. 2024,
 * arXiv 2408.15664).
 *
 * After each training step the bias of an expert with less than the mean load rises and that of one with more falls:
 * selection always uses the counts of earlier steps, so that it is causal.  The rules differ in how far, with
 * v = (mean load - load) / mean load, so that no rate hangs on the size of a batch:
 *
 *   sign            by `rate` (Algorithm 1 of the paper)
 *   proportional    by rate v (the paper's table 3, which takes the counts themselves)
 *   multiplicative  by `rate`, but it is a factor 1 + b of the scores, which should not be negative (its table 4)
 *   pid             b is the sum of three: rate times the sum of all v, p times v, d times the change of v, where the
 *                   v before the first step is 0.  The textbook's controller, of which proportional is the middle term
 *   smebu           d = rate tanh(kappa v) less its mean over the experts; m = momentum m + (1 - momentum) d; b += m
 *                   (Trinity, arXiv 2602.17004: kappa 2, momentum 1/2, rate 5e-4)
 *
 * With a budget the biases of experts without a network stay 0, and each of the others is moved towards its share of
 * `budget` experts a token, so that the average token has as much to compute (LongCat-Flash, arXiv 2509.01322, whose
 * rule is proportional): v = (budget tokens / networks - load) networks / (budget tokens).
 *
 * The sum of the biases has no meaning for the selection; `centre` takes their mean away so that they do not drift,
 * which with rule=sign is b += rate (sign - mean sign), the rule of Ling-2.0 and torchtitan.
 */
#include <moesim/kit.h>
#include <stdio.h>

enum rule { SIGN, PROPORTIONAL, MULTIPLICATIVE, PID, SMEBU };
static const char *const rules[] = { "sign", "proportional", "multiplicative", "pid", "smebu", NULL };

struct bias {
	double rate;
	bool centre;
	int rule;
	double p, d, kappa, momentum, budget;
};

#define KAPPA 2.0
#define MOMENTUM 0.5

static const struct moe_opt options[] = {
	{ .name = "rate",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct bias, rate),
	  .low = 0,
	  .high = 10,
	  .preset = 1e-3,
	  .help = "size of the bias update after each training step; compare it with the spread of the scores" },
	{ .name = "centre",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct bias, centre),
	  .high = 1,
	  .preset = 0,
	  .help = "keep the mean of the biases at 0" },
	{ .name = "rule",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct bias, rule),
	  .high = SMEBU,
	  .choices = rules,
	  .help = "how the bias follows the load" },
	{ .name = "p",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct bias, p),
	  .low = 0,
	  .high = 10,
	  .help = "weight of the last step's shortfall itself, for rule=pid" },
	{ .name = "d",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct bias, d),
	  .low = 0,
	  .high = 10,
	  .help = "weight of the change of the shortfall, for rule=pid" },
	{ .name = "kappa",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct bias, kappa),
	  .low = 1e-3,
	  .high = 1e3,
	  .preset = KAPPA,
	  .help = "slope of the soft clamp of the shortfall, for rule=smebu" },
	{ .name = "momentum",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct bias, momentum),
	  .low = 0,
	  .high = 0.9999,
	  .preset = MOMENTUM,
	  .help = "share of the last update in the next one, for rule=smebu" },
	{ .name = "budget",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct bias, budget),
	  .low = 0,
	  .high = 65536,
	  .zero = "none",
	  .unit = "experts",
	  .help =
		  "how many experts with a network a token is to go to on average, where there are others (LongCat-Flash)" },
	{ .name = NULL },
};

static size_t networks(const struct moe_call *call)
{
	return call->experts - call->bare;
}

static bool check_budget(const struct moe_call *call, const struct bias *opt, char *complaint, size_t size)
{
	double most = (double)(networks(call) < call->k ? networks(call) : call->k);
	if (call->bare == 0)
		snprintf(complaint, size, "budget has no effect, as every expert has a network (give zero, copy or constant)");
	else if (opt->budget > most)
		snprintf(complaint, size, "budget = %g: a token goes to at most %g experts with a network", opt->budget, most);
	else if (opt->centre || opt->rule == SMEBU)
		snprintf(complaint, size,
				 "budget holds the biases of experts without a network at 0, and centre and rule=smebu move all "
				 "(leave out one of the two)");
	else
		return true;
	return false;
}

/* An option that the rule does not read has no effect. */
static bool check(const struct moe_call *call, const void *options_, char *complaint, size_t size)
{
	const struct bias *opt = options_;
	if (opt->budget > 0 && !check_budget(call, opt, complaint, size))
		return false;
	if ((opt->p > 0 || opt->d > 0) && opt->rule != PID)
		snprintf(complaint, size, "p and d have no effect with rule=%s (use rule=pid)", rules[opt->rule]);
	else if ((opt->kappa < KAPPA || opt->kappa > KAPPA || opt->momentum < MOMENTUM || opt->momentum > MOMENTUM) &&
			 opt->rule != SMEBU)
		snprintf(complaint, size, "kappa and momentum have no effect with rule=%s (use rule=smebu)", rules[opt->rule]);
	else
		return true;
	return false;
}

/* State: the biases, then what the rule remembers of each expert: for pid, the sum of the shortfalls and the last one;
 * for smebu, the last update. */
static size_t state_size(const struct moe_call *call, const void *options_)
{
	const struct bias *opt = options_;
	return (size_t)(opt->rule == PID ? 3 : opt->rule == SMEBU ? 2 : 1) * call->experts * sizeof(real);
}

MOE_CLONED static void adjust(const struct moe_self *self, const struct moe_route *route, real *choice)
{
	const real *bias = self->state;
	size_t experts = route->call.experts;
	bool factor = ((const struct bias *)self->opt)->rule == MULTIPLICATIVE;
	for (size_t t = 0; t < route->call.tokens; t++)
		for (size_t e = 0; e < experts; e++)
			choice[t * experts + e] += factor ? choice[t * experts + e] * bias[e] : bias[e];
}

/* The experts that share a load, and what that is in all. */
struct goal {
	size_t experts;
	double total;
};

static struct goal goal_of(const struct bias *opt, const struct moe_route *route)
{
	const struct moe_call *call = &route->call;
	struct goal goal = { call->experts, 0 };
	if (opt->budget > 0)
		return (struct goal){ networks(call), opt->budget * (double)call->tokens };
	for (size_t e = 0; e < call->experts; e++)
		goal.total += route->plan->assigned[e];
	return goal;
}

/* (mean load - load) / mean load of an expert; the load is what chose it, whether or not it found room. */
static inline double shortfall(const struct moe_route *route, struct goal goal, size_t e)
{
	return (goal.total - (double)route->plan->assigned[e] * (double)goal.experts) / goal.total;
}

static double clamped(const struct bias *opt, double v)
{
	return opt->rate * tanh(opt->kappa * v);
}

static void follow_smebu(const struct bias *opt, const struct moe_route *route, struct goal goal, real *bias)
{
	size_t experts = goal.experts;
	real *last = bias + experts;
	double mean = 0;
	for (size_t e = 0; e < experts; e++)
		mean += clamped(opt, shortfall(route, goal, e)) / (double)experts;
	for (size_t e = 0; e < experts; e++) {
		double update = clamped(opt, shortfall(route, goal, e)) - mean;
		last[e] = (real)(opt->momentum * (double)last[e] + (1 - opt->momentum) * update);
		bias[e] += last[e];
	}
}

static void follow_pid(const struct bias *opt, const struct moe_route *route, struct goal goal, real *bias)
{
	real *sum = bias + route->call.experts, *last = sum + route->call.experts;
	for (size_t e = 0; e < goal.experts; e++) {
		double v = shortfall(route, goal, e);
		sum[e] += (real)v;
		bias[e] = (real)(opt->rate * (double)sum[e] + opt->p * v + opt->d * (v - (double)last[e]));
		last[e] = (real)v;
	}
}

static void follow(const struct bias *opt, const struct moe_route *route, struct goal goal, real *bias)
{
	for (size_t e = 0; e < goal.experts; e++) {
		double v = shortfall(route, goal, e);
		bias[e] += (real)(opt->rate * (opt->rule == PROPORTIONAL ? v : (v > 0) - (v < 0)));
		if (opt->rule == MULTIPLICATIVE && bias[e] < -1)
			bias[e] = -1; /* a negative factor would turn the order of the scores round */
	}
}

static void center(real *bias, size_t experts)
{
	double mean = 0;
	for (size_t e = 0; e < experts; e++)
		mean += (double)bias[e] / (double)experts;
	for (size_t e = 0; e < experts; e++)
		bias[e] -= (real)mean;
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	const struct bias *opt = self->opt;
	real *bias = self->state;
	struct goal goal = goal_of(opt, route);
	if (goal.total <= 0)
		return; /* nobody chose anyone */
	if (opt->rule == PID)
		follow_pid(opt, route, goal, bias);
	else if (opt->rule == SMEBU)
		follow_smebu(opt, route, goal, bias);
	else
		follow(opt, route, goal, bias);
	if (opt->centre)
		center(bias, route->call.experts);
}

static const real *offsets(const struct moe_self *self)
{
	return self->state;
}

const struct moe_balancer balancer_bias = {
	.part = { .kind = MOE_BALANCER,
			  .name = "bias",
			  .summary = "loss-free: a bias per expert moves the selection after every step",
			  .formula = "c_e = s_e + b_e, after a step with v_e = (mean load - load_e) / mean load:\n"
						 "sign            b_e += rate * sign(v_e)\n"
						 "proportional    b_e += rate * v_e\n"
						 "multiplicative  as sign, but c_e = s_e (1 + b_e)\n"
						 "pid             b_e = rate * sum of all v_e + p * v_e + d * (v_e - the last v_e)\n"
						 "smebu           m_e = momentum * m_e + (1 - momentum) * (u_e - mean u);   b_e += m_e,\n"
						 "                u_e = rate * tanh(kappa * v_e)\n"
						 "with a budget the mean load is budget * tokens / networks, and other experts have no bias",
			  .cite = "Wang et al. 2024, arXiv 2408.15664",
			  .opts = options,
			  .opts_size = sizeof(struct bias),
			  .wants = MOE_SCORES,
			  .check = check,
			  .state_size = state_size,
			  .settle = settle,
			  .reach = MOE_REACH_TOKEN },
	.adjust = adjust,
	.offsets = offsets,
};
