#include "memtext.h"

#include "cleanup.h"

bool memtext_open(struct memtext *m)
{
	*m = (struct memtext){0};
	m->out = open_memstream(&m->text, &m->size);
	return m->out;
}

char *memtext_close(struct memtext *m)
{
	bool failed = ferror(m->out);

	failed |= fclose(m->out) != 0;
	if (!failed)
		return m->text;
	free(m->text);
	return NULL;
}
