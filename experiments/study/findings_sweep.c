/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * findings_sweep.c -- sentences on sweeps and on several streams: along a setting, where the loss falls and from where
 * on no step can be told; and where a strategy has a lower loss than the baseline.
 */
#include <config.h>

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "experiments/study/contrast.h"
#include "experiments/study/findings.h"
#include "experiments/study/sweep.h"
#include "experiments/study/wording.h"
#include "sim/base/lookup.h"
#include "sim/base/text.h"

/* ---- along a line */

/* The series of one line in the order of the axis. */
struct line {
	const struct sweep_axis *axis;
	size_t n, *series; /* [n] */
	const char **at;   /* [n] values */
};

/* Steps in one direction, one after another, are one move: "falls from 4 to 32". */
static const char *list_moves(const struct comparison *of, const struct line *line, size_t *untold,
							  struct compare_pair *tested, size_t *tests)
{
	const char *move[16];
	size_t n = 0, begin = 0;
	enum verdict last = VERDICT_UNDECIDED;
	for (size_t i = 0; i + 1 <= line->n; i++) {
		enum verdict now = VERDICT_UNDECIDED;
		if (i + 1 < line->n && findings_pair(of, line->series[i + 1], line->series[i], &tested[*tests]))
			now = tested[(*tests)++].test.verdict;
		bool moves = now == VERDICT_LOWER || now == VERDICT_HIGHER;
		if (now != last && (last == VERDICT_LOWER || last == VERDICT_HIGHER) && n < sizeof move / sizeof *move)
			move[n++] = text_keep_f("%s from %s to %s", last == VERDICT_LOWER ? "falls" : "rises", line->at[begin],
									line->at[i]);
		begin = now != last ? i : begin;
		last = now;
		*untold += !moves && i + 1 < line->n;
	}
	return wording_list(n, move);
}

static size_t lowest_of(const struct comparison *of, const struct line *line)
{
	size_t lowest = line->n;
	for (size_t i = 0; i < line->n; i++) {
		double mean = of->mean[line->series[i]].mean;
		if (!isnan(mean) && (lowest == line->n || mean < of->mean[line->series[lowest]].mean))
			lowest = i;
	}
	return lowest;
}

/* "0.153 nats, at 128" */
static const char *tell_lowest(const struct comparison *of, const struct line *line)
{
	size_t lowest = lowest_of(of, line);
	double mean = of->mean[line->series[lowest]].mean;
	return text_keep_f("%s, at %s", findings_amount(of->metric, mean, mean), line->at[lowest]);
}

/* Lines of one axis along which no step was found. */
struct quiet {
	size_t n;
	const char **label, **lowest; /* [n] */
	struct compare_pair *pair;    /* [pairs] all that was tested along them */
	size_t pairs;
};

/* What there is to say of a line, or NULL when it joins the quiet ones. */
static const char *tell_line(const struct comparison *of, const struct line *line, struct quiet *quiet)
{
	const struct study *study = of->study;
	const char *name = sweep_label(study, &study->series[line->series[0]], line->axis);
	size_t untold = 0, tests = 0;
	const char *moves = list_moves(of, line, &untold, quiet->pair + quiet->pairs, &tests);
	if (!*moves) {
		quiet->label[quiet->n] = name;
		quiet->lowest[quiet->n++] = tell_lowest(of, line);
		quiet->pairs += tests;
		return NULL;
	}
	const char *seeds = findings_seeds(tests, quiet->pair + quiet->pairs);
	const char *rest = untold ? text_keep_f(", and %s can tell no other step", seeds) : "";
	return text_keep_f("%s over %s: the %s %s%s; the lowest mean is %s.", name, study->key[line->axis->key],
					   of->metric->said, moves, rest, tell_lowest(of, line));
}

static const char *tell_quiet(const struct comparison *of, const struct sweep_axis *axis, const struct quiet *quiet)
{
	enum { NAMED = 3 };
	const char *key = of->study->key[axis->key], *what = of->metric->said;
	const char *whose = quiet->n > NAMED ? text_keep_f("of %s", wording_count(quiet->n, "line"))
										 : text_keep_f("of %s", wording_list(quiet->n, quiet->label));
	const char *lowest = "";
	for (size_t i = 0; i < quiet->n && quiet->n <= NAMED; i++)
		lowest = text_keep_f("%s%s%s: %s", lowest, i ? "; " : "", quiet->label[i], quiet->lowest[i]);
	if (quiet->n == 1)
		lowest = text_keep_f(" (lowest mean: %s)", quiet->lowest[0]);
	else if (*lowest)
		lowest = text_keep_f(" (lowest means: %s)", lowest);
	if (quiet->pairs == 0)
		return text_keep_f("Over %s, no step of the %s %s was tested%s.", key, what, whose, lowest);
	return text_keep_f("Over %s, %s can tell no step of the %s %s%s.", key, findings_seeds(quiet->pairs, quiet->pair),
					   what, whose, lowest);
}

