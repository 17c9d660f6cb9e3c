"""An interpreter whose objects are in gc's permanent generation, as servers do before they fork."""

import gc

import common

kept = [{"number": n} for n in range(1000)]
gc.freeze()
later = [[n] for n in range(100)]
common.serve({"frozen": gc.get_freeze_count})
