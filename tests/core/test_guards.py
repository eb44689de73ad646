"""Leaving xgrad: refused while a tape follows the value, free otherwise."""

import array_api_strict
import numpy as np
import pytest

import xgrad as xg

WAYS_OUT = {
    "np.asarray": np.asarray,
    "np.array": np.array,
    "np.array_of_a_list": lambda x: np.array([x, x]),
    "np.asarray_of_elements": lambda x: np.asarray([x[0], x[1]]),
    "np.asanyarray": np.asanyarray,
    "np.asarray_object": lambda x: np.asarray(x, dtype=object),
    "__array__": lambda x: x.__array__(),
    "__dlpack__": lambda x: x.__dlpack__(),
    "np.from_dlpack": np.from_dlpack,
    "write_into_an_array": lambda x: np.zeros(3).__setitem__(slice(None), x),
    "array_api_strict.asarray": array_api_strict.asarray,
}


@pytest.fixture
def x():
    return xg.asarray([1.0, 2.0, 3.0])


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@pytest.mark.parametrize("way", list(WAYS_OUT.values()), ids=WAYS_OUT)
def test_leaving_while_followed_raises_and_names_the_way_out(way, x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        for followed in (x, x * 2.0):
            with pytest.raises(TypeError, match=r"followed by an active GradientTape") as error:
                way(followed)
            assert ".numpy()" in str(error.value)
            assert "stop_gradient" in str(error.value)
            assert "(3,) float64 on cpu" in str(error.value) or "() float64" in str(error.value)


@pytest.mark.parametrize("way", list(WAYS_OUT.values()), ids=WAYS_OUT)
def test_leaving_is_free_otherwise(way, x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * 2.0
        way(xg.stop_gradient(y))
        way(xg.asarray([1.0, 2.0, 3.0]))
        with tape.stop_recording():
            way(y)
    way(x)
    way(y)


def test_variables_are_guarded_where_a_tape_would_watch_them():
    v = xg.Variable([1.0, 2.0])
    with xg.GradientTape(), pytest.raises(TypeError, match="followed"):
        np.asarray(v)
    with xg.GradientTape(watch_accessed_variables=False):
        np.asarray(v)
    with xg.GradientTape():
        np.asarray(xg.Variable([1.0], trainable=False))
    np.testing.assert_array_equal(np.asarray(v), [1.0, 2.0])


def test_integers_are_never_followed(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        assert np.asarray(xg.argsort(x)).tolist() == [0, 1, 2]
        assert np.asarray(x > 1.5).tolist() == [False, True, True]


def test_another_threads_tape_is_no_obstacle(x):
    import threading

    found = []
    with xg.GradientTape() as tape:
        tape.watch(x)
        thread = threading.Thread(target=lambda: found.append(np.asarray(x).tolist()))
        thread.start()
        thread.join()
    assert found == [[1.0, 2.0, 3.0]]


def test_torch_is_guarded_too(torch, x):
    ways = (torch.asarray, torch.tensor, torch.as_tensor, torch.from_dlpack)
    with xg.GradientTape() as tape:
        tape.watch(x)
        for way in ways:
            with pytest.raises(TypeError, match="followed"):
                way(x)
    assert [way(x).tolist() for way in ways] == [[1.0, 2.0, 3.0]] * 4


def test_deliberate_ways_out_are_free(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(x)
        assert x.numpy().tolist() == [1.0, 2.0, 3.0]
        assert x.tolist() == [1.0, 2.0, 3.0]
        assert y.item() == 6.0
        assert float(y) == 6.0
        assert f"{y:.1f}" == "6.0"


def test_asarray_shares_memory_and_takes_arguments(x):
    assert np.asarray(x) is x.array
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert np.array(x) is not x.array
    assert np.array(x, copy=False) is x.array
    with pytest.raises(ValueError, match="copy=False"):
        np.array(x, dtype=np.float32, copy=False)


def test_dlpack_shares_memory(x):
    assert np.shares_memory(np.from_dlpack(x), x.array)
    assert x.__dlpack_device__() == x.array.__dlpack_device__()


def test_arrays_of_other_devices_do_not_leave_by_themselves():
    x = xg.ones(2, device="array_api_strict:device1")
    with pytest.raises(TypeError, match=r"copies it to the host. Use .numpy\(\)"):
        np.asarray(x)
    assert x.numpy().tolist() == [1.0, 1.0]


def test_arrays_of_torch_in_host_memory_do(torch):
    assert np.asarray(xg.ones(2, device="torch:cpu")).tolist() == [1.0, 1.0]


def test_meta_has_nothing_to_give(meta):
    x = xg.ones((), device=meta)
    for way in (float, bool, lambda x: x.numpy(), lambda x: x.item()):
        with pytest.raises((NotImplementedError, RuntimeError)):
            way(x)
