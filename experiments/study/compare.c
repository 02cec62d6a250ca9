/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare.c -- series of runs compared metric by metric.
 */
#include <config.h>

#include "experiments/study/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/study/contrast.h"
#include "sim/base/text.h"

static const double size_tolerance = 0.01, power = 0.8;

const char *compare_view_name(enum compare_view view)
{
	return view == COMPARE_END ? "end" : "equal-flops";
}

static bool diverged(const struct run_folder *run)
{
	return strcmp(run->status, "diverged") == 0;
}

size_t compare_diverged(const struct study_series *series)
{
	size_t n = 0;
	for (size_t i = 0; i < series->n; i++)
		n += diverged(series->run[i]);
	return n;
}

/* The column at so many training FLOPs, on the line between the evaluations before and after; NAN outside them. */
static int value_at_flops(const struct run_folder *run, const char *column, double flops, double *value,
						  struct error *err)
{
	struct csv_table table;
	double x0 = NAN, y0 = NAN;
	*value = NAN;
	TRY(run_folder_table(run, "steps.csv", &table, err));
	int x = csv_column(&table, "flops"), y = csv_column(&table, column);
	for (size_t row = 0; x >= 0 && y >= 0 && row < table.rows; row++) {
		double x1 = csv_number(&table, row, x, NULL), y1 = csv_number(&table, row, y, NULL);
		if (isnan(x1) || isnan(y1))
			continue;
		if (x1 == flops)
			*value = y1;
		else if (x0 < flops && flops < x1)
			*value = y0 + (y1 - y0) * (flops - x0) / (x1 - x0);
		x0 = x1;
		y0 = y1;
	}
	csv_table_free(&table);
	return 0;
}

static int run_value(const struct comparison *of, const struct run_folder *run, double *value, struct error *err)
{
	*value = NAN;
	if (diverged(run) || !run->summed_up)
		return 0;
	if (of->view == COMPARE_EQUAL_FLOPS)
		return value_at_flops(run, of->metric->name, of->flops, value, err);
	return run_folder_summary(run, of->metric->name, value, err);
}

/* The training FLOPs of the run that had the fewest; INFINITY when no run tells. */
static int least_flops(const struct study *study, double *flops, struct error *err)
{
	*flops = INFINITY;
	for (size_t s = 0; s < study->n; s++)
		for (size_t i = 0; i < study->series[s].n; i++) {
			double value;
			if (diverged(study->series[s].run[i]))
				continue;
			TRY(run_folder_summary(study->series[s].run[i], "flops_total", &value, err));
			*flops = fmin(*flops, value);
		}
	return 0;
}

static int read_values(struct comparison *of, struct arena *arena, struct error *err)
{
	for (size_t s = 0; s < of->study->n; s++) {
		const struct study_series *series = &of->study->series[s];
		of->value[s] = ARENA_TAKE(arena, series->n, double);
		for (size_t i = 0; i < series->n; i++)
			TRY(run_value(of, series->run[i], &of->value[s][i], err));
		of->mean[s] = estimate_of(of->value[s], series->n);
	}
	return 0;
}

int compare_means(const struct study *study, enum compare_view view, const struct compare_metric *metric,
				  struct arena *arena, struct comparison *out, struct error *err)
{
	*out = (struct comparison){ .study = study,
								.view = view,
								.metric = metric,
								.margin = metric->margin,
								.flops = NAN,
								.detectable = NAN,
								.scatter = NAN };
	out->value = ARENA_TAKE(arena, study->n, double *);
	out->mean = ARENA_TAKE(arena, study->n, struct estimate);
	if (view == COMPARE_EQUAL_FLOPS)
		TRY(least_flops(study, &out->flops, err));
	return read_values(out, arena, err);
}

/* The values of the seeds that both have: x[n] and y[n]. */
static size_t pair_up(const struct comparison *of, size_t a, size_t b, double *x, double *y)
{
	const struct study_series *left = &of->study->series[a], *right = &of->study->series[b];
	size_t n = 0;
	for (size_t i = 0, j = 0; i < left->n && j < right->n;) { /* both are sorted by seed */
		int64_t at = left->run[i]->seed, other = right->run[j]->seed;
		if (at == other && isfinite(of->value[a][i]) && isfinite(of->value[b][j])) {
			x[n] = of->value[a][i];
			y[n++] = of->value[b][j];
		}
		i += at <= other;
		j += other <= at;
	}
	return n;
}

static struct estimate difference_of(const double *x, const double *y, size_t n, double *room)
{
	for (size_t i = 0; i < n; i++)
		room[i] = x[i] - y[i];
	return estimate_of(room, n);
}

