"""What holds for every test."""

import os

os.environ.pop("COLUMNS", None)  # tests run side by side inherit the width of the terminal; tables are wrapped by it


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a quarter of the time tests wait, for delays, browsers and clocks."""
    return (os.cpu_count() or 1) + 1
