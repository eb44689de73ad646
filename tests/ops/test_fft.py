"""xg.fft: arguments, dtypes, namespaces and what needs its own look beyond the table of cases."""

import inspect

import numpy as np
import pytest

import xgrad as xg

SINGLE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn"]
OF_REAL = {"rfft", "ihfft", "rfftn"}


def spectrum(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


# -- names -------------------------------------------------------------------------------------


def test_fft_is_a_module_that_can_be_imported():
    import xgrad.fft

    assert xgrad.fft is xg.fft


@pytest.mark.parametrize("name", xg.fft.__all__)
def test_every_function_is_in_every_namespace(name, device):
    namespace = xg.namespace(device.namespace)
    assert callable(getattr(namespace.fft, name))
    assert namespace.fft.__name__ == f"{namespace.__name__}.fft"


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_of_a_namespace_are_on_its_device(name, device):
    namespace = xg.namespace(device.namespace)
    found = getattr(namespace.fft, name)(6, d=0.5)
    assert found.device == namespace.zeros(1).device
    assert found.dtype == namespace.zeros(1).dtype
    np.testing.assert_allclose(found.numpy(), getattr(np.fft, name)(6, 0.5), rtol=1e-6)


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_go_to_the_device_asked_for(name, any_device):
    found = getattr(xg.fft, name)(5, device=any_device)
    assert found.device == any_device


# -- values and dtypes -------------------------------------------------------------------------


@pytest.mark.parametrize("name", SINGLE + SEVERAL)
def test_single_precision_stays_single(name, device, rng):
    x = spectrum(rng, 3, 4).astype(np.complex64)
    x = x.real if name in OF_REAL else x
    y = getattr(xg.fft, name)(xg.asarray(x, device=device)).numpy()
    expected = getattr(np.fft, name)(x)
    assert y.dtype == expected.dtype
    assert y.dtype.itemsize == (4 if name in {"irfft", "hfft", "irfftn"} else 8)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["fft", "ifft", "irfft", "hfft", "fftn", "ifftn", "irfftn"])
