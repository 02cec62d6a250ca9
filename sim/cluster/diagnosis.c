/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * diagnosis.c -- what a layer spends most of its time on, and why.
 */
#include <config.h>

#include "sim/cluster/diagnosis.h"

#include <inttypes.h>
#include <math.h>

#include "sim/base/text.h"

const char *const cause_names[] = { "nvl", "nic", "latency", "straggler", "compute", "memory", "reduce", "local" };

struct patient {
	const struct traffic *routing;
	const struct placement *placement;
	const struct topology *topology;
	const struct work *work;
	const struct rows *rows;
	const struct step *step;
};

static bool is_exchange(const struct measure *measure)
{
	return measure->level < LEVELS && measure->phase != STEP_reduce;
}

/* The exchange at one level that takes longest; it is what all exchanges are like. */
static const struct measure *slowest_exchange(const struct step *step)
{
	const struct measure *slowest = NULL;
	for (size_t i = 0; i < step->n; i++)
		if (is_exchange(&step->measure[i]) && (!slowest || step->measure[i].seconds > slowest->seconds))
			slowest = &step->measure[i];
	return slowest;
}

static const struct measure *slowest_reduce(const struct step *step)
{
	const struct measure *nvl = step_find(step, STEP_reduce, LEVEL_NVL), *nic = step_find(step, STEP_reduce, LEVEL_NIC);
	return nic == NULL || (nvl != NULL && nvl->seconds > nic->seconds) ? nvl : nic;
}

static const char *bytes_text(uint64_t bytes)
{
	char buffer[TEXT_NUMBER];
	return text_keep(text_of_bytes((double)bytes, buffer));
}

static const char *fan_out(const struct patient *of, int level)
{
	if (of->rows->device_visits == 0)
		return "";
	double tokens = (double)of->routing->tokens, nodes = (double)of->rows->node_visits / tokens,
		   devices = (double)of->rows->device_visits / tokens;
	if (level == LEVEL_NIC && of->topology->nodes > 1)
		return text_keep_f(" (a token goes to %.2f of %zu nodes)", nodes, of->topology->nodes);
	return text_keep_f(" (a token goes to %.2f of %zu devices)", devices, of->rows->devices);
}

static const char *say_exchange(const struct patient *of, const struct measure *slowest)
{
	double mean = slowest->rows_mean, times = mean > 0 ? (double)slowest->rows_max / mean : 1;
	const char *uneven = times > 1.1 ? text_keep_f(", %.2f times the mean", times) : "";
	return text_keep_f("The %s of device %zu is the bottleneck: it moves %s in a %s%s at %.4g GB/s%s.",
					   slowest->level == LEVEL_NVL ? "link within the node" : "network card", slowest->device,
					   bytes_text(slowest->bytes_max), step_names[slowest->phase], uneven,
					   of->topology->link[slowest->level].bandwidth / 1e9, fan_out(of, slowest->level));
}

static const char *say_latency(const struct measure *slowest)
{
	return text_keep_f("Latency is the bottleneck: the slowest exchange takes %.1f us to move %s.",
					   slowest->seconds * 1e6, bytes_text(slowest->bytes_max));
}

/* The expert that brings the device most rows, and how many of them. */
static size_t heaviest_slot(const struct patient *of, size_t device)
{
	size_t room = of->placement->shape.slots / of->placement->shape.devices, most = device * room;
	for (size_t s = device * room; s < (device + 1) * room; s++)
		if (of->rows->by_slot[s] > of->rows->by_slot[most])
			most = s;
	return most;
}

static const char *say_straggler(const struct patient *of, const struct measure *compute)
{
	size_t slot = heaviest_slot(of, compute->device);
	uint64_t rows = of->rows->computed[compute->device], kept = 0;
	for (size_t d = 0; d < of->rows->devices; d++)
		kept += of->rows->computed[d];
	return text_keep_f(
		"Device %zu is the bottleneck: it computes %.2f times the mean number of rows, and expert %" PRIu32
		" alone brings it %.0f%% of them (%.1f%% of all).",
		compute->device, (double)rows / compute->rows_mean, of->placement->expert[slot],
		100 * (double)of->rows->by_slot[slot] / (double)rows, 100 * (double)of->rows->by_slot[slot] / (double)kept);
}

