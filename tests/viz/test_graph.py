"""The drawn graph and the page of the backward pass: what is in them is the engine's, and a browser shows it."""

from __future__ import annotations

import itertools
import linecache
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import minideep
import minideep.nn.functional as F
from minideep import nn, viz
from minideep.autograd import Function
from minideep.autograd.op import Op
from minideep.viz.computation import read
from minideep.viz.layout import _apart, place
from minideep.viz.rules import MEANINGS, rules_of, written

from . import browser

Steps = list[dict[str, Any]]


def perceptron() -> tuple[nn.Module, minideep.Tensor, minideep.Tensor]:
    minideep.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    x = minideep.randn(4, 2)
    return model, x, F.cross_entropy(model(x), minideep.tensor([0, 1, 1, 0]))


def convolutional() -> tuple[nn.Module, minideep.Tensor]:
    minideep.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 2)
    )
    return model, F.cross_entropy(model(minideep.randn(4, 1, 8, 8)), minideep.tensor([0, 1, 1, 0]))


def residual() -> tuple[nn.Module, minideep.Tensor]:
    """Something used three times, a graph with a way round, a variadic op and one that returns several."""
    minideep.manual_seed(0)
    model = nn.Linear(4, 4)
    x = minideep.randn(3, 4, requires_grad=True)
    y = model(x) + x
    first, second = minideep.split(minideep.cat([y, x * 2.0], 1), 4, 1)
    return model, ((first - second) ** 2).mean()


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def boxes(svg: str) -> list[tuple[float, ...]]:
    found = re.findall(r'class="box[^>]*><rect x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)" height="([-\d.]+)"', svg)
    return [tuple(map(float, box)) for box in found]


# ---------------------------------------------------------------------------------------------- the picture


def test_graph_of_a_perceptron_names_ops_shapes_and_parameters() -> None:
    model, x, loss = perceptron()
    shown = texts(viz.draw_graph(loss, model, {"x": x}).svg)
    assert set(shown) >= {"x", "4 × 2", "linear", "4 × 3", "relu", "cross_entropy", "number", "target", "2.weight"}
    assert [text for text in shown if re.match(r"\d\.", text)] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert "4 ops" in shown
    assert not any(text.startswith(("value", "grad")) for text in shown)


def test_values_and_gradients_are_the_engines() -> None:
    model, _, loss = perceptron()
    svg = viz.draw_graph(loss, model, values=True, gradients=True).svg
    loss.backward()
    bias = model[2].bias.grad.numpy()
    assert f"grad [{bias[0]:.4g}, {bias[1]:.4g}]".replace("-", "−") in texts(svg)
    assert f"value {loss.item():.4g}" in texts(svg)
    assert "value not kept" in texts(svg)  # relu's rule needs its result, not its input
    assert "value [0, 1, 1, 0]" in texts(svg)


def test_drawing_changes_nothing() -> None:
    model, x, loss = perceptron()
    hidden = model[0](x)
    hidden.retain_grad()
    loss = hidden.sum()
    viz.draw_graph(loss, model, gradients=True)
    assert hidden.grad is None
    assert all(p.grad is None for p in model.parameters())
    loss.backward()
    np.testing.assert_array_equal(hidden.grad.numpy(), 1)


def test_a_used_graph_is_drawn_without_shapes_but_its_gradients_are_refused() -> None:
    model, _, loss = perceptron()
    loss.backward()
    assert "shape not known" in texts(viz.draw_graph(loss, model).svg)
    with pytest.raises(RuntimeError, match=r"step_backward: the gradients cannot .* or call backward\(retain_graph"):
        viz.step_backward(loss, model)


def test_named_results_have_values() -> None:
    a = minideep.tensor(2.0, requires_grad=True)
    b = a + a
    svg = viz.draw_graph(b + b, names={"a": a, "b": b}, values=True).svg
    assert {"a", "b = add", "value 4", "value 8"} <= set(texts(svg))
    assert svg.count('class="edge"') == 4


@pytest.mark.parametrize("case", [perceptron, convolutional, residual])
def test_boxes_do_not_overlap_and_edges_lead_down(case) -> None:
    model, *_, loss = case()
    svg = viz.draw_graph(loss, model, values=True, gradients=True).svg
    placed = boxes(svg)
    for (x, y, w, h), (x2, y2, w2, h2) in itertools.combinations(placed, 2):
        assert x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
    edges = [(int(a), int(b)) for a, b in re.findall(r'data-from="(\d+)" data-to="(\d+)"', svg)]
    assert edges
    assert all(placed[a][1] < placed[b][1] for a, b in edges)
    size = [float(n) for n in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()]
    assert all(x >= 0 and x + w <= size[0] for x, _, w, _ in placed)


