"""What makes a Tensor one: its attributes, and how Python, NumPy, DLPack, pickle and copy see it."""

from __future__ import annotations

import copy
import io
import operator
import pickle

import numpy as np
import pytest

import minideep as md
from tests.support import agree, needs_torch, torch


def leaf(*values: float) -> md.Tensor:
    return md.tensor(values, requires_grad=True)


# ---------------------------------------------------------------------------------------------- making tensors

DATA = {
    "float": 1.5,
    "int": 3,
    "bool": True,
    "list": [1.0, 2.0],
    "list of ints": [1, 2],
    "list of bools": [True, False],
    "mixed": [1, 2.5],
    "bools and ints": [True, 2],
    "nested": [[1, 2], [3, 4]],
    "tuple": ((1.0,), (2.0,)),
    "empty": [],
    "empty nested": [[], []],
    "huge": [2**40],
    "float64 array": np.array([1.0, 2.0]),
    "float32 array": np.array([1.0, 2.0], np.float32),
    "float16 array": np.array([1.0, 2.0], np.float16),
    "int array": np.array([1, 2], np.int32),
    "bool array": np.array([True]),
    "0-d array": np.array(2.0),
    "strided array": np.arange(12.0).reshape(3, 4)[:, ::2],
    "transposed array": np.arange(6.0).reshape(2, 3).T,
    "array scalar": np.float32(1.5),
    "list of array scalars": [np.float32(1.5), np.float32(2)],
    "list of arrays": [np.ones(2), np.zeros(2)],
}
every_data = pytest.mark.parametrize("data", DATA.values(), ids=DATA.keys())


@every_data
@pytest.mark.parametrize("dtype", [None, "float32", "float64", "int64", "bool", "float16"])
@pytest.mark.filterwarnings("ignore")
def test_tensor(data, dtype) -> None:
    if dtype in ("int64", "bool") and "np.float32" in repr(data):
        pytest.skip("PyTorch does not truncate NumPy's scalars")
    agree(lambda m: m.tensor(data, dtype=dtype and getattr(m, dtype)))


@every_data
@pytest.mark.filterwarnings("ignore")
def test_as_tensor(data) -> None:
    agree(lambda m: m.as_tensor(data))


@needs_torch
@every_data
@pytest.mark.filterwarnings("ignore")
def test_shape_attributes(data) -> None:
    def program(m):
        t = m.tensor(data)
        return (
            tuple(t.shape), t.ndim, t.dim(), tuple(t.size()), t.numel(), t.element_size(), t.itemsize, t.nbytes,
            t.is_floating_point(), t.is_leaf, t.requires_grad, t.grad, t.is_cuda, str(t.device), t.tolist(),
        )  # fmt: skip

    agree(program)


def test_tensor_copies_and_as_tensor_does_not() -> None:
    array = np.zeros(3, np.float32)
    copied, shared, same = md.tensor(array), md.as_tensor(array), md.from_numpy(array)
    array[0] = 5
    assert copied.tolist() == [0, 0, 0]
    assert shared.tolist() == same.tolist() == [5, 0, 0]
    shared[1] = 7
    assert array.tolist() == [5, 7, 0]
    assert md.as_tensor(shared) is shared
    assert md.as_tensor(shared, dtype=md.float64).dtype == md.float64


def test_tensor_of_a_tensor_is_a_copy_outside_the_graph() -> None:
    x = leaf(1.0, 2.0)
    y = md.tensor(x * 2)
    assert y.tolist() == [2, 4]
    assert not y.requires_grad
    y[0] = 9
    assert (x * 2).tolist() == [2, 4]
    assert md.tensor([x[0], x[1] * 10]).tolist() == [1, 20]


BAD_DATA = {
    "ragged": ([[1, 2], [3]], ValueError, "tensor: expected sequences of equal length at every depth"),
    "text": ("text", TypeError, "tensor: expected numbers, or nested sequences of numbers, but got str 'text'"),
    "None": ([1, None], TypeError, "tensor: expected numbers"),
    "complex array": (np.ones(2, np.complex64), TypeError, "can't convert complex64 to a tensor"),
    "objects": (np.array([None]), TypeError, "can't convert object to a tensor"),
    "dates": (np.array(["2020-01-01"], "datetime64[D]"), TypeError, "can't convert datetime64[D] to a tensor"),
}


