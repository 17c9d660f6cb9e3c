"""Finalized objects that live on are found; generators and files, which have finalizers of C, are not."""


def test_objects_stored_by_their_own_del(python, sample, run):
    target = sample(python, "resurrected")
    answer = run("attach", target.pid, "--json").json
    found = [one for one in answer["findings"] if one["code"] == "resurrected"]
    assert [(one["count"], one["severity"], len(one["objects"])) for one in found] == [(3, "warning", 3)]
    assert "__main__.idle[" in found[0]["title"]
    assert "__main__.Session.__del__" in found[0]["evidence"]
    target.assert_unharmed()


def test_an_idle_interpreter_has_none(python, start, run):
    answer = run("attach", start(python, "idle.py").pid, "--json").json
    assert [one for one in answer["findings"] if one["code"] == "resurrected"] == []
