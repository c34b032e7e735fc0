"""minideep beside PyTorch and the NumPy engines: the same workloads, asked in turn.

    python -m benchmarks                          everything
    python -m benchmarks mlp chain --rounds 30    the workloads whose names begin so
    python -m benchmarks --list                   what there is
    python -m benchmarks --write-results          everything, and benchmarks/RESULTS.md anew

`engines.py` gives each library PyTorch's names, `workloads/` holds what is timed, `measure.py` and `memory.py` say how.
"""