@pytest.mark.parametrize(("data", "error", "text"), BAD_DATA.values(), ids=BAD_DATA.keys())
def test_data_that_is_refused(data, error, text) -> None:
    with pytest.raises(error) as caught:
        md.tensor(data)
    assert text in str(caught.value)


def test_from_numpy_takes_arrays_only() -> None:
    assert str(agree(lambda m: m.from_numpy([1.0]))) == "from_numpy: expected np.ndarray, but got list"


def test_byte_order_is_made_native() -> None:
    assert md.tensor(np.array([1.0, 2.0], ">f4")).dtype is md.float32


def test_the_default_dtype_can_be_changed() -> None:
    def program(m):
        before = m.get_default_dtype()
        try:
            m.set_default_dtype(m.float64)
            made = (
                m.tensor(1.5),
                m.tensor([1, 2]) / 2,
                m.ones(2),
                m.tensor(np.ones(2, np.float32)) * 2.5,
                m.arange(0, 1, 0.5),
            )
        finally:
            m.set_default_dtype(before)
        return *made, m.tensor(1.5)

    agree(program)
    error = agree(lambda m: m.set_default_dtype(m.int64))
    assert str(error).startswith("set_default_dtype: only floating-point dtypes can be the default, but got int64")


def test_the_class_makes_floats() -> None:
    assert md.Tensor([1, 2]).dtype == md.float32
    assert md.Tensor().shape == (0,)
    assert md.is_tensor(md.Tensor([1]))
    assert not md.is_tensor(np.ones(1))


# ---------------------------------------------------------------------------------------------- attributes


@pytest.mark.parametrize("dim", [0, 1, -1, 2, -3])
def test_size_of_one_dimension(dim) -> None:
    result = agree(lambda m: m.ones(2, 3).size(dim))
    if isinstance(result, IndexError):
        assert str(result) == f"size: Dimension out of range (expected to be in range of [-2, 1], but got {dim})"


def test_strides_count_entries() -> None:
    agree(
        lambda m: [
            m.ones(2, 3, 4).stride(),
            m.ones(2, 3).stride(1),
            m.ones(2, 3).T.stride(),
            m.ones(2, 3)[:, ::2].stride(),
        ]
    )


def test_contiguity_and_addresses() -> None:
    def program(m):
        x = m.ones(2, 3)
        return x.is_contiguous(), x.T.is_contiguous(), x.data_ptr() == x.T.data_ptr(), x[1].data_ptr() - x.data_ptr()

    agree(program)


def test_size_is_of_the_shape_of_a_tuple() -> None:
    x = md.ones(2, 3)
    assert x.shape == (2, 3)
    assert isinstance(x.shape, tuple)
    rows, columns = x.shape
    assert (rows, columns) == (2, 3)


def test_attributes_of_ones_own() -> None:
    x = leaf(1.0)
    x.name = "weight"
    assert x.name == "weight"
    with pytest.raises(AttributeError):
        x.nothing  # noqa: B018


def test_devices() -> None:
    assert str(md.ones(1).device) == "cpu"
    assert md.ones(1).device == md.device("cpu")
    assert md.device("cuda:1") == md.device("cuda", 1) == md.device(md.device("cuda:1"))
    assert md.device("cuda") != md.device("cuda:0")
    assert len({md.device("cpu"), md.device("cpu"), md.device("cuda:1")}) == 2
    assert repr(md.device("cuda:1")) == "device(type='cuda', index=1)"
    assert repr(md.device("cpu")) == "device(type='cpu')"
    for name in ("gpu", "cuda:x", "cpu:0:1"):
        with pytest.raises(RuntimeError, match="device: expected one of cpu, cuda"):
            md.device(name)
    with pytest.raises(TypeError, match="device: expected a string such as 'cpu'"):
        md.device(3)


# ---------------------------------------------------------------------------------------------- to Python

