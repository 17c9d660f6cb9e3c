/* libFuzzer: any bytes as a baseline. */
#include <stdint.h>

#include "../../graph/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_fclose_ FILE *in = size ? fmemopen((void *)data, size, "r") : NULL;
	struct baseline *baseline = NULL;

	if (!in)
		return 0;
	hg_error_free(baseline_parse(in, "fuzz", &baseline));
	if (baseline)
		baseline_knows(baseline, FINDING_GROWTH, size);
	baseline_destroy(baseline);
	return 0;
}
