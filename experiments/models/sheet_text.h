/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sheet_text.h -- sheets of models on stdout.
 */
#ifndef EXPERIMENTS_MODELS_SHEET_TEXT_H
#define EXPERIMENTS_MODELS_SHEET_TEXT_H

#include "experiments/models/sheet.h"

/* One model in full, or several in a line each. */
void sheet_print_table(const struct sheet *sheets, size_t n);

/* A row or an object for each, with the columns of its cells. */
int sheet_print_csv(const struct sheet *sheets, size_t n, struct error *err);
int sheet_print_json(const struct sheet *sheets, size_t n, struct error *err);

#endif
