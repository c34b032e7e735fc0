"""What is timed, by room: chains of small ops, kernels, training by hand and with modules, optimizers, loaders."""

from . import chains, kernels, loading, networks, optimizers, training

__all__ = ["chains", "kernels", "loading", "networks", "optimizers", "training"]