static struct estimate log_ratio_of(const double *x, const double *y, size_t n, double *room)
{
	for (size_t i = 0; i < n; i++)
		room[i] = log(x[i]) - log(y[i]);
	return estimate_of(room, n);
}

static bool is_constant(const double *x, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (x[i] != x[0])
			return false;
	return n > 1;
}

/* One value of every seed on either side.  Equal ones are equal; of two different ones nothing is left to infer, unless
 * they are counts, in which some scatter may hide: each was rounded to a whole number (Sheppard). */
static bool judge_exact(const struct compare_metric *metric, const double *x, const double *y, size_t n,
						struct compare_pair *pair)
{
	const struct estimate *difference = &pair->difference;
	bool equal = difference->n > 1 && difference->sd == 0 && difference->mean == 0;
	pair->exact = equal || (metric->resolution == 0 && is_constant(x, n) && is_constant(y, n));
	if (pair->exact)
		pair->test.verdict = equal ? VERDICT_EQUAL : difference->mean < 0 ? VERDICT_LOWER : VERDICT_HIGHER;
	return pair->exact;
}

struct scratch {
	double *x, *y, *z; /* [longest series] */
};

static struct scratch take_scratch(const struct study *study, struct arena *arena)
{
	size_t most = 1;
	for (size_t s = 0; s < study->n; s++)
		most = study->series[s].n > most ? study->series[s].n : most;
	return (struct scratch){ ARENA_TAKE(arena, most, double), ARENA_TAKE(arena, most, double),
							 ARENA_TAKE(arena, most, double) };
}

/* What the test reads: the difference, or its logarithm. */
static struct estimate tested(const struct comparison *of, const struct compare_pair *pair, struct scratch *room)
{
	if (!of->logarithmic)
		return pair->difference;
	size_t n = pair_up(of, pair->a, pair->b, room->x, room->y);
	return log_ratio_of(room->x, room->y, n, room->z);
}

static void test_pair(const struct comparison *of, struct compare_pair *pair, struct scratch *room)
{
	size_t n = pair_up(of, pair->a, pair->b, room->x, room->y);
	pair->test = (struct hypothesis){ NAN, NAN, NAN, VERDICT_UNDECIDED };
	pair->t = pair->low = pair->high = pair->relative = pair->relative_low = pair->relative_high = NAN;
	pair->detectable = pair->scatter = NAN;
	pair->margin = of->margin;
	pair->difference = difference_of(room->x, room->y, n, room->z);
	if (judge_exact(of->metric, room->x, room->y, n, pair))
		return;
	/* a difference of two rounded numbers has twice the variance of one, resolution^2 / 12 */
	pair->difference = estimate_at_least(&pair->difference, of->metric->resolution / sqrt(6));
	struct estimate seen = tested(of, pair, room);
	pair->t = seen.mean / (seen.sd / sqrt((double)seen.n));
	pair->test.p_difference = estimate_p_zero(&seen);
	pair->test.p_equivalence = stats_equivalence(&pair->difference, of->margin);
}

static const char *experts_per_token(const struct study *study, size_t series)
{
	return run_folder_setting(study->series[series].run[0], "top-k");
}

static bool comparable(const struct comparison *of, const struct contrast *contrast)
{
	return !of->metric->of_k ||
		   strcmp(experts_per_token(of->study, contrast->a), experts_per_token(of->study, contrast->b)) == 0;
}

static int mark_sizes(struct comparison *of, struct error *err)
{
	for (size_t i = 0; i < of->pairs; i++) {
		double a, b;
		TRY(run_folder_summary(of->study->series[of->pair[i].a].run[0], "params_total", &a, err));
		TRY(run_folder_summary(of->study->series[of->pair[i].b].run[0], "params_total", &b, err));
		of->pair[i].same_size = fabs(a - b) <= size_tolerance * fmax(a, b);
	}
	return 0;
}

static bool all_positive(const struct comparison *of)
{
	for (size_t s = 0; s < of->study->n; s++)
		for (size_t i = 0; i < of->study->series[s].n; i++)
			if (of->value[s][i] <= 0)
				return false;
	return true;
}

static double mean_log(const struct comparison *of)
{
	double sum = 0;
	size_t n = 0;
	for (size_t s = 0; s < of->study->n; s++)
		for (size_t i = 0; i < of->study->series[s].n; i++)
			if (isfinite(of->value[s][i])) {
				sum += log(of->value[s][i]);
				n++;
			}
	return n ? sum / (double)n : 0;
}

