/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * step.h -- the time that one MoE layer takes: rows to their experts, the experts' products, rows back.
 *
 * An exchange takes latency plus bytes over bandwidth, of the device that sends or receives most, and where a curve is
 * given over the share of the bandwidth that so many bytes reach; the two levels of a cluster work at the same time
 * (pipelined) or one after the other (staged).  Experts take the longer of their arithmetic and of reading their
 * weights once, on the device where that takes longest.
 *
 * What a device does with its own tokens travels nowhere: attention, before all else, and shared experts, which are
 * computed while rows travel.
 */
#ifndef SIM_CLUSTER_STEP_H
#define SIM_CLUSTER_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/cluster/exchange.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/topology.h"

enum transport {
	TRANSPORT_PIPELINED, /* max(nvl, nic), as DeepEP */
	TRANSPORT_STAGED,    /* nvl + nic, with g - 1 and N - 1 latencies, as Tutel's 2DH */
	TRANSPORT_ONE_LEVEL, /* all rows over the nic, each device to all at once */
	TRANSPORT_PAIRWISE   /* the same in D - 1 steps, each with its latency */
};
extern const char *const transport_names[];

struct work {
	size_t width, expert_width, matrices; /* of an expert: 3 for SwiGLU, 2 for an MLP */
	size_t travel_bytes[TRAVELS];         /* per element of a row */
	size_t scale_block;                   /* elements that share a scale of 4 bytes, in rows of 1 byte each; 0: none */
	size_t row_header;                    /* bytes */
	size_t weight_bytes;                  /* per element of an expert */
	size_t gradient_bytes;                /* the same, when copies add up their gradients */
	size_t shared;                        /* shared experts, of the same inner width */
	double attention;                     /* FLOP of a token before the experts */
	bool backward;
	int transport;   /* enum transport */
	size_t chunks;   /* pieces of a batch, one of which travels while another is computed */
	double slowdown; /* of communication while something is computed */
	double overlap;  /* share of the computing time under which communication of another batch hides; 0: see chunks */
};

enum bound { BOUND_BANDWIDTH, BOUND_LATENCY, BOUND_COMPUTE, BOUND_MEMORY, BOUND_NVL, BOUND_NIC };
extern const char *const bound_names[];

/* STEP_PHASE(name): what is done one after the other, and the sums of forward, backward and all. */
#define STEP_PHASES(STEP_PHASE)    \
	STEP_PHASE(attention)          \
	STEP_PHASE(dispatch)           \
	STEP_PHASE(compute)            \
	STEP_PHASE(combine)            \
	STEP_PHASE(shared)             \
	STEP_PHASE(forward)            \
	STEP_PHASE(backward_combine)   \
	STEP_PHASE(backward_compute)   \
	STEP_PHASE(backward_dispatch)  \
	STEP_PHASE(backward_shared)    \
	STEP_PHASE(backward_attention) \
	STEP_PHASE(backward)           \
	STEP_PHASE(reduce)             \
	STEP_PHASE(layer)
#define STEP_ENUM(name) STEP_##name,
enum step_phase { STEP_PHASES(STEP_ENUM) STEP_PHASE_COUNT };
#undef STEP_ENUM
extern const char *const step_names[STEP_PHASE_COUNT];

/* What is measured of a phase, at a level or of all levels together. */
struct measure {
	enum step_phase phase;
	int level;                    /* enum level, or LEVEL_DEVICE, or LEVEL_ALL */
	uint64_t rows_max, bytes_max; /* of the device with most rows; 0 where all levels are added up */
	double rows_mean;
	double seconds, exposed; /* exposed: what no computing hides; 0 for computing itself */
	size_t device;           /* the one with most */
	enum bound bound;
};
enum { LEVEL_DEVICE = LEVELS, LEVEL_ALL, MEASURES = 32 };
extern const char *const measure_levels[];

struct step {
	size_t n;
	struct measure measure[MEASURES];
	double compute, even; /* s of the routed experts, and what it would be with all rows spread evenly */
	double local;         /* s of attention and shared experts */
	double forward, backward, reduce, layer, exposed;
};

/* Bytes of a row on its way. */
uint64_t step_row_bytes(const struct work *work, enum travel travel);
/* FLOP of a row in one expert, forward. */
double step_expert_flops(const struct work *work);
/* Bytes of the weights of one expert, with so many bytes per element. */
uint64_t step_expert_bytes(const struct work *work, size_t element);

/* Fills *step.  Products beyond 64 bits are an error. */
int step_time(const struct rows *rows, const struct placement *placement, const struct topology *topology,
			  const struct work *work, struct step *step, struct error *err);

/* The measure of a phase and level; NULL: the step has none. */
const struct measure *step_find(const struct step *step, enum step_phase phase, int level);

#endif
