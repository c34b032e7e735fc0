"""The frame around the engine: Makefile, continuous integration, package and lessons."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MAKE_TELLS_MAKE = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "EXTRAS", "FLAGS", "PYTHON"}  # `make test` runs these tests


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in MAKE_TELLS_MAKE}
    return subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the Makefile and pyproject.toml alone, with every extra installed as far as the stamps tell."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in ("bin/python", *(f"installed-{extra}" for extra in PROJECT["optional-dependencies"])):
        (tmp_path / ".venv" / name).touch()
    return tmp_path


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
def test_help_lists_every_target() -> None:
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared is not None
    listed = re.findall(r"^  ([a-z]+) +\S", run("make").stdout, re.MULTILINE)
    assert listed == declared[1].split() == "lessons test gradcheck bench lint format clean help".split()


@needs_make
@pytest.mark.parametrize("target", ["lessons", "test", "gradcheck", "bench", "lint", "format"])
def test_a_target_installs_only_what_is_missing_or_out_of_date(checkout: Path, target: str) -> None:
    def installs() -> bool:
        return "pip install" in run("make", "--dry-run", target, cwd=checkout).stdout

    assert not installs()
    os.utime(checkout / "pyproject.toml", (2**32, 2**32))
    assert installs()


@needs_make
def test_a_python_that_is_too_old_is_refused(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    old = checkout / "old-python"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 9); $2"\n')
    old.chmod(0o755)
    result = run("make", "test", f"PYTHON={old}", cwd=checkout)
    assert result.returncode != 0
    assert "Python 3.11 or newer is needed: make PYTHON=..." in result.stderr
    assert not (checkout / ".venv").exists()


def test_continuous_integration_runs_tests_with_pytorch_and_then_lint() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text().splitlines() if line.startswith("make ")]
    assert re.match(r"make test EXTRAS=test,torch\b", lines[0])
    assert lines[1].startswith("make lint")


def test_every_extra_named_by_another_exists() -> None:
    extras = PROJECT["optional-dependencies"]
    named = re.findall(r"minideep\[([\w,]+)\]", str(extras))
    assert {name for names in named for name in names.split(",")} <= set(extras)


def test_the_package_holds_what_it_should(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    result = run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path)
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"minideep/__init__.py", "minideep/py.typed", "gradcheck/__init__.py"} <= set(names)
    digits = "digits.md digits-images-idx3-ubyte.gz digits-labels-idx1-ubyte.gz".split()
    assert {f"minideep/data/datasets/{name}" for name in digits} <= set(names)
    assert {name.split("/")[0] for name in names} == {
        "minideep",
        "gradcheck",
        f"minideep-{PROJECT['version']}.dist-info",
    }


def test_versions_agree() -> None:
    import minideep

    assert minideep.__version__ == PROJECT["version"]
    assert f"## [{minideep.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