static double squares(const struct estimate *of)
{
	return of->n > 1 ? of->sd * of->sd * (double)(of->n - 1) : 0;
}

/* Box and Cox (1964): the likelihood of the logarithm exceeds that of the plain scale when its squares, times the
 * square of the geometric mean, are the smaller ones.  Squares about the mean of each pair say nothing of the means
 * themselves, so that this choice is made without a look at what is tested. */
static bool scatters_less_in_log(const struct comparison *of, struct scratch *room)
{
	double plain = 0, logarithm = 0, scale = exp(2 * mean_log(of));
	for (size_t i = 0; i < of->pairs; i++) {
		size_t n = pair_up(of, of->pair[i].a, of->pair[i].b, room->x, room->y);
		struct estimate in_plain = difference_of(room->x, room->y, n, room->z);
		struct estimate in_log = log_ratio_of(room->x, room->y, n, room->z);
		plain += squares(&in_plain);
		logarithm += squares(&in_log);
	}
	return scale * logarithm < plain;
}

static bool is_logarithmic(const struct comparison *of, enum compare_scale scale, struct scratch *room)
{
	if (!of->metric->proportional || scale == COMPARE_SCALE_PLAIN || !all_positive(of))
		return false;
	return scale == COMPARE_SCALE_LOG || scatters_less_in_log(of, room);
}

/* The earlier series first, whichever is a. */
static int by_series(const void *left, const void *right)
{
	const struct compare_pair *x = *(const struct compare_pair *const *)left;
	const struct compare_pair *y = *(const struct compare_pair *const *)right;
	size_t low_x = x->a < x->b ? x->a : x->b, high_x = x->a + x->b - low_x;
	size_t low_y = y->a < y->b ? y->a : y->b, high_y = y->a + y->b - low_y;
	return low_x != low_y ? (low_x > low_y) - (low_x < low_y) : (high_x > high_y) - (high_x < high_y);
}

const struct compare_pair *compare_pair_of(const struct comparison *of, size_t series, size_t other)
{
	const struct compare_pair wanted = { .a = series, .b = other }, *at = &wanted;
	const struct compare_pair **found = of->pairs ? bsearch(&at, of->by_series, of->pairs, sizeof at, by_series) : NULL;
	return found ? *found : NULL;
}

static void sort_pairs(struct comparison *of, struct arena *arena)
{
	of->by_series = ARENA_TAKE(arena, of->pairs, const struct compare_pair *);
	for (size_t i = 0; i < of->pairs; i++)
		of->by_series[i] = &of->pair[i];
	if (of->pairs)
		qsort(of->by_series, of->pairs, sizeof *of->by_series, by_series);
}

static int compare(const struct compare_request *request, const struct contrast *contrast, size_t contrasts,
				   struct arena *arena, struct comparison *of, struct error *err)
{
	struct scratch room = take_scratch(of->study, arena);
	of->pair = ARENA_TAKE(arena, contrasts, struct compare_pair);
	for (size_t i = 0; i < contrasts; i++)
		if (comparable(of, &contrast[i]))
			of->pair[of->pairs++] =
				(struct compare_pair){ .a = contrast[i].a, .b = contrast[i].b, .aside = contrast[i].aside };
	sort_pairs(of, arena);
	of->logarithmic = is_logarithmic(of, request->scale, &room);
	for (size_t i = 0; i < of->pairs; i++)
		test_pair(of, &of->pair[i], &room);
	return mark_sizes(of, err);
}

struct family {
	size_t n;
	struct hypothesis *test;
	double *sign;
};

static bool is_tested(const struct compare_pair *pair)
{
	return !isnan(pair->test.p_difference);
}

static size_t count_tests(const struct comparison *of)
{
	size_t n = 0;
	for (size_t i = 0; i < of->pairs; i++)
		n += is_tested(&of->pair[i]);
	return n;
}

static void gather(const struct comparison *of, struct family *family)
{
	for (size_t i = 0; i < of->pairs; i++)
		if (is_tested(&of->pair[i])) {
			family->test[family->n] = of->pair[i].test;
			family->sign[family->n++] = of->pair[i].t;
		}
}

/* Power at the level that every difference of the page begins with; the same for all pairs of so many seeds. */
struct sight {
	double level;
	size_t n;
	double deviations; /* stats_detectable() of n; 0: not worked out */
};

static double detectable(struct sight *sight, const struct estimate *seen)
{
	if (sight->n != seen->n || sight->deviations == 0) {
		sight->n = seen->n;
		sight->deviations = stats_detectable(seen->n, sight->level, power);
	}
	return sight->deviations * seen->sd;
}

