"""Observers that are told of operations while nobody watches."""

import threading

import pytest

import xgrad as xg
from xgrad.core.observers import state
from xgrad.interpreters.follower import Follower
from xgrad.interpreters.stack import set_ambient


class Nobody(Follower):
    def follows(self, node):
        return False


class Listener:
    alone = ()
    sees_constants = True

    def __init__(self):
        self.heard = []
        self.tangents = Nobody()
        self.tangents.start()

    def told(self, primitive, arrays, nodes, parameters, y, new, outside):
        self.heard.append(primitive.name)
        return new


@pytest.fixture
def listener():
    found = Listener()
    set_ambient((found,))
    yield found
    set_ambient(())
    assert state.recorder is None


def test_operations_on_followed_values_are_told(listener):
    v = xg.Variable(2.0)
    _ = v * v
    _ = xg.floor(v)
    assert listener.heard == ["multiply", "floor"]


def test_what_a_tape_records_is_not_told(listener):
    v = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = v * v
    assert tape.gradient(y, v) == 4.0
    assert listener.heard == ["equal"]  # the comparison in this test's own line above


def test_a_function_with_a_rule_of_its_own_is_told_as_an_operation(listener):
    @xg.custom_gradient
    def double(x):
        return x + x, lambda g: 2 * g

    _ = double(xg.Variable(2.0))
    assert listener.heard == ["add", "custom_gradient(double)"]


def test_they_do_not_count_as_observers(listener):
    assert state.observers == ()
    v = xg.Variable(2.0)
    assert xg.grad(lambda x: x * x)(v) == 4.0
    assert "multiply" not in listener.heard


def test_they_belong_to_a_thread(listener):
    v = xg.Variable(2.0)
    thread = threading.Thread(target=lambda: v * v)
    thread.start()
    thread.join()
    assert listener.heard == []
