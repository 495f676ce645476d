"""tools/evaluate.py on phantoms: scores, comparison, pictures, and what it says of bad input."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest

from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.datasets.annotation_file import read_annotations
from handbone.masks import dice, encode, overlap_counts, pack, rasterize, runs_to_string

SIZE = (320, 320)


def shifted(packed, pixels):
    moved = np.zeros_like(packed)
    moved[:, pixels:] = packed[:, : packed.shape[1] - pixels]
    return moved


def write_masks(path, maps, classes=CLASSES, suffix='.png'):
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['image_name', 'class', 'rle'])
        for name, packed in maps.items():
            for index, runs in enumerate(encode(packed, len(classes))):
                writer.writerow([f'{name}{suffix}', classes[index], runs_to_string(runs)])
    return path


@pytest.fixture(scope='module')
def annotations(phantom_root):
    return phantom_root / 'test' / 'outputs_json'


@pytest.fixture(scope='module')
def truths(annotations):
    """Packed maps by the stem of the image."""
    indices = {name: index for index, name in enumerate(CLASSES)}
    return {
        path.stem: rasterize(read_annotations(path, indices).polygons.split(), *SIZE, len(CLASSES))
        for path in sorted(annotations.rglob('*.json'))
    }


@pytest.fixture(scope='module')
def masks(truths, tmp_path_factory):
    """A CSV of the truth, one pixel too far to the right."""
    path = tmp_path_factory.mktemp('masks') / 'one.csv'
    return write_masks(path, {name: shifted(packed, 1) for name, packed in truths.items()})


@pytest.fixture
def fails(capsys, monkeypatch):
    """Run the tool's function and return the one line that it writes on its error."""
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(['evaluate', *map(str, arguments)])
        assert stopped.value.code == 1
        (line,) = [
            line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')
        ]
        return line.removeprefix('error: ')

    return run


@pytest.mark.slow
def test_the_tool(run_tool, masks, truths, annotations, phantom_root, tmp_path):
    other = {name: shifted(packed, 3) for name, packed in truths.items()}
    out, _ = run_tool(
        'evaluate.py',
        *(masks, annotations, '--out', tmp_path / 'scores' / 'table.csv', '--spacing', 0.2),
        *('--against', write_masks(tmp_path / 'three.csv', other), '--worst', 2),
        *('--images', phantom_root / 'test' / 'DCM', '--show-dir', tmp_path / 'shown'),
    )
    expected = np.array(
        [dice(overlap_counts(shifted(packed, 1), packed, 29)) for packed in truths.values()]
    )
    assert f'| mean       | {expected.mean():.4f} |' in out
    assert f'| carpals    | {expected[:, 19:27].mean():.4f} |' in out
    assert f'| Pisiform   | {expected[:, 26].mean():.4f} |' in out
    assert 'HD95 (mm)' in out
    assert 'Surface Dice @0.5 mm' in out
    assert 'too narrow' in out
    assert 'Dice: +0.' in out
    worst = list(truths)[int(expected.mean(axis=1).argmin())]
    assert f'  {worst}.png: Dice {expected.mean(axis=1).min():.3f}, worst ' in out
    with (tmp_path / 'scores' / 'table.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(truths) * 29
    scores = np.array([float(row['dice']) for row in rows]).reshape(-1, 29)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert {row['hd95'] for row in rows} == {'0.200000'}
    assert {row['patient'] for row in rows} == {path.name for path in annotations.iterdir()}
    shown = sorted(path.name for path in (tmp_path / 'shown').iterdir())
    assert shown[0] == f'01_{worst}.jpg'
    assert len(shown) == 3
    assert shown[-1] == 'worst.jpg'


def test_another_csv_is_scored_without_sizes(masks, truths, tmp_path, capsys):
    truth = write_masks(tmp_path / 'truth.csv', truths, suffix='')
    main(['evaluate', str(masks), str(truth)])
    without = capsys.readouterr().out
    assert 'does not tell the size of the images: add --size HEIGHT WIDTH' in without
    assert 'HD95' not in without.split('\n', 1)[1]
    main(['evaluate', str(masks), str(truth), '--size', '320', '320'])
    assert 'HD95 (px)' in capsys.readouterr().out


def test_tables_of_scores_give_intervals_and_are_compared(masks, annotations, tmp_path, capsys):
    table = tmp_path / 'table.csv'
    main(['evaluate', str(masks), str(annotations), '--out', str(table), '--metrics', 'assd,dice'])
    first = capsys.readouterr().out
    main(['evaluate', str(table)])
    assert capsys.readouterr().out == first
    per_image = tmp_path / 'dice_per_image.csv'
    for name, value in (('a', '0.8'), ('b', '0.9')):
        rows = [f'data/ID{index}/{name}.png,{value},{value},{value}' for index in range(12)]
        (tmp_path / f'{name}.csv').write_text('image,mean,x,y\n' + '\n'.join(rows) + '\n')
    text = (tmp_path / 'a.csv').read_text().replace('a.png', 'b.png')
    per_image.write_text(text)
    main(['evaluate', str(tmp_path / 'b.csv'), '--against', str(per_image)])
    assert 'Dice: +0.1000, 95 % interval +0.1000 to +0.1000: more than chance.' in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ('names', 'patients'),
    [
        ('data/DCM/image{}.png', 12),
        ('data/DCM/ID{}/left/image.png', 12),
        ('data/DCM/ID1/image{0}.png data/DCM/ID2/image{0}.png', 2),
    ],
)
def test_patients_of_a_table(tmp_path, capsys, names, patients):
    """The folders below the one that holds all images; without them every image is one."""
    rows = [f'{name.format(index)},1,1,1\n' for index in range(12) for name in names.split()]
    (tmp_path / 'dice_per_image.csv').write_text('image,mean,x,y\n' + ''.join(rows))
    main(['evaluate', str(tmp_path / 'dice_per_image.csv')])
    assert f'{len(rows)} images of {patients} patients' in capsys.readouterr().out


