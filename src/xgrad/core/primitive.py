"""A primitive: a function of the standard plus a kind, and the rules that were given for it.

A rule is a function of a namespace, ``rule(xp, g, ..., *, parameters)``, and asks for what it needs
by name: operands, ``y`` for the output, ``<operand>_spec`` for shape and dtype without the data.
The names are read once, here, and made into a `Plan`: what a node keeps, and how rules are called."""

from __future__ import annotations

import enum
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..errors import NotDifferentiableError

__all__ = [
    "NUMBER",
    "Call",
    "Kind",
    "Plan",
    "Primitive",
    "Refusal",
    "define",
    "no_rule",
    "rule_names",
]

Rule = Callable[..., Any]


class Kind(enum.Enum):
    """What the derivatives, the edge and every interpreter treat alike."""

    ELEMENTWISE = "elementwise"
    SELECTION = "selection"
    REDUCTION = "reduction"
    MOVEMENT = "movement"
    LINEAR = "linear"
    CONTRACTION = "contraction"
    INDEXING = "indexing"
    STACKED = "stacked"
    GENERAL = "general"
    CONSTANT = "constant"

    def __init__(self, label: str) -> None:
        self.label = label
        self.broadcasts = label in ("elementwise", "selection", "contraction", "stacked")
        self.guarded = label == "elementwise"


# Where a rule's argument comes from: the node's saved values, an input's node, or the node itself.
SAVED, INPUT_SPEC, OUTPUT_SPEC = 0, 1, 2
# The owner of a kept value that is a Python number, or that as an array.
NUMBER = -2


class Call(NamedTuple):
    """How to call the rule of one operand from a node."""

    operand: int
    rule: Rule
    sources: tuple[tuple[int, int], ...]
    all_saved: bool
    parameters: tuple[str, ...]
    starred: bool


