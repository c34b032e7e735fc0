"""First values: bounds and statistics, what is exact to the last bit, generators, and what is refused."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest

import minideep as md
from gradcheck import strict
from minideep.nn import Parameter, init
from tests.support import agree

strict.register()

NONLINEARITIES = [
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid",
    "tanh", "relu", "leaky_relu", "selu",
]  # fmt: skip


@pytest.fixture(autouse=True)
def seeded() -> None:
    md.manual_seed(0)


# ---------------------------------------------------------------------------------------------- gains and fans


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_calculate_gain(nonlinearity) -> None:
    agree(lambda m: [m.nn.init.calculate_gain(nonlinearity), m.nn.init.calculate_gain(nonlinearity, 0.3)])


def test_gains_that_there_are_not() -> None:
    error = agree(lambda m: m.nn.init.calculate_gain("steps"))
    assert str(error).startswith("calculate_gain: Unsupported nonlinearity steps; expected leaky_relu, linear, conv1d")


@pytest.mark.parametrize("param", ["steep", True])
def test_slopes_that_are_none(param) -> None:
    error = agree(lambda m: m.nn.init.calculate_gain("leaky_relu", param))
    assert str(error) == f"calculate_gain: negative_slope {param} not a valid number"


@pytest.mark.parametrize("shape", [(3, 5), (4, 2, 3), (4, 2, 3, 5), (0, 3), (3, 0)])
def test_fans(shape) -> None:
    agree(lambda m: m.nn.init._calculate_fan_in_and_fan_out(m.empty(*shape)))


@pytest.mark.parametrize("name", ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"])
def test_vectors_have_no_fans(name) -> None:
    error = agree(lambda m: getattr(m.nn.init, name)(m.empty(3)))
    text = "fan: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, but its shape is (3,)"
    assert str(error) == text


# ---------------------------------------------------------------------------------------------- without chance


def test_constants() -> None:
    def program(m):
        makers = [m.nn.init.ones_, m.nn.init.zeros_, lambda t: m.nn.init.constant_(t, -2.5)]
        return [make(m.nn.Parameter(m.empty(2, 3, dtype=m.float64))).detach() for make in makers]

    agree(program)


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (0, 3)])
def test_eye_(shape) -> None:
    agree(lambda m: m.nn.init.eye_(m.ones(shape)))


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape", [(4, 3, 3), (2, 4, 5), (4, 2, 3, 2), (6, 2, 2, 3, 3), (2, 1, 1)])
def test_dirac_(shape, groups) -> None:
    agree(lambda m: m.nn.init.dirac_(m.ones(shape), groups))


def test_a_convolution_with_dirac_changes_nothing() -> None:
    x = md.randn(1, 3, 4, 4)
    weight = init.dirac_(md.empty(3, 3, 3, 3))
    assert (md.nn.functional.conv2d(x, weight, padding=1) == x).all()


WRONG_SHAPES = {
    "eye_": ((3,), {}, "eye_: Only tensors with 2 dimensions are supported, but its shape is (3,)"),
    "sparse_": ((3, 1, 1), {"sparsity": 0.5}, "sparse_: Only tensors with 2 dimensions are supported, but its shape"),
    "dirac_": ((3, 3), {}, "dirac_: Only tensors with 3, 4, or 5 dimensions are supported, but its shape is (3, 3)"),
    "orthogonal_": ((3,), {}, "orthogonal_: Only tensors with 2 or more dimensions are supported, but its shape is (3"),
}


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_wrong_shapes(name) -> None:
    shape, settings, text = WRONG_SHAPES[name]
    assert str(agree(lambda m: getattr(m.nn.init, name)(m.empty(shape), **settings))).startswith(text)


def test_dirac_needs_channels_for_every_group() -> None:
    error = agree(lambda m: m.nn.init.dirac_(m.empty(3, 1, 1), groups=2))
    assert str(error) == "dirac_: dim 0 must be divisible by groups, but got 3 and groups=2"


# ---------------------------------------------------------------------------------------------- distributions

SHAPE = (60, 50, 3, 2)  # fan in 300, fan out 360
UNIFORM = {
    "uniform": (lambda t: init.uniform_(t, -1, 3), -1, 3),
    "unit": (init.uniform_, 0, 1),
    "xavier": (init.xavier_uniform_, -math.sqrt(6 / 660), math.sqrt(6 / 660)),
    "xavier, gain": (lambda t: init.xavier_uniform_(t, gain=2), -2 * math.sqrt(6 / 660), 2 * math.sqrt(6 / 660)),
    "kaiming": (init.kaiming_uniform_, -math.sqrt(6 / 300), math.sqrt(6 / 300)),
    "kaiming, slope": (lambda t: init.kaiming_uniform_(t, a=math.sqrt(5)), -1 / math.sqrt(300), 1 / math.sqrt(300)),
    "kaiming, out": (
        lambda t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="tanh"), -math.sqrt(25 / 3 / 360),
        math.sqrt(25 / 3 / 360),
    ),
}  # fmt: skip
NORMAL = {
    "normal": (lambda t: init.normal_(t, 2, 3), 2, 3),
    "standard": (init.normal_, 0, 1),
    "xavier": (init.xavier_normal_, 0, math.sqrt(2 / 660)),
    "kaiming": (init.kaiming_normal_, 0, math.sqrt(2 / 300)),
    "kaiming, out": (lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"), 0, math.sqrt(2 / 360)),
    "kaiming, selu": (lambda t: init.kaiming_normal_(t, nonlinearity="selu"), 0, 0.75 / math.sqrt(300)),
}


@pytest.mark.parametrize(("make", "low", "high"), UNIFORM.values(), ids=UNIFORM.keys())
def test_evenly_distributed(make, low, high) -> None:
    values = make(Parameter(md.empty(*SHAPE, dtype=md.float64))).numpy(force=True)
    assert low <= values.min() < low + 0.001 * (high - low)
    assert high >= values.max() > high - 0.001 * (high - low)
    parts, _ = np.histogram(values, 10, (low, high))
    np.testing.assert_allclose(parts, values.size / 10, rtol=0.1)  # 5 standard deviations


@pytest.mark.parametrize(("make", "mean", "std"), NORMAL.values(), ids=NORMAL.keys())
def test_normally_distributed(make, mean, std) -> None:
    values = (make(Parameter(md.empty(*SHAPE, dtype=md.float64))).numpy(force=True) - mean) / std
    assert abs(values.mean()) < 5 / math.sqrt(values.size)
    assert abs(values.std() - 1) < 5 / math.sqrt(2 * values.size)
    assert abs(np.mean(values**4) - 3) < 5 * math.sqrt(96 / values.size)


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
def test_modes_that_there_are_not(name) -> None:
    error = agree(lambda m: getattr(m.nn.init, name)(m.empty(2, 3), mode="fan_up"))
    assert str(error) == f"{name}: Mode fan_up not supported, please use one of ['fan_in', 'fan_out']"


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
def test_without_entries_there_is_nothing_to_do(name) -> None:
    tensor = md.empty(0, 3)
    with pytest.warns(UserWarning, match=f"{name}: Initializing zero-element tensors is a no-op"):
        assert getattr(init, name)(tensor) is tensor


@pytest.mark.parametrize(("mean", "std", "a", "b"), [(0, 1, -2, 2), (1, 2, 0, 1.5), (0.5, 0.1, 0.3, 9), (0, 1, 1, 3)])
def test_trunc_normal_(mean, std, a, b) -> None:
    """Against the distribution function, at ten places."""
    values = init.trunc_normal_(md.empty(20000, dtype=md.float64), mean, std, a, b).numpy()
    assert values.min() >= a
    assert values.max() <= b

    def below(x):
        return 0.5 * math.erfc((mean - x) / std / math.sqrt(2))

    for x in np.quantile(values, np.linspace(0.05, 0.95, 10)):
        expected = (below(x) - below(a)) / (below(b) - below(a))
        assert np.mean(values <= x) == pytest.approx(expected, abs=5 * 0.5 / math.sqrt(values.size))


@pytest.mark.parametrize("std", [0.5, 0.01])
def test_trunc_normal_far_from_its_mean_warns(std) -> None:
    with pytest.warns(UserWarning, match=r"trunc_normal_: mean is more than 2 std from \[a, b\]; the distribution"):
        values = init.trunc_normal_(md.empty(1000), 0, std, 2, 3)
    assert ((values >= 2) & (values <= 3)).all()


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 2, 3), (7, 2, 1, 1)])
@pytest.mark.parametrize("dtype", [md.float32, md.float64])
def test_orthogonal_(shape, dtype) -> None:
    values = init.orthogonal_(Parameter(md.empty(*shape, dtype=dtype)), gain=2).numpy(force=True)
    matrix = values.reshape(shape[0], -1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    assert values.dtype == dtype
    np.testing.assert_allclose(matrix @ matrix.T, 4 * np.eye(len(matrix)), atol=1e-5)


def test_orthogonal_matrices_are_evenly_distributed() -> None:
    """No direction is preferred: without the right signs, the diagonal would be of one sign."""
    diagonals = np.array([np.diagonal(init.orthogonal_(md.empty(3, 3)).numpy()) for _ in range(300)])
    assert (np.abs(diagonals.mean(0)) < 5 / math.sqrt(3 * 300)).all()


def test_orthogonal_without_entries() -> None:
    agree(lambda m: m.nn.init.orthogonal_(m.empty(3, 0)))


@pytest.mark.parametrize("sparsity", [0.0, 0.35, 1.0])
def test_sparse_(sparsity) -> None:
    values = init.sparse_(md.empty(10, 500), sparsity, std=0.5).numpy()
    assert ((values == 0).sum(0) == math.ceil(10 * sparsity)).all()
    kept = values[values != 0]
    if kept.size:
        assert kept.std() == pytest.approx(0.5, rel=5 / math.sqrt(2 * kept.size))
    rows = (values == 0).mean(1)
    np.testing.assert_allclose(rows, math.ceil(10 * sparsity) / 10, atol=5 * 0.5 / math.sqrt(500))


# ---------------------------------------------------------------------------------------------- all of them

RANDOM = {
    "uniform_": {}, "normal_": {}, "trunc_normal_": {}, "xavier_uniform_": {}, "xavier_normal_": {},
    "kaiming_uniform_": {}, "kaiming_normal_": {}, "orthogonal_": {}, "sparse_": {"sparsity": 0.3},
}  # fmt: skip
EVERY = {**RANDOM, "constant_": {"val": 3.0}, "ones_": {}, "zeros_": {}, "eye_": {}}


@pytest.mark.parametrize("name", RANDOM)
def test_skipped(name) -> None:
    """Inside, a tensor and the common generator stay as they are; behind, also after an error, all is as before."""
    tensor = md.full((4, 6), 7.0)
    md.manual_seed(5)
    with contextlib.suppress(KeyError), init.skipped():
        assert getattr(init, name)(tensor, **RANDOM[name]) is tensor
        raise KeyError
    assert (tensor == 7).all()
    next_numbers = md.rand(3)
    md.manual_seed(5)
    assert (md.rand(3) == next_numbers).all()
    assert (getattr(init, name)(tensor, **RANDOM[name]) != 7).all()


def test_constants_are_not_skipped() -> None:
    with init.skipped():
        assert (md.nn.BatchNorm2d(3).weight == 1).all()
        assert (init.zeros_(md.full((3,), 7.0)) == 0).all()


@pytest.mark.parametrize("name", RANDOM)
def test_generators(name) -> None:
    """The same numbers for the same seed, of a generator of one's own or of the common one."""

    def drawn(**settings):
        return getattr(init, name)(md.empty(4, 6), **RANDOM[name], **settings).numpy()

    def generator(seed):
        return md.Generator().manual_seed(seed)

    assert np.array_equal(drawn(generator=generator(5)), drawn(generator=generator(5)))
    assert not np.array_equal(drawn(generator=generator(5)), drawn(generator=generator(6)))
    md.manual_seed(5)
    assert np.array_equal(drawn(), drawn(generator=generator(5)))


@pytest.mark.parametrize("dtype", [md.float16, md.float32, md.float64], ids=str)
@pytest.mark.parametrize("name", EVERY)
def test_they_write_where_they_are_told_to(name, dtype) -> None:
    """Into the memory that is there, outside the graph, noticed by it, in the tensor's own dtype."""
    tensor = Parameter(md.full((4, 6), math.nan, dtype=dtype))
    array, version = tensor.array, tensor.version.count
    assert getattr(init, name)(tensor, **EVERY[name]) is tensor
    assert tensor.array is array
    assert tensor.dtype == dtype
    assert tensor.is_leaf
    assert tensor.version.count > version
    assert np.isfinite(tensor.numpy(force=True)).all()


@pytest.mark.parametrize("name", EVERY)
def test_on_a_device(name) -> None:
    """The same numbers as on the CPU, from a generator of the same seed."""
    made = {}
    for device in ("cpu", "strict"):
        md.manual_seed(3)
        made[device] = getattr(init, name)(md.empty(4, 6, device=device), **EVERY[name])
    assert str(made["strict"].device) == "strict"
    assert np.array_equal(made["strict"].cpu().numpy(), made["cpu"].numpy())