def test_folders_of_images_that_lack_some(fails, masks, truths, annotations, tmp_path, capsys):
    """Said before anything is scored."""
    lacking = tmp_path / 'DCM'
    lacking.mkdir()
    first = sorted(truths)[0]
    cv2.imwrite(str(lacking / f'{first}.png'), np.zeros((320, 320), np.uint8))
    found = fails(masks, masks, '--images', lacking, '--metrics', 'hd95')
    assert f'{lacking} lacks {len(truths) - 1} images whose size is needed' in found
    found = fails(masks, annotations, '--images', lacking, '--show-dir', tmp_path / 'worst')
    assert f'{lacking} lacks {len(truths) - 1} images that --show-dir may draw' in found
    assert 'images of' not in capsys.readouterr().out


def test_options_that_a_table_does_not_take(fails, tmp_path):
    table = tmp_path / 'dice_per_image.csv'
    table.write_text('image,mean,a\nID1/x.png,1,1\n')
    found = fails(table, '--metrics', 'hd95', '--show-dir', tmp_path / 'worst')
    assert '--metrics, --show-dir need masks and a REFERENCE' in found


def test_other_classes(tmp_path, capsys):
    folder = tmp_path / 'json'
    folder.mkdir()
    square = dict(label='lung', points=[[2, 2], [8, 2], [8, 8], [2, 8]])
    document = dict(annotations=[square, dict(square, label='pacemaker')])
    (folder / 'a.json').write_text(json.dumps(document))
    mask = np.zeros((2, 12, 12), bool)
    mask[0, 2:9, 2:9] = True
    masks = write_masks(tmp_path / 'masks.csv', {'a': pack(mask)}, ('lung', 'heart'))
    settings = ('--size', '12', '12', '--skip-labels', 'pacemaker')
    main(['evaluate', str(masks), str(folder), *settings])
    assert '| mean      | 1.0000 |' in capsys.readouterr().out


