/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * text_numbers.c -- numbers: parsing and printing, whatever the locale.
 */
#include <config.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/text.h"

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
