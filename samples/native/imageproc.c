/* libimageproc.so: one function, so that a sample has something to call. */
#include <stddef.h>
#include <stdint.h>

uint32_t imageproc_brightness(const uint8_t *pixels, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += pixels[i];
	return count ? (uint32_t)(sum / count) : 0;
}
