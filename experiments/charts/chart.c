/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart.c -- the table of charts.
 */
#include <config.h>

#include "experiments/charts/chart.h"

#include <string.h>

#include "sim/base/text.h"

/* A mean with its interval, and each of a few seeds. */
#define MEAN(of) of "," of "_low," of "_high," of "_1," of "_2," of "_3," of "_4"

const struct chart charts[CHARTS + 1] = {
#define CHART(name, subject, script, ink, title, shows, reading, columns) \
	{ #name, CHART_OF_##subject, script, CHART_IN_##ink, FINDING_##title, shows, reading, columns, fill_##name },
#include "experiments/charts/charts.def"
#undef CHART
	{ .name = NULL }
};

const struct chart *chart_find(enum chart_subject subject, const char *name)
{
	for (const struct chart *chart = charts; chart->name; chart++)
		if (chart->subject == subject && strcmp(chart->name, name) == 0)
			return chart;
	return NULL;
}

const char *chart_names(enum chart_subject subject)
{
	const char *names = "";
	for (const struct chart *chart = charts; chart->name; chart++)
		if (chart->subject == subject)
			names = text_keep_f("%s%s%s", names, *names ? ", " : "", chart->name);
	return names;
}
