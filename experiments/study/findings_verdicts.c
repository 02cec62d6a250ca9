/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * findings_verdicts.c -- sentences on one stream without a sweep: who differs from the baseline, by how much, and what
 * can be told of the others among each other.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/study/contrast.h"
#include "experiments/study/findings.h"
#include "experiments/study/wording.h"
#include "sim/base/text.h"

/* The series of one verdict against the baseline. */
struct side {
	size_t n;
	const char **label;        /* [n] */
	struct compare_pair *pair; /* [n] against the baseline */
};

struct sides {
	struct arena arena;
	const struct comparison *of;
	const char *base;
	size_t n; /* of all sides */
	struct side on[VERDICT_HIGHER + 1];
};

static bool contends(const struct study_series *series)
{
	enum moe_role role = contrast_role(series);
	return role == MOE_CONTENDER || role == MOE_BASELINE;
}

/* all: floors, dense models and ceilings, too */
static void sort_sides(const struct comparison *of, size_t base, bool all, struct sides *sides)
{
	const struct study *study = of->study;
	*sides = (struct sides){ .of = of, .base = study->series[base].label };
	for (size_t v = 0; v <= VERDICT_HIGHER; v++) {
		sides->on[v].label = ARENA_TAKE(&sides->arena, study->n, const char *);
		sides->on[v].pair = ARENA_TAKE(&sides->arena, study->n, struct compare_pair);
	}
	for (size_t s = 0; s < study->n; s++) {
		struct compare_pair pair;
		if ((!all && !contends(&study->series[s])) || !findings_pair(of, s, base, &pair))
			continue;
		struct side *side = &sides->on[pair.test.verdict];
		side->label[side->n] = study->series[s].label;
		side->pair[side->n++] = pair;
		sides->n++;
	}
}

/* ---- the loss against the baseline */

static const char *join(const char *text, const char *clause)
{
	return *text ? text_keep_f("%s; %s", text, clause) : clause;
}

/* "aux-loss and bias lower the excess loss by 7 to 12%" */
static const char *moved(const struct sides *sides, enum verdict verdict, const char *what)
{
	const struct side *side = &sides->on[verdict];
	return text_keep_f("%s %s%s %s by %s", wording_list(side->n, side->label),
					   verdict == VERDICT_LOWER ? "lower" : "raise", side->n == 1 ? "s" : "", what,
					   findings_effect(sides->of, side->n, side->pair));
}

/* What the seeds would likely have missed. */
static const char *missed(const struct comparison *of)
{
	if (!(of->detectable > 0) || isinf(of->detectable))
		return "";
	const char *least = of->logarithmic ? wording_percents(of->detectable, of->detectable)
										: findings_amount(of->metric, of->detectable, of->detectable);
	return text_keep_f(" (they would likely have missed differences below %s)", least);
}

static const char *untold(const struct sides *sides)
{
	const struct side *side = &sides->on[VERDICT_UNDECIDED];
	return text_keep_f("%s cannot be told apart by %s%s", wording_list(side->n, side->label),
					   findings_seeds(side->n, side->pair), missed(sides->of));
}

static const char *tell_loss(const struct sides *sides)
{
	const char *what = text_keep_f("the %s", sides->of->metric->said), *text = "";
	const struct side *near = &sides->on[VERDICT_EQUIVALENT], *equal = &sides->on[VERDICT_EQUAL];
	for (enum verdict v = VERDICT_LOWER; v <= VERDICT_HIGHER; v++)
		if (sides->on[v].n > 0)
			text = join(text, moved(sides, v, *text ? "it" : what));
	if (near->n > 0)
		text = join(text, text_keep_f("%s differ%s by less than %s", wording_list(near->n, near->label),
									  near->n == 1 ? "s" : "", findings_margin(sides->of)));
	if (equal->n > 0)
		text = join(text, text_keep_f("%s ha%s the same %s in every seed", wording_list(equal->n, equal->label),
									  equal->n == 1 ? "s" : "ve", sides->of->metric->said));
	if (*text)
		text = text_keep_f("Against %s, %s", sides->base, text);
	if (sides->on[VERDICT_UNDECIDED].n == 0)
		return text_keep_f("%s.", text);
	if (*text)
		return text_keep_f("%s; %s.", text, untold(sides));
	const struct side *side = &sides->on[VERDICT_UNDECIDED];
	return text_keep_f("By %s, the %s of %s cannot be told apart from that of %s%s.",
					   findings_seeds(side->n, side->pair), sides->of->metric->said, wording_list(side->n, side->label),
					   sides->base, missed(sides->of));
}

/* "aux-loss and bias", or "3 of 9 strategies" where the names would fill the title. */
static const char *few(const struct sides *sides, const struct side *side)
{
	enum { NAMED = 44 };
	const char *names = wording_list(side->n, side->label);
	return strlen(names) <= NAMED ? names : text_keep_f("%zu of %zu strategies", side->n, sides->n);
}

