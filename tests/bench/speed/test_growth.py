"""The line through what was seen of the memory."""

from __future__ import annotations

import pytest

from tests.bench.speed.growth import line


def test_of_points_on_a_line_its_slope_is_found_without_an_error() -> None:
    assert line([(0.0, 10.0), (1.0, 12.0), (2.0, 14.0)]) == pytest.approx((2.0, 0.0))


def test_noise_is_in_the_error() -> None:
    slope, error = line([(0.0, 10.0), (1.0, 11.0), (2.0, 10.0), (3.0, 11.0)])

    assert slope == pytest.approx(0.2)
    assert error == pytest.approx(0.08**0.5)
