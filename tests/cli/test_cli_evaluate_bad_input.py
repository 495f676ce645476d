"""handbone evaluate: what it says of input that does not fit."""

import json
import shutil

from made_masks import write_masks

from handbone.bones import CLASSES
from handbone.cli.command import main


def test_options_that_a_table_does_not_take(refused, tmp_path):
    table = tmp_path / 'dice_per_image.csv'
    table.write_text('image,mean,a\nID1/x.png,1,1\n')
    found = refused(table, '--metrics', 'hd95', '--show-dir', tmp_path / 'worst')
    assert '--metrics, --show-dir need masks and a REFERENCE' in found


def test_images_that_only_one_side_has(refused, masks, annotations, tmp_path, capsys):
    fewer = tmp_path / 'fewer'
    shutil.copytree(annotations, fewer)
    removed = sorted(fewer.rglob('*.json'))[0]
    removed.unlink()
    found = refused(masks, fewer)
    assert f"of its 3 images 2 can be scored; 1 are not in {fewer} ('{removed.stem}.png')" in found
    assert 'score the 2 common images with --common' in found
    main(['evaluate', str(masks), str(fewer), '--common'])
    assert '2 images' in capsys.readouterr().out
    rows = masks.read_text().splitlines(keepends=True)
    part = tmp_path / 'part.csv'
    part.write_text(''.join(rows[: 1 + 29]))
    found = refused(part, annotations)
    assert f'2 of {annotations} are missing' in found
    strange = tmp_path / 'strange.csv'
    strange.write_text(
        ''.join(rows[: 1 + 29]).replace('image', 'x').replace('x_name', 'image_name')
    )
    assert 'have no image in common' in refused(strange, annotations)
    assert 'can be scored' in refused(masks, annotations, '--against', part)
    main(['evaluate', str(masks), str(annotations), '--against', str(part), '--common'])
    assert '1 image of 1 patient' in capsys.readouterr().out


def test_bad_rows(refused, masks, annotations, tmp_path):
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
        found = refused(bad, annotations, *classes)
        assert found.startswith(f'{bad}, line {line}: ')
        assert words in found
    bad.write_text('\n'.join(rows[:5]) + '\n')
    assert "has no row of class 'finger-5'" in refused(bad, annotations)


def test_masks_of_another_size(refused, truths, annotations, phantom_root, tmp_path, capsys):
    small = {name: packed[::2, ::2] for name, packed in truths.items()}
    masks = write_masks(tmp_path / 'small.csv', small)
    main(['evaluate', str(masks), str(annotations)])
    assert 'made for images of a different size?' in capsys.readouterr().out
    found = refused(masks, annotations, '--size', '160', '160')
    assert '.json: the polygons were drawn on an image of width 320 and height 320' in found
    masks = write_masks(tmp_path / 'truth.csv', truths)
    found = refused(masks, masks, '--size', '160', '160')
    assert 'truth.csv, line ' in found
    assert 'ends outside the map of 25600 pixels' in found


def test_annotations_that_cannot_be_used(refused, masks, annotations, tmp_path):
    folder = tmp_path / 'json'
    shutil.copytree(annotations, folder)
    path = sorted(folder.rglob('*.json'))[0]
    sound = json.loads(path.read_text())
    path.write_text(json.dumps(sound | dict(metadata={})))
    assert refused(masks, folder).startswith(f'{path}: the metadata does not tell')
    path.write_text(json.dumps(sound | dict(metadata=dict(height='320', width=320))))
    assert f'{path}: the metadata gives' in refused(masks, folder)
    path.write_text('{')
    assert f'{path}: the file is not JSON' in refused(masks, folder)
    path.write_text(json.dumps(sound))
    (folder / 'ID9999').mkdir()
    shutil.copy(path, folder / 'ID9999')
    assert f'2 files are named {path.stem + ".png"!r}' in refused(masks, folder)


def test_settings_that_make_no_sense(refused, masks, annotations, tmp_path):
    assert 'no such file or folder' in refused(masks, tmp_path / 'none')
    assert 'is a folder' in refused(annotations, masks)
    assert 'unknown scores dise' in refused(masks, annotations, '--metrics', 'dise')
    assert 'Tolerances' in refused(masks, annotations, '--tolerance', '-1')
    said = refused(masks, annotations, '--spacing', '0')
    assert 'The spacing is one or two lengths above 0' in said and '--spacing MM' in said
    assert 'add --images FOLDER' in refused(masks, annotations, '--show-dir', tmp_path)
    assert 'HEIGHT WIDTH' in refused(masks, masks, '--metrics', 'hd95')
    assert 'is not a table of scores' in refused(masks)
    assert 'holds no .json' in refused(masks, tmp_path)
    table = tmp_path / 'dice_per_image.csv'
    table.write_text('image,mean,a,b\nID1/x.png,1,1\n')
    assert f'{table}, line 2: 3 fields where the header has 4' in refused(table)
    table.write_text('image,mean,a,b\nID1/x.png,1,1,much\n')
    assert "line 2: 'much' is not a score from 0 to 1" in refused(table)
