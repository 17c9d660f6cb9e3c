/* Calibration of struct link_map (include/link.h of glibc). Distances from the anchors, established
 * by experiment on glibc 2.31, 2.36, 2.41 and 2.43, x86-64:
 *   l_direct_opencount = l_phdr + 112 = l_gnu_bitmask + 24
 *   l_phdr is the address of the program headers, l_gnu_bitmask that of the GNU hash table + 16
 *   l_initfini: the first word behind the count that points to an array that begins with this map
 *   l_reldeps: 8 or 16 bytes behind l_initfini
 *   l_tls_dtor_count: the word before l_relro_addr, l_relro_size (p_vaddr, p_memsz) */
#include "calibrate.h"

#include <string.h>

enum { PHDR_TO_COUNT = 112, BITMASK_TO_COUNT = 24, HASH_TO_BITMASK = 16, PUBLIC_PART = 40 };
enum { MAX_RELDEPS = 1 << 16 };

/* The offset of the only word equal to `value`, from `from` on; -1 where there is none or two. */
static int find_word(const struct linkmap_view *view, int from, uint64_t value)
{
	int found = -1;

	for (int i = from; value && (size_t)i + 8 <= view->size; i += 8) {
		if (linkmap_word(view, i) != value)
			continue;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

/* Every anchor of every map must lead to the same place, and both kinds must be there: musl's
 * struct dso has the program headers in it too, but neither the GNU hash table's bitmask nor a
 * count. */
static void find_open_count(const struct linkmap_view *views, size_t count,
			    struct linkmap_offsets *ret)
{
	bool both = false;
	int agreed = -1;

	for (size_t i = 0; i < count; i++) {
		int phdr = find_word(&views[i], PUBLIC_PART, views[i].phdr);
		int bitmask = views[i].gnu_hash ? find_word(&views[i], PUBLIC_PART,
							    views[i].gnu_hash + HASH_TO_BITMASK) :
						  -1;
		int votes[] = { phdr < 0 ? -1 : phdr + PHDR_TO_COUNT,
				bitmask < 0 ? -1 : bitmask + BITMASK_TO_COUNT };

		both |= phdr >= 0 && bitmask >= 0;
		for (unsigned v = 0; v < 2; v++) {
			if (votes[v] < 0)
				continue;
			if (agreed >= 0 && votes[v] != agreed) {
				ret->why = "link maps disagree about where this C library keeps them";
				return;
			}
			agreed = votes[v];
		}
	}
	if (!both)
		ret->why = "this C library keeps none where glibc does";
	else
		ret->open_count = agreed;
}

static void find_initfini(const struct linkmap_view *views, size_t count, linkmap_reader *read,
			  void *context, struct linkmap_offsets *ret)
{
	for (size_t i = 0; i < count; i++) {
		const struct linkmap_view *view = &views[i];

		for (int o = (ret->open_count + 15) & ~7; (size_t)o + 8 <= view->size; o += 8) {
			uint64_t pointer = linkmap_word(view, o), first;

			if (!pointer || !read(context, pointer, &first) || first != view->address)
				continue;
			/* A map without dependencies has no list and may meet a later word. */
			if (ret->initfini < 0 || o < ret->initfini)
				ret->initfini = o;
			break;
		}
	}
}

static bool is_map(const struct linkmap_view *views, size_t count, uint64_t address)
{
	for (size_t i = 0; i < count; i++)
		if (views[i].address == address)
			return true;
	return false;
}

/* Whether the word could be l_reldeps in all maps, and is one in some. */
static bool holds_reldeps(const struct linkmap_view *views, size_t count, int offset,
			  linkmap_reader *read, void *context)
{
	bool seen = false;

	for (size_t i = 0; i < count; i++) {
		uint64_t pointer = linkmap_word(&views[i], offset), n, first;

		if (!pointer)
			continue;
		if (!read(context, pointer, &n) || (uint32_t)n == 0 || (uint32_t)n > MAX_RELDEPS ||
		    !read(context, pointer + 8, &first) || !is_map(views, count, first))
			return false;
		seen = true;
	}
	return seen;
}

static void find_tls_dtors(const struct linkmap_view *views, size_t count,
			   struct linkmap_offsets *ret)
{
	int agreed = -1;

	for (size_t i = 0; i < count; i++) {
		int o = find_word(&views[i], ret->open_count, views[i].relro);

		if (o < 0 || linkmap_word(&views[i], o + 8) != views[i].relro_size)
			continue;
		if (agreed >= 0 && o != agreed)
			return;
		agreed = o;
	}
	if (agreed >= 0)
		ret->tls_dtors = agreed - 8;
}

void linkmap_calibrate(const struct linkmap_view *views, size_t count, linkmap_reader *read,
		       void *context, struct linkmap_offsets *ret)
{
	*ret = (struct linkmap_offsets){ -1, -1, -1, -1, NULL };
	find_open_count(views, count, ret);
	if (ret->open_count < 0)
		return;
	find_initfini(views, count, read, context, ret);
	for (int distance = 8; ret->initfini >= 0 && ret->reldeps < 0 && distance <= 16;
	     distance += 8)
		if (holds_reldeps(views, count, ret->initfini + distance, read, context))
			ret->reldeps = ret->initfini + distance;
	find_tls_dtors(views, count, ret);
}
