/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * seed.c -- named random streams from one seed: Philox4x32-10 (Salmon et al. 2011) through Random123.
 */
#include <config.h>

#include <moesim/kit.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"

/* FNV-1a leaves the upper bits of short names alike; MurmurHash3's finalizer makes every bit depend on every byte. */
static uint64_t mix(uint64_t hash)
{
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ (hash >> 33);
}

/* The seed goes in byte by byte, lowest first, so that big-endian machines draw the same numbers. */
static uint64_t stream_key(uint64_t seed, const char *name)
{
	unsigned char bytes[8];
	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(seed >> (8 * i));
	return mix(text_hash_bytes(name, strlen(name), text_hash_bytes(bytes, sizeof bytes, TEXT_HASH_START)));
}

struct moe_rng seed_stream(uint64_t seed, const char *name, uint64_t index)
{
	uint64_t key = stream_key(seed, name);
	return (struct moe_rng){
		.key = { (uint32_t)key, (uint32_t)(key >> 32) },
		.counter = { 0, 0, (uint32_t)index, (uint32_t)(index >> 32) },
		.used = 4,
	};
}

void seed_skip(struct moe_rng *rng, uint64_t n)
{
	for (; n > 0 && rng->used < 4; n--)
		moe_bits(rng);
	uint64_t block = ((uint64_t)rng->counter[1] << 32 | rng->counter[0]) + n / 4;
	rng->counter[0] = (uint32_t)block;
	rng->counter[1] = (uint32_t)(block >> 32);
	for (n %= 4; n > 0; n--)
		moe_bits(rng);
}

static void rng_set(void *state, unsigned long seed)
{
	*(struct moe_rng *)state = seed_stream(seed, "gsl", 0);
}

static unsigned long rng_get(void *state)
{
	return moe_bits(state);
}

/* 27 bits of one word above 26 of the next: 53 bits, all that a double in [0, 1) holds evenly. */
static double rng_get_double(void *state)
{
	uint64_t high = moe_bits(state) >> 5, low = moe_bits(state) >> 6;
	return (double)(high << 26 | low) * 0x1p-53;
}

static const gsl_rng_type philox_type = {
	.name = "philox4x32-10",
	.max = UINT32_MAX,
	.min = 0,
	.size = sizeof(struct moe_rng),
	.set = rng_set,
	.get = rng_get,
	.get_double = rng_get_double,
};

const gsl_rng_type *const seed_rng_type = &philox_type;

void seed_open(gsl_rng *rng, uint64_t seed, const char *name, uint64_t index)
{
	if (rng->type != seed_rng_type)
		BUG("seed_open() of a generator of another type");
	*(struct moe_rng *)rng->state = seed_stream(seed, name, index);
}
