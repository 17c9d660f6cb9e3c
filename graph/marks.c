#include "marks.h"

#include <string.h>

#include "modules.h"

void marks_set(struct marks *m, uint32_t object, uint32_t mark)
{
	size_t size = m->s->n * sizeof(*m->flags);

	if (object == HGS_NONE)
		return;
	if (!m->flags) {
		m->flags = malloc(size + 1);
		if (!m->flags) {
			m->no_memory = true;
			return;
		}
		memcpy(m->flags, m->s->flags, size);
	}
	m->flags[object] |= mark;
}

static bool is_class(const struct snapshot *s, uint32_t object, const char *name)
{
	return s->flags[object] & HGS_OBJ_TYPE_OBJECT && strcmp(snapshot_text(s, object), name) == 0;
}

static bool derives_from(const struct snapshot *s, uint32_t type, const char *name)
{
	uint32_t order = member_value(s, type, "__mro__");

	if (order == HGS_NONE)
		return is_class(s, type, name);
	for (uint64_t e = s->start[order]; e < s->start[order + 1ul]; e++)
		if (is_class(s, s->target[e], name))
			return true;
	return false;
}

uint8_t *marks_classes(struct marks *m, const char *name)
{
	const struct snapshot *s = m->s;
	uint8_t *ret;
	uint32_t i = 0;

	while (i < s->n && !is_class(s, i, name))
		i++;
	if (i == s->n)
		return NULL;
	ret = calloc(s->n, 1);
	m->no_memory |= !ret;
	for (i = 0; ret && i < s->n; i++)
		ret[i] = s->flags[i] & HGS_OBJ_TYPE_OBJECT && derives_from(s, i, name);
	return ret;
}

struct hg_error *marks_find(const struct snapshot *s, uint32_t **ret)
{
	struct marks m = {.s = s};

	observers_mark(&m);
	shells_mark(&m);
	if (m.no_memory) {
		free(m.flags);
		return &hg_error_no_memory;
	}
	*ret = m.flags;
	return NULL;
}
