/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * base.c -- balanced assignment: in training the tokens of a batch are shared out equally so that the sum of the logits
 * is as large as it can be; in evaluation each takes its best (Lewis et al. 2021, BASE layers, arXiv 2103.16716).
 *
 * The assignment is exact, by successive shortest paths (Jewell 1958; the prices are those of the Hungarian method).
 * Tokens enter one after the other.  A token goes to the expert that leaves it most after that expert's price; where
 * that one is full, others move on from expert to expert, along the path that costs least, to one that has room.  All
 * tokens of the batch compete: not causal in training.
 */
#include <moesim/kit.h>
#include <stdio.h>

enum { NOBODY = UINT32_MAX, MOST_EXPERTS = 4096 };

/* What experts would lose to one another is a table of experts by experts. */
static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	(void)opt;
	if (call->experts <= MOST_EXPERTS)
		return true;
	snprintf(complaint, size, "an exact assignment has at most %d experts, not %zu (try selector=sinkhorn)",
			 (int)MOST_EXPERTS, call->experts);
	return false;
}

/* Scratch of one batch.  An expert's members are tokens; of those that could move from expert i to j, mover[i][j] is
 * the one that loses least, and it loses loss[i][j]. */
struct hall {
	size_t tokens, experts, room;
	const real *logits;
	double *price, *far;    /* [experts]; the length of the way to an expert so far */
	double *loss;           /* [experts][experts] */
	uint32_t *mover;        /* [experts][experts] */
	uint32_t *member;       /* [experts][room] */
	uint32_t *members;      /* [experts] */
	uint32_t *from, *by;    /* [experts] the way to an expert: from which one, and who moves */
	uint32_t *seen;         /* [experts] is the shortest way known? */
	uint32_t *place, *best; /* [tokens][experts] a token's place among an expert's members, or NOBODY; [experts] */
	real *worth;            /* [experts] */
};

static size_t room_of(const struct moe_call *call)
{
	return (call->k * call->tokens + call->experts - 1) / call->experts;
}

static struct hall hall_of(void *scratch, const struct moe_route *route)
{
	const struct moe_call *call = &route->call;
	size_t experts = call->experts;
	struct hall hall = { call->tokens, experts, room_of(call), route->logits, .price = scratch };
	hall.far = hall.price + experts;
	hall.loss = hall.far + experts;
	hall.worth = (real *)(hall.loss + experts * experts);
	hall.mover = (uint32_t *)(hall.worth + experts);
	hall.member = hall.mover + experts * experts;
	hall.members = hall.member + experts * hall.room;
	hall.from = hall.members + experts;
	hall.by = hall.from + experts;
	hall.seen = hall.by + experts;
	hall.best = hall.seen + experts;
	hall.place = hall.best + experts;
	return hall;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	size_t experts = call->experts;
	(void)opt;
	return (2 + experts) * experts * sizeof(double) + experts * sizeof(real) +
		   (experts * (experts + room_of(call) + 5 + call->tokens)) * sizeof(uint32_t);
}

/* A logit; what is no number, or beyond all bounds, is worth a finite much or little, so that differences stay finite.
 */
static double worth(const struct hall *hall, size_t token, size_t expert)
{
	real z = hall->logits[token * hall->experts + expert];
	return z > (real)1e30 ? 1e30 : z > (real)-1e30 ? (double)z : -1e30;
}

static uint32_t *place_of(const struct hall *hall, size_t token, size_t expert)
{
	return &hall->place[token * hall->experts + expert];
}

/* Considers a member of expert i as the one to move to j. */
static void offer(const struct hall *hall, uint32_t token, size_t i, size_t j)
{
	double loss = worth(hall, token, i) - worth(hall, token, j);
	size_t at = i * hall->experts + j;
	if (*place_of(hall, token, j) != NOBODY)
		return;
	if (hall->mover[at] == NOBODY || loss < hall->loss[at] || (loss == hall->loss[at] && token < hall->mover[at])) {
		hall->loss[at] = loss;
		hall->mover[at] = token;
	}
}

/* Where this token was the one to move from i to j, finds another. */
static void replace(const struct hall *hall, uint32_t token, size_t i, size_t j)
{
	if (hall->mover[i * hall->experts + j] != token)
		return;
	hall->mover[i * hall->experts + j] = NOBODY;
	for (size_t m = 0; m < hall->members[i]; m++)
		offer(hall, hall->member[i * hall->room + m], i, j);
}

/* The token becomes a member of expert i: it may move on from there, and no longer to there. */
static void enter(const struct hall *hall, uint32_t token, size_t i)
{
	*place_of(hall, token, i) = hall->members[i];
	hall->member[i * hall->room + hall->members[i]++] = token;
	for (size_t j = 0; j < hall->experts; j++) {
		if (j == i)
			continue;
		if (*place_of(hall, token, j) == NOBODY)
			offer(hall, token, i, j);
		else
			replace(hall, token, j, i);
	}
}

