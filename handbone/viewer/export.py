"""Marked images, written as a list or as a task for an annotation tool."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from handbone.datasets.bad_files import BadFiles
from handbone.datasets.errors import DatasetError
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.catalogue import writer_class
from handbone.datasets.formats.conversion import write_images
from handbone.datasets.mask_runs import pack_runs
from handbone.errors import HandboneError, counted, listed, shown
from handbone.files import write_atomically

from .catalogue import Catalogue
from .marks import Marks

#: What the page offers: a list of names, and formats of annotation tools.
TARGETS = ('list', 'labelme', 'cvat', 'label-studio', 'hand-bone', 'coco')


def export_marked(
    catalogue: Catalogue, marks: Marks, mark: str, target: str, layer: int, folder: Path
) -> str:
    """Write the images with a mark.

    'list' writes ``MARK.txt`` and ``not_MARK.txt``, which the ``ann_file`` of a dataset takes, in a
    folder for each part of the data where several are shown. The
    formats of annotation tools hold the images, as links, with the masks of a layer to start from.
    They go into a folder of their own, which an earlier export must not have filled: its labels may
    have been corrected there.

    Args:
        catalogue: The images and their layers.
        marks: Their marks.
        mark: The mark.
        target: One of :data:`TARGETS`.
        layer: The layer whose masks are written.
        folder: Where the files go: into a folder of this name and the target's.

    Returns:
        A sentence that says what was written, and where, and which images were left out as they
        or their masks cannot be read.

    Raises:
        HandboneError: No image has the mark, there is no such target or layer, or the folder of an
            annotation tool holds something.
        OSError: Something cannot be written.
    """
    if target not in TARGETS:
        raise HandboneError(f'Images are exported as {listed(TARGETS, 9)}, not {shown(target)}.')
    chosen = marks.marked(mark)
    if not mark or not chosen:
        raise HandboneError(f'No image is marked {shown(mark)}.')
    if target == 'list':
        return _write_lists(catalogue, mark, chosen, folder)
    if not 0 <= layer < max(1, len(catalogue.layers)):
        raise HandboneError(f'There is no layer {layer}.')
    waiting = sum(layer in catalogue.pending(index) for index in chosen)
    if waiting:
        raise HandboneError(
            f'{waiting} of the {len(chosen)} images are still being predicted by '
            f'{catalogue.layers[layer].name}. Export them when that is done.'
        )
    into = folder / f'{mark}-{target}'
    if into.exists() and any(into.iterdir()):
        raise HandboneError(
            f'{into} is there already, and its labels may have been corrected since. Rename it or '
            'move it away, then export again.'
        )
    writer = writer_class(target)(into, catalogue.classes, catalogue.palette)
    problems = BadFiles('report')
    written, _ = write_images(_images(catalogue, chosen, layer, problems), writer, problems)
    lost = ''.join(f'; lost: {line}' for line in writer.losses.lines())
    left_out = ''.join(f'; left out: {line}' for line in problems.problems)
    return f'{written} of {len(chosen)} images in {into}{lost}{left_out}'


def _write_lists(catalogue: Catalogue, mark: str, chosen: Sequence[int], folder: Path) -> str:
    gallery, marked = catalogue.gallery, set(chosen)
    files: dict[Path, list[str]] = {}
    for index in range(len(gallery)):
        of_part = folder / gallery.part_name(index).lstrip('/')
        for has_mark, name in ((True, mark), (False, f'not_{mark}')):
            names = files.setdefault(of_part / f'{name}.txt', [])
            if (index in marked) is has_mark:
                names.append(gallery.own_name(index))
    for path, lines in files.items():
        text = ''.join(f'{line}\n' for line in lines)
        write_atomically(path, text.encode(errors='surrogateescape'))
    return ', '.join(f'{counted(len(lines), "image")} in {path}' for path, lines in files.items())


def _images(
    catalogue: Catalogue, chosen: Sequence[int], layer: int, problems: BadFiles
) -> Iterator[AnnotatedImage]:
    """Read the images with the masks of a layer; without any, the image goes without masks."""
    for index in chosen:
        try:
            image, _ = catalogue.gallery.read(index)
            if catalogue.layers and catalogue.layers[layer].kind != 'truth':
                runs = catalogue.layers[layer].runs(index, image)
                masks = pack_runs(dict(enumerate(runs or ())), 'C')
                image = replace(image, labels=masks, outlines=None)
        except HandboneError as error:
            problems.add([DatasetError(str(error))])
            continue
        yield image
