/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * catalog.h -- the built-in parts and recipes, as lists for sim/route/catalog.h.
 */
#ifndef STRATEGIES_CATALOG_H
#define STRATEGIES_CATALOG_H

#include <moesim/moesim.h>

extern const struct moe_part *const strategy_parts[]; /* NULL-ended */
extern const struct moe_recipe strategy_recipes[];    /* ended by name = NULL */

#endif
