"""Published datasets, on small files in their formats: what is read, what is refused, and how files are fetched."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import struct
import sys
import tarfile
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep.data import CIFAR10, CIFAR100, MNIST, DataLoader, FashionMNIST, ImageFolder
from minideep.data.datasets.download import download, written
from minideep.data.datasets.idx import read_idx

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.integers(0, 256, (6, 28, 28), np.uint8), np.array([3, 0, 9, 1, 1, 4], np.uint8)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_mnist(folder: Path, part: str = "train", pack=gzip.compress, end: str = ".gz") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}-images-idx3-ubyte{end}").write_bytes(pack(idx(IMAGES)))
    (folder / f"{part}-labels-idx1-ubyte{end}").write_bytes(pack(idx(LABELS)))


# ---------------------------------------------------------------------------------------------- MNIST


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("folder", ["raw", "root"])
def test_mnist(kind: type[MNIST], packed: bool, folder: str, tmp_path: Path) -> None:
    place = tmp_path / kind.__name__ / "raw" if folder == "raw" else tmp_path
    write_mnist(place, "t10k", *([] if packed else [bytes, ""]))
    data = kind(tmp_path, train=False)
    assert len(data) == 6
    assert np.array_equal(data.data, IMAGES)
    assert data.targets.dtype == md.int64
    image, label = data[2]
    assert np.array_equal(image, IMAGES[2])
    assert label == 9
    assert len(data.classes) == 10
    batch, labels = next(iter(DataLoader(data, 6)))
    assert np.array_equal(batch, IMAGES)
    assert labels.tolist() == LABELS.tolist()
    data.data[0] = 0  # the memory is the dataset's own
    assert repr(data) == f"{kind.__name__}: 6 images of 28×28, 10 classes"


def test_mnist_that_is_not_there(tmp_path: Path) -> None:
    message = r"MNIST: Dataset not found: expected train-images-idx3-ubyte or train-images-idx3-ubyte.gz in .*raw. You"
    with pytest.raises(RuntimeError, match=message):
        MNIST(tmp_path)


BROKEN = {
    "expected magic number 2051 .bytes in 3 dimensions., but got 2049": ("images", gzip.compress(idx(LABELS))),
    "expected magic number 2049 .* but got 0": ("labels", gzip.compress(b"")),
    r"header says \[6, 28, 28\], for which 4720 bytes are expected, but there are 4719": (
        "images",
        gzip.compress(idx(IMAGES)[:-1]),
    ),
    r"header says \[6, 28, 28\], .* but there are 4721": ("images", gzip.compress(idx(IMAGES) + b"x")),
    r"header says \[6\], for which 14 bytes are expected, but there are 9": (
        "labels",
        gzip.compress(idx(LABELS)[:9]),
    ),
    r"header says \[0\], for which 8 bytes are expected, but there are 7": ("labels", gzip.compress(idx(LABELS)[:7])),
    "is truncated or corrupted: expected a gzip file, but Compressed file ended": (
        "images",
        gzip.compress(idx(IMAGES))[:-100],
    ),
    "expected a gzip file, but Not a gzipped file": ("images", b"<html>not found</html>"),
    "does not belong to its images: expected 6 labels, but got 5": ("labels", gzip.compress(idx(LABELS[:5]))),
    "is corrupted: expected labels from 0 to 9, but found 10": ("labels", gzip.compress(idx(LABELS + np.uint8(1)))),
}


@pytest.mark.parametrize("message", BROKEN)
def test_mnist_that_is_broken(message: str, tmp_path: Path) -> None:
    which, content = BROKEN[message]
    write_mnist(tmp_path)
    (path,) = tmp_path.glob(f"train-{which}*")
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=message) as caught:
        MNIST(tmp_path)
    assert str(path) in str(caught.value)


@given(st.data())
def test_no_corruption_of_a_gzipped_file_passes(data: st.DataObject) -> None:
    content = bytearray(gzip.compress(idx(LABELS)))
    place = data.draw(st.integers(10, len(content) - 1))  # after gzip's own header, which says nothing of the content
    content[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labels.gz")
        path.write_bytes(content)
        with pytest.raises(RuntimeError, match=r"truncated or corrupted|is not what it should be"):
            read_idx(path, 1)


# ---------------------------------------------------------------------------------------------- CIFAR


def records(count: int, labels: int) -> tuple[np.ndarray, np.ndarray]:
    return RNG.integers(0, 10, (count, labels), np.uint8), RNG.integers(0, 256, (count, 3072), np.uint8)


def write_cifar10(root: Path) -> tuple[np.ndarray, np.ndarray]:
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    labels, pixels = records(12, 1)
    for number, name in enumerate([*CIFAR10.train_list, *CIFAR10.test_list]):
        part = slice(2 * number, 2 * number + 2)
        (folder / name).write_bytes(np.concatenate([labels[part], pixels[part]], axis=1).tobytes())
    (folder / "batches.meta.txt").write_text(
        "\n".join("plane car bird cat deer dog frog horse ship truck".split()) + "\n\n"
    )
    return labels[:, 0], pixels


def test_cifar10(tmp_path: Path) -> None:
    labels, pixels = write_cifar10(tmp_path)
    train, test = CIFAR10(tmp_path), CIFAR10(tmp_path, train=False)
    assert (len(train), len(test)) == (10, 2)
    assert train.targets.tolist() == labels[:10].tolist()
    assert test.targets.tolist() == labels[10:].tolist()
    image, label = train[3]
    assert image.shape == (32, 32, 3)
    assert image[5, 7].tolist() == pixels[3, [5 * 32 + 7, 1024 + 5 * 32 + 7, 2048 + 5 * 32 + 7]].tolist()
    assert train.classes[label] == train.classes[labels[3]]
    assert train.classes[:2] == ["plane", "car"]
    assert train.tensors[0].shape == (10, 3, 32, 32)
    assert not hasattr(train, "coarse_targets")


def test_cifar100(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-binary"
    folder.mkdir()
    labels, pixels = records(4, 2)
    for name in ("train.bin", "test.bin"):
        (folder / name).write_bytes(np.concatenate([labels, pixels], axis=1).tobytes())
    (folder / "fine_label_names.txt").write_text("\n".join(f"class{number}" for number in range(100)))
    data = CIFAR100(tmp_path, train=False)
    assert data.targets.tolist() == labels[:, 1].tolist()
    assert data.coarse_targets.tolist() == labels[:, 0].tolist()
    assert len(data.classes) == 100


def test_cifar_that_is_broken_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"CIFAR10: Dataset not found or corrupted: expected batches.meta.txt"):
        CIFAR10(tmp_path)
    write_cifar10(tmp_path)
    path = tmp_path / "cifar-10-batches-bin" / "data_batch_2.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(
        RuntimeError, match=r"data_batch_2.bin is truncated .*: expected records of 3073 bytes, but 6145"
    ):
        CIFAR10(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(RuntimeError, match="but 0 bytes"):
        CIFAR10(tmp_path)
    path.write_bytes(b"\x0a" + whole[1:])
    with pytest.raises(RuntimeError, match=r"data_batch_2.bin is corrupted: expected labels from 0 to 9, but found 10"):
        CIFAR10(tmp_path)
    assert len(CIFAR10(tmp_path, train=False)) == 2


# ---------------------------------------------------------------------------------------------- fetching


def served(folder: Path, name: str, content: bytes) -> tuple[str, str]:
    """The address and the checksum of a file that can be fetched without a network."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return (folder / name).as_uri(), hashlib.md5(content).hexdigest()


