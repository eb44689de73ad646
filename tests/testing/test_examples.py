"""The examples that ship for `xgrad check`: one for every rule, and all of them right."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.instructions import PRIMITIVES
from xgrad.core.primitive import Kind, Refusal
from xgrad.testing.examples import example_of, operands_of
from xgrad.testing.witness import operations_of

DIFFERENTIABLE = [
    name
    for name, p in PRIMITIVES.items()
    if p.kind is not Kind.CONSTANT and name != "qr_complete"  # which refuses to be recorded
]


def followed_operands(name):
    """The operands of an instruction that are followed when its example runs."""
    example = example_of(name)
    xs = [xg.asarray(x) for x in operands_of(example)]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        events = [e for e, _ in operations_of(example.f, *xs) if e.primitive.name == name]
    assert events, f"the example of {name} does not call it"
    operands = PRIMITIVES[name].operands
    return {operands[call.operand] for event in events for call in event.node.plan.calls}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_every_instruction_has_an_example_that_follows_all_its_operands(name):
    rules = PRIMITIVES[name].rules
    wanted = {operand for operand, rule in rules.items() if not isinstance(rule, Refusal)}
    assert followed_operands(name) >= wanted - {"g"}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_of_the_example_are_right_to_second_order(name):
    example = example_of(name)
    xg.testing.check_gradients(example.f, operands_of(example))


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_example_runs_on_other_devices(name, other_device):
    example = example_of(name)
    xs = [xg.asarray(x, device=other_device) for x in operands_of(example)]
    here = xg.tree.leaves(example.f(*map(xg.asarray, operands_of(example))))
    try:
        there = xg.tree.leaves(example.f(*xs))
    except xg.errors.BackendUnavailableError as error:
        pytest.skip(str(error))
    for a, b in zip(here, there, strict=True):
        assert b.device == other_device
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-6)
