"""Every lesson runs, keeps its promises and draws its pictures; and the runner says so, or what went wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

LESSONS = Path(__file__).resolve().parent.parent / "lessons"
SCRIPTS = sorted(LESSONS.glob("[0-9][0-9]_*.py"))


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_lesson_runs(script: Path, tmp_path: Path) -> None:
    result = run(script, "--fast", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert list((tmp_path / "out" / script.stem).glob("*.png"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_lesson_has_its_parts(script: Path) -> None:
    text = script.read_text()
    assert text.startswith(f"# %% [markdown]\n# # {int(script.name[:2])}. ")
    headings = re.findall(r"^# ## (.*)$", text, re.MULTILINE)
    assert headings[0] == "The idea in one picture"
    assert headings[-4:] == ["Claims", "What broke, and what comes next", "Exercises", "References"]


def test_runner_sums_up_and_reports_failures(tmp_path: Path) -> None:
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons/__main__.py").write_text((LESSONS / "__main__.py").read_text())
    (tmp_path / "lessons/01_works.py").write_text("open('out/01_works/a.png', 'w')\n")
    (tmp_path / "lessons/02_breaks.py").write_text("assert 1 + 1 == 3, 'a claim that fails'\n")
    result = run("lessons", "--fast", cwd=tmp_path)
    assert result.returncode == 1
    assert re.search(r"^01_works +\d+\.\d +1$", result.stdout, re.MULTILINE)
    assert re.search(r"^02_breaks +\d+\.\d +0  failed$", result.stdout, re.MULTILINE)
    assert "02_breaks failed" in result.stdout
    assert "AssertionError: a claim that fails" in result.stdout
    assert run("lessons", "1", cwd=tmp_path).returncode == 0


def test_runner_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    result = run(LESSONS, "--quick", cwd=tmp_path)
    assert result.returncode == 1
    assert "expected numbers of lessons or flags (1" in result.stderr
    assert "but got '--quick'" in result.stderr
