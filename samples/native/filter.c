/* libfilter.so: one function, so that a sample has something to call. */
#include <stdint.h>

int32_t filter_clamp(int32_t value, int32_t low, int32_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}
