"""Every exception that xgrad raises on purpose.

Each is an `XgradError` and also the built-in exception that a user would think of catching:

    XgradError
      DeviceMismatchError(ValueError)       two devices in one operation
      ShapeError(ValueError)                shapes that do not fit
        AxisError(IndexError)               an axis that is not there
      DTypeError(TypeError)                 a dtype that the operation cannot take
      LinAlgError(ValueError)               a matrix that has no inverse, or no such factors
      NotDifferentiableError(TypeError)     a followed value meets something without a gradient
      TapeError(RuntimeError, ValueError)   a tape used at the wrong time
      UnconnectedGradientError(ValueError)  a gradient that does not exist, on request
      OutOfMemoryError(MemoryError)         a device has no memory for a result
      NumericsError(FloatingPointError)     a NaN or infinity, on request
      GradientCheckError(AssertionError)    a gradient that is wrong, in xg.testing
      MutationError(RuntimeError)           an array that was changed under a tape, on request
      BackendUnavailableError(RuntimeError) a device or library that is not there
      TracingError(RuntimeError)            something that cannot be recorded
      ClosedWriterError(RuntimeError)       summaries after their writer was closed
      CheckpointError(ValueError)           a file that is damaged, or no file of xg.save
      ArgumentError(ValueError)             any other wrong value
        OutOfRangeError(IndexError)         an index that is not there, or one too many
      ArgumentTypeError(TypeError)          any other wrong type

A message says what happened, with the values; what was expected; and what to do."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "AxisError",
    "BackendUnavailableError",
    "CheckpointError",
    "ClosedWriterError",
    "DTypeError",
    "DeviceMismatchError",
    "GradientCheckError",
    "LinAlgError",
    "MutationError",
    "NotDifferentiableError",
    "NumericsError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "ShapeError",
    "TapeError",
    "TracingError",
    "UnconnectedGradientError",
    "XgradError",
]


class XgradError(Exception):
    """The base of every exception that xgrad raises on purpose."""


class DeviceMismatchError(XgradError, ValueError):
    """Two devices met in one operation."""


class ShapeError(XgradError, ValueError):
    """Shapes do not fit the operation or each other."""


class AxisError(ShapeError, IndexError):
    """There is no such axis; an `IndexError` by the array API standard."""


class DTypeError(XgradError, TypeError):
    """A dtype is of a kind that the operation cannot take."""


class LinAlgError(XgradError, ValueError):
    """A matrix is singular, not positive definite, or an iteration did not converge.

    What is raised is also the exception of that name of the library that refused the matrix."""

    def __reduce__(self) -> Any:
        return LinAlgError, self.args


class NotDifferentiableError(XgradError, TypeError):
    """A value that a tape follows meets something that has no gradient."""


class TapeError(XgradError, RuntimeError, ValueError):
    """A tape was used at a time, in a place or in a thread where it cannot be."""


class UnconnectedGradientError(XgradError, ValueError):
    """No path leads from the target to the source, and the caller asked for an error."""


class OutOfMemoryError(XgradError, MemoryError):
    """A device has no memory for the result of an operation.

    What is raised is also the exception of the library that asked for it."""

    def __reduce__(self) -> Any:
        return OutOfMemoryError, self.args


class NumericsError(XgradError, FloatingPointError):
    """A NaN or an infinity appeared while somebody was looking for one.

    Attributes
    ----------
    op : str
        The operation that gave it.
    stage : str
        ``"forward"``, ``"backward"`` or ``"tangent"``.
    where : str
        ``file:line (text)`` of the operation in the user's code.
    """

    op = ""
    stage = ""
    where = ""


class GradientCheckError(XgradError, AssertionError):
    """A gradient disagrees with what the function's own values say.

    Attributes
    ----------
    argument : str
        Which argument, ``xs[0]``, or the result where tangents disagree.
    index : tuple of int
        Of the worst element.
    claimed, numerical, tolerance : float or complex
        What was claimed there, what was measured, and by how much they may differ.
    suspects : tuple of str
        The rules that are wrong by themselves, the operations that cut a path, ...
    """

    argument = ""
    index: tuple[int, ...] = ()
    claimed: complex = 0.0
    numerical: complex = 0.0
    tolerance = 0.0
    suspects: tuple[str, ...] = ()


class MutationError(XgradError, RuntimeError):
    """An array that a tape keeps was changed by somebody else."""


class BackendUnavailableError(XgradError, RuntimeError):
    """A device or the library behind it is not available on this machine."""


class TracingError(XgradError, RuntimeError):
    """Python code did something that a recorded program cannot repeat."""


class ClosedWriterError(XgradError, RuntimeError):
    """A summary writer was used after it was closed."""


class CheckpointError(XgradError, ValueError):
    """A file is damaged, is none that `xgrad.save` wrote, or holds something else than asked for."""


class ArgumentError(XgradError, ValueError):
    """An argument has a wrong value or structure."""


class OutOfRangeError(ArgumentError, IndexError):
    """There is no element of such an index, or no axis for so many; an `IndexError` as elsewhere."""


class ArgumentTypeError(XgradError, TypeError):
    """An argument has a wrong type."""
