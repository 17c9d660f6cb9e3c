/* libcodec.so: one function, so that a sample has something to call. */
#include <stddef.h>
#include <stdint.h>

uint32_t codec_checksum(const uint8_t *data, size_t size)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < size; i++) {
		a = (a + data[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}
