/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * text.c -- words and numbers: parsing, printing, suggesting.
 */
#include <config.h>

#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/text.h"

/* ---- parsing ------------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A decimal number taken apart: sign, digits without their point, and the power of ten that belongs to them. */
struct decimal {
	bool negative, zero;
	const char *digits, *digits_end; /* with the point in between */
	int power;                       /* of the last digit; held within +-POWER_LIMIT */
	const char *end;                 /* what follows the number */
};

enum { POWER_LIMIT = 1000000 };

static const char *scan_exponent(const char *at, int *power)
{
	if (*at != 'e' && *at != 'E')
		return at;
	const char *digit = at + 1;
	bool negative = *digit == '-';
	if (*digit == '-' || *digit == '+')
		digit++;
	if (!is_digit(*digit))
		return at;
	int value = 0;
	for (; is_digit(*digit); digit++)
		value = value < POWER_LIMIT ? 10 * value + (*digit - '0') : value;
	*power += negative ? -value : value;
	return digit;
}

/* -?[0-9]*[.][0-9]*([eE][+-]?[0-9]+)?, with at least one digit before the exponent. */
static bool scan_decimal(const char *text, struct decimal *number)
{
	bool point = false;
	size_t count = 0, after = 0;
	number->negative = *text == '-';
	number->zero = true;
	number->digits = text += number->negative;
	for (; is_digit(*text) || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		count++;
		after += point;
		number->zero = number->zero && *text == '0';
	}
	number->digits_end = text;
	number->power = after < POWER_LIMIT ? -(int)after : -POWER_LIMIT;
	number->end = scan_exponent(text, &number->power);
	return count > 0;
}

/* The C locale, whatever setlocale() was told; freed by the C library. */
static locale_t c_locale(void)
{
	static locale_t held;
	if (held == (locale_t)0)
		held = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (held == (locale_t)0)
		error_no_memory("the C locale");
	return held;
}

bool text_to_real(const char *text, double *out)
{
	struct decimal number;
	if (!scan_decimal(text, &number) || *number.end != 0)
		return false;
	double value = strtod_l(text, NULL, c_locale());
	if (!isfinite(value) || (value == 0 && !number.zero))
		return false;
	*out = value;
	return true;
}

static int suffix_power(const char *suffix)
{
	static const struct {
		const char *suffix;
		int power;
	} known[] = { { "", 0 }, { "k", 3 }, { "M", 6 }, { "G", 9 } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(suffix, known[i].suffix) == 0)
			return known[i].power;
	return -1;
}

static bool append_digit(int64_t *value, int digit)
{
	return !__builtin_mul_overflow(*value, 10, value) && !__builtin_add_overflow(*value, digit, value);
}

/* digits * 10^power, exactly.  Digits are added with their sign, so that INT64_MIN is reached. */
static bool whole_value(const struct decimal *number, int power, int64_t *out)
{
	int64_t value = 0;
	for (const char *c = number->digits; c < number->digits_end; c++)
		if (*c != '.' && !append_digit(&value, number->negative ? '0' - *c : *c - '0'))
			return false;
	for (; value != 0 && power > 0; power--)
		if (!append_digit(&value, 0))
			return false;
	for (; value != 0 && power < 0; power++, value /= 10)
		if (value % 10 != 0)
			return false;
	*out = value;
	return true;
}

bool text_to_int(const char *text, int64_t *out)
{
	struct decimal number;
	if (!scan_decimal(text, &number))
		return false;
	int suffix = suffix_power(number.end);
	return suffix >= 0 && whole_value(&number, number.power + suffix, out);
}

/* ---- printing ------------------------------------------------------------------------------------------------ */

static void print_digits(char buffer[TEXT_NUMBER], int digits, double value)
{
	locale_t before = uselocale(c_locale());
	snprintf(buffer, TEXT_NUMBER, "%.*g", digits, value);
	uselocale(before);
}

static void print_decimals(char buffer[TEXT_NUMBER], int decimals, double value)
{
	locale_t before = uselocale(c_locale());
	snprintf(buffer, TEXT_NUMBER, "%.*f", decimals, value);
	uselocale(before);
}

static const char *print_special(double value, char buffer[TEXT_NUMBER])
{
	strcpy(buffer, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
	return buffer;
}

/* Any decimal of up to DBL_DIG digits survives the way to a double and back, so trying DBL_DIG digits finds it (%g
 * drops the zeros) and shorter ones need no try.  Subnormal numbers have fewer digits and are tried from one. */
const char *text_of_double(double value, char buffer[TEXT_NUMBER])
{
	if (!isfinite(value))
		return print_special(value, buffer);
	int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	for (; digits <= DBL_DECIMAL_DIG; digits++) {
		print_digits(buffer, digits, value);
		if (strtod_l(buffer, NULL, c_locale()) == value)
			break;
	}
	return buffer;
}

const char *text_of_float(float value, char buffer[TEXT_NUMBER])
{
	if (!isfinite(value))
		return print_special((double)value, buffer);
	int digits = fabsf(value) < FLT_MIN ? 1 : FLT_DIG;
	for (; digits <= FLT_DECIMAL_DIG; digits++) {
		print_digits(buffer, digits, (double)value);
		if (strtof_l(buffer, NULL, c_locale()) == value)
			break;
	}
	return buffer;
}

/* Divides by 1000 until what is printed without decimals stays below 1000; returns how often, at most `steps`. */
static int scale_down(double *value, int steps)
{
	int times = 0;
	for (; times < steps && fabs(*value) >= 999.5; times++)
		*value /= 1000;
	return times;
}

const char *text_of_count(double value, char buffer[TEXT_NUMBER])
{
	static const char *const unit[] = { "", " k", " M", " G", " T", " P", " E" };
	if (!isfinite(value))
		return print_special(value, buffer);
	int times = scale_down(&value, 6);
	double size = fabs(value);
	if (size >= 999.5 || (times == 0 && (size < 1 || value == floor(value))))
		print_digits(buffer, 3, value);
	else
		print_decimals(buffer, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2, value);
	return strcat(buffer, unit[times]);
}

const char *text_of_bytes(double bytes, char buffer[TEXT_NUMBER])
{
	static const char *const unit[] = { " B", " kB", " MB", " GB", " TB", " PB", " EB" };
	if (!isfinite(bytes))
		return print_special(bytes, buffer);
	int times = scale_down(&bytes, 6);
	double size = fabs(bytes);
	if (size >= 999.5)
		print_digits(buffer, 3, bytes);
	else
		print_decimals(buffer, times == 0 || size >= 99.95 ? 0 : 1, bytes);
	return strcat(buffer, unit[times]);
}

/* ---- suggesting ---------------------------------------------------------------------------------------------- */

enum { WORD = 64 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;
	return least < c ? least : c;
}

/* Optimal string alignment: insert, delete, replace, swap two neighbours (Damerau 1964; Wagner and Fischer 1974). */
unsigned text_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	if (n > WORD || m > WORD)
		return UINT_MAX;
	unsigned rows[3][WORD + 1], *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[m];
}

