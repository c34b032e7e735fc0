"""Every optimizer takes PyTorch's steps, with every option, also where gradients are missing and options change."""

from __future__ import annotations

import numpy as np
import pytest

import minideep

from ..support import agree
from .programs import CASES, IDS, always, groups, parameters, set_gradients, sometimes

every_case = pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)


@every_case
def test_a_hundred_steps(name, options) -> None:
    """For some time all parameters have gradients, then only some."""

    def program(m):
        params = parameters(m)
        optimizer = getattr(m.optim, name)(params, **options)
        path = []
        for step in range(100):
            set_gradients(m, params, step, sometimes if step > 30 else always)
            optimizer.step()
            if step % 9 == 0:
                path.append(m.cat([p.detach().reshape(-1) for p in params]))
        return path, repr(optimizer)

    agree(program, rtol=1e-10)


@every_case
def test_groups_and_options_that_change(name, options) -> None:
    """A scheduler sets the learning rates, and the user options of one group."""

    def program(m):
        params = parameters(m)
        optimizer = getattr(m.optim, name)(groups(params), **options)
        scheduler = m.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
        for step in range(40):
            set_gradients(m, params, step, sometimes)
            optimizer.step()
            scheduler.step()
            if step == 20:
                optimizer.param_groups[1]["weight_decay"] = 0.05
                optimizer.param_groups[0]["maximize"] = True
            if step == 30 and name != "Adagrad":
                new = m.tensor(np.full((4, 2), 2.0), requires_grad=True)
                optimizer.add_param_group({"params": new})
                scheduler.base_lrs.append(0.1)
                optimizer.param_groups[-1]["initial_lr"] = 0.1
                params.append(new)
        return [p.detach() for p in params], scheduler.get_last_lr()

    agree(program, rtol=1e-10)


@pytest.mark.parametrize("name", ["SGD", "RMSprop"])
def test_momentum_switched_on_in_mid_course(name) -> None:
    """PyTorch does so for SGD; where RMSprop has no buffer yet, it begins with zeros here."""

    def program(m):
        params = parameters(m)
        optimizer = getattr(m.optim, name)(params, lr=0.1)
        for step in range(12):
            optimizer.param_groups[0]["momentum"] = 0.9 if step >= 7 else 0
            set_gradients(m, params, step, sometimes)
            optimizer.step()
        return [p.detach() for p in params]

    if name == "SGD":
        agree(program, rtol=1e-10)
    else:
        assert all(np.isfinite(p.numpy()).all() for p in program(minideep))


@every_case
def test_float32_stays_float32(name, options) -> None:
    """Parameters and state; and PyTorch's numbers to within rounding."""

    def program(m):
        params = parameters(m, np.float32)
        optimizer = getattr(m.optim, name)(params, **options)
        for step in range(12):
            set_gradients(m, params, step, sometimes, np.float32)
            optimizer.step()
        state = optimizer.state_dict()["state"]
        kinds = {number: list(values) for number, values in state.items()}
        dtypes = {str(x.dtype).removeprefix("torch.") for values in state.values() for x in values.values()}
        return [p.detach() for p in params], kinds, dtypes

    agree(program, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["Adam", "NAdam"])
def test_where_float64_is_the_default(name) -> None:
    """Then the numbers that are kept for each parameter are so, too."""

    def program(m):
        m.set_default_dtype(m.float64)
        try:
            params = parameters(m)
            optimizer = getattr(m.optim, name)(params)
            for step in range(20):
                set_gradients(m, params, step)
                optimizer.step()
            return [p.detach() for p in params], list(optimizer.state_dict()["state"][0].values())
        finally:
            m.set_default_dtype(m.float32)

    agree(program, rtol=1e-12)


def test_gradients_are_left_as_they_are() -> None:
    for name, options in CASES:
        params = parameters(minideep)
        optimizer = getattr(minideep.optim, name)(params, **options)
        set_gradients(minideep, params, 0)
        before = [p.grad.numpy().copy() for p in params]
        optimizer.step()
        for p, g in zip(params, before, strict=True):
            np.testing.assert_array_equal(p.grad.numpy(), g, err_msg=name)
