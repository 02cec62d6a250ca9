/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * balance.h -- how evenly the experts of one layer are used: pure functions of one count an expert.
 *
 * count[e] >= 0 is the load of expert e (assignments, or any share of them: only shares matter), f_e = count[e] / sum
 * the share, mean = sum / experts the fair load.  Where nothing was counted (no experts, or a sum of 0) there is no
 * share, and every function returns NAN.  One expert alone is in perfect balance.  Sums run in expert order.
 */
#ifndef SIM_METRICS_BALANCE_H
#define SIM_METRICS_BALANCE_H

#include <stddef.h>

/* max / mean - 1.  0 in balance, experts - 1 when one expert has all.  (MaxVio of Wang et al. 2024, 2408.15664, for
 * one layer; OLMo-core's "load imbalance" is 1 more.) */
double balance_maxvio(const double *count, size_t experts);

/* 1 - min / mean.  0 in balance, 1 when an expert has nothing. */
double balance_minvio(const double *count, size_t experts);

/* Standard deviation (over the experts, divided by their number) / mean.  0 in balance, sqrt(experts - 1) when one
 * has all.  (Shazeer et al. 2017, 1701.06538, use its square.) */
double balance_cv(const double *count, size_t experts);

/* -sum f ln f, in nats.  ln(experts) in balance, 0 when one has all. */
double balance_entropy(const double *count, size_t experts);

/* Entropy / ln(experts): 1 in balance (and for one expert alone), 0 when one has all. */
double balance_entropy_share(const double *count, size_t experts);

/* exp(entropy): as many equally used experts would have this entropy. */
double balance_effective(const double *count, size_t experts);

/* 1 / sum f^2, the inverse Simpson index: the same idea, more forgiving to rarely used experts. */
double balance_effective_simpson(const double *count, size_t experts);

/* Gini coefficient: sum_i (2i - experts - 1) c_(i) / (experts * sum), c_(1) the smallest.  0 in balance,
 * 1 - 1/experts when one has all.  scratch[experts] is overwritten. */
double balance_gini(const double *count, size_t experts, double *scratch);

/* Number of experts whose load is below BALANCE_DEAD of the fair load.  State the window of tokens beside it: in few
 * tokens even random routing leaves experts untouched. */
#define BALANCE_DEAD 0.01
double balance_dead(const double *count, size_t experts);

/* sum_e min(f_e, 1/experts): the share of the work that would stay where it is if the load were made even.  1 in
 * balance, 1/experts when one has all. */
double balance_utilisation(const double *count, size_t experts);

/* mean / max over the ranks (devices) of expert parallelism, load[r] the work of rank r: the share of time in which
 * a rank works while it waits for the fullest one.  1 in balance.  Of one layer; layers must not be added before. */
double balance_efficiency(const double *load, size_t ranks);

/* Expected maximum of n independent standard normals, n >= 1: 0 for 1, 1.42 for 8, 1.77 for 16, 2.35 for 64.
 * Absolute error below 1e-9 for n up to 1e9.  NAN for n = 0. */
double balance_normal_maximum(size_t n);

/* Coefficient of variation when each of `tokens` tokens picks k of the experts uniformly at random, without
 * repetition: sqrt((experts - k) / (k tokens)), exact in the root mean square.  0 for k = experts; NAN unless
 * 0 < k <= experts and tokens > 0.  tokens and k may be fractional (a weighted pool, an average k). */
double balance_noise_cv(size_t experts, double k, double tokens);

/* Expected MaxVio of the same random routing, to read beside every measured one: a MaxVio near it says nothing.
 * m * sqrt(experts / (experts - 1)) * balance_noise_cv(), m = balance_normal_maximum(experts); the root is there
 * because the counts have a fixed sum, so that any two are correlated by -1 / (experts - 1).  A normal
 * approximation: good from some tens of picks an expert, below that too low. */
double balance_noise_maxvio(size_t experts, double k, double tokens);

#endif
