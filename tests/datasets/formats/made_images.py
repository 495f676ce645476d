"""Small annotated images with overlaps, holes, specks and an empty one."""

import numpy as np
from PIL import Image
from small_dataset import write_png

from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.mask_runs import pack_runs
from handbone.masks import encode, pack, unpack

CLASSES = ('round', 'square', 'long')
PALETTE = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def drawn_masks(seed, height=20, width=28, count=3):
    """Masks (C, H, W): boxes that overlap, with holes and specks; seed 0 is empty."""
    generator = np.random.default_rng(seed)
    masks = np.zeros((count, height, width), bool)
    for mask in masks if seed else ():
        top, left = generator.integers(0, (height // 2, width // 2))
        mask[top : top + height // 2, left : left + width // 2] = True
        mask[top + 3 : top + 5, left + 3 : left + 6] = False
        mask[generator.integers(0, height), generator.integers(0, width)] ^= True
    return masks


def made_image(masks, name='ID1/hand_R.png', path=None):
    """An image whose labels are runs."""
    runs = dict(enumerate(encode(pack(masks), len(masks))))
    return AnnotatedImage(name, path, *masks.shape[1:], pack_runs(runs, 'C'))


def save_picture(path, array, palette=None):
    """Write a picture of any format; with a palette, its values are places in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(array)
    if palette:
        picture.putpalette(palette)
    picture.save(path)
    return path


def made_images(folder=None, count=4):
    """Several images; with a folder, their files are written there."""
    images = []
    for seed in range(count):
        masks, name = drawn_masks(seed), f'ID{seed // 2}/hand{seed}.png'
        path = None
        if folder is not None:
            path = folder / name
            write_png(path, np.full(masks.shape[1:], 40 * seed, np.uint8))
        images.append(made_image(masks, name, path))
    return images


def write_all(writer, images):
    """Write images and finish."""
    for image in images:
        writer.write(image)
    writer.finish()
    writer.close()


def masks_of(reader):
    """Masks (C, H, W) by the name of the image."""
    return {
        image.name: unpack(image.draw(len(reader.classes)), len(reader.classes)) for image in reader
    }


def assert_same(reader, images, classes=CLASSES):
    """The reader gives the masks of the images, under their names without suffix.

    nnU-Net's names have no folders and end in the number of a channel.
    """
    assert tuple(reader.classes) == tuple(classes)
    found = {}
    for name, masks in masks_of(reader).items():
        stem = name.rpartition('.')[0] or name
        found[stem.replace('__', '/').removesuffix('_0000')] = masks
    assert sorted(found) == sorted(image.stem for image in images)
    for image in images:
        expected = unpack(image.draw(len(classes)), len(classes))
        np.testing.assert_array_equal(found[image.stem], expected, image.name)
