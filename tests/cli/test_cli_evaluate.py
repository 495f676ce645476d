"""tools/evaluate.py on phantoms: scores, comparison and pictures."""

import csv
import json

import cv2
import numpy as np
import pytest
from made_masks import shifted, write_masks

from handbone.cli.command import main
from handbone.masks import dice, overlap_counts, pack


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


def test_patients_of_a_table_that_names_them(tmp_path, capsys):
    """As a dataset found them, whatever the folders are; an image without one is its own."""
    rows = [f'data/DCM/ID{index}/a.png,{"P" * (index % 3)},1,1,1\n' for index in range(12)]
    (tmp_path / 'dice_per_image.csv').write_text('image,patient,mean,x,y\n' + ''.join(rows))
    main(['evaluate', str(tmp_path / 'dice_per_image.csv')])
    assert '12 images of 6 patients' in capsys.readouterr().out


def test_folders_of_images_that_lack_some(refused, masks, truths, annotations, tmp_path, capsys):
    """Said before anything is scored."""
    lacking = tmp_path / 'DCM'
    lacking.mkdir()
    first = sorted(truths)[0]
    cv2.imwrite(str(lacking / f'{first}.png'), np.zeros((320, 320), np.uint8))
    found = refused(masks, masks, '--images', lacking, '--metrics', 'hd95')
    assert f'{lacking} lacks {len(truths) - 1} images whose size is needed' in found
    found = refused(masks, annotations, '--images', lacking, '--show-dir', tmp_path / 'worst')
    assert f'{lacking} lacks {len(truths) - 1} images that --show-dir may draw' in found
    assert 'images of' not in capsys.readouterr().out


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
