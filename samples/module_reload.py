"""A module that was replaced, and a callback that keeps the one before.

What is wrong: the service takes the plug-in out of sys.modules and imports it anew, to get its newest
version. But `on_event` still lists a function of the former import; a function keeps the global variables
of its module, and one of these is the library that the module opened. Two opens, two owners, and only
one of them is in use.

The fix: take the old module's callbacks out of `on_event` before it is imported again.
"""

import importlib
import sys

import library

on_event = []


def load_plugin():
    sys.modules.pop("reloaded_plugin", None)
    plugin = importlib.import_module("reloaded_plugin")
    on_event.append(plugin.handle)  # nothing takes it out again
    return plugin


load_plugin()
current = load_plugin()
library.wait()
