/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * none.c -- nothing is routed: every token visits one FFN with the neurons of k experts, the dense layer that an MoE
 * layer of equal active FLOPs replaces (Shazeer et al. 2017, arXiv 1701.06538, section 5.1, "computationally matched").
 */
#include <moesim/moesim.h>

const struct moe_selector selector_none = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "none",
			  .summary = "nothing is routed: one FFN as wide as k experts, for every token",
			  .formula = "y = FFN(x), of inner width (k + shared) f",
			  .cite = "Shazeer et al. 2017, arXiv 1701.06538" },
};
