/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * text_names.c -- names that may be used as file names, and hashes of text.
 */
#include <config.h>

#include <string.h>

#include "sim/base/text.h"

bool text_is_name(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._=,+-";
	size_t length = strspn(text, allowed);
	return text[length] == 0 && length >= 1 && length <= 200 && text[0] != '.' && text[0] != '-';
}

uint64_t text_hash_bytes(const void *bytes, size_t n, uint64_t start)
{
	const unsigned char *byte = bytes;
	for (size_t i = 0; i < n; i++)
		start = (start ^ byte[i]) * UINT64_C(0x100000001b3);
	return start;
}

uint64_t text_hash(const char *text)
{
	return text_hash_bytes(text, strlen(text), TEXT_HASH_START);
}
