/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * html.h -- text in a web page, whatever it holds.
 */
#ifndef EXPERIMENTS_REPORT_HTML_H
#define EXPERIMENTS_REPORT_HTML_H

#include <stdbool.h>
#include <stdio.h>

/* Writes a text so that it is text, also between the quotes of an attribute: no character of it means anything to a
 * browser.  What HTML cannot hold (control characters, bytes that are no UTF-8) becomes U+FFFD. */
void html_text(FILE *to, const char *text);

/* The same for a format. */
void html_format(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes a text as a JSON string that may stand in a <script> of any page: with nothing in it that could end the script
 * or begin a comment.  What HTML cannot hold becomes U+FFFD here, too. */
void html_json(FILE *to, const char *text);

/* A line that unfolds; html_fold_end() ends what is under it.  It begins unfolded when `open`. */
void html_fold(FILE *to, const char *summary, bool open);
void html_fold_end(FILE *to);

#endif
