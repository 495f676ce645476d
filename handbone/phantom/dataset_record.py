"""The record of a folder of phantoms, by which it only grows by phantoms of the same kind."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.json_files import parse_json
from handbone.phantom.planted_faults import FaultSettings
from handbone.phantom.presets import Preset
from handbone.phantom.wild.settings import WildSettings

RECORD_NAME = 'phantom.json'

#: Increased whenever the same seed gives different images, so that a folder never mixes them.
GENERATOR_VERSION, WILD_GENERATOR_VERSION = 1, 2


def claim_folder(
    root: Path,
    train: int,
    test: int,
    seed: int,
    size: int,
    preset: Preset,
    faults: FaultSettings | None,
) -> None:
    """Record the settings of a dataset, or check that they are the same and it grows.

    Args:
        root: Folder of the dataset.
        train: Number of training images.
        test: Number of test images.
        seed: Seed of the dataset.
        size: Side of the images in pixels.
        preset: Settings of training and test images.
        faults: Faults to plant, if any.

    Raises:
        HandboneError: If the folder has other phantoms or more of them.
    """
    wild = any(isinstance(settings, WildSettings) for settings in (preset.train, preset.test))
    version = WILD_GENERATOR_VERSION if wild else GENERATOR_VERSION
    record = {'generator': version, 'seed': seed, 'size': size, **asdict(preset)}
    if faults is not None:
        record['faults'] = asdict(faults)
    path = root / RECORD_NAME
    if path.exists():
        counts = _recorded_counts(path, record, preset)
        if train < counts['train'] or test < counts['test']:
            raise HandboneError(
                f'{path}: this folder already has {counts["train"]} training and '
                f'{counts["test"]} test images. Ask for at least as many, or delete it.'
            )
    record['images'] = {'train': train, 'test': test}
    write_atomically(path, json.dumps(record, indent=2).encode())


def _recorded_counts(path: Path, record: dict[str, Any], preset: Preset) -> dict[str, int]:
    """Read how many images a folder has, and check that they have the settings of a record."""
    try:
        found = parse_json(path.read_bytes())
        counts = found.pop('images')
        known = all(type(counts[split]) is int for split in ('train', 'test'))
        for split, settings in (('train', preset.train), ('test', preset.test)):
            defaults = json.loads(json.dumps(asdict(type(settings)())))
            found[split] = _completed(found[split], defaults)
    except (HandboneError, KeyError, TypeError, AttributeError):
        known = False
    if not known or found != json.loads(json.dumps(record)):
        raise HandboneError(
            f'{path}: this folder has phantoms of a different generator, seed, size, preset or '
            'faults. Choose a different folder, or delete this one.'
        )
    return counts


def _completed(found: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Add settings that did not exist when a record was written; they had their defaults then."""
    nested = {
        name: _completed(value, defaults[name])
        for name, value in found.items()
        if isinstance(defaults.get(name), dict)
    }
    return defaults | found | nested
