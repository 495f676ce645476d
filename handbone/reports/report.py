"""From predictions or a training run to a folder with a page."""

from collections.abc import Sequence
from pathlib import Path

from handbone.datasets.formats.source import split_names
from handbone.datasets.named_files import NamedFiles, without_suffix
from handbone.errors import HandboneError
from handbone.evaluation.score_table import ScoreTable
from handbone.files import write_atomically
from handbone.masks import decode
from handbone.pages.pictures_folder import PICTURES, empty_pictures, new_pictures
from handbone.radiographs.image_reading import read_image
from handbone.radiographs.reading import SUFFIXES as IMAGE_SUFFIXES
from handbone.runs import read_run
from handbone.scoring import evaluate
from handbone.submissions.submission_rows import SubmissionRows
from handbone.visualization.difference import draw_difference
from handbone.visualization.picture_file import write_picture

from .page import Content, Picture, picture_texts, report_html
from .tables import largest_differences

PAGE = 'index.html'
#: What `handbone test` and the hooks of a training write into a work dir.
SUBMISSION, SCORES = 'submission.csv', 'dice_per_image.csv'
#: Scores that need no surface, which take a second for hundreds of images.
QUICK_SCORES = ('dice', 'iou', 'precision', 'recall')
#: Folders of the images in the hand-bone layout, from the folder of the labels.
IMAGE_FOLDERS = ('DCM', '../DCM')


def write_report(
    source: str | Path,
    truth: str | Path | None = None,
    *,
    out_dir: str | Path,
    against: str | Path | None = None,
    images: str | Path | None = None,
    classes: Sequence[str] | None = None,
    common: bool = False,
    worst: int = 12,
) -> Path:
    """Write a page that needs no server: scores, curves, worst images, and differences of two CSVs.

    Args:
        source: CSV of masks or of scores, or the work dir of a training.
        truth: Folder of JSON files, or a CSV of masks. Without it the source holds scores.
        out_dir: Gets ``index.html`` and ``pictures/``.
        against: A second CSV of the same images to compare with.
        images: Folder of the images, to draw on. Default: where the hand-bone layout has them.
        classes: Class names in order. Default: as ``handbone evaluate`` chooses them.
        common: Score the images that both sides have, where others would be an error.
        worst: Number of pictures of the worst images, and of those where two differ most.

    Returns:
        The page.

    Raises:
        FileNotFoundError: A file or folder does not exist.
        HandboneError: Something cannot be read or does not fit, a CSV is compared with itself,
            there is nothing to report, or ``out_dir`` has a folder ``pictures`` with files that no
            report wrote.
        OSError: Something cannot be written.

    Example:
        >>> write_report('submission.csv', 'data/test', out_dir='report')
        PosixPath('report/index.html')
    """
    source, out_dir = Path(source), Path(out_dir)
    name, other_name = source.name, ''
    if against is not None:
        name, other_name = split_names([source, against])
    notes: list[str] = []
    run = None
    prediction: Path | None = source
    if source.is_dir():
        run = read_run(source)
        prediction = _scored_file(source, truth is not None)
        if run is None and prediction is None:
            raise HandboneError(
                f'{source} holds neither a validated training nor {SUBMISSION} or {SCORES}. Name '
                'a work dir, or a CSV and the labels.'
            )
    if prediction is None:
        empty_pictures(out_dir)
        notes.append('The run has no scores of single images.')
        content = Content(name, run=run, notes=notes)
        return _write(content, out_dir)
    folder = _image_folder(truth, images)
    drawn = truth is not None and folder is not None
    if truth is not None and folder is None:
        notes.append('No pictures: the folder of the images is not known (--images).')
    differing: list[Picture] = []
    with new_pictures(out_dir) as new:
        evaluation = evaluate(
            prediction,
            truth,
            against=against,
            scores=QUICK_SCORES if truth is not None else None,
            images=folder if truth is not None else None,
            classes=classes,
            common=common,
            show_dir=new if drawn and worst else None,
            worst=worst,
        )
        table, other = evaluation.scores, evaluation.others
        if drawn and other is not None and against is not None and folder is not None:
            both = prediction, Path(against)
            differing = _draw_differences(both, folder, (table, other), new, worst)
    texts = picture_texts(table, table.worst(worst))
    # the last picture is the sheet of all of them
    worst_pictures = [
        Picture(f'{PICTURES}/{file.name}', text)
        for file, text in zip(evaluation.pictures[:-1], texts.values(), strict=False)
    ]
    content = Content(
        name,
        table,
        other_name,
        other,
        run,
        worst_pictures,
        differing,
        [*notes, *evaluation.notes],
    )
    return _write(content, out_dir)


def _write(content: Content, out_dir: Path) -> Path:
    page = out_dir / PAGE
    write_atomically(page, report_html(content).encode(errors='replace'))
    return page


def _scored_file(work_dir: Path, with_truth: bool) -> Path | None:
    """Find masks, or scores, that a run has left; the newest of several."""
    name = SUBMISSION if with_truth else SCORES
    found = [*work_dir.glob(name), *work_dir.glob(f'*/{name}')]
    return max(found, key=lambda path: path.stat().st_mtime) if found else None


def _image_folder(truth: str | Path | None, images: str | Path | None) -> Path | None:
    if images is not None:
        return Path(images)
    if truth is None or not Path(truth).is_dir():
        return None
    folders = (Path(truth) / name for name in IMAGE_FOLDERS)
    return next((folder for folder in folders if folder.is_dir()), None)


def _draw_differences(
    paths: tuple[Path, Path],
    folder: Path,
    tables: tuple[ScoreTable, ScoreTable],
    drawn: Path,
    count: int,
) -> list[Picture]:
    """Draw where two files differ, of the images whose scores differ most, into a folder."""
    files = NamedFiles(folder, IMAGE_SUFFIXES)
    pictures: list[Picture] = []
    means = [table.image_means(table.ranking) for table in tables]
    with SubmissionRows(paths[0]) as first, SubmissionRows(paths[1]) as second:
        for row in largest_differences(*tables, count):
            path = files.path(tables[0].images[row])
            if path is None:
                continue
            image = read_image(str(path))
            height, width = image.shape[:2]
            maps = []
            for rows, table in zip((first, second), tables, strict=True):
                runs = rows.read(table.images[row], table.classes, height * width)
                maps.append(decode(runs.by_class(len(table.classes)), height, width))
            stem = without_suffix(tables[0].images[row]).replace('/', '_')
            name = f'difference_{len(pictures) + 1:02d}_{stem}.jpg'
            write_picture(drawn / name, draw_difference(image, maps[0], maps[1]))
            text = f'{tables[0].images[row]}: {means[0][row]:.4f} and {means[1][row]:.4f}'
            pictures.append(Picture(f'{PICTURES}/{name}', text))
    return pictures
