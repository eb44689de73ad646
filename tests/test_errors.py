"""The classes of errors: ours, and the built-in ones that a user would catch."""

import pickle

import pytest

import xgrad as xg

BASES = {
    "DeviceMismatchError": (ValueError,),
    "ShapeError": (ValueError,),
    "DTypeError": (TypeError,),
    "LinAlgError": (ValueError,),
    "NotDifferentiableError": (TypeError,),
    "TapeError": (RuntimeError, ValueError),
    "UnconnectedGradientError": (ValueError,),
    "NumericsError": (FloatingPointError,),
    "OutOfMemoryError": (MemoryError,),
    "GradientCheckError": (AssertionError,),
    "MutationError": (RuntimeError,),
    "BackendUnavailableError": (RuntimeError,),
    "TracingError": (RuntimeError,),
    "ClosedWriterError": (RuntimeError,),
    "CheckpointError": (ValueError,),
    "ArgumentError": (ValueError,),
    "ArgumentTypeError": (TypeError,),
}


@pytest.mark.parametrize(("name", "bases"), list(BASES.items()), ids=BASES)
def test_error_is_also_the_built_in_one(name, bases):
    kind = getattr(xg.errors, name)
    assert kind.__bases__ == (xg.errors.XgradError, *bases)
    assert kind.__doc__


def test_an_axis_that_is_not_there_is_an_index_error_too():
    assert xg.errors.AxisError.__bases__ == (xg.errors.ShapeError, IndexError)
    with pytest.raises(IndexError, match="axis 3 is out of range for 2 axes"):
        xg.sum(xg.ones((2, 2)), axis=3)


def test_an_index_that_is_not_there_is_an_index_error_too():
    assert xg.errors.OutOfRangeError.__bases__ == (xg.errors.ArgumentError, IndexError)


def test_all_are_listed():
    assert sorted(xg.errors.__all__) == sorted(
        [*BASES, "AxisError", "OutOfRangeError", "XgradError"]
    )


@pytest.mark.parametrize("name", [*BASES, "AxisError", "OutOfRangeError"])
def test_errors_travel(name):
    error = getattr(xg.errors, name)("what happened")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == "what happened"


MISTAKES = {
    "shape": (lambda: xg.ones(3) + xg.ones(2), ValueError),
    "matmul": (lambda: xg.ones((2, 3)) @ xg.ones((2, 3)), ValueError),
    "axis": (lambda: xg.sum(xg.ones(2), axis=3), ValueError),
    "axis_twice": (lambda: xg.sum(xg.ones((2, 2)), axis=(0, 0)), ValueError),
    "reshape": (lambda: xg.reshape(xg.ones(3), (2, 2)), ValueError),
    "squeeze": (lambda: xg.squeeze(xg.ones(3), axis=0), ValueError),
    "stack": (lambda: xg.stack([xg.ones(2), xg.ones(3)]), ValueError),
    "concat": (lambda: xg.concat([xg.ones((2, 2)), xg.ones((3, 3))]), ValueError),
    "concat_of_nothing": (lambda: xg.concat([]), ValueError),
    "concat_of_one": (lambda: xg.concat(xg.ones(2)), TypeError),
    "list_operand": (lambda: xg.sin([1.0]), TypeError),
    "text_operand": (lambda: xg.add(xg.ones(2), "a"), TypeError),
    "bitwise_of_floats": (lambda: xg.ones(2) & xg.ones(2), TypeError),
    "device": (lambda: xg.ones(2) + xg.ones(2, device="array_api_strict:device1"), ValueError),
    "take_without_axis": (lambda: xg.take(xg.ones((2, 2)), xg.asarray([0])), ValueError),
    "scatter_mode": (
        lambda: xg.scatter(xg.ones(2), xg.asarray([0]), xg.ones(1), mode="mean"),
        ValueError,
    ),
    "scatter_shape": (lambda: xg.scatter(xg.ones(2), xg.asarray([0]), xg.ones(2)), ValueError),
    "isdtype": (lambda: xg.isdtype(xg.float32, "strange"), ValueError),
    "permute_dims": (lambda: xg.permute_dims(xg.ones((2, 2)), (0,)), ValueError),
    "broadcast_to": (lambda: xg.broadcast_to(xg.ones(3), (2,)), ValueError),
    "where": (lambda: xg.where(xg.ones(2) > 0, xg.ones(3), xg.ones(2)), ValueError),
    "repeat": (lambda: xg.repeat(xg.ones(2), -1), ValueError),
    "item": (lambda: xg.ones(2).item(), ValueError),
    "cumulative_sum": (lambda: xg.cumulative_sum(xg.ones((2, 2))), ValueError),
    "tensordot": (lambda: xg.tensordot(xg.ones((2, 3)), xg.ones((2, 3)), axes=1), ValueError),
    "vecdot": (lambda: xg.vecdot(xg.ones(2), xg.ones(3)), ValueError),
    "max_of_nothing": (lambda: xg.max(xg.ones(0)), ValueError),
}


@pytest.mark.parametrize(("mistake", "builtin"), list(MISTAKES.values()), ids=MISTAKES)
def test_public_functions_raise_our_errors_of_the_expected_built_in_kind(mistake, builtin):
    with pytest.raises(xg.errors.XgradError) as error:
        mistake()
    assert isinstance(error.value, builtin)
    assert len(str(error.value)) > 20
