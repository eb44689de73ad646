"""What tests of compat/ share, and what each must leave behind: nothing."""

import gc

import pytest

import xgrad.compat.tensorflow as tf
from xgrad.core.observers import settings, state


@pytest.fixture(autouse=True)
def nothing_stays_open():
    """The default graph closes when the values of a program are gone, at the latest with the test."""
    yield
    assert state.observers == ()
    assert not settings.inspected


@pytest.fixture(scope="package", autouse=True)
def cheap_collections():
    """Whoever lists a graph's Variables collects garbage first: not all of what pytest has, too."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(params=[False, True], ids=["default", "own"])
def graph(request):
    """The default graph, or one that was opened."""
    if not request.param:
        yield
        return
    with tf.Graph().as_default():
        yield
