/* A heap made by hand, for tests: objects, references, native facts, written through the real
 * writer into a memory file and opened by the real reader. Reference counts come out as counted
 * plus what a test adds with heap_hold(). Failures abort: this is test code. */
#pragma once

#include "../../graph/snapshot_write.h"

struct heap;

/* Ends the test program where there is an error. */
void must(struct hg_error *error);

struct heap *heap_create(void);
void heap_destroy(struct heap *heap);

/* A type by its name (made once); "module.qualname" or a builtin's name. */
uint32_t heap_type(struct heap *heap, const char *name);
/* An object of a type. Flags of the builtin types (dict, module, gc) are set by their name; classes
 * with a dot in their name make HGS_OBJ_USER instances. */
uint32_t heap_object(struct heap *heap, const char *type);
void heap_flags(struct heap *heap, uint32_t object, uint32_t flags);
/* Its text in the snapshot: the name of a function, the value of a number. */
void heap_text(struct heap *heap, uint32_t object, const char *text);
uint32_t heap_str(struct heap *heap, const char *text); /* made once for each text */
uint32_t heap_int(struct heap *heap, const char *text);
uint32_t heap_string(struct heap *heap, const char *text); /* offset in STRINGS */

void heap_refer(struct heap *heap, uint32_t from, uint32_t edge_name, uint32_t to);
/* Takes the references from one to the other away again. */
void heap_forget(struct heap *heap, uint32_t from, uint32_t to);
void heap_hold(struct heap *heap, uint32_t object, uint32_t references); /* by nothing found */
void heap_attr(struct heap *heap, uint32_t from, const char *name, uint32_t to);
void heap_member(struct heap *heap, uint32_t from, const char *name, uint32_t to);
void heap_key(struct heap *heap, uint32_t dict, const char *key, uint32_t to);
uint32_t heap_dict_of(struct heap *heap, uint32_t object); /* its __dict__, made once */

/* A module in sys.modules (which is made with the heap); `file` NULL: built in. Gives its dict. */
uint32_t heap_module(struct heap *heap, const char *name, const char *file);

void heap_root(struct heap *heap, struct hgs_root root);
void heap_thread(struct heap *heap, struct hgs_thread thread);
void heap_thread_local(struct heap *heap, struct hgs_thread_local local); /* ascending by dict */
void heap_frame(struct heap *heap, struct hgs_frame frame);
void heap_library(struct heap *heap, struct hgs_library library);
/* Ascending, as a process's mappings are. */
void heap_segment(struct heap *heap, struct hgs_segment segment);
void heap_holder(struct heap *heap, struct hgs_holder holder);
/* With none, the snapshot has no section of capsules. */
void heap_capsule(struct heap *heap, struct hgs_capsule capsule);
/* What a search of memory found; a heap without one was not searched. */
void heap_search(struct heap *heap, struct hgs_search search);
void heap_surplus(struct heap *heap, struct hgs_surplus surplus);
void heap_word(struct heap *heap, struct hgs_word word);
void heap_block(struct heap *heap, struct hgs_block block);
void heap_pointer(struct heap *heap, struct hgs_pointer pointer);
void heap_inferred(struct heap *heap, struct hgs_inferred inferred);
struct hgs_meta *heap_meta(struct heap *heap);

/* Writes it to a new memory file. The caller closes the descriptor. */
int heap_write(const struct heap *heap);
/* heap_write() and snapshot_open_fd(). */
struct snapshot *heap_snapshot(const struct heap *heap);

/* A ctypes.CDLL with its _name, _handle and one cached function, as ctypes 3.11 makes them:
 * CDLL -> function -> b_objects -> CDLL. Adds the two holders. `library`: index or HGS_NONE. */
uint32_t heap_cdll(struct heap *heap, const char *name, uint64_t handle, uint32_t library,
		   bool function);
