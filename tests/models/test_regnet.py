"""RegNets: the rule of their widths. (That they equal the references: another file.)"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep import models, nn
from minideep.models.regnet import RegNet, regnet_stages
from minideep.nn import init


@pytest.mark.parametrize(
    ("numbers", "widths", "depths"),  # as in the paper's table
    [
        ((13, 24, 36.44, 2.49, 8), [24, 56, 152, 368], [1, 1, 4, 7]),
        ((16, 48, 27.89, 2.09, 8), [48, 104, 208, 440], [1, 3, 6, 6]),
        ((22, 96, 31.41, 2.24, 64), [128, 192, 512, 1088], [2, 6, 12, 2]),
        ((20, 232, 115.89, 2.53, 232), [232, 696, 1392, 3712], [2, 5, 12, 1]),
    ],
)
def test_stages_of_the_paper(numbers, widths, depths) -> None:
    stages = regnet_stages(*numbers)
    assert [stage.width for stage in stages] == widths
    assert [stage.blocks for stage in stages] == depths
    assert {stage.group_size for stage in stages} == {numbers[-1]}


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0, 200),
    st.floats(1.1, 4),
    st.integers(1, 20).map(lambda n: 8 * n),
)
def test_any_stages(depth, w0, wa, wm, group_size) -> None:
    stages = regnet_stages(depth, 8 * w0, wa, wm, group_size)
    assert sum(stage.blocks for stage in stages) == depth
    assert all(stage.width % stage.group_size == 0 and stage.group_size <= group_size for stage in stages)
    widths = [stage.width for stage in stages]
    assert widths == sorted(widths)


@pytest.mark.parametrize("numbers", [(16, 0, 30, 2), (16, 12, 30, 2), (16, 48, -1, 2), (16, 48, 30, 1)])
def test_numbers_that_make_no_line(numbers) -> None:
    with pytest.raises(ValueError, match=r"RegNet: expected w0 > 0, a multiple of 8, wa >= 0 and wm > 1, but got "):
        regnet_stages(*numbers, 8)


def test_arguments() -> None:
    model = RegNet(4, 16, 8.0, 2.0, 8, 0.25, num_classes=3, in_chans=1, drop_rate=0.3, drop_path_rate=0.3)
    assert model(md.zeros(2, 1, 32, 32)).shape == (2, 3)
    chances = [module.drop_prob for module in model.modules() if isinstance(module, nn.DropPath)]
    assert chances == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert model.head.drop.p == 0.3
    assert not model.s1.b1.conv3.bn.weight.any()
    assert RegNet(4, 16, 8.0, 2.0, 8, zero_init_last=False).s1.b1.conv3.bn.weight.all()


def test_x_is_y_without_the_squeeze() -> None:
    with init.skipped():
        x, y = models.regnetx_002(), models.regnety_002()
    squeezes = {name for name in y.state_dict() if ".se." in name}
    assert [name for name in y.state_dict() if name not in squeezes] == list(x.state_dict())
    assert y.s2.b1.se.fc1.out_channels == 6  # a quarter of the 24 channels that the block is given