class Refusal:
    """In the place of a rule: there is no derivative, and recording the operation is an error.

    Parameters
    ----------
    reason : str
        Why, and what to do: "the ... is not unique. Use ..."
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self, xp: Any, g: Any) -> Any:  # noqa: ARG002
        """Raise, where no plan was made before."""
        raise NotDifferentiableError(self.reason)


class Plan:
    """What a node keeps, and the rules to call, for one choice of followed operands.

    Attributes
    ----------
    save : callable
        ``save(*arrays, y)`` gives the values to keep.
    owners : tuple
        Which operand each kept value is (-1 for the output, None for a spec, NUMBER for a Python
        number), so that it can be followed again in higher orders.
    calls : tuple of Call
    simple : tuple or None
        The calls for the hot path, where no operand is starred, none of their cotangents sparse or
        on another device, and there is one output: operand, rule, sources (None where they are just what was saved) and parameters.
    code : int
        What `save` does, for the hot path: one of the constants below.
    guarded : bool
        Whether the edge looks for zero cotangents at infinite partial derivatives.
    adder : callable or None
        The primitive's, where the one call is for its first operand.
    """

    __slots__ = ("_of_number", "adder", "calls", "code", "guarded", "owners", "save", "simple")

    def __init__(
        self,
        save: Callable[..., tuple[Any, ...]],
        owners: tuple[int | None, ...],
        calls: tuple[Call, ...],
        simple: tuple[tuple[int, Rule, Any, tuple[str, ...]], ...] | None,
        code: int,
        guarded: bool,
        adder: Callable[..., bool] | None = None,
    ) -> None:
        self.adder = adder
        self._of_number: Plan | None = None
        self.guarded = guarded
        self.save = save
        self.owners = owners
        self.calls = calls
        self.simple = simple
        self.code = code

    @property
    def of_number(self) -> Plan:
        """The same plan where all that is kept is a Python number, or that as an array.

        It is finite and not zero, so the edge need not look."""
        if self._of_number is None:
            owners = (NUMBER,) * len(self.owners)
            self._of_number = Plan(self.save, owners, self.calls, self.simple, self.code, False)
        return self._of_number


# What `Plan.save` keeps: nothing; of one operand itself or the output; of two the first, the
# second, or the second and the first; anything else.
KEEPS_NOTHING, KEEPS_1, KEEPS_2, KEEPS_2_AND_1, KEEPS_ELSE = 0, 1, 2, 3, 4
_CODES = {
    1: {(): KEEPS_NOTHING, (0,): KEEPS_1, (-1,): KEEPS_2},
    2: {(): KEEPS_NOTHING, (0,): KEEPS_1, (1,): KEEPS_2, (1, 0): KEEPS_2_AND_1},
}


class Plans(dict[int, Plan]):
    """The plans of a primitive by followed operands (bit i for operand i), made when first used.

    Under ``~mask`` is the plan that refuses operands without a derivative only when theirs is asked
    for: for those who follow everything."""

    def __init__(self, primitive: Primitive) -> None:
        super().__init__()
        self._primitive = primitive

    def __missing__(self, mask: int) -> Plan:
        plan = self[mask] = _make_plan(self._primitive, max(mask, ~mask), late=mask < 0)
        return plan


class Primitive:
    """One instruction.

    Attributes
    ----------
    name : str
    kind : Kind
    operands : tuple of str
        Names of the array operands; the last may be starred, for any number of arrays.
    parameters : tuple of str
        Names of the static parameters.
    outputs : int or None
        1, or a number of outputs, or None where it depends on the shape.
    rules : dict
        From an operand's name to its gradient rule.
    forward_rules : dict
        From an operand's name to its part of the tangent, where that is not the transpose of the
        gradient rule or nothing that the kind gives (rules/forward.py).
    reason : str or None
        Why there is no derivative, for constants.
    implementations : dict
        From an array type to the function that computes the primitive (filled as types appear).
    plans : Plans
        What to keep and which rules to call, by followed operands.
    push : callable or None
        How tangents go through a user's function (transforms/operation.py).
    moves : bool
        Whether its output is on another device than its operand.
    sparse : bool
        Whether the cotangent of its first operand may stay rows (interpreters/rows.py).
    may_do_nothing : bool
        Whether it may give its operand back this time and do something else the next.
    adder : callable or None
        ``adder(xp, total, g, *saved, **parameters)`` adds the first operand's cotangent to an array
        in place, where its rule would fill an array with zeros first; False if it cannot.
    """

    __slots__ = (
        "adder",
        "forward_rules",
        "guarded",
        "implementations",
        "kind",
        "may_do_nothing",
        "moves",
        "name",
        "operands",
        "outputs",
        "parameters",
        "plans",
        "push",
        "reason",
        "rules",
        "sparse",
        "starred",
    )

    def __init__(
        self,
        name: str,
        kind: Kind,
        operands: tuple[str, ...],
        parameters: tuple[str, ...],
        outputs: int | None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.starred = bool(operands) and operands[-1].startswith("*")
        self.operands = tuple(operand.lstrip("*") for operand in operands)
        self.parameters = parameters
        self.outputs = outputs
        self.rules: dict[str, Rule] = {}
        self.forward_rules: dict[str, Rule] = {}
        self.reason: str | None = None
        self.guarded = kind.guarded
        self.push: Rule | None = None
        self.moves = name == "to_device"
        self.may_do_nothing = name in ("check_numerics", "zero_where_zero")
        self.sparse = False
        self.adder: Callable[..., bool] | None = None
        self.implementations: dict[type, Callable[..., Any]] = {}
        self.plans = Plans(self)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def give_rules(self, **rules: Rule) -> None:
        """Give the gradient rule of each operand; called once, by the files in `rules/`."""
        unknown = set(rules) - set(self.operands)
        assert not unknown, f"{self.name} has no operand {unknown}"
        self.rules.update(rules)
        self.plans.clear()

    def give_forward_rules(self, **rules: Rule) -> None:
        """Give each operand's part of the tangent, for primitives whose kind does not say it."""
        assert set(rules) == set(self.rules), f"{self.name}: rules for all operands or for none"
        self.forward_rules.update(rules)


def define(table: dict[Kind, str]) -> dict[str, Primitive]:
    """Read the table of instructions."""
    found: dict[str, Primitive] = {}
    for kind, text in table.items():
        for primitive in _read(kind, text):
            assert primitive.name not in found, primitive.name
            found[primitive.name] = primitive
    return found


