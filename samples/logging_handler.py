"""A logging handler that nobody takes off its logger.

What is wrong: each job adds a handler of its own to the logger "jobs" and never removes it. Loggers live
as long as the process: so do their handlers, and the library that each one opened. (Every message is
also written as often as there are handlers.)

The fix: `logger.removeHandler(handler)` in a finally block, and one handler for all jobs.
"""

import ctypes
import logging

import library


class CompressedLog(logging.Handler):
    def __init__(self):
        super().__init__()
        self.dll = ctypes.CDLL(library.path("codec"))

    def emit(self, record):
        data = record.getMessage().encode()
        self.dll.codec_checksum(data, ctypes.c_size_t(len(data)))


def job(number):
    logger = logging.getLogger("jobs")
    logger.addHandler(CompressedLog())  # the line whose counterpart is missing
    logger.warning("job %d", number)


for number in range(3):
    job(number)
library.wait()
