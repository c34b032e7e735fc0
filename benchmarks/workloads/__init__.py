"""What is timed, by room: chains of small ops, single kernels, training steps."""

from . import chains, kernels, training

__all__ = ["chains", "kernels", "training"]
