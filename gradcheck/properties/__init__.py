"""The columns of the op × property table: every property that an op should have, or have a reason not to."""

from __future__ import annotations

from . import behaviour, memory, places, shapes, values
from .column import FAILED, PASSED, SKIPPED, Cell, Column, DoesNotApply, Wrong, examine

__all__ = ["COLUMNS", "FAILED", "PASSED", "SKIPPED", "Cell", "Column", "DoesNotApply", "Wrong", "examine"]

COLUMNS = {
    column.name: column
    for column in (
        values.values,
        values.first_derivative,
        values.second_derivative,
        shapes.broadcasting,
        shapes.dimensions,
        shapes.sizes,
        memory.layouts,
        values.dtypes,
        values.special_values,
        memory.ties,
        places.indices,
        places.windows,
        memory.fan_out,
        memory.aliasing,
        behaviour.random_numbers,
        behaviour.errors,
        behaviour.strict_arrays,
        values.plain_twin,
        behaviour.wrong_gradients,
    )
}
