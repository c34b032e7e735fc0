"""On which device what is loaded comes to lie."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck.strict
import minideep
from minideep import backend
from tests.saving import pickled
from tests.saving.corruption import bytes_of, loaded, refusal, same

without_gpu = pytest.mark.skipif(backend.cuda_device_count() > 0, reason="needs a machine without a GPU")


@pytest.fixture
def strict() -> None:
    """A device that is not the CPU."""
    gradcheck.strict.register()


def on_strict() -> minideep.Tensor:
    return minideep.arange(6.0, device="strict").reshape(2, 3)


@pytest.mark.usefixtures("strict")
def test_back_where_it_was_saved() -> None:
    weight = on_strict()
    data = bytes_of({"weight": weight, "turned": weight.t(), "same": weight.detach(), "here": minideep.ones(1)})
    result = loaded(data)
    assert [str(tensor.device) for tensor in result.values()] == ["strict", "strict", "strict", "cpu"]
    assert same(result["turned"], weight.t())
    result["weight"].zero_()
    assert result["same"].sum().item() == 0


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("where", ["cpu", backend.CPU, {"strict": "cpu"}])
def test_wherever_it_is_wanted(where) -> None:
    result = loaded(bytes_of([on_strict(), minideep.ones(1)]), map_location=where)
    assert same(result, [on_strict().cpu(), minideep.ones(1)])
    elsewhere = loaded(bytes_of([on_strict(), minideep.ones(1)]), map_location="strict")
    assert [str(tensor.device) for tensor in elsewhere] == ["strict", "strict"]
    back = loaded(bytes_of([on_strict(), minideep.ones(1)]), map_location={"cpu": "strict"})
    assert [str(tensor.device) for tensor in back] == ["strict", "strict"]


def test_what_is_no_place() -> None:
    data = bytes_of([1])
    with pytest.raises(TypeError, match=r"^load: map_location: expected None, a device such as 'cpu' .*, but got int$"):
        loaded(data, map_location=5)
    with pytest.raises(RuntimeError, match=r"^device: expected one of cpu, cuda"):
        loaded(data, map_location="moon")


@without_gpu
def test_without_a_gpu() -> None:
    with pytest.raises(RuntimeError, match=r"^device: "):
        loaded(bytes_of([1]), map_location="cuda")
    data = pickled.torch_archive(
        pickled.tensor(pickled.storage("0", 2, location="cuda:0"), (2,), (1,)), {"0": np.ones(2, np.float32)}
    )
    assert "map_location: a tensor was saved on 'cuda:0', which this machine lacks (device: " in refusal(data)
    assert refusal(data).endswith("to have it on the CPU, load(…, map_location='cpu')")
    assert same(loaded(data, map_location="cpu"), minideep.ones(2))
    assert same(loaded(data, map_location={"cuda:0": "cpu"}), minideep.ones(2))


@pytest.mark.gpu
def test_on_a_gpu() -> None:
    weight = minideep.arange(6.0, device="cuda").reshape(2, 3)
    result = loaded(bytes_of([weight, weight.t(), minideep.ones(1)]))
    assert [tensor.device.type for tensor in result] == ["cuda", "cuda", "cpu"]
    assert same(loaded(bytes_of([weight.t()]), map_location="cpu"), [weight.t().cpu()])
    data = pickled.torch_archive(
        pickled.tensor(pickled.storage("0", 6, location="cuda:0"), (2, 2), (1, 3), 1), {"0": np.arange(6, dtype="f4")}
    )
    assert loaded(data).device.type == "cuda"
    assert loaded(data).tolist() == [[1, 4], [2, 5]]