static void leave(const struct hall *hall, uint32_t token, size_t i)
{
	uint32_t last = hall->member[i * hall->room + --hall->members[i]], *place = place_of(hall, token, i);
	hall->member[i * hall->room + *place] = last;
	*place_of(hall, last, i) = *place;
	*place = NOBODY;
	for (size_t j = 0; j < hall->experts; j++) {
		if (j == i)
			continue;
		replace(hall, token, i, j);
		if (*place_of(hall, token, j) != NOBODY)
			offer(hall, token, j, i);
	}
}

/* The nearest expert that the way is not known to yet; hall->experts when there is none. */
static size_t nearest(const struct hall *hall)
{
	size_t found = hall->experts;
	for (size_t e = 0; e < hall->experts; e++)
		if (!hall->seen[e] && hall->far[e] < (double)INFINITY &&
			(found == hall->experts || hall->far[e] < hall->far[found]))
			found = e;
	return found;
}

/* Ways on from expert i by a move of one of its members. */
static void look_on(const struct hall *hall, size_t i)
{
	for (size_t j = 0; j < hall->experts; j++) {
		size_t at = i * hall->experts + j;
		if (hall->seen[j] || hall->mover[at] == NOBODY)
			continue;
		double slack = hall->loss[at] - hall->price[i] + hall->price[j];
		double far = hall->far[i] + (slack > 0 ? slack : 0); /* below 0 by rounding alone */
		if (far < hall->far[j]) {
			hall->far[j] = far;
			hall->from[j] = (uint32_t)i;
			hall->by[j] = hall->mover[at];
		}
	}
}

/* The shortest way of the token to an expert with room (Dijkstra); raises the prices of those that it passes by. */
static size_t find_room(const struct hall *hall, size_t token)
{
	size_t end;
	for (size_t e = 0; e < hall->experts; e++) {
		bool open = *place_of(hall, token, e) == NOBODY;
		hall->seen[e] = false;
		hall->from[e] = NOBODY;
		hall->far[e] = open ? hall->price[e] - worth(hall, token, e) : (double)INFINITY;
	}
	while ((end = nearest(hall)) < hall->experts && hall->members[end] == hall->room) {
		hall->seen[end] = true;
		look_on(hall, end);
	}
	for (size_t e = 0; end < hall->experts && e < hall->experts; e++)
		if (hall->seen[e])
			hall->price[e] += hall->far[end] - hall->far[e];
	return end;
}

/* One more expert for the token: from the end of the way, each moves up to the place that became free. */
static void assign(const struct hall *hall, size_t token)
{
	size_t at = find_room(hall, token);
	for (; hall->from[at] != NOBODY; at = hall->from[at]) {
		leave(hall, hall->by[at], hall->from[at]);
		enter(hall, hall->by[at], at);
	}
	enter(hall, (uint32_t)token, at);
}

MOE_CLONED static void pick_by_worth(const struct hall *hall, size_t token, size_t k, struct moe_picks *picks)
{
	size_t n = 0;
	uint32_t *held = hall->from, *best = hall->best;
	for (size_t e = 0; e < hall->experts; e++)
		if (*place_of(hall, token, e) != NOBODY) {
			hall->worth[n] = (real)worth(hall, token, e);
			held[n++] = (uint32_t)e;
		}
	moe_top_k(hall->worth, n, k, best);
	for (size_t rank = 0; rank < k; rank++)
		moe_pick(picks, token, held[best[rank]], rank);
}

static void choose_balanced(const struct hall *hall, size_t k, struct moe_picks *picks)
{
	size_t experts = hall->experts;
	for (size_t e = 0; e < experts; e++) {
		hall->price[e] = 0;
		hall->members[e] = 0;
	}
	for (size_t i = 0; i < experts * experts; i++)
		hall->mover[i] = NOBODY;
	for (size_t i = 0; i < hall->tokens * experts; i++)
		hall->place[i] = NOBODY;
	for (size_t t = 0; t < hall->tokens; t++)
		for (size_t i = 0; i < k; i++)
			assign(hall, t);
	for (size_t t = 0; t < hall->tokens; t++)
		pick_by_worth(hall, t, k, picks);
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	struct hall hall = hall_of(self->scratch, route);
	if (call->training)
		choose_balanced(&hall, call->k, picks);
	for (size_t t = 0; !call->training && t < call->tokens; t++) {
		moe_top_k(route->logits + t * call->experts, call->experts, call->k, hall.best);
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, hall.best[rank], rank);
	}
}

const struct moe_selector selector_base = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "base",
			  .summary = "balanced assignment of the batch's tokens in training; the best logits in evaluation",
			  .formula = "training: the S_t of k experts with the largest sum of z_e(t) over all tokens and S_t,\n"
						 "          no expert having more than ceil(k T / E) tokens\n"
						 "evaluation: S_t = the k experts with the largest z_e(t)",
			  .cite = "Lewis et al. 2021, arXiv 2103.16716",
			  .wants = MOE_LOGITS,
			  .check = check,
			  .scratch_size = scratch_size },
	.select = choose,
};
