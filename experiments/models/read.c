/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * read.c -- a model from a file: a config.json, or the manifest.json of a run.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "experiments/models/published.h"
#include "experiments/models/simulated.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

/* "x" of x.json, or the folder's name of folder/config.json and folder/manifest.json. */
static const char *name_of(const char *path)
{
	const char *base = strrchr(path, '/'), *end = path + strlen(path);
	base = base ? base + 1 : path;
	bool of_folder = strcmp(base, "config.json") == 0 || strcmp(base, "manifest.json") == 0;
	if (of_folder && base > path + 1) {
		end = base - 1;
		for (base = end; base > path && base[-1] != '/';)
			base--;
	} else if (end - base > 5 && strcmp(end - 5, ".json") == 0) {
		end -= 5;
	}
	return text_keep_n(base, (size_t)(end - base));
}

static int read_document(struct document *doc, struct model *model, struct error *err)
{
	struct cost_count count;
	TRY(simulated_is(doc) ? simulated_read(doc, model, err) : published_read(doc, model, err));
	if (cost_count(&model->shape, 1, &count, err))
		return fail_at(err, doc->path, 1, 1);
	figures_find(count.params_total, model);
	return 0;
}

int model_parse(const char *path, const char *text, size_t size, struct model *model, struct error *err)
{
	struct document doc;
	*model = (struct model){ .name = name_of(path), .source = text_keep(path) };
	model->label = model->name;
	TRY(document_open(&doc, path, text, size, err));
	int result = read_document(&doc, model, err);
	document_close(&doc);
	return result;
}

int model_read(const char *path, struct model *model, struct error *err)
{
	enum { LIMIT = 16 << 20 }; /* the longest real ones have some 100 kB, of quantised layers' names */
	char *text;
	size_t size;
	if (file_read(path, LIMIT, &text, &size, err))
		return fail_at(err, path, 0, 0);
	int result = model_parse(path, text, size, model, err);
	free(text);
	return result;
}
