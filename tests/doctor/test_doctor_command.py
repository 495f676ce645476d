"""The command: page, tables, lists and exit codes."""

import csv
import json
import re
import shutil

import cv2
import pytest

from handbone.apis import ClassChoice, convert, doctor
from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.datasets.formats.source import split_names
from handbone.doctor.page import ADVICE
from handbone.errors import HandboneError
from handbone.phantom import write_dataset


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp('doctor') / 'data'
    write_dataset(root, train=6, test=2, size=256)
    first, second = sorted((root / 'train/DCM').rglob('*.png'))[:2]
    # the second image is a copy of the first one, and its labels hold what must not become markup
    shutil.copy(first, second)
    labels = root / 'train/outputs_json'
    path = next(labels.rglob(f'{second.stem}.json'))
    document = json.loads(path.read_text())
    document['annotations'][0]['label'] = '<b>&'
    path.write_text(json.dumps(document))
    return root


@pytest.fixture(scope='module')
def report(data, tmp_path_factory):
    out = tmp_path_factory.mktemp('out')
    return out, doctor([data / 'train'], out)


def test_csv_json_and_page_say_the_same(report):
    out, result = report
    rows = list(csv.DictReader((out / 'findings.csv').open()))
    document = json.loads((out / 'findings.json').read_text())
    assert len(rows) == len(document['findings']) == len(result.findings) > 0
    for row, entry, finding in zip(rows, document['findings'], result.findings, strict=True):
        assert row['check'] == entry['check'] == finding.check
        assert row['image'] == entry['image'] == finding.image
        assert float(row['confidence']) == entry['confidence'] == finding.confidence
        assert row['picture'] == entry['picture']
        assert cv2.imread(str(out / row['picture'])) is not None
    page = (out / 'index.html').read_text()
    assert page.count('<tr data-check=') == len(rows)
    assert page.count('src="data:image/jpeg;base64,') == len(rows)
    duplicate = next(f for f in result.findings if f.check == 'duplicate')
    assert duplicate.other.startswith('train/')


def test_the_page_needs_no_network_and_is_escaped(report):
    out, _ = report
    page = (out / 'index.html').read_text()
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert 'http' not in re.sub(r'base64,[^"]*', '', page)
    assert '<b>&' not in page and '&lt;b&gt;&amp;' in page
    assert 'prefers-color-scheme' in page and 'viewport' in page


def test_every_check_has_advice(report):
    from pathlib import Path

    import handbone.doctor

    folder = Path(handbone.doctor.__file__).parent
    text = ''.join(file.read_text() for file in folder.rglob('*.py') if file.name != 'page.py')
    named = set(re.findall(r"(?:Finding|LabelDefect)\('([a-z-]+)'", text))
    named |= set(re.findall(r'``([a-z]+-[a-z-]+)``', text))
    assert named <= set(ADVICE)


def test_strict_ends_with_1_after_everything_was_written(data, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['doctor', str(data / 'train'), '--out', str(tmp_path), '--strict'])
    assert ended.value.code == 1
    assert (tmp_path / 'index.html').exists()
    assert 'findings in' in capsys.readouterr().out


def test_without_findings_strict_ends_with_0(data, tmp_path):
    args = ['--sure', '1', '--strict', '--out-dir', str(tmp_path)]
    main(['doctor', str(data / 'test'), *args])
    assert json.loads((tmp_path / 'findings.json').read_text())['findings'] == []


@pytest.mark.parametrize('suffix', ['.png', ''])
def test_a_list_without_rejected_images(data, tmp_path, suffix):
    from handbone.datasets.file_list import list_files, read_list_file

    names = [each.name for each in list_files(data / 'train/DCM', '.png')]
    (tmp_path / 'rejected.txt').write_text(f'{names[2].removesuffix(".png")}{suffix}\n')
    kept = tmp_path / 'kept.txt'
    options = ['--list', str(kept), '--rejected', str(tmp_path / 'rejected.txt')]
    main(['doctor', str(data / 'train'), '--out-dir', str(tmp_path / 'out'), *options])
    assert kept.read_text().split('\n')[:-1] == names[:2] + names[3:]
    chosen = read_list_file(kept, list_files(data / 'train/DCM', '.png'))
    assert [each.name for each in chosen] == names[:2] + names[3:]


