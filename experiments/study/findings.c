/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * findings.c -- what a page says first: the order of its sentences, and those on its runs.
 */
#include <config.h>

#include "experiments/study/findings.h"

#include <math.h>
#include <string.h>

#include "experiments/study/causality.h"
#include "experiments/study/contrast.h"
#include "experiments/study/parts.h"
#include "experiments/study/sweep.h"
#include "experiments/study/wording.h"
#include "sim/base/lookup.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"

void findings_add_titled(struct findings *findings, enum finding_kind kind, const char *text, const char *title)
{
	if (findings->n == FINDINGS_MOST)
		return;
	bool fits = title && strlen(title) <= FINDING_TITLE;
	findings->finding[findings->n++] = (struct finding){ kind, text, fits ? title : NULL };
}

void findings_add(struct findings *findings, enum finding_kind kind, const char *text)
{
	findings_add_titled(findings, kind, text, NULL);
}

const char *findings_title(const struct findings *findings, enum finding_kind kind)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->finding[i].kind == kind && findings->finding[i].title)
			return findings->finding[i].title;
	return NULL;
}

/* ---- words */

const char *findings_seeds(size_t n, const struct compare_pair *pair)
{
	size_t low = SIZE_MAX, high = 0;
	for (size_t i = 0; i < n; i++) {
		low = pair[i].difference.n < low ? pair[i].difference.n : low;
		high = pair[i].difference.n > high ? pair[i].difference.n : high;
	}
	if (low >= high)
		return wording_count(high, "seed");
	return text_keep_f("%s to %s", wording_number(low), wording_count(high, "seed"));
}

/* Enough decimals for two digits of a small number, but no more than its table shows. */
static int decimals_for(double value, int most)
{
	int decimals = most < 2 ? most : 2;
	while (decimals < most && fabs(value) < pow(10, 1 - decimals))
		decimals++;
	return decimals;
}

static const char *unit_of(const struct compare_metric *metric)
{
	return strcmp(metric->unit, "nats/token") == 0 ? "nats" : metric->unit;
}

const char *findings_margin(const struct comparison *of)
{
	char margin[TEXT_NUMBER];
	const char *unit = unit_of(of->metric);
	return text_keep_f("%s%s%s", text_of_double(of->margin, margin), *unit ? " " : "", unit);
}

const char *findings_amount(const struct compare_metric *metric, double low, double high)
{
	const char *unit = unit_of(metric);
	char a[TEXT_NUMBER], b[TEXT_NUMBER];
	if (metric->decimals == 0) { /* large counts */
		text_of_count(low, a);
		text_of_count(high, b);
		return text_keep_f("%s%s%s%s%s", a, strcmp(a, b) ? " to " : "", strcmp(a, b) ? b : "", *unit ? " " : "", unit);
	}
	const char *range = wording_range(low, high, decimals_for(low, metric->decimals));
	return text_keep_f("%s%s%s", range, *unit ? " " : "", unit);
}

/* How far the pairs are apart, least and most: as shares, and in the metric's unit. */
struct extent_of_pairs {
	double share_low, share_high, low, high;
};

static struct extent_of_pairs extent_of(size_t n, const struct compare_pair *pair)
{
	struct extent_of_pairs extent = { INFINITY, 0, INFINITY, 0 };
	for (size_t i = 0; i < n; i++) {
		extent.low = fmin(extent.low, fabs(pair[i].difference.mean));
		extent.high = fmax(extent.high, fabs(pair[i].difference.mean));
		extent.share_low = fmin(extent.share_low, fabs(pair[i].relative));
		extent.share_high = fmax(extent.share_high, fabs(pair[i].relative));
	}
	return extent;
}

static bool has_shares(const struct comparison *of, const struct extent_of_pairs *extent)
{
	return of->logarithmic && isfinite(extent->share_low);
}

const char *findings_share(const struct comparison *of, size_t n, const struct compare_pair *pair)
{
	struct extent_of_pairs extent = extent_of(n, pair);
	return has_shares(of, &extent) ? wording_percents(extent.share_low, extent.share_high)
								   : findings_amount(of->metric, extent.low, extent.high);
}

const char *findings_effect(const struct comparison *of, size_t n, const struct compare_pair *pair)
{
	struct extent_of_pairs extent = extent_of(n, pair);
	const char *share = findings_share(of, n, pair);
	return has_shares(of, &extent) ? text_keep_f("%s (%s)", share, findings_amount(of->metric, extent.low, extent.high))
								   : share;
}

static const char *missed_of(const struct comparison *of)
{
	const char *name = of->metric->said, *unit = of->metric->unit;
	if (of->logarithmic)
		return text_keep_f("%.0f%% of %s", 100 * of->detectable, name);
	return text_keep_f("%.*f%s%s in %s", of->metric->decimals, of->detectable, *unit ? " " : "", unit, name);
}

