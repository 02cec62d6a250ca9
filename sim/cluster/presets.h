/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * presets.h -- named clusters: their figures, read from CSV files, each with its source.
 *
 * A file has the columns cluster,figure,value,source and one row per figure.  A file that is read later overrides
 * figures of the files before it, and may add clusters.
 *
 * Two figures are curves, a row a point: nvl_share@BYTES and nic_share@BYTES are the shares of nvl_gbps and nic_gbps
 * that an exchange reaches whose busiest device sends or receives so many bytes.  A later file's curve takes the place
 * of the whole curve of the files before.
 */
#ifndef SIM_CLUSTER_PRESETS_H
#define SIM_CLUSTER_PRESETS_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/error.h"
#include "sim/cluster/topology.h"

/* FIGURE(name, unit, meaning) */
#define PRESET_FIGURES(FIGURE)                                                                             \
	FIGURE(nvl_gbps, "1e9 B/s", "bandwidth of a device to the others in its node, in one direction")       \
	FIGURE(nvl_us, "us", "latency of an exchange within the node")                                         \
	FIGURE(nic_gbps, "1e9 B/s", "bandwidth of a device to other nodes, in one direction")                  \
	FIGURE(nic_us, "us", "latency of an exchange between nodes")                                           \
	FIGURE(tflops, "1e12 FLOP/s", "peak of dense matrix products in bfloat16")                             \
	FIGURE(efficiency, "", "share of the peak that the matrix products of experts reach")                  \
	FIGURE(hbm_gbps, "1e9 B/s", "memory bandwidth of a device")                                            \
	FIGURE(decode_nic_gbps, "1e9 B/s", "nic_gbps of the kernels for decoding")                             \
	FIGURE(decode_dispatch_us, "us", "latency of a dispatch with the kernels for decoding, at each level") \
	FIGURE(decode_combine_us, "us", "latency of a combine with the kernels for decoding, at each level")

#define PRESET_ENUM(name, unit, meaning) FIGURE_##name,
enum preset_figure { PRESET_FIGURES(PRESET_ENUM) PRESET_FIGURE_COUNT };
#undef PRESET_ENUM

struct preset {
	const char *name;
	double figure[PRESET_FIGURE_COUNT];      /* NAN: no file gives it */
	const char *source[PRESET_FIGURE_COUNT]; /* where the figure is from; NULL with NAN */
	struct curve curve[LEVELS];              /* without points: no file gives it */
	size_t curve_file[LEVELS];               /* the file that does, counted from 1 */
};

struct presets {
	size_t n, files;       /* files: read so far */
	struct preset *preset; /* [n] by appearance */
};

extern const struct preset_figure_row {
	const char *name, *unit, *meaning;
} preset_figures[PRESET_FIGURE_COUNT];

/* Adds the rows of the file to *presets, which begins zeroed.  An unknown figure, a figure that a file gives twice, a
 * value that is not a number above 0 (a latency may be 0, an efficiency or a share is at most 1), a row without a
 * source, and a curve by which a larger message takes less time are errors with their line. */
int presets_read(const char *path, struct presets *presets, struct error *err);
int presets_read_bytes(const char *path, const void *bytes, size_t size, struct presets *presets, struct error *err);
void presets_free(struct presets *presets);

/* The preset of that name; an unknown name is an error with "did you mean". */
const struct preset *presets_find(const struct presets *presets, const char *name, struct error *err);

/* The links and devices of a preset, for N nodes of g devices; with `decode` those of the kernels for decoding, which
 * have no curves.  A figure that is needed and missing is an error. */
int preset_topology(const struct preset *preset, size_t nodes, size_t per_node, bool decode, struct topology *topology,
					struct error *err);

#endif
