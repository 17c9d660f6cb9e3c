/* Parts of the words for references, shared by edge_text() and path_text(). */
#pragma once

#include <stdio.h>

#include "graph.h"

bool type_is(const struct snapshot *s, uint32_t object, const char *name);
/* The name of the object's type, or "ctypes function" for each of the many classes that ctypes makes
 * of these. */
const char *type_words(const struct snapshot *s, uint32_t object);
bool is_ctypes_function(const struct snapshot *s, uint32_t object);
/* What may stand behind a dot; non-ASCII letters are taken on trust. */
bool is_identifier(const char *text);

/* "['a']", "[42]", "[<Point>]". */
void key_print(FILE *out, const struct snapshot *s, uint32_t key);
void object_print(FILE *out, const struct snapshot *s, uint32_t object);
/* " in load:12", or nothing where the object is no known frame. */
void frame_print(FILE *out, const struct snapshot *s, uint32_t object);
/* The frame row of a frame or suspended generator, or NULL. O(frames); O(1) for others. */
const struct hgs_frame *frame_of(const struct snapshot *s, uint32_t object);
