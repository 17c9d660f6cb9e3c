"""Objects that put themselves back into use when they are finalized.

What is wrong: Session.__del__ stores its object in a list, "to be used again". Python runs __del__ once
in an object's life: the second time such a session is dropped, it is freed without a word, and what its
__del__ would have released is not.

The fix: let a context manager or an explicit close() return the session to the list, and leave __del__
out.
"""

import library

idle = []


class Session:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        idle.append(self)  # the line to take out


for number in range(3):
    Session(number)
library.wait()
