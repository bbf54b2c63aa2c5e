"""Where training finds photos and fonts: installed packages, never the network."""

import subprocess
from pathlib import Path

PHOTOS = ("/usr/share/backgrounds", "/usr/share/wallpapers")


def photos() -> list[Path]:
    """Return the photos that Debian's wallpaper packages installed."""
    kinds = (".jpg", ".jpeg", ".png", ".webp")
    return sorted(
        path for folder in PHOTOS for path in Path(folder).rglob("*") if path.suffix in kinds and path.is_file()
    )


def fonts() -> tuple[list[Path], list[Path]]:
    """Return the fonts for Japanese, and all others that have Latin letters."""
    japanese, latin = _listed(":lang=ja"), _listed(":lang=en")
    return japanese, [path for path in latin if path not in set(japanese)]


def _listed(pattern: str) -> list[Path]:
    listed = subprocess.run(["fc-list", pattern, "file"], capture_output=True, text=True, check=True).stdout
    found = {Path(line.partition(":")[0]) for line in listed.splitlines() if line.strip()}
    return sorted(path for path in found if path.suffix in (".ttf", ".otf", ".ttc"))
