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

static void put_hex(struct hook_buffer *b, uint64_t digits, uint64_t n)
{
	int64_t bit = (int64_t)n * 30 - 1;
	uint32_t nibble;
	bool started = false;

	hook_put_ascii(b, "0x");
	for (bit -= bit % 4; bit >= 0 && !b->cut; bit -= 4) {
		unsigned at = bit % 30;

		nibble = get32(digits + (uint64_t)bit / 30 * 4) >> at & 15;
		if (at > 26 && (uint64_t)bit / 30 + 1 < n)
			nibble |= get32(digits + ((uint64_t)bit / 30 + 1) * 4) << (30 - at) & 15;
		started |= nibble != 0;
		if (started)
			hook_put(b, (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10));
	}
}

/* Decimal where it fits into a text, else hexadecimal, cut. */
void hook_put_int(struct hook *h, struct hook_buffer *b, uint64_t object)
{
	uint32_t value[INT_DIGITS], part[INT_DIGITS * 30 / 29 + 1], parts = 0;
	uint64_t n, digits, i;
	bool negative;

	digits = hook_int_digits(h, object, &n, &negative);
	if (negative)
		hook_put(b, '-');
	if (n > INT_DIGITS) {
		put_hex(b, digits, n);
		return;
	}
	for (i = 0; i < n; i++)
		value[i] = get32(digits + i * 4);
	while (n) {
		uint64_t rest = 0;

		for (i = n; i-- > 0;) {
			rest = rest << 30 | value[i];
			value[i] = (uint32_t)(rest / 1000000000);
			rest %= 1000000000;
		}
		part[parts++] = (uint32_t)rest;
		while (n && !value[n - 1])
			n--;
	}
	hook_put_unsigned(b, parts ? part[parts - 1] : 0);
	while (parts > 1) {
		uint32_t rest = part[--parts - 1], scale;

		for (scale = 100000000; scale; scale /= 10)
			hook_put(b, (char)('0' + rest / scale % 10));
	}
}

/* --- float: shortest digits that read back as the same value --------------------------------- */

#define BIG_WORDS 72 /* 2^1075 * 10^17 and more */

struct big {
	uint32_t n, word[BIG_WORDS];
};

