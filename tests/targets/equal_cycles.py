"""100,000 equal garbage cycles, and one of another kind that must not drown among them. gc is off."""

import gc

import common


class Session:
    def __init__(self):
        self.on_close = self.close

    def close(self):
        pass


class Single:
    def __init__(self):
        self.me = self


gc.collect()  # what imports leave behind: functools has a cycle of its own from 3.14 on
gc.disable()
for _ in range(100000):
    Session()
Single()
common.serve(still=False)