def test_of_a_large_graph_the_end_is_drawn_and_the_rest_is_told() -> None:
    x = y = minideep.tensor(0.5, requires_grad=True)
    for _ in range(300):
        y = y.sin()
    svg = viz.draw_graph(y, max_ops=20).svg
    assert len(boxes(svg)) == 21
    assert {"… 280 earlier ops", "300 ops"} <= set(texts(svg))
    assert x.grad is None
    assert viz.step_backward(y, max_ops=3).steps[-1]["goes_out"][0]["title"] == "an earlier op"


def test_pictures_are_saved_and_shown_in_notebooks(tmp_path) -> None:
    _, _, loss = perceptron()
    picture = viz.draw_graph(loss, path=tmp_path / "new" / "graph.svg")
    assert (tmp_path / "new" / "graph.svg").read_text() == picture._repr_svg_() == picture.svg
    page = viz.step_backward(loss, path=tmp_path / "new" / "steps.html")
    assert (tmp_path / "new" / "steps.html").read_text() == page.html
    assert page._repr_html_().startswith("<iframe srcdoc=")
    with pytest.raises(ValueError, match=r"GraphPicture.save: expected a path that ends in .svg, but got 'graph.png'"):
        picture.save("graph.png")
    with pytest.raises(ValueError, match=r"BackwardSteps.save: expected a path that ends in .html"):
        page.save("steps.svg")


def test_what_has_no_graph_is_explained() -> None:
    with pytest.raises(ValueError, match=r"draw_graph: expected a Tensor with a graph, but got one of shape \(2,\)"):
        viz.draw_graph(minideep.ones(2))
    with pytest.raises(ValueError, match="draw_graph: expected a Tensor with a graph, but got float"):
        viz.draw_graph(1.0)  # type: ignore[arg-type]
    x = minideep.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match=r"but got one of shape \(2,\) without: it has to be computed from"):
        viz.draw_graph(x)
    assert "2" in texts(viz.draw_graph(x * 2).svg)
    with pytest.raises(ValueError, match=r"expected a loss, a tensor of one number, but got one of shape \(2,\)"):
        viz.step_backward(x * 2)
    for draw in (viz.draw_graph, viz.step_backward):
        with pytest.raises(ValueError, match=f"{draw.__name__}: expected max_ops to be 1 or more, but got 0"):
            draw(x.sum(), max_ops=0)


def test_layout_keeps_widths_apart_and_stays_near_the_wishes() -> None:
    assert _apart([0.0, 1.0, 9.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0], 1.0) == [-1.0, 2.0, 9.0]
    placed = place([(10, 10)] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)], set())
    assert [y for _, y in placed.boxes] == sorted(y for _, y in placed.boxes)
    assert len(placed.edges[3]) == 6  # it passes two layers, upright


# ---------------------------------------------------------------------------------------------- the steps


@pytest.mark.parametrize("case", [perceptron, convolutional, residual])
def test_steps_add_up_to_what_backward_leaves(case) -> None:
    """What goes out to a node adds up to what comes in there, and at the leaves to ``.grad``."""
    model, *_, loss = case()
    steps = viz.step_backward(loss, model).steps
    graph = read("test", loss, model, None, 100, needed=True)
    loss.backward()
    arriving: dict[int, Any] = {}
    for step in steps:
        for flow in step["goes_out"]:
            arriving[flow["to"]] = arriving.get(flow["to"], 0) + np.array(flow["numbers"])
    for step in steps[1:]:
        np.testing.assert_allclose(arriving[step["box"]], step["comes_in"]["numbers"], rtol=1e-5, atol=1e-8)
    leaves = {step["title"]: step["comes_in"]["numbers"] for step in steps if step["leaf"]}
    for name, p in model.named_parameters():
        g = p.grad.numpy()
        table = np.atleast_2d(g[(0,) * (g.ndim - 2)])[:6, :6]
        np.testing.assert_array_equal(leaves[name], table.astype(float))
    assert [graph.boxes[step["box"]].title for step in steps] == [step["title"] for step in steps]


def test_steps_come_in_the_order_of_the_walk_and_tell_the_rules() -> None:
    a = minideep.tensor(2.0, requires_grad=True)
    steps = viz.step_backward((a + a).exp() * a, names={"a": a}).steps
    assert [step["title"] for step in steps] == ["mul", "exp", "add", "a"]
    assert steps[1]["rules"] == [{"input": "input", "meaning": "", "text": "g * y"}]
    assert steps[1]["saved"][0]["name"] == "y"
    assert steps[3]["sum_of"] == 3
    assert steps[3]["rules"][0]["text"] == "the gradient is added to .grad"


