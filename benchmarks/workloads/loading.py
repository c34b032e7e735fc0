"""An epoch of a loader, in the process that trains: nothing but the batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines import Engine
from ..workload import Run, Sizes, workload

Shape = tuple[int, ...]


def loading(name: str, sizes: Sizes, tiny: Sizes, **bars: float) -> None:
    """Declare an epoch over images and labels in memory; with it comes, as a proof, a pixel of each, in their order."""

    def build(m: Engine, rng: np.random.Generator, images: Shape, batch: int, shuffle: bool) -> Run:
        x, labels = m.tensor(rng.random(images, np.float32)), m.tensor(rng.integers(0, 10, images[0]))
        loader = m.data.DataLoader(m.data.TensorDataset(x, labels), batch_size=batch, shuffle=shuffle)

        def epoch() -> Any:
            seen = m.cat([pixels[:, 3, 4] + y for pixels, y in loader], 0)
            return m.sort(seen)[0]

        return epoch

    workload(name, sizes=sizes, tiny=tiny, **bars)(build)


MNIST, FEW = {"images": (60_000, 28, 28), "batch": 128}, {"images": (50, 5, 5), "batch": 8}
loading("loader", {**MNIST, "shuffle": True}, FEW, ratio_bar=0.3)
loading("loader_in_order", {**MNIST, "shuffle": False}, FEW)
