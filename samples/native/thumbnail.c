/* libthumbnail.so: one function, so that a sample has something to call. */
#include <stdint.h>

uint32_t thumbnail_width(uint32_t width, uint32_t height, uint32_t limit)
{
	uint32_t longest = width > height ? width : height;

	return longest > limit ? (uint32_t)((uint64_t)width * limit / longest) : width;
}
