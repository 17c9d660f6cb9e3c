/* The snapshot file (.hgs): what it holds, and the reader.
 *
 * A snapshot is made to be mapped and used in place: a header, a table of
 * sections, and sections of little-endian fixed-width records, each aligned to
 * 64 bytes. A column holds one field of all objects (or all references), so an
 * analysis touches only what it needs. Later versions add sections, or append
 * fields to the records of a section (its `stride` says how long one is); a
 * reader takes what it knows. docs/format.md is the description for others.
 *
 * This header is the only place that states the format. The hook, the writer
 * (inspect/) and the reader (graph/) all include it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HGS_MAGIC 0x0a1a53474850470bULL
#define HGS_VERSION 1
#define HGS_ALIGN 64
#define HGS_NONE UINT32_MAX /* absent index */

enum hgs_section_id {
	HGS_META = 1,	   /* struct hgs_meta, one */
	HGS_STRINGS = 2,   /* char[]: UTF-8, NUL-terminated; offset 0 is "" */
	HGS_OBJ_ADDR = 3,  /* u64[n] address in the process; ascending in no way */
	/* u32[n] object index of the type; HGS_NONE: no Python object (a frame, a thread) */
	HGS_OBJ_TYPE = 4,
	HGS_OBJ_REFS = 5,  /* u32[n] reference count, saturated; see HGS_OBJ_IMMORTAL */
	HGS_OBJ_SIZE = 6,  /* u64[n] own size in bytes, gc header included; see HGS_BUFFERS */
	HGS_OBJ_FLAGS = 7, /* u32[n] HGS_OBJ_* */
	HGS_OBJ_TEXT = 8,  /* u32[n] offset into STRINGS: see "Text" below; 0: none */
	HGS_REF_START = 9, /* u64[n + 1] the references of object i are [start[i], start[i + 1]) */
	HGS_REF_TARGET = 10, /* u32[m] object index */
	HGS_REF_NAME = 11,   /* u32[m] edge name, HGS_EDGE_* with payload */
	HGS_ROOTS = 12,	     /* struct hgs_root[] */
	HGS_THREADS = 13,    /* struct hgs_thread[] */
	HGS_FRAMES = 14,     /* struct hgs_frame[]: running, suspended, ended */
	HGS_LIBRARIES = 15,  /* struct hgs_library[] */
	HGS_SEGMENTS = 16,   /* struct hgs_segment[]: mappings of the process, ascending */
	HGS_HOLDERS = 17,    /* struct hgs_holder[] */
	HGS_INCOMPLETE = 18, /* u32[] string offsets: why the snapshot is not whole */
	HGS_CAPSULES = 19,   /* struct hgs_capsule[] */
	HGS_DESCRIPTORS = 20, /* struct hgs_descriptor[]: open throughout the capture, ascending */
	HGS_THREAD_LOCALS = 21, /* struct hgs_thread_local[]: ascending by dict */
	HGS_SEARCH = 24,   /* struct hgs_search, one: the search of the process's own memory */
	HGS_SURPLUS = 25,  /* struct hgs_surplus[]: objects with references that were not found */
	HGS_WORDS = 26,	   /* struct hgs_word[]: where native memory holds an address */
	HGS_INFERRED = 27, /* struct hgs_inferred[]: references read out of opaque objects */
	HGS_POINTERS = 28, /* struct hgs_pointer[]: what points into libraries that may be unloaded */
	HGS_BLOCKS = 29,   /* struct hgs_block[]: ints whose value is the address of a block of malloc */
	HGS_PROCESS = 30,  /* struct hgs_process, one; absent where nothing of it is known */
	HGS_BUFFERS = 31,  /* struct hgs_buffer[]: ascending by object */
};

struct hgs_section {
	uint32_t id;
	uint32_t stride;   /* bytes of one record */
	uint64_t offset;   /* from the file's start, multiple of HGS_ALIGN */
	uint64_t size;	   /* bytes, multiple of stride */
	uint64_t checksum; /* XXH3_64bits of the section */
};

struct hgs_header {
	uint64_t magic;
	uint32_t version;
	uint32_t sections; /* entries of the table that follows the header at once */
	uint64_t file_size;
	uint64_t checksum; /* XXH3_64bits of the header with this field 0, then the table */
};

enum hgs_method { HGS_FORK = 1, HGS_PAUSE = 2, HGS_CORE = 3, HGS_IN_PROCESS = 4, HGS_HELD = 5 };

