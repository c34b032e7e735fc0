"""`compare`: the course's tables of architectures, what the sources published, and what the models here really have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..nn import init
from ..tables import aligned
from .registry import Published, find
from .summary import summary

__all__ = ["ILSVRC", "Comparison", "ComparisonRow", "compare"]


@dataclass(frozen=True)
class Course:
    """A line of the course's tables, where parameters are 10⁶ and GMACs are called FLOPs; its two tables agree."""

    innovation: str
    top1: float
    parameters: float
    gmacs: float | None = None


COURSE = {
    "googlenet": Course("Inception modules", 69.8, 6.8, 1.5),
    "resnet50": Course("Residual connections", 76.0, 25.6),
    "resnetv2_50": Course("Pre-activation", 76.4, 25.6),
    "mobilenetv1_100": Course("Depthwise separable", 70.6, 4.2, 0.57),
    "mobilenet_v2": Course("Inverted residuals", 72.0, 3.4, 0.30),
    "resnext50_32x4d": Course("Grouped convolutions", 77.8, 25.0, 4.2),
    "seresnet50": Course("Channel attention", 77.6, 28.1),
    "efficientnet_b0": Course("Compound scaling", 77.3, 5.3, 0.39),
    "ecaresnet50": Course("Efficient attention", 77.9, 25.6),
    "resnest50d": Course("Split-attention", 81.1, 27.5),
    "regnety_040": Course("Design space search", 80.0, 21.0, 4.0),
    "convnext_tiny": Course("Modernized ConvNet", 82.1, 29.0, 4.5),
}

# The winners of ImageNet's challenge, in classification: year, who, error of the five best guesses in %, kind. Of 2012
# it is the entry without additional data; with it, 15.3 %. Russakovsky et al., "ImageNet Large Scale Visual Recognition
# Challenge", 2015, and for later years the challenge's pages.
ILSVRC = (
    (2010, "NEC-UIUC", 28.2, "features by hand"),
    (2011, "XRCE", 25.8, "features by hand"),
    (2012, "AlexNet", 16.4, "CNN"),
    (2013, "Clarifai", 11.7, "CNN"),
    (2014, "GoogLeNet", 6.7, "Inception"),
    (2015, "ResNet", 3.6, "residual"),
    (2016, "Trimps-Soushen", 2.99, "ensemble"),
    (2017, "SENet", 2.25, "attention"),
)


@dataclass(frozen=True)
class ComparisonRow:
    """One model. `parameters` and `gmacs` are counted: of what an image of the published size meets in evaluation."""

    name: str
    course: Course | None
    published: Published
    parameters: int
    gmacs: float


@dataclass(frozen=True)
class Comparison:
    """The rows; as text, a table in which empty places were not published."""

    rows: tuple[ComparisonRow, ...]

    def __str__(self) -> str:
        head = (
            "model",
            "innovation",
            "year",
            "top-1",
            "course",
            "10⁶ parameters",
            "course",
            "GMACs",
            "source",
            "course",
        )
        return "\n".join(aligned([head, *map(_cells, self.rows)], left=2))

    __repr__ = __str__


def _cells(row: ComparisonRow) -> list[str]:
    course, published = row.course, row.published
    numbers = [
        *(published.year, published.top1, course and course.top1),
        *(f"{row.parameters / 1e6:.2f}", course and course.parameters),
        *(f"{row.gmacs:.3f}", published.gmacs, course and course.gmacs),
    ]
    return [row.name, course.innovation if course else "", *("" if n is None else str(n) for n in numbers)]


def compare(names: Iterable[str] = tuple(COURSE)) -> Comparison:
    """Build each model and count; without names, all of the course's tables, which takes some seconds.

    >>> compare(["lenet5", "mobilenet_v2"])
    model         innovation          year   top-1  course  10⁶ parameters  course  GMACs  source  course
    -----------------------------------------------------------------------------------------------------
    lenet5                            1998                            0.06          0.000
    mobilenet_v2  Inverted residuals  2018  71.878    72.0            3.50     3.4  0.301   0.301     0.3
    """
    rows = []
    for name in names:
        entry = find(name)
        with init.skipped():
            model = entry.constructor()
        counted = summary(model, entry.published.input_size)
        parameters = sum(row.parameters for row in counted.rows)
        rows.append(ComparisonRow(name, COURSE.get(name), entry.published, parameters, counted.macs / 1e9))
    return Comparison(tuple(rows))
