"""A script's packages must be there before a rehearsal without Docker begins; none is installed unasked."""

from importlib.metadata import version
from pathlib import Path

import pytest

from rehearsal.journey.own_packages import require_packages
from slipway.errors import InputError
from slipway.settings import Training

NUMPY = version("numpy")


def training(folder: Path, text: str) -> Training:
    (folder / "requirements.txt").write_text(text)
    return Training(script="fit.py", requirements=str(folder / "requirements.txt"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# the numbers\n--extra-index-url https://example.org/simple\n",
        f"numpy=={NUMPY}  # arrays\n",
        f"numpy=={NUMPY} --hash=sha256:0f\n",
        'no-such-package; sys_platform == "plan9"\n',
        "NumPy>=1.0,<99\n",
    ],
)
def test_what_is_installed_is_enough(tmp_path: Path, text: str) -> None:
    require_packages(training(tmp_path, text))
    require_packages(Training())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("numpy\nno-such-package==1.0\n", r"no-such-package==1\.0 must be installed where the jobs run, got none"),
        ("numpy==0.1\n", rf"numpy==0\.1 must be installed where the jobs run, got {NUMPY}"),
        ("numpy ?\n", r"line 1 must be a requirement such as .* got numpy \?"),
    ],
)
def test_what_is_not_is_named_with_the_command_that_installs_it(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        require_packages(training(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "pip install" in str(caught.value) or "line 1" in str(caught.value)
