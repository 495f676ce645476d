"""Pictures of the tiles that a dataset of tissue sections makes."""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.configuration.dataset_configs import only_dataset
from handbone.configuration.known_settings import name_of
from handbone.datasets import SectionTiles
from handbone.errors import HandboneError
from handbone.progress import progress_bar
from handbone.sections import open_section
from handbone.sections.preview import draw_tiles
from handbone.visualization.picture_file import write_picture

LONGER_SIDE = 1024


def browse_tiles(
    cfg: Config, split: str, out_dir: str | Path, number: int | None = None
) -> tuple[int, int, int]:
    """Draw each section with its tiles: those that are kept, those that are left out, and why.

    >>> from handbone.apis import read_config_file
    >>> cfg = read_config_file('configs/tissue/folded_unet_256.py')
    >>> browse_tiles(cfg, 'train', 'work_dirs/tiles')
    (20, 319, 500)

    Args:
        cfg: Complete configuration, whose dataset is SectionTiles, inside wrappers or not.
        split: 'train', 'val' or 'test'.
        out_dir: Folder of the pictures, one per section.
        number: Number of sections; None for all.

    Returns:
        Numbers of pictures, of tiles that are kept, and of all tiles.

    Raises:
        HandboneError: The dataset has no tiles.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    key, settings = only_dataset(cfg, f'{split}_dataloader', 'tiles are drawn of one')
    dataset = DATASETS.build(dict(settings, lazy_init=True, pipeline=[]))
    if not isinstance(dataset, SectionTiles):
        raise HandboneError(
            f'{name_of(cfg)}: {key} is a {type(dataset).__name__}, which has no tiles: choose the '
            '--split whose dataset is SectionTiles, or leave out --tiles'
        )
    kept = total = 0
    sections = dataset.list_sections()[:number]
    for info in progress_bar(sections, 'Pictures', unit='section'):
        judged, tissue = dataset.judge(info)
        kept, total = kept + sum(each.kept for each in judged), total + len(judged)
        section = open_section(info['img_path'])
        step = -(-max(section.size) // LONGER_SIDE)
        picture = draw_tiles(
            section,
            judged,
            dataset.coarse_labels(info, step),
            dataset.metainfo['classes'],
            dataset.rule.min_tissue,
            tissue,
            LONGER_SIDE,
        )
        write_picture(Path(out_dir) / f'{Path(info["img_path"]).stem}.png', picture)
    return len(sections), kept, total
