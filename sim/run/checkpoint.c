/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * checkpoint.c -- everything that a resumed run needs.
 *
 * Layout: struct prologue; value, m and v of all parameters; each layer's part states in order; a hash of all that.  In
 * the byte order of the machine: it is a private file of one run, not for exchange.
 */
#include <config.h>

#include "sim/run/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"

struct prologue {
	char magic[24];
	uint64_t settings; /* hash of every setting */
	uint64_t content;  /* hash of the files that the stream reads, and of a replayed routing */
	uint64_t real_size, step, params, states;
	double flops;
	char kernel[64]; /* product_kernel(), cut at what fits */
	struct recorder_place place;
};
static const char magic[24] = "moesim checkpoint 6\n";
static const char any_version[] = "moesim checkpoint ";

static uint64_t hash_settings(const struct settings *settings)
{
	uint64_t hash = TEXT_HASH_START;
	for (const struct moe_opt *row = config_rows(); row->name; row++) {
		const char *value = options_value(row, &settings->config);
		hash = text_hash_bytes(row->name, strlen(row->name) + 1, hash);
		hash = text_hash_bytes(value, strlen(value) + 1, hash);
	}
	return text_hash_bytes(settings->text, strlen(settings->text), hash);
}

/* The pieces behind the head: three slabs, then the states.  Returns their number; pieces may be NULL to count. */
static size_t body(const struct trainer *trainer, struct file_piece *piece)
{
	const struct params *params = &trainer->net.params;
	const void *slab[] = { params->value, params->m, params->v };
	size_t n = 0;
	for (; n < 3; n++)
		if (piece)
			piece[n] = (struct file_piece){ slab[n], params->n * sizeof(real) };
	for (size_t i = 0; i < trainer->net.shape.layers; i++) {
		const struct router *router = net_router(&trainer->net, i);
		for (size_t j = 0; j < sentence_parts(router->sentence); j++, n++)
			if (piece)
				piece[n] = (struct file_piece){ router->memory[j].state, router->memory[j].state_size };
	}
	return n;
}

static struct prologue prologue_of(const struct trainer *trainer)
{
	struct prologue head = { .settings = hash_settings(trainer->settings),
							 .content = trainer->stream.content ^ trainer->recording.content,
							 .real_size = sizeof(real),
							 .step = trainer->step,
							 .params = trainer->net.params.n,
							 .states = body(trainer, NULL),
							 .flops = trainer->flops };
	memcpy(head.magic, magic, sizeof magic);
	snprintf(head.kernel, sizeof head.kernel, "%s", product_kernel());
	return head;
}

/* All pieces of the file, the hash last; malloc'ed. */
static struct file_piece *pieces_of(const struct trainer *trainer, struct prologue *head, uint64_t *hash, size_t *n)
{
	*n = body(trainer, NULL) + 2;
	struct file_piece *piece = calloc(*n, sizeof *piece);
	if (piece == NULL)
		error_no_memory("a checkpoint");
	piece[0] = (struct file_piece){ head, sizeof *head };
	body(trainer, piece + 1);
	piece[*n - 1] = (struct file_piece){ hash, sizeof *hash };
	return piece;
}

int checkpoint_write(const char *path, const struct trainer *trainer, const struct recorder_place *place,
					 struct error *err)
{
	struct prologue head = prologue_of(trainer);
	uint64_t hash = TEXT_HASH_START;
	size_t n;
	head.place = *place;
	struct file_piece *piece = pieces_of(trainer, &head, &hash, &n);
	for (size_t i = 0; i + 1 < n; i++)
		hash = text_hash_bytes(piece[i].bytes, piece[i].size, hash);
	int status = file_replace_pieces(path, piece, n, err);
	free(piece);
	return status;
}

static int refuse(const char *path, const char *why, struct error *err)
{
	fail(err, ERROR_USER, "%s", why);
	return fail_at(err, path, 0, 0);
}

