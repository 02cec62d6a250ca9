/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * metrics.h -- the metrics of one layer as a struct and as a table, both made from metrics.def.
 */
#ifndef SIM_METRICS_METRICS_H
#define SIM_METRICS_METRICS_H

#include <stddef.h>

enum metric_group { METRIC_LOAD, METRIC_DROP, METRIC_DOMAIN, METRIC_ROUTER };

/* One value a row of metrics.def; NAN is "not measured". */
struct metrics {
#define METRIC(name, group, unit, balance, meaning) double name;
#include "sim/metrics/metrics.def"
#undef METRIC
};

/* A row of metrics.def. */
struct metric {
	const char *name;
	enum metric_group group;
	const char *unit;    /* "" for a pure number */
	const char *balance; /* the value at perfect balance; "" where balance says nothing about it */
	const char *meaning;
	size_t at; /* offsetof the value in struct metrics */
};

enum {
#define METRIC(name, group, unit, balance, meaning) METRIC_##name,
#include "sim/metrics/metrics.def"
#undef METRIC
	METRIC_COUNT
};
extern const struct metric metric_rows[METRIC_COUNT];

/* Column names as they continue a header: ",maxvio,maxvio_floor,...". */
extern const char metric_header[];

double metric_value(const struct metric *row, const struct metrics *from);

/* Sets everything to "not measured". */
void metrics_clear(struct metrics *m);

/* Fills the LOAD group from count[experts].  k is the number of experts a token goes to (the average, where it
 * varies), tokens the number of tokens counted; with k or tokens unknown (0) the floors are "not measured".
 * scratch[experts]. */
void metrics_of_load(struct metrics *m, const double *count, size_t experts, double k, double tokens, double *scratch);

/* Fills the DOMAIN group from joint[domains][experts], where a row's sum is the weight of its domain (call
 * information_level() first to weigh them equally), and the tokens[domains] the rows come from (NULL: not known, no
 * floor).  A domain without counts takes no part; with fewer than two left the group is "not measured".
 * scratch[domains + experts]. */
void metrics_of_domains(struct metrics *m, const double *joint, size_t domains, size_t experts, double k,
						const double *tokens, double *scratch);

#endif