def test_real_arguments_of_complex_transforms(name, device, rng):
    x = rng.normal(size=(3, 4))
    y = getattr(xg.fft, name)(xg.asarray(x, device=device)).numpy()
    np.testing.assert_allclose(y, getattr(np.fft, name)(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [4, 5])
def test_imaginary_parts_of_bins_without_an_image_do_not_count(n, device, rng):
    x = spectrum(rng, 2, 3)
    y = xg.fft.irfftn(xg.asarray(x, device=device), s=(2, n), axes=(0, 1))
    expected = np.fft.irfftn(x, s=(2, n), axes=(0, 1))
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_whole_numbers_become_floating():
    y = xg.fft.fft(xg.asarray([1, 2, 3]))
    np.testing.assert_allclose(y.numpy(), np.fft.fft([1, 2, 3]))
    assert y.dtype == xg.complex128


@pytest.mark.parametrize("name", SINGLE + SEVERAL)
@pytest.mark.parametrize("shape", [(0, 4), (4, 0, 3)])
def test_nothing_to_transform_gives_nothing(name, shape, device):
    x = np.zeros(shape)
    options = {"axis": -1} if name in SINGLE else {"axes": (-1,)}
    y = getattr(xg.fft, name)(xg.asarray(x, device=device), **options)
    assert y.shape == getattr(np.fft, name)(x, **options).shape


@pytest.mark.parametrize("n", [1, 2, 5, 6])
@pytest.mark.parametrize("d", [0.3, -2.0])
def test_frequencies_agree_with_numpy_to_the_last_bit(n, d):
    np.testing.assert_array_equal(xg.fft.fftfreq(n, d=d).numpy(), np.fft.fftfreq(n, d))
    np.testing.assert_array_equal(xg.fft.rfftfreq(n, d=d).numpy(), np.fft.rfftfreq(n, d))


def test_frequencies_in_single_precision():
    assert xg.fft.fftfreq(4, dtype=xg.float32).dtype == xg.float32
    with xg.set_default_dtype("float32"):
        assert xg.fft.rfftfreq(4).dtype == xg.float32


def test_norm_none_is_numpys_backward(rng):
    x = spectrum(rng, 5)
    np.testing.assert_array_equal(
        xg.fft.ifft(x, norm=None).numpy(), xg.fft.ifft(x, norm="backward").numpy()
    )


def test_sizes_alone_are_those_of_the_last_axes(rng):
    x = spectrum(rng, 2, 3, 4)
    found = xg.fft.fftn(x, s=(2, 5))
    np.testing.assert_allclose(found.numpy(), np.fft.fftn(x, s=(2, 5), axes=(-2, -1)))


# -- gradients beyond the table ----------------------------------------------------------------


def test_third_order(rng):
    """Both halves of the power spectrum sum to x . x (Parseval), so y is its square."""
    x = xg.asarray(rng.normal(size=4))
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as middle:
            middle.watch(x)
            with xg.GradientTape() as inner:
                inner.watch(x)
                power = xg.abs(xg.fft.rfft(x, norm="ortho")) ** 2
                y = xg.sum(power * xg.asarray([1.0, 2.0, 1.0])) ** 2
            first = inner.gradient(y, x)
            first_total = xg.sum(first)
        second = middle.gradient(first_total, x)
        second_total = xg.sum(second)
    third = outer.gradient(second_total, x).numpy()
    v, total = x.numpy(), x.numpy().sum()
    np.testing.assert_allclose(first.numpy(), 4 * (v @ v) * v)
    np.testing.assert_allclose(second.numpy(), 8 * total * v + 4 * (v @ v))
    np.testing.assert_allclose(third, 16 * total + 8 * v.size * v, rtol=1e-12)


def test_a_real_argument_gets_a_real_gradient_of_its_own_precision(device, rng):
    x = xg.asarray(rng.normal(size=5).astype(np.float32), device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(xg.abs(xg.fft.ifft(x, n=8)) ** 2)
    g = tape.gradient(y, x)
    assert g.dtype == x.dtype
    assert g.device == device


def test_a_transform_keeps_no_array_for_the_way_back(rng):
    x = xg.asarray(rng.normal(size=8))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.fft.irfft(xg.fft.rfft(x))
    assert y.node.saved == ()
    assert y.node.parents[0].saved == ()


# -- wrong arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OF_REAL))
def test_a_complex_argument_of_a_real_transform(name):
    with pytest.raises(xg.errors.DTypeError, match=rf"{name}: x must be real.*Use xg\.fft\."):
        getattr(xg.fft, name)(xg.asarray([1j, 2j]))


@pytest.mark.parametrize("name", SINGLE)
def test_wrong_norm_axis_and_size_of_one_axis(name):
    transform, x = getattr(xg.fft, name), xg.ones((3, 4))
    with pytest.raises(xg.errors.ArgumentError, match=f"{name}: norm must be .* but is 'unitary'"):
        transform(x, norm="unitary")
    with pytest.raises(xg.errors.ShapeError, match=f"{name}: axis 2 is out of range"):
        transform(x, axis=2)
    with pytest.raises(xg.errors.ShapeError, match=rf"{name}: x \(3, 4\) float64 on cpu cannot"):
        transform(x, n=0)
    with pytest.raises(xg.errors.ArgumentTypeError, match=f"{name}: a size must be an int"):
        transform(x, n=2.5)
    with pytest.raises(xg.errors.ShapeError, match=f"{name}: axis -1 is out of range for 0 axes"):
        transform(xg.asarray(1.0))


@pytest.mark.parametrize("name", SEVERAL)
def test_wrong_axes_and_sizes_of_several_axes(name):
    transform, x = getattr(xg.fft, name), xg.ones((3, 4))
    with pytest.raises(xg.errors.ShapeError, match="name an axis twice"):
        transform(x, axes=(0, -2))
    with pytest.raises(xg.errors.ArgumentError, match=r"s \(3,\) has 1 sizes for 2 axes"):
        transform(x, s=(3,), axes=(0, 1))
    with pytest.raises(xg.errors.ShapeError, match="needs at least one axis"):
        transform(x, axes=())
    with pytest.raises(xg.errors.ShapeError, match="must be at least 1"):
        transform(xg.ones((0, 2)))


def test_an_inverse_of_one_bin_needs_its_size():
    with pytest.raises(xg.errors.ShapeError, match="cannot be transformed to sizes"):
        xg.fft.irfft(xg.ones(1))
    assert xg.fft.irfft(xg.ones(1), n=1).shape == (1,)


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_wrong_arguments_of_frequencies(name):
    function = getattr(xg.fft, name)
    with pytest.raises(xg.errors.ArgumentError, match=f"{name}: n must be at least 1, but is 0"):
        function(0)
    with pytest.raises(xg.errors.DTypeError, match=f"{name}: dtype must be real floating"):
        function(4, dtype=xg.int64)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_wrong_axes_of_shifts(name):
    with pytest.raises(xg.errors.ShapeError, match=f"{name}: axis 3 is out of range"):
        getattr(xg.fft, name)(xg.ones(3), axes=3)


def test_a_list_is_no_operand():
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"fft: x must be a Tensor.*xg\.asarray"):
        xg.fft.fft([1.0, 2.0])


@pytest.mark.parametrize("name", xg.fft.__all__)
def test_signatures_are_the_standards(name):
    parameters = list(inspect.signature(getattr(xg.fft, name)).parameters.values())
    assert parameters[0].kind is parameters[0].POSITIONAL_ONLY
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[1:])
    assert [p.name for p in parameters[1:]] == {
        "fftfreq": ["d", "dtype", "device"],
        "rfftfreq": ["d", "dtype", "device"],
        "fftshift": ["axes"],
        "ifftshift": ["axes"],
    }.get(name, ["s", "axes", "norm"] if name in SEVERAL else ["n", "axis", "norm"])
