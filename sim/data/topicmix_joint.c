/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topicmix_joint.c -- the law of a topicmix token far from the start of its sequence.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "sim/data/topicmix_law.h"

static const double JOINT_WORK = 1e9; /* successors visited while looking for the long-run law */

static double sum_of(const double *p, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += p[i];
	return sum;
}

/* P(the next token's domain is z, in the same document | the cell's law of z), for a row of `now` with sum `all`. */
static double moved_to(const struct topicmix_law *law, const double *now, double all, size_t z)
{
	double stays = (1 - law->opt.change) * now[z];
	return stays + law->opt.change * all * law->prior[z];
}

/* The law of the group of a class and the next domain, where the next class is drawn from the base law: at the start of
 * a document, or by `mixing`.  The domain alone keeps the law pi throughout. */
static void find_fresh(const struct topicmix_law *law, const double *now, double *fresh)
{
	size_t domains = law->domains, cells = law->groups * law->classes;
	double go_on = 1 - law->end, again = go_on * (1 - law->opt.mixing);
	for (size_t z = 0; z < domains; z++)
		fresh[z] = (law->end + again) * law->prior[z];
	if (law->groups == 1)
		return;
	memset(fresh, 0, law->groups * domains * sizeof *fresh);
	for (size_t i = 0; i < cells; i++) {
		const double *row = now + i * domains;
		double all = sum_of(row, domains), *to = fresh + law->group_of[i % law->classes] * domains;
		for (size_t z = 0; z < domains; z++)
			to[z] += law->end * all * law->prior[z] + again * moved_to(law, row, all, z);
	}
}

/* Moves the mass of one cell, class x behind group g, to the successors of x. */
static void add_successors(const struct topicmix_law *law, size_t g, size_t x, const double *row, double *then)
{
	double all = sum_of(row, law->domains), follow = (1 - law->end) * law->opt.mixing;
	double *to = then + law->group_of[x] * law->classes * law->domains;
	for (size_t z = 0; z < law->domains; z++) {
		double mass = follow * moved_to(law, row, all, z), left = 0;
		size_t first = topicmix_successors(law, z, g, x);
		for (size_t i = first; i < first + law->fanout; left = law->upto[i++])
			to[law->next[i] * law->domains + z] += mass * (law->upto[i] - left);
	}
}

/* One step of the joint law, [groups][classes][domains]: `now` is the law of token t, `then` becomes that of
 * token t + 1.  Returns how far the law has moved (L1). */
static double joint_step(const struct topicmix_law *law, const double *now, double *then, double *fresh)
{
	size_t domains = law->domains, classes = law->classes;
	double moved = 0;
	find_fresh(law, now, fresh);
	for (size_t i = 0; i < law->groups * classes; i++)
		for (size_t z = 0; z < domains; z++)
			then[i * domains + z] = fresh[i / classes * domains + z] * topicmix_base(law, z, i % classes);
	for (size_t i = 0; i < law->groups * classes; i++)
		add_successors(law, i / classes, i % classes, now + i * domains, then);
	for (size_t i = 0; i < law->groups * classes * domains; i++)
		moved += fabs(then[i] - now[i]);
	return moved;
}

void topicmix_find_joint(const struct topicmix_law *law, double *then, double *fresh)
{
	size_t cells = law->groups * law->classes * law->domains;
	double *now = law->joint, moved = 1;
	double steps = fmin(2000, fmax(16, JOINT_WORK / ((double)cells * (double)law->fanout)));
	for (size_t x = 0; x < law->classes; x++)
		for (size_t z = 0; z < law->domains; z++)
			now[x * law->domains + z] = law->prior[z] * topicmix_base(law, z, x);
	for (double step = 0; step < steps && moved > 1e-12; step++) {
		moved = joint_step(law, now, then, fresh);
		double *swap = now;
		now = then, then = swap;
	}
	if (now != law->joint)
		memcpy(law->joint, now, cells * sizeof *now);
}

static double surprise(double p)
{
	return p > 0 ? -p * log(p) : 0;
}

/* Where tokens tell of their domain, each has a share of its own. */
static double entropy_by_tokens(const struct topicmix_law *law)
{
	double entropy = 0;
	for (size_t x = 0; x < law->classes * law->members; x++) {
		double p = 0;
		for (size_t i = 0; i < law->groups * law->domains; i++)
			p += topicmix_joint(law, i / law->domains, x, i % law->domains);
		entropy += surprise(p);
	}
	return entropy;
}

double topicmix_unigram(const struct topicmix_law *law)
{
	double entropy = 0;
	if (topicmix_has_places(law))
		return entropy_by_tokens(law);
	for (size_t c = 0; c < law->classes; c++) {
		double p = 0;
		for (size_t g = 0; g < law->groups; g++)
			p += sum_of(law->joint + (g * law->classes + c) * law->domains, law->domains);
		entropy += surprise(p);
	}
	for (size_t i = 0; i < law->members; i++)
		entropy += surprise(law->member[i]);
	return entropy;
}