def test_what_the_page_lets_reject_leaves_the_list(data, tmp_path):
    """An image that cannot be read can be ticked; labels that cannot be read cannot."""
    root = tmp_path / 'train'
    shutil.copytree(data / 'train', root)
    images = sorted((root / 'DCM').rglob('*.png'))
    names = [f'{path.parent.name}/{path.name}' for path in images]
    content = images[3].read_bytes()
    images[3].write_bytes(content[:60] + bytes(140) + content[200:])
    next((root / 'outputs_json').rglob(f'{images[4].stem}.json')).write_text('[')
    doctor([root], tmp_path / 'out')
    page = (tmp_path / 'out/index.html').read_text()
    ticked = set(re.findall(r'data-image="([^"]+)"', page))
    assert names[3] in ticked and ticked <= set(names) and 'data-check="rejected"' in page
    rejected, kept = tmp_path / 'rejected.txt', tmp_path / 'kept.txt'
    rejected.write_text(f'{names[3]}\n{names[1]}\n')
    doctor([root], tmp_path / 'out', list_file=kept, rejected=rejected)
    assert kept.read_text().splitlines() == [names[0], names[2], names[5]]


def test_two_splits(data, tmp_path):
    main(
        [
            'doctor',
            str(data / 'train'),
            str(data / 'test'),
            '--classes',
            *_names(data),
            '--out-dir',
            str(tmp_path),
        ]
    )
    document = json.loads((tmp_path / 'findings.json').read_text())
    assert document['images'] == 8


def test_a_test_set_without_labels(data, tmp_path):
    """Its images are compared with the others; that they have no labels is no finding."""
    images = tmp_path / 'test/DCM'
    shutil.copytree(data / 'test/DCM', images)
    copy = sorted((data / 'train/DCM').rglob('*.png'))[0]
    (images / 'ID9').mkdir()
    shutil.copy(copy, images / 'ID9/copy_R.png')
    result = doctor([tmp_path / 'test', data / 'train'], tmp_path / 'out')
    assert len(result.survey.records) == 9 and result.survey.labelled.sum() == 6
    assert {each.split for each in result.findings} == {'train'}
    alone = doctor([data / 'train'], tmp_path / 'alone')
    both = ({(f.check, f.image, f.class_name) for f in each.findings} for each in (result, alone))
    more, known = both
    assert more - known == {('duplicate', f'{copy.parent.name}/{copy.name}', '')}
    assert known <= more
    rows = {each.title: each.rows for each in result.tables}
    assert dict((cells[0], share) for cells, share in rows['Classes'])['Radius'] == 1
    with pytest.raises(HandboneError, match='has images but no labels'):
        doctor([tmp_path / 'test'], tmp_path / 'out')


def test_renamed_and_skipped_classes(data, tmp_path):
    words = ['--rename', 'Radius=forearm', 'Ulna=forearm', '--skip', '<b>&']
    main(['doctor', str(data / 'test'), *words, '--out-dir', str(tmp_path)])
    classes = json.loads((tmp_path / 'findings.json').read_text())['classes']
    assert set(classes) == {*CLASSES, 'forearm'} - {'Radius', 'Ulna'}


def _names(data):
    return [*CLASSES, '<b>&']


def test_predictions(data, tmp_path):
    images = sorted((data / 'test/DCM').rglob('*.png'))
    rows = [f'{path.name},finger-1,1 5' for path in images]
    (tmp_path / 'oof.csv').write_text('\n'.join(['image_name,class,rle', *rows]) + '\n')
    options = ['--predictions', str(tmp_path / 'oof.csv'), '--out-dir', str(tmp_path)]
    main(['doctor', str(data / 'test'), *options])
    tables = json.loads((tmp_path / 'findings.json').read_text())['tables']
    (table,) = [each for each in tables if each['title'] == 'Images that agree least']
    listed = {cells[0] for cells, _ in table['rows']}
    assert listed == {f'test/{path.parent.name}/{path.name}' for path in images}


