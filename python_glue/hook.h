/* The hook as bytes: position-independent code that a driver copies into a frozen process.
 *
 * It is one flat piece, entry at offset 0, at most 16 KB, without data of its own, without
 * relocations and without calls into any library; the build checks all of that. How to talk to it
 * stands in hook_abi.h, how to start it in inspect/freeze.h. */
#pragma once

#include <stddef.h>

extern const unsigned char py_hook_blob[];
extern const size_t py_hook_blob_size;