static void finish_relative(struct compare_pair *pair, const struct estimate *seen, double alpha)
{
	estimate_interval(seen, alpha, &pair->relative_low, &pair->relative_high);
	pair->relative = expm1(seen->mean);
	pair->relative_low = expm1(pair->relative_low);
	pair->relative_high = expm1(pair->relative_high);
	pair->detectable = -expm1(-pair->detectable);
}

static void finish_pair(const struct comparison *of, struct compare_pair *pair, double alpha, struct sight *sight,
						struct scratch *room)
{
	struct estimate seen = tested(of, pair, room);
	estimate_interval(&pair->difference, alpha, &pair->low, &pair->high);
	pair->scatter = seen.sd;
	pair->detectable = detectable(sight, &seen);
	if (of->logarithmic)
		finish_relative(pair, &seen, alpha);
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *value, size_t n)
{
	qsort(value, n, sizeof *value, compare_numbers);
	return n == 0 ? NAN : n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}

static void find_medians(struct comparison *of, struct arena *arena)
{
	double *visible = ARENA_TAKE(arena, of->pairs + 1, double), *scatter = ARENA_TAKE(arena, of->pairs + 1, double);
	size_t n = 0;
	for (size_t i = 0; i < of->pairs; i++)
		if (is_tested(&of->pair[i])) {
			visible[n] = of->pair[i].detectable;
			scatter[n++] = of->pair[i].scatter;
		}
	of->detectable = median(visible, n);
	of->scatter = median(scatter, n);
}

static struct family gather_all(struct compare_page *page)
{
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++)
			page->tests += count_tests(&page->contest[c].metric[m]);
	struct family family = { 0, ARENA_TAKE(&page->arena, page->tests, struct hypothesis),
							 ARENA_TAKE(&page->arena, page->tests, double) };
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++)
			gather(&page->contest[c].metric[m], &family);
	return family;
}

static void hand_out(struct compare_page *page, struct comparison *of, struct family *family, struct sight *sight)
{
	struct scratch room = take_scratch(of->study, &page->arena);
	for (size_t i = 0; i < of->pairs; i++)
		if (is_tested(&of->pair[i])) {
			of->pair[i].test = family->test[family->n++];
			finish_pair(of, &of->pair[i], stats_simultaneous(page->tests), sight, &room);
		}
	find_medians(of, &page->arena);
}

static void judge(struct compare_page *page)
{
	struct family family = gather_all(page);
	struct sight sight = { .level = STATS_ALPHA_DIFFERENT / (double)(page->tests ? page->tests : 1) };
	stats_judge(family.test, family.sign, family.n);
	family.n = 0;
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++)
			hand_out(page, &page->contest[c].metric[m], &family, &sight);
}

/* In how many runs this metric has a number. */
static int count_known(const struct study *study, const struct compare_metric *metric, size_t *known, struct error *err)
{
	*known = 0;
	for (size_t s = 0; s < study->n; s++)
		for (size_t i = 0; i < study->series[s].n; i++) {
			double value;
			TRY(run_folder_summary(study->series[s].run[i], metric->name, &value, err));
			*known += isnan(value) ? 0 : 1;
		}
	return 0;
}

int compare_loss(const struct study *study, const struct compare_metric **loss, struct error *err)
{
	const struct compare_metric *excess = compare_metric("excess_loss"), *plain = compare_metric("eval_loss");
	size_t known, all;
	TRY(count_known(study, excess, &known, err));
	TRY(count_known(study, plain, &all, err));
	*loss = known < all ? plain : excess;
	return 0;
}

/* One loss, and what is judged beside it. */
static int choose_metrics(const struct compare_request *request, struct compare_page *page, struct error *err)
{
	const struct compare_metric *loss;
	size_t known, most = request->metrics + compare_metric_count();
	page->metric = ARENA_TAKE(&page->arena, most, const struct compare_metric *);
	for (; page->metrics < request->metrics; page->metrics++)
		page->metric[page->metrics] = request->metric[page->metrics];
	if (request->metrics > 0)
		return 0;
	TRY(compare_loss(page->study, &loss, err));
	page->metric[page->metrics++] = loss;
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++) {
		TRY(count_known(page->study, metric, &known, err));
		if (!metric->is_loss && metric->judged && known > 0 && page->view == COMPARE_END)
			page->metric[page->metrics++] = metric;
	}
	return 0;
}