def test_hooks_take_part_but_a_retained_gradient_is_not_added_to() -> None:
    x = minideep.tensor(1.0, requires_grad=True)
    y = x * 3
    y.register_hook(lambda g: g * 10)
    y.retain_grad()
    steps = viz.step_backward(y * 2).steps
    assert steps[1]["comes_in"]["numbers"] == [[20.0]]
    assert (y.grad, x.grad) == (None, None)


def test_a_function_of_ones_own_shows_its_backward() -> None:
    class Twice(Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x)
            return x * 2, y * 3

        @staticmethod
        def backward(ctx, g, h):
            return g * 2, h * 3

    x = minideep.ones(2, requires_grad=True)
    first, second = Twice.apply(x, x)
    steps = viz.step_backward((first + second).sum()).steps
    own = next(step for step in steps if step["title"] == "Twice")
    assert "return g * 2, h * 3" in own["rules"][0]["text"]
    assert own["comes_in"]["shape"] == "several"
    assert steps[-1]["comes_in"]["numbers"] == [[5.0, 5.0]]


def test_rules_are_read_from_the_declarations() -> None:
    x = minideep.ones(2, 2, requires_grad=True)
    rules = (x - x).node.op.rules
    assert [written(rules[name]) for name in ("input", "other")] == ["g", "-g"]
    assert written(x.square().node.op.rules["input"]) == "g * input * 2"  # by its public name
    assert "def _softmax_gradient" in written(minideep.softmax(x, 0).node.op.rules["input"])
    assert written(eval("lambda g: g")) == "<lambda>(g, …)"
    linecache.cache["a cell"] = (0, None, ["%matplotlib inline\n", "lambda g: g\n"], "a cell")
    assert written(eval(compile("lambda g: g", "a cell", "eval"))) == "<lambda>(g, …)"
    assert rules_of(x.node) == {"": "the gradient is added to .grad"}


def test_meanings_are_of_ops_and_inputs_that_exist() -> None:
    import gc

    ops = {found.name: found for found in gc.get_objects() if issubclass(type(found), Op)}
    for name, words in MEANINGS.items():
        assert name in ops, f"no op is called {name}"
        for word in words:
            assert word == "" and ops[name].gradients or word in ops[name].rules, f"{name} has no rule for {word!r}"


# ---------------------------------------------------------------------------------------------- in a browser


@pytest.mark.skipif(browser.executable() is None, reason="needs Chromium: apt-get install chromium")
def test_keys_walk_through_the_page_and_numbers_are_the_engines(tmp_path) -> None:
    model, x, loss = perceptron()
    file = viz.step_backward(loss, model, {"x": x}).save(tmp_path / "steps.html")
    loss.backward()
    grads = {name: p.grad.numpy() for name, p in model.named_parameters()}
    count = 4 + len(grads)
    with browser.page(tmp_path) as page:
        page.open(file)
        heading = "document.querySelector('#step h2').textContent"
        counter = "document.querySelector('#count').textContent"
        current = "document.querySelector('.box.current .title').textContent"
        incoming = (
            "[...document.querySelector('#step table').rows].map(row => [...row.cells].map(cell => Number(cell.title)))"
        )
        seen = {}
        for number in range(1, count + 1):
            assert page.evaluate(counter) == f"step {number} of {count}"
            seen[page.evaluate(current)] = page.evaluate(incoming)
            page.press("ArrowRight")
        assert page.evaluate(counter) == f"step {count} of {count}"  # there it ends
        for name, g in grads.items():
            np.testing.assert_array_equal(np.array(seen[name]), np.atleast_2d(g).astype(float))
        assert seen["cross_entropy"] == [[1]]
        page.press("ArrowLeft")
        assert page.evaluate(counter) == f"step {count - 1} of {count}"
        page.press("Home")
        assert page.evaluate(heading) == "cross_entropy"
        page.evaluate("document.querySelector('#next').click()")
        assert page.evaluate(heading) == "linear"
        assert page.evaluate("document.querySelectorAll('.edge.flowing').length") == 3
        page.evaluate("document.querySelector('#back').click()")
        page.press("End")
        assert page.evaluate("document.querySelectorAll('.box.done').length") == count - 1
        page.evaluate("document.querySelector('.box').dispatchEvent(new MouseEvent('click'))")
        assert page.problems == []
