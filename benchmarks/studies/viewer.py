"""How long the viewer takes: to answer, to the first picture, to the next one, and to list.

    python -m benchmarks.studies.viewer work_dirs/viewer

Phantoms of 2048 x 2048 with three CSV files of moved masks are shown in headless Chromium on this
machine, which decodes the pictures and paints on the same cores. The times are those of a user:
from the start of the command until it answers, from opening the page until the first picture is
painted, and from the key to the next picture: one that the page has fetched ahead, and one far
away. Then many images are listed; they are links to one image, and a list opens none of them.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.harness.chromium import Page, opened
from handbone.bones import CLASSES
from handbone.datasets.formats.hand_bone import HandBoneReader
from handbone.phantom import write_dataset
from handbone.submissions.rle_rows import HEADER, rle_rows, run_rows

SIZE = 2048
FILES = 3


def make_images(folder: Path, count: int) -> list[Path]:
    """Make phantoms and CSV files of their masks, moved by a few pixels.

    Args:
        folder: Where they go; what is there is used again.
        count: Number of phantoms.

    Returns:
        The folder of the data, and the CSV files.
    """
    data = folder / 'test'
    write_dataset(folder, 0, count, size=SIZE)
    paths = [folder / f'masks_{number}.csv' for number in range(FILES)]
    if not all(path.exists() for path in paths):
        for number, path in enumerate(paths):
            with path.open('wb') as file:
                file.write(HEADER)
                for image in HandBoneReader(data):
                    packed = np.roll(image.draw(len(CLASSES)), 4 * number + 2, axis=1)
                    file.write(rle_rows(Path(image.name).name, CLASSES, packed))
    return [data, *paths]


def make_many(folder: Path, data: Path, count: int) -> list[Path]:
    """Make a dataset of links to one image and its labels, and a CSV of small masks.

    Args:
        folder: Where they go; what is there is used again.
        data: A dataset.
        count: Number of images.

    Returns:
        The folder of the data, and the CSV file.
    """
    many, csv_file = folder / f'many_{count}', folder / f'many_{count}.csv'
    if not csv_file.exists():
        image = next(iter(HandBoneReader(data))).path
        assert image is not None
        label = data / 'outputs_json' / image.relative_to(data / 'DCM').with_suffix('.json')
        runs = [np.array([[index * 1000, 50]]) for index in range(len(CLASSES))]
        rows = [HEADER]
        for number in range(count):
            name = f'ID{number // 2:05d}/image{number:05d}_{"RL"[number % 2]}'
            for part, target in (('DCM', image), ('outputs_json', label)):
                path = many / part / f'{name}{target.suffix}'
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.exists():
                    os.link(target, path)
            rows.append(run_rows(f'{Path(name).name}.png', CLASSES, runs))
        csv_file.write_bytes(b''.join(rows))
    return [many, csv_file]


@contextmanager
def answering(sources: Sequence[Path], marks: Path) -> Iterator[tuple[str, float]]:
    """Start the command, and give its address and the seconds until it answered."""
    begin = time.perf_counter()
    words = ['view', *map(str, sources), '--port', '0', '--no-browser', '--marks', str(marks)]
    command = [sys.executable, '-m', 'handbone_command', *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = None
        while found is None:
            found = re.search(r'http://\S+', process.stdout.readline())
        with urllib.request.urlopen(f'{found.group()}session') as answer:
            answer.read()
        yield found.group(), time.perf_counter() - begin
    finally:
        process.terminate()
        process.wait()


def shown(page: Page, index: int) -> None:
    """Wait until an image is painted."""
    page.run(
        'new Promise(done => { const look = () => document.body.dataset.shown === '
        f'"{index}" ? requestAnimationFrame(() => done(1)) : setTimeout(look, 2); look(); }})'
    )


def measure_pictures(sources: Sequence[Path], folder: Path, count: int) -> dict[str, list[float]]:
    """Measure what a user waits for, in seconds.

    Args:
        sources: Data and CSV files.
        folder: Gets the file of the marks.
        count: Number of images.

    Returns:
        Seconds by what is waited for.
    """
    times: dict[str, list[float]] = {'command answers': [], 'first picture': []}
    times |= {'next picture': [], 'picture far away': [], 'class switched': []}
    with answering(sources, folder / 'marks.csv') as (address, seconds):
        times['command answers'].append(seconds)
        with tempfile.TemporaryDirectory() as empty, opened('about:blank', Path(empty)) as page:
            begin = time.perf_counter()
            page.call('Page.navigate', url=address)
            page.wait('document.body?.dataset.shown === "0"')
            times['first picture'].append(time.perf_counter() - begin)
            time.sleep(3)
            for index in range(1, count):
                begin = time.perf_counter()
                page.press('j')
                shown(page, index)
                times['next picture'].append(time.perf_counter() - begin)
                time.sleep(1)
            for index in range(0, count, 4):
                begin = time.perf_counter()
                page.run(f'document.querySelector("[data-index=\'{index}\']").click()')
                shown(page, index)
                times['picture far away'].append(time.perf_counter() - begin)
                time.sleep(1)
            for _ in range(5):
                begin = time.perf_counter()
                page.run(
                    'document.querySelector("#class-table input").click();'
                    'new Promise(requestAnimationFrame)'
                )
                times['class switched'].append(time.perf_counter() - begin)
    return times


def measure_list(sources: Sequence[Path], folder: Path) -> dict[str, list[float]]:
    """Measure listing many images, in seconds.

    Args:
        sources: Data and a CSV file.
        folder: Gets the file of the marks.

    Returns:
        Seconds by what is waited for.
    """
    times: dict[str, list[float]] = {'many: command answers': [], 'many: names': []}
    times |= {'many: order by Dice': [], 'many: search': []}
    with answering(sources, folder / 'marks.csv') as (address, seconds):
        times['many: command answers'].append(seconds)
        asked = {'names': 'names', 'order by Dice': 'order?sort=dice', 'search': 'order?text=42_r'}
        for _ in range(5):
            for name, path in asked.items():
                begin = time.perf_counter()
                with urllib.request.urlopen(f'{address}{path}') as answer:
                    answer.read()
                times[f'many: {name}'].append(time.perf_counter() - begin)
    return times


def main() -> None:
    """Make what is needed, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--images', type=int, default=12)
    parser.add_argument('--many', type=int, default=10_000)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    sources = make_images(args.folder, args.images)
    report(measure_pictures(sources, args.folder, args.images))
    report(measure_list(make_many(args.folder, sources[0], args.many), args.folder))


def report(times: dict[str, list[float]]) -> None:
    """Print a line for everything that was measured.

    Args:
        times: Seconds by what was waited for.
    """
    for name, seconds in times.items():
        middle, largest = median(seconds) * 1e3, max(seconds) * 1e3
        print(f'{name:24} median {middle:7.0f} ms  largest {largest:7.0f} ms  of {len(seconds)}')


if __name__ == '__main__':
    main()
