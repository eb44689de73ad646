"""xg.einsum: random subscripts against NumPy's, the order of contractions, errors."""

import builtins
import importlib

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import backend_named
from xgrad.backends.contraction import contract_by_matmul, layout_of
from xgrad.ops import _einsum

LETTERS = "abcde"


def random_einsum(rng):
    """Subscripts and operands that fit them, ellipses, diagonals, sizes 0 and 1 among them."""
    sizes = {c: rng.choice([0, 1, 2, 3, 3, 2]) for c in LETTERS}
    broadcast = rng.choice([1, 2, 3], rng.integers(0, 3)).tolist()
    terms, operands = [], []
    for _ in range(rng.integers(1, 5)):
        ones = {c: rng.random() < 0.15 for c in LETTERS}
        term = rng.choice(list(LETTERS), rng.integers(0, 5)).tolist()
        shape = [1 if ones[c] else sizes[c] for c in term]
        if rng.random() < 0.3:
            place = rng.integers(0, len(term) + 1)
            sub = broadcast[rng.integers(0, len(broadcast) + 1) :]
            shape[place:place] = [1 if rng.random() < 0.2 else n for n in sub]
            term.insert(place, "...")
        terms.append("".join(term))
        operands.append(rng.normal(size=shape))
    subscripts = ",".join(terms)
    if rng.random() < 0.75:
        used = sorted(set(subscripts) & set(LETTERS))
        output = rng.permutation(used)[: rng.integers(0, len(used) + 1)].tolist()
        if "..." in subscripts:
            output.insert(rng.integers(0, len(output) + 1), "...")
        subscripts += "->" + "".join(output)
    return subscripts, operands


@pytest.fixture(params=["opt_einsum", "greedy"])
def path(request, monkeypatch):
    """The order of contractions by opt_einsum, and as it is where that is not installed."""
    if request.param == "opt_einsum":
        pytest.importorskip("opt_einsum", reason="opt_einsum is not installed")
    else:
        find = importlib.import_module

        def import_module(name):
            if name == "opt_einsum":
                raise ImportError(name)
            return find(name)

        monkeypatch.setattr(_einsum.importlib, "import_module", import_module)
    _einsum.make_plan.cache_clear()
    yield request.param
    _einsum.make_plan.cache_clear()


def test_random_subscripts_agree_with_numpy(path, rng):
    for _ in range(300):
        subscripts, operands = random_einsum(rng)
        expected = np.einsum(subscripts, *operands)
        found = xg.einsum(subscripts, *map(xg.asarray, operands)).numpy()
        assert found.shape == expected.shape, subscripts
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10, err_msg=subscripts)


def test_random_gradients_agree_with_torch(rng):
    torch = pytest.importorskip("torch", reason="torch: torch is not installed")
    for _ in range(100):
        subscripts, operands = random_einsum(rng)
        weights = rng.normal(size=np.einsum(subscripts, *operands).shape)
        xs = [xg.asarray(x) for x in operands]
        with xg.GradientTape() as tape:
            tape.watch(xs)
            y = xg.einsum(subscripts, *xs)
        found = tape.gradient(y, xs, xg.asarray(weights))
        ts = [torch.tensor(x, requires_grad=True) for x in operands]
        expected = torch.autograd.grad(torch.einsum(subscripts, *ts), ts, torch.tensor(weights))
        for g, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(70, 80), (80, 90)]),
        ("bij,bkj->ibk", [(3, 40, 50), (3, 60, 50)]),
        ("ijk,kjl->li", [(7, 8, 9), (9, 8, 11)]),
        ("i,j->ji", [(70,), (80,)]),
        ("bi,bi->b", [(70, 80), (70, 80)]),
        ("ij,ij->", [(70, 80), (70, 80)]),
    ],
)
@pytest.mark.parametrize("kind", ["float64", "complex64", "int64"])
def test_large_pairs_agree_with_numpy(subscripts, shapes, kind, rng):
    operands = [rng.integers(-5, 5, shape).astype(kind) for shape in shapes]
    found = xg.einsum(subscripts, *map(xg.asarray, operands)).numpy()
    expected = np.einsum(subscripts, *operands)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    product = contract_by_matmul(backend_named("numpy").xp, *operands, layout_of(subscripts))
    np.testing.assert_array_equal(product, expected)


def test_a_chain_is_contracted_from_its_cheap_end(path):
    """A matrix times a matrix times a vector: never the two matrices first."""
    plan = _einsum.make_plan("ij,jk,k->i", ((50, 60), (60, 70), (70,)))
    assert [pair.split("->")[1] for _, pair in plan.steps] == ["j", "i"]


def test_a_gradient_reuses_what_the_result_was_made_of():
    """Pairs of operands, not all at once: the gradients of n operands cost 2 (n - 1) products."""
    xs = [xg.ones((3, 3)) for _ in range(4)]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = xg.einsum("ij,jk,kl,lm->im", *xs)
    products, nodes = set(), [y.node]
    while nodes:
        node = nodes.pop()
        if node is not None and node.primitive is not None:
            products.add((node.serial, node.primitive.name))
            nodes.extend(node.parents)
    assert [name for _, name in products] == ["contract"] * 3
    assert all(g.shape == (3, 3) for g in tape.gradient(y, xs))


