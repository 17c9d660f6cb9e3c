"""Values that a redacted snapshot must not hold, and a class whose name it may."""

import common


class PasswordKeeper:
    def __init__(self):
        self.password = "correct horse battery staple"
        self.pin = 31415926535
        self.raw = b"s3cr3t-bytes"
        self.by_key = {"correct horse": 1}


keeper = PasswordKeeper()
common.serve()
