"""What can be said of ratios that were measured several times."""

from __future__ import annotations

import random
import statistics


def confidence(ratios: list[float]) -> tuple[float, float]:
    """Between what the median is with 95 % confidence, by resampling the rounds."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2_000))
    return medians[50], medians[-51]