static void add_lines(const struct compare_page *page, const struct sweep_axis *axis, struct arena *arena,
					  struct findings *out)
{
	enum { TOLD = 4, POINTS = 3 };
	const struct comparison *of = &page->contest[0].metric[0];
	const struct study *study = of->study;
	size_t told = 0;
	struct sweep_line *on;
	size_t lines = sweep_lines(study, axis, arena, &on);
	const char **at = ARENA_TAKE(arena, study->n, const char *);
	struct quiet quiet = { .label = ARENA_TAKE(arena, study->n, const char *),
						   .lowest = ARENA_TAKE(arena, study->n, const char *),
						   .pair = ARENA_TAKE(arena, study->n + 1, struct compare_pair) };
	for (size_t l = 0; l < lines; l++) {
		const struct line line = { .axis = axis, .n = on[l].n, .series = on[l].series, .at = at };
		enum moe_role role = contrast_role(&study->series[line.series[0]]);
		if (line.n < POINTS || role == MOE_CEILING || role == MOE_ORACLE || lowest_of(of, &line) == line.n)
			continue;
		for (size_t i = 0; i < line.n; i++)
			at[i] = study->series[line.series[i]].value[axis->key];
		const char *text = tell_line(of, &line, &quiet);
		if (text && told++ < TOLD)
			findings_add(out, FINDING_STEPS, text);
	}
	if (quiet.n > 0)
		findings_add(out, FINDING_STEPS, tell_quiet(of, axis, &quiet));
}

void findings_steps(const struct compare_page *page, struct findings *out)
{
	struct arena arena = { .first = NULL };
	struct sweep_axis *axis;
	if (page->contests != 1 || page->metrics == 0)
		return;
	size_t n = sweep_axes(&page->contest[0].series.study, &arena, &axis);
	for (size_t i = 0; i < n; i++)
		add_lines(page, &axis[i], &arena, out);
	arena_free(&arena);
}

/* ---- where who is lower */

/* One comparison of a strategy with the baseline, on some stream and with some settings. */
struct place {
	const struct study_series *series;
	struct compare_pair pair;
};

struct places {
	const char *strategy, *base;
	size_t n;
	struct place *place; /* [n] */
	const struct comparison *of;
};

static bool is_on(const struct place *place, enum verdict verdict)
{
	return place->pair.test.verdict == verdict;
}

/* Is the verdict exactly that of the places whose value of the axis is one of these? */
static bool decides(const struct places *all, enum verdict verdict, const struct sweep_axis *axis, bool *has)
{
	for (size_t i = 0; i < all->n; i++) {
		size_t at = sweep_place(axis, all->place[i].series->value[axis->key]);
		if (at > 0 && is_on(&all->place[i], verdict))
			has[at - 1] = true;
	}
	for (size_t i = 0; i < all->n; i++) {
		size_t at = sweep_place(axis, all->place[i].series->value[axis->key]);
		if (at == 0 || (has[at - 1] && !is_on(&all->place[i], verdict)))
			return false;
	}
	return true;
}

/* "topicmix.shared" is "shared" to a reader who knows the stream. */
static const char *short_key(const char *key)
{
	const char *dot = strchr(key, '.');
	return dot ? dot + 1 : key;
}

static const char *describe_values(const struct study *study, const struct sweep_axis *axis, const bool *has)
{
	enum { LISTED = 4 };
	const char *key = short_key(study->key[axis->key]);
	size_t n = 0, first = axis->n, last = 0;
	const char *value[LISTED + 1];
	for (size_t i = 0; i < axis->n; i++)
		if (has[i]) {
			first = i < first ? i : first;
			last = i;
			if (n < LISTED)
				value[n] = axis->value[i];
			n++;
		}
	bool dense = n == last - first + 1 && n >= 3 && axis->numeric;
	if (dense && last == axis->n - 1)
		return text_keep_f("from %s=%s on", key, axis->value[first]);
	if (dense && first == 0)
		return text_keep_f("up to %s=%s", key, axis->value[last]);
	if (dense)
		return text_keep_f("from %s=%s to %s", key, axis->value[first], axis->value[last]);
	return n > LISTED ? ""
					  : text_keep_f("where %s is %s", key,
									n == 2 ? text_keep_f("%s or %s", value[0], value[1]) : wording_list(n, value));
}

