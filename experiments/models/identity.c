/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * identity.c -- which family a config.json is of, and where in it the text model stands.
 */
#include <config.h>

#include <string.h>

#include "experiments/models/notes.h"
#include "experiments/models/reading.h"
#include "sim/base/text.h"

static const struct family *family_of_type(const char *type)
{
	const struct family *family = families;
	while (family->types && !(type && family_lists(family->types, type)))
		family++;
	return family->types ? family : NULL;
}

/* The class that is to be made; NULL where the file names none. */
static int read_architecture(const struct document *doc, const char **name, struct error *err)
{
	const json_t *list = NULL;
	TRY(document_list(doc, "architectures", &list, err));
	const json_t *first = json_array_get(list, 0);
	*name = first ? text_keep(json_string_value(first) ? json_string_value(first) : "") : NULL;
	if (first && !json_is_string(first))
		return document_fail(doc, "architectures", err, "architectures must be a list of strings");
	return 0;
}

static const struct family *family_of_architecture(const char *name)
{
	for (const struct family *family = families; name && family->types; family++)
		if (family_lists(family->architectures, name))
			return family;
	return NULL;
}

/* The words of all families, for suggestions. */
static const char *const *family_words(void)
{
	enum { MOST = 200 };
	static const char *words[MOST + 1];
	size_t n = 0;
	for (const struct family *family = families; family->types; family++)
		for (const char *at = family->types; *at && n < MOST; at += strcspn(at, "|") + (strchr(at, '|') != NULL))
			words[n++] = text_keep_n(at, strcspn(at, "|"));
	return words;
}

static const char *family_list(void)
{
	const char *list = family_name(families);
	for (const struct family *family = families + 1; family->types; family++)
		list = text_keep_f("%s, %s", list, family_name(family));
	return list;
}

static int fail_family(const struct document *doc, const char *type, struct error *err)
{
	if (!type)
		return document_fail(doc, "model_type", err, "model_type is missing (known: %s)", family_list());
	const char *near = text_nearest(type, family_words());
	return document_fail(doc, "model_type", err, "unknown model_type '%s' (%s%s%sknown: %s)", type,
						 near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", family_list());
}

static bool has_layers(const json_t *object)
{
	static const char *const keys[] = { "num_hidden_layers", "n_layers", "num_layers", "layers_block_type" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_object_get(object, keys[i]))
			return true;
	return false;
}

/* The key of an object with a text model in it, itself or deeper; those that are known first, as a vision encoder has
 * layers, too. */
static const char *inner_key(const struct document *doc)
{
	static const char *const keys[] = {
		"text_config", "llm_config", "language_config", "thinker_config", "text_model", "language_model",
		"llm",         "lm_config",  "decoder",         "decoder_config", "text"
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_is_object(json_object_get(doc->root, keys[i])))
			return keys[i];
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)doc->root, key, value)
	{
		const char *type = json_string_value(json_object_get(value, "model_type"));
		if (family_of_type(type) && !has_layers(doc->root))
			return text_keep(key);
	}
	return NULL;
}

bool identity_enter(struct document *doc, const struct family **outer, bool *tied)
{
	enum { DEEP = 4 };
	int entered = 0;
	for (const char *key; entered < DEEP && (key = inner_key(doc)); entered++) {
		const struct family *family = family_of_type(json_string_value(json_object_get(doc->root, "model_type")));
		*outer = family ? family : *outer;
		*tied = json_is_true(json_object_get(doc->root, "tie_word_embeddings"));
		document_enter(doc, key);
	}
	return entered > 0;
}

/* Is it a class of the same family with another head, "MixtralForSequenceClassification", or without one? */
static bool is_relative(const struct family *family, const char *class)
{
	const char *known = family->architectures;
	for (; *known; known += strcspn(known, "|") + (strchr(known, '|') != NULL)) {
		const char *head = strstr(known, "For");
		size_t stem = head ? (size_t)(head - known) : strcspn(known, "|");
		if (strncmp(class, known, stem) == 0)
			return true;
	}
	return false;
}

int identity_find(const struct document *doc, const struct family *outer, const struct family **family,
				  struct model *model, struct error *err)
{
	const char *type = NULL, *class = NULL;
	TRY(document_word(doc, "model_type", &type, err));
	TRY(read_architecture(doc, &class, err));
	const struct family *of_type = family_of_type(type), *of_class = family_of_architecture(class);
	*family = outer ? outer : of_class ? of_class : of_type;
	if (!*family)
		return fail_family(doc, type, err);
	if (*family == of_class && of_type && of_type != of_class && !family_lists("bailing_moe", type))
		notes_caution(model,
					  text_keep_f("model_type is %s, but architectures is %s; counted as the latter", type, class));
	if (outer && !of_type && of_class && of_class != outer)
		notes_caution(model,
					  text_keep_f("model_type is %s outside, but architectures is %s inside; counted as the former",
								  family_name(outer), class));
	if (outer && of_type && of_type != outer)
		notes_caution(model, text_keep_f("model_type is %s outside and %s inside; counted as the former",
										 family_name(outer), type));
	if (class && !of_class && !outer && !is_relative(*family, class))
		notes_caution(model, text_keep_f("architectures is %s, which is not known; counted as %s, as model_type says",
										 class, family_name(*family)));
	return 0;
}
