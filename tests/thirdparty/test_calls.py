"""Real functions of SciPy, scikit-learn, array-api-extra and einops, differentiated through xgrad.

All calls of calls.py run once, in a process of their own, because SciPy looks at SCIPY_ARRAY_API when
it is imported; each test looks at what came out of one call. What cannot work is in cannot.py, by
reason, and must fail in that way: nobody gets a wrong gradient without an error."""

import json
import os
import pathlib
import subprocess
import sys
from importlib import util

import pytest
from thirdparty import calls
from thirdparty.cannot import CANNOT, SIGNS

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory):
    for name in ("scipy", "sklearn", "array_api_extra", "einops"):
        if util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    target = tmp_path_factory.mktemp("thirdparty") / "outcomes.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, str(HERE / "runner.py"), "xgrad", str(target)],
        input="\n".join(calls.CALLS),
        text=True,
        env=environment,
        check=True,
    )
    return json.loads(target.read_text())


@pytest.mark.parametrize("call", [call for call in calls.CALLS if call not in CANNOT])
def test_call_has_the_derivative_of_numpys(outcomes, call):
    assert outcomes[call] == "right"


@pytest.mark.parametrize("call", list(CANNOT))
def test_call_that_cannot_work_says_so(outcomes, call):
    # Newer versions of a library may have mended what could not work.
    assert outcomes[call] == "right" or outcomes[call].startswith(SIGNS[CANNOT[call]])


def test_enough_of_other_peoples_code_works():
    assert len(calls.CALLS) - len(CANNOT) > 300


def test_what_cannot_work_is_called():
    assert set(CANNOT) <= set(calls.CALLS)
