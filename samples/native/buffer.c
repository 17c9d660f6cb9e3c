/* libbuffer.so: memory of its own, by the address of the block. */
#include <stdlib.h>

void *buffer_allocate(size_t size)
{
	return malloc(size);
}

void buffer_free(void *buffer)
{
	free(buffer);
}
