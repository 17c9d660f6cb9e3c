/* Extension modules: the PyModuleDef lies in the library that defines it. */
#include "holders_parts.h"

#include <string.h>

static uint32_t library_by_path(const struct finder *f, uint32_t module)
{
	char path[HOLDER_NAME_MAX];

	if (!holder_name(f, holder_attribute(f->heap, module, "__file__"), path, sizeof(path)))
		return HGS_NONE;
	for (uint32_t i = 0; i < f->source->num_libraries; i++)
		if (!strcmp(f->source->paths[i], path))
			return i;
	return HGS_NONE;
}

/* Modules built into the interpreter have their definition there, and hold no library open. */
struct hg_error *holder_module(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_MODULE };
	const struct py_holders_source *s = f->source;
	uint64_t definition = 0;

	if (s->layout->module_def != PY_ABSENT &&
	    memory_read_u64(s->memory, f->heap->addr[object] + (uint64_t)s->layout->module_def,
			    &definition))
		return NULL;
	holder.library = library_by_address(s, definition);
	if (holder.library == HGS_NONE)
		holder.library = library_by_path(f, object);
	if (holder.library == HGS_NONE ||
	    s->libraries[holder.library].flags & (HGS_LIB_PYTHON | HGS_LIB_MAIN))
		return NULL;
	holder.handle = s->libraries[holder.library].handle;
	return holder_add(f, &holder);
}
