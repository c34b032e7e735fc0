"""no_grad, enable_grad, inference_mode, set_grad_enabled: as contexts, as decorators, nested, and in threads."""

from __future__ import annotations

import threading

import pytest

import minideep as md
from tests.support import agree

MODES = [
    lambda m: m.no_grad(),
    lambda m: m.enable_grad(),
    lambda m: m.inference_mode(),
    lambda m: m.inference_mode(False),
    lambda m: m.inference_mode(mode=True),
    lambda m: m.set_grad_enabled(False),
    lambda m: m.set_grad_enabled(True),
]
BARE_DECORATORS = ["no_grad", "enable_grad", "inference_mode"]

every_mode = pytest.mark.parametrize("make", MODES, ids=range(len(MODES)))
either_way = pytest.mark.parametrize("outside", [True, False])


@every_mode
@either_way
def test_as_context(make, outside) -> None:
    def program(m):
        with m.set_grad_enabled(outside):
            with make(m):
                inside = m.is_grad_enabled()
            return inside, m.is_grad_enabled()

    assert agree(program)[1] is outside


@every_mode
@either_way
def test_as_decorator(make, outside) -> None:
    def program(m):
        with m.set_grad_enabled(outside):
            decorated = make(m)(lambda: m.is_grad_enabled())
            return decorated(), m.is_grad_enabled(), decorated()

    agree(program)


@pytest.mark.parametrize("name", BARE_DECORATORS)
def test_as_decorator_without_brackets(name) -> None:
    def program(m):
        @getattr(m, name)
        def asked(x, *, scale=2.0):
            "What it does."
            return m.is_grad_enabled(), (x * scale).requires_grad

        with m.set_grad_enabled(name != "enable_grad"):
            x = m.ones(2, requires_grad=True)
            return asked(x), asked(x, scale=3.0), asked.__name__, asked.__doc__, m.is_grad_enabled()

    agree(program)


@pytest.mark.parametrize("name", BARE_DECORATORS)
def test_decorated_methods_get_their_self(name) -> None:
    class Model:
        @getattr(md, name)
        def evaluate(self) -> tuple[object, bool]:
            return self, md.is_grad_enabled()

    model = Model()
    assert model.evaluate() == (model, name == "enable_grad")


def test_results_need_no_gradients_under_no_grad() -> None:
    def program(m):
        x = m.ones(2, requires_grad=True)
        with m.no_grad():
            y = x * 2
            with m.enable_grad():
                z = x * 2
            fresh = m.ones(1, requires_grad=True)
        return [(t.requires_grad, t.is_leaf) for t in (x, y, z, fresh)]

    agree(program)


@pytest.mark.parametrize("order", [("no_grad", "enable_grad"), ("enable_grad", "no_grad"), ("no_grad", "no_grad")])
def test_nested(order) -> None:
    def program(m):
        outer, inner = (getattr(m, name) for name in order)
        seen = [m.is_grad_enabled()]
        with outer():
            seen.append(m.is_grad_enabled())
            with inner():
                seen.append(m.is_grad_enabled())
            seen.append(m.is_grad_enabled())
        return [*seen, m.is_grad_enabled()]

    agree(program)


def test_one_instance_entered_again_while_open() -> None:
    mode = md.no_grad()
    with mode:
        with md.enable_grad(), mode:
            assert not md.is_grad_enabled()
        assert not md.is_grad_enabled()
    assert md.is_grad_enabled()


def test_recursion() -> None:
    @md.no_grad()
    def countdown(n: int) -> list[bool]:
        return [md.is_grad_enabled()] + (countdown(n - 1) if n else [])

    assert countdown(5) == [False] * 6
    assert md.is_grad_enabled()


@pytest.mark.parametrize("name", ["no_grad", "inference_mode"])
def test_an_exception_restores_the_mode(name) -> None:
    def program(m):
        @getattr(m, name)()
        def fails():
            raise KeyError("inside")

        seen = []
        with pytest.raises(KeyError):
            fails()
        seen.append(m.is_grad_enabled())
        with pytest.raises(KeyError), getattr(m, name)():
            raise KeyError("inside")
        return [*seen, m.is_grad_enabled()]

    assert agree(program) == [True, True]


def test_set_grad_enabled_alone_is_a_switch() -> None:
    def program(m):
        try:
            m.set_grad_enabled(False)
            off = m.is_grad_enabled()
            m.set_grad_enabled(True)
            return off, m.is_grad_enabled()
        finally:
            m.set_grad_enabled(True)

    assert agree(program) == (False, True)


def test_set_grad_enabled_as_context_restores_what_was_before() -> None:
    def program(m):
        with m.no_grad():
            with m.set_grad_enabled(True):
                inside = m.is_grad_enabled()
            return inside, m.is_grad_enabled()

    assert agree(program) == (True, False)


def test_a_generator_runs_in_its_mode_and_its_caller_in_its_own() -> None:
    def program(m):
        seen = []

        @m.no_grad()
        def numbers():
            sent = 0
            while sent < 3:
                seen.append(("inside", m.is_grad_enabled()))
                try:
                    sent = yield sent
                except KeyError as error:
                    seen.append((repr(error), m.is_grad_enabled()))
                    sent = yield "caught"
            return "the end"

        def caller():
            result = yield from numbers()
            seen.append((result, m.is_grad_enabled()))

        running = caller()
        yielded = [next(running), running.send(1)]
        seen.append(("outside", m.is_grad_enabled()))
        yielded += [running.throw(KeyError("thrown")), running.send(2)]
        with pytest.raises(StopIteration):
            running.send(3)
        return yielded, seen

    yielded, seen = agree(program)
    assert yielded == [0, 1, "caught", 2]
    assert seen == [("inside", False)] * 2 + [
        ("outside", True),
        ("KeyError('thrown')", False),
        ("inside", False),
        ("the end", True),
    ]


def test_closing_a_generator_lets_it_clean_up_in_its_mode() -> None:
    seen = []

    @md.no_grad()
    def endless():
        try:
            while True:
                yield
        finally:
            seen.append(md.is_grad_enabled())

    running = endless()
    next(running)
    running.close()
    assert seen == [False]
    assert md.is_grad_enabled()


def test_threads_do_not_disturb_each_other() -> None:
    inside, checked = threading.Event(), threading.Event()
    seen = {}

    def without() -> None:
        with md.no_grad():
            inside.set()
            checked.wait(10)
            seen["without"] = (md.ones(1, requires_grad=True) * 2).requires_grad
        seen["after"] = md.is_grad_enabled()

    thread = threading.Thread(target=without)
    thread.start()
    assert inside.wait(10)
    x = md.ones(1, requires_grad=True)
    y = x * 3
    y.backward()
    checked.set()
    thread.join()
    assert y.requires_grad
    assert x.grad.item() == 3
    assert seen == {"without": False, "after": True}


def test_a_new_thread_starts_with_gradients_enabled() -> None:
    def program(m):
        seen = []
        with m.no_grad():
            thread = threading.Thread(target=lambda: seen.append(m.is_grad_enabled()))
            thread.start()
            thread.join()
        return seen

    assert agree(program) == [True]
