/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * step.c -- the time that one MoE layer takes.
 */
#include <config.h>

#include "sim/cluster/step.h"

#include <math.h>
#include <stdlib.h>

const char *const transport_names[] = { "pipelined", "staged", "one-level", "pairwise", NULL };
const char *const bound_names[] = { "bandwidth", "latency", "compute", "memory", "nvl", "nic" };
const char *const measure_levels[] = { "nvl", "nic", "device", "all" };

#define STEP_NAME(name) #name,
const char *const step_names[STEP_PHASE_COUNT] = { STEP_PHASES(STEP_NAME) };

struct builder {
	const struct rows *rows;
	const struct placement *placement;
	const struct topology *topology;
	const struct work *work;
	struct step *step;
	struct error *err;
};

uint64_t step_row_bytes(const struct work *work, enum travel travel)
{
	uint64_t element = work->travel_bytes[travel], width = work->width, scales = 0;
	if (element == 1 && work->scale_block > 0)
		scales = (width + work->scale_block - 1) / work->scale_block * 4;
	return width * element + scales + (travel == TRAVEL_DISPATCH ? work->row_header : 0);
}

uint64_t step_expert_bytes(const struct work *work, size_t element)
{
	return (uint64_t)work->matrices * work->width * work->expert_width * element;
}

double step_expert_flops(const struct work *work)
{
	return 2 * (double)work->matrices * (double)work->width * (double)work->expert_width;
}

static int multiply(uint64_t a, uint64_t b, uint64_t *product, struct error *err)
{
	if (__builtin_mul_overflow(a, b, product) || *product > UINT64_C(1) << 62)
		return fail(err, ERROR_USER, "%.3g rows of %.3g bytes exceed 64 bits", (double)a, (double)b);
	return 0;
}

