import numpy as np
from PIL import Image

from detector.images.panels import MOST, find_panels
from tests.detector.images.drawn import photo


def test_a_pasted_picture_is_cut_at_its_borders() -> None:
    page = Image.new("L", (500, 300), 250)
    page.paste(photo(seed=1, size=(200, 150)).convert("L"), (120, 60))
    boxes = find_panels(np.asarray(page))
    assert any(max(abs(a - b) for a, b in zip(box, (120, 60, 320, 210), strict=True)) <= 1 for box in boxes)


def test_noise_does_not_explode() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (512, 512), dtype=np.uint8)
    assert len(find_panels(noise)) <= MOST


def test_blank_and_small_pictures_have_none() -> None:
    assert find_panels(np.full((300, 300), 255, dtype=np.uint8)) == []
    assert find_panels(np.zeros((10, 400), dtype=np.uint8)) == []
