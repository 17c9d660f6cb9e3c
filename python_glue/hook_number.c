/* Numbers as text: int of any size, float as repr() writes it. */
#include "hook_private.h"

/* The 30-bit digits of an int, least significant first. To 3.11 the sign is that of ob_size; from
 * 3.12 on (Include/cpython/longintrepr.h) a tag holds the count and two bits of sign. */
uint64_t hook_int_digits(struct hook *h, uint64_t object, uint64_t *count, bool *negative)
{
	int64_t size = object_size(object);

	if (h->minor >= 12) {
		*count = (uint64_t)size >> 3;
		*negative = (size & 3) == 2;
		if ((size & 3) == 1)
			*count = 0;
	} else {
		*count = (uint64_t)(size < 0 ? -size : size);
		*negative = size < 0;
	}
	return object + 24;
}

/* value / 10 by the reciprocal, exact for every value: -Os would divide, at ten times the price. */
static uint64_t tenth(uint64_t value)
{
	return (uint64_t)((unsigned __int128)value * 0xcccccccccccccccd >> 67);
}

void hook_put_unsigned(struct hook_buffer *b, uint64_t value)
{
	char digits[20];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		hook_put(b, digits[--n]);
}

#define INT_DIGITS 10 /* 300 bits, 91 decimal places: what fits into a text */

/* Decimal; of a number that does not fit into a text nothing but the mark that it was cut. */
void hook_put_int(struct hook *h, struct hook_buffer *b, uint64_t object)
{
	uint32_t value[INT_DIGITS];
	char text[HOOK_TEXT_MAX];
	uint64_t n, digits, i, length = 0;
	bool negative;

	digits = hook_int_digits(h, object, &n, &negative);
	if (n > INT_DIGITS) {
		b->cut = true;
		return;
	}
	if (negative)
		hook_put(b, '-');
	for (i = 0; i < n; i++)
		value[i] = get32(digits + i * 4);
	do {
		uint64_t rest = 0;

		for (i = n; i-- > 0;) {
			rest = rest << 30 | value[i];
			value[i] = (uint32_t)tenth(rest);
			rest -= value[i] * 10ull;
		}
		text[length++] = (char)('0' + rest);
		while (n && !value[n - 1])
			n--;
	} while (n);
	while (length)
		hook_put(b, text[--length]);
}

/* --- float ----------------------------------------------------------------------------------- */

static long double power_of_ten(int power)
{
	long double ret = 1;

	while (power-- > 0)
		ret *= 10;
	return ret;
}

static long double scale(long double value, int power)
{
	return power < 0 ? value / power_of_ten(-power) : value * power_of_ten(power);
}

/* The shortest digits that read back as the same value, as repr() has them: 15 always fit, 17 always
 * do. Computed with the 64-bit mantissa of x87, which is exact for magnitudes up to 10^27 and may
 * show one digit more than repr() far beyond. Returns how many there are and where the point stands. */
static int decimal(double value, char *digits, int *point)
{
	union {
		double value;
		uint64_t bits;
	} raw = { value };
	int exponent = (int)(raw.bits >> 52) - 1023, precision, i;
	uint64_t m = 0, limit = 1000000000000000;

	*point = exponent * 30103 / 100000 + 1;
	for (precision = 15; precision <= 17; precision++, limit *= 10) {
		while (scale(value, precision - *point) >= (long double)limit - 0.5L)
			++*point;
		while (scale(value, precision - *point) < (long double)(limit / 10) - 0.5L)
			--*point;
		m = (uint64_t)(scale(value, precision - *point) + 0.5L);
		if ((double)scale(m, *point - precision) == value)
			break;
	}
	if (precision > 17)
		precision = 17;
	for (i = precision; i-- > 0; m = tenth(m))
		digits[i] = (char)(m - tenth(m) * 10);
	while (precision > 1 && !digits[precision - 1])
		precision--;
	return precision;
}

static void put_digits(struct hook_buffer *b, const char *digits, int n, int point)
{
	int i;

	if (point > -4 && point <= 16) { /* repr()'s rule, Python/pystrtod.c */
		for (i = point < 1 ? point - 1 : 0; i < n || i <= point; i++) {
			if (i == point)
				hook_put(b, '.');
			hook_put(b, (char)('0' + (i >= 0 && i < n ? digits[i] : 0)));
		}
		return;
	}
	hook_put(b, (char)('0' + digits[0]));
	for (i = 1; i < n; i++) {
		if (i == 1)
			hook_put(b, '.');
		hook_put(b, (char)('0' + digits[i]));
	}
	hook_put_ascii(b, point > 0 ? "e+" : "e-");
	i = point > 0 ? point - 1 : 1 - point;
	if (i < 10)
		hook_put(b, '0');
	hook_put_unsigned(b, (uint64_t)i);
}

void hook_put_float(struct hook_buffer *b, double value)
{
	char digits[20] = { 0 };
	int point = 1, n = 1;

	if (value != value) {
		hook_put_ascii(b, "nan");
		return;
	}
	if (__builtin_signbit(value)) {
		hook_put(b, '-');
		value = -value;
	}
	if (value > 1.7976931348623157e308) {
		hook_put_ascii(b, "inf");
		return;
	}
	if (value > 0)
		n = decimal(value, digits, &point);
	put_digits(b, digits, n, point);
}
