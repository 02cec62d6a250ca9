/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * causality.c -- who looks ahead.
 */
#include <config.h>

#include "experiments/study/causality.h"

#include "sim/base/text.h"

bool causality_breaks(const struct study_series *series)
{
	for (size_t i = 0; i < series->n; i++)
		if (series->run[i]->sees_future)
			return true;
	return false;
}

bool causality_breaks_any(const struct study *study)
{
	for (size_t s = 0; s < study->n; s++)
		if (causality_breaks(&study->series[s]))
			return true;
	return false;
}

const char *causality_label(const struct study_series *series, const char *label)
{
	return causality_breaks(series) ? text_keep_f("%s †", label) : label;
}
