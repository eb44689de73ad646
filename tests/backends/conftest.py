"""What tests on the stand-in for CuPy share."""

import pytest
from cupy_stand_in import stand_in

import xgrad as xg


@pytest.fixture(scope="module")
def second():
    """The second of two devices, which is not the current one."""
    with stand_in():
        yield xg.device("cuda:1")


@pytest.fixture
def kernel_by_kernel():
    """No graphs: what is started is counted."""
    with xg.cuda.set_graphs("never"):
        yield
