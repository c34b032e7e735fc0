"""``python -m gradcheck``: the table, one op in full, the page, exit statuses; red when a rule is broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import minideep
from gradcheck.__main__ import main
from gradcheck.page import render_page
from gradcheck.properties import COLUMNS
from gradcheck.specimen import full_catalogue
from gradcheck.table import fill, render, render_ops, row_of

ROOT = Path(__file__).resolve().parents[2]
OPS = ["exp", "neg", "ravel", "t"]


def test_one_op_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exp", "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("exp\n  ✓ values ")
    assert "· dimensions           takes no dimension to work along" in out
    assert "1 op × " in out
    assert " 0 failed" in out


def test_several_ops_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*OPS, "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    lines = out.split("\n")
    assert lines[0].split() == [column.abbreviation for column in COLUMNS.values()]
    assert [line.split()[0] for line in lines[1:] if "✓" in line and "passed" not in line] == OPS
    assert f"{len(OPS)} ops × {len(COLUMNS)} properties" in lines[-2]
    assert main([*OPS, "--jobs", "1", "-v"]) == 0
    assert "takes no dimension to work along" in capsys.readouterr().out


def test_a_broken_rule_turns_it_red(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    right = minideep.exp.op.pull
    monkeypatch.setattr(minideep.exp.op, "pull", lambda g, saved, parents: [2 * d for d in right(g, saved, parents)])
    assert main(["exp", "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert "✗ first derivative" in out
    assert "2 times the true one everywhere: a factor of 2 too much" in out
    assert main([*OPS, "--jobs", "1"]) == 1
    assert "\nexp\n  ✗ first derivative" in capsys.readouterr().out


def test_it_runs_as_a_program_in_several_processes() -> None:
    command = [sys.executable, "-m", "gradcheck", *OPS, "--jobs", "2"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert not result.stderr
    assert "0 failed" in result.stdout


def test_it_says_what_it_can_without_pytorch() -> None:
    program = (
        "import sys; sys.modules['torch'] = None; from gradcheck.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "exp", "to", "avg_pool1d", "--jobs", "1"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "against NumPy" in result.stdout
    assert "compared with PyTorch only, and PyTorch is not installed" in result.stdout


def test_an_unknown_op_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reshap"]) == 2
    assert "there is no op 'reshap' in the catalogue; did you mean reshape" in capsys.readouterr().err
    assert main(["€"]) == 2
    assert "--list prints all there are" in capsys.readouterr().err


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    out = capsys.readouterr().out
    assert {name for line in out.splitlines() for name in line.partition(": ")[2].split()} == set(full_catalogue())


def test_the_page_is_complete_and_needs_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*OPS, "--jobs", "1", "--html", str(tmp_path / "table.html")]) == 0
    assert f"written to {tmp_path / 'table.html'}" in capsys.readouterr().out
    page = (tmp_path / "table.html").read_text(encoding="utf-8")
    assert "{{" not in page
    assert "http" not in page
    assert page.count("<td") == len(OPS) * len(COLUMNS)
    assert "<p>None.</p>" in page


def test_the_page_shows_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    right = minideep.exp.op.pull
    monkeypatch.setattr(minideep.exp.op, "pull", lambda g, saved, parents: [0 * d for d in right(g, saved, parents)])
    table = fill(["exp"])
    assert '<td class="failed" title="exp, first derivative:' in render_page(table)
    assert "<h3>exp: first derivative</h3>" in render_page(table)
    assert "\033[1;33m✗" in render(table, colour=True)
    assert "\033" not in render_ops(table)


def test_another_seed_gives_other_samples() -> None:
    assert [c.state for c in row_of("exp", seed=5).cells] == [c.state for c in row_of("exp").cells]
