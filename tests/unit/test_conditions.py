"""What of a path pattern an index can use."""

import pytest

from cloudmetrics.analytics.goals.conditions import prefix_range


@pytest.mark.parametrize(
    ("pattern", "bounds"),
    [
        ("/docs/*", ("/docs/", "/docs0")),
        ("/a*b*", ("/a", "/b")),
        ("*/cart", (None, None)),
        ("/\ud7ff*", ("/\ud7ff", "/\ue000")),
        ("/\U0010ffff*", ("/\U0010ffff", None)),
    ],
)
def test_all_that_fits_lies_within_the_bounds(pattern, bounds):
    assert prefix_range(pattern) == bounds
