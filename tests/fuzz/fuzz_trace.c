/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_trace.c -- any bytes as expert counts or a routing trace; what is accepted has sums that agree.
 */
#include <config.h>

#include "sim/trace/tally.h"
#include "sim/trace/trace.h"
#include "tests/fuzz/fuzz.h"

static void check_group(const struct tally *tally, const struct tally_group *group)
{
	uint64_t sum = 0;
	FUZZ_EXPECT(group->model < tally->models && group->domain < tally->domains);
	FUZZ_EXPECT(group->experts <= tally_experts(tally, group->model));
	for (uint32_t e = 0; e < group->experts; e++)
		sum += group->cell[e].count;
	FUZZ_EXPECT(sum == group->assignments);
	FUZZ_EXPECT(sum > 0 || tally->expert_limit > 0 || tally->stated[group->model] > 0);
	FUZZ_EXPECT(group->kind != TALLY_TOKENS || sum == 0 ||
				(group->tokens > 0 && group->slots <= tally_experts(tally, group->model)));
	FUZZ_EXPECT(!tally->keeps || group->choices == (group->kind == TALLY_TOKENS ? sum : 0));
}

static void check_tally(const struct tally *tally)
{
	size_t seen = 0;
	FUZZ_EXPECT(tally->groups > 0);
	for (size_t at = 0; at < tally->groups; at += tally_domains(tally, at))
		seen += tally_domains(tally, at);
	FUZZ_EXPECT(seen == tally->groups);
	for (size_t i = 0; i < tally->groups; i++)
		check_group(tally, tally->group[i]);
}

/* The bytes as one file, or as the files of two ranks. */
static void try_bytes(const uint8_t *bytes, size_t size, uint32_t experts, bool keeps, int files)
{
	static struct tally tally;
	static const struct trace_options options = { .model = "fuzz", .step = TRACE_ALL_STEPS };
	struct error err = { .code = ERROR_NONE };
	int status = 0;
	tally_open(&tally, experts);
	tally.keeps = keeps;
	for (int i = 0; status == 0 && i < files; i++)
		status = trace_read_bytes("fuzz.csv", bytes, size, &options, &tally, &err);
	if (status == 0)
		status = tally_check(&tally, false, &err);
	fuzz_check(status, &err);
	if (status == 0)
		check_tally(&tally);
	tally_close(&tally);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_bytes(bytes, size, 0, false, 1);
	try_bytes(bytes, size, 64, true, 2);
	return 0;
}
