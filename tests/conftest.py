"""Settings shared by all tests: how hard hypothesis looks, and where tests marked `gpu` run."""

from __future__ import annotations

import os
import signal

import pytest

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # then the tests that need it are skipped
    settings = None  # type: ignore[assignment,misc]

if settings is not None:
    # No deadline anywhere: machines that run tests are busy, and first calls import things.
    patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much]}
    settings.register_profile("dev", max_examples=10, derandomize=True, database=None, **patient)
    settings.register_profile("ci", max_examples=25, derandomize=True, database=None, print_blob=True, **patient)
    settings.register_profile("nightly", max_examples=500, **patient)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


# A shell starts its background jobs deaf to Ctrl-C, which they pass on to those they start; tests of it need ears.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs a GPU where there is none, and what is slow unless it is asked for."""
    if "slow" not in config.getoption("-m") and os.environ.get("HYPOTHESIS_PROFILE") != "nightly":
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: runs with -m slow, or HYPOTHESIS_PROFILE=nightly"))
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import minideep

    if not minideep.backend.cuda_device_count():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs CuPy and a GPU"))
