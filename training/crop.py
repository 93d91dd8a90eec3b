"""From a face's box to a network's input: the geometry that the app's `src/crop.rs` must equal.

Training never needs this, its pictures are crops already; the golden files do. Run it to renew
`tests/data/golden/crops.json` and the pictures beside it.
"""

import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augment import SIDE

TESTS_DATA = Path(__file__).parents[1] / "tests" / "data"
PICTURE = "astronaut.png"  # 512x512; its face lies at about x 175-270, y 65-160

# name, box in pixels of the frame (x, y, width, height), margin
CASES: tuple[tuple[str, tuple[float, float, float, float], float], ...] = (
    ("inside", (172.0, 66.0, 104.0, 104.0), 0.1),
    ("fractional", (172.37, 66.81, 103.4, 103.4), 0.1),
    ("corner", (-31.5, -22.25, 90.0, 90.0), 0.1),
    ("far-corner", (470.3, 455.6, 80.0, 80.0), 0.1),
    ("up-20px", (192.2, 92.7, 20.0, 20.0), 0.1),
    ("down-300px", (80.6, 20.4, 300.0, 300.0), 0.1),
    ("wide", (160.0, 80.0, 130.0, 90.0), 0.1),
    ("tall", (180.5, 50.0, 90.0, 140.0), 0.1),
    ("tighter", (172.37, 66.81, 103.4, 103.4), -0.1),
    ("no-margin", (172.37, 66.81, 103.4, 103.4), 0.0),
    ("wider", (172.37, 66.81, 103.4, 103.4), 0.4),
)


def luma(picture: Image.Image) -> NDArray[np.uint8]:
    """Rec. 601 in Pillow's own integers."""
    red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB"), dtype=np.uint32), -1, 0)
    grey: NDArray[np.uint8] = ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(
        np.uint8
    )
    return grey


def crop(
    frame: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    margin: float,
    size: int = SIDE,
) -> Image.Image:
    """A square round the box's centre, its side the longer one times 1 + margin, in `size` pixels.

    Outside the frame its border is repeated. Resized by Pillow's bilinear convolution, whose
    support grows with the shrinking, so nothing is skipped; its source box keeps the fractions.
    """
    x, y, width, height = box
    side = max(width, height) * (1 + margin)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    # So much border that neither the square nor the filter's support ever ends inside it.
    reach = math.ceil(max(-left, -top, left + side - frame.shape[1], top + side - frame.shape[0]))
    border = max(reach, 0) + math.ceil(side / size) + 1
    padded = Image.fromarray(np.pad(frame, border, mode="edge"))
    left, top = left + border, top + border
    return padded.resize(
        (size, size), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side)
    )


def main() -> None:
    golden = TESTS_DATA / "golden"
    golden.mkdir(parents=True, exist_ok=True)
    with Image.open(TESTS_DATA / PICTURE) as picture:
        frame = luma(picture)
    cases = []
    for name, box, margin in CASES:
        crop(frame, box, margin).save(golden / f"crop-{name}.png")
        cases.append(
            {
                "name": name,
                "box": box,
                "margin": margin,
                "size": [SIDE, SIDE],
                "expected": f"golden/crop-{name}.png",
            }
        )
    text = json.dumps({"picture": PICTURE, "cases": cases}, indent=1)
    (golden / "crops.json").write_text(text + "\n")
    print(f"{len(cases)} crops in {golden}")


if __name__ == "__main__":
    main()