def test_an_operand_that_nobody_follows_costs_nothing_backward():
    data, weights = xg.ones((4, 3)), xg.ones((3, 2))
    with xg.GradientTape() as tape:
        tape.watch(weights)
        y = xg.einsum("ij,jk->ik", data, weights)
    assert len(y.node.saved) == 1
    assert tape.gradient(y, weights).shape == (3, 2)


# -- other spellings ---------------------------------------------------------------------------


def test_numpys_spelling_with_lists(rng):
    a, b = rng.normal(size=(5, 2, 3)), rng.normal(size=(3, 4))
    t, u = xg.asarray(a), xg.asarray(b)
    np.testing.assert_allclose(
        xg.einsum(t, [..., 1, 2], u, [2, 0]).numpy(), np.einsum(a, [..., 1, 2], b, [2, 0])
    )
    np.testing.assert_allclose(
        xg.einsum(t, [0, 1, 2], u, [2, 3], [3, 0]).numpy(),
        np.einsum(a, [0, 1, 2], b, [2, 3], [3, 0]),
    )


def test_raw_arrays_and_scalars_are_operands():
    y = xg.einsum("i,,->i", np.ones(2, np.float32), 2, 3.0)
    assert y.dtype == xg.float32
    assert y.tolist() == [6.0, 6.0]


def test_dtypes_are_promoted(device):
    a = xg.asarray(np.ones((2, 2), np.float32), device=device)
    b = xg.asarray(np.ones((2, 2)), device=device)
    with xg.GradientTape() as tape:
        tape.watch([a, b])
        y = xg.einsum("ij,jk->ik", a, b)
    assert y.dtype == b.dtype
    assert [g.dtype for g in tape.gradient(y, [a, b])] == [a.dtype, b.dtype]


def test_a_result_is_a_handle_of_its_own():
    x = xg.asarray([1.0, 2.0])
    y = xg.einsum("i->i", x)
    y += 1.0
    assert x.tolist() == [1.0, 2.0]


def test_three_operands_do_not_need_opt_einsum_to_be_imported_first(path):
    y = xg.einsum("i,i,i->", xg.ones(3), xg.ones(3), xg.ones(3))
    assert y.item() == builtins.float(3)


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("i?,jk->ik", [(2, 3), (3, 4)], r"contain '\?' where it means nothing"),
        ("i.j->ij", [(2, 3)], r"contain '\.' where"),
        ("ij->->", [(2, 3)], "contain '-' where"),
        ("ij->i,j", [(2, 3)], "contain ',' where"),
        ("ij,jk->ik", [(2, 3)], "are for 2 operands, but there are 1"),
        ("ij->iji", [(2, 3)], "names 'i' more than once"),
        ("ij->ik", [(2, 3)], "names 'k', which no operand has"),
        ("...i->i", [(2, 3)], "have an ellipsis for 1 axes that the result lacks"),
    ],
)
def test_subscripts_that_cannot_be_read(subscripts, shapes, message):
    with pytest.raises(xg.errors.ArgumentError, match=f"einsum: .*{message}.*float64 on cpu"):
        xg.einsum(subscripts, *map(xg.ones, shapes))


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3), (4, 5)], "letter 'j' has size 3 in operand 0 and 4 in operand 1"),
        ("i,i,i->", [(1,), (3,), (0,)], "letter 'i' has size 3 in operand 1 and 0 in operand 2"),
        ("ii->i", [(2, 3)], "letter 'i' has sizes 2 and 3 in operand 0, of which it takes"),
        ("ii->i", [(1, 3)], "letter 'i' has sizes 1 and 3 in operand 0"),
        ("ijk,k->i", [(2, 3), (3,)], "operand 0 has 2 axes, but its subscripts 'ijk' name 3"),
        ("i,k->i", [(2,), (3, 3)], "operand 1 has 2 axes, but its subscripts 'k' name 1"),
        ("i...j...->", [(2, 3)], "name 2 and more than one ellipsis"),
        ("...ij->...", [(2,)], r"operand 0 has 1 axes, but its subscripts '\.\.\.ij' name 2"),
    ],
)
def test_subscripts_that_do_not_fit(subscripts, shapes, message):
    with pytest.raises(xg.errors.ShapeError, match=f"einsum: .*{message}.*float64 on cpu"):
        xg.einsum(subscripts, *map(xg.ones, shapes))


def test_more_letters_than_there_are():
    letters = _einsum.LETTERS
    with pytest.raises(xg.errors.ArgumentError, match="need more than 52 letters"):
        xg.einsum(f"...{letters}", xg.ones((1,) * 53))


def test_other_wrong_arguments():
    with pytest.raises(xg.errors.ArgumentError, match="there are no operands"):
        xg.einsum("->")
    with pytest.raises(
        xg.errors.ArgumentTypeError, match=r"einsum: operands\[1\] must be a Tensor"
    ):
        xg.einsum("i,i", xg.ones(2), [1.0, 2.0])
    with pytest.raises(xg.errors.ArgumentTypeError, match="must be followed by a list of ints"):
        xg.einsum(xg.ones(2), xg.ones(2))
    with pytest.raises(xg.errors.ArgumentError, match="-1 names no axis"):
        xg.einsum(xg.ones(2), [-1])
    strict = pytest.importorskip("array_api_strict", reason="strict: it is not installed")
    elsewhere = strict.ones(2)
    with pytest.raises(xg.errors.DeviceMismatchError, match="on different devices"):
        xg.einsum("i,i", xg.ones(2), elsewhere)
