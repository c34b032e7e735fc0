"""Files from the network: as published, whole, or not at all."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

_AT_ONCE = 2**16  # bytes
_SILENCE = 30  # seconds without a byte before a server is given up


def download(dataset: str, urls: Sequence[str], path: Path, md5: str) -> None:
    """Have the file with this checksum at `path`: if it is not there, fetch it from the first of `urls` that has it."""
    from http.client import HTTPException

    if path.exists() and checksum(path) == md5:
        return
    failures = []
    for url in urls:
        try:
            with written(path) as file:
                found = _fetch(url, file)
                if found != md5:
                    raise OSError(f"{found} is the MD5 checksum of what came, but {md5} is expected")
            return
        except (OSError, HTTPException) as error:
            failures.append(f"{url} ({getattr(error, 'reason', error)})")
    raise RuntimeError(
        f"{dataset}: could not download {path.name} from {', nor from '.join(failures)}. If there is no network here, "
        f"fetch it elsewhere and put it into {path.parent}"
    )


def checksum(path: Path) -> str:
    """The MD5 checksum of a file, by which the datasets' publishers identify theirs."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest()


def _md5() -> Any:
    import hashlib

    return hashlib.md5(usedforsecurity=False)


@contextlib.contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes its place at `path`, in a folder made for it, if there was no exception."""
    from ...files import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        yield file


def _fetch(url: str, file: IO[bytes]) -> str:
    """Write what is at `url` to a file; returns its checksum."""
    from urllib.request import Request, urlopen

    digest = _md5()
    with urlopen(Request(url, headers={"User-Agent": "minideep"}), timeout=_SILENCE) as response:
        size = int(response.headers.get("Content-Length") or 0)
        with _progress(url, size) as advance:
            while chunk := response.read(_AT_ONCE):
                digest.update(chunk)
                file.write(chunk)
                advance(len(chunk))
    return digest.hexdigest()


@contextlib.contextmanager
def _progress(url: str, size: int) -> Iterator[Callable[[int], Any]]:
    """A progress bar, if tqdm is installed, else one line that says what is being fetched."""
    name = url.rpartition("/")[2]
    try:
        from tqdm import tqdm
    except ImportError:
        sys.stderr.write(f"downloading {name} ({size / 1e6:.1f} MB)\n")
        yield lambda count: None
        return
    with tqdm(total=size or None, unit="B", unit_scale=True, desc=name) as bar:
        yield bar.update
