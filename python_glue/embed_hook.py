"""Writes the hook's flat code as a C array: embed_hook.py BLOB OUTPUT."""

import sys

with open(sys.argv[1], "rb") as blob:
    code = blob.read()
rows = [", ".join("0x%02x" % byte for byte in code[at:at + 16]) for at in range(0, len(code), 16)]
with open(sys.argv[2], "w") as output:
    output.write('#include "hook.h"\n\nconst unsigned char py_hook_blob[] = {\n\t')
    output.write(",\n\t".join(rows))
    output.write("\n};\nconst size_t py_hook_blob_size = sizeof(py_hook_blob);\n")