const char *findings_missed(const struct compare_contest *contest, size_t metrics)
{
	const char *words = "";
	for (size_t m = 0; m < metrics; m++)
		if (!isnan(contest->metric[m].detectable))
			words = text_keep_f("%s%s%s", words, *words ? ", " : "", missed_of(&contest->metric[m]));
	return words;
}

/* ---- pairs */

size_t findings_baseline(const struct compare_contest *contest)
{
	const struct study *study = &contest->series.study;
	return contest->baseline < study->n ? contest->baseline : contrast_baseline(study, "");
}

static struct compare_pair turned(struct compare_pair pair)
{
	static const enum verdict other[] = { [VERDICT_UNDECIDED] = VERDICT_UNDECIDED,
										  [VERDICT_EQUIVALENT] = VERDICT_EQUIVALENT,
										  [VERDICT_EQUAL] = VERDICT_EQUAL,
										  [VERDICT_LOWER] = VERDICT_HIGHER,
										  [VERDICT_HIGHER] = VERDICT_LOWER };
	size_t a = pair.a;
	pair.a = pair.b;
	pair.b = a;
	pair.difference.mean = -pair.difference.mean;
	pair.relative = 1 / (1 + pair.relative) - 1;
	pair.test.verdict = other[pair.test.verdict];
	return pair;
}

bool findings_pair(const struct comparison *of, size_t a, size_t b, struct compare_pair *pair)
{
	const struct compare_pair *found = compare_pair_of(of, a, b);
	if (found == NULL || found->difference.n < 2)
		return false;
	*pair = found->a == a ? *found : turned(*found);
	return true;
}

/* ---- runs */

static size_t count_runs(const struct study *study)
{
	size_t n = 0;
	for (size_t s = 0; s < study->n; s++)
		n += study->series[s].n;
	return n;
}

/* "three of top-k, one of bias"; of no more than so many bytes, or "" */
static const char *list_diverged(const struct study *study, size_t most)
{
	const char *list = "";
	for (size_t s = 0; s < study->n && strlen(list) <= most; s++) {
		size_t n = compare_diverged(&study->series[s]);
		if (n > 0)
			list = text_keep_f("%s%s%s of %s", list, *list ? ", " : "", wording_number(n), study->series[s].label);
	}
	return strlen(list) <= most ? list : "";
}

static void add_diverged(const struct study *study, struct findings *out)
{
	enum { LISTED = 160 };
	size_t n = 0;
	for (size_t s = 0; s < study->n; s++)
		n += compare_diverged(&study->series[s]);
	if (n == 0)
		return;
	const char *list = list_diverged(study, LISTED);
	list = *list ? text_keep_f(" (%s)", list) : "";
	findings_add(out, FINDING_CAUTION,
				 text_keep_f("%s of %s diverged%s and %s left out of all means, which may flatter those that are left.",
							 wording_capital(wording_number(n)), wording_count(count_runs(study), "run"), list,
							 n == 1 ? "is" : "are"));
}

/* The series with the lowest and the highest mean of one stream. */
static const char *describe_range(const struct comparison *of)
{
	size_t low = of->study->n, high = of->study->n;
	for (size_t s = 0; s < of->study->n; s++) {
		if (isnan(of->mean[s].mean))
			continue;
		low = low == of->study->n || of->mean[s].mean < of->mean[low].mean ? s : low;
		high = high == of->study->n || of->mean[s].mean > of->mean[high].mean ? s : high;
	}
	if (low == high)
		return "";
	return text_keep_f(
		"; the %s runs from %s (%s) to %s (%s)", of->metric->said,
		findings_amount(of->metric, of->mean[low].mean, of->mean[low].mean), of->study->series[low].label,
		findings_amount(of->metric, of->mean[high].mean, of->mean[high].mean), of->study->series[high].label);
}

/* Has every series one run, so that nothing can be tested? */
static void add_single_seeds(const struct compare_page *page, struct findings *out)
{
	const struct study *study = page->study;
	if (study->n < 2 || count_runs(study) > study->n)
		return;
	const char *range = page->contests == 1 && page->metrics ? describe_range(&page->contest[0].metric[0]) : "";
	findings_add(out, FINDING_CAUTION,
				 text_keep_f("With one seed each, no difference can be told from chance%s.", range));
}

/* What there is to say of a series that is alone. */
static void add_single_series(const struct compare_page *page, struct findings *out)
{
	if (page->study->n != 1 || page->metrics == 0)
		return;
	const struct comparison *of = &page->contest[0].metric[0];
	const struct estimate *mean = &of->mean[0];
	if (mean->n == 0)
		return;
	const char *interval =
		isnan(mean->low) ? "" : text_keep_f(" (95%% interval %s)", findings_amount(of->metric, mean->low, mean->high));
	findings_add(out, FINDING_LOSS,
				 text_keep_f("%s ends at a mean %s of %s%s over %s.", page->study->series[0].label, of->metric->said,
							 findings_amount(of->metric, mean->mean, mean->mean), interval,
							 wording_count(mean->n, "seed")));
}