def test_a_download_is_written_whole_and_once(tmp_path: Path, capsys) -> None:
    url, md5 = served(tmp_path / "server", "file.bin", b"content" * 50_000)
    path = tmp_path / "new" / "file.bin"
    download("Some", ["file:///nowhere/file.bin", url], path, md5)
    assert path.read_bytes() == b"content" * 50_000
    assert [entry.name for entry in path.parent.iterdir()] == ["file.bin"]
    before = path.stat()
    (tmp_path / "server" / "file.bin").unlink()
    download("Some", [url], path, md5)
    assert path.stat() == before
    assert "file.bin" in capsys.readouterr().err


def test_what_is_there_but_wrong_is_fetched_again(tmp_path: Path) -> None:
    url, md5 = served(tmp_path / "server", "file.bin", b"content")
    path = tmp_path / "file.bin"
    path.write_bytes(b"conten")
    download("Some", [url], path, md5)
    assert path.read_bytes() == b"content"


def test_a_download_that_fails_says_why_and_leaves_things_as_they_were(tmp_path: Path) -> None:
    url, md5 = served(tmp_path / "server", "file.bin", b"wrong")
    path = tmp_path / "here" / "file.bin"
    path.parent.mkdir()
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError) as caught:
        download("Some", ["http://127.0.0.1:9/file.bin", url], path, "0" * 32)
    for text in [
        "Some: could not download file.bin from http://127.0.0.1:9/file.bin (",
        f"nor from {url} ({md5} is the MD5 checksum of what came, but {'0' * 32} is expected)",
        f"If there is no network here, fetch it elsewhere and put it into {path.parent}",
    ]:
        assert text in str(caught.value)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.bin"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"mumble\r\n\r\n", "mumble"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "Not Found"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", "is the MD5 checksum of what came, but 0000"),
    ],
    ids=["mumbles", "refuses", "breaks off"],
)
def test_a_server_that_does_not_do_its_work_is_named(answer: bytes, text: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as client:
                client.recv(65536)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/file.bin"
        with pytest.raises(RuntimeError, match=r"Some: could not download file.bin") as caught:
            download("Some", [address], tmp_path / "file.bin", "0" * 32)
        thread.join()
    assert text in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with written(tmp_path / "file.bin") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_without_tqdm_a_line_says_what_is_fetched(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    url, md5 = served(tmp_path / "server", "file.bin", b"x" * 1_500_000)
    download("Some", [url], tmp_path / "file.bin", md5)
    assert capsys.readouterr().err == "downloading file.bin (1.5 MB)\n"


def test_mnist_is_fetched(tmp_path: Path, monkeypatch) -> None:
    server = tmp_path / "server"
    for part in ("train", "t10k"):
        write_mnist(server, part)
    files = sorted(server.iterdir())
    monkeypatch.setattr(MNIST, "mirrors", [server.as_uri() + "/"])
    monkeypatch.setattr(MNIST, "resources", [(file.name, hashlib.md5(file.read_bytes()).hexdigest()) for file in files])
    assert len(MNIST(tmp_path / "root", download=True)) == 6
    raw = tmp_path / "root/MNIST/raw"
    assert sorted(p.name for p in raw.iterdir()) == [file.name for file in files]
    for file in files:
        file.unlink()
        (raw / file.stem).write_bytes(gzip.decompress((raw / file.name).read_bytes()))
        (raw / file.name).unlink()
    assert len(MNIST(tmp_path / "root", download=True)) == 6  # unpacked, they are as good


def test_cifar_is_fetched_and_unpacked(tmp_path: Path, monkeypatch) -> None:
    labels, _ = write_cifar10(tmp_path / "server")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(tmp_path / "server" / "cifar-10-batches-bin", "cifar-10-batches-bin")
        archive.addfile(tarfile.TarInfo("../outside.bin"))
    url, md5 = served(tmp_path / "server", "cifar-10-binary.tar.gz", packed.getvalue())
    monkeypatch.setattr(CIFAR10, "url", url)
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5)
    root = tmp_path / "root"
    assert CIFAR10(root, train=False, download=True).targets.tolist() == labels[10:].tolist()
    (root / "cifar-10-binary.tar.gz").unlink()
    (tmp_path / "server" / "cifar-10-binary.tar.gz").unlink()
    assert len(CIFAR10(root, download=True)) == 10  # it is all there
    assert not (tmp_path / "outside.bin").exists()


# ---------------------------------------------------------------------------------------------- folders of images


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image", reason="Pillow, which reads images, is not installed")
    for place, value in [("dog/a.png", 10), ("cat/b.PNG", 20), ("cat/deep/a.bmp", 30), ("cat/a.png", 40)]:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(np.full((4, 5), value, np.uint8)).save(path)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / "loose.png").write_bytes(b"")
    return tmp_path