/* Where nothing is lower or higher. */
static const char *title_near(const struct sides *sides)
{
	const struct side *near = &sides->on[VERDICT_EQUIVALENT], *equal = &sides->on[VERDICT_EQUAL];
	const struct side *unsure = &sides->on[VERDICT_UNDECIDED];
	const char *what = wording_capital(sides->of->metric->said);
	if (unsure->n > 0)
		return text_keep_f("%s: %s cannot be told apart from %s by %s", what, few(sides, unsure), sides->base,
						   findings_seeds(unsure->n, unsure->pair));
	const char *same = equal->n > 0 ? text_keep_f(", %s not at all", few(sides, equal)) : "";
	if (near->n == 0)
		return text_keep_f("%s is the same under %s and %s in every seed", what, few(sides, equal), sides->base);
	return text_keep_f("%s: %s differ%s from %s by less than %s%s", what, few(sides, near), near->n == 1 ? "s" : "",
					   sides->base, findings_margin(sides->of), same);
}

/* "aux-loss and bias lower the excess loss of top-k by 20 to 21%, hash raises it by 5%"; NULL: there is none */
static const char *title_loss(const struct sides *sides)
{
	const char *title = "";
	if (sides->n == 0)
		return NULL;
	for (enum verdict v = VERDICT_LOWER; v <= VERDICT_HIGHER; v++) {
		const struct side *side = &sides->on[v];
		const char *what = *title ? "it" : text_keep_f("the %s of %s", sides->of->metric->said, sides->base);
		if (side->n > 0)
			title = text_keep_f("%s%s%s %s%s %s by %s", title, *title ? ", " : "", few(sides, side),
								v == VERDICT_LOWER ? "lower" : "raise", side->n == 1 ? "s" : "", what,
								findings_share(sides->of, side->n, side->pair));
	}
	return *title ? title : title_near(sides);
}

/* ---- MaxVio, and the time of a layer on a cluster, against the baseline */

static const char *level(const struct sides *sides, enum verdict verdict)
{
	const struct side *side = &sides->on[verdict];
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < side->n; i++) {
		double mean = sides->of->mean[side->pair[i].a].mean;
		low = fmin(low, mean);
		high = fmax(high, mean);
	}
	return text_keep_f("%s (%s)", wording_list(side->n, side->label), wording_range(low, high, 2));
}

/* "MaxVio is 3.48 under top-k, lower under aux-loss and bias (0.37 to 0.54), and higher under hash (5.40)." */
static const char *tell_balance(const struct sides *sides, size_t base)
{
	const char *clause[3];
	size_t n = 0;
	const struct compare_metric *metric = sides->of->metric;
	clause[n++] = text_keep_f("%s is %.2f%s%s under %s", wording_capital(metric->said), sides->of->mean[base].mean,
							  *metric->unit ? " " : "", metric->unit, sides->base);
	if (sides->on[VERDICT_LOWER].n > 0)
		clause[n++] = text_keep_f("lower under %s", level(sides, VERDICT_LOWER));
	if (sides->on[VERDICT_HIGHER].n > 0)
		clause[n++] = text_keep_f("higher under %s", level(sides, VERDICT_HIGHER));
	const char *text = wording_list(n, clause);
	if (sides->on[VERDICT_UNDECIDED].n > 0)
		text = text_keep_f("%s; %s cannot be told apart by %s", text, level(sides, VERDICT_UNDECIDED),
						   findings_seeds(sides->on[VERDICT_UNDECIDED].n, sides->on[VERDICT_UNDECIDED].pair));
	return text_keep_f("%s.", text);
}

static void add_balance(const struct compare_page *page, const struct compare_contest *contest, struct findings *out)
{
	size_t base = findings_baseline(contest);
	for (size_t m = 1; m < page->metrics; m++) {
		const struct comparison *of = &contest->metric[m];
		struct sides sides;
		if (strcmp(of->metric->name, "maxvio") != 0 && strcmp(of->metric->name, "layer_ms") != 0)
			continue;
		sort_sides(of, base, true, &sides);
		if (sides.n > 0 && sides.on[VERDICT_LOWER].n + sides.on[VERDICT_HIGHER].n > 0)
			findings_add(out, FINDING_BALANCE, tell_balance(&sides, base));
		arena_free(&sides.arena);
	}
}

/* ---- contenders among each other */

/* Those that improve on the baseline, or all that are not worse. */
static size_t choose_rivals(const struct comparison *of, size_t base, bool better, size_t *rival)
{
	const struct study *study = of->study;
	size_t n = 0;
	for (size_t s = 0; s < study->n; s++) {
		struct compare_pair pair;
		if (s == base || !contends(&study->series[s]) || !findings_pair(of, s, base, &pair))
			continue;
		if (better ? pair.test.verdict == VERDICT_LOWER : pair.test.verdict != VERDICT_HIGHER)
			rival[n++] = s;
	}
	return n;
}

struct rivalry {
	size_t tested, decided, equivalent, undecided;
	const char *winners; /* "aux-loss has a lower excess loss than bias and shared; bias than shared" */
	struct compare_pair *pair;
};