struct hgs_meta {
	uint32_t pid;
	uint32_t python_version;   /* PY_VERSION_HEX */
	uint32_t build;		   /* HGS_BUILD_* */
	uint32_t method;	   /* enum hgs_method */
	/* the heap was whole: no thread inside a mutation, no collection under way */
	uint32_t consistent;
	uint32_t gc_enabled;	   /* 0, 1 or HGS_NONE for unknown */
	uint32_t threads;	   /* of the process, Python or not */
	uint32_t bad_objects;	   /* objects whose visit faulted */
	uint64_t gc_frozen;	   /* objects in the permanent generation */
	uint64_t tracked;	   /* objects in gc lists, the permanent generation included */
	uint64_t stopped_ns;	   /* how long the threads of the target stood still, in all */
	uint64_t walk_ns;
	uint64_t time_ns;	   /* CLOCK_REALTIME of the freeze */
	uint32_t exe, cmdline;	   /* strings; cmdline's arguments joined by blanks */
	uint32_t host, reserved;
};

#define HGS_BUILD_DEBUG 1u
#define HGS_BUILD_FREE_THREADED 2u
#define HGS_BUILD_STATIC 4u

#define HGS_OBJ_TRACKED 1u	  /* in a gc list */
#define HGS_OBJ_FROZEN 2u	  /* in the permanent generation */
#define HGS_OBJ_FINALIZED 4u	  /* its finalizer has run */
#define HGS_OBJ_IMMORTAL 8u	  /* its count says nothing */
#define HGS_OBJ_BAD 16u		  /* visiting it faulted: references incomplete */
#define HGS_OBJ_TYPE_OBJECT 32u	  /* it is a type */
#define HGS_OBJ_HAS_FINALIZER 64u /* its type has tp_finalize / tp_del */
#define HGS_OBJ_PSEUDO 128u	  /* no Python object: a running frame or a thread state */
#define HGS_OBJ_TEXT_CUT 256u	  /* text is longer than stored */
#define HGS_OBJ_MODULE 512u
#define HGS_OBJ_DICT 1024u	  /* a dict or a subclass */
#define HGS_OBJ_HEAP_TYPE 2048u	  /* an instance of a class made at run time (type has HEAPTYPE) */
#define HGS_OBJ_GC 4096u	  /* has a gc header, tracked or not */
/* instance of a class written in Python (heap type whose dict has __module__, made by `class`) */
#define HGS_OBJ_USER 8192u
#define HGS_OBJ_GENERATION_SHIFT 16 /* two bits: 0..2 the generation where tracked */
#define HGS_OBJ_INTERNED (1u << 18)
/* A frame of heapgraph's own, or of who called it in the process itself: what it refers to, it only
 * looks at. */
#define HGS_OBJ_OBSERVER (1u << 19)

/* Text. str and bytes: the value, first 96 bytes, control characters kept. int, float, bool, None:
 * as repr. type: "module.qualname" ("module." left out for builtins). module: its name.
 * function, method descriptor, code: qualname. Others: 0. */

/* An edge name: the low 4 bits are the kind, the upper 28 the payload. "name" payloads are the
 * index of the str object that is the name (its text is the name). */
enum hgs_edge {
	HGS_EDGE_UNNAMED = 0,
	/* .NAME: inline value, slot, C member; payload: STRINGS offset if HGS_EDGE_MEMBER, else
	 * name object */
	HGS_EDGE_ATTR = 1,
	HGS_EDGE_KEY = 2,	/* [KEY]: value in a dict; payload: the key object */
	HGS_EDGE_INDEX = 3,	/* [N]: list, tuple, deque position */
	/* local NAME of a frame, generator, coroutine; payload: name object */
	HGS_EDGE_LOCAL = 4,
	/* closure NAME: function's closure cell (from the tuple, by co_freevars), or cell variable
	 * of a frame */
	HGS_EDGE_CELL = 5,
	HGS_EDGE_MEMBER = 6,	/* .NAME of a C structure; payload: STRINGS offset of the name */
	/* to the attribute dictionary (__dict__) of an instance, module, type, function */
	HGS_EDGE_ATTR_DICT = 7,
	/* to a key of a dict (tp_traverse leaves str keys out; the dict owns them) */
	HGS_EDGE_DICT_KEY = 8,
	HGS_EDGE_TYPE = 9,	/* to the object's type, where tp_traverse visits it */
	HGS_EDGE_CELL_CONTENTS = 10, /* cell -> value */
	HGS_EDGE_SET_ITEM = 11,
	HGS_EDGE_STACK = 12,	/* evaluation stack of a frame; payload: depth */
	/* thread -> frame, frame -> its code, function, globals: payload enum hgs_frame_edge */
	HGS_EDGE_FRAME = 13,
};
enum hgs_frame_edge {
	HGS_FRAME_TOP,
	HGS_FRAME_BACK,
	HGS_FRAME_CODE,
	HGS_FRAME_FUNCTION,
	HGS_FRAME_GLOBALS,
	HGS_FRAME_LOCALS,
	HGS_FRAME_BUILTINS,
	HGS_FRAME_OBJECT,
	HGS_FRAME_GENERATOR,
};

