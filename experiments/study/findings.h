/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * findings.h -- what a page says first: sentences computed from its verdicts.
 *
 * The sentences call nothing different that no test called different, and nothing equal.  They know no strategy by
 * name: who is a baseline, a floor, or a ceiling is told by roles, who has dead experts or looks ahead by the runs.
 */
#ifndef EXPERIMENTS_STUDY_FINDINGS_H
#define EXPERIMENTS_STUDY_FINDINGS_H

#include <stdio.h>

#include "experiments/study/compare.h"

/* In the order in which they are read. */
enum finding_kind {
	FINDING_CAUTION, /* one seed each; runs that diverged */
	FINDING_WORK,    /* experts without work */
	FINDING_BALANCE, /* MaxVio against the baseline */
	FINDING_LOSS,    /* the first metric against the baseline */
	FINDING_AMONG,   /* the first metric of contenders among each other */
	FINDING_STEPS,   /* the first metric along a swept setting */
	FINDING_WHERE,   /* on which streams, or with which settings, it is lower than the baseline's */
	FINDING_GAP,     /* how much of what routing could bring is reached */
	FINDING_FUTURE,  /* who looks at later tokens */
	FINDING_PARTS,   /* who differs from the baseline in more than one part */
	FINDING_KINDS    /* none of them */
};

struct finding {
	enum finding_kind kind;
	const char *text;  /* a sentence or two, of plain text; lives as long as the program */
	const char *title; /* the same in a line without a full stop, for the head of a chart; NULL: it takes more */
};

enum { FINDING_TITLE = 100 }; /* characters of a title, at most */

enum { FINDINGS_MOST = 16 };

struct findings {
	size_t n;
	struct finding finding[FINDINGS_MOST];
};

void findings_of(const struct compare_page *page, struct findings *out);

/* The same of the page that `compare` shows of a study unless told otherwise. */
int findings_of_study(const struct study *study, const char *against, double margin, struct findings *out,
					  struct error *err);

/* The title of the first finding of a kind that has one; NULL: there is none. */
const char *findings_title(const struct findings *findings, enum finding_kind kind);

/* Prints them as paragraphs of at most 100 columns, and an empty line; nothing when there are none. */
void findings_print(const struct findings *findings, FILE *to);

/* What a contest's pairs would likely have missed, "8% of excess loss, 1.32 in MaxVio" in its first so many metrics; ""
 * where that is not known. */
const char *findings_missed(const struct compare_contest *contest, size_t metrics);

/* The rest is for those that find them. */

/* Appends a sentence; what does not fit is left out, the last kinds first. */
void findings_add(struct findings *findings, enum finding_kind kind, const char *text);

/* The same with a title, unless it is too long for one. */
void findings_add_titled(struct findings *findings, enum finding_kind kind, const char *text, const char *title);

void findings_work(const struct compare_page *page, struct findings *out);
void findings_verdicts(const struct compare_page *page, struct findings *out);
void findings_steps(const struct compare_page *page, struct findings *out);
void findings_where(const struct compare_page *page, struct findings *out);
void findings_gap(const struct compare_page *page, struct findings *out);

/* Is it one contest of series among which no setting was swept? */
bool findings_plain(const struct compare_page *page);

/* "five seeds", "three to five seeds": those of the pairs' differences. */
const char *findings_seeds(size_t n, const struct compare_pair *pair);

/* By how much the pairs differ: "7 to 12% (0.02 to 0.03 nats)"; without the share where it is not known. */
const char *findings_effect(const struct comparison *of, size_t n, const struct compare_pair *pair);

/* The same without the amount: "7 to 12%", or the amount where the share is not known. */
const char *findings_share(const struct comparison *of, size_t n, const struct compare_pair *pair);

/* "0.02 to 0.03 nats" in the metric's unit; "nats" is short for "nats/token" here. */
const char *findings_amount(const struct compare_metric *metric, double low, double high);

/* "0.01 nats", as it was given. */
const char *findings_margin(const struct comparison *of);

/* The series that the others of a contest are told against, also where all pairs were compared. */
size_t findings_baseline(const struct compare_contest *contest);

/* The pair of a against b, turned round where it was tested as b against a; false when it was not tested.  Only the
 * verdict, the difference, and the relative difference of a turned pair are its own. */
bool findings_pair(const struct comparison *of, size_t a, size_t b, struct compare_pair *pair);

#endif