static void judge_rivals(const struct comparison *of, const size_t *rival, size_t n, struct rivalry *into,
						 struct arena *arena)
{
	const char **beaten = ARENA_TAKE(arena, n, const char *);
	*into = (struct rivalry){ .winners = "", .pair = ARENA_TAKE(arena, n * n, struct compare_pair) };
	for (size_t i = 0; i < n; i++) {
		size_t beats = 0;
		for (size_t j = 0; j < n; j++) {
			struct compare_pair *pair = &into->pair[into->tested];
			if (i == j || !findings_pair(of, rival[i], rival[j], pair))
				continue;
			if (pair->test.verdict == VERDICT_LOWER)
				beaten[beats++] = of->study->series[rival[j]].label;
			into->decided += i < j && (pair->test.verdict == VERDICT_LOWER || pair->test.verdict == VERDICT_HIGHER);
			into->equivalent +=
				i < j && (pair->test.verdict == VERDICT_EQUIVALENT || pair->test.verdict == VERDICT_EQUAL);
			into->undecided += i < j && pair->test.verdict == VERDICT_UNDECIDED;
			into->tested += i < j;
		}
		if (beats == 0)
			continue;
		const char *than = text_keep_f(" than %s", wording_list(beats, beaten));
		into->winners = text_keep_f("%s%s%s%s", *into->winners ? text_keep_f("%s; ", into->winners) : "",
									of->study->series[rival[i]].label,
									*into->winners ? "" : text_keep_f(" has a lower %s", of->metric->said), than);
	}
}

/* "differ by less than 0.01 nats or cannot be told apart by five seeds" */
static const char *tell_alike(const struct comparison *of, const struct rivalry *among, bool one)
{
	const char *near = text_keep_f("differ%s by less than %s", one ? "s" : "", findings_margin(of));
	const char *untold = text_keep_f("cannot be told apart by %s", findings_seeds(among->tested, among->pair));
	if (among->undecided == 0)
		return near;
	return among->equivalent == 0 ? untold : text_keep_f("%s or %s", near, untold);
}

static const char *tell_rivals(const struct comparison *of, const struct rivalry *among, const char *names)
{
	size_t others = among->equivalent + among->undecided;
	bool two = among->tested == 1;
	if (among->decided == 0)
		return text_keep_f("%s%s %s.", two ? "" : "Among each other, ", names, tell_alike(of, among, false));
	if (others == 0)
		return text_keep_f("%s%s.", two ? "" : "Among these, ", among->winners);
	return text_keep_f("Among these, %s; the other pair%s %s.", among->winners, others == 1 ? "" : "s",
					   tell_alike(of, among, others == 1));
}

/* Where their pairs were not tested: how far apart their means are, which is a fact and no verdict. */
static const char *tell_spread(const struct comparison *of, const size_t *rival, size_t n, const char *names)
{
	enum { NAMED = 6 };
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		low = fmin(low, of->mean[rival[i]].mean);
		high = fmax(high, of->mean[rival[i]].mean);
	}
	if (n > NAMED)
		names = text_keep_f("these %s of routing", wording_count(n, "way"));
	return text_keep_f("The means of %s lie within %s of one another; which of them is best was not tested.", names,
					   findings_amount(of->metric, high - low, high - low));
}

static void add_rivals(const struct comparison *of, size_t base, struct findings *out)
{
	struct arena arena = { .first = NULL };
	size_t *rival = ARENA_TAKE(&arena, of->study->n, size_t);
	const char **label = ARENA_TAKE(&arena, of->study->n, const char *);
	struct rivalry among;
	size_t n = choose_rivals(of, base, true, rival);
	if (n < 2)
		n = choose_rivals(of, base, false, rival);
	for (size_t i = 0; i < n; i++)
		label[i] = of->study->series[rival[i]].label;
	judge_rivals(of, rival, n, &among, &arena);
	if (n >= 2 && among.tested == n * (n - 1) / 2)
		findings_add(out, FINDING_AMONG, tell_rivals(of, &among, wording_list(n, label)));
	else if (n >= 3)
		findings_add(out, FINDING_AMONG, tell_spread(of, rival, n, wording_list(n, label)));
	arena_free(&arena);
}

void findings_verdicts(const struct compare_page *page, struct findings *out)
{
	const struct compare_contest *contest = &page->contest[0];
	size_t base = findings_baseline(contest);
	struct sides sides, rivals;
	if (!findings_plain(page) || page->metrics == 0)
		return;
	add_balance(page, contest, out);
	sort_sides(&contest->metric[0], base, true, &sides);
	sort_sides(&contest->metric[0], base, false, &rivals);
	if (sides.n > 0) {
		findings_add_titled(out, FINDING_LOSS, tell_loss(&sides), title_loss(&rivals));
		add_rivals(&contest->metric[0], base, out);
	}
	arena_free(&rivals.arena);
	arena_free(&sides.arena);
}
