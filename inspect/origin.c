/* A number is given to another process when its own has ended, so that two snapshots of process 4242
 * need not be of one process. When it started, and since which boot, tells them apart. */
#include "origin.h"

#include <inttypes.h>
#include <string.h>

#include "proc.h"

/* Field 22 of proc(5)'s stat; the second is the name in brackets, which may hold blanks and brackets. */
static bool start_ticks(pid_t pid, uint64_t *ret)
{
	_cleanup_free_ char *text = proc_read(pid, "stat", NULL);
	const char *at = text ? strrchr(text, ')') : NULL;

	return at && sscanf(at,
			    ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			    "%*d %*d %*d %" SCNu64,
			    ret) == 1;
}

static void boot_id(char id[64])
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || fscanf(file, "%63s", id) != 1)
		id[0] = '\0';
}

struct hg_error *origin_write(pid_t pid, uint64_t taken_ns, struct snapshot_writer *writer)
{
	struct hgs_process process = { .taken_ns = taken_ns };
	struct hg_error *error;
	char boot[64];

	if (!start_ticks(pid, &process.start_ticks))
		return NULL;
	boot_id(boot);
	error = snapshot_writer_string(writer, boot, &process.boot_id);
	if (error)
		return error;
	return snapshot_writer_add(writer, HGS_PROCESS, sizeof(process), &process, 1);
}
