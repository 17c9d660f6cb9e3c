#include "report_tsv.h"

#include <errno.h>

#include "retained.h"
#include "types.h"
#include "utf8.h"
#include "words.h"

struct table {
	FILE *out;
	bool no_memory;
};

static struct hg_error *finish(const struct table *table)
{
	if (table->no_memory)
		return &hg_error_no_memory;
	if (fflush(table->out) || ferror(table->out))
		return hg_error_write(errno, "the table");
	return NULL;
}

/* A value, and what stands behind it: a tab, or the end of the line. */
static void put_text(struct table *table, const char *text, char end)
{
	_cleanup_free_ char *safe = text ? text_escape(text, true) : NULL;

	table->no_memory |= !safe;
	fprintf(table->out, "%s%c", safe ? safe : "", end);
}

static void put_taken(struct table *table, char *text, char end)
{
	put_text(table, text, end);
	free(text);
}

static void put_number(struct table *table, uint64_t number)
{
	fprintf(table->out, "%llu\t", (unsigned long long)number);
}

static void put_address(struct table *table, const struct snapshot *s, uint32_t object)
{
	fprintf(table->out, "0x%llx\t", (unsigned long long)s->addr[object]);
}

/* Empty in garbage, which no chain leads to. */
static void put_path(struct table *table, const struct answer *answer, uint32_t object, char end)
{
	if (answer->reach->state[object] == REACH_GARBAGE)
		put_text(table, "", end);
	else
		put_taken(table, retained_path(answer, object), end);
}

struct hg_error *tsv_types(FILE *out, const struct answer *answer, uint32_t limit)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_free_ struct type_row *rows = NULL;
	struct table table = {out, false};
	uint32_t count = 0;
	struct hg_error *error = retained_dominators(answer, &d);

	if (!error)
		error = types_count(answer->s, d, answer->marked, &rows, &count);
	if (error)
		return error;
	fputs("objects\tsize\tretained\ttype\n", out);
	for (uint32_t i = 0; i < count && (!limit || i < limit); i++) {
		put_number(&table, rows[i].count);
		put_number(&table, rows[i].bytes);
		put_number(&table, rows[i].retained);
		put_text(&table, rows[i].name, '\n');
	}
	return finish(&table);
}

static void put_object(struct table *table, const struct answer *answer, uint32_t object)
{
	const struct snapshot *s = answer->s;

	put_address(table, s, object);
	put_text(table, snapshot_type_name(s, object), '\t');
	put_number(table, s->size[object]);
	put_number(table, s->refs[object]);
	put_text(table, reach_name(answer->reach->state[object]), '\t');
}

static void put_why(struct table *table, const struct answer *answer, uint32_t object)
{
	put_object(table, answer, object);
	put_path(table, answer, object, '\t');
	put_taken(table, object_text(answer->s, object), '\n');
}

/* One reference: who asks, the other end, and how `from` refers. */
static void put_reference(struct table *table, const struct answer *answer, uint32_t object,
			  uint32_t other, uint32_t from, uint32_t edge)
{
	const struct snapshot *s = answer->s;

	put_address(table, s, object);
	put_taken(table, edge_text(s, from, edge), '\t');
	put_object(table, answer, other);
	put_taken(table, object_text(s, other), '\n');
}

static void put_references(struct table *table, const struct answer *answer, uint32_t object)
{
	const struct snapshot *s = answer->s;

	for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++)
		put_reference(table, answer, object, s->target[e], object, s->name[e]);
}

static void put_referrers(struct table *table, const struct answer *answer, uint32_t object)
{
	const struct graph *graph = answer->graph;

	for (uint64_t i = graph->in_start[object]; i < graph->in_start[object + 1ul]; i++)
		put_reference(table, answer, object, graph->in_source[i], graph->in_source[i],
			      answer->s->name[graph->in_edge[i]]);
}

struct hg_error *tsv_objects(FILE *out, const struct answer *answer, enum object_part part,
			     const uint32_t *objects, uint32_t count)
{
	static const char *const headings[] = {
		[OBJECT_WHY] = "object\ttype\tsize\tcount\tstate\tpath\ttext\n",
		[OBJECT_REFS] = "object\tedge\treferent\ttype\tsize\tcount\tstate\ttext\n",
		[OBJECT_BACKREFS] = "object\tedge\treferrer\ttype\tsize\tcount\tstate\ttext\n",
	};
	static void (*const rows[])(struct table *, const struct answer *, uint32_t) = {
		[OBJECT_WHY] = put_why,
		[OBJECT_REFS] = put_references,
		[OBJECT_BACKREFS] = put_referrers,
	};
	struct table table = {out, false};

	fputs(headings[part], out);
	for (uint32_t i = 0; i < count; i++)
		rows[part](&table, answer, objects[i]);
	return finish(&table);
}

static void put_retained(struct table *table, const struct answer *answer,
			 const struct dominators *d, uint32_t object)
{
	put_number(table, d->retained[object]);
	put_number(table, d->objects[object]);
	put_object(table, answer, object);
	put_path(table, answer, object, '\t');
	put_taken(table, object_text(answer->s, object), '\n');
}

static struct hg_error *put_tree(struct table *table, const struct answer *answer,
				 const struct dominators *d, uint32_t depth, uint32_t limit)
{
	_cleanup_free_ struct retained_row *rows = NULL;
	size_t count;
	struct hg_error *error = retained_rows(answer->s, d, d->n, depth, limit, &rows, &count);

	if (error)
		return error;
	fputs("depth\tretained\tretained_objects\tcount\tobject\ttype\tpath\n", table->out);
	for (size_t i = 0; i < count; i++) {
		put_number(table, rows[i].depth);
		put_number(table, rows[i].bytes);
		put_number(table, rows[i].objects);
		put_number(table, rows[i].count);
		if (rows[i].object != HGS_NONE) {
			put_address(table, answer->s, rows[i].object);
			put_text(table, snapshot_type_name(answer->s, rows[i].object), '\t');
			put_path(table, answer, rows[i].object, '\n');
		} else { /* the rest of a level */
			fputc('\t', table->out);
			put_text(table,
				 rows[i].type == HGS_NONE ? ""
							  : snapshot_text(answer->s, rows[i].type),
				 '\t');
			put_text(table, "", '\n');
		}
	}
	return NULL;
}

struct hg_error *tsv_retained(FILE *out, const struct answer *answer, const uint32_t *objects,
			      uint32_t count, uint32_t depth, uint32_t limit)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	struct table table = {out, false};
	struct hg_error *error = retained_dominators(answer, &d);

	if (!error && !count)
		error = put_tree(&table, answer, d, depth, limit);
	if (error)
		return error;
	if (count)
		fputs("retained\tretained_objects\tobject\ttype\tsize\tcount\tstate\tpath\ttext\n",
		      out);
	for (uint32_t i = 0; i < count; i++)
		put_retained(&table, answer, d, objects[i]);
	return finish(&table);
}
