/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * findings_work.c -- sentences on experts without work, and on how much of what routing could bring is reached.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/study/causality.h"
#include "experiments/study/contrast.h"
#include "experiments/study/findings.h"
#include "experiments/study/wording.h"
#include "sim/base/lookup.h"
#include "sim/base/text.h"

/* ---- experts without work */

/* The dead experts of all runs under one label, on whatever stream. */
struct idle {
	const char *label;
	size_t place, n; /* n runs */
	double sum, least, most, of;
};

struct workshop {
	size_t n, idle; /* labels; those with a dead expert in some run */
	struct lookup labels;
	struct idle *label; /* [n] */
	double least_of, most_of;
};

static double summary_of(const struct run_folder *run, const char *column)
{
	struct error ignored;
	double value;
	return run_folder_summary(run, column, &value, &ignored) == 0 ? value : NAN;
}

static struct idle *label_of(struct workshop *shop, const char *label)
{
	size_t at = lookup_add(&shop->labels, label);
	if (at == shop->n)
		shop->label[shop->n++] = (struct idle){ .label = label, .place = at, .least = INFINITY, .most = -INFINITY };
	return &shop->label[at];
}

/* A model without experts has none that could be idle; a run that diverged is left out as everywhere. */
static void count_run(struct workshop *shop, const char *label, const struct run_folder *run)
{
	double dead = summary_of(run, "dead_experts");
	double of = summary_of(run, "experts") * summary_of(run, "layers");
	if (strcmp(run->status, "diverged") == 0 || isnan(dead) || isnan(of))
		return;
	struct idle *idle = label_of(shop, label);
	idle->n++;
	idle->sum += dead;
	idle->least = fmin(idle->least, dead);
	idle->most = fmax(idle->most, dead);
	idle->of = of;
	shop->least_of = fmin(shop->least_of, of);
	shop->most_of = fmax(shop->most_of, of);
}

/* The most idle ones first; the order among the others stays. */
static int by_idleness(const void *a, const void *b)
{
	const struct idle *x = a, *y = b;
	double of_x = x->sum / (double)x->n / x->of, of_y = y->sum / (double)y->n / y->of;
	if (of_x != of_y)
		return of_x < of_y ? 1 : -1;
	return (x->place > y->place) - (x->place < y->place);
}

static void count_all(const struct compare_page *page, struct arena *arena, struct workshop *shop)
{
	*shop = (struct workshop){ .label = ARENA_TAKE(arena, page->study->n, struct idle),
							   .labels = { .arena = arena },
							   .least_of = INFINITY };
	for (size_t c = 0; c < page->contests; c++)
		for (size_t s = 0; s < page->contest[c].series.study.n; s++) {
			const struct study_series *series = &page->contest[c].series.study.series[s];
			enum moe_role role = contrast_role(series);
			for (size_t i = 0; role != MOE_CEILING && role != MOE_ORACLE && i < series->n; i++)
				count_run(shop, series->label, series->run[i]);
		}
	for (size_t i = 0; i < shop->n; i++)
		shop->idle += shop->label[i].most > 0;
	qsort(shop->label, shop->n, sizeof *shop->label, by_idleness);
}

/* "13 (11 to 15)", "up to 2", "13" */
static const char *idle_count(const struct idle *idle)
{
	if (idle->least == idle->most)
		return text_keep_f("%.0f", idle->most);
	if (idle->least == 0)
		return text_keep_f("up to %.0f", idle->most);
	return text_keep_f("%.0f (%.0f to %.0f)", idle->sum / (double)idle->n, idle->least, idle->most);
}

static const char *tell_idle(const struct workshop *shop)
{
	bool same = shop->least_of == shop->most_of;
	const char *text = "";
	for (size_t i = 0; i < shop->n; i++) {
		const struct idle *idle = &shop->label[i];
		if (idle->most == 0)
			continue;
		const char *of = same && *text ? "" : text_keep_f(" of %.0f", idle->of);
		text = *text ? text_keep_f("%s, %s %s%s", text, idle->label, idle_count(idle), of)
					 : text_keep_f("%s leaves %s%s experts without work", idle->label, idle_count(idle), of);
	}
	return text;
}

/* "; bias and shared leave none": names while they are few. */
static const char *tell_busy(const struct workshop *shop, struct arena *arena)
{
	enum { NAMED = 4 };
	const char **label = ARENA_TAKE(arena, shop->n, const char *);
	size_t n = 0;
	for (size_t i = 0; i < shop->n; i++)
		if (shop->label[i].most == 0)
			label[n++] = shop->label[i].label;
	if (n == 0)
		return "";
	if (n > NAMED)
		return "; all others leave none";
	return text_keep_f("; %s leave%s none", wording_list(n, label), n == 1 ? "s" : "");
}

static const char *tell_most_idle(const struct workshop *shop)
{
	const struct idle *most = &shop->label[0];
	return text_keep_f("%zu of %zu ways of routing leave experts without work, most of all %s: %s of %.0f.", shop->idle,
					   shop->n, most->label, idle_count(most), most->of);
}

/* "top-k leaves 38 (30 to 46) of 64 experts without work, aux-loss up to 2; bias leaves none", and less where that is
 * too long. */
