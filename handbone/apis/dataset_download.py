"""Open datasets, downloaded from where their authors keep them."""

from pathlib import Path
from typing import NamedTuple

from handbone.errors import HandboneError
from handbone.extras import MissingExtraError, import_extra
from handbone.structure import one_line


class OpenDataset(NamedTuple):
    """A dataset on the Hugging Face Hub.

    Attributes:
        repository: Its name there.
        files: Pattern of the files that segmentation needs.
        licence: Its licence as far as it is known.
        config: Folder of the configs that train on it.
    """

    repository: str
    files: str
    licence: str
    config: str


OPEN_DATASETS = {
    'ram-h1200': OpenDataset(
        'TokyoTechMagicYang/RAM-H1200-v1', 'Segmentation/**', 'CC BY 4.0', 'ram_h1200'
    ),
    'ram-w600': OpenDataset(
        'TokyoTechMagicYang/RAM-W600',
        'BoneSegmentation/**',
        'see its page on the Hugging Face Hub',
        'ram_w600',
    ),
}

#: Where the client keeps what it knows of a folder.
UNFINISHED = '.cache/huggingface/download'


def download_dataset(name: str, folder: str | Path) -> OpenDataset:
    """Download an open dataset; files that are there already are not fetched again.

    Args:
        name: Name of the dataset, a key of ``OPEN_DATASETS``.
        folder: Where it goes.

    Returns:
        What is known of it.

    Raises:
        HandboneError: There is no such dataset, the extra ``download`` is not installed, or the
            download fails; then the message says what to fetch and where to put it.

    Example:
        >>> from handbone.apis import download_dataset
        >>> download_dataset('ram-h1200', 'data/RAM-H1200').licence
        'CC BY 4.0'
    """
    if name not in OPEN_DATASETS:
        raise HandboneError(
            f'There is no dataset {name!r}. The datasets are {", ".join(OPEN_DATASETS)}.'
        )
    dataset = OPEN_DATASETS[name]
    by_hand = (
        f'fetch {dataset.files} of https://huggingface.co/datasets/{dataset.repository} on a '
        f'different machine and put it into {folder}, with its folders'
    )
    try:
        hub = import_extra('huggingface_hub', 'download')
    except MissingExtraError as error:
        raise MissingExtraError(f'{error}. Or {by_hand}.') from error
    try:
        hub.snapshot_download(
            dataset.repository,
            repo_type='dataset',
            local_dir=str(folder),
            allow_patterns=[dataset.files],
        )
    except Exception as error:  # whatever the client and the network lead it to
        raise HandboneError(
            f'{dataset.repository} cannot be downloaded ({one_line(error)}). Run the command again '
            f'to continue, or {by_hand}.'
        ) from error
    # the client gives every attempt a file of its own, which stays where a process was killed
    for unfinished in (Path(folder) / UNFINISHED).rglob('*.incomplete'):
        unfinished.unlink(missing_ok=True)
    return dataset