static struct measure *add_measure(struct builder *at, enum step_phase phase, int level)
{
	if (at->step->n == MEASURES)
		BUG("more measures than there are phases and levels");
	struct measure *measure = &at->step->measure[at->step->n++];
	*measure = (struct measure){ .phase = phase, .level = level };
	return measure;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The rows that a device sends, or receives if those are more; of one level, or with LEVEL_ALL of both. */
static uint64_t rows_of(const struct rows *rows, int level, size_t device)
{
	if (level != LEVEL_ALL)
		return larger(rows->sent[level][device], rows->received[level][device]);
	return larger(rows->sent[LEVEL_NVL][device] + rows->sent[LEVEL_NIC][device],
				  rows->received[LEVEL_NVL][device] + rows->received[LEVEL_NIC][device]);
}

static uint64_t sent_by(const struct rows *rows, int level, size_t device)
{
	if (level != LEVEL_ALL)
		return rows->sent[level][device];
	return rows->sent[LEVEL_NVL][device] + rows->sent[LEVEL_NIC][device];
}

static int measure_rows(struct builder *at, int level, enum travel travel, struct measure *measure)
{
	uint64_t sum = 0;
	for (size_t d = 0; d < at->rows->devices; d++) {
		uint64_t rows = rows_of(at->rows, level, d);
		sum += sent_by(at->rows, level, d);
		if (rows > measure->rows_max) {
			measure->rows_max = rows;
			measure->device = d;
		}
	}
	measure->rows_mean = (double)sum / (double)at->rows->devices;
	return multiply(measure->rows_max, step_row_bytes(at->work, travel), &measure->bytes_max, at->err);
}

/* Nothing that travels takes no time, not even latency. */
static void time_link(const struct link *link, enum travel travel, size_t steps, struct measure *measure)
{
	if (measure->rows_max == 0)
		return;
	double bytes = (double)measure->bytes_max, waiting = (double)steps * link->latency[travel];
	double moving = bytes / (link->bandwidth * curve_share(&link->curve, bytes));
	measure->seconds = waiting + moving;
	measure->bound = waiting > moving ? BOUND_LATENCY : BOUND_BANDWIDTH;
}

static int exchange_level(struct builder *at, enum step_phase phase, enum travel travel, int level,
						  struct measure *measure)
{
	const struct topology *topology = at->topology;
	size_t steps = 1;
	*measure = (struct measure){ .phase = phase, .level = level };
	TRY(measure_rows(at, level, travel, measure));
	if (at->work->transport == TRANSPORT_STAGED)
		steps = (level == LEVEL_NVL ? topology->per_node : topology->nodes) - 1;
	if (at->work->transport == TRANSPORT_PAIRWISE)
		steps = at->rows->devices - 1;
	time_link(&topology->link[level == LEVEL_ALL ? LEVEL_NIC : level], travel, steps, measure);
	return 0;
}

/* All rows over one link: that between nodes, where there are several. */
static int exchange_flat(struct builder *at, enum step_phase phase, enum travel travel, double *seconds)
{
	struct measure measure;
	int level = at->topology->nodes == 1 ? LEVEL_NVL : LEVEL_ALL;
	TRY(exchange_level(at, phase, travel, level, &measure));
	measure.level = level == LEVEL_ALL ? LEVEL_NIC : LEVEL_NVL;
	*add_measure(at, phase, measure.level) = measure;
	struct measure *all = add_measure(at, phase, LEVEL_ALL);
	all->seconds = *seconds = measure.seconds;
	all->rows_mean = measure.rows_mean;
	all->rows_max = measure.rows_max;
	all->bytes_max = measure.bytes_max;
	all->device = measure.device;
	all->bound = measure.level == LEVEL_NVL ? BOUND_NVL : BOUND_NIC;
	return 0;
}

static int exchange_levels(struct builder *at, enum step_phase phase, enum travel travel, double *seconds)
{
	struct measure nvl, nic;
	TRY(exchange_level(at, phase, travel, LEVEL_NVL, &nvl));
	TRY(exchange_level(at, phase, travel, LEVEL_NIC, &nic));
	*add_measure(at, phase, LEVEL_NVL) = nvl;
	if (at->topology->nodes > 1)
		*add_measure(at, phase, LEVEL_NIC) = nic;
	struct measure *all = add_measure(at, phase, LEVEL_ALL);
	bool staged = at->work->transport == TRANSPORT_STAGED;
	*seconds = staged ? nvl.seconds + nic.seconds : fmax(nvl.seconds, nic.seconds);
	const struct measure *slower = nic.seconds > nvl.seconds ? &nic : &nvl;
	*all = *slower;
	all->level = LEVEL_ALL;
	all->seconds = *seconds;
	all->bound = slower == &nic ? BOUND_NIC : BOUND_NVL;
	return 0;
}

static int exchange(struct builder *at, enum step_phase phase, enum travel travel, double *seconds)
{
	bool flat = at->work->transport == TRANSPORT_ONE_LEVEL || at->work->transport == TRANSPORT_PAIRWISE;
	return (flat ? exchange_flat : exchange_levels)(at, phase, travel, seconds);
}

/* Passes: 1 forward; 2 backward, for the gradients of rows and of weights. */
static double compute_device(const struct builder *at, double rows, double touched, double passes, bool *is_memory)
{
	const struct work *work = at->work;
	double arithmetic = passes * rows * step_expert_flops(work) / at->topology->compute;
	double reading = passes * touched * (double)step_expert_bytes(work, work->weight_bytes) / at->topology->memory;
	*is_memory = reading > arithmetic;
	return *is_memory ? reading : arithmetic;
}

static int compute(struct builder *at, enum step_phase phase, double passes, double *seconds)
{
	struct measure *measure = add_measure(at, phase, LEVEL_DEVICE);
	uint64_t sum = 0, touched = 0, expert_bytes = step_expert_bytes(at->work, at->work->weight_bytes);
	for (size_t d = 0; d < at->rows->devices; d++) {
		bool is_memory;
		double own =
			compute_device(at, (double)at->rows->computed[d], (double)at->rows->touched[d], passes, &is_memory);
		sum += at->rows->computed[d];
		touched += at->rows->touched[d];
		measure->rows_max = larger(measure->rows_max, at->rows->computed[d]);
		if (own <= measure->seconds)
			continue;
		measure->seconds = own;
		measure->device = d;
		measure->bound = is_memory ? BOUND_MEMORY : BOUND_COMPUTE;
	}
	double devices = (double)at->rows->devices;
	bool is_memory;
	measure->rows_mean = (double)sum / devices;
	*seconds = measure->seconds;
	at->step->compute += measure->seconds;
	at->step->even += compute_device(at, measure->rows_mean, (double)touched / devices, passes, &is_memory);
	return multiply(at->rows->touched[measure->device], expert_bytes, &measure->bytes_max, at->err);
}

/* The time of n devices' tokens, as many on each as on any other, give or take one: of the device with most. */
static double own_tokens(const struct builder *at)
{
	return ceil((double)at->rows->tokens / (double)at->rows->devices);
}

static double add_local(struct builder *at, enum step_phase phase, double arithmetic, double bytes)
{
	double tokens = own_tokens(at), reading = bytes / at->topology->memory,
		   seconds = fmax(tokens * arithmetic / at->topology->compute, reading);
	if (arithmetic == 0)
		return 0;
	struct measure *measure = add_measure(at, phase, LEVEL_DEVICE);
	measure->rows_max = (uint64_t)tokens;
	measure->bytes_max = (uint64_t)bytes;
	measure->rows_mean = (double)at->rows->tokens / (double)at->rows->devices;
	measure->seconds = seconds;
	measure->bound = seconds > reading ? BOUND_COMPUTE : BOUND_MEMORY;
	at->step->local += seconds;
	return seconds;
}

static double attention(struct builder *at, enum step_phase phase, double passes)
{
	return add_local(at, phase, passes * at->work->attention, 0);
}

static double shared(struct builder *at, enum step_phase phase, double passes)
{
	double experts = (double)at->work->shared;
	double bytes = experts * (double)step_expert_bytes(at->work, at->work->weight_bytes);
	return add_local(at, phase, passes * experts * step_expert_flops(at->work), passes * bytes);
}

/* What is left of the time of communication when something else is computed beside it, which slows it down. */
static double beside(double travel, double computing, double slowdown)
{
	return fmax(0, travel - computing / slowdown);
}

/* Times of one pass. */
struct pass {
	double attention, out, experts, back, shared;
};

/* Communication that nothing hides.  Shared experts of the same batch are computed while it travels; with an overlap
 * it is another batch that computes. */
static double exposed(const struct work *work, const struct pass *pass)
{
	double travel = pass->out + pass->back, n = (double)work->chunks;
	double computing = pass->attention + pass->experts + pass->shared;
	if (work->overlap > 0)
		return fmax(0, work->slowdown * travel - work->overlap * computing);
	double cut =
		(travel + pass->experts) / n + (n - 1) / n * fmax(work->slowdown * travel, pass->experts) - pass->experts;
	return pass->shared > 0 ? beside(cut, pass->shared, work->slowdown) : cut;
}

static double add_sum(struct builder *at, enum step_phase phase, double seconds, double exposed, enum bound bound)
{
	struct measure *measure = add_measure(at, phase, LEVEL_ALL);
	measure->seconds = seconds;
	measure->exposed = exposed;
	measure->bound = bound;
	return seconds;
}

/* The phases of a pass.  In a backward pass the gradient of the combine goes out as rows do in a dispatch, that of the
 * dispatch comes back as in a combine. */
struct pass_phases {
	enum step_phase attention, out, experts, back, shared, sum;
	double times; /* of the forward pass's arithmetic: a backward pass has the gradients of rows and of weights */
};
static const struct pass_phases forward_phases = {
	STEP_attention, STEP_dispatch, STEP_compute, STEP_combine, STEP_shared, STEP_forward, 1
};
static const struct pass_phases backward_phases = { STEP_backward_attention,
													STEP_backward_combine,
													STEP_backward_compute,
													STEP_backward_dispatch,
													STEP_backward_shared,
													STEP_backward,
													2 };

/* What a pass waits for longest. */
static enum bound slowest(const struct builder *at, const struct pass_phases *is, const struct pass *pass)
{
	double local = fmax(pass->attention, pass->shared);
	if (pass->experts >= pass->out + pass->back && pass->experts >= local)
		return step_find(at->step, is->experts, LEVEL_DEVICE)->bound;
	if (local > pass->out + pass->back)
		return step_find(at->step, pass->attention > pass->shared ? is->attention : is->shared, LEVEL_DEVICE)->bound;
	return step_find(at->step, pass->out > pass->back ? is->out : is->back, LEVEL_ALL)->bound;
}

static int add_pass(struct builder *at, const struct pass_phases *is, double *seconds)
{
	struct pass pass = { .attention = attention(at, is->attention, is->times) };
	TRY(exchange(at, is->out, TRAVEL_DISPATCH, &pass.out));
	TRY(compute(at, is->experts, is->times, &pass.experts));
	TRY(exchange(at, is->back, TRAVEL_COMBINE, &pass.back));
	pass.shared = shared(at, is->shared, is->times);
	double waiting = exposed(at->work, &pass);
	*seconds =
		add_sum(at, is->sum, pass.attention + pass.experts + pass.shared + waiting, waiting, slowest(at, is, &pass));
	at->step->exposed += waiting;
	return 0;
}

/* The devices that have a copy of an expert, ascending, once each; `device` has room for all its copies. */
static size_t copy_devices(const struct placement *placement, size_t expert, size_t *device)
{
	size_t n = 0;
	for (size_t i = placement->first[expert]; i < placement->first[expert + 1]; i++) {
		size_t own = placement_device(&placement->shape, placement->slot[i]);
		if (n == 0 || device[n - 1] != own)
			device[n++] = own;
	}
	return n;
}

/* A ring of n devices moves 2 (n - 1) / n of the gradient through each; one that leaves a node is as fast as the nic.
 */
static void reduce_copies(struct builder *at, const size_t *device, size_t n, uint64_t bytes, uint64_t *load)
{
	const struct topology *topology = at->topology;
	bool leaves = topology_node(topology, device[0]) != topology_node(topology, device[n - 1]);
	enum level level = leaves ? LEVEL_NIC : LEVEL_NVL;
	for (size_t i = 0; i < n; i++)
		load[(size_t)level * at->rows->devices + device[i]] += bytes * 2 * (n - 1) / n;
}

static void time_reduce(struct builder *at, const uint64_t *load, enum level level)
{
	size_t devices = at->rows->devices;
	struct measure *measure = add_measure(at, STEP_reduce, (int)level);
	for (size_t d = 0; d < devices; d++)
		if (load[level * devices + d] > measure->bytes_max) {
			measure->bytes_max = load[level * devices + d];
			measure->device = d;
		}
	if (measure->bytes_max == 0) {
		at->step->n--;
		return;
	}
	double moving = (double)measure->bytes_max / at->topology->link[level].bandwidth;
	double waiting = at->topology->link[level].latency[TRAVEL_COMBINE];
	measure->seconds = measure->exposed = moving + waiting;
	measure->bound = waiting > moving ? BOUND_LATENCY : BOUND_BANDWIDTH;
	at->step->reduce = fmax(at->step->reduce, measure->seconds);
}

/* Copies of an expert add up their gradients; all experts at once, nothing hides it. */
static int reduce(struct builder *at)
{
	const struct placement *placement = at->placement;
	size_t devices = at->rows->devices;
	uint64_t bytes = step_expert_bytes(at->work, at->work->gradient_bytes), most;
	uint64_t *load = calloc(LEVELS * devices, sizeof *load);
	size_t *device = calloc(placement->shape.slots, sizeof *device);
	if (load == NULL || device == NULL)
		error_no_memory("the gradients of copies");
	int status = multiply(bytes, 2 * placement->shape.slots, &most, at->err);
	for (size_t e = 0; status == 0 && e < placement->shape.experts; e++) {
		size_t n = copy_devices(placement, e, device);
		if (n > 1)
			reduce_copies(at, device, n, bytes, load);
	}
	for (int level = 0; status == 0 && level < LEVELS; level++)
		time_reduce(at, load, (enum level)level);
	at->step->exposed += at->step->reduce;
	free(load);
	free(device);
	return status;
}

const struct measure *step_find(const struct step *step, enum step_phase phase, int level)
{
	for (size_t i = 0; i < step->n; i++)
		if (step->measure[i].phase == phase && step->measure[i].level == level)
			return &step->measure[i];
	return NULL;
}

int step_time(const struct rows *rows, const struct placement *placement, const struct topology *topology,
			  const struct work *work, struct step *step, struct error *err)
{
	struct builder at = { rows, placement, topology, work, step, err };
	*step = (struct step){ .n = 0 };
	TRY(add_pass(&at, &forward_phases, &step->forward));
	if (work->backward) {
		TRY(add_pass(&at, &backward_phases, &step->backward));
		TRY(reduce(&at));
	}
	step->layer = step->forward + step->backward + step->reduce;
	enum step_phase longest = step->backward > step->forward ? STEP_backward : STEP_forward;
	add_sum(&at, STEP_layer, step->layer, step->exposed, step_find(step, longest, LEVEL_ALL)->bound);
	return 0;
}
