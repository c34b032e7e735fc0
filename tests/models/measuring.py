"""What a model is and does, as numbers: the same function measures ours and, in PyTorch, the one it is to equal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

BATCH = 3
NOISE = np.random.default_rng(58).standard_normal(65537)  # a prime: repeated, it hardly ever meets itself


def measure(model: Any, library: Any, side: int, channels: int = 3, gain: float = 1.0) -> dict[str, Any]:
    """The state's names, kinds and shapes; with `values` for it, in float64, the logits in evaluation, and of a step in
    training the loss, a projection and the norm of each gradient, and those of each buffer after it."""
    state = entries(model)
    model.double()
    given = values(state, gain)
    model.load_state_dict({name: library.tensor(array) for name, array in given.items()})
    images = library.tensor(np.resize(NOISE, (BATCH, channels, side, side)))
    with library.no_grad():
        logits = model.eval()(images)
    loss = training_loss(model.train(), images, library)
    loss.backward()
    gradients = [as_array(p.grad) for p in model.parameters()]
    buffers = [as_array(buffer) for buffer in model.buffers()]
    return {
        "state": state,
        "logits": as_array(logits)[:, :16].tolist(),
        "loss": loss.item(),
        "gradients": [sketch(array) for array in gradients],
        "buffers": [sketch(array) for array in buffers],
    }


def entries(model: Any) -> list[list[Any]]:
    """Name, 'parameter' or 'buffer', and shape of everything in the state dict, in its order."""
    learnt = {name for name, _ in model.named_parameters()}
    kinds = {True: "parameter", False: "buffer"}
    return [[name, kinds[name in learnt], list(tensor.shape)] for name, tensor in model.state_dict().items()]


def values(state: list[list[Any]], gain: float = 1.0) -> dict[str, np.ndarray]:
    """An array for each entry, which depends on name and shape alone; norms multiply by about `gain`."""
    made = {}
    for name, _, shape in state:
        drawn = np.resize(np.roll(NOISE, -sum(name.encode())), shape)
        if name.endswith("num_batches_tracked"):
            made[name] = np.zeros(shape, np.int64)
        elif len(shape) > 1:
            made[name] = drawn * math.sqrt(2 / math.prod(shape[1:]))
        elif name.endswith(("weight", "running_var")):
            made[name] = (1 + 0.3 * np.tanh(drawn)) * (gain if name.endswith("weight") else 1)
        else:
            made[name] = 0.1 * drawn
    return made


def training_loss(model: Any, images: Any, library: Any) -> Any:
    """Cross-entropy, of all outputs if there are several, in shares that differ; without the chance of dropout."""
    for module in model.modules():
        if type(module).__name__.startswith("Dropout"):
            module.p = 0.0
    outputs = model(images)
    target = library.tensor(np.arange(BATCH), device=images.device)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    losses = [library.nn.functional.cross_entropy(output, target) for output in outputs]
    return sum(loss / place for place, loss in enumerate(losses, 1))


def as_array(tensor: Any) -> np.ndarray:
    return tensor.detach().numpy()


def sketch(array: np.ndarray) -> list[float]:
    """A projection onto a fixed direction, which sees every entry and its place, and the norm."""
    flat = array.astype(np.float64).ravel()
    return [float(flat @ np.resize(NOISE, flat.shape)), float(np.linalg.norm(flat))]