#define HGS_EDGE_KIND(name) ((enum hgs_edge)((name) & 15u))
#define HGS_EDGE_PAYLOAD(name) ((uint32_t)(name) >> 4)
#define HGS_EDGE_NAME(kind, payload) ((uint32_t)(kind) | (uint32_t)(payload) << 4)
#define HGS_EDGE_MAX_PAYLOAD ((1u << 28) - 1)

enum hgs_root_kind {
	HGS_ROOT_MODULES = 1,  /* sys.modules dict of an interpreter */
	HGS_ROOT_SYS = 2,      /* sys.__dict__ */
	HGS_ROOT_BUILTINS = 3, /* builtins.__dict__ */
	/* another object pointer of the interpreter state; name says which */
	HGS_ROOT_INTERP = 4,
	HGS_ROOT_THREAD = 5,   /* a thread state (pseudo object), which refers to its frames */
	HGS_ROOT_ATEXIT = 6,   /* a registered callback, or the list of them (3.14+) */
	HGS_ROOT_STATIC = 7,   /* a static type of the interpreter */
	HGS_ROOT_SIGNAL = 8,   /* a handler set by signal.signal(); name: of the signal */
	HGS_ROOT_CODECS = 9,   /* name: search functions, cache, error handlers */
	HGS_ROOT_FORK = 10,    /* os.register_at_fork() */
	HGS_ROOT_AUDIT = 11,   /* sys.addaudithook() */
	HGS_ROOT_MONITORING = 12, /* sys.monitoring; name: of the tool */
	HGS_ROOT_GC_CALLBACKS = 13,
	/* What a thread state refers to by itself; `thread` says which. */
	HGS_ROOT_THREAD_DICT = 16, /* PyThreadState_GetDict() */
	HGS_ROOT_CONTEXT = 17,	   /* contextvars.Context */
	HGS_ROOT_HANDLED = 18,	   /* exception that an except block has caught */
	HGS_ROOT_RAISED = 19,	   /* exception on its way */
	HGS_ROOT_ASYNC_EXC = 20,   /* PyThreadState_SetAsyncExc() */
	HGS_ROOT_TRACE = 21,	   /* sys.settrace() */
	HGS_ROOT_PROFILE = 22,	   /* sys.setprofile() */
	HGS_ROOT_ASYNC_GENERATORS = 23, /* sys.set_asyncgen_hooks() */
	HGS_ROOT_EVENT_LOOP = 24,  /* asyncio: the running loop, 3.14+ */
	HGS_ROOT_TASK = 25,	   /* asyncio: the current task, 3.14+ */
};

struct hgs_root {
	uint32_t object;
	uint32_t kind;
	uint32_t name;	 /* string, 0: none */
	uint32_t thread; /* index into THREADS, or HGS_NONE */
};

#define HGS_THREAD_MAIN 1u
#define HGS_THREAD_HELD_GIL 2u

struct hgs_thread {
	uint64_t tstate;
	uint64_t pthread;
	uint32_t tid;	 /* kernel thread id as the target's own namespace numbers it; 0: unknown */
	uint32_t name;	 /* comm */
	uint32_t object; /* pseudo object of the thread state */
	uint32_t flags;	 /* HGS_THREAD_* */
};

/* The attributes that a threading.local() has in one thread. */
struct hgs_thread_local {
	uint32_t dict;	 /* object */
	uint32_t thread; /* index into THREADS, HGS_NONE: of which is not known */
};

#define HGS_FRAME_NEW 1u  /* suspended before its first line */
#define HGS_FRAME_OVER 2u /* ended; a traceback keeps its frame object, say */

