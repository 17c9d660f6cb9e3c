/* Owners of descriptors, recognised by their types' full names, read from their C structures:
 * Modules/_io/fileio.c, socketmodule.c, selectmodule.c, mmapmodule.c, posixmodule.c
 * (ScandirIterator), _sqlite/connection.h; offsets established on 3.8 to 3.14. */
#include "descriptors.h"

#include <string.h>

enum { TP_BASE = 256, MAX_BASES = 64 }; /* PyTypeObject; no hierarchy is deeper */
enum { OWN_FD = 16, MMAP_FD = 56, MMAP_FD_38 = 52 };
enum { SCANDIR_DIRP = 88, SCANDIR_DIRP_313 = 104, SCANDIR_DIRP_314 = 112 };
enum { TARGET_MAX = 4096 };

/* Of SQLite 3.7 to 3.46: sqlite3.aDb and nDb, Db.pBt, Btree.pBt, BtShared.pPager (sqliteInt.h,
 * btreeInt.h). Where in a Pager its file's name is, differs: one of its words points to it. */
enum { SQLITE_ADB = 32, SQLITE_NDB = 40, DB_SIZE = 32, DB_BTREE = 8, BTREE_SHARED = 8 };
enum { SQLITE_MAX_DB = 125, PAGER_WORDS = 64 };

enum role { ROLE_NONE, ROLE_FD, ROLE_MMAP, ROLE_SCANDIR, ROLE_SQLITE };

static const struct {
	const char *type;
	enum role role;
} roles[] = {
	{ "_io.FileIO", ROLE_FD },	       { "_socket.socket", ROLE_FD },
	{ "select.epoll", ROLE_FD },	       { "mmap.mmap", ROLE_MMAP },
	{ "posix.ScandirIterator", ROLE_SCANDIR }, { "sqlite3.Connection", ROLE_SQLITE },
};
enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

struct finder {
	const struct py_descriptors_source *source;
	uint64_t base[ROLES]; /* address of the type; 0: not loaded */
};

static bool find_bases(struct finder *f)
{
	const struct instances *all = f->source->instances;
	const struct snapshot *heap = f->source->heap;
	bool any = false;

	for (uint32_t i = 0; i < all->num_types; i++)
		for (unsigned k = 0; k < ROLES; k++)
			if (!strcmp(snapshot_text(heap, all->type[i]), roles[k].type)) {
				f->base[k] = heap->addr[all->type[i]];
				any = true;
			}
	return any;
}

/* tp_base is the base that lays out the instances (Objects/typeobject.c, best_base), so that it leads
 * to the type of C, whatever else a class inherits from. */
static enum role role_of(const struct finder *f, uint64_t type)
{
	for (unsigned depth = 0; type && depth < MAX_BASES; depth++) {
		for (unsigned k = 0; k < ROLES; k++)
			if (type == f->base[k])
				return roles[k].role;
		if (memory_read_u64(f->source->memory, type + TP_BASE, &type))
			break;
	}
	return ROLE_NONE;
}

static struct hgs_descriptor *descriptor_of(const struct finder *f, uint32_t fd)
{
	size_t low = 0, high = f->source->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (f->source->descriptors[middle].fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->source->count && f->source->descriptors[low].fd == fd
		       ? &f->source->descriptors[low]
		       : NULL;
}

/* The number at an address; closed files have -1 there, which is in no list. */
static void own_number_at(const struct finder *f, uint64_t address, uint32_t owner)
{
	struct hgs_descriptor *descriptor;
	uint32_t fd;

	if (memory_read_u32(f->source->memory, address, &fd))
		return;
	descriptor = descriptor_of(f, fd);
	if (descriptor && owner < descriptor->owner)
		descriptor->owner = owner;
}

static uint64_t scandir_offset(uint32_t minor)
{
	return minor >= 14 ? SCANDIR_DIRP_314 : minor == 13 ? SCANDIR_DIRP_313 : SCANDIR_DIRP;
}

/* A database's own file, and those beside it: PATH-journal, PATH-wal, PATH-shm. The link's path may
 * begin with the root directory of a process that has another one than we. */
static void own_database(const struct finder *f, uint64_t name, uint32_t owner)
{
	char text[TARGET_MAX];
	size_t length;

	if (memory_read(f->source->memory, name, text, 1) || text[0] != '/' ||
	    memory_read_string(f->source->memory, name, text, sizeof(text)))
		return;
	length = strlen(text);
	if (length < 2)
		return;
	for (size_t i = 0; i < f->source->count; i++) {
		const char *at = strstr(f->source->targets[i], text);

		if (at && (!at[length] || at[length] == '-' || at[length] == ' ') &&
		    owner < f->source->descriptors[i].owner)
			f->source->descriptors[i].owner = owner;
	}
}

static void own_pager(const struct finder *f, uint64_t pager, uint32_t owner)
{
	for (unsigned i = 0; i < PAGER_WORDS; i++) {
		uint64_t word;

		if (memory_read_u64(f->source->memory, pager + i * 8, &word))
			return;
		own_database(f, word, owner);
	}
}

static void own_databases(const struct finder *f, uint32_t object)
{
	const struct memory *memory = f->source->memory;
	uint64_t connection, databases, at;
	uint32_t count;

	if (memory_read_u64(memory, f->source->heap->addr[object] + OWN_FD, &connection) ||
	    !connection || memory_read_u64(memory, connection + SQLITE_ADB, &databases) ||
	    memory_read_u32(memory, connection + SQLITE_NDB, &count) || count > SQLITE_MAX_DB)
		return;
	for (uint32_t i = 0; i < count; i++)
		if (!memory_read_u64(memory, databases + i * DB_SIZE + DB_BTREE, &at) && at &&
		    !memory_read_u64(memory, at + BTREE_SHARED, &at) &&
		    !memory_read_u64(memory, at, &at))
			own_pager(f, at, object);
}

static void look_at(const struct finder *f, uint32_t object, enum role role)
{
	uint64_t address = f->source->heap->addr[object], directory;
	uint32_t minor = f->source->layout->minor;

	switch (role) {
	case ROLE_FD:
		own_number_at(f, address + OWN_FD, object);
		break;
	case ROLE_MMAP:
		own_number_at(f, address + (minor == 8 ? MMAP_FD_38 : MMAP_FD), object);
		break;
	case ROLE_SCANDIR:
		/* A DIR begins with its number (glibc sysdeps/unix/sysv/linux/dirstream.h; musl too). */
		if (!memory_read_u64(f->source->memory, address + scandir_offset(minor), &directory) &&
		    directory)
			own_number_at(f, directory, object);
		break;
	case ROLE_SQLITE:
		own_databases(f, object);
		break;
	default:
		break;
	}
}

void py_descriptors(const struct py_descriptors_source *source)
{
	const struct instances *all = source->instances;
	struct finder f = { .source = source };

	if (!source->count || !find_bases(&f))
		return;
	for (uint32_t k = 0; k < all->num_types; k++) {
		enum role role = role_of(&f, source->heap->addr[all->type[k]]);

		for (uint32_t i = all->first[k]; role && i < all->first[k + 1]; i++)
			look_at(&f, all->object[i], role);
	}
}
