"""Datasets of tissue sections, whole or in tiles."""

from typing import Any

import numpy as np
from mmseg.registry import DATASETS

from handbone.progress import progress_bar
from handbone.radiographs import RadiographError
from handbone.sections import Tile, TileGrid, TissueRule, open_section
from handbone.sections.tissue import JudgedTile, TissueMap, find_tissue

from .errors import DatasetError
from .format_dataset import FormatDataset
from .formats.section_table import SectionTableReader
from .image_header import of_dataset
from .known_classes import Unknown
from .mask_runs import MaskRuns, crop_runs

#: Columns of a coarse map that are drawn at a time.
STRIP = 64


@DATASETS.register_module()
class SectionDataset(FormatDataset):
    """Tissue sections with a table of runs, as in the HuBMAP competitions.

    ``data_prefix`` names the folder of the images, ``img_path``, and the table, ``ann_path``. Each
    item is a whole section: LoadSection leaves it in its file, and the segmentor reads it window by
    window. Only headers are read when the dataset is built.

    Args:
        **kwargs: As for :class:`FormatDataset`, without ``format``.

    Raises:
        DatasetError: Something is wrong with the data.

    >>> from mmseg.registry import DATASETS
    >>> dataset = DATASETS.build(  # doctest: +SKIP
    ...     dict(
    ...         type='SectionDataset',
    ...         metainfo=dict(classes=('kidney', 'prostate', 'largeintestine', 'spleen', 'lung')),
    ...         data_root='data/hubmap',
    ...         data_prefix=dict(img_path='train_images', ann_path='train.csv'),
    ...     )
    ... )
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format='rle-csv', **kwargs)

    def reader_class(self, name: str) -> type[SectionTableReader]:
        """Choose the reader; see the base class."""
        return SectionTableReader


@DATASETS.register_module()
class SectionTiles(SectionDataset):
    """Overlapping tiles of tissue sections, for training.

    Each item is one tile: ``tile`` says where it is, ``masks`` holds the runs of its labels, and
    ``height`` and ``width`` are its size in pixels of the file. LoadTile reads its pixels. Tiles of
    background are left out by :class:`handbone.sections.TissueRule`, for which an overview of each
    section is read when the dataset is built; ``handbone browse-dataset --tiles`` draws it.

    Args:
        tile_size: Side of a tile in pixels at the scale.
        overlap: Pixels that neighbouring tiles share, at the scale.
        reduce: Pixels of the file per pixel at the scale, along each side.
        min_tissue: Share of a tile without labels that must show tissue, 0 to 1; at 0 all tiles are
            kept and no overview is read.
        **kwargs: As for :class:`SectionDataset`.

    Raises:
        HandboneError: A number is out of its range.
        DatasetError: Something is wrong with the data, such as a section smaller than a tile.
    """

    def __init__(
        self,
        tile_size: int = 512,
        overlap: int = 0,
        reduce: int = 1,
        min_tissue: float = 0.05,
        **kwargs: Any,
    ) -> None:
        self.grid = TileGrid(tile_size, overlap, reduce)
        self.grid.check()
        self.rule = TissueRule(min_tissue)
        self.rule.check()
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """List the tiles of all sections; see the base class."""
        sections = self.list_sections()
        tiles = []
        known = len(self.bad_files.problems)
        progress = progress_bar(sections, 'Finding tissue', unit='section')
        kept = 0
        for info in progress:
            try:
                judged, _ = self.judge(info)
                tiles += [self._tile_info(info, each.tile) for each in judged if each.kept]
                kept += 1
            except RadiographError as error:
                self.bad_files.add([of_dataset(error)])
        if len(self.bad_files.problems) > known:
            self.bad_files.finish(kept, len(sections))
        if not tiles:
            raise DatasetError.at(
                self.image_folder,
                'no tile shows tissue or a label',
                'Set a smaller min_tissue, and look at handbone browse-dataset --tiles',
            )
        return tiles

    def list_sections(self) -> list[dict]:
        """List the sections that tiles are taken of, as :class:`SectionDataset` does."""
        return super().load_data_list()

    def judge(self, info: dict) -> tuple[list[JudgedTile], TissueMap | None]:
        """Decide about all tiles of a section.

        Args:
            info: The section, as :meth:`list_sections` gives it.

        Returns:
            All tiles, kept or not, and where tissue was found; None if it was not looked for.

        Raises:
            RadiographError: The section is smaller than a tile, or cannot be decoded.
        """
        size = info['height'], info['width']
        tiles = self.grid.tiles(size, info['img_path'])
        tissue = find_tissue(open_section(info['img_path'])) if self.rule.min_tissue else None
        judged = []
        for tile in tiles:
            share = 1.0 if tissue is None else tissue.share(tile)
            labelled = bool(len(crop_runs(info['masks'], size, tile.box).runs))
            kept = self.rule.keeps(share, labelled)
            judged.append(JudgedTile(tile, share, labelled, kept))
        return judged, tissue

    def coarse_labels(self, info: dict, step: int) -> np.ndarray:
        """Draw every ``step``-th pixel of the labels of a section, some columns at a time.

        Args:
            info: The section, as :meth:`list_sections` gives it.
            step: Pixels of the file per pixel of the map, along each side.

        Returns:
            Packed map, (h, w) for up to 31 classes, else (h, w, P).
        """
        height, width = info['height'], info['width']
        parts = []
        for left in range(0, width, STRIP * step):
            box = (0, left, height, min(STRIP * step, width - left))
            part = crop_runs(info['masks'], (height, width), box)
            drawn = part.draw(*box[2:], len(self.metainfo['classes']))
            parts.append(drawn[::step, ::step].copy())
        return np.concatenate(parts, axis=1)

    def _tile_info(self, info: dict, tile: Tile) -> dict:
        size = info['height'], info['width']
        masks = crop_runs(info['masks'], size, tile.box)
        found = dict(info, masks=masks, tile=tuple(tile), height=tile.box[2], width=tile.box[3])
        unknown: Unknown | None = info.get('unknown')
        if unknown is not None and isinstance(unknown.regions, MaskRuns):
            regions = crop_runs(unknown.regions, size, tile.box)
            found['unknown'] = unknown._replace(regions=regions)
        return found