def test_a_folder_of_folders(folders: Path) -> None:
    data = ImageFolder(folders)
    assert data.classes == ["cat", "dog"]
    assert data.class_to_idx == {"cat": 0, "dog": 1}
    assert [os.path.relpath(path, folders) for path, _ in data.imgs] == [
        "cat/a.png",
        "cat/b.PNG",
        "cat/deep/a.bmp",
        "dog/a.png",
    ]
    assert data.targets == [0, 0, 0, 1]
    image, label = data[1]
    assert (image.shape, image.dtype, label) == ((4, 5, 3), np.uint8, 0)
    assert (image == 20).all()
    assert repr(data) == f"ImageFolder: 4 images in {folders}, 2 classes"
    images, labels = next(iter(DataLoader(data, 4)))
    assert images.shape == (4, 4, 5, 3)
    assert labels.tolist() == [0, 0, 0, 1]


def test_a_folder_with_functions_of_ones_own(folders: Path) -> None:
    data = ImageFolder(
        folders,
        transform=len,
        target_transform=str,
        loader=os.path.basename,
        is_valid_file=lambda path: path.endswith(".txt"),
        allow_empty=True,
    )
    assert list(data) == [(len("notes.txt"), "0")]


def test_folders_that_hold_too_little(folders: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"ImageFolder: Couldn't find any class folder in .*deep"):
        ImageFolder(folders / "cat" / "deep")
    (folders / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"Found no valid file for the classes empty in .*extensions are: .jpg"):
        ImageFolder(folders)
    assert ImageFolder(folders, allow_empty=True).classes == ["cat", "dog", "empty"]


def test_an_image_that_is_broken_is_named(folders: Path) -> None:
    path = folders / "dog" / "a.png"
    for content in (path.read_bytes()[:50], b"no image"):
        path.write_bytes(content)
        with pytest.raises(RuntimeError, match=r"ImageFolder: .*a.png is no image, or is truncated or corrupted"):
            ImageFolder(folders)[3]


def test_without_pillow_the_message_says_what_to_install(folders: Path, monkeypatch) -> None:
    data = ImageFolder(folders)
    for name in ("PIL", "PIL.Image"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RuntimeError, match="to read images, Pillow is needed: pip install pillow; or pass a loader="):
        data[0]
