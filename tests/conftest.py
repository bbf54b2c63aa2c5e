"""What holds for every test."""

import os

os.environ.pop("COLUMNS", None)  # tests run side by side inherit the width of the terminal; tables are wrapped by it
