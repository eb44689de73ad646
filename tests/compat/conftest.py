"""What every test of compat/ must leave behind: nothing."""

import gc

import pytest

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
