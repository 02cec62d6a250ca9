/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * catalog.h -- the parts and recipes that sentences may name.
 *
 * The list itself is handed in by the program, so that this folder knows no strategy.
 */
#ifndef SIM_ROUTE_CATALOG_H
#define SIM_ROUTE_CATALOG_H

#include <moesim/moesim.h>

/* Both lists are sorted by kind and name and end in NULL (a recipe in name = NULL); they must outlive their use. */
void catalog_use(const struct moe_part *const *parts, const struct moe_recipe *recipes);

const struct moe_part *const *catalog_parts(void);
const struct moe_recipe *catalog_recipes(void);

/* "scorer", "selector", "gate", "balancer" */
const char *catalog_kind(enum moe_kind kind);

const struct moe_part *catalog_part(enum moe_kind kind, const char *name); /* or NULL */
const struct moe_recipe *catalog_recipe(const char *name);                 /* by name or alias, or NULL */

/* NULL-ended names for suggestions and lists; live as long as the program. */
const char *const *catalog_part_names(enum moe_kind kind);
const char *const *catalog_recipe_names(void);

#endif
