"""Tests for test_pytest_plugin.py, whose names say what the plugin is to find: leaks (FAILED), leaves (ERROR
when it is torn down), clean; fails is a failure of its own."""

import asyncio
import ctypes
import gc
import json
import logging
import os
import unittest

import pytest


class Proc:
    pass


class Derived(Proc):
    pass


class Trouble(Exception):
    pass


kept = []
LIBRARIES = os.environ["HEAPGRAPH_BUILD"] + "/samples/"
no_leaks = pytest.mark.heapgraph(no_leaks=True)
instances = pytest.mark.heapgraph(instances=[Proc])


@no_leaks
def test_leaks_opens():
    ctypes.CDLL(LIBRARIES + "libfilter.so")


@no_leaks
def test_leaks_descriptor():
    kept.append(open("/dev/null"))


@no_leaks
def test_leaks_cycle():
    proc = Proc()
    proc.me = proc


@no_leaks
def test_leaks_exception_cycle():
    try:
        raise Trouble()
    except Trouble as error:
        again = error
    assert again


@instances
def test_leaks_instance():
    kept.append(Proc())


@instances
def test_leaks_derived():
    kept.append(Derived())


@no_leaks
def test_clean_nothing():
    assert not gc.isenabled()


def test_clean_collector_is_back():
    assert gc.isenabled()


@no_leaks
def test_clean_closed():
    with open("/dev/null"):
        pass


@no_leaks
def test_clean_cycle_of_the_library():
    json.dumps({"a": [1, {}]}, indent=2)


@no_leaks
def test_clean_raises():
    with pytest.raises(Trouble):
        raise Trouble()


@pytest.mark.heapgraph(no_leaks=True, cycles=False)
def test_clean_cycle_allowed():
    proc = Proc()
    proc.me = proc


@instances
def test_fails_by_itself():
    proc = Proc()
    assert proc is None


@instances
def test_clean_after_a_failure():
    pass


@instances
def test_skips():
    proc = Proc()
    pytest.skip(f"with {proc}")


@pytest.fixture
def proc():
    return Proc()


@pytest.fixture(scope="module")
def procs():
    return [Proc()]


@instances
def test_clean_fixtures(proc, procs):
    proc.other = procs


@instances
@pytest.mark.parametrize("proc", [Proc(), Proc()])
def test_clean_parameters(proc):
    pass


@instances
@pytest.mark.parametrize("number", [1, 2])
def test_leaks_parametrized(number):
    kept.append(Proc())


@instances
def test_clean_logged(caplog):
    logging.getLogger().warning("%s", Proc())


@instances
@no_leaks
class TestClass:
    def setup_method(self):
        self.first = Proc()
        self.file = open("/dev/null")

    def teardown_method(self):
        self.file.close()

    def test_clean_attributes(self):
        self.second = Proc()

    def test_leaks_attribute(self):
        self.second = Proc()
        kept.append(self.second)


class TestCase(unittest.TestCase):
    pytestmark = instances

    def setUp(self):
        self.first = Proc()

    def test_clean_case(self):
        self.second = Proc()

    def test_leaks_case(self):
        kept.append(Proc())

    def test_fails_case(self):
        proc = Proc()
        self.assertIsNone(proc)


@instances
@pytest.mark.asyncio
async def test_clean_async():
    proc = Proc()
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    assert proc


@instances
@pytest.mark.asyncio
async def test_leaks_async():
    kept.append(Proc())
    await asyncio.sleep(0)


def test_leaves_library(heapgraph_guard):
    kept.append(ctypes.CDLL(LIBRARIES + "libcodec.so"))


def test_leaves_instance(heapgraph_guard):
    heapgraph_guard.watch(Proc)
    kept.append(Proc())


def test_clean_watched(heapgraph_guard):
    heapgraph_guard.watch(Proc)
    Proc()


def test_fails_watched(heapgraph_guard):
    heapgraph_guard.watch(Proc)
    proc = Proc()
    assert proc is None


def test_guarded_by_option():
    kept.append(open("/dev/null"))


@pytest.mark.heapgraph(no_leaks=False)
def test_clean_let_alone():
    kept.append(open("/dev/null"))
