/* An id discipline for cgraph; dot_ids.h.
 *
 * Named parts get even numbers from a table of names, anonymous ones (the layout makes some) odd
 * ones. Pictures have some hundred names, so the table is searched from its end: what is asked for
 * is nearly always what was made last. */
#include "dot_ids.h"

#include <stdlib.h>
#include <string.h>

struct ids {
	Agraph_t *graph;
	char **names; /* interned by cgraph: equal names are equal pointers */
	size_t count, capacity;
	IDTYPE anonymous;
};

static void *ids_open(Agraph_t *graph, Agdisc_t *discipline)
{
	struct ids *ids = calloc(1, sizeof(*ids));

	if (ids)
		ids->graph = graph;
	return ids;
}

/* Index of a name plus one; 0: not there. */
static size_t find(const struct ids *ids, const char *name)
{
	size_t i = ids->count;

	while (i && ids->names[i - 1] != name)
		i--;
	return i;
}

static size_t append(struct ids *ids, char *name)
{
	if (ids->count == ids->capacity) {
		size_t capacity = ids->capacity ? ids->capacity * 2 : 64;
		char **grown = reallocarray(ids->names, capacity, sizeof(*grown));

		if (!grown)
			return 0;
		ids->names = grown;
		ids->capacity = capacity;
	}
	ids->names[ids->count++] = name;
	return ids->count;
}

static long ids_map(void *state, int objtype, char *str, IDTYPE *id, int createflag)
{
	struct ids *ids = state;
	char *name;
	size_t index;

	if (!str) {
		*id = 2 * ids->anonymous++ + 1;
		return 1;
	}
	name = createflag ? agstrdup(ids->graph, str) : agstrbind(ids->graph, str);
	index = name ? find(ids, name) : 0;
	if (!index && name && createflag)
		index = append(ids, name);
	*id = 2 * index;
	return index != 0;
}

static long ids_alloc(void *state, int objtype, IDTYPE id)
{
	return 0; /* nobody here asks for a number of its own */
}

static void ids_free(void *state, int objtype, IDTYPE id)
{
}

static char *ids_print(void *state, int objtype, IDTYPE id)
{
	const struct ids *ids = state;

	return id % 2 == 0 && id / 2 <= ids->count && id ? ids->names[id / 2 - 1] : NULL;
}

static void ids_close(void *state)
{
	struct ids *ids = state;

	free(ids->names);
	free(ids);
}

static void ids_register(void *state, int objtype, void *object)
{
}

static const Agiddisc_t ids_discipline = {
	.open = ids_open,
	.map = ids_map,
	.alloc = ids_alloc,
	.free = ids_free,
	.print = ids_print,
	.close = ids_close,
	.idregister = ids_register,
};

/* cgraph takes both as mutable and only reads them. */
const Agdisc_t dot_discipline = { .id = (Agiddisc_t *)&ids_discipline };
