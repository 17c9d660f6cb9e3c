"""A program on a terminal of its own: what is typed, and what it answers up to its prompt, which a
regular expression tells."""

import os
import re
import signal
import subprocess
import time

PLAIN = {"TERM": "dumb", "NO_COLOR": "1", "PYTHON_COLORS": "0", "COLUMNS": "100"}


class Terminal:
    def __init__(self, command, prompt, **options):
        self.main, other = os.openpty()
        self.prompt = prompt
        self.process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other,
                                        start_new_session=True, **options)
        os.close(other)
        os.set_blocking(self.main, False)

    def answer(self, line=None):
        if line is not None:
            os.write(self.main, line.encode() + b"\n")
        text, end = "", time.monotonic() + 60
        while not re.search(rf"{self.prompt}\Z", text):
            assert time.monotonic() < end, text
            try:
                text += os.read(self.main, 65536).decode("utf-8", "replace")
            except BlockingIOError:
                time.sleep(0.01)
        return text.replace("\r", "")

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.main)
