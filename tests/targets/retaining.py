"""Structures whose retained sizes are known: tests/test_retained.py asks for each of them.

Made of objects whose own size sys.getsizeof() tells on every version: no instances with dicts. What
hangs on a structure alone is collected by hand while it is built.
"""

import sys

import common


class Slots:
    __slots__ = ("left", "right")


sizes = {}


def note(name, *objects):
    """Adds objects to what `name` retains, as sizes only."""
    sizes.setdefault(name, []).extend(sys.getsizeof(one) for one in objects)


def text(number):
    return "text %d" % number


def make_tree(name):
    tree = []
    for number in range(1000):
        leaf = (text(number), 10 ** 9 + number, b"b" * (number + 2))
        note(name, leaf, leaf[0], leaf[1], leaf[2])
        tree.append(leaf)
    note(name, tree)
    return tree


def make_nested(name):
    inner, middle, outer = [text(1)], Slots(), Slots()
    middle.left, outer.left = inner, middle
    middle.right = outer.right = None
    inner.append(inner)  # a cycle below does not matter
    note(name, inner, inner[0], middle, outer)
    return outer


def make_chain(name):
    head = None
    for _ in range(20000):
        link = [head]
        note(name, link)
        head = link
    return head


# Two that hold one: it goes with neither, only with what holds both.
common_part = [text(number) for number in range(50)]
first, second = [common_part, text(1001)], [common_part, text(1002)]
note("first", first, first[1])
note("both", first, second, first[1], second[1], common_part, *common_part)
both = Slots()
both.left, both.right = first, second
note("both", both)
del common_part, first, second

tree, nested, chain = make_tree("tree"), make_nested("nested"), make_chain("chain")


def answers():
    return {name: [len(found), sum(found)] for name, found in sizes.items()}


common.serve({"sizes": answers})