def test_images_that_only_one_side_has(fails, masks, annotations, tmp_path, capsys):
    fewer = tmp_path / 'fewer'
    shutil.copytree(annotations, fewer)
    removed = sorted(fewer.rglob('*.json'))[0]
    removed.unlink()
    found = fails(masks, fewer)
    assert f"of its 3 images 2 can be scored; 1 are not in {fewer} ('{removed.stem}.png')" in found
    assert 'score the 2 common images with --common' in found
    main(['evaluate', str(masks), str(fewer), '--common'])
    assert '2 images' in capsys.readouterr().out
    rows = masks.read_text().splitlines(keepends=True)
    part = tmp_path / 'part.csv'
    part.write_text(''.join(rows[: 1 + 29]))
    found = fails(part, annotations)
    assert f'2 of {annotations} are missing' in found
    strange = tmp_path / 'strange.csv'
    strange.write_text(
        ''.join(rows[: 1 + 29]).replace('image', 'x').replace('x_name', 'image_name')
    )
    assert 'have no image in common' in fails(strange, annotations)
    assert 'can be scored' in fails(masks, annotations, '--against', part)
    main(['evaluate', str(masks), str(annotations), '--against', str(part), '--common'])
    assert '1 images of 1 patients' in capsys.readouterr().out


def test_bad_rows(fails, masks, annotations, tmp_path):
    rows = masks.read_text().splitlines()
    bad = tmp_path / 'bad.csv'
    for line, change, words in (
        (3, lambda row: rows[1], 'second row of image'),
        (2, lambda row: row + ' 7', 'odd count'),
        (2, lambda row: row + ' 102400 2', 'ends outside the map of 102400 pixels'),
        (4, lambda row: row.replace('finger-3', 'toe-3'), "unknown class 'toe-3'"),
        (30, lambda row: row.rpartition(',')[0], '2 fields where the header has 3'),
    ):
        changed = [change(row) if number == line else row for number, row in enumerate(rows, 1)]
        bad.write_text('\n'.join(changed) + '\n')
        classes = () if 'toe' not in words else ('--classes', *CLASSES)
        found = fails(bad, annotations, *classes)
        assert found.startswith(f'{bad}, line {line}: ')
        assert words in found
    bad.write_text('\n'.join(rows[:5]) + '\n')
    assert "has no row of class 'finger-5'" in fails(bad, annotations)


def test_masks_of_another_size(fails, truths, annotations, phantom_root, tmp_path, capsys):
    small = {name: packed[::2, ::2] for name, packed in truths.items()}
    masks = write_masks(tmp_path / 'small.csv', small)
    main(['evaluate', str(masks), str(annotations)])
    assert 'made for images of a different size?' in capsys.readouterr().out
    found = fails(masks, annotations, '--size', '160', '160')
    assert '.json: the polygons were drawn on an image of width 320 and height 320' in found
    masks = write_masks(tmp_path / 'truth.csv', truths)
    found = fails(masks, masks, '--size', '160', '160')
    assert 'truth.csv, line ' in found
    assert 'ends outside the map of 25600 pixels' in found


def test_annotations_that_cannot_be_used(fails, masks, annotations, tmp_path):
    folder = tmp_path / 'json'
    shutil.copytree(annotations, folder)
    path = sorted(folder.rglob('*.json'))[0]
    sound = json.loads(path.read_text())
    path.write_text(json.dumps(sound | dict(metadata={})))
    assert fails(masks, folder).startswith(f'{path}: the metadata does not tell')
    path.write_text(json.dumps(sound | dict(metadata=dict(height='320', width=320))))
    assert f'{path}: the metadata gives' in fails(masks, folder)
    path.write_text('{')
    assert f'{path}: the file is not JSON' in fails(masks, folder)
    path.write_text(json.dumps(sound))
    (folder / 'ID9999').mkdir()
    shutil.copy(path, folder / 'ID9999')
    assert f'2 files are named {path.stem + ".png"!r}' in fails(masks, folder)


def test_settings_that_make_no_sense(fails, masks, annotations, tmp_path):
    assert 'no such file or folder' in fails(masks, tmp_path / 'none')
    assert 'is a folder' in fails(annotations, masks)
    assert 'unknown scores dise' in fails(masks, annotations, '--metrics', 'dise')
    assert 'Tolerances' in fails(masks, annotations, '--tolerance', '-1')
    assert 'The spacing is one or two lengths above 0' in fails(
        masks, annotations, '--spacing', '0'
    )
    assert 'add --images FOLDER' in fails(masks, annotations, '--show-dir', tmp_path)
    assert 'HEIGHT WIDTH' in fails(masks, masks, '--metrics', 'hd95')
    assert 'is not a table of scores' in fails(masks)
    assert 'holds no .json' in fails(masks, tmp_path)
    table = tmp_path / 'dice_per_image.csv'
    table.write_text('image,mean,a,b\nID1/x.png,1,1\n')
    assert f'{table}, line 2: 3 fields where the header has 4' in fails(table)
    table.write_text('image,mean,a,b\nID1/x.png,1,1,much\n')
    assert "line 2: 'much' is not a score from 0 to 1" in fails(table)