/* Where the verdict holds, when one setting tells: " (from shared=0.4 on)". */
static const char *where(const struct compare_page *page, const struct places *all, enum verdict verdict,
						 const struct sweep_axis *axis, size_t axes, struct arena *arena)
{
	for (size_t k = 0; k < axes; k++) {
		bool *has = ARENA_TAKE(arena, axis[k].n, bool);
		if (!decides(all, verdict, &axis[k], has))
			continue;
		const char *text = describe_values(page->study, &axis[k], has);
		if (*text)
			return text_keep_f(" (%s)", text);
	}
	return "";
}

static size_t gather_on(const struct places *all, enum verdict verdict, struct compare_pair *pair)
{
	size_t n = 0;
	for (size_t i = 0; i < all->n; i++)
		if (is_on(&all->place[i], verdict))
			pair[n++] = all->place[i].pair;
	return n;
}

/* "on two of nine streams", "with all seven settings", "in 3 of 12 comparisons" */
static const char *tell_count(const struct compare_page *page, size_t n, size_t all)
{
	const char *in = page->contests == 1 ? "with" : all > page->contests ? "in" : "on";
	const char *noun = page->contests == 1 ? "setting" : all > page->contests ? "comparison" : "stream";
	if (all == 1)
		return text_keep_f("%s the only %s", in, noun);
	if (n == all)
		return text_keep_f("%s all %s", in, wording_count(all, noun));
	return text_keep_f("%s %s of %s", in, wording_number(n), wording_count(all, noun));
}

/* "hash lowers the excess loss by 5 to 23% on five of nine streams (where context is 0)" */
static const char *tell_moves(const struct compare_page *page, const struct places *all, const struct sweep_axis *axis,
							  size_t axes, struct arena *arena)
{
	static const enum verdict moved[] = { VERDICT_LOWER, VERDICT_HIGHER };
	struct compare_pair *pair = ARENA_TAKE(arena, all->n, struct compare_pair);
	const char *what = text_keep_f("the %s", all->of->metric->said), *text = "";
	for (size_t v = 0; v < sizeof moved / sizeof *moved; v++) {
		size_t n = gather_on(all, moved[v], pair);
		if (n == 0)
			continue;
		const char *place = n == all->n ? "" : where(page, all, moved[v], axis, axes, arena);
		text = text_keep_f("%s%s %s by %s %s%s", *text ? text_keep_f("%s and ", text) : "",
						   moved[v] == VERDICT_LOWER ? "lowers" : "raises", *text ? "it" : what,
						   findings_effect(all->of, n, pair), tell_count(page, n, all->n), place);
	}
	return text;
}

/* What is left: "; with the other four, it stays within 0.01 nats or five seeds can tell no difference" */
static const char *tell_rest(const struct places *all, const char *subject, struct arena *arena)
{
	struct compare_pair *pair = ARENA_TAKE(arena, all->n, struct compare_pair);
	const char *margin = findings_margin(all->of);
	size_t near = gather_on(all, VERDICT_EQUIVALENT, pair) + gather_on(all, VERDICT_EQUAL, pair);
	size_t untold = gather_on(all, VERDICT_UNDECIDED, pair);
	const char *within = text_keep_f("%s stays within %s of %s", subject, margin, all->base);
	if (untold == 0)
		return near ? within : "";
	const char *seeds = text_keep_f("%s can tell no difference", findings_seeds(untold, pair));
	return near ? text_keep_f("%s or %s", within, seeds) : seeds;
}

static const char *tell_places(const struct compare_page *page, const struct places *all, const struct sweep_axis *axis,
							   size_t axes, struct arena *arena)
{
	const char *moves = tell_moves(page, all, axis, axes, arena),
			   *rest = tell_rest(all, *moves ? "it" : all->strategy, arena);
	if (!*moves) {
		const char *where_all = tell_count(page, all->n, all->n);
		return text_keep_f("%c%s, %s.", toupper((unsigned char)where_all[0]), where_all + 1, rest);
	}
	return text_keep_f("Against %s, %s %s%s%s.", all->base, all->strategy, moves, *rest ? "; elsewhere, " : "", rest);
}

