/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * notes.c -- what is said of a model beside its figures.
 */
#include <config.h>

#include "experiments/models/notes.h"

#include "sim/base/text.h"

void notes_add(struct model *model, const char *note)
{
	model->note = model->note ? text_keep_f("%s; %s", model->note, note) : note;
}

void notes_caution(struct model *model, const char *note)
{
	notes_add(model, note);
	model->caution = model->caution ? text_keep_f("%s; %s", model->caution, note) : note;
}
