/* Capsules: a pointer that C code hands to other C code, with a function that frees it
 * (Objects/capsule.c; offsets the same in 3.8 to 3.14). */
#include "holders_parts.h"

enum { CAPSULE_POINTER = 16, CAPSULE_NAME_MAX = 256 };

/* What of it lies in a library keeps that from being unloaded: the destructor is called when the
 * capsule goes. A destructor in no library at all is noted too: it may have been in one. */
static struct hg_error *hold(struct finder *f, const struct hgs_capsule *capsule)
{
	struct hgs_holder holder = { .object = capsule->object, .kind = HGS_HOLDER_CAPSULE,
				     .library = capsule->destructor_in };
	struct hg_error *error = NULL;

	if (holder_is_address(capsule->destructor) &&
	    (holder.library == HGS_NONE || library_is_foreign(f->source, holder.library))) {
		holder.code = capsule->destructor;
		error = holder_add(f, &holder);
		if (capsule->points_into == capsule->destructor_in)
			return error;
	}
	holder.code = 0;
	holder.library = capsule->points_into;
	if (!error && library_is_foreign(f->source, holder.library))
		error = holder_add(f, &holder);
	return error;
}

/* The name is C's: it may be gone with its library, and something else be there. Names are those of
 * attributes of modules, so that text of another kind is none. */
static bool read_name(const struct finder *f, uint64_t address, char *name, size_t size)
{
	if (!address || memory_read_string(f->source->memory, address, name, size))
		return false;
	for (const char *at = name; *at; at++)
		if (*at < ' ' || *at > '~')
			return false;
	return name[0];
}

struct hg_error *holder_capsule(struct finder *f, uint32_t object)
{
	const struct memory *memory = f->source->memory;
	struct hgs_capsule capsule = { .object = object };
	uint64_t fields[4]; /* pointer, name, context, destructor */
	char name[CAPSULE_NAME_MAX];
	struct hg_error *error = NULL;

	if (memory_read(memory, f->heap->addr[object] + CAPSULE_POINTER, fields, sizeof(fields)))
		return NULL;
	capsule.pointer = fields[0];
	capsule.destructor = fields[3];
	capsule.points_into = library_by_address(f->source, capsule.pointer);
	capsule.destructor_in = library_by_address(f->source, capsule.destructor);
	if (read_name(f, fields[1], name, sizeof(name)))
		error = f->source->string(f->source->context, name, &capsule.name);
	if (!error)
		error = hold(f, &capsule);
	return error ? error : capsule_add(f, &capsule);
}
