/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_checkpoint.c -- any bytes as a checkpoint; and a real one, changed as the bytes say, with the hash that then
 * belongs to it, so that what is behind the hash is tried, too.
 */
#include <config.h>

#include <stdio.h>
#include <unistd.h>

#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/run/checkpoint.h"
#include "strategies/catalog.h"
#include "tests/fuzz/fuzz.h"

static const struct assignment smallest[] = {
	{ "strategy", "bias balance=bias,rate=0.1+aux,scope=running,buffer=2" },
	{ "width", "2" },
	{ "heads", "1" },
	{ "experts", "2" },
	{ "top-k", "1" },
	{ "expert-width", "1" },
	{ "stream", "uniform,vocabulary=2" },
	{ "batch", "3" },
	{ "seq-length", "5" },
	{ "steps", "12" },
	{ "warmup", "4" },
	{ "eval-tokens", "40" },
};

static struct settings settings;
static char path[64], *whole;
static size_t whole_size;

static void open_trainer(struct trainer *trainer)
{
	struct error err = { .code = ERROR_NONE };
	FUZZ_EXPECT(trainer_open(trainer, &settings, &err) == 0);
}

/* The checkpoint of a run of two steps. */
static void make_checkpoint(void)
{
	struct trainer trainer;
	struct recorder_place place = { .file = { { .size = 0 } } };
	struct step_log log;
	struct error err = { .code = ERROR_NONE };
	snprintf(path, sizeof path, "/tmp/fuzz-checkpoint.%ld", (long)getpid());
	catalog_use(strategy_parts, strategy_recipes);
	FUZZ_EXPECT(settings_resolve(smallest, sizeof smallest / sizeof *smallest, &settings, &err) == 0);
	open_trainer(&trainer);
	for (int i = 0; i < 2; i++)
		trainer_step(&trainer, false, &log);
	FUZZ_EXPECT(checkpoint_write(path, &trainer, &place, &err) == 0);
	FUZZ_EXPECT(file_read(path, 1 << 20, &whole, &whole_size, &err) == 0);
	trainer_close(&trainer);
}

/* What is accepted has a step of its run; returns whether it was. */
static bool try_bytes(const void *bytes, size_t size)
{
	struct trainer trainer;
	struct recorder_place place;
	struct error err = { .code = ERROR_NONE };
	FILE *to = fopen(path, "wb");
	FUZZ_EXPECT(to && fwrite(bytes, 1, size, to) == size && fclose(to) == 0);
	open_trainer(&trainer);
	int status = checkpoint_read(path, &trainer, &place, &err);
	unlink(path);
	fuzz_check(status, &err);
	FUZZ_EXPECT(status != 0 || trainer.step <= (size_t)settings.config.steps);
	trainer_close(&trainer);
	return status == 0;
}

/* Three bytes each: where, and what is exchanged. */
static void try_changed(const uint8_t *bytes, size_t size)
{
	char *changed = (char *)malloc(whole_size);
	size_t hashed = whole_size - sizeof(uint64_t);
	FUZZ_EXPECT(changed);
	memcpy(changed, whole, whole_size);
	for (size_t i = 0; i + 2 < size; i += 3)
		changed[(bytes[i] | (size_t)bytes[i + 1] << 8) % hashed] ^= (char)bytes[i + 2];
	bool same = memcmp(changed, whole, whole_size) == 0;
	FUZZ_EXPECT(try_bytes(changed, whole_size) == same); /* the hash is that of other bytes */
	uint64_t hash = text_hash_bytes(changed, hashed, TEXT_HASH_START);
	memcpy(changed + hashed, &hash, sizeof hash);
	try_bytes(changed, whole_size);
	free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (whole == NULL)
		make_checkpoint();
	try_bytes(bytes, size);
	try_changed(bytes, size);
	return 0;
}