def test_tables_of_patients(data, tmp_path):
    table = data / 'patients.csv'
    options = ['--table', str(table), '--out-dir', str(tmp_path)]
    main(['doctor', str(data / 'train'), *options])
    tables = json.loads((tmp_path / 'findings.json').read_text())['tables']
    by_title = {each['title']: each['rows'] for each in tables}
    with table.open() as file:
        sexes = [row['sex'] for row in csv.DictReader(file)][:3]
    for sex in set(sexes):
        count = 2 * sexes.count(sex)
        row = [['sex', 'train', sex, str(count)], count / 6]
        assert row in by_title['Groups of images']
    attributes = by_title['Attributes of the images']
    assert any(cells[:3] == ['age', 'train', '6'] for cells, _ in attributes)
    (tmp_path / 'other.csv').write_text('ID,age\nX1,3\n')
    with pytest.raises(HandboneError, match='none of its patients'):
        doctor([data / 'train'], tmp_path, table=tmp_path / 'other.csv')


def test_unreadable_labels_become_findings(data, tmp_path):
    root = tmp_path / 'train'
    shutil.copytree(data / 'train', root)
    broken = sorted((root / 'outputs_json').rglob('*.json'))[3]
    broken.write_text('{"annotations": [')
    result = doctor([root], tmp_path / 'out', list_file=tmp_path / 'kept.txt')
    (finding,) = [each for each in result.findings if each.check == 'rejected']
    assert finding.image == str(broken) and finding.confidence == 1
    assert broken.stem not in (tmp_path / 'kept.txt').read_text()


def test_data_of_which_nothing_can_be_read(data, tmp_path):
    root = tmp_path / 'train'
    shutil.copytree(data / 'train', root)
    for path in (root / 'outputs_json').rglob('*.json'):
        path.write_text('[')
    result = doctor([root], tmp_path / 'out', choice=ClassChoice(CLASSES))
    assert [each.check for each in result.findings] == ['rejected'] * 6
    assert (tmp_path / 'out/index.html').exists()


@pytest.mark.parametrize('kind', ['coco', 'label-png'])
def test_other_formats(data, tmp_path, kind):
    convert(data / 'train', tmp_path / 'data', kind)
    result = doctor([tmp_path / 'data'], tmp_path / 'out')
    assert len(result.survey.records) == 6
    (finding,) = [each for each in result.findings if each.check == 'duplicate']
    assert finding.confidence == 1


def test_one_class_without_image_files(tmp_path):
    folder = tmp_path / 'outputs_json/P1'
    folder.mkdir(parents=True)
    points = [[5, 5], [30, 5], [30, 30], [5, 30]]
    for number in range(3):
        labels = [dict(label='nail', points=points)] if number else []
        document = dict(annotations=labels, metadata=dict(height=64, width=64))
        (folder / f'{number}.json').write_text(json.dumps(document))
    result = doctor([tmp_path], tmp_path / 'out')
    checks = [each.check for each in result.findings]
    assert checks == ['no-labels']
    assert any('only its labels were examined' in note for note in result.notes)
    assert result.notes[-1].startswith('places and sizes of classes were not compared')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(rejected='x.txt'), 'list'),
        (dict(least_confidence=2), '0 to 1'),
        (dict(source_format='nothing'), 'no format'),
    ],
)
def test_bad_arguments(data, tmp_path, options, message):
    with pytest.raises(HandboneError, match=message):
        doctor([data / 'train'], tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_pictures_of_somebody_else_stay(data, tmp_path):
    radiograph = tmp_path / 'pictures/0001.jpg'
    radiograph.parent.mkdir()
    radiograph.write_bytes(b'a radiograph')
    with pytest.raises(HandboneError, match='files that are not of a report'):
        doctor([data / 'train'], tmp_path, progress=lambda images: pytest.fail('it was read'))
    assert radiograph.read_bytes() == b'a radiograph'


def test_classes_of_two_splits_must_agree(data, tmp_path):
    with pytest.raises(HandboneError, match='other classes'):
        doctor([data / 'train', data / 'test'], tmp_path)


def test_names_of_splits():
    assert split_names(['a/x', 'b/x', 'c/y']) == ['a/x', 'b/x', 'c/y']
    with pytest.raises(HandboneError, match='twice'):
        split_names(['a', 'a'])
