"""`xgrad check`: every instruction on a machine, and what is wrong or absent there."""

import re
import subprocess
import sys

import pytest

import xgrad as xg
from xgrad.cli import main
from xgrad.core.instructions import PRIMITIVES
from xgrad.core.primitive import Kind
from xgrad.testing.examples import example_of
from xgrad.testing.selfcheck import self_check


@pytest.fixture
def mistaken():
    """A rule that is wrong for one test."""
    primitive = PRIMITIVES["tanh"]
    right = dict(primitive.rules)
    primitive.give_rules(x=lambda xp, g, y: g * (1 - y))
    yield
    primitive.give_rules(**right)


# Series and continued fractions, which take seconds where each step goes through Python.
SLOW = re.compile("beta|gamma|stdtr|zeta|chdtr|fdtr|pdtr|bdtr|gdtr|nbdtr|0e_derivative")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_everything_is_right_here(dtype):
    found = list(self_check("cpu", dtype))
    assert len(found) > 150
    assert [v for v in found if (v.value, v.reverse, v.forward) != ("-", "ok", "ok")] == []


# What libraries lack, SciPy's functions being for memory of the host.
LACKING = {"cuda": ["hyp1f1"]}


def test_everything_is_right_on_other_devices(other_device):
    names = [n for n, p in PRIMITIVES.items() if p.kind is not Kind.CONSTANT and example_of(n)]
    found = list(self_check(other_device, names=[n for n in names if not SLOW.search(n)]))
    assert len(found) > 100
    lacking = LACKING.get(str(other_device).split(":", maxsplit=1)[0], [])
    assert [v.name for v in found if v.value == "absent"] == lacking
    found = [v for v in found if v.value != "absent"]
    assert [v for v in found if (v.value, v.reverse, v.forward) != ("ok", "ok", "ok")] == []


def test_names_can_be_chosen(capsys):
    assert [v.name for v in self_check("cpu", names=["tanh", "matmul"])] == ["tanh", "matmul"]
    assert main(["check", "tanh", "--device", "cpu"]) == 0
    assert "1 of 1 instructions are right" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "why"), [("tan_h", "is not known"), ("floor", "has no deriv")])
def test_names_that_cannot_be_checked_are_refused(name, why):
    with pytest.raises(ValueError, match=f"the instruction '{name}' {why}.*Use names"):
        list(self_check("cpu", names=[name]))


def test_wrong_rule_is_found(mistaken):
    wrong = [v for v in self_check("cpu", names=["sin", "tanh"]) if v.is_wrong]
    assert [v.name for v in wrong] == ["tanh"]
    assert "reverse mode, operands[0]" in wrong[0].problem
    assert "where complex steps give" in wrong[0].problem


def test_wrong_value_is_found(monkeypatch):
    device = xg.device("array_api_strict:device1")
    monkeypatch.setattr(device.backend.xp, "sin", device.backend.xp.cos)
    wrong = [v for v in self_check(device, names=["sin", "cos"]) if v.value == "WRONG"]
    assert [v.name for v in wrong] == ["sin"]
    assert "its value is off by" in wrong[0].problem


def test_what_a_library_lacks_is_absent(monkeypatch):
    device = xg.device("array_api_strict:device1")

    def lacking(x):
        raise NotImplementedError("no kernel")

    monkeypatch.setattr(device.backend.xp, "expm", lacking)
    (absent,) = self_check(device, names=["expm"])
    assert (absent.name, absent.problem) == ("expm", "NotImplementedError: no kernel")
    assert not absent.is_wrong


def test_what_needs_a_library_that_is_not_installed_is_absent():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "from xgrad.cli import main\n"
        "sys.exit(main(['check', '--device', 'cpu', 'exp1', 'digamma', 'polygamma', 'tanh']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = done.stdout.splitlines()
    assert [line.split()[2] for line in out[3:7]] == ["absent", "absent", "absent", "-"]
    assert "exp1 needs SciPy, which is not installed" in out[3]
    assert 'pip install ".[special]"' in out[3]
    assert out[-2].startswith("1 of 4 instructions are right")
    assert out[-1] == "absent here: exp1, digamma, polygamma"


def test_command_prints_a_row_for_each_and_a_verdict(capsys):
    assert main(["check", "--device", "cpu"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "derivatives up to order 1 in float64 on cpu, against differences of values"
    assert out[2].split() == ["instruction", "kind", "value", "reverse", "forward"]
    assert ["tanh", "elementwise", "-", "ok", "ok"] in [line.split() for line in out]
    assert {len(line.split()) for line in out[2:-2]} == {5}
    count = len(out) - 5
    assert out[-1].startswith(f"{count} of {count} instructions are right, in ")


def test_command_fails_where_something_is_wrong(mistaken, capsys):
    assert main(["check", "--device", "cpu", "sin", "tanh"]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "WRONG: tanh"


def test_module_can_be_run():
    command = [sys.executable, "-m", "xgrad", "check", "--device", "cpu", "tanh", "add"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "instructions are right" in done.stdout


def test_unknown_device_is_one_line():
    command = [sys.executable, "-m", "xgrad", "check", "--device", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("xgrad check: error: ")
    assert len(done.stderr.splitlines()) == 1