/* Is there a whole head of a checkpoint?  What a file is stands in its first bytes, so a short file of another kind is
 * named as what it is, not as a damaged checkpoint. */
static int check_kind(const char *path, const char *bytes, size_t size, struct error *err)
{
	size_t shown = size < sizeof any_version - 1 ? size : sizeof any_version - 1;
	if (memcmp(bytes, any_version, shown) != 0)
		return refuse(path, "not a checkpoint of moesim", err);
	return size < sizeof(struct prologue) ? refuse(path, "the checkpoint is damaged", err) : 0;
}

/* Their last digits differ, so that what goes on with others would be no run that can be had in one piece. */
static int check_kernel(const char *path, const struct prologue *head, const struct prologue *want, struct error *err)
{
	if (memchr(head->kernel, 0, sizeof head->kernel) == NULL)
		return refuse(path, "the checkpoint is damaged", err);
	if (strcmp(head->kernel, want->kernel) == 0)
		return 0;
	fail(err, ERROR_USER,
		 "the checkpoint was trained with the kernel '%s', and here it is '%s' (resume on such a processor as it was "
		 "begun on, or begin anew with --force, and --kernel=portable where processors differ)",
		 head->kernel, want->kernel);
	return fail_at(err, path, 0, 0);
}

static int check_head(const char *path, const struct prologue *head, const struct prologue *want, size_t steps,
					  struct error *err)
{
	if (memcmp(head->magic, magic, sizeof magic) != 0)
		return refuse(path, "the checkpoint was written by another version of moesim (start over with --force)", err);
	if (head->real_size != want->real_size)
		return refuse(path, "the checkpoint was written by a build of another precision", err);
	if (head->settings != want->settings || head->params != want->params || head->states != want->states)
		return refuse(path, "the checkpoint belongs to other settings (resume with the settings in manifest.json)",
					  err);
	if (head->content != want->content)
		return refuse(path,
					  "the corpus or the replayed routing has changed since the checkpoint was written (restore it, or "
					  "start over with --force)",
					  err);
	if (head->step > steps)
		return refuse(path, "the checkpoint is damaged", err);
	return check_kernel(path, head, want, err);
}

/* Copies the pieces back out of the file's bytes. */
static int take_body(const char *path, const struct trainer *trainer, const char *bytes, size_t size, struct error *err)
{
	struct prologue head;
	uint64_t hash, found;
	size_t n, at = sizeof head;
	struct file_piece *piece = pieces_of(trainer, &head, &hash, &n);
	for (size_t i = 1; i + 1 < n; i++)
		at += piece[i].size;
	bool whole = size == at + sizeof hash;
	if (whole)
		memcpy(&found, bytes + at, sizeof found);
	if (!whole || found != text_hash_bytes(bytes, at, TEXT_HASH_START)) {
		free(piece);
		return refuse(path, "the checkpoint is damaged", err);
	}
	at = sizeof head;
	for (size_t i = 1; i + 1 < n; i++) {
		if (piece[i].size)
			memcpy((void *)(uintptr_t)piece[i].bytes, bytes + at, piece[i].size);
		at += piece[i].size;
	}
	free(piece);
	return 0;
}

int checkpoint_read(const char *path, struct trainer *trainer, struct recorder_place *place, struct error *err)
{
	struct prologue head, want = prologue_of(trainer);
	char *bytes;
	size_t size;
	TRY(file_read(path, SIZE_MAX / 2, &bytes, &size, err));
	int status = check_kind(path, bytes, size, err);
	if (status == 0) {
		memcpy(&head, bytes, sizeof head);
		status = check_head(path, &head, &want, (size_t)trainer->settings->config.steps, err);
	}
	if (status == 0)
		status = take_body(path, trainer, bytes, size, err);
	if (status == 0) {
		trainer_go_to(trainer, (size_t)head.step);
		trainer->flops = head.flops;
		*place = head.place;
	}
	free(bytes);
	return status;
}