/* Lower case, '-' for '_': what a hurried hand confuses does not count as a difference. */
static bool fold(const char *from, char to[WORD + 1])
{
	size_t n = strlen(from);
	if (n > WORD)
		return false;
	for (size_t i = 0; i <= n; i++)
		to[i] = (char)(from[i] == '_' ? '-' : from[i] >= 'A' && from[i] <= 'Z' ? from[i] + 32 : from[i]);
	return true;
}

/* The only word that begins with what was typed, for "aux" of "aux-loss". */
static const char *completion(const char *folded, const char *const *words)
{
	const char *found = NULL;
	char other[WORD + 1];
	for (size_t n = strlen(folded); n >= 3 && *words != NULL; words++) {
		if (!fold(*words, other) || strncmp(folded, other, n) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = *words;
	}
	return found;
}

const char *text_nearest(const char *word, const char *const *words)
{
	char typed[WORD + 1], other[WORD + 1];
	if (!fold(word, typed))
		return NULL;
	const char *best = NULL;
	unsigned least = UINT_MAX;
	for (size_t i = 0; words[i] != NULL; i++) {
		unsigned distance = fold(words[i], other) ? text_distance(typed, other) : UINT_MAX;
		if (distance < least) {
			least = distance;
			best = words[i];
		}
	}
	/* A word of one or two letters is one letter away from every other such word: that says nothing. */
	size_t length = strlen(typed), allowed = length < 3 ? 0 : length < 6 ? 1 : length / 3;
	if (least <= allowed)
		return best;
	return completion(typed, words);
}

/* ---- keeping ------------------------------------------------------------------------------------------------- */

struct kept {
	struct kept *next;
	uint64_t hash;
	size_t length;
	_Alignas(max_align_t) char text[];
};

static struct {
	struct kept **slot; /* [slots], a power of two */
	size_t slots, count;
} keeper;

static void keeper_free(void)
{
	for (size_t i = 0; i < keeper.slots; i++)
		for (struct kept *k = keeper.slot[i], *next; k != NULL; k = next) {
			next = k->next;
			free(k);
		}
	free(keeper.slot);
	memset(&keeper, 0, sizeof keeper);
}

static void keeper_grow(void)
{
	size_t slots = keeper.slots == 0 ? 256 : 2 * keeper.slots;
	struct kept **slot = calloc(slots, sizeof *slot);
	if (slot == NULL)
		error_no_memory("a table of texts");
	for (size_t i = 0; i < keeper.slots; i++)
		for (struct kept *k = keeper.slot[i], *next; k != NULL; k = next) {
			next = k->next;
			k->next = slot[k->hash & (slots - 1)];
			slot[k->hash & (slots - 1)] = k;
		}
	if (keeper.slots == 0)
		atexit(keeper_free);
	free(keeper.slot);
	keeper.slot = slot;
	keeper.slots = slots;
}

const char *text_keep_n(const char *text, size_t length)
{
	if (keeper.count >= keeper.slots)
		keeper_grow();
	uint64_t hash = text_hash_bytes(text, length, TEXT_HASH_START);
	struct kept **slot = &keeper.slot[hash & (keeper.slots - 1)];
	for (struct kept *k = *slot; k != NULL; k = k->next)
		if (k->hash == hash && k->length == length && memcmp(k->text, text, length) == 0)
			return k->text;
	struct kept *fresh = malloc(sizeof *fresh + length + 1);
	if (fresh == NULL)
		error_no_memory("a text");
	*fresh = (struct kept){ .next = *slot, .hash = hash, .length = length };
	memcpy(fresh->text, text, length);
	fresh->text[length] = 0;
	*slot = fresh;
	keeper.count++;
	return fresh->text;
}

const char *text_keep(const char *text)
{
	return text_keep_n(text, strlen(text));
}

const char *text_keep_v(const char *format, va_list args)
{
	char *text;
	int length = vasprintf(&text, format, args);
	if (length < 0)
		error_no_memory("a text");
	const char *kept = text_keep_n(text, (size_t)length);
	free(text);
	return kept;
}

const char *text_keep_f(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *kept = text_keep_v(format, args);
	va_end(args);
	return kept;
}

/* ---- names and hashes ---------------------------------------------------------------------------------------- */

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
