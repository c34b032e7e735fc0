"""Entries for ``minideep.ops.resample``."""

from __future__ import annotations

from typing import Any

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

# ---------------------------------------------------------------------------------------------- interpolate


def _interpolating(draw: Draw, r: Make) -> Sample:
    sides = draw.integer(1, 2)
    modes = ["nearest", "nearest-exact", "area"] + (["linear"] if sides == 1 else ["bilinear", "bicubic"])
    settings: dict[str, Any] = {"mode": draw.choice(modes)}
    if settings["mode"].endswith(("linear", "cubic")):
        settings["align_corners"] = draw.choice([None, False, True])
    size = [draw.integer(2, 7) for _ in range(sides)]
    if draw.boolean():
        settings["size"] = tuple(draw.integer(1, 9) for _ in range(sides))
    else:
        settings["scale_factor"] = tuple(draw.choice([0.5, 1.6, 2, 3]) for _ in range(sides))
        settings["recompute_scale_factor"] = draw.choice([None, False, True])
    return Sample(r(draw.integer(1, 2), draw.integer(1, 2), *size), **settings)


entry(
    "interpolate",
    lambda r: [
        Sample(r(2, 3, 4, 5), (8, 7)),
        Sample(r(2, 3, 4, 5), scale_factor=2),
        Sample(r(1, 2, 6, 5), None, (0.5, 1.7), "nearest-exact"),
        Sample(r(2, 3, 6), 4),
        Sample(r(2, 3, 6), 9, mode="linear"),
        Sample(r(2, 3, 4), size=(7,), mode="linear", align_corners=True),
        Sample(r(2, 2, 4, 5), scale_factor=2, mode="bilinear"),
        Sample(r(2, 2, 6, 7), (3, 4), mode="bilinear", align_corners=False),
        Sample(r(1, 2, 4, 5), (7, 1), mode="bilinear", align_corners=True),
        Sample(r(1, 1, 7, 6), scale_factor=(1.3, 0.6), mode="bilinear"),
        Sample(r(1, 1, 7, 6), scale_factor=(1.3, 0.6), mode="bilinear", recompute_scale_factor=True),
        Sample(r(1, 2, 4, 5), scale_factor=2.0, mode="bicubic"),
        Sample(r(1, 2, 5, 6), (3, 9), mode="bicubic", align_corners=True),
        Sample(r(1, 2, 5, 6), (3, 9), mode="area"),
        Sample(r(1, 2, 6), 4, mode="area"),
        Sample(r(1, 1, 1, 1), 3, mode="bicubic"),
        Sample(r(0, 2, 3, 3), 5),
        Sample(r.ints(0, 255, 1, 2, 3, 3).astype("uint8"), 6),
    ],
    generated=drawn(_interpolating),
    errors=lambda r: [
        Failure(Sample(r(1, 2, 4), 2, mode="cubic"), NotImplementedError, "interpolate: mode must be one of nearest, "),
        Failure(
            Sample(r(1, 2, 4, 4), 2, mode="linear"), NotImplementedError, "mode 'linear' is for tensors (N, C, L), but"
        ),
        Failure(Sample(r(1, 4), 2), NotImplementedError, "is for tensors (N, C, L) or (N, C, H, W), but got (1, 4)"),
        Failure(Sample(r(1, 2, 4), 2, align_corners=True), ValueError, "interpolate: align_corners is for linear, bil"),
        Failure(
            Sample(r(1, 2, 4)), ValueError, "exactly one of size and scale_factor is needed, but neither was given"
        ),
        Failure(Sample(r(1, 2, 4), 2, 2), ValueError, "exactly one of size and scale_factor is needed, but both"),
        Failure(
            Sample(r(1, 2, 4, 4), (2,)), ValueError, "interpolate: size must be one number or 2, one for each side"
        ),
        Failure(
            Sample(r(1, 2, 4), scale_factor=(2, 2)), ValueError, "interpolate: scale_factor must be one number or 1"
        ),
        Failure(
            Sample(r(1, 2, 4), 2, recompute_scale_factor=True), ValueError, "recompute_scale_factor goes with scale_fac"
        ),
        Failure(Sample(r(1, 2, 4), 0), RuntimeError, "must be greater than 0, but input (1, 2, 4) was to become (0,)"),
        Failure(Sample(r(1, 2, 4), scale_factor=0.1), RuntimeError, "was to become (0,)"),
        Failure(Sample(r(1, 0, 4), 2), RuntimeError, "but input (1, 0, 4) was to become (2,)"),
        Failure(Sample(r(1, 2, 4), 2.5), TypeError, "interpolate: size must be an integer or a tuple of 1 integers"),
    ],
)


# ---------------------------------------------------------------------------------------------- pad


def _padding(draw: Draw, r: Make) -> Sample:
    mode = draw.choice(["constant", "reflect", "replicate", "circular"])
    sides = draw.integer(0 if mode == "constant" else 1, 2)
    shape = [draw.integer(3, 5) for _ in range(sides + draw.integer(1, 2))]
    most = [{"constant": 3, "reflect": n - 1, "replicate": 6, "circular": n}[mode] for n in shape[::-1][:sides]]
    amounts = [draw.integer(draw.choice([0, -1]) if mode != "circular" else 0, n) for n in most for _ in range(2)]
    return Sample(r(*shape), tuple(amounts), mode)


