/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * information.h -- how much the expert says about something else (the domain, the token, the position) and back.
 *
 * A table is joint[rows][columns], row-major, of counts or weights >= 0; only shares matter.  All values are plug-in
 * estimates in nats, of the shares as they are: no bias is corrected.  A plug-in estimate is too high for a finite
 * sample; what to expect of pure chance stands in functions of its own, to be shown beside the value.
 * An empty table gives NAN throughout.
 */
#ifndef SIM_METRICS_INFORMATION_H
#define SIM_METRICS_INFORMATION_H

#include <stddef.h>
#include <stdint.h>

struct information {
	double row_entropy, column_entropy; /* nats */
	double mutual;                      /* I = sum p(r,c) ln(p(r,c) / (p(r) p(c))), nats; 0 for one row or column */
	double normalized;                  /* I / sqrt(row_entropy * column_entropy), 0 to 1; 0 where an entropy is 0 */
	double purity;                      /* sum_c max_r p(r,c): how often the commonest row of a column is right */
	size_t rows, columns, cells;        /* how many are occupied */
};

/* All of it in one reading.  scratch[rows + columns] is overwritten. */
struct information information_of_table(const double *joint, size_t rows, size_t columns, double *scratch);

/* I(row; column | stratum) = sum_s p(s) I(row; column | s) in nats, of tables joint[strata][rows][columns]: what is
 * left when the stratum (say, the token or its position) is known.  scratch[rows + columns]. */
double information_conditional(const double *joint, size_t strata, size_t rows, size_t columns, double *scratch);

/* Leading term of the plug-in estimate's bias for `samples` independent draws, in nats:
 * (cells - rows - columns + 1) / (2 samples), by Miller and Madow for each of the three entropies (Miller 1955).
 * Occupied rows, columns and cells count.  NAN unless samples > 0. */
double information_bias(const struct information *of, double samples);

/* Expected mutual information of row and column when every token of every row picks k of the columns uniformly at
 * random, without repetition, and tokens[r] tokens stand behind row r of joint, in nats:
 *   sum_r w (1 - w) (columns - k) / (2 k tokens[r]),   w = the row's share of the table
 * which is (rows - 1)(columns - k) / (2 k T) when the rows weigh as they count.  As the k picks of a token never
 * repeat they scatter less than k independent draws, so this stands below information_bias().  Rows without weight
 * take no part.  NAN unless 0 < k <= columns and every row that has weight has tokens. */
double information_noise(const double *joint, const double *tokens, size_t rows, size_t columns, double k);

/* Scales every row that holds anything to the sum 1: so each weighs the same. */
void information_level(double *joint, size_t rows, size_t columns);

/* Co-activation: each unordered pair of the n different experts of one token adds 1 to pair[a][b] and pair[b][a],
 * each expert 1 to pair[a][a]; so pair[a][b] / pair[a][a] is the share of a's tokens that b saw too, and
 * (n - 1) / (experts - 1) is what equal pairs would give.  (All pairs of ranks; OLMoE's published counts take
 * neighboring ranks only.)  pair[experts][experts]. */
void information_coactivate(double *pair, size_t experts, const uint32_t *expert, size_t n);

#endif
