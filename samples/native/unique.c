/* libunique.so: has a symbol that is unique in the process, as the static variables of C++ templates
 * and inline functions are (STB_GNU_UNIQUE). */
int unique_counter;
__asm__(".type unique_counter, @gnu_unique_object");

int unique_next(void)
{
	return ++unique_counter;
}
