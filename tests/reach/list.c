/* list-reach FILE.hgs: "STATE 0xADDRESS" for each object that gc tracks and that no root reaches, STATE
 * being garbage or frozen. */
#include "../../graph/graph.h"

int main(int argc, char **argv)
{
	struct snapshot *s;
	struct reach *reach;
	struct hg_error *error = argc == 2 ? snapshot_open(argv[1], &s) : &hg_error_no_memory;

	if (!error)
		error = reach_create(s, &reach);
	if (error) {
		fprintf(stderr, "list-reach: %s\n", error->message);
		return 1;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		bool frozen = reach->state[i] == REACH_FROZEN;

		if ((s->flags[i] & HGS_OBJ_TRACKED) && (frozen || reach->state[i] == REACH_GARBAGE))
			printf("%s 0x%llx\n", frozen ? "frozen" : "garbage",
			       (unsigned long long)s->addr[i]);
	}
	reach_destroy(reach);
	snapshot_close(s);
	return 0;
}
