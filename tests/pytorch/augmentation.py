"""Figures from PyTorch that the augmentation of the runtime is compared with.

`poses.txt` has a case in each line: height, width, whether the picture is flipped, the scale, the shear and the angle in
radians, the shift to the right and down; then what is seen of the picture whose byte at (channel, row, column) is
`(41 + 70 channel + 53 row + 101 column) mod 256`, two channels, row by row, as numbers from 0 to 1. The picture is mapped by matrices that are multiplied
and inverted here one by one, and looked at with `grid_sample` in double precision.

`elastic.txt` has a case in each line: height, width, alpha, sigma; then the field for random numbers
`cos(2 + 3 row + 11 column)`, by `conv2d` with a two-dimensional Gaussian.

To write them again, with Python 3.11 or newer and PyTorch:

    python tests/pytorch/augmentation.py
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F

FOLDER = Path(__file__).parent
F64 = torch.float64


def matrix(rows):
    return torch.tensor([*rows, [0, 0, 1]], dtype=F64)


def seen(height, width, flip, scale, shear, angle, right, down):
    channels, rows, columns = torch.meshgrid(
        *(torch.arange(n, dtype=F64) for n in (2, height, width)), indexing="ij"
    )
    picture = (41 + 70 * channels + 53 * rows + 101 * columns) % 256 / 255
    cx, cy = (width - 1) / 2, (height - 1) / 2
    steps = [
        matrix([[1, 0, -cx], [0, 1, -cy]]),
        matrix([[-1 if flip else 1, 0, 0], [0, 1, 0]]),
        matrix([[scale, 0, 0], [0, scale, 0]]),
        matrix([[1, math.tan(shear), 0], [0, 1, 0]]),
        matrix([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]]),
        matrix([[1, 0, cx + right], [0, 1, cy + down]]),
    ]
    forward = torch.eye(3, dtype=F64)
    for step in steps:
        forward = step @ forward
    # From pixels to the coordinates of `grid_sample`, whose corners are at -1 and 1.
    to_pixels = matrix([[(width - 1) / 2, 0, cx], [0, (height - 1) / 2, cy]])
    theta = to_pixels.inverse() @ forward.inverse() @ to_pixels
    grid = F.affine_grid(theta[None, :2], (1, 2, height, width), align_corners=True)
    return F.grid_sample(picture[None], grid, align_corners=True)


def field(height, width, alpha, sigma):
    rows, columns = torch.meshgrid(
        *(torch.arange(n, dtype=F64) for n in (height, width)), indexing="ij"
    )
    numbers = torch.cos(2 + 3 * rows + 11 * columns)
    reach = math.ceil(3 * sigma)
    x = torch.arange(-reach, reach + 1, dtype=F64)
    gaussian = torch.exp(-(x[:, None] ** 2 + x[None] ** 2) / (2 * sigma**2))
    gaussian /= gaussian.sum()
    return alpha * F.conv2d(numbers[None, None], gaussian[None, None], padding=reach)


def write(name, cases, figures):
    lines = (
        " ".join(repr(float(value)) for value in [*case, *figures(*case).flatten().tolist()])
        for case in cases
    )
    (FOLDER / name).write_text("\n".join(lines) + "\n")


write(
    "poses.txt",
    [
        (5, 4, 0, 1.0, 0.0, 0.0, 0, 0),
        (5, 4, 1, 1.0, 0.0, 0.0, 0, 0),
        (4, 6, 0, 1.0, 0.0, 0.0, 2, -1),
        (4, 6, 0, 1.0, 0.0, 0.0, 0.25, 1.75),
        (6, 6, 0, 1.0, 0.0, math.pi / 6, 0, 0),
        (5, 7, 0, 1.0, 0.0, -1.2, 0, 0),
        (6, 5, 0, 1.3, 0.0, 0.0, 0, 0),
        (6, 5, 0, 0.6, 0.0, 0.0, 0, 0),
        (6, 5, 0, 1.0, 0.4, 0.0, 0, 0),
        (7, 6, 1, 0.8, -0.3, 0.5, 1.5, -0.75),
        (3, 3, 1, 1.9, 0.7, 3.0, 20, 0),
    ],
    seen,
)
write("elastic.txt", [(5, 7, 3.0, 0.8), (6, 4, 10.0, 2.0), (9, 9, 34.0, 4.0), (2, 33, 1.0, 5.0)], field)