struct hgs_frame {
	/* pseudo object (3.11+), frame object (before, or ended), or the suspended generator */
	uint32_t object;
	uint32_t code;	 /* code object */
	int32_t line;	 /* current line; 0: unknown */
	uint32_t name;	 /* string: function's name */
	uint32_t file;	 /* string */
	uint32_t thread; /* index into THREADS; HGS_NONE: suspended or ended */
	uint32_t flags;	 /* HGS_FRAME_* */
};

#define HGS_LIB_NODELETE 1u
#define HGS_LIB_STARTUP 2u	/* l_type says startup (or executable: with HGS_LIB_MAIN) */
#define HGS_LIB_MAIN 4u
#define HGS_LIB_EXTENSION 8u	/* defines PyInit or PyModExport hooks: a Python extension module */
#define HGS_LIB_PYTHON 16u	/* libpython itself */
#define HGS_LIB_TLS_DTORS 32u	/* TLS destructors are pending */
#define HGS_LIB_NEEDED 64u	/* is in another map's l_initfini; needed_by says whose */
#define HGS_LIB_BOUND 128u	/* is in another map's l_reldeps; bound_by says whose */
#define HGS_LIB_VDSO 256u
#define HGS_LIB_LOADER 512u
/* it calls functions of other libraries that make sockets, make pipes, open files, load libraries */
#define HGS_LIB_MAKES_SOCKETS 1024u
#define HGS_LIB_MAKES_PIPES 2048u
#define HGS_LIB_OPENS_FILES 4096u
/* its objects may own handles, and are kept in a way that was not understood */
#define HGS_LIB_OPAQUE 8192u
#define HGS_LIB_LOADS_LIBRARIES 16384u
#define HGS_LIB_IMPORTED_TWICE 32768u /* an import of it makes two dlopens */

struct hgs_library {
	uint64_t handle; /* address of the link map */
	uint64_t base;	 /* l_addr */
	uint64_t start, end; /* extent of its mappings */
	uint32_t path;	 /* string: l_name, or the mapped file's where l_name is empty */
	uint32_t opens;	 /* l_direct_opencount, HGS_NONE: unknown */
	uint32_t flags;
	uint32_t space;	 /* namespace (l_ns) */
	uint32_t needed_by, bound_by; /* index of one such library or HGS_NONE */
};

struct hgs_segment {
	uint64_t start, end;
	uint32_t path;	  /* string, 0: anonymous */
	uint32_t library; /* or HGS_NONE */
	uint32_t prot;	  /* 1 read, 2 write, 4 execute */
	uint32_t reserved;
};

enum hgs_holder_kind {
	HGS_HOLDER_HANDLE = 1, /* owns a dlopen handle: CDLL, PyDLL, cffi library */
	HGS_HOLDER_FUNCTION = 2,
	HGS_HOLDER_CALLBACK = 3,
	HGS_HOLDER_MODULE = 4, /* an imported extension module */
	HGS_HOLDER_TYPE = 5, /* `code` is one of its functions */
	HGS_HOLDER_CAPSULE = 6, /* `code` is its destructor; 0: its pointer lies in the library */
	HGS_HOLDER_INTEGER = 7,
};

/* What an object holds of the native world, read while the process was frozen. */
struct hgs_holder {
	uint64_t handle; /* dlopen handle as the object has it; 0: none */
	uint64_t code;	 /* address of code; 0: none */
	uint32_t object;
	uint32_t kind;
	uint32_t names;	  /* string: the library's name as the object has it (_name); 0: none */
	uint32_t library; /* LIBRARIES index that `handle` or `code` lies in now, or HGS_NONE */
};

struct hgs_capsule {
	uint64_t pointer, destructor; /* addresses; 0: none */
	uint32_t object;
	uint32_t name;			       /* string, 0: none */
	uint32_t points_into, destructor_in; /* LIBRARIES index that each lies in, or HGS_NONE */
};

/* May come from before the program began: its parent has the same file open, or cannot be asked, or
 * the process was forked and has called no execve() since. */
#define HGS_FD_INHERITED 1u

struct hgs_descriptor {
	uint32_t fd;
	uint32_t target; /* string: a path, "socket:[INODE]", "pipe:[INODE]", "anon_inode:[KIND]" */
	uint32_t flags;	 /* O_* as open() and fcntl() take them, of x86-64; O_CLOEXEC among them */
	uint32_t traits; /* HGS_FD_* */
	uint32_t owner;	 /* object that closes it, HGS_NONE: none was found */
	uint32_t reserved;
};

