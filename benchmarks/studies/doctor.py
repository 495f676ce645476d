"""How many planted faults the doctor finds, and how many sound images it doubts.

    python -m benchmarks.studies.doctor work_dirs/doctor
    python -m benchmarks.studies.doctor work_dirs/doctor_jsrt --data jsrt/train --rounds 6

Sound phantoms are measured once. For each kind of fault, a tenth of them is replaced by images with
this fault, and all checks are made; the images without fault count for the false alarms. Recall is
the share of the faults that are found in the right image and class, by one of the checks that name
the fault; for files and copies in the right image. Some faults are what one check is made for; of
them, the table also has how many this check finds, whether or not another finding says the same.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from handbone.annotations import annotation_json
from handbone.bones import RAYS
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source
from handbone.doctor.checks.all_checks import CHECKS, run_checks, without_consequences
from handbone.doctor.examined import examine
from handbone.doctor.finding import Finding
from handbone.doctor.survey import Survey, survey
from handbone.files import write_atomically
from handbone.phantom import PRESETS, FaultSettings, write_dataset
from handbone.phantom.dataset import plan_files, write_phantom
from handbone.phantom.faults import COPIES, FAULTS, IN_TWO_SPLITS, OF_SECOND_IMAGE
from handbone.phantom.generator import compose
from handbone.radiographs.image_reading import read_image
from handbone.visualization.picture_file import write_picture

SHARED_PATIENT = 'patient-in-several-splits'
#: Checks that name each fault.
NAMED_BY: Mapping[str, tuple[str, ...]] = {
    'swapped': ('swapped-names',),
    'swapped-fingers': ('swapped-names',),
    'swapped-in-finger': ('swapped-names', 'finger-order'),
    'missing': ('missing-class',),
    # an outline that was moved or blown up beyond the border of the image
    'displaced': ('misplaced', 'points-outside'),
    'resized': ('out-of-proportion', 'misplaced', 'left-right-difference', 'points-outside'),
    'displaced-on-one-side': ('left-right-difference', 'misplaced', 'points-outside'),
    'resized-on-one-side': ('left-right-difference', 'out-of-proportion', 'misplaced'),
    'accessory': ('several-parts', 'specks', 'misplaced', 'unlike-class', 'straight-edge'),
    'doubled': ('doubled',),
    'self-crossing': ('self-crossing',),
    'spike': ('spikes',),
    'speck': ('specks', 'several-parts'),
    'cut': ('straight-edge', 'misplaced', 'out-of-proportion', 'left-right-difference'),
    'mirrored-labels': ('labels-elsewhere', 'mirrored'),
    # without sides in the names of images
    'wrong-side': ('wrong-side', 'mirrored'),
    'inverted': ('inverted',),
    'empty': ('empty-image',),
    'saturated': ('saturated',),
    'duplicate': ('duplicate',),
    'near-duplicate': ('duplicate',),
    'rescaled-duplicate': ('duplicate',),
    'mirrored-duplicate': ('duplicate',),
    IN_TWO_SPLITS: (SHARED_PATIENT,),
}
#: Checks that are made for one fault.
MADE_FOR: Mapping[str, str] = {
    'swapped-in-finger': 'finger-order',
    'displaced-on-one-side': 'left-right-difference',
    'resized-on-one-side': 'left-right-difference',
    'wrong-side': 'wrong-side',
    IN_TWO_SPLITS: SHARED_PATIENT,
}
HEAD = (
    *('fault', 'planted', 'found', 'recall', 'found by the check made for it'),
    'false alarms per 100 sound images',
)
#: Faults that only hands have, and patients with two images.
OF_HANDS = ('swapped-fingers', 'swapped-in-finger', *OF_SECOND_IMAGE)
Truth = dict[str, tuple[str, ...]]


def planted(folder: Path, kind: str, images: int, size: int, seed: int) -> tuple[Survey, Truth]:
    """Write and measure the images of a dataset that have a fault, a tenth of them.

    Args:
        folder: Where they are written.
        kind: The fault.
        images: Number of images of the whole dataset.
        size: Their side in pixels.
        seed: Its seed; that of the sound one gives the same hands.

    Returns:
        What was measured, and the classes of the fault by image.
    """
    faults = FaultSettings((kind,), 0.1)
    plan = plan_files(folder, images, 0, seed, size, PRESETS['default'], True, faults)
    truth: Truth = {}
    for file in plan:
        if file.fault is None:
            continue
        if not file.written:
            write_phantom(file)
        polygons = compose(seed, file.fault.source, file.settings, size).polygons
        classes = file.fault.plant(np.zeros((size, size), np.uint8), polygons)[2]
        truth[f'{file.image.parent.name}/{file.image.name}'] = classes
    splits = [split for split in ('train', 'test') if (folder / split).exists()]
    return survey([Source(split, folder / split) for split in splits]), truth


def planted_into(folder: Path, kind: str, data: Path, seed: int) -> tuple[Survey, Truth]:
    """Plant a fault into every tenth image of a dataset, in copies of them, and measure these.

    Args:
        folder: Where the copies are written.
        kind: The fault.
        data: A dataset whose labels are polygons.
        seed: Seed of the faults.

    Returns:
        As :func:`planted`.
    """
    reader = Source('train', data).open()
    images = list(reader)
    truth: Truth = {}
    for number in range(3, len(images), 10):
        # what is copied is a sound image
        source = images[number - 2 if kind in COPIES else number]
        polygons = [(reader.classes[index], points) for index, points in source.labels.split()]
        rng = np.random.default_rng((seed, number))
        pixels, polygons, classes = FAULTS[kind](read_image(source.path), polygons, rng)
        image = images[number]
        write_picture(folder / 'DCM' / image.name, cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB))
        content = annotation_json(polygons, image.stem, Path(image.name).name, *pixels.shape)
        write_atomically(folder / 'outputs_json' / f'{image.stem}.json', content)
        truth[image.name] = classes
    choice = ClassChoice(reader.classes)
    return survey([Source('train', folder, choice=choice)]), truth


def found(findings: Sequence[Finding], truth: Truth, checks: Sequence[str]) -> int:
    """Count the faults that a check names: in all classes that they are about.

    Args:
        findings: Of all checks.
        truth: Classes of the fault by image.
        checks: The checks that name it.

    Returns:
        Their number.
    """
    named = {
        (each.image, name)
        for each in findings
        if each.check in checks
        for name in named_classes(each)
    }
    return sum(
        all((image, name) in named for name in classes or ('',)) for image, classes in truth.items()
    )


def named_classes(finding: Finding) -> tuple[str, ...]:
    """List the classes of a finding: of bones out of order, the whole finger."""
    if finding.check == 'finger-order':
        return next(ray for ray in RAYS.values() if finding.class_name in ray)
    return (finding.class_name,)


class Counts(NamedTuple):
    """What was found of one kind of fault.

    Attributes:
        planted: Number of faults.
        found: How many of them a check named.
        alone: How many of them the check that is made for them named.
        doubted: Sound images with a finding.
        sound: Sound images.
    """

    planted: int
    found: int
    alone: int
    doubted: int
    sound: int


def counts_of(kind: str, sound: Survey, faulty: Survey, truth: Truth) -> Counts:
    """Examine sound images of which some are replaced by those with a fault.

    Args:
        kind: The fault.
        sound: The sound images.
        faulty: Those with a fault.
        truth: Classes of the fault by image.

    Returns:
        The counts.
    """
    bad = {record.name: record for record in faulty.records}
    records = tuple(bad.get(each.name, each) for each in sound.records)
    data_with_faults = examine(replace(sound, records=records))
    every = [each for check in CHECKS for each in check(data_with_faults)]
    findings = without_consequences(every)
    hits = found(findings, truth, NAMED_BY[kind])
    alone = found(every, truth, (MADE_FOR[kind],)) if kind in MADE_FOR else 0
    # a patient in two splits is named for all images, the sound ones as well
    doubted = {each.image for each in findings if each.check != SHARED_PATIENT} - set(bad)
    return Counts(len(bad), hits, alone, len(doubted), len(records) - len(bad))


def row_of(kind: str, rounds: Sequence[Counts]) -> tuple[str, ...]:
    """Give the row of a fault in the table: the sums of all rounds."""
    total = Counts(*np.sum(rounds, axis=0).tolist())
    recall, rate = total.found / total.planted, 100 * total.doubted / total.sound
    alone = str(total.alone) if kind in MADE_FOR else ''
    return kind, str(total.planted), str(total.found), f'{recall:.3f}', alone, f'{rate:.1f}'


def main() -> None:
    """Plant, examine and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path, help='where images with faults are written')
    parser.add_argument('--images', type=int, default=400)
    parser.add_argument('--size', type=int, default=512)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--data', type=Path, help='a dataset to plant into, instead of phantoms')
    parser.add_argument(
        '--rounds', type=int, default=1, help='with --data: so many times, with seeds that follow'
    )
    parser.add_argument('--faults', nargs='+', choices=list(FAULTS))
    args = parser.parse_args()
    if args.rounds > 1 and args.data is None:
        parser.error('--rounds needs --data; take more --images of phantoms instead')
    data = args.data or args.folder / 'sound' / 'train'
    if args.data is None:
        write_dataset(args.folder / 'sound', args.images, 0, args.seed, args.size, progress=True)
    sound = survey([Source('train', data)])
    alarms = run_checks(examine(sound))
    table = Table(*HEAD)
    rate = 100 * len({each.image for each in alarms}) / len(sound.records)
    table.add_row('none', '', '', '', '', f'{rate:.1f}')
    kinds = args.faults or [kind for kind in FAULTS if args.data is None or kind not in OF_HANDS]
    for kind in track(kinds, 'examining', console=Console(stderr=True)):
        rounds = []
        for seed in range(args.seed, args.seed + args.rounds):
            folder = args.folder / str(seed) / kind
            if args.data is None:
                faulty, truth = planted(folder, kind, args.images, args.size, seed)
            else:
                faulty, truth = planted_into(folder, kind, args.data, seed)
            rounds.append(counts_of(kind, sound, faulty, truth))
        table.add_row(*row_of(kind, rounds))
    Console().print(table)
    counts = Counter(each.check for each in alarms)
    print('in sound images:', ', '.join(f'{check} {n}' for check, n in counts.items()) or 'nothing')


if __name__ == '__main__':
    main()