CONVERSIONS = {
    "item": lambda m, t: t.item(),
    "float": lambda m, t: float(t),
    "int": lambda m, t: int(t),
    "bool": lambda m, t: bool(t),
    "index": lambda m, t: operator.index(t),
    "range": lambda m, t: list(range(t)),
    "list[t]": lambda m, t: [10, 20, 30, 40][t],
    "len": lambda m, t: len(t),
    "iter": lambda m, t: [part * 2 for part in t],
    "tolist": lambda m, t: t.tolist(),
    "numpy": lambda m, t: t.numpy().tolist(),
    "in": lambda m, t: (2 in t, 7 in t),
    "format": lambda m, t: f"{t:.2f}",
    "not": lambda m, t: not t,
}
VALUES = {
    "0-d": 2.5,
    "0-d int": 3,
    "0-d bool": True,
    "one entry": [2.0],
    "one int": [[3]],
    "two": [1.0, 2.0],
    "matrix": [[1, 2], [3, 4]],
    "empty": [],
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("convert", CONVERSIONS.values(), ids=CONVERSIONS.keys())
@pytest.mark.filterwarnings("ignore")
def test_conversions(convert, value) -> None:
    agree(lambda m: convert(m, m.tensor(value)))


@pytest.mark.parametrize(
    ("convert", "error", "text"),
    [
        (lambda: md.ones(2).item(), RuntimeError, "item: a Tensor with 2 elements cannot be converted to a number"),
        (lambda: bool(md.ones(2)), RuntimeError, "bool: boolean value of Tensor with more than one value is ambiguous"),
        (lambda: bool(md.ones(0)), RuntimeError, "bool: boolean value of Tensor with no value is ambiguous"),
        (lambda: len(md.tensor(1)), TypeError, "len: len() of a 0-d tensor"),
        (lambda: iter(md.tensor(1)), TypeError, "iter: iteration over a 0-d tensor"),
        (lambda: operator.index(md.tensor(1.5)), TypeError, "index: only integer tensors of a single element"),
        (lambda: leaf(1.0).numpy(), RuntimeError, "use tensor.detach().numpy() instead"),
        (lambda: np.asarray(leaf(1.0)), RuntimeError, "use tensor.detach().numpy() instead"),
    ],
)
def test_conversions_that_are_refused(convert, error, text) -> None:
    with pytest.raises(error) as caught:
        convert()
    assert text in str(caught.value)


def test_a_loss_can_be_formatted() -> None:
    loss = (leaf(1.0, 2.0) * 1.5).sum()
    assert f"{loss:.3f}" == "4.500"
    assert f"{loss:>8.1f}" == "     4.5"
    with pytest.raises(TypeError):
        f"{md.ones(2):.3f}"


def test_tensors_are_hashed_by_identity() -> None:
    x, y = md.ones(2), md.ones(2)
    assert len({x, y, x}) == 2
    assert {x: "x"}[x] == "x"


def test_rows_of_an_iteration_lead_back() -> None:
    x = md.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = x
    (first * second).sum().backward()
    assert x.grad.tolist() == [[3, 4], [1, 2]]


# ---------------------------------------------------------------------------------------------- NumPy


def test_numpy_shares_memory() -> None:
    x = md.zeros(3)
    array = x.numpy()
    array[0] = 5
    x[1] = 7
    assert x.tolist() == array.tolist() == [5, 7, 0]
    assert np.shares_memory(np.asarray(x), array)
    assert np.shares_memory(np.asarray(leaf(1.0).detach()), array) is False


def test_array_conversion_follows_numpys_protocol() -> None:
    x = md.ones(2)
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(x), x.numpy())
    assert np.shares_memory(np.array(x, copy=None), x.numpy())
    assert np.array(x, copy=True, dtype=np.int64).tolist() == [1, 1]
    assert leaf(1.0).numpy(force=True).tolist() == [1]
    with pytest.raises(ValueError, match="copy"):
        np.array(x, dtype=np.float64, copy=False)


