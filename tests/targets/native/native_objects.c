/* A capsule and a type whose code lies in this library, made through CPython's stable ABI, declared here
 * so that one library serves every version. */
#include <stddef.h>

struct slot {
	int slot;
	void *function;
};

struct spec { /* PyType_Spec */
	const char *name;
	int basicsize, itemsize;
	unsigned flags;
	struct slot *slots;
};

enum { TP_REPR = 66, TPFLAGS_DEFAULT = 1 << 18 }; /* Include/typeslots.h, Include/object.h */

extern void *PyCapsule_New(void *pointer, const char *name, void (*destructor)(void *));
extern void *PyType_FromSpec(struct spec *spec);
extern void *PyUnicode_FromString(const char *text);

static int table;

static void release(void *capsule)
{
	table--;
}

static void *represent(void *self)
{
	return PyUnicode_FromString("a thing");
}

void *make_capsule(void)
{
	return PyCapsule_New(&table, "native.table", release);
}

/* A capsule of memory that is not the library's, and that nothing frees. */
void *make_plain_capsule(void *pointer)
{
	return PyCapsule_New(pointer, NULL, NULL);
}

void *make_type(void)
{
	static struct slot slots[] = {{TP_REPR, (void *)represent}, {0, NULL}};
	static struct spec spec = {"native.Thing", 0, 0, TPFLAGS_DEFAULT, slots};

	return PyType_FromSpec(&spec);
}
