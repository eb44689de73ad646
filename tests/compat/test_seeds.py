"""The programs of five documents run as they are written, and print what the documents show.

The programs are read from the documents (seed_programs.py). What had to be changed is listed as an
`Edit`, with its reason."""

from __future__ import annotations

import re

import numpy as np
import pytest
import seed_programs as seeds
from event_files import read
from seed_documents import Edit, assert_shows, document, printed_by, run, squeezed

import xgrad as xg
import xgrad.compat.tensorflow as tf

AS_WRITTEN = [
    "CONSTANT_000",
    "VARIABLE_000",
    "WATCHED_000",
    "PERSISTENT_000",
    "COMPUTE_001",
    "TAPE_002",
    "GRADIENTS_002",
    "PRODUCT_004",
    "GRAD_YS_004",
    "STOPPED_004",
    "OTHER_PATH_004",
    "THIRD_004",
]


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_program_as_written_prints_what_the_document_shows(name):
    assert_shows(printed_by(getattr(seeds, name), tf), getattr(seeds, f"SHOWN_{name}"))


def test_001_minimize_raises_the_step_and_lowers_the_loss():
    (line,) = re.findall(r"^loss = .*$", seeds.MINIMIZE_001, re.MULTILINE)
    edits = [
        Edit(line, "loss = (w - 3.0) ** 2", "the document leaves out the loss"),
        Edit("optimizer.minimize", "train_op = optimizer.minimize", "to run it here"),
    ]
    w = tf.Variable(2.0)
    names = {"tf": tf, "w": w, "global_step": tf.train.get_or_create_global_step()}
    run(seeds.MINIMIZE_001, tf, edits, names)
    with tf.Session() as session:
        session.run(names["train_op"])
        assert session.run([w, names["global_step"]]) == [4.0, 1]
    names.clear()


def test_001_gradients_are_clipped_and_paired():
    w, b = tf.Variable([1.0, 2.0]), tf.Variable(3.0)
    cost = tf.reduce_sum(w * w) + 2.0 * b
    names = {"tf": tf, "cost": cost, "batch_size": tf.constant(2), "MAX_GRAD_NORM": 1.0}
    run(seeds.CLIPPED_001, tf, names=names)
    pairs = list(names["grads_and_vars"])
    norm = np.sqrt(1.0 + 4.0 + 1.0)
    assert pairs[0][1] is w
    assert pairs[1][1] is b
    np.testing.assert_allclose(pairs[0][0].numpy(), np.asarray([1.0, 2.0]) / norm, rtol=1e-6)
    np.testing.assert_allclose(pairs[1][0].numpy(), 1.0 / norm, rtol=1e-6)
    names.clear()


def test_002_summaries_for_tensorboard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, printed = run(seeds.SUMMARIES_002, tf)
    assert printed == ""
    written = [(value.tag, value.step, value.numbers) for value in read(tmp_path / "logs")]
    assert written == [("y", 0, [27.0]), ("grads", 0, [18.0])]
    names["writer"].close()


def test_003_every_program_of_the_document_is_here():
    assert len(seeds.SHOWN_003) == len(seeds.PROGRAMS_003)
    place, text = 0, squeezed(document("003"))
    for program in seeds.PROGRAMS_003:
        place = text.index(squeezed(program), place) + len(squeezed(program))


@pytest.mark.parametrize("number", range(len(seeds.PROGRAMS_003)))
def test_003_program_prints_what_the_document_shows(number):
    """Each with those before it, whose functions and tapes it uses."""
    names = {"tf": tf, "keras": tf.keras}
    for program in seeds.PROGRAMS_003[: number + 1]:
        printed = printed_by(program, tf, names=names)
    expected = seeds.SHOWN_003[number]
    if number == seeds.SECOND_GRADIENT_003:  # the message of an error; ours goes on
        assert printed.startswith(expected)
    else:
        assert_shows(printed, expected)
    names.clear()


def test_004_unrelated_variables_are_an_error_in_a_session():
    assert seeds.ERROR_UNRELATED_004 == "TypeError"
    with pytest.raises(TypeError, match=re.escape(seeds.MESSAGE_UNRELATED_004)):
        run(seeds.UNRELATED_004, tf)


def test_004_the_name_of_a_missing_gradient_is_an_error_as_the_document_says():
    assert "这里会报错,因为gradients[0]是None" in seeds.HISTOGRAM_004
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'name'"):
        run(seeds.APPLY_004, tf)


def test_004_apply_gradients_leaves_out_what_has_none():
    edits = [Edit(seeds.HISTOGRAM_004, "", "the line of which the document says that it fails")]
    assert_shows(printed_by(seeds.APPLY_004, tf, edits), seeds.SHOWN_APPLY_004)


def test_programs_leave_xgrad_itself_alone():
    run(seeds.PROGRAMS_003[0], tf)
    assert xg.asarray(1.0).dtype == xg.float64