NUMPY_CALLS = {
    "np.exp(t)": lambda t: (np.exp(t), t.exp()),
    "np.sum(t)": lambda t: (np.sum(t), t.sum()),
    "np.sum(t, axis)": lambda t: (np.sum(t, axis=1, keepdims=True), t.sum(1, keepdim=True)),
    "np.mean(t)": lambda t: (np.mean(t, axis=0), t.mean(0)),
    "np.where(mask, t, 0)": lambda t: (np.where(t > 0, t, 0), md.where(t > 0, t, 0)),
    "np.maximum(t, 0)": lambda t: (np.maximum(t, 0), t.clamp(min=0)),
    "np.add(t, array)": lambda t: (np.add(t, np.ones(3)), t + 1.0),
    "array + t": lambda t: (np.ones((2, 3)) + t, t + 1.0),
    "array * t": lambda t: (np.full((2, 3), 2.0) * t, t * 2.0),
    "array - t": lambda t: (np.ones(3) - t, 1.0 - t),
    "array / t": lambda t: (np.ones(3) / t, 1.0 / t),
    "array ** t": lambda t: (np.full(3, 2.0) ** t, 2.0**t),
    "array @ t": lambda t: (np.ones((4, 2)) @ t, md.ones(4, 2, dtype=md.float64) @ t),
    "t @ array": lambda t: (t @ np.ones((3, 4)), t @ md.ones(3, 4, dtype=md.float64)),
    "array > t": lambda t: (np.zeros(3) > t, t < 0.0),
    "array == t": lambda t: (np.zeros(3) == t, t == 0.0),
    "scalar * t": lambda t: (np.float32(2) * t, t * 2.0),
    "float64 scalar + t": lambda t: (np.float64(2) + t, t + 2.0),
    "int scalar * t": lambda t: (np.int64(2) * t, t * 2),
    "t * scalar": lambda t: (t * np.float64(2), t * 2.0),
    "np.concatenate": lambda t: (np.concatenate([t, t], axis=1), md.cat([t, t], dim=1)),
    "np.stack": lambda t: (np.stack([t, t]), md.stack([t, t])),
    "np.transpose": lambda t: (np.transpose(t, (1, 0)), t.T),
    "np.reshape": lambda t: (np.reshape(t, (3, 2)), t.reshape(3, 2)),
    "np.broadcast_to": lambda t: (np.broadcast_to(t, (4, 2, 3)), t.expand(4, 2, 3)),
    "np.expand_dims": lambda t: (np.expand_dims(t, 0), t.unsqueeze(0)),
    "np.clip": lambda t: (np.clip(t, -1, 1), t.clamp(-1, 1)),
    "np.matmul": lambda t: (np.matmul(t, t.T), t @ t.T),
    "np.einsum": lambda t: (np.einsum("ij,ij->i", t, t), (t * t).sum(1)),
    "np.copy": lambda t: (np.copy(t), t.clone()),
    "np.zeros_like": lambda t: (np.zeros_like(t), md.zeros_like(t)),
}  # fmt: skip


@pytest.mark.parametrize("call", NUMPY_CALLS.values(), ids=NUMPY_CALLS.keys())
def test_numpy_functions_take_tensors(call) -> None:
    """The same values, and the same gradients, as our own spelling."""
    t = md.tensor([[0.5, -1.5, 2.0], [3.0, 0.25, -0.5]], dtype=md.float64, requires_grad=True)
    found, expected = call(t)
    assert isinstance(found, md.Tensor)
    assert found.dtype == expected.dtype
    assert np.array_equal(found.detach().numpy(), expected.detach().numpy(), equal_nan=True)
    assert found.requires_grad == expected.requires_grad
    if found.requires_grad:
        gradients = [
            md.autograd.grad(result, t, md.ones(result.shape, dtype=md.float64))[0].numpy()
            for result in (found, expected)
        ]
        assert np.array_equal(*gradients, equal_nan=True)


def test_array_scalars_do_not_widen() -> None:
    for scalar in (np.float64(2), np.float32(2), np.int64(2)):
        assert (md.ones(2) * scalar).dtype == (scalar * md.ones(2)).dtype == md.float32
        assert (md.ones(2, dtype=md.float16) + scalar).dtype == md.float16


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: np.linalg.svd(t), "numpy.svd has no counterpart on Tensors; use tensor.detach().numpy()"),
        (lambda t: np.gcd(t, t), "numpy.gcd has no counterpart on Tensors; use tensor.detach().numpy()"),
        (lambda t: np.multiply.accumulate(t), "numpy.multiply.accumulate has no counterpart on Tensors"),
        (lambda t: np.exp(t, out=np.ones(2)), "numpy.exp with out= has no counterpart on Tensors"),
        (lambda t: operator.iadd(np.ones(2), t), "numpy.add with out= has no counterpart on Tensors"),
    ],
)
def test_numpy_functions_without_a_counterpart(call, text) -> None:
    with pytest.raises(TypeError) as caught:
        call(md.ones(2))
    assert text in str(caught.value)


# ---------------------------------------------------------------------------------------------- copies


def pickled(t):
    return pickle.loads(pickle.dumps(t))


def saved(t):
    file = io.BytesIO()
    pickle.dump({"weight": t, "step": 3}, file, protocol=2)
    file.seek(0)
    return pickle.load(file)["weight"]


