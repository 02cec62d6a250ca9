/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_options.h -- the option rows of every command that judges differences.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_OPTIONS_H
#define EXPERIMENTS_STUDY_COMPARE_OPTIONS_H

#include <moesim/moesim.h>

/* A text: what compare_request calls `against`. */
#define COMPARE_AGAINST_ROW(flag, offset)                                                                            \
	{                                                                                                                \
		.name = flag, .type = MOE_OPT_TEXT, .at = offset, .unit = "NAME",                                            \
		.help = "the strategy or label that everything is compared with; otherwise plain token choice, else dense, " \
				"else the first"                                                                                     \
	}

/* A real: the margin of the first metric; 0 for its own. */
#define COMPARE_MARGIN_ROW(offset)                                                                                   \
	{                                                                                                                \
		.name = "margin", .type = MOE_OPT_REAL, .at = offset, .low = 1e-300, .high = 1e300, .zero = "auto",          \
		.help = "margin of equivalence of the main metric, in its own unit: smaller differences make no difference " \
				"in practice; auto is 0.01 nats for losses"                                                          \
	}

#endif
