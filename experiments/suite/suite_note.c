/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite_note.c -- suite.json: what a suite's folder says of the question and the command that made it.
 */
#include <config.h>

#include "experiments/suite/suite_note.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/text.h"

enum { NOTE_LIMIT = 1 << 20 }; /* bytes */

static const char *note_path(const char *folder)
{
	return path_join(folder, "suite.json");
}

bool suite_note_exists(const char *folder)
{
	return file_exists(note_path(folder));
}

/* JSON is UTF-8, which the name of a file need not be: then it is left empty. */
static json_t *words(const char *text)
{
	errno = 0;
	json_t *json = json_string(text);
	if (!json && errno == ENOMEM)
		error_no_memory("the suite's note");
	return json ? json : json_string("");
}

int suite_note_write(const char *folder, const struct suite_note *note, struct error *err)
{
	json_t *flags = json_array();
	for (size_t i = 0; i < SUITE_FLAGS; i++)
		if (note->flag[i])
			if (json_array_append_new(flags, words(note->flag[i])) != 0)
				error_no_memory("the suite's note");
	json_t *json = json_pack("{s:o, s:o, s:o, s:o}", "suite", words(note->name), "question", words(note->question),
							 "file", words(note->file), "flags", flags);
	char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	json_decref(json);
	if (!text)
		return fail(err, ERROR_WORLD, "out of memory for the suite's note");
	const char *ended = text_keep_f("%s\n", text);
	free(text);
	return file_replace(note_path(folder), ended, strlen(ended), err);
}

static const char *member(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));
	return text ? text_keep(text) : "";
}

static void take(const json_t *json, struct suite_note *note)
{
	const json_t *flags = json_object_get(json, "flags");
	note->name = member(json, "suite");
	note->question = member(json, "question");
	note->file = member(json, "file");
	for (size_t i = 0; i < SUITE_FLAGS; i++) { /* those that were not given are not there */
		const char *flag = json_string_value(json_array_get(flags, i));
		note->flag[i] = flag ? text_keep(flag) : NULL;
	}
}

int suite_note_read(const char *folder, struct suite_note *note, struct error *err)
{
	const char *path = note_path(folder);
	json_error_t wrong;
	char *bytes;
	size_t size;
	*note = (struct suite_note){ .name = "", .question = "", .file = "" };
	if (!file_exists(path))
		return 0;
	TRY(file_read(path, NOTE_LIMIT, &bytes, &size, err));
	json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &wrong);
	free(bytes);
	if (!json) {
		fail(err, ERROR_USER, "invalid JSON: %s", wrong.text);
		return fail_at(err, path, wrong.line > 0 ? (unsigned)wrong.line : 0, 0);
	}
	take(json, note);
	json_decref(json);
	return 0;
}
