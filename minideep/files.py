"""Floor 1: a file is replaced as a whole. Who opens it finds the old one or the new, even if its writer was killed."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of the one at `path` when all is written and lies on the disk."""
    target = Path(os.path.realpath(path))  # a link stays one
    if target.exists() and not target.is_file():  # /dev/stdout is to be written to, not replaced; a folder is an error
        with open(target, "wb") as stream:
            yield stream
        return
    _remove_leftovers(target)
    draft, file = _new_draft(target)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:
                file.close()  # Windows wants it closed; elsewhere closing it would give up the lock
            if target.exists():
                shutil.copymode(target, draft)
            os.replace(draft, target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _new_draft(target: Path) -> tuple[Path, BinaryIO]:
    """A new file beside `target`, locked for as long as the writer lives."""
    while True:
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
        file = open(draft, "xb")  # noqa: SIM115  the caller closes it
        if not _locked(file, wait=True) or os.fstat(file.fileno()).st_nlink:
            return draft, file
        file.close()  # another writer took it for a leftover before it was locked


def _remove_leftovers(target: Path) -> None:
    """Remove the drafts for `target` whose writers are dead: nobody holds a lock on them."""
    for draft in target.parent.glob(f".{glob.escape(target.name)}.*.draft"):
        with contextlib.suppress(OSError), open(draft, "rb") as file:
            if _locked(file, wait=False):
                draft.unlink()


def _locked(file: BinaryIO, wait: bool) -> bool:
    """Lock a file unless somebody else has; where there are no locks (Windows, some network drives), leftovers stay."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (AttributeError, OSError):
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Have the folder's list of names on the disk as well."""
    with contextlib.suppress(OSError):  # not every system can open or sync a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
