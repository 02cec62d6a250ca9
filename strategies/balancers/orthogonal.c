/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * orthogonal.c -- the vectors of the experts in the router's matrix should have length 1 and be at right angles, so
 * that tokens that are alike have scores that are alike (Omi, Sen & Farhadi 2025, SimBal, arXiv 2506.14038).
 *
 *   L = sum_ij |D_ij|,  or with norm=square sum_ij D_ij^2      D = R' R - 1,  R the matrix of a column for each expert
 *
 * What it asks for is no even load, but experts that are no copies of one another, and it needs no tokens to tell. With
 * more experts than rows of the matrix there is no such R, and the loss has a least value above 0.  The paper's matrix
 * also starts orthogonal, which this one does not.
 */
#include <moesim/kit.h>

enum norm { ABSOLUTE, SQUARE };
static const char *const norms[] = { "absolute", "square", NULL };

struct orthogonal {
	double weight;
	int norm, per;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct orthogonal, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 1e-4,
	  .help = "weight of the loss, which has as many terms as there are pairs of experts" },
	{ .name = "norm",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct orthogonal, norm),
	  .high = SQUARE,
	  .choices = norms,
	  .help = "sum up what is amiss (SimBal), or its squares" },
	MOE_PER_ROW(offsetof(struct orthogonal, per)),
	{ .name = NULL },
};

/* Scratch: what a pair of experts has to do with the gradient, [experts][experts]. */
static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * call->experts * sizeof(double);
}

/* <R_i, R_j> - delta_ij */
static double amiss(const struct moe_learned *map, size_t i, size_t j)
{
	double sum = i == j ? -1 : 0;
	for (size_t row = 0; row < map->rows; row++)
		sum += (double)map->w[row * map->columns + i] * (double)map->w[row * map->columns + j];
	return sum;
}

/* L, and slope[i][j] = dL / dD_ij, which is symmetric as D is. */
static double measure(const struct moe_learned *map, int norm, double *slope)
{
	size_t n = map->columns;
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++) {
			double d = amiss(map, i, j), times = i == j ? 1 : 2;
			sum += times * (norm == SQUARE ? d * d : fabs(d));
			slope[i * n + j] = slope[j * n + i] = norm == SQUARE ? 2 * d : (d > 0) - (d < 0);
		}
	return sum;
}

/* dL / dR = 2 R dL / dD */
static void pass_back(const struct moe_learned *map, double weight, const double *slope)
{
	size_t n = map->columns;
	for (size_t row = 0; row < map->rows; row++)
		for (size_t j = 0; j < n; j++) {
			double sum;
			const real *w = map->w + row * n;
			MOE_SUM(sum, n, i, (double)w[i] * slope[j * n + i]);
			map->d_w[row * n + j] += (real)(2 * weight * sum);
		}
}

static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
				 struct moe_grad *grad)
{
	const struct orthogonal *opt = self->opt;
	double weight = moe_weight_of_layer(&route->call, opt->weight, opt->per);
	*term = (struct moe_term){ measure(route->map, opt->norm, self->scratch), weight };
	if (grad)
		pass_back(route->map, weight, self->scratch);
}

const struct moe_balancer balancer_orthogonal = {
	.part = { .kind = MOE_BALANCER,
			  .name = "orthogonal",
			  .summary = "loss on the router's matrix: the vectors of experts at right angles, each of length 1",
			  .formula =
				  "L = weight * sum_ij |D_ij|, or sum_ij D_ij^2,   D = R' R - 1      where all are at right angles: 0",
			  .cite = "Omi, Sen & Farhadi 2025, arXiv 2506.14038",
			  .opts = options,
			  .opts_size = sizeof(struct orthogonal),
			  .wants = MOE_LOGITS | MOE_MAP,
			  .scratch_size = scratch_size },
	.column = "orthogonal_loss",
	.loss = loss,
};