def _read(kind: Kind, text: str) -> Iterator[Primitive]:
    for name, inside, outputs in re.findall(r"(\w+)\(([^)]*)\)(?: -> (\w))?", text):
        operands, _, parameters = inside.partition(";")
        count = None if outputs == "n" else int(outputs or 1)
        yield Primitive(name, kind, _names(operands), _names(parameters), count)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _make_plan(primitive: Primitive, mask: int, late: bool = False) -> Plan:
    """Which values the rules of the followed operands name, and in what order to keep them."""
    owners: list[int | None] = []
    getters: list[tuple[bool, int]] = []  # (is a spec, operand), operand -1 is the output
    calls: list[Call] = []
    for position, operand in enumerate(primitive.operands):
        starred = primitive.starred and position == len(primitive.operands) - 1
        followed = mask >> position if starred else mask >> position & 1
        rule = primitive.rules.get(operand)
        if not followed or primitive.kind is Kind.CONSTANT:
            continue
        if late and isinstance(rule, Refusal):
            rule = functools.partial(_refuse, primitive, operand)
        if rule is None or isinstance(rule, Refusal):
            raise no_rule(primitive, operand)
        names, parameters = rule_names(rule)
        sources = tuple(_source(primitive, n, mask, getters, owners) for n in names)
        calls.append(Call(position, rule, sources, False, parameters, starred))
    count = len(getters)
    everything = tuple((SAVED, i) for i in range(count))
    calls = [call._replace(all_saved=call.sources == everything) for call in calls]
    simple = None
    plain = primitive.outputs == 1 and not (primitive.sparse or primitive.moves)
    if plain and not any(c.starred for c in calls):
        simple = tuple(
            [(c.operand, c.rule, None if c.all_saved else c.sources, c.parameters) for c in calls]
        )
    places = tuple(position for _, position in getters)
    adder = primitive.adder if simple is not None and mask == 1 else None
    kept = not primitive.starred and not any(is_spec for is_spec, _ in getters)
    code = _CODES.get(len(primitive.operands), {}).get(places, KEEPS_ELSE) if kept else KEEPS_ELSE
    save = _saver(getters, primitive)
    return Plan(save, tuple(owners), tuple(calls), simple, code, primitive.guarded, adder)


def _refuse(primitive: Primitive, operand: str, xp: Any, g: Any) -> Any:  # noqa: ARG001
    raise no_rule(primitive, operand)


def no_rule(primitive: Primitive, operand: str) -> NotDifferentiableError:
    """What to raise when a followed value becomes an operand that has no rule."""
    from .observers import show_line, user_line  # they import this module

    call = f"{primitive.name}{show_line(user_line(1))}"
    rule = primitive.rules.get(operand)
    if isinstance(rule, Refusal):
        return NotDifferentiableError(f"{call}: {rule.reason}")
    return NotDifferentiableError(
        f"{call} has no gradient rule for {operand}, which is "
        f"followed. Use xg.stop_gradient on {operand} if its gradient is not wanted."
    )


@functools.cache
def rule_names(rule: Rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values and the parameters that a rule asks for, after ``xp, g``."""
    parameters = list(inspect.signature(rule).parameters.values())[2:]
    values = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
    return values, tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


def _source(
    primitive: Primitive,
    name: str,
    mask: int,
    getters: list[tuple[bool, int]],
    owners: list[int | None],
) -> tuple[int, int]:
    if name == "y_spec":
        return (OUTPUT_SPEC, 0)
    is_spec = name.endswith("_spec")
    stem = name.removesuffix("_spec")
    assert stem == "y" or stem in primitive.operands, f"{primitive.name}: a rule names {name!r}"
    position = -1 if stem == "y" else primitive.operands.index(stem)
    starred = primitive.starred and position == len(primitive.operands) - 1
    if is_spec and not starred and mask >> position & 1:
        return (INPUT_SPEC, position)
    getter = (is_spec, position)
    if getter not in getters:
        getters.append(getter)
        owners.append(None if is_spec else position)
    return (SAVED, getters.index(getter))


def _saver(getters: list[tuple[bool, int]], primitive: Primitive) -> Callable[..., tuple[Any, ...]]:
    """A function that picks the values to keep from the operands and the output."""
    from .spec import spec_of

    places = tuple(position for _, position in getters)
    star = len(primitive.operands) - 1 if primitive.starred else None
    if star not in places and not any(is_spec for is_spec, _ in getters):
        return lambda *values: tuple([values[place] for place in places])

    def save(*values: Any) -> tuple[Any, ...]:
        kept: list[Any] = []
        for is_spec, place in getters:
            if place == star:
                rest = values[place:-1]
                kept.append(tuple(map(spec_of, rest)) if is_spec else rest)
            else:
                kept.append(spec_of(values[place]) if is_spec else values[place])
        return tuple(kept)

    return save