/* Which process it was, beyond its number, which is given away again. */
struct hgs_process {
	uint64_t start_ticks; /* field 22 of /proc/PID/stat: clock ticks since the boot */
	uint64_t taken_ns;    /* CLOCK_BOOTTIME of the freeze: no clock that is set */
	uint32_t boot_id;     /* string: /proc/sys/kernel/random/boot_id; 0: unknown */
	uint32_t reserved;
};

/* How much of the writable private memory was searched for addresses. */
struct hgs_search {
	uint64_t bytes;	   /* searched */
	uint64_t left_out; /* resident, and not searched: more than the search may cost */
};

/* An object with more references counted than found. How many words of the process's memory hold its
 * address: its known referrers' own ones, which are in heap and anonymous memory as a rule, are among
 * them. Stale copies count as well, so the sum is an upper bound of the references that exist. */
struct hgs_surplus {
	uint32_t object;
	uint32_t surplus;      /* counted less found, at least 1 */
	uint32_t inferred;     /* references to it in HGS_INFERRED */
	uint32_t in_libraries; /* each of these has a row in HGS_WORDS */
	uint32_t in_stacks, in_heap, in_anonymous;
	uint32_t reserved;
};

enum hgs_place {
	HGS_PLACE_DATA = 1, /* of a library, initialised */
	HGS_PLACE_BSS = 2,  /* of a library */
	HGS_PLACE_STACK = 3,
	HGS_PLACE_HEAP = 4, /* the mapping that brk() grows */
	HGS_PLACE_ANONYMOUS = 5, /* other allocators' memory, malloc's further arenas */
};

enum hgs_word_kind {
	HGS_WORD_OBJECT = 1,   /* holds the address of an object of HGS_SURPLUS; target: the object */
	HGS_WORD_CALLBACK = 2, /* the code address of a callback; target: its object in HGS_HOLDERS */
	HGS_WORD_FREED = 3,    /* the address of a closure of libffi that no callback has (any more) */
};

/* A word outside Python's objects. */
struct hgs_word {
	uint64_t at, value;
	uint32_t segment; /* index into SEGMENTS */
	uint32_t place;	  /* enum hgs_place */
	uint32_t kind;	  /* enum hgs_word_kind */
	uint32_t target;  /* object, or HGS_NONE */
	uint32_t library; /* whose data it is in; HGS_NONE: of none. A mapping may have both */
	uint32_t reserved;
};

#define HGS_POINTER_CODE 1u    /* into its code; else into its data */
#define HGS_POINTER_RUNNING 2u /* a thread is executing there: `value` is where */

/* Words outside a library that are addresses in it; those alike are one row, and the first stands for
 * them. In heap and anonymous memory a word may be stale. Of extension modules, whose types and functions
 * are all over the heap, only words in libraries' data and in stacks. */
struct hgs_pointer {
	uint64_t at, value;
	uint32_t library; /* pointed into */
	uint32_t place;	  /* enum hgs_place */
	uint32_t from;	  /* library whose data it is in, or HGS_NONE */
	uint32_t object;  /* Python object that it is in, or HGS_NONE */
	uint32_t segment; /* index into SEGMENTS */
	uint32_t flags;	  /* HGS_POINTER_* */
	uint64_t count;
};

enum hgs_buffer_kind {
	HGS_BUFFER_ARRAY = 1, /* array.array */
	HGS_BUFFER_MMAP = 2,
	HGS_BUFFER_NDARRAY = 3, /* numpy.ndarray that owns its data */
	HGS_BUFFER_BYTESIO = 4,
};

/* Memory outside the object that goes with it; OBJ_SIZE is without it. */
struct hgs_buffer {
	uint32_t object;
	uint32_t kind; /* enum hgs_buffer_kind */
	uint64_t bytes;
};

/* An int whose value is where an allocated block begins, as the allocator's own records around it say
 * (glibc malloc/malloc.c, struct malloc_chunk). */
struct hgs_block {
	uint64_t address;
	uint64_t size;	 /* of the block, its header included */
	uint32_t object; /* the int */
	uint32_t reserved;
};

/* A word in the memory of an object whose type has no tp_traverse is the address of an object. */
struct hgs_inferred {
	uint32_t from, to; /* objects */
	uint32_t offset;   /* bytes into `from` */
	uint32_t reserved;
};
