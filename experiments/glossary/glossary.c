/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * glossary.c -- the words of the field and of this program, and what they mean.
 */
#include <config.h>

#include "experiments/glossary/glossary.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/words.h"

const struct term glossary[] = {
#define TERM(name, also, see, meaning) { name, also, see, meaning },
#include "experiments/glossary/glossary.def"
#undef TERM
	{ 0 },
};

const struct symbol symbols[] = {
	{ "E", "number of routed experts" },
	{ "k", "experts per token (--top-k)" },
	{ "T", "tokens of a batch" },
	{ "x_t", "row of token t that the router reads" },
	{ "z_e", "logit of expert e for the token: what the projector makes of its row" },
	{ "s_e", "score of expert e for the token" },
	{ "c_e(t)", "what the choice is made by: the score of e for token t, with a balancer's offset if there is one" },
	{ "S_t", "experts of token t" },
	{ "T_e", "tokens of expert e" },
	{ "g_e", "weight of expert e in the token's weighted sum" },
	{ "f_e", "share of the assignments that went to expert e" },
	{ "P_e", "mean share of expert e in the tokens' scores" },
	{ "b_e", "offset of expert e" },
	{ "q_e", "price of expert e: an offset that is subtracted" },
	{ "W_e", "column of the router's matrix for expert e" },
	{ 0 },
};

static char plain(char c)
{
	return c == '-' || c == '_' ? ' ' : (char)tolower((unsigned char)c);
}

/* Is text[length] the word, in the singular or plural? */
static bool is_word(const char *text, size_t length, const char *word)
{
	size_t n = strlen(word);
	if (n != length && !(n == length + 1 && plain(word[n - 1]) == 's'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (plain(text[i]) != plain(word[i]))
			return false;
	return true;
}

static bool is_called(const struct term *term, const char *word)
{
	if (is_word(term->name, strlen(term->name), word))
		return true;
	for (const char *at = term->also; *at;) {
		size_t length = strcspn(at, ",");
		if (is_word(at, length, word))
			return true;
		at += length;
		at += strspn(at, ", ");
	}
	return false;
}

const struct term *glossary_find(const char *word)
{
	for (const struct term *term = glossary; term->name; term++)
		if (is_called(term, word))
			return term;
	return NULL;
}

/* As one word, as a command line wants it. */
static const char *hyphened(const char *text, size_t length)
{
	char word[64];
	size_t n = length < sizeof word ? length : sizeof word - 1;
	for (size_t i = 0; i < n; i++)
		word[i] = text[i] == ' ' ? '-' : text[i];
	return text_keep_n(word, n);
}

static void add_names(struct words *words, const struct term *term)
{
	words_add(words, hyphened(term->name, strlen(term->name)));
	for (const char *at = term->also; *at;) {
		size_t length = strcspn(at, ",");
		words_add(words, hyphened(at, length));
		at += length;
		at += strspn(at, ", ");
	}
}

const char *const *glossary_names(void)
{
	static struct words words;
	if (words.n == 0)
		for (const struct term *term = glossary; term->name; term++)
			add_names(&words, term);
	return words_list(&words);
}

/* A letter of a word or of a symbol's index. */
static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool symbol_stands_in(const struct symbol *symbol, const char *formula)
{
	size_t length = strcspn(symbol->name, "(");
	const char *stem = text_keep_n(symbol->name, length);
	for (const char *at = strstr(formula, stem); at; at = strstr(at + 1, stem))
		if ((at == formula || !is_letter(at[-1])) && !is_letter(at[length]))
			return true;
	return false;
}