/* All comparisons of one strategy with its counterparts of the baseline's. */
static void gather_places(const struct compare_page *page, const char *strategy, const size_t *const *counterpart,
						  struct places *into)
{
	for (size_t c = 0; c < page->contests; c++) {
		const struct compare_contest *contest = &page->contest[c];
		const struct study *study = &contest->series.study;
		for (size_t s = 0; s < study->n; s++) {
			struct place *place = &into->place[into->n];
			size_t against = counterpart[c][s];
			if (strcmp(study->series[s].strategy, strategy) != 0 || against == s ||
				!findings_pair(&contest->metric[0], s, against, &place->pair))
				continue;
			place->series = &study->series[s];
			into->base = study->series[against].strategy;
			into->of = &contest->metric[0];
			into->n++;
		}
	}
}

/* All steps between the two values of an axis. */
static void gather_steps(const struct comparison *of, const struct sweep_axis *axis, struct arena *arena,
						 struct places *into)
{
	const struct study *study = of->study;
	struct sweep_line *line;
	size_t lines = sweep_lines(study, axis, arena, &line);
	for (size_t l = 0; l < lines; l++) {
		struct place *place = &into->place[into->n];
		if (line[l].n != 2 || !findings_pair(of, line[l].series[1], line[l].series[0], &place->pair))
			continue;
		place->series = &study->series[line[l].series[1]];
		into->n++;
	}
	into->of = of;
	into->base = text_keep_f("%s=%s", study->key[axis->key], axis->value[0]);
	into->strategy = text_keep_f("%s=%s", study->key[axis->key], axis->value[1]);
}

/* A setting with two values is told like a strategy with a baseline. */
static void add_alternatives(const struct compare_page *page, const struct sweep_axis *axis, size_t axes,
							 struct arena *arena, struct findings *out)
{
	for (size_t k = 0; k < axes; k++) {
		if (axis[k].n != 2)
			continue;
		struct places all = { .place = ARENA_TAKE(arena, page->study->n + 1, struct place) };
		gather_steps(&page->contest[0].metric[0], &axis[k], arena, &all);
		if (all.n > 0)
			findings_add(out, FINDING_WHERE, tell_places(page, &all, axis, axes, arena));
	}
}

/* The counterparts of the baseline for the series of each contest. */
static const size_t **list_counterparts(const struct compare_page *page, struct arena *arena)
{
	const size_t **counterpart = ARENA_TAKE(arena, page->contests, const size_t *);
	for (size_t c = 0; c < page->contests; c++)
		counterpart[c] =
			contrast_counterparts(&page->contest[c].series.study, findings_baseline(&page->contest[c]), arena);
	return counterpart;
}

static bool is_untold(const struct places *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (!is_on(&all->place[i], VERDICT_UNDECIDED))
			return false;
	return true;
}

/* Strategies that nowhere can be told from the baseline, of which this is one. */
static const char *tell_silent(const struct compare_page *page, const struct places *one, const char *names,
							   struct arena *arena)
{
	struct compare_pair *pair = ARENA_TAKE(arena, one->n, struct compare_pair);
	size_t n = gather_on(one, VERDICT_UNDECIDED, pair);
	const char *place =
		page->contests > 1 ? text_keep_f("on any of %s", wording_count(page->contests, "stream")) : "with any setting";
	return text_keep_f("By %s, the %s of %s cannot be told apart from that of %s %s.", findings_seeds(n, pair),
					   one->of->metric->said, names, one->base, place);
}

void findings_where(const struct compare_page *page, struct findings *out)
{
	enum { TOLD = 5 };
	struct arena arena = { .first = NULL };
	struct sweep_axis *axis;
	size_t axes = sweep_axes(page->study, &arena, &axis), told = 0, silents = 0;
	const char **silent = ARENA_TAKE(&arena, page->study->n, const char *);
	struct lookup strategies = { .arena = &arena };
	const size_t **counterpart = list_counterparts(page, &arena);
	bool tells = page->metrics > 0 && !findings_plain(page);
	struct places last = { .n = 0 };
	for (size_t s = 0; s < page->study->n && told < TOLD && tells; s++) {
		struct places all = { .strategy = page->study->series[s].strategy };
		size_t known = strategies.n;
		if (lookup_add(&strategies, all.strategy) < known)
			continue;
		all.place = ARENA_TAKE(&arena, page->study->n + 1, struct place);
		gather_places(page, all.strategy, counterpart, &all);
		if (all.n > 0 && is_untold(&all)) {
			silent[silents++] = all.strategy;
			last = all;
		} else if (all.n > 0) {
			findings_add(out, FINDING_WHERE, tell_places(page, &all, axis, axes, &arena));
			told++;
		}
	}
	if (silents > 0)
		findings_add(out, FINDING_WHERE, tell_silent(page, &last, wording_list(silents, silent), &arena));
	if (page->contests == 1 && page->metrics > 0)
		add_alternatives(page, axis, axes, &arena, out);
	arena_free(&arena);
}
