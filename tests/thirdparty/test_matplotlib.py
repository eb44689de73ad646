"""matplotlib takes Tensors that nobody follows, as it takes NumPy's arrays."""

import numpy as np
import pytest

import xgrad as xg

CALLS = {
    "plot": lambda ax, x: ax.plot(x, x**2),
    "plot of a list": lambda ax, x: ax.plot([x[0], x[1]]),
    "scatter": lambda ax, x: ax.scatter(x, x, c=x, s=x),
    "bar": lambda ax, x: ax.bar(x, x),
    "bar of names": lambda ax, x: ax.bar(["a", "b", "c"], x, hatch=["/", "o", "x"]),
    "hist": lambda ax, x: ax.hist(x),
    "imshow": lambda ax, x: ax.imshow(xg.linalg.outer(x, x)),
    "contourf": lambda ax, x: ax.contourf(xg.linalg.outer(x, x)),
    "fill_between": lambda ax, x: ax.fill_between(x, 0, x),
    "errorbar": lambda ax, x: ax.errorbar(x, x, yerr=x),
    "axvline": lambda ax, x: ax.axvline(x[0]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_pictures_of_tensors(call):
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    x = xg.asarray([1.0, 2.0, 3.0])
    pictures = []
    for values in (x, x.numpy()):
        figure = Figure()
        canvas = FigureCanvasAgg(figure)
        call(figure.subplots(), values)
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba()).copy())
    np.testing.assert_array_equal(*pictures)


def test_broadcasting_beside_what_holds_no_numbers():
    x, none, words = np.broadcast_arrays(xg.ones((2, 1)), None, np.array(["a", "b", "c"]))
    assert x.tolist() == [[1.0] * 3] * 2
    assert isinstance(x, xg.Tensor)
    assert none.shape == (2, 3)
    assert none[1, 2] is None
    assert words.tolist() == [["a", "b", "c"]] * 2
