"""Saving replaces a file as a whole: whoever dies in the middle leaves the old one, and nothing else for long."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import pytest

import minideep
from minideep import files, saving
from tests.saving.corruption import same

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork and kill")


def content(number: int) -> dict:
    """A checkpoint of half a megabyte: the first, the second, …"""
    return {"epoch": number, "model": {"weight": minideep.full((128, 1024), float(number))}}


def drafts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.draft"))


def test_writing_anew(tmp_path) -> None:
    for number in range(3):
        saving.save(content(number), tmp_path / "a.pth")
        assert same(saving.load(tmp_path / "a.pth"), content(number))
    assert [file.name for file in tmp_path.iterdir()] == ["a.pth"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.pth").stat().st_mode) == 0o666 & ~umask
    (tmp_path / "a.pth").chmod(0o640)
    saving.save(content(4), tmp_path / "a.pth")
    assert stat.S_IMODE((tmp_path / "a.pth").stat().st_mode) == 0o640


def test_a_link_stays_one(tmp_path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "there/a.pth")
    saving.save([1], tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink()
    assert saving.load(tmp_path / "there/a.pth") == [1]


def test_where_nothing_can_be_replaced(tmp_path) -> None:
    with pytest.raises(RuntimeError, match=r"^save: the folder '.*/no' does not exist; make it first: os\.makedirs$"):
        saving.save([1], tmp_path / "no" / "a.pth")
    with pytest.raises(IsADirectoryError):
        saving.save([1], tmp_path)


@needs_fork
def test_pipes(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=saving.save, args=(content(1), tmp_path / "pipe"))
    writer.start()
    assert same(saving.load(tmp_path / "pipe"), content(1))
    writer.join()
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "interrupted"]
)
def test_an_error_leaves_the_old_file(tmp_path, error) -> None:
    saving.save(content(1), tmp_path / "a.pth")
    with mock.patch.object(os, "fsync", side_effect=error), pytest.raises(type(error)):
        saving.save(content(2), tmp_path / "a.pth")
    assert same(saving.load(tmp_path / "a.pth"), content(1))
    assert not drafts(tmp_path)


def test_all_lies_on_the_disk_before_it_replaces(tmp_path) -> None:
    """First the data are synced, then the name changes, then the folder is synced."""
    steps = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"{os.fstat(handle).st_size} bytes")
        fsync(handle)

    def note_replace(*names: str) -> None:
        steps.append("replace")
        replace(*names)

    with mock.patch.object(os, "fsync", note_fsync), mock.patch.object(os, "replace", note_replace):
        saving.save(content(1), tmp_path / "a.pth")
    assert steps == [f"{(tmp_path / 'a.pth').stat().st_size} bytes", "replace", "folder"]


def test_drafts_of_living_writers_stay_and_those_of_dead_ones_go(tmp_path) -> None:
    target = tmp_path / "a.pth"
    (tmp_path / ".a.pth.00000000.draft").write_bytes(b"left behind")
    (tmp_path / ".b.pth.00000000.draft").write_bytes(b"of another file")
    with files.replacing(target) as file:
        file.write(b"first")
        assert len(drafts(tmp_path)) == 2
        saving.save([2], target)
        assert len(drafts(tmp_path)) == 2
        assert saving.load(target) == [2]
    assert target.read_bytes() == b"first"
    assert [draft.name for draft in drafts(tmp_path)] == [".b.pth.00000000.draft"]


def test_a_draft_taken_for_a_leftover_is_made_anew(tmp_path) -> None:
    """By another writer, in the moment between making and locking it."""
    lock = files.fcntl.flock

    def removed_first(file, operation) -> None:
        drafts(tmp_path)[0].unlink()
        files.fcntl.flock = lock
        lock(file, operation)

    with mock.patch.object(files.fcntl, "flock", removed_first):
        saving.save([1], tmp_path / "a.pth")
    assert saving.load(tmp_path / "a.pth") == [1]
    assert not drafts(tmp_path)


def test_several_threads_at_once(tmp_path) -> None:
    def save(number: int) -> None:
        for _ in range(5):
            saving.save(content(number), tmp_path / "a.pth")

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(same(saving.load(tmp_path / "a.pth"), content(number)) for number in range(4))
    assert not drafts(tmp_path)


@pytest.mark.parametrize(
    "locks", [None, mock.Mock(LOCK_EX=2, LOCK_NB=4, flock=mock.Mock(side_effect=OSError(95, "Not supported")))]
)
def test_where_there_are_no_locks(tmp_path, locks) -> None:
    """On Windows, and on some network drives: leftovers stay, as nobody can tell whether their writers live."""
    (tmp_path / ".a.pth.00000000.draft").write_bytes(b"left behind")
    with mock.patch.object(files, "fcntl", locks):
        saving.save([1], tmp_path / "a.pth")
        saving.save([2], tmp_path / "a.pth")
    assert saving.load(tmp_path / "a.pth") == [2]
    assert len(drafts(tmp_path)) == 1


# For each line that it reads, this process has a child save one file after another, and kills it before it has saved
# more than a few: how long that takes, it measures first.
KILLER = """
import itertools, os, random, signal, sys, time
from minideep import saving
from tests.saving.test_atomic import content
random.seed(0)
for _ in range(3):
    start = time.perf_counter()
    saving.save(content(0), sys.argv[1])
    duration = time.perf_counter() - start
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        for number in itertools.count(int(line)):
            saving.save(content(number), sys.argv[1])
    time.sleep(random.uniform(0, 4 * duration))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


@needs_fork
def test_a_hundred_writers_killed(tmp_path) -> None:
    """With SIGKILL, at any moment: there is always a whole file, and never more than one draft."""
    path = tmp_path / "a.pth"
    saving.save(content(0), path)
    command = [sys.executable, "-c", KILLER, path]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    kept = in_the_middle = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as killer:
        for attempt in range(100):
            before = saving.load(path)["epoch"]
            print(attempt * 1000, file=killer.stdin, flush=True)
            assert killer.stdout.readline() == "killed\n"
            left = drafts(tmp_path)
            assert len(left) <= 1
            in_the_middle += bool(left)
            result = saving.load(path)
            assert same(result, content(result["epoch"]))
            kept += result["epoch"] == before
        killer.stdin.close()
    assert in_the_middle > 10, "hardly any of them was killed while it wrote"
    assert kept < 95, "hardly any of them saved a file before it was killed"
    saving.save(content(1), path)
    assert not drafts(tmp_path)
