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
	FUZZ_EXPECT(sum == group->assignments && sum > 0);
	FUZZ_EXPECT(group->kind != TALLY_TOKENS ||
				(group->tokens > 0 && group->slots <= tally_experts(tally, group->model)));
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct tally tally;
	static const struct trace_options options = { .model = "fuzz", .step = TRACE_ALL_STEPS };
	struct error err = { .code = ERROR_NONE };
	tally_open(&tally, 0);
	int status = trace_read_bytes("fuzz.csv", bytes, size, &options, &tally, &err);
	if (status == 0)
		status = tally_check(&tally, false, &err);
	fuzz_check(status, &err);
	if (status == 0)
		check_tally(&tally);
	tally_close(&tally);
	return 0;
}
