/* libFuzzer: any bytes as a compressed core. TMPDIR should be in memory. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../inspect/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const sig_atomic_t no_signal;
	const struct interrupt never = { &no_signal };
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC), out = -1;
	struct hg_error *error = NULL;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || !unpack_is_packed(fd))
		return 0;
	error = unpack(fd, "fuzz", &never, &out);
	hg_error_free(error);
	return 0;
}
