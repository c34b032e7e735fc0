"""The catalogue: one entry for every op, in rooms that mirror ``minideep/ops``. Importing it fills it."""

from __future__ import annotations

import importlib
import pkgutil

for _room in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_room.name}")
