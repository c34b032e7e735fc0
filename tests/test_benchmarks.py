"""The benchmarks at tiny sizes: every workload runs, and the engines that are installed agree. No time is asserted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import memory, report, workloads  # noqa: F401  the workloads declare themselves
from benchmarks.engines import ENGINES, Engine, Lacks, engines
from benchmarks.measure import Disagreement, Result, check_agreement, measure, start_all
from benchmarks.workload import WORKLOADS, Workload, chosen


@pytest.fixture(scope="module")
def asked() -> list[Engine]:
    return list(engines(list(ENGINES)))


@pytest.mark.parametrize("name", WORKLOADS)
def test_engines_agree(name: str, asked: list[Engine]) -> None:
    runs, left_out = start_all(WORKLOADS[name], asked, tiny=True)
    assert not left_out.keys() & {"minideep", "torch"}, left_out
    check_agreement(WORKLOADS[name], asked, runs)


def test_a_wrong_result_is_found(asked: list[Engine]) -> None:
    def build(m: Engine, rng: np.random.Generator):
        return lambda: m.tensor(np.ones(3, np.float32) * (1 if m.name == "minideep" else 1.001))

    wrong = Workload("wrong", build)
    runs, _ = start_all(wrong, asked)
    with pytest.raises(Disagreement, match=r"wrong: result 0 of \w+ differs from that of minideep by 1\.0e-03"):
        check_agreement(wrong, asked, runs)


def test_what_an_engine_lacks_leaves_it_out(asked: list[Engine]) -> None:
    with pytest.raises(Lacks, match="NumPy has no conv2d"):
        ENGINES["numpy"]().conv2d  # noqa: B018
    runs, left_out = start_all(WORKLOADS["chain"], asked, tiny=True)
    assert "numpy" not in runs
    assert left_out["numpy"] == "NumPy has no gradients"


def test_the_report_shows_what_was_measured(asked: list[Engine]) -> None:
    result = measure(WORKLOADS["ops"], asked, rounds=2, tick=lambda: None)
    result.left_out["mygrad"] = "MyGrad has no ops"
    text = report.text([result])
    assert "µs an op over NumPy" in text
    assert "MyGrad has no ops: left out of ops" in text
    (listed,) = json.loads(report.as_json([result], report.circumstances("")))["results"]
    assert listed["seconds"]["minideep"] == result.seconds["minideep"]
    assert len(listed["seconds"]["numpy"]) == 2


def test_ratios_are_taken_within_a_round_and_bars_judged_by_their_median() -> None:
    workload = Workload("made_up", lambda m, rng: lambda: None, ratio_bar=0.5, peers_bar=2, memory_bar=1.25)
    seconds = {"minideep": [1.0, 2.0, 9.0], "torch": [4.0, 4.0, 4.0], "mygrad": [1.5, 3.0, 90.0]}
    result = Result(workload, seconds, peak_bytes={"minideep": 130, "torch": 100})
    assert result.ratios("minideep") == [0.25, 0.5, 2.25]
    assert result.bars() == [("time ≤ 0.5×", 0.5, True), ("memory ≤ 1.25×", 1.3, False), ("mygrad ≥ 2×", 1.5, False)]
    assert result.ratio("minideep") == 0.5
    assert result.ratio("autograd") is None


def test_workloads_are_chosen_by_the_beginnings_of_their_names() -> None:
    assert [w.name for w in chosen(["chain"])] == ["chain"]
    assert len(chosen(["mlp_"])) == 6
    assert chosen([]) == list(WORKLOADS.values())
    with pytest.raises(SystemExit, match="no workload begins with nonsense"):
        chosen(["nonsense"])


def test_peak_memory_is_measured_in_a_process_of_its_own() -> None:
    peak = memory.peak_bytes("mlp_middle_sgd", "minideep")
    parameters = 4 * (784 * 256 + 256 * 128 + 128 * 10)
    assert peak is None or parameters < peak < 100 * parameters


def test_results_name_their_circumstances(asked: list[Engine], tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "RESULTS.md")
    about = report.circumstances("python -m benchmarks ops")
    report.write_results([measure(WORKLOADS["ops"], asked, 1, lambda: None)], about)
    written = report.RESULTS.read_text()
    for expected in ("Written by `python -m benchmarks ops`", "NumPy 2", "cores", "| ops |"):
        assert expected in written
