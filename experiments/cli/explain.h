/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explain.h -- one thing explained on stdout; a blank line before it is the caller's.
 */
#ifndef EXPERIMENTS_CLI_EXPLAIN_H
#define EXPERIMENTS_CLI_EXPLAIN_H

#include "experiments/charts/chart.h"
#include "experiments/glossary/glossary.h"
#include "experiments/models/models.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/run/columns.h"

/* A part with its symbols, not as one of a strategy's. */
void explain_part_alone(const struct moe_part *part);

/* `name` is the word that was asked for, which may be one of its other names. */
void explain_term(const struct term *term, const char *name);

void explain_setting(const struct moe_opt *row);
void explain_chart(const struct chart *chart);
void explain_stream(const struct stream_type *type);
void explain_metric(const struct metric *metric);
void explain_column(const struct csv_column *column);
void explain_model(const struct model *model);
int explain_suite(const char *name, struct error *err);

/* A strategy, with its parts.  Whether it looks into the future is measured. */
int explain_recipe(const struct moe_recipe *recipe, struct error *err);

#endif
