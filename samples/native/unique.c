/* libunique.so: has a symbol that is unique in the process, as the static variables of C++ templates
 * and inline functions are (STB_GNU_UNIQUE). In assembly as a whole: clang's assembler lets no symbol
 * change its binding from unique to the global one that a variable of C has. */
__asm__(".pushsection .bss\n"
	"	.balign 4\n"
	"	.type unique_counter, @gnu_unique_object\n"
	"	.size unique_counter, 4\n"
	"unique_counter:\n"
	"	.zero 4\n"
	"	.popsection\n");

extern int unique_counter;

int unique_next(void)
{
	return ++unique_counter;
}
