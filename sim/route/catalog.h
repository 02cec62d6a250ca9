/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * catalog.h -- the parts and recipes that sentences may name.
 *
 * The list itself is handed in by the program, so that this folder knows no strategy.
 */
#ifndef SIM_ROUTE_CATALOG_H
#define SIM_ROUTE_CATALOG_H

#include <moesim/moesim.h>

#include "sim/base/error.h"

/* Adds parts (a list that ends in NULL) and recipes (one that ends in name = NULL) behind those that are there; both
 * must outlive the catalog.  A name that is taken, by a part of the same kind or by a recipe or its alias, is refused,
 * and nothing is added then. */
int catalog_add(const struct moe_part *const *parts, const struct moe_recipe *recipes, struct error *err);

/* The same for lists that are the program's own, as the first ones: what was there before is forgotten.  Where these
 * lists alone are there already, nothing changes. */
void catalog_use(const struct moe_part *const *parts, const struct moe_recipe *recipes);

/* All parts, by kind and in the order in which they were added; ends in NULL.  All recipes; ends in name = NULL.  Both
 * are valid until something is added.  NULL before catalog_use(). */
const struct moe_part *const *catalog_parts(void);
const struct moe_recipe *catalog_recipes(void);

/* "projector", "scorer", "selector", "gate", "balancer" */
const char *catalog_kind(enum moe_kind kind);

const struct moe_part *catalog_part(enum moe_kind kind, const char *name); /* or NULL */
const struct moe_recipe *catalog_recipe(const char *name);                 /* by name or alias, or NULL */

/* NULL-ended names for suggestions and lists; valid until something is added. */
const char *const *catalog_part_names(enum moe_kind kind);
const char *const *catalog_recipe_names(void);

#endif
