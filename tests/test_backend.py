"""Floor 0: devices, what arrays of several libraries have in common, and streams of random numbers."""

from __future__ import annotations

import contextlib
import sys
import types

import numpy as np
import pytest

import minideep as md
from gradcheck.strict import register
from minideep import backend

register()

# ---------------------------------------------------------------------------------------------- devices


@pytest.mark.skipif(backend.cuda_device_count() > 0, reason="there is a GPU")
def test_without_cupy_a_gpu_is_a_matter_of_installing_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert backend.cuda_device_count() == 0
    with pytest.raises(RuntimeError, match=r"^device: 'cuda' needs CuPy, which is not installed: pip install"):
        md.ones(2, device="cuda")
    with pytest.raises(RuntimeError, match="without a GPU use device='cpu'"):
        md.ones(2).to("cuda:0")


def test_cupy_without_a_gpu_says_so(monkeypatch) -> None:
    monkeypatch.setitem(backend._modules, "cuda", lambda: types.SimpleNamespace())
    monkeypatch.setattr(backend, "_load_cupy", lambda: types.SimpleNamespace())
    with pytest.raises(RuntimeError, match=r"^device: CuPy is installed, but no GPU was found; use device='cpu'"):
        md.ones(2, device="cuda")


def test_gpus_are_counted_and_waited_for(monkeypatch) -> None:
    waited, used = [], []

    def gpu(index: int) -> types.SimpleNamespace:
        return types.SimpleNamespace(use=lambda: used.append(index), synchronize=lambda: waited.append(index))

    runtime = types.SimpleNamespace(getDeviceCount=lambda: 2)
    cupy = types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=runtime, Device=gpu))
    monkeypatch.setattr(backend, "_load_cupy", lambda: cupy)
    monkeypatch.setitem(backend._modules, "cuda", lambda: cupy)
    assert md.cuda.is_available()
    assert md.cuda.device_count() == 2
    for where in None, 1, "cuda", "cuda:1", md.device("cuda", 1):
        md.cuda.synchronize(where)
    assert waited == used == [0, 1, 0, 1, 1]
    with pytest.raises(ValueError, match=r"^synchronize: expected a GPU such as 'cuda:0', but got 'cpu'"):
        md.cuda.synchronize("cpu")


@pytest.mark.skipif(backend.cuda_device_count() > 0, reason="there is a GPU")
def test_where_there_is_no_gpu_nothing_waits_for_one() -> None:
    assert not md.cuda.is_available()
    assert md.cuda.device_count() == 0
    with pytest.raises(RuntimeError, match=r"^device: "):
        md.cuda.synchronize()


def test_a_device_of_another_kind() -> None:
    """Tensors go there and back, and stay there whatever is done with them."""
    here = md.tensor([[1.0, 2.0], [3.0, 4.0]])
    there = here.to("strict")
    assert str(there.device) == "strict"
    assert str((there @ there + 1).exp().sum(0).device) == "strict"
    assert there.to("strict") is there
    assert there.to(md.device("cpu")).tolist() == here.tolist()
    assert there.tolist() == here.tolist()
    assert there.numpy(force=True).tolist() == here.tolist()
    with pytest.raises(TypeError, match=r"^numpy: can't convert a strict tensor to NumPy; use tensor.cpu\(\)"):
        there.numpy()


def test_gradients_stay_on_the_device_of_their_tensor() -> None:
    x = md.ones(2, requires_grad=True)
    (x.to("strict") * 3).sum().backward()
    assert str(x.grad.device) == "cpu"
    assert x.grad.tolist() == [3, 3]
    y = md.ones(2, device="strict", requires_grad=True)
    y.exp().sum().backward()
    assert str(y.grad.device) == "strict"


def test_operands_on_two_devices_are_named() -> None:
    with pytest.raises(RuntimeError) as caught:
        md.ones(2, device="strict") + md.ones(2)
    assert str(caught.value) == (
        "add: expected all tensors to be on the same device, but 'input' is on strict, 'other' is on cpu; move one "
        "with .to(device)"
    )


# ---------------------------------------------------------------------------------------------- arrays


def test_results_without_dimensions_become_arrays_again() -> None:
    for value in (np.float32(1.5), 2, 2.5):
        array = backend.as_array(value)
        assert type(array) is np.ndarray
        assert array.shape == ()
    array = np.ones(2)
    assert backend.as_array(array) is array


def test_products_of_float16_are_accumulated_in_float32() -> None:
    ones = np.ones((1, 4096), np.float16)
    assert backend.product(ones, ones.T).item() == 4096
    assert backend.product(ones, ones.T).dtype == np.float16


def test_special_functions_are_found_where_the_array_lives() -> None:
    erf = backend.special_function("erf")
    assert erf.__name__ == "erf"
    assert erf(np.array(0.0)) == 0
    assert str(md.erf(md.zeros(2, device="strict")).device) == "strict"


# ---------------------------------------------------------------------------------------------- random numbers


def test_a_generator_knows_its_seed() -> None:
    generator = md.Generator().manual_seed(3)
    assert generator.initial_seed() == 3
    seed = generator.seed()
    assert generator.initial_seed() == seed != generator.seed()
    assert md.manual_seed(7) is backend.default_generator()
    assert md.initial_seed() == 7


def test_inside_drawing_from_another_generator_takes_the_place_of_the_default_one() -> None:
    md.manual_seed(1)
    expected, other = md.rand(2).tolist(), md.Generator().manual_seed(2)
    drawn = md.rand(1, generator=md.Generator().manual_seed(2)).item()
    md.manual_seed(1)
    first = md.rand(1).item()
    with contextlib.suppress(KeyError), backend.drawing_from(other):
        assert md.rand(1).item() == drawn
        raise KeyError
    assert [first, md.rand(1).item()] == expected
