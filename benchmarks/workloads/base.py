"""What a workload is: a computation that every library does, and the numbers that must come out.

`bind` puts it into a library's own arrays and gives a function of nothing that does it once, with a
way to read what it gave. `by_hand` is the same in numpy without any library, and `reference` what is
right, in float64. The three kinds are a value with its gradients, a derivative of second order, and
a step that changes parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from peers import Missing, Peer

Arrays = Sequence[np.ndarray]
Gradients = tuple[np.ndarray, ...]
Loss = Callable[..., Any]


class Bound(NamedTuple):
    """A workload in one library's hands."""

    call: Callable[[], Any]
    """Does it once, and waits until it is done."""
    read: Callable[[Any], list[np.ndarray]]
    """From a result of `call` to what is compared."""


@dataclass(frozen=True)
class Workload:
    """What all kinds have."""

    name: str
    title: str
    leaves: Arrays
    """What is differentiated with respect to, or changed."""
    loss: Loss
    """Of a library's functions, the constants and the leaves: the same text for all of them."""
    by_hand_loss: Callable[..., Any]
    """In numpy, of the constants and the leaves: what each kind asks for."""
    constants: Arrays = ()
    limit: float = 2e-4
    """Largest deviation from the reference, relative to the largest element."""
    repeats: int = 1
    """After how many calls results are compared."""
    targets: dict[str, float] = field(default_factory=dict)
    """The largest ratios of eager xgrad to a library that eager.py judges."""

    def bind(self, peer: Peer) -> Bound:
        """Put it into a library's arrays."""
        raise NotImplementedError

    def by_hand(self) -> Bound:
        """Do it without a library."""
        raise NotImplementedError

    def reference(self) -> list[np.ndarray]:
        """Compute what is right, in float64."""
        raise NotImplementedError

    def deviation(self, found: list[np.ndarray], right: list[np.ndarray]) -> float:
        """Tell how far results are from the reference: the worst array counts."""
        return max(map(largest_difference, found, right))


def largest_difference(found: np.ndarray, right: np.ndarray) -> float:
    """Take the largest deviation relative to the largest element."""
    return float(np.max(np.abs(found - right)) / np.max(np.abs(right)))


def in_double(arrays: Arrays) -> list[np.ndarray]:
    """Turn numbers into float64, and leave integers as they are."""
    return [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]


def flat(result: tuple[Any, Sequence[Any]]) -> list[np.ndarray]:
    """Put a value and its gradients into one list."""
    return [np.asarray(result[0]), *map(np.asarray, result[1])]


@dataclass(frozen=True)
class Gradient(Workload):
    """A value with its gradients; `by_hand_loss` gives both."""

    def bind(self, peer: Peer) -> Bound:
        """Let the library take them."""
        constants = [peer.array(array) for array in self.constants]
        leaves = [peer.leaf(array) for array in self.leaves]
        ops, loss = peer.ops, self.loss
        # jax and autograd count positional arguments, so the closure takes exactly the leaves.
        call = peer.bind(lambda *arguments: loss(ops, constants, *arguments), leaves)
        return Bound(call, lambda r: [peer.to_numpy(r[0]), *map(peer.to_numpy, r[1])])

    def by_hand(self) -> Bound:
        """Take them by hand."""
        return Bound(lambda: self.by_hand_loss(self.constants, *self.leaves), flat)

    def reference(self) -> list[np.ndarray]:
        """Take them by hand in float64."""
        return flat(self.by_hand_loss(in_double(self.constants), *in_double(self.leaves)))


@dataclass(frozen=True)
class SecondOrder(Workload):
    """A Hessian of one leaf, or its product with the constant; `by_hand_loss` gives it."""

    kind: str = "hessian"

    def bind(self, peer: Peer) -> Bound:
        """Let the library take it, in the way that is its own."""
        way = getattr(peer, self.kind)
        if way is None:
            raise Missing("it has no derivatives of second order")
        ops, loss = peer.ops, self.loss
        arguments = [peer.array(a) for a in (*self.leaves, *self.constants)]
        f = way(lambda x: loss(ops, (), x))
        return Bound(peer.waiting(f, arguments), lambda r: [peer.to_numpy(r)])

    def by_hand(self) -> Bound:
        """Take it by hand."""
        return Bound(lambda: self.by_hand_loss(self.constants, *self.leaves), lambda r: [r])

    def reference(self) -> list[np.ndarray]:
        """Take it by hand; the numbers are in float64 already."""
        return [self.by_hand_loss(self.constants, *self.leaves)]


@dataclass(frozen=True)
class Update(Workload):
    """A step of Adam on the leaves.

    Without a loss the constants are the gradients. With one, `by_hand_loss` gives its value and
    gradients, and the step takes the constants as its batch.
    """

    has_loss: bool = True

    def bind(self, peer: Peer) -> Bound:
        """Let the library's own optimizer take it, where it has one."""
        ops, loss = peer.ops, self.loss
        if self.has_loss and peer.training is not None:
            step, read = peer.training(lambda batch, *w: loss(ops, batch, *w), self.leaves)
        elif not self.has_loss and peer.adam is not None:
            step, read = peer.adam(self.leaves)
        else:
            raise Missing("it has no optimizer")
        arguments = [peer.array(array) for array in self.constants]
        return Bound(peer.waiting(step, arguments), lambda _: read())

    def by_hand(self) -> Bound:
        """Take it by hand in numpy."""
        return self._by_hand(self.constants, self.leaves)

    def _by_hand(self, constants: Arrays, leaves: Arrays) -> Bound:
        from peers.adam import Adam

        update = Adam(leaves)

        def call() -> None:
            gradients = constants
            if self.has_loss:
                gradients = self.by_hand_loss(constants, *update.values)[1]
            update(*gradients)

        return Bound(call, lambda _: update.read())

    def reference(self) -> list[np.ndarray]:
        """Take as many steps as are compared, in float64."""
        bound = self._by_hand(in_double(self.constants), in_double(self.leaves))
        for _ in range(self.repeats):
            result = bound.call()
        return bound.read(result)

    def deviation(self, found: list[np.ndarray], right: list[np.ndarray]) -> float:
        """Compare the changes in the 2-norm: where a gradient is nearly zero, its sign is noise."""
        worst = 0.0
        for mine, reference, start in zip(found, right, self.leaves, strict=True):
            difference = np.linalg.norm(mine - reference) / np.linalg.norm(reference - start)
            worst = max(worst, float(difference))
        return worst