static const char *title_idle(const struct workshop *shop, struct arena *arena)
{
	const struct idle *most = &shop->label[0];
	const char *all = text_keep_f("%s%s", tell_idle(shop), tell_busy(shop, arena));
	if (strlen(all) <= FINDING_TITLE)
		return all;
	return text_keep_f("%s leaves %s of %.0f experts without work, more than any other", most->label, idle_count(most),
					   most->of);
}

void findings_work(const struct compare_page *page, struct findings *out)
{
	enum { TOLD_APART = 6 };
	struct arena arena = { .first = NULL };
	struct workshop shop;
	count_all(page, &arena, &shop);
	if (shop.n > 0 && shop.idle == 0)
		findings_add(out, FINDING_WORK,
					 shop.n == 1 ? text_keep_f("%s leaves no expert without work.", shop.label[0].label)
								 : "No way of routing leaves an expert without work.");
	else if (shop.idle > 0)
		findings_add_titled(out, FINDING_WORK,
							shop.idle > TOLD_APART ? tell_most_idle(&shop)
												   : text_keep_f("%s%s.", tell_idle(&shop), tell_busy(&shop, &arena)),
							title_idle(&shop, &arena));
	arena_free(&arena);
}

/* ---- the gap between floor and ceiling */

/* The share of one strategy over all its series: of a sweep or of several streams. */
struct reached {
	const struct study_series *series;
	size_t n;
	double low, high; /* over its series */
	struct ratio one; /* when it has one */
};

static bool is_contender(const struct study_series *series)
{
	enum moe_role role = contrast_role(series);
	return role == MOE_CONTENDER || role == MOE_BASELINE;
}

static size_t gather_reached(const struct compare_page *page, struct reached *reached)
{
	size_t n = 0;
	for (size_t c = 0; c < page->contests; c++)
		for (size_t s = 0; s < page->contest[c].series.study.n; s++) {
			const struct study_series *series = &page->contest[c].series.study.series[s];
			const struct ratio *share = &page->contest[c].gap.share[s];
			size_t at = 0;
			if (isnan(share->value) || !is_contender(series))
				continue;
			while (at < n && strcmp(reached[at].series->strategy, series->strategy) != 0)
				at++;
			if (at == n)
				reached[n++] = (struct reached){ .series = series, .low = INFINITY, .high = -INFINITY, .one = *share };
			reached[at].n++;
			reached[at].low = fmin(reached[at].low, share->value);
			reached[at].high = fmax(reached[at].high, share->value);
		}
	return n;
}

/* "-4 to 76%"; shares may lie below the floor and above the ceiling. */
static const char *percents(double low, double high)
{
	return text_keep_f("%s%%", wording_range(100 * low, 100 * high, 0));
}

static const char *tell_share(const struct reached *of)
{
	const char *share = percents(of->one.value, of->one.value), *interval = percents(of->one.low, of->one.high);
	if (of->n > 1)
		return percents(of->low, of->high);
	return isnan(of->one.low) || strcmp(share, interval) == 0 ? share : text_keep_f("%s (%s)", share, interval);
}

/* What counts is a loss that an autoregressive model can have, as long as any strategy's is.  Returns how many remain.
 */
static size_t drop_seers(struct reached *reached, size_t n)
{
	size_t causal = 0;
	for (size_t i = 0; i < n; i++)
		causal += !causality_breaks(reached[i].series);
	if (causal == 0)
		return n;
	for (size_t i = 0, at = 0; i < n; i++)
		if (!causality_breaks(reached[i].series))
			reached[at++] = reached[i];
	return causal;
}

static size_t best_of(const struct reached *reached, size_t n)
{
	size_t best = 0;
	for (size_t i = 1; i < n; i++)
		best = reached[i].high > reached[best].high ? i : best;
	return best;
}

static const char *tell_others(const struct reached *reached, size_t n, size_t best, bool dropped)
{
	double low = INFINITY, high = -INFINITY;
	size_t other = best == 0 ? 1 : 0;
	if (n == 1)
		return "";
	if (n == 2)
		return text_keep_f("; %s reaches %s", reached[other].series->strategy, tell_share(&reached[other]));
	for (size_t i = 0; i < n; i++)
		if (i != best) {
			low = fmin(low, reached[i].low);
			high = fmax(high, reached[i].high);
		}
	return text_keep_f("; the other %sways of routing reach %s", dropped ? "causal " : "", percents(low, high));
}

void findings_gap(const struct compare_page *page, struct findings *out)
{
	struct arena arena = { .first = NULL };
	struct reached *reached = ARENA_TAKE(&arena, page->study->n, struct reached);
	size_t all = gather_reached(page, reached), n = drop_seers(reached, all), best = best_of(reached, n);
	if (n > 0) {
		const struct compare_contest *contest = &page->contest[0];
		const struct study *study = &contest->series.study;
		const char *others = tell_others(reached, n, best, n < all), *name = reached[best].series->strategy;
		findings_add_titled(out, FINDING_GAP,
							text_keep_f("Of what routing could bring (from %s to %s), %s reaches %s%s.",
										study->series[contest->gap.floor].strategy,
										study->series[contest->gap.ceiling].strategy, name, tell_share(&reached[best]),
										others),
							text_keep_f("%s reaches %s of what routing could bring%s", name,
										percents(reached[best].high, reached[best].high), others));
	}
	arena_free(&arena);
}
