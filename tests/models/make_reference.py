"""Write `reference/<family>.json.gz` from the libraries' models: python -m tests.models.make_reference resnet vgg …"""

from __future__ import annotations

import gzip
import json
import sys

import torch

from minideep.models.registry import MODELS
from tests.models.measuring import measure
from tests.models.references import FOLDER, conditions, family, multiplications, reference


def main(families: list[str]) -> None:
    for wanted in families or sorted({family(name) for name in MODELS}):
        made = {}
        for name in (name for name in MODELS if family(name) == wanted):
            measured = measure(reference(name), torch, **conditions(name))
            made[name] = {"macs": multiplications(name), **measured}
            sys.stderr.write(f"{name}: {made[name]['macs'] / 1e9:.3f} G\n")
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(made, separators=(",", ":"))
        (FOLDER / f"{wanted}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