static const char *say_memory(const struct patient *of, const struct measure *compute)
{
	return text_keep_f("Reading weights is the bottleneck: device %zu reads %" PRIu64 " experts, %s, for %" PRIu64
					   " rows.",
					   compute->device, of->rows->touched[compute->device], bytes_text(compute->bytes_max),
					   of->rows->computed[compute->device]);
}

static const char *say_compute(const struct patient *of)
{
	bool is_even = of->step->compute < 1.1 * of->step->even;
	return text_keep_f("The arithmetic of the experts takes longest, %.0f%% of the time%s.",
					   100 * of->step->compute / of->step->layer, is_even ? ", and it is spread evenly" : "");
}

static const char *say_reduce(const struct measure *slowest)
{
	return text_keep_f(
		"Adding up the gradients of copies is the bottleneck: device %zu moves %s (fewer slots make fewer "
		"copies).",
		slowest->device, bytes_text(slowest->bytes_max));
}

static const char *say_local(const struct patient *of)
{
	return text_keep_f("Attention and shared experts take longest, %.0f%% of the time, on tokens that travel nowhere.",
					   100 * of->step->local / of->step->layer);
}

static const char *sentence_of(const struct patient *of, enum cause cause, const struct measure *compute)
{
	switch (cause) {
	case CAUSE_NVL:
	case CAUSE_NIC:
		return say_exchange(of, slowest_exchange(of->step));
	case CAUSE_LATENCY:
		return say_latency(slowest_exchange(of->step));
	case CAUSE_STRAGGLER:
		return say_straggler(of, compute);
	case CAUSE_COMPUTE:
		return say_compute(of);
	case CAUSE_MEMORY:
		return say_memory(of, compute);
	case CAUSE_REDUCE:
		return say_reduce(slowest_reduce(of->step));
	case CAUSE_LOCAL:
		return say_local(of);
	}
	BUG("a cause without a sentence");
}

static void consider(struct diagnosis *best, enum cause cause, double seconds, size_t device)
{
	if (seconds > best->seconds)
		*best = (struct diagnosis){ .cause = cause, .seconds = seconds, .device = device };
}

/* Computing, as the pass that computes longest measures it. */
static const struct measure *longest_compute(const struct work *work, const struct step *step)
{
	return step_find(step, work->backward ? STEP_backward_compute : STEP_compute, LEVEL_DEVICE);
}

struct diagnosis diagnosis_cause(const struct work *work, const struct step *step)
{
	const struct measure *compute = longest_compute(work, step), *exchange = slowest_exchange(step),
						 *reduce = slowest_reduce(step);
	enum cause link =
		exchange->bound == BOUND_LATENCY ? CAUSE_LATENCY : (exchange->level == LEVEL_NVL ? CAUSE_NVL : CAUSE_NIC);
	struct diagnosis best = { .seconds = -1 };
	bool reads = compute->bound == BOUND_MEMORY;
	consider(&best, reads ? CAUSE_MEMORY : CAUSE_COMPUTE, reads ? step->compute : step->even, compute->device);
	if (!reads)
		consider(&best, CAUSE_STRAGGLER, step->compute - step->even, compute->device);
	consider(&best, link, step->exposed - step->reduce, exchange->device);
	consider(&best, CAUSE_LOCAL, step->local, 0);
	if (reduce != NULL)
		consider(&best, CAUSE_REDUCE, step->reduce, reduce->device);
	return best;
}

struct diagnosis diagnosis_of(const struct traffic *routing, const struct placement *placement,
							  const struct topology *topology, const struct work *work, const struct rows *rows,
							  const struct step *step)
{
	struct patient of = { routing, placement, topology, work, rows, step };
	struct diagnosis best = diagnosis_cause(work, step);
	best.sentence = sentence_of(&of, best.cause, longest_compute(work, step));
	return best;
}
