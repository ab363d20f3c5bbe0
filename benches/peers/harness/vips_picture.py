"""Makes the test picture and cuts it into base tiles. Runs with the environment that has libvips.

    vips_picture.py make FOLDER SIZE PHOTO...     picture.v (uncompressed) and picture.jpg (quality 90)
    vips_picture.py files FOLDER QUALITY          the picture as JPEG, PNG and TIFF, and with one tile in a hundred changed
    vips_picture.py cut FOLDER QUALITY TARGET     base tiles of 256 pixels as TARGET/v0/COLUMN_ROW.jpg

The picture is a mosaic of square cells. Each cell is a window of a photograph at its full resolution, at a random
place and in one of the eight orientations; the photographs take turns. Windows do not begin at multiples of the tile
size, so tiles do not repeat. The random numbers always begin the same way: the same photographs and size give the
same picture.
"""

import json
import random
import sys
import tempfile
from pathlib import Path

import pyvips

LARGEST_CELL = 2048
SMALLEST = 512
TILE = 256


def make(folder, size, photos):
    with tempfile.TemporaryDirectory(dir=folder) as unpacked:
        images, passed_over = usable(photos, Path(unpacked))
        cell = min(LARGEST_CELL, max(SMALLEST, size // 4), *(min(image.width, image.height) for image in images))
        across = -(-size // cell)
        chance = random.Random(1)
        cells = [window(images[number % len(images)], cell, chance) for number in range(across * across)]
        picture = pyvips.Image.arrayjoin(cells, across=across).crop(0, 0, size, size)
        picture.write_to_file(str(folder / "picture.v"))
    picture = pyvips.Image.new_from_file(str(folder / "picture.v"), access="sequential")
    picture.write_to_file(str(folder / "picture.jpg"), Q=90, keep="none")
    names = [Path(image.get("photo")).name for image in images]
    return {"cell": cell, "photos": names, "passed over": passed_over}


def usable(photos, folder):
    """The photographs in colour that are large enough, unpacked to files that can be read at any place; and what is
    wrong with the others."""
    images, passed_over = [], []
    for number, path in enumerate(photos):
        try:
            photo = pyvips.Image.new_from_file(path, access="sequential")
        except pyvips.Error as error:
            passed_over.append(f"{path}: {error.message} {error.detail}".split("\n")[0])
            continue
        if photo.bands != 3 or photo.format != "uchar" or min(photo.width, photo.height) < SMALLEST:
            kind = f"{photo.width} x {photo.height}, {photo.bands} component(s)"
            passed_over.append(f"{path}: {kind}")
            continue
        unpacked = str(folder / f"{number}.v")
        photo.write_to_file(unpacked)
        image = pyvips.Image.new_from_file(unpacked).copy()
        image.set_type(pyvips.GValue.gstr_type, "photo", str(path))
        images.append(image)
    if not images:
        wanted = f"none is a colour picture of at least {SMALLEST} x {SMALLEST} pixels"
        sys.exit(" | ".join([wanted, *passed_over]))
    return images, passed_over


def window(photo, side, chance):
    """A square of the photograph at a random place, turned and mirrored at random."""
    left, top = chance.randint(0, photo.width - side), chance.randint(0, photo.height - side)
    part = photo.crop(left, top, side, side)
    part = getattr(part, chance.choice(["copy", "rot90", "rot180", "rot270"]))()
    return part.fliphor() if chance.random() < 0.5 else part


def cut(folder, quality, target):
    picture = pyvips.Image.new_from_file(str(folder / "picture.v"), access="sequential")
    target.mkdir()
    # 4:2:0 below quality 90 and 4:4:4 from there on is libvips' default, and fast_pyramid's.
    picture.dzsave(str(target / "cut"), depth="one", tile_size=TILE, overlap=0, suffix=f".jpg[Q={quality}]")
    (target / "cut_files" / "0").rename(target / "v0")
    (target / "cut_files" / "vips-properties.xml").unlink(missing_ok=True)
    (target / "cut_files").rmdir()
    (target / "cut.dzi").unlink()
    shape = {"width": picture.width, "height": picture.height, "tile_size": TILE, "overlap": 0, "quality": quality}
    (target / "pyramid.json").write_text(json.dumps(shape) + "\n")
    tiles = [tile.stat().st_size for tile in (target / "v0").iterdir()]
    return {"tiles": len(tiles), "bytes": sum(tiles)}


def files(folder, quality):
    """What is not there yet; their paths."""
    paths = {
        "jpeg": folder / f"picture-q{quality}.jpg",
        "changed": folder / f"changed-q{quality}.jpg",
        "png": folder / "picture.png",
        "tiff": folder / "picture.tif",
    }
    options = {
        "jpeg": {"Q": quality, "keep": "none"},
        "changed": {"Q": quality, "keep": "none"},
        "png": {"keep": "none"},
        "tiff": {"tile": True, "tile_width": TILE, "tile_height": TILE, "bigtiff": True, "keep": "none"},
    }
    for kind, path in paths.items():
        if not path.exists():
            access = "random" if kind == "changed" else "sequential"
            picture = pyvips.Image.new_from_file(str(folder / "picture.v"), access=access)
            picture = with_changes(picture) if kind == "changed" else picture
            beside = path.with_name(f"new-{path.name}")
            picture.write_to_file(str(beside), **options[kind])
            beside.rename(path)
    return {kind: str(path) for kind, path in paths.items()}


def with_changes(picture):
    """A small square in the middle of one tile in a hundred."""
    chance = random.Random(2)
    columns, rows = -(-picture.width // TILE), -(-picture.height // TILE)
    square = pyvips.Image.black(32, 32, bands=picture.bands) + [200, 40, 40]
    for number in chance.sample(range(columns * rows), max(1, columns * rows // 100)):
        picture = picture.insert(square.cast("uchar"), number % columns * TILE + 96, number // columns * TILE + 96)
    return picture


if __name__ == "__main__":
    if sys.argv[1] == "make":
        print(json.dumps(make(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))
    elif sys.argv[1] == "files":
        print(json.dumps(files(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        print(json.dumps(cut(Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))))
