/* libFuzzer: any bytes as a core file, as far as it is read outside of the sandbox. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../inspect/core_gaps.h"
#include "../../inspect/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_apart(const struct core_file *core)
{
	static const struct core_places nowhere = { .sysroot = "/nonexistent" };
	struct core_image image;
	struct hg_error *error = core_image_make(core, &nowhere, &image);
	_cleanup_free_ struct mapping *maps = NULL;
	_cleanup_free_ char *text = NULL, *gaps = NULL;
	size_t count;

	if (!error) {
		text = core_image_maps(core, &image);
		if (text && maps_parse(text, &maps, &count) < 0)
			abort(); /* our own text is understood, whatever names a core has */
		error = core_gaps(core, &image, &gaps);
		core_image_deinit(&image);
	}
	hg_error_free(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct hg_error *error;
	struct core_file core;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || !core_is_one(fd))
		return 0;
	error = core_file_read(fd, "fuzz", &core);
	if (!error) {
		take_apart(&core);
		core_file_deinit(&core);
	}
	hg_error_free(error);
	return 0;
}
