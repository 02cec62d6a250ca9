/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * catalog.c -- expands parts.def into declarations, then into the list of parts.
 */
#include "catalog.h"

#define PROJECTOR(name) extern const struct moe_projector projector_##name;
#define SCORER(name) extern const struct moe_scorer scorer_##name;
#define SELECTOR(name) extern const struct moe_selector selector_##name;
#define GATE(name) extern const struct moe_gate gate_##name;
#define BALANCER(name) extern const struct moe_balancer balancer_##name;
#include "parts.def"
#undef PROJECTOR
#undef SCORER
#undef SELECTOR
#undef GATE
#undef BALANCER

#define PROJECTOR(name) &projector_##name.part,
#define SCORER(name) &scorer_##name.part,
#define SELECTOR(name) &selector_##name.part,
#define GATE(name) &gate_##name.part,
#define BALANCER(name) &balancer_##name.part,
const struct moe_part *const strategy_parts[] = {
#include "parts.def"
	NULL
};