COPIES = {"deepcopy": copy.deepcopy, "pickle": pickled, "in a dict, protocol 2": saved}
every_copy = pytest.mark.parametrize("make_copy", COPIES.values(), ids=COPIES.keys())


@every_copy
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0, 2), (2, 3)])
def test_a_copy_is_equal_and_apart(make_copy, dtype, shape) -> None:
    x = md.ones(shape, dtype=getattr(md, dtype))
    y = make_copy(x)
    assert type(y) is md.Tensor
    assert y.tolist() == x.tolist()
    assert y.dtype is x.dtype
    assert y.shape == shape
    y.zero_()
    assert x.tolist() == md.ones(shape, dtype=x.dtype).tolist()


@every_copy
def test_a_copy_has_the_flag_and_the_attributes(make_copy) -> None:
    x = leaf(1.0, 2.0)
    x.tag = ["weight"]
    y = make_copy(x)
    assert y.requires_grad
    assert y.is_leaf
    assert y.tag == ["weight"]
    assert y.tag is not x.tag
    assert not make_copy(x.detach()).requires_grad
    (y * 3).sum().backward()
    assert y.grad.tolist() == [3, 3]
    assert x.grad is None


def test_deepcopy_takes_the_gradient_along_and_keeps_identities() -> None:
    x = leaf(1.0)
    (x * 2).backward()
    y, again, holder = copy.deepcopy([x, x, {"x": x}])
    assert y is again is holder["x"]
    assert y.grad.tolist() == [2]
    assert y.grad is not x.grad


def test_copies_of_views_are_complete() -> None:
    x = md.arange(6.0).reshape(2, 3)
    for view in (x[:, 1], x.T, x[0:1].expand(4, 3)):
        for make_copy in COPIES.values():
            assert make_copy(view).tolist() == view.tolist()


def test_only_leaves_are_copied() -> None:
    error = agree(lambda m: copy.deepcopy(m.ones(2, requires_grad=True) * 2))
    assert str(error).startswith("deepcopy: only Tensors created explicitly by the user (graph leaves)")
    with pytest.raises(
        RuntimeError, match=r"pickle: can't pickle a tensor that is part of a graph; pickle y.detach\(\)"
    ):
        pickle.dumps(leaf(1.0) * 2)


def test_a_shallow_copy_is_a_leaf_too() -> None:
    x = leaf(1.0)
    assert copy.copy(x).requires_grad


# ---------------------------------------------------------------------------------------------- DLPack


@needs_torch
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "int32", "uint8", "bool"])
def test_torch_reads_our_memory(dtype) -> None:
    x = md.ones(2, 3, dtype=getattr(md, dtype))
    theirs = torch.from_dlpack(x)
    assert theirs.dtype == getattr(torch, dtype)
    theirs[0, 0] = 0
    x[1, 1] = 0
    assert x.tolist() == theirs.tolist()
    assert theirs.data_ptr() == x.data_ptr()


@needs_torch
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "int32", "uint8", "bool"])
def test_we_read_torchs_memory(dtype) -> None:
    theirs = torch.ones(2, 3, dtype=getattr(torch, dtype))
    x = md.from_dlpack(theirs)
    assert x.dtype is getattr(md, dtype)
    x[0, 0] = 0
    theirs[1, 1] = 0
    assert x.tolist() == theirs.tolist()
    assert theirs.data_ptr() == x.data_ptr()


@needs_torch
def test_views_travel_without_a_copy() -> None:
    x = md.arange(12.0).reshape(3, 4)
    theirs = torch.from_dlpack(x[:, ::2].T)
    assert theirs.stride() == (2, 4)
    theirs.zero_()
    assert x.tolist() == [[0, 1, 0, 3], [0, 5, 0, 7], [0, 9, 0, 11]]
    ours = md.from_dlpack(torch.arange(6.0).reshape(2, 3).T)
    assert ours.stride() == (1, 3)


def test_numpy_reads_our_memory() -> None:
    x = md.ones(3)
    array = np.from_dlpack(x)
    array[0] = 5
    assert x.tolist() == [5, 1, 1]
    assert x.__dlpack_device__() == (1, 0)


def test_a_tensor_that_requires_grad_does_not_travel() -> None:
    def program(m):
        return np.from_dlpack(m.ones(2, requires_grad=True))

    assert str(agree(program)) == "dlpack: can't export tensors that require gradient; use tensor.detach()"
    assert np.from_dlpack(leaf(1.0).detach()).tolist() == [1]
