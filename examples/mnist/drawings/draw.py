"""Draws the pictures beside this file, as a person does with a mouse, and prepares them as MNIST's were.

    python3 examples/mnist/drawings/draw.py

writes a PNG file for each digit and hand, and `prepared.txt`: what each becomes in 28×28 pixels, computed here with
NumPy alone, from the drawing itself and in another way than the runtime does. It is LeCun's description of MNIST: "size
normalized to fit in a 20x20 pixel box while preserving their aspect ratio", with "grey levels as a result of the
anti-aliasing technique used", and "centered in a 28x28 image by computing the center of mass of the pixels".
"""

import struct
import zlib
from pathlib import Path

import numpy as np

# What two hands do for each digit: strokes of points in a box 100 wide and 140 high.
HANDS = [
    [
        [[(50, 5), (22, 15), (8, 50), (10, 95), (30, 133), (60, 135), (88, 105), (92, 60), (78, 20), (50, 5)]],
        [[(52, 4), (50, 50), (47, 100), (46, 136)]],
        [[(12, 35), (25, 10), (55, 4), (82, 20), (84, 50), (60, 85), (30, 115), (10, 134), (50, 132), (92, 134)]],
        [[(14, 14), (45, 4), (78, 16), (80, 42), (58, 62), (38, 66), (70, 72), (90, 96), (76, 126), (40, 137), (10, 126)]],
        [[(30, 6), (20, 50), (14, 80), (55, 82), (90, 78)], [(72, 34), (68, 90), (64, 136)]],
        [[(86, 8), (30, 10), (24, 60), (55, 54), (84, 72), (86, 108), (60, 134), (14, 128)]],
        [[(72, 6), (36, 34), (14, 80), (18, 118), (46, 136), (78, 122), (82, 94), (60, 76), (30, 86), (18, 106)]],
        [[(10, 12), (50, 10), (90, 10), (70, 55), (52, 95), (40, 136)]],
        [[(78, 22), (50, 6), (24, 20), (30, 48), (60, 70), (82, 98), (70, 130), (36, 134), (18, 108), (40, 74), (70, 48), (80, 24)]],
        [[(80, 30), (56, 8), (24, 20), (20, 50), (44, 66), (74, 50), (82, 28), (80, 70), (72, 110), (62, 136)]],
    ],
    [
        [[(62, 8), (30, 12), (6, 48), (4, 90), (26, 126), (58, 128), (90, 96), (96, 52), (80, 16), (52, 10)]],
        [[(30, 34), (60, 6), (56, 60), (52, 134)]],
        [[(8, 26), (40, 6), (72, 14), (76, 44), (44, 82), (12, 110), (6, 128), (30, 116), (60, 126), (94, 120)]],
        [[(8, 22), (34, 6), (70, 10), (72, 36), (40, 58), (76, 70), (82, 104), (52, 132), (8, 122)]],
        [[(64, 6), (36, 48), (8, 88), (50, 90), (96, 86)], [(66, 52), (66, 94), (62, 138)]],
        [[(30, 12), (26, 40), (22, 64), (60, 58), (88, 80), (78, 118), (40, 136), (8, 122)], [(28, 12), (60, 10), (92, 6)]],
        [[(56, 4), (28, 40), (12, 84), (22, 126), (56, 134), (80, 108), (68, 82), (38, 84), (20, 104)]],
        [[(6, 20), (44, 14), (88, 8), (76, 50), (60, 90), (50, 136)], [(36, 74), (64, 70), (92, 68)]],
        [[(50, 64), (24, 44), (26, 14), (54, 4), (78, 18), (74, 46), (46, 66), (20, 94), (22, 126), (54, 136), (82, 118), (78, 88), (50, 64)]],
        [[(84, 20), (54, 6), (22, 22), (18, 52), (44, 68), (76, 54), (86, 22), (82, 64), (84, 100), (70, 130), (36, 134)]],
    ],
]

BLACK, WHITE, BLUE, CREAM, RED = (0, 0, 0), (255, 255, 255), (20, 50, 170), (250, 244, 220), (200, 30, 30)

# For each hand and digit: size (height, width) of the sheet, corner and height of the digit, width of the pen, colours of
# ink and paper (none: transparent), kind of the file.
SHEETS = [
    [
        ((280, 280), (50, 80), 170, 18, BLACK, WHITE, "grey"),
        ((280, 280), (70, 90), 150, 14, WHITE, BLACK, "grey"),
        ((700, 1000), (120, 500), 420, 36, BLUE, CREAM, "rgb"),
        ((280, 280), (40, 60), 190, 16, BLACK, None, "rgba"),
        ((280, 280), (40, 60), 190, 16, WHITE, None, "rgba"),
        ((280, 280), (60, 50), 160, 1, BLACK, WHITE, "palette"),
        ((200, 320), (20, 150), 160, 20, BLACK, WHITE, "grey16"),
        ((280, 280), (220, 230), 40, 4, BLACK, WHITE, "grey"),
        ((280, 280), (60, 90), 150, 12, BLACK, None, "palette"),
        ((28, 28), (3, 5), 20, 2, BLACK, WHITE, "grey"),
    ],
    [
        ((300, 200), (10, 20), 200, 34, RED, WHITE, "rgb"),
        ((280, 280), (100, 20), 120, 8, BLACK, WHITE, "rgb"),
        ((120, 160), (20, 40), 80, 8, (70, 70, 70), (205, 205, 205), "noise"),
        ((280, 280), (30, 100), 210, 26, WHITE, (30, 90, 50), "rgb"),
        ((700, 1000), (40, 40), 180, 10, BLACK, WHITE, "grey"),
        ((280, 280), (10, 10), 250, 40, BLACK, WHITE, "grey"),
        ((280, 280), (60, 90), 150, 12, (120, 120, 120), (160, 160, 160), "grey"),
        ((280, 280), (80, 60), 140, 6, CREAM, BLUE, "rgb"),
        ((64, 48), (6, 8), 48, 5, BLACK, WHITE, "grey"),
        ((400, 100), (150, 12), 90, 9, BLACK, WHITE, "palette"),
    ],
]