def test_overlaps_of_pairs(masks, truths, annotations, tmp_path, capsys, fails):
    out = tmp_path / 'pairs.csv'
    arguments = [str(masks), str(annotations), '--metrics', 'dice']
    main(['evaluate', *arguments, '--overlap', '--overlap-out', str(out)])
    shown = capsys.readouterr().out
    assert 'Within the overlap of pairs' in shown and 'Surface Dice @2 px' in shown
    with out.open(newline='') as file:
        rows = list(csv.DictReader(file))
    scores = [float(row['dice']) for row in rows if row['dice'] != 'NA']
    pairs = {row['class'] for row in rows}
    assert 'Trapezium+Trapezoid' in pairs
    expected = []
    for name in pairs:
        first, second = (1 << CLASSES.index(each) for each in name.split('+'))
        for packed in truths.values():
            predicted, true = (
                (each & first > 0) & (each & second > 0) for each in (shifted(packed, 1), packed)
            )
            if true.any():
                both, sizes = (predicted & true).sum(), predicted.sum() + true.sum()
                expected.append((2 * both + 1e-4) / (sizes + 1e-4))
    np.testing.assert_allclose(sorted(scores), sorted(expected), atol=1e-6)
    main(['evaluate', *arguments, '--overlap', 'adjacent-bones'])
    assert '| Radius+Scaphoid ' in capsys.readouterr().out
    assert "'Radius+Elbow' is not a pair of classes" in fails(
        *arguments, '--overlap', 'Radius+Elbow'
    )


def test_scores_by_attributes(masks, truths, annotations, phantom_root, capsys, fails, tmp_path):
    arguments = [str(masks), str(annotations), '--metrics', 'dice']
    table = phantom_root / 'patients.csv'
    main(['evaluate', *arguments, '--by', 'sex,side,bend', '--table', str(table)])
    shown = capsys.readouterr().out
    with table.open(newline='') as file:
        sexes = {row['ID']: row['sex'] for row in csv.DictReader(file)}
    dices, values = {}, {}
    for path in sorted(annotations.rglob('*.json')):
        packed = truths[path.stem]
        dices[path.stem] = dice(overlap_counts(shifted(packed, 1), packed, 29)).mean()
        values[path.stem] = sexes[path.parent.name], path.stem[-1]
    for place, name in enumerate(('sex', 'side')):
        for value in {each[place] for each in values.values()}:
            stems = [stem for stem, each in values.items() if each[place] == value]
            mean = np.mean([dices[stem] for stem in stems])
            line = next(line for line in shown.splitlines() if f'| {name} {value} ' in line)
            cells = [cell.strip() for cell in line.strip('|').split('|')]
            assert cells[1] == str(len(stems)) and cells[3] == f'{mean:.4f}'
    assert '| bend upright ' in shown or '| bend bent ' in shown
    assert '--by sex: nothing tells it. Add --table' in fails(*arguments, '--by', 'sex')
    assert "has the columns 'age'" in fails(*arguments, '--by', 'x', '--table', table)
    out = tmp_path / 'scores.csv'
    main(['evaluate', *arguments, '--out', str(out)])
    main(['evaluate', str(out), '--by', 'side,sex', '--table', str(table)])
    assert '| sex ' in capsys.readouterr().out
    assert 'It is measured from reference masks' in fails(out, '--by', 'bend')


def test_bends_of_masks_without_a_size(masks, truths, tmp_path, fails, capsys):
    truth = write_masks(tmp_path / 'truth.csv', truths)
    arguments = (masks, truth, '--metrics', 'dice', '--by', 'bend')
    assert 'does not tell the size of the images, which --by bend needs' in fails(*arguments)
    main(['evaluate', *map(str, arguments), '--size', '320', '320'])
    assert '| bend ' in capsys.readouterr().out
