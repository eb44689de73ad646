"""The executor for libraries that compile kernels: each group of elementwise instructions is one.

On a GPU what counts is how often something is started, so even two small operations are worth a
kernel, groups that do the same with other arrays are one together, and reductions end in the kernel of
what they reduce. Everything else is the library's own function, as in direct.py."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..backends.fused import Fused, Layout, Reduction, layout_of
from ..backends.fused import Step as FusedStep
from .bundles import Bundle, bundled, singles
from .direct import DirectExecutor, Step, plain_step
from .fusion import Group, is_reduction, schedule
from .program import Instruction, Literal, Program

__all__ = ["KernelExecutor", "describe", "ends_kernel"]


class KernelExecutor(DirectExecutor):
    """Run a program whose backend `fuses`.

    Attributes
    ----------
    groups : list of Group and Bundle
        What runs as one kernel each.
    """

    def __init__(self, program: Program, xp: Any = None) -> None:
        self.groups: list[Group | Bundle] = []
        self._captured = xp is not None  # to be captured: nothing may be sent to the device then
        super().__init__(program, xp)

    def steps(self, program: Program) -> list[Step]:
        """One step per group or bundle, and per instruction outside of them."""
        order = schedule(
            program, lambda i: _is_fusable(program, i), smallest=1, may_end=ends_kernel
        )
        items: list[Any] = order
        if program.backend.fuses_together and not self._captured:
            items = bundled(program, order)
        found: list[Step] = []
        wanted = set(program.outputs())
        for item in reversed(items):
            if isinstance(item, Instruction):
                found.append(plain_step(self._xp, item))
            elif isinstance(item, Bundle):
                found.append(_bundle_step(program, item, wanted))
                self.groups.append(item)
            else:
                found += reversed(self._group_steps(program, item, wanted))
            wanted.update(item.reads())
        return found[::-1]

    def _group_steps(self, program: Program, group: Group, wanted: set[int]) -> list[Step]:
        """A group as one step, or, where that is too large, its halves."""
        if len(group.members) == 1:
            return [plain_step(self._xp, group.members[0])]
        step = _group_step(program, group, wanted)
        if step is not None:
            self.groups.append(group)
            return [step]
        middle = len(group.members) // 2
        first, second = (
            Group(group.domain, members)
            for members in (group.members[:middle], group.members[middle:])
        )
        return [
            *self._group_steps(program, first, wanted | set(second.reads())),
            *self._group_steps(program, second, wanted),
        ]


def _is_fusable(program: Program, instruction: Instruction) -> bool:
    """Whether the backend has it in kernels, over nothing but its result's elements."""
    if len(instruction.results) != 1:
        return False
    dtypes = [
        None if isinstance(x, Literal) else program.specs[x].dtype for x in instruction.operands
    ]
    result = program.specs[instruction.results[0]].dtype
    return program.backend.can_fuse(instruction.primitive.name, dtypes, result)


def ends_kernel(program: Program, group: Group, instruction: Instruction) -> bool:
    """Whether a reduction fits into a group's kernel.

    Its axes must be neighbours, and those of the group's other reductions, or all of them."""
    layout = _layout(program, instruction)
    if layout is None or 0 in group.domain:
        return False
    others = {_layout(program, i) for i in group.members if is_reduction(i)}
    return layout.is_full or all(o == layout for o in others if o is not None and not o.is_full)


def _layout(program: Program, reduction: Instruction) -> Layout | None:
    shape = program.specs[reduction.reads()[0]].shape
    return layout_of(shape, reduction.parameters.get("axis"))


def describe(program: Program, group: Group, wanted: Collection[int]) -> Fused:
    """A group for a backend; `wanted` are the numbers that somebody outside reads."""
    reads = tuple(group.reads())
    outputs = tuple([n for i in group.members for n in i.results if n in wanted])
    steps = tuple([_fused_step(i) for i in group.members if not is_reduction(i)])
    ends = [i for i in group.members if is_reduction(i) and i.results[0] in outputs]
    reductions = tuple([_reduction(program, i) for i in ends])
    dtypes = {n: program.specs[n].dtype for n in (*reads, *group.results())}
    return Fused(steps, dtypes, reads, outputs, group.domain, reductions)


def _group_step(program: Program, group: Group, wanted: Collection[int]) -> Step | None:
    fused = describe(program, group, wanted)
    function: Any = program.backend.fused(fused)
    return None if function is None else Step(function, fused.inputs, {}, fused.outputs)


def _bundle_step(program: Program, bundle: Bundle, wanted: Collection[int]) -> Step:
    described = [describe(program, group, wanted) for group in bundle.groups]
    shapes = [group.domain for group in bundle.groups]
    single = singles(program, bundle.groups[0])
    assert single is not None
    function: Any = program.backend.fused_together(described[0], single, shapes)
    inputs = tuple([n for fused in described for n in fused.inputs])
    outputs = tuple([n for fused in described for n in fused.outputs])
    return Step(function, inputs, {}, outputs)


def _fused_step(instruction: Instruction) -> FusedStep:
    operands = tuple([(x.value,) if isinstance(x, Literal) else x for x in instruction.operands])
    name = instruction.primitive.name
    return FusedStep(name, operands, instruction.parameters, instruction.results[0])


def _reduction(program: Program, instruction: Instruction) -> Reduction:
    layout = _layout(program, instruction)
    assert layout is not None
    (operand,), (result,) = instruction.reads(), instruction.results
    shape = program.specs[result].shape
    return Reduction(instruction.primitive.name, operand, result, layout, shape)