/* ---- who looks ahead */

/* The strategies that do not look ahead with some of their settings. */
static struct lookup find_causal(const struct study *study, struct arena *arena)
{
	struct lookup causal = { .arena = arena };
	for (size_t s = 0; s < study->n; s++)
		if (!causality_breaks(&study->series[s]))
			lookup_add(&causal, study->series[s].strategy);
	return causal;
}

/* Strategies, each once; a series where it depends on a setting, as on a capacity. */
static void add_future(const struct compare_page *page, struct findings *out)
{
	const struct study *study = page->study;
	struct arena arena = { .first = NULL };
	const char **name = ARENA_TAKE(&arena, study->n, const char *);
	struct lookup causal = find_causal(study, &arena), names = { .arena = &arena };
	size_t n = 0;
	for (size_t s = 0; s < study->n; s++) {
		const struct study_series *series = &study->series[s];
		bool seer = causality_breaks(series) && contrast_role(series) != MOE_ORACLE;
		const char *who = lookup_find(&causal, series->strategy) == SIZE_MAX ? series->strategy : series->label;
		if (seer && lookup_add(&names, who) == n)
			name[n++] = who;
	}
	const char *list = wording_list(n, name);
	arena_free(&arena);
	if (n == 1)
		findings_add(out, FINDING_FUTURE,
					 text_keep_f("%s chooses experts with later tokens in view, so its loss is not that of an "
								 "autoregressive model.",
								 list));
	else if (n > 1)
		findings_add(out, FINDING_FUTURE,
					 text_keep_f("%s choose experts with later tokens in view, so their losses are not those of "
								 "autoregressive models.",
								 list));
}

/* ---- who differs in more than one part */

/* In which parts the series differs from its counterpart; "" when in one or none, or when one of them does not route by
 * anything. */
static const char *parts_of(const struct study_series *series, const struct study_series *base)
{
	const char *words;
	enum moe_role role = contrast_role(series);
	if (role == MOE_DENSE || role == MOE_FLOOR || contrast_role(base) == MOE_DENSE)
		return "";
	if (strcmp(series->strategy, base->strategy) == 0)
		return "";
	return parts_differing(series->run[0]->sentence, base->run[0]->sentence, &words) > 1 ? words : "";
}

/* Each strategy once, by the first of its series. */
static void add_parts(const struct compare_page *page, struct findings *out)
{
	const struct study *study = &page->contest[0].series.study;
	struct arena arena = { .first = NULL };
	struct lookup met = { .arena = &arena };
	size_t n = 0;
	const size_t *counterpart = contrast_counterparts(study, findings_baseline(&page->contest[0]), &arena);
	const char *list = "";
	for (size_t s = 0; s < study->n; s++) {
		const struct study_series *series = &study->series[s], *other = &study->series[counterpart[s]];
		const char *words = lookup_find(&met, series->strategy) == SIZE_MAX ? parts_of(series, other) : "";
		if (!*words)
			continue;
		lookup_add(&met, series->strategy);
		list = n == 0 ? text_keep_f("%s differs from %s in %s", series->strategy, other->strategy, words)
					  : text_keep_f("%s; %s in %s", list, series->strategy, words);
		n++;
	}
	arena_free(&arena);
	if (n > 0)
		findings_add(
			out, FINDING_PARTS,
			text_keep_f("%s: no one part accounts for %s.", list, n == 1 ? "that difference" : "these differences"));
}

/* ---- all of them */

bool findings_plain(const struct compare_page *page)
{
	struct arena arena = { .first = NULL };
	struct sweep_axis *axis;
	bool plain = page->contests == 1 && sweep_axes(&page->contest[0].series.study, &arena, &axis) == 0;
	arena_free(&arena);
	return plain;
}

void findings_of(const struct compare_page *page, struct findings *out)
{
	*out = (struct findings){ .n = 0 };
	if (page->contests == 0)
		return;
	add_single_seeds(page, out);
	add_diverged(page->study, out);
	findings_work(page, out);
	add_single_series(page, out);
	findings_verdicts(page, out);
	findings_steps(page, out);
	findings_where(page, out);
	findings_gap(page, out);
	add_future(page, out);
	add_parts(page, out);
}

int findings_of_study(const struct study *study, const char *against, double margin, struct findings *out,
					  struct error *err)
{
	struct compare_request request = { .against = against, .margin = margin, .asides = true };
	struct compare_page page;
	TRY(compare_page(study, &request, &page, err));
	findings_of(&page, out);
	compare_page_free(&page);
	return 0;
}

/* ---- on a terminal */

enum { COLUMNS = 100 }; /* where there is no terminal */

void findings_print(const struct findings *findings, FILE *to)
{
	size_t columns = wrap_columns_of_terminal(to);
	for (size_t i = 0; i < findings->n; i++)
		wrap_text(to, findings->finding[i].text, 0, 0, columns < COLUMNS ? columns : COLUMNS);
	if (findings->n > 0)
		putc('\n', to);
}
