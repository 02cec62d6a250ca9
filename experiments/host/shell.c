/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shell.c -- words as a POSIX shell reads them back.
 */
#include <config.h>

#include "experiments/host/shell.h"

#include <string.h>

void shell_quote(FILE *to, const char *word)
{
	if (*word && !word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_")]) {
		fputs(word, to);
		return;
	}
	fputc('\'', to);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", to);
		else
			fputc(*word, to);
	fputc('\'', to);
}
