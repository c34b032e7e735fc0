"""Floor 0: GPUs, under the names of ``torch.cuda``: whether there are any, how many, and waiting for them."""

from __future__ import annotations

from . import backend


def is_available() -> bool:
    """Whether tensors can be put on ``device="cuda"``: CuPy is installed, and there is a GPU."""
    return device_count() > 0


def device_count() -> int:
    """How many GPUs there are."""
    return backend.cuda_device_count()


def synchronize(device: backend.device | str | int | None = None) -> None:
    """Wait until a GPU, the first unless another is named, has done all it was given: before time is taken, say."""
    device = device or 0
    where = backend.device("cuda", device) if isinstance(device, int) else backend.device(device)
    if where.type != "cuda":
        raise ValueError(f"synchronize: expected a GPU such as 'cuda:0', but got '{where}'; the CPU is never behind")
    backend.module_for(where).cuda.Device(where.index or 0).synchronize()