entry(
    "pad",
    lambda r: [
        Sample(r(2, 3), (1, 2)),
        Sample(r(2, 3), (1, 2, 0, 3), value=2.5),
        Sample(r(2, 3, 4), (-1, 2, 1, -1), "constant", -1.0),
        Sample(r(2, 3, 4), (0, 0, 0, 0, 1, 1)),
        Sample(r(3), (-2, -1)),
        Sample(r(2, 3), ()),
        Sample(r(), ()),
        Sample(r(0, 3), (1, 1, 0, 2)),
        Sample(r.ints(0, 9, 2, 3), (1, 1), value=7),
        Sample(r.bools(2, 3), (1, 1), value=True),
        Sample(r(2, 3, 4), (3, 2), mode="reflect"),
        Sample(r(1, 2, 4, 3), (1, 2, 0, 3), mode="reflect"),
        Sample(r(1, 2, 4, 3), (2, -1, -1, 1), mode="reflect"),
        Sample(r(1, 2, 3, 4, 3), (1, 1, 1, 1, 1, 1), mode="reflect"),
        Sample(r(2, 4), (5, 7), mode="replicate"),
        Sample(r(2, 4, 3), (1, 0, 2, 5), mode="replicate"),
        Sample(r(2, 4, 3), (-1, 2, 2, -3), mode="replicate"),
        Sample(r(2, 3, 4), (4, 3), mode="circular"),
        Sample(r(1, 2, 4, 3), (1, 2, 3, 0), mode="circular"),
        Sample(r(1, 2, 4, 5), (-1, 2, 1, -2), mode="circular"),
        Sample(r(0, 2, 3), (1, 1), mode="reflect"),
        Sample(r.ints(0, 9, 2, 3), (1, 1), "circular"),
    ],
    generated=drawn(_padding),
    errors=lambda r: [
        Failure(Sample(r(2, 3), 1), TypeError, "pad: expected a tuple (left, right, top, bottom, …), but got 1"),
        Failure(Sample(r(2, 3), (1, 1.5)), TypeError, "pad: pad must be an integer or a tuple of 2 integers, but got"),
        Failure(Sample(r(2, 3), (1, 1, 1)), RuntimeError, "pad: expected two numbers for each of at most 2 dimensions"),
        Failure(Sample(r(3), (1, 1, 1, 1)), RuntimeError, "of at most 1 dimensions (input (3,)), but got (1, 1, 1, 1)"),
        Failure(Sample(r(2, 3), (-2, -2)), RuntimeError, "pad: (-2, -2) takes more entries away than input (2, 3) has"),
        Failure(
            Sample(r(2, 3), (1, 1), "mirror"), NotImplementedError, "pad: mode must be constant, reflect, replicat"
        ),
        Failure(
            Sample(r(2, 3, 4), (1, 1), "reflect", 2.0), RuntimeError, "pad: value is for mode 'constant', but mode"
        ),
        Failure(Sample(r(3), (1, 1), "reflect"), NotImplementedError, "before which come channels and maybe a batch"),
        Failure(Sample(r(2, 2, 3, 3), (1, 1), "circular"), NotImplementedError, "but got input (2, 2, 3, 3)"),
        Failure(Sample(r(2, 3, 0), (1, 1), "replicate"), RuntimeError, "pad: mode 'replicate' needs entries to take"),
        Failure(
            Sample(r(2, 3), (3, 0), "reflect"), RuntimeError, "mode 'reflect' finds at most 2 entries along a side"
        ),
        Failure(
            Sample(r(2, 3), (0, 4), "circular"), RuntimeError, "'circular' finds at most 3 entries along a side of"
        ),
    ],
)


# ---------------------------------------------------------------------------------------------- pixel_shuffle


def _shuffling(draw: Draw, r: Make, back: bool) -> Sample:
    factor, batch = draw.integer(1, 3), draw.shape(0, 2, 1, 2)
    channels, height, width = (draw.integer(1, 3) for _ in range(3))
    if back:
        return Sample(r(*batch, channels, height * factor, width * factor), factor)
    return Sample(r(*batch, channels * factor**2, height, width), factor)


entry(
    "pixel_shuffle",
    lambda r: [
        Sample(r(2, 8, 3, 2), 2),
        Sample(r(9, 2, 2), upscale_factor=3),
        Sample(r(2, 1, 4, 1, 2), 2),
        Sample(r(1, 3, 2, 2), 1),
        Sample(r(0, 4, 2, 2), 2),
    ],
    generated=drawn(lambda draw, r: _shuffling(draw, r, back=False)),
    errors=lambda r: [
        Failure(
            Sample(r(1, 6, 2, 2), 2), RuntimeError, "pixel_shuffle: 6 channels (input (1, 6, 2, 2)) are no multiple"
        ),
        Failure(Sample(r(4, 2), 2), RuntimeError, "pixel_shuffle: expected images (…, C, H, W), but got (4, 2)"),
        Failure(Sample(r(4, 2, 2), 0), RuntimeError, "pixel_shuffle: the factor must be greater than 0, but got 0"),
        Failure(Sample(r(4, 2, 2), 2.0), TypeError, "pixel_shuffle: the factor must be an integer, but got 2.0"),
    ],
)
entry(
    "pixel_unshuffle",
    lambda r: [
        Sample(r(2, 2, 4, 6), 2),
        Sample(r(1, 3, 6), downscale_factor=3),
        Sample(r(1, 2, 3, 2, 2), 1),
    ],
    generated=drawn(lambda draw, r: _shuffling(draw, r, back=True)),
    errors=lambda r: [
        Failure(
            Sample(r(1, 4, 3), 2), RuntimeError, "pixel_unshuffle: height and width of input (1, 4, 3) must be mult"
        ),
        Failure(Sample(r(4, 4), 2), RuntimeError, "pixel_unshuffle: expected images (…, C, H, W), but got (4, 4)"),
        Failure(Sample(r(1, 4, 4), -2), RuntimeError, "pixel_unshuffle: the factor must be greater than 0, but got -2"),
    ],
)
