/* The contents of dict, list, tuple, set and deque, in the order in which tp_traverse visits them.
 *
 * Layouts after Objects/dictobject.c, Objects/dict-common.h (to 3.10), pycore_dict.h (from 3.11),
 * Include/setobject.h and Modules/_collectionsmodule.c. */
#include "hook_private.h"

/* PyDictKeysObject. To 3.10: refcnt, size, lookup, usable, nentries, indices, entries of
 * {hash, key, value}. From 3.11: refcnt, log2 of size and of index bytes, kind, version, usable,
 * nentries, indices; entries of {key, value} where all keys are str (kind is not 0). */
void hook_keys_open(struct hook *h, uint64_t keys, struct hook_keys *ret)
{
	uint64_t size, index_bytes, header = 40;
	bool general = true;

	ret->refs = get64(keys);
	if (h->minor <= 10) {
		size = get64(keys + 8);
		index_bytes = size * (size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8);
		ret->n = get64(keys + 32);
		ret->capacity = get64(keys + 24) + ret->n; /* dk_usable + dk_nentries */
	} else {
		size = 1ull << (get8(keys + 8) & 63);
		index_bytes = 1ull << (get8(keys + 9) & 63);
		general = get8(keys + 10) == 0;
		ret->n = get64(keys + (uint64_t)h->layout.dictkeys_entries_nentries);
		ret->capacity = get64(keys + 16) + ret->n;
		header = 32;
	}
	ret->entries = keys + header + index_bytes;
	ret->stride = general ? 24 : 16;
	ret->key = general ? 8 : 0;
	ret->value = ret->key + 8;
	/* USABLE_FRACTION, size * 2 / 3, by the reciprocal: -Os would divide. A class's keys have
	 * room for more entries than instances may use. */
	size = (uint64_t)((unsigned __int128)(size * 2) * 0xaaaaaaaaaaaaaaab >> 65);
	ret->bytes = header + index_bytes + size * ret->stride;
}

#define MA_KEYS 32
#define MA_VALUES 40

/* A split table: the keys belong to the class, the values to this dict, unless (3.13+) they lie
 * inside the instance. */
static void dict_split(struct hook *h, const struct hook_keys *keys, uint64_t values,
		       hook_found *found)
{
	uint64_t i;

	if (h->minor >= 13)
		values += 8;
	for (i = 0; i < keys->n; i++)
		found(h, get64(values + i * 8), HGS_EDGE_KEY, get64(keys->entries + i * keys->stride + keys->key));
}

/* Whether the values lie inside an instance. Which of the two then visits them, the instance or its
 * dict, is not the same in 3.13 and 3.14: tp_traverse must be asked. */
bool hook_dict_embedded(struct hook *h, uint64_t dict)
{
	uint64_t values = get64(dict + MA_VALUES);

	return h->minor >= 13 && values && get8(values + 2);
}

void hook_dict(struct hook *h, uint64_t dict, hook_found *found)
{
	uint64_t values = get64(dict + MA_VALUES), i;
	struct hook_keys keys;

	hook_keys_open(h, get64(dict + MA_KEYS), &keys);
	if (values) {
		dict_split(h, &keys, values, found);
		return;
	}
	for (i = 0; i < keys.n; i++) {
		uint64_t entry = keys.entries + i * keys.stride;
		uint64_t value = get64(entry + keys.value), key = get64(entry + keys.key);

		if (!value)
			continue;
		found(h, value, HGS_EDGE_KEY, key);
		found(h, key, HGS_EDGE_DICT_KEY, 0);
	}
}

/* The value under an ASCII name, by looking at every entry; 0 where there is none. */
uint64_t hook_dict_get(struct hook *h, uint64_t dict, const char *name)
{
	struct hook_keys keys;
	uint64_t i, length, wanted = 0;
	unsigned kind;

	while (name[wanted])
		wanted++;
	if (!dict || get64(dict + MA_VALUES))
		return 0;
	hook_keys_open(h, get64(dict + MA_KEYS), &keys);
	for (i = 0; i < keys.n; i++) {
		uint64_t entry = keys.entries + i * keys.stride, key = get64(entry + keys.key), data;

		if (!get64(entry + keys.value) || !(get64(object_type(key) + TP_FLAGS) & TPF_UNICODE))
			continue;
		data = hook_str_data(h, key, &length, &kind);
		if (data && kind == 1 && length == wanted && hook_name_is(data, name))
			return get64(entry + keys.value);
	}
	return 0;
}

static uint32_t position(uint64_t i)
{
	return i > HGS_EDGE_MAX_PAYLOAD ? HGS_EDGE_UNNAMED : HGS_EDGE_NAME(HGS_EDGE_INDEX, i);
}

static void items(struct hook *h, uint64_t first, int64_t n, hook_found *found)
{
	while (n-- > 0)
		found(h, get64(first + (uint64_t)n * 8), position((uint64_t)n), 0);
}

void hook_list(struct hook *h, uint64_t list, hook_found *found)
{
	if (object_size(list) > 0)
		items(h, get64(list + 24), object_size(list), found);
}

void hook_tuple(struct hook *h, uint64_t tuple, hook_found *found)
{
	items(h, hook_tuple_items(h, tuple), object_size(tuple), found);
}

/* PySetObject: fill 16, used 24, mask 32, table 40; entries {key, hash}, a deleted one has hash -1. */
void hook_set(struct hook *h, uint64_t set, hook_found *found)
{
	uint64_t mask = get64(set + 32), entry = get64(set + 40), i;

	for (i = 0; i <= mask; i++, entry += 16)
		if (get64(entry) && get64(entry + 8) != (uint64_t)-1)
			found(h, get64(entry), HGS_EDGE_SET_ITEM, 0);
}

/* dequeobject: size 16, leftblock 24, rightblock 32, leftindex 40; a block is a link to the left,
 * 64 objects and a link to the right. */
void hook_deque(struct hook *h, uint64_t deque, hook_found *found)
{
	uint64_t block = get64(deque + 24), at = get64(deque + 40), n = (uint64_t)object_size(deque), i;

	for (i = 0; i < n; i++, at++) {
		if (at == 64) {
			block = get64(block + 65 * 8);
			at = 0;
		}
		found(h, get64(block + 8 + at * 8), position(i), 0);
	}
}
