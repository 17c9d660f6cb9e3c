/* Handles that a program keeps for itself, as dlopen() called by hand returns them: ints, and void
 * pointers of cffi, whose value is the address of a link map. That they are handles is inferred from
 * the value. What an owner has in its _handle is that owner's, and no holder of its own.
 *
 * A heap may have millions of ints. The text that the walk has made of one tells at once that it is
 * another number; only where it does not is the object itself read. */
#include "holders_parts.h"

#include <string.h>

static struct hg_error *learn_own(struct finder *f, uint32_t library)
{
	uint32_t handle = holder_attribute(f->heap, library, "_handle");

	return handle == HGS_NONE ? NULL : set_add(&f->own, handle);
}

struct hg_error *integers_prepare(struct finder *f)
{
	struct hg_error *error = NULL;

	for (uint32_t i = 0; !error && i < f->source->num_libraries; i++)
		if (f->source->libraries[i].handle)
			error = set_add(&f->handles, f->source->libraries[i].handle);
	if (!error)
		error = for_each(f, ROLE_CTYPES_LIBRARY, learn_own);
	set_sort(&f->handles);
	set_sort(&f->own);
	if (f->handles.count)
		f->handle_digits = (size_t)snprintf(NULL, 0, "%llu",
						    (unsigned long long)f->handles.item[0]);
	return error;
}

struct hg_error *holder_maybe_handle(struct finder *f, uint32_t object)
{
	const char *text = snapshot_text(f->heap, object);

	/* Most numbers of a program are far smaller than an address. */
	if (*text && strnlen(text, f->handle_digits) < f->handle_digits)
		return NULL;
	return *text && !set_has(&f->handles, strtoull(text, NULL, 10)) ? NULL : peek_at(f, object);
}

struct hg_error *holder_pointer(struct finder *f, uint32_t object, uint64_t value)
{
	struct hgs_holder holder = { .handle = value, .object = object,
				     .kind = HGS_HOLDER_INTEGER };

	if (!set_has(&f->handles, value))
		return NULL;
	holder.library = library_by_handle(f->source, value);
	return holder_add(f, &holder);
}

struct hg_error *holder_integer(struct finder *f, uint32_t object, const uint64_t words[2])
{
	uint64_t value;

	if (set_has(&f->own, object) || int_value(f->source->layout, words, &value))
		return NULL;
	return holder_pointer(f, object, value);
}