static void big_multiply(struct big *a, uint32_t factor)
{
	uint64_t carry = 0;
	uint32_t i;

	for (i = 0; i < a->n; i++) {
		carry += (uint64_t)a->word[i] * factor;
		a->word[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		a->word[a->n++] = (uint32_t)carry;
}

static void big_shifted(struct big *a, uint64_t value, unsigned bits)
{
	uint32_t i;

	a->n = bits / 32 + 3;
	for (i = 0; i < a->n; i++)
		a->word[i] = 0;
	bits %= 32;
	a->word[a->n - 3] = (uint32_t)(value << bits);
	a->word[a->n - 2] = (uint32_t)(value << bits >> 32);
	a->word[a->n - 1] = bits ? (uint32_t)(value >> (64 - bits)) : 0;
	while (a->n && !a->word[a->n - 1])
		a->n--;
}

static void big_power_of_ten(struct big *a, int power)
{
	for (; power >= 9; power -= 9)
		big_multiply(a, 1000000000);
	for (; power > 0; power--)
		big_multiply(a, 10);
}

/* The sign of a + c - b, c may be NULL. */
static int big_compare(const struct big *a, const struct big *c, const struct big *b)
{
	uint32_t n = a->n > b->n ? a->n : b->n, i;
	int64_t above = 0;

	if (c && c->n > n)
		n = c->n;
	/* From the top: more than one unit ahead or behind settles it. */
	for (i = n; i-- > 0;) {
		above = above * 4294967296 + (i < a->n ? a->word[i] : 0) - (i < b->n ? b->word[i] : 0);
		above += c && i < c->n ? c->word[i] : 0;
		if (above > 1 || above < -2)
			return above > 0 ? 1 : -1;
	}
	return above > 0 ? 1 : above < 0 ? -1 : 0;
}

static void big_subtract(struct big *a, const struct big *b)
{
	int64_t borrow = 0;
	uint32_t i;

	for (i = 0; i < a->n; i++) {
		borrow += (int64_t)a->word[i] - (i < b->n ? b->word[i] : 0);
		a->word[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	while (a->n && !a->word[a->n - 1])
		a->n--;
}

/* Steele and White's, with the scaling of Dybvig and Burger: value = mantissa * 2^exponent. Fills
 * `digits`, returns their count and where the decimal point stands. */
static unsigned shortest(uint64_t mantissa, int exponent, char *digits, int *point)
{
	bool edge = mantissa == 1ull << 52, even = !(mantissa & 1), low, high;
	int up = exponent > 0 ? exponent : 0, down = exponent < 0 ? -exponent : 0;
	unsigned extra = edge ? 2 : 1, n = 0, digit;
	struct big r, s, above, below;

	big_shifted(&r, mantissa, (unsigned)up + extra);
	big_shifted(&s, 1, (unsigned)down + extra);
	big_shifted(&above, 1, (unsigned)up + extra - 1);
	big_shifted(&below, 1, (unsigned)up);
	*point = (int)((exponent + 63 - __builtin_clzll(mantissa)) * 30103LL / 100000);
	big_power_of_ten(&s, *point);
	big_power_of_ten(&r, -*point);
	big_power_of_ten(&above, -*point);
	big_power_of_ten(&below, -*point);
	while (big_compare(&r, &above, &s) >= (even ? 0 : 1)) {
		big_multiply(&s, 10);
		++*point;
	}
	for (;;) {
		big_multiply(&r, 10);
		big_multiply(&above, 10);
		big_multiply(&below, 10);
		for (digit = 0; big_compare(&r, NULL, &s) >= 0; digit++)
			big_subtract(&r, &s);
		low = big_compare(&r, NULL, &below) < (even ? 1 : 0);
		high = big_compare(&r, &above, &s) > (even ? -1 : 0);
		if (low || high || n == 17)
			break;
		digits[n++] = (char)digit;
	}
	digits[n++] = (char)(digit + (high && (!low || big_compare(&r, &r, &s) > 0)));
	return n;
}

/* Most floats of real programs are short decimals: m / 10^k with m below 2^53 is exactly rounded,
 * so the first k that gives the value back is the shortest way to write it. */
static unsigned short_decimal(double value, char *digits, int *point)
{
	double scale = 1;
	uint64_t m;
	int k;
	unsigned n = 0, i;

	for (k = 0; k <= 15; k++, scale *= 10) {
		if (value * scale >= 9007199254740992.0)
			return 0;
		m = (uint64_t)(value * scale + 0.5);
		if ((double)m / scale != value)
			continue;
		for (; m; m /= 10)
			digits[n++] = (char)(m % 10);
		for (i = 0; i < n / 2; i++) {
			char c = digits[i];

			digits[i] = digits[n - 1 - i];
			digits[n - 1 - i] = c;
		}
		*point = (int)n - k;
		return n;
	}
	return 0;
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
	union {
		double value;
		uint64_t bits;
	} raw = { value };
	int exponent = (int)(raw.bits >> 52 & 0x7ff), point = 0;
	uint64_t mantissa = raw.bits & ((1ull << 52) - 1);
	char digits[20];
	unsigned n;

	if (exponent == 0x7ff && mantissa) {
		hook_put_ascii(b, "nan");
		return;
	}
	if (raw.bits >> 63)
		hook_put(b, '-');
	if (exponent == 0x7ff) {
		hook_put_ascii(b, "inf");
		return;
	}
	if (!exponent && !mantissa) {
		hook_put_ascii(b, "0.0");
		return;
	}
	n = short_decimal(value < 0 ? -value : value, digits, &point);
	if (!n && exponent)
		n = shortest(mantissa | 1ull << 52, exponent - 1075, digits, &point);
	else if (!n)
		n = shortest(mantissa, -1074, digits, &point);
	while (n > 1 && !digits[n - 1])
		n--;
	put_digits(b, digits, (int)n, point);
}
