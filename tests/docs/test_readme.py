"""README.md is a program: its examples run and print what it shows."""

import doctest
import pathlib
import re

import numpy as np
import pytest

import xgrad as xg

PATH = pathlib.Path(__file__).parents[2] / "README.md"
TEXT = PATH.read_text(encoding="utf-8")
BLOCKS = [
    pytest.param(kind, body, id=f"line_{TEXT[: match.start()].count(chr(10)) + 1}")
    for match in re.finditer(r"^```(pycon|python)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for kind, body in [match.groups()]
]
ON_CPU = [block for block in BLOCKS if "cuda" not in block.values[1]]
ON_CUDA = [block for block in BLOCKS if "cuda" in block.values[1]]


@pytest.mark.parametrize(("kind", "code"), ON_CPU)
def test_block_runs_and_prints_what_it_shows(kind, code, capsys):
    _run(kind, code, capsys)


@pytest.mark.gpu
@pytest.mark.parametrize(("kind", "code"), ON_CUDA)
def test_block_for_cuda_runs_and_prints_what_it_shows(kind, code, capsys):
    _run(kind, code, capsys)


@pytest.mark.parametrize(("kind", "code"), ON_CUDA)
def test_block_for_cuda_runs_on_the_cpu_but_for_the_device(kind, code, capsys):
    _run(kind, code.replace("cuda:0", "cpu").replace("cuda", "cpu"), capsys)


# What the table has for users of autograd, each with what autograd gives; f is of x, z of numbers.
AUTOGRAD = {
    "argnum": (
        lambda ag, f, x: ag.grad(lambda a, b: f(a * b), argnum=1)(x, x),
        lambda f, x: xg.grad(lambda a, b: f(a * b), argnums=1)(x, x),
    ),
    "argnums": (
        lambda ag, f, x: ag.grad(lambda a, b: f(a * b), argnum=(0, 1))(x, 2 * x)[1],
        lambda f, x: xg.grad(lambda a, b: f(a * b), argnums=(0, 1))(x, 2 * x)[1],
    ),
    "elementwise_grad": (
        lambda ag, f, x: ag.elementwise_grad(ag.numpy.tanh)(x),
        lambda f, x: xg.grad(lambda x: xg.sum(xg.tanh(x)))(x),
    ),
    "holomorphic_grad": (
        lambda ag, f, x: ag.holomorphic_grad(lambda z: z**3)(1.0 + 2.0j),
        lambda f, x: xg.jacrev(lambda z: z**3, holomorphic=True)(1.0 + 2.0j),
    ),
    "grad_named": (
        lambda ag, f, x: ag.grad_named(lambda a, b: f(a * b), "b")(x, x),
        lambda f, x: xg.grad(lambda p: f(p["a"] * p["b"]))({"a": x, "b": x})["b"],
    ),
    "grad_and_aux": (
        lambda ag, f, x: ag.grad_and_aux(lambda x: (f(x), 1.0))(x)[0],
        lambda f, x: xg.grad(lambda x: (f(x), 1.0), has_aux=True)(x)[0],
    ),
    "make_vjp": (
        lambda ag, f, x: ag.make_vjp(f)(x)[0](2.0),
        lambda f, x: xg.vjp(f, x)[1](2.0)[0],
    ),
    "make_jvp": (
        lambda ag, f, x: ag.make_jvp(f)(x)(x + 1)[1],
        lambda f, x: xg.jvp(f, (x,), (x + 1,))[1],
    ),
    "vector_jacobian_product": (
        lambda ag, f, x: ag.vector_jacobian_product(f)(x, 2.0),
        lambda f, x: xg.vjp(f, x)[1](2.0)[0],
    ),
    "hessian_vector_product": (
        lambda ag, f, x: ag.hessian_vector_product(f)(x, x + 1),
        lambda f, x: xg.hvp(f, x, x + 1),
    ),
    "make_hvp": (
        lambda ag, f, x: ag.make_hvp(f)(x)[0](x + 1),
        lambda f, x: xg.hvp(f, x, x + 1),
    ),
    "complex": (
        lambda ag, f, x: ag.grad(lambda z: ag.numpy.real(z**3))(1.0 + 2.0j).conjugate(),
        lambda f, x: xg.grad(lambda z: xg.real(z**3))(1.0 + 2.0j),
    ),
}


@pytest.mark.parametrize(("theirs", "ours"), AUTOGRAD.values(), ids=AUTOGRAD.keys())
def test_what_stands_next_to_autograd_gives_the_same(theirs, ours):
    autograd = pytest.importorskip("autograd", reason="autograd is not installed")
    f = lambda x: (x**3).sum()
    x = np.asarray([0.5, 1.5])
    np.testing.assert_allclose(ours(f, x).numpy(), theirs(autograd, f, x), rtol=1e-14)


def _run(kind, code, capsys):
    if kind == "pycon":
        test = doctest.DocTestParser().get_doctest(code, {}, "README.md", str(PATH), 0)
        report = []
        runner = doctest.DocTestRunner()
        runner.run(test, out=report.append)
        assert test.examples
        assert runner.summarize(verbose=False).failed == 0, "".join(report)
        return
    names = {"xg": xg, "np": np}
    exec(compile(code, str(PATH), "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    shown = re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    for line, comment in zip(printed, shown, strict=True):
        if comment.startswith("close to "):
            expected = [float(n) for n in re.findall(r"-?\d+\.?\d*", comment)]
            found = [float(n) for n in re.findall(r"-?\d+\.?\d*", line)]
            np.testing.assert_allclose(found, expected, atol=0.05)
        else:
            assert line == comment


def test_there_are_examples_of_both_kinds():
    assert {block.values[0] for block in BLOCKS} == {"pycon", "python"}
    assert ON_CUDA


def test_files_that_are_named_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (PATH.parent / target).exists(), target
    for script in re.findall(r"^\./(\S+)", TEXT, re.MULTILINE):
        assert (PATH.parent / script).exists(), script


def test_names_of_xgrad_that_are_mentioned_exist():
    for dotted in set(re.findall(r"\bxg\.([A-Za-z_][\w.]*)", TEXT)):
        found = xg
        for name in dotted.rstrip(".").split("."):
            found = getattr(found, name)