static int unknown_series(struct compare_page *page, const char *name, struct error *err)
{
	const char **label = ARENA_TAKE(&page->arena, page->study->n + 1, const char *), *near;
	size_t n = 0;
	for (size_t c = 0; c < page->contests; c++)
		for (size_t s = 0; s < page->contest[c].series.study.n; s++)
			label[n++] = page->contest[c].series.study.series[s].label;
	near = text_nearest(name, label);
	fail(err, ERROR_USER, "no run of '%s' here%s%s%s", name, near ? " (did you mean '" : "", near ? near : "",
		 near ? "'?)" : "");
	return fail_at(err, "--against", 0, 0);
}

/* A stream on which the one asked for has no run keeps the usual baseline. */
static int choose_baselines(const struct compare_request *request, struct compare_page *page, struct error *err)
{
	const char *against = request->against ? request->against : "";
	size_t found = 0;
	for (size_t c = 0; c < page->contests; c++) {
		const struct study *study = &page->contest[c].series.study;
		size_t baseline = contrast_baseline(study, against);
		found += baseline < study->n;
		if (baseline == study->n)
			baseline = contrast_baseline(study, "");
		page->contest[c].baseline = request->all_pairs ? study->n : baseline;
	}
	return found ? 0 : unknown_series(page, against, err);
}

/* A model without experts cannot be out of balance: no MaxVio counts as the best one. */
static int find_best(const struct study *study, const struct compare_metric *loss, struct arena *arena, bool *best,
					 struct error *err)
{
	const struct compare_metric *axis[] = { loss, compare_metric("maxvio"), compare_metric("flops_per_token") };
	enum { AXES = 3 };
	double *point = ARENA_TAKE(arena, study->n * AXES, double);
	for (size_t i = 0; i < AXES; i++) {
		struct comparison of;
		TRY(compare_means(study, COMPARE_END, axis[i], arena, &of, err));
		for (size_t s = 0; s < study->n; s++)
			point[s * AXES + i] = i == 1 && isnan(of.mean[s].mean) ? 0 : of.mean[s].mean;
	}
	stats_pareto(point, study->n, AXES, best);
	return 0;
}

static int measure_gap(const struct study *study, const struct compare_metric *loss, struct arena *arena,
					   struct gap *gap, struct error *err)
{
	struct comparison of;
	TRY(compare_means(study, COMPARE_END, loss, arena, &of, err));
	gap_measure(study, of.value, arena, gap);
	return 0;
}

static int compare_contest(const struct compare_request *request, struct compare_page *page,
						   struct compare_contest *contest, struct error *err)
{
	const struct study *study = &contest->series.study;
	const struct compare_metric *loss = page->metric[0]->is_loss ? page->metric[0] : compare_metric("excess_loss");
	struct contrasts contrasts = { .arena = &page->arena };
	contrast_list(study, contest->baseline, &contrasts);
	size_t listed = contrasts.n;
	if (request->asides && page->contests == 1 && !request->all_pairs && !(request->against && *request->against))
		contrast_asides(study, contest->baseline, &contrasts);
	contest->metric = ARENA_TAKE(&page->arena, page->metrics, struct comparison);
	contest->best = ARENA_TAKE(&page->arena, study->n, bool);
	for (size_t m = 0; m < page->metrics; m++) {
		TRY(compare_means(study, page->view, page->metric[m], &page->arena, &contest->metric[m], err));
		if (m == 0 && request->margin > 0)
			contest->metric[m].margin = request->margin;
		size_t n = m == 0 ? contrasts.n : listed;
		TRY(compare(request, contrasts.of, n, &page->arena, &contest->metric[m], err));
	}
	TRY(find_best(study, loss, &page->arena, contest->best, err));
	return measure_gap(study, loss, &page->arena, &contest->gap, err);
}

static int open_page(const struct compare_request *request, struct compare_page *page, struct error *err)
{
	struct contest *contest;
	TRY(choose_metrics(request, page, err));
	page->contests = contests_split(page->study, &page->arena, &contest);
	page->contest = ARENA_TAKE(&page->arena, page->contests, struct compare_contest);
	for (size_t c = 0; c < page->contests; c++)
		page->contest[c].series = contest[c];
	TRY(choose_baselines(request, page, err));
	for (size_t c = 0; c < page->contests; c++)
		TRY(compare_contest(request, page, &page->contest[c], err));
	judge(page);
	return 0;
}

int compare_page(const struct study *study, const struct compare_request *request, struct compare_page *page,
				 struct error *err)
{
	*page = (struct compare_page){ .study = study, .view = request->view };
	if (open_page(request, page, err) == 0)
		return 0;
	compare_page_free(page);
	return -1;
}

void compare_page_free(struct compare_page *page)
{
	arena_free(&page->arena);
	*page = (struct compare_page){ .contests = 0 };
}