def smooth(points, steps=24):
    """A curve through the points: Catmull and Rom's."""
    p = np.array(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:])
    ]
    return np.vstack(pieces)


def ink(strokes, size, corner, height, pen, is_soft):
    """How much of each pixel a round pen covers, from 0 to 1."""
    covered = np.zeros(size)
    y, x = np.mgrid[0 : size[0], 0 : size[1]] + 0.5
    for stroke in strokes:
        path = smooth(stroke) * height / 140 + np.array(corner[::-1])
        for (x0, y0), (x1, y1) in zip(path, path[1:]):
            dx, dy = x1 - x0, y1 - y0
            along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
            distance = np.hypot(x - x0 - along * dx, y - y0 - along * dy)
            new = np.clip(pen / 2 + 0.5 - distance, 0, 1) if is_soft else 1.0 * (distance <= max(pen / 2, 0.71))
            covered = np.maximum(covered, new)
    return covered


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(values, color_type, depth=8, between=b""):
    """A file of these values: [height, width, values of a pixel]."""
    height, width = values.shape[:2]
    rows = values.astype(">u2" if depth == 16 else np.uint8).reshape(height, -1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    parts = chunk(b"IHDR", header) + between + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def sheet(covered, pen_color, paper_color, kind):
    """The file, its shades from 0 to 255, and how opaque each pixel is, from 0 to 1."""
    luma = lambda color: np.array(color, float) @ [0.299, 0.587, 0.114]
    share = covered[..., None]
    if kind == "rgba":
        alpha = np.round(255 * covered)
        pixels = np.dstack([np.broadcast_to(pen_color, (*covered.shape, 3)), alpha])
        return png(pixels, 6), np.full(covered.shape, luma(pen_color)), alpha / 255
    if kind == "palette":
        colors = [paper_color or WHITE, pen_color]
        between = chunk(b"PLTE", bytes(sum(colors, ())))
        if paper_color is None:
            between += chunk(b"tRNS", b"\0")
        chosen = covered > 0.5
        shades = np.where(chosen, luma(pen_color), luma(colors[0]))
        alpha = np.where(chosen, 1, float(paper_color is not None))
        return png(chosen[..., None], 3, between=between), shades, alpha
    mixed = share * np.array(pen_color) + (1 - share) * np.array(paper_color)
    opaque = np.ones(covered.shape)
    if kind == "grey16":
        values = np.round(mixed[..., :1] * 257)
        return png(values, 0, 16), values[..., 0] / 257, opaque
    if kind == "noise":
        mixed = mixed + np.random.default_rng(0).normal(0, 3, covered.shape)[..., None]
    values = np.round(mixed)
    if kind == "rgb":
        return png(values, 2), luma(values), opaque
    return png(values[..., :1], 0), values[..., 0], opaque


def means(values, count):
    """The means of `count` equal parts of the first axis, from the integral."""
    integral = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0)])
    ends = np.linspace(0, len(values), count + 1)
    at = np.arange(len(values) + 1)
    columns = [np.interp(ends, at, column) for column in integral.T]
    return np.diff(np.array(columns)).T * count / len(values)


def prepare(shades, alpha):
    edge = np.ones(shades.shape, bool)
    edge[1:-1, 1:-1] = False
    if np.mean(alpha[edge] >= 0.5) >= 0.5:
        paper = np.median(shades[edge & (alpha >= 0.5)])
    else:
        paper = 0.0 if np.sum(shades * alpha) > 127.5 * np.sum(alpha) else 255.0
    difference = alpha * (shades - paper)
    if difference.sum() <= 0:
        difference = -difference
    amount = np.maximum(difference - 4 * np.median(np.abs(difference[edge])), 0)

    rows, columns = np.nonzero(amount >= amount.max() / 8)
    box = amount[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    longer = max(box.shape)
    height, width = [max(1, int(np.floor(20 * side / longer + 0.5))) for side in box.shape]
    small = means(means(box, height).T, width).T
    small *= 255 / small.max()

    mass = small.sum()
    down = (small.sum(1) * (np.arange(height) + 0.5)).sum() / mass
    right = (small.sum(0) * (np.arange(width) + 0.5)).sum() / mass
    top = np.clip(14 - int(down), 0, 28 - height)
    left = np.clip(14 - int(right), 0, 28 - width)
    field = np.zeros((28, 28))
    field[top : top + height, left : left + width] = small
    return np.round(field).astype(int)


def main():
    folder = Path(__file__).parent
    lines = []
    for hand, (digits, sheets) in enumerate(zip(HANDS, SHEETS)):
        for digit, (strokes, (size, corner, height, pen, *colors, kind)) in enumerate(zip(digits, sheets)):
            covered = ink(strokes, size, corner, height, pen, is_soft=kind != "palette")
            file, shades, alpha = sheet(covered, *colors, kind)
            name = f"{digit}{'ab'[hand]}.png"
            (folder / name).write_bytes(file)
            rows = (" ".join(map(str, row)) for row in prepare(shades, alpha))
            lines += [name, *rows]
    (folder / "prepared.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
