"""Pages of A4, and how large a score is printed on them."""

from __future__ import annotations

PAGE_MM = (210, 297)
MARGIN_MM = 12
STAFF_MM = 7.2  # height of five lines at full size
# most staves of a system, and the size of a score that has them in percent
SIZES = ((2, 90), (4, 75), (7, 62), (10, 55))
SMALLEST = 48


def size_of(n_staves: int) -> int:
    """Percent of the full size."""
    return next((size for most, size in SIZES if n_staves <= most), SMALLEST)
