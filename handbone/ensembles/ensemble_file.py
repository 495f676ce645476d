"""The file of an ensemble: its members by path and hash, and how their outputs become labels."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError, shown
from handbone.file_hash import file_hash
from handbone.files import write_atomically
from handbone.json_files import without_nan
from handbone.masks import check_thresholds
from handbone.postprocessing import STEPS
from handbone.structure import Fields, check_class_list, check_structure, parse_json

FORMAT = 'handbone ensemble 1'
MERGES = ('probabilities', 'logits')
#: Bytes at the beginning of a file among which its format stands.
HEAD = 200
MEMBER = Fields(dict(checkpoint=str, sha256=str, weight=float, views=[{str: object}]))
STRUCTURE = Fields(
    dict(
        format=str,
        classes=[str],
        merge=str,
        thresholds=[float],
        postprocess=[Fields(dict(type=str))],
        members=[MEMBER],
    ),
    dict(evidence={str: object}),
)


@dataclass(frozen=True)
class EnsembleMember:
    """A checkpoint of an ensemble.

    Attributes:
        checkpoint: Its file. Config and test pipeline are those that it was trained with.
        sha256: Hash of the file.
        weight: Its weight in the mean, above 0.
        views: Arguments of :class:`handbone.models.segmentors.view.View`, one dict per view that is
            averaged.
        prediction: Settings of ``test_cfg`` that replace those of its config, such as ``mode``.
    """

    checkpoint: str
    sha256: str
    weight: float = 1.0
    views: Sequence[Mapping[str, Any]] = ({},)
    prediction: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ensemble:
    """Several checkpoints whose outputs are averaged.

    Attributes:
        classes: Names in class order.
        members: The checkpoints.
        thresholds: Probability above which a class is present, one per class.
        postprocess: Steps after the thresholds, as in ``test_cfg.postprocess``.
        merge: What is averaged, ``probabilities`` or ``logits``.
        evidence: How it was found: scores for people, which nothing reads.
    """

    classes: tuple[str, ...]
    members: tuple[EnsembleMember, ...]
    thresholds: tuple[float, ...]
    postprocess: tuple[Mapping[str, Any], ...] = ()
    merge: str = 'probabilities'
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shares(self) -> list[float]:
        """The weights of the members, which add up to 1."""
        total = sum(member.weight for member in self.members)
        return [member.weight / total for member in self.members]

    @property
    def model_hash(self) -> str:
        """SHA-256 of what decides about the labels, in hexadecimal digits."""
        members = [
            [each.sha256, share, list(each.views), dict(each.prediction)]
            for each, share in zip(self.members, self.shares, strict=True)
        ]
        parts = [self.classes, members, self.thresholds, list(self.postprocess), self.merge]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_ensemble(path: str | Path) -> bool:
    """Tell whether a file is one of an ensemble, by its name and its first bytes.

    Args:
        path: A file, or what stands in the place of a checkpoint.

    Returns:
        Whether it says that it is an ensemble.
    """
    path = Path(path)
    if path.suffix != '.json' or not path.is_file():
        return False
    with path.open('rb') as file:
        return b'"handbone ensemble' in file.read(HEAD)


def write_ensemble(path: str | Path, ensemble: Ensemble) -> None:
    """Write an ensemble, whole or not at all.

    Args:
        path: The JSON file. Paths of checkpoints in it are relative to its folder, so that both can
            be moved together.
        ensemble: The ensemble.

    Raises:
        OSError: If the file cannot be written.
    """
    folder = Path(path).absolute().parent
    content = dict(
        format=FORMAT,
        classes=ensemble.classes,
        merge=ensemble.merge,
        thresholds=ensemble.thresholds,
        postprocess=[dict(step) for step in ensemble.postprocess],
        members=[
            dict(
                checkpoint=os.path.relpath(Path(each.checkpoint).absolute(), folder),
                sha256=each.sha256,
                weight=each.weight,
                views=[dict(view) for view in each.views],
                prediction=dict(each.prediction),
            )
            for each in ensemble.members
        ],
        evidence=without_nan(ensemble.evidence),
    )
    text = json.dumps(content, indent=1, ensure_ascii=False) + '\n'
    write_atomically(path, text.encode(errors='surrogateescape'))


def read_ensemble(path: str | Path) -> Ensemble:
    """Read the file of an ensemble and compare its checkpoints with their hashes.

    >>> read_ensemble('work_dirs/best/ensemble.json').thresholds  # doctest: +SKIP

    Args:
        path: A file of :func:`write_ensemble`.

    Returns:
        The ensemble, whose checkpoints are there and have not changed.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not valid, or a checkpoint is missing or another one.
    """
    path = Path(path)
    place = str(path)
    content = parse_json(path.read_bytes(), place)
    check_structure(content, STRUCTURE, place)
    if content['format'] != FORMAT:
        raise HandboneError(
            f'{place} has the format {shown(content["format"])}, this program reads {FORMAT!r}: '
            'write it again with `handbone find-best`'
        )
    check_class_list(content['classes'], [], place)
    if content['merge'] not in MERGES:
        raise HandboneError(f'{place}: merge is {shown(content["merge"])}, not one of {MERGES}')
    unknown = [step['type'] for step in content['postprocess'] if step['type'] not in STEPS]
    if unknown:
        raise HandboneError(
            f'{place}: postprocess has the step {shown(unknown[0])}; the steps are '
            f'{", ".join(STEPS)}'
        )
    if not content['members']:
        raise HandboneError(f'{place} has no members')
    classes = tuple(content['classes'])
    return Ensemble(
        classes=classes,
        members=tuple(
            _member(each, path, f'{place}: members[{index}]')
            for index, each in enumerate(content['members'])
        ),
        thresholds=check_thresholds(content['thresholds'], classes, f'{place}: thresholds'),
        postprocess=tuple(content['postprocess']),
        merge=content['merge'],
        evidence=content.get('evidence') or {},
    )


def _member(entry: Mapping[str, Any], file: Path, place: str) -> EnsembleMember:
    prediction = entry.get('prediction') or {}
    check_structure(prediction, {str: object}, f'{place}.prediction')
    if not 0 < entry['weight'] < float('inf'):
        raise HandboneError(f'{place}.weight is {entry["weight"]}, not a number above 0')
    if not entry['views']:
        raise HandboneError(f'{place}.views is empty: the image as it is, is the view {{}}')
    checkpoint = file.parent / entry['checkpoint']
    if not checkpoint.is_file():
        raise HandboneError(
            f'{place}: there is no checkpoint {checkpoint}. Put it back, or run '
            '`handbone find-best` again'
        )
    found = file_hash(checkpoint)
    if found != entry['sha256']:
        raise HandboneError(
            f'{place}: {checkpoint} is another checkpoint than the one that was chosen: its hash '
            f'begins with {found[:8]}, not {entry["sha256"][:8]}. Put that one back, or run '
            '`handbone find-best` again'
        )
    return EnsembleMember(
        os.path.normpath(checkpoint),
        entry['sha256'],
        float(entry['weight']),
        tuple(entry['views']),
        prediction,
    )
