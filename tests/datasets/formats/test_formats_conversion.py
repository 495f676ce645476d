"""From any format to any other: the same masks, and a report of what was lost."""

import json

import numpy as np
import pytest
from made_images import CLASSES, assert_same, drawn_masks, made_image, made_images, write_all
from small_dataset import write_png

from handbone.cli.command import main
from handbone.datasets import DatasetError
from handbone.datasets.formats.catalogue import FORMATS, reader_class, recognise, writer_class
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.conversion import convert
from handbone.datasets.formats.label_png import encode_label_png
from handbone.errors import HandboneError
from handbone.masks import ignore_mask, pack, unpack

#: Formats that hold overlaps.
OVERLAPPING = (
    *('hand-bone', 'coco', 'rle-csv', 'labelme', 'cvat', 'label-studio'),
    *('label-png', 'class-masks', 'arrays', 'nnunet'),
)
#: Formats of one file for all images.
ONE_FILE = ('coco', 'rle-csv', 'cvat', 'label-studio')
#: Formats of one class per pixel.
FLAT = ('index-png', 'color-png')
#: Formats that take any image; DICOM segmentations refer to DICOM images.
OF_PICTURES = (*OVERLAPPING, *FLAT)


def written(tmp_path, form, images=None, **options):
    """A dataset of four images in a format, with its images."""
    folder = tmp_path / f'in_{form}'
    images = images or made_images(tmp_path / 'pictures')
    write_all(writer_class(form)(folder, CLASSES, **options), images)
    return folder, images


@pytest.mark.parametrize('form', OVERLAPPING)
def test_a_format_is_recognised_and_read_again(tmp_path, form):
    """From COCO to the format and to COCO again, without saying what is what."""
    folder, images = written(tmp_path, 'coco')
    pictures = tmp_path / 'pictures'
    there = convert(folder, tmp_path / 'there', form, images=pictures)
    assert (there.source_format, there.images, there.without_file) == ('coco', 4, 0)
    assert recognise(tmp_path / 'there')[0] == form
    back = convert(tmp_path / 'there', tmp_path / 'back', 'coco', choice=ClassChoice(CLASSES))
    assert (back.source_format, back.images, back.without_file) == (form, 4, 0)
    assert there.problems == back.problems == ()
    reader = reader_class('coco')(tmp_path / 'back')
    assert_same(reader, images)
    assert len(reader) == 4
    places = [image.path for image in reader]
    assert all(place.is_relative_to(tmp_path / 'back') and place.is_symlink() for place in places)
    assert {place.resolve() for place in places} == {image.path.resolve() for image in images}


@pytest.mark.parametrize('form', FLAT)
def test_the_last_class_stays_where_a_format_holds_one(tmp_path, form):
    folder, images = written(tmp_path, 'coco')
    done = convert(folder, tmp_path / 'flat', form, images=tmp_path / 'pictures')
    several = sum(int((np.bitwise_count(image.draw(3)) > 1).sum()) for image in images)
    assert several > 50
    assert done.losses == (f'pixels of several classes, of which the last one stays: {several}',)
    assert recognise(tmp_path / 'flat')[0] == form
    reader = reader_class(form)(tmp_path / 'flat')
    assert reader.classes == CLASSES
    for image, read in zip(images, sorted(reader, key=lambda each: each.name), strict=True):
        packed = image.draw(3)
        last = np.where(packed & 4, 4, np.where(packed & 2, 2, packed & 1))
        np.testing.assert_array_equal(read.draw(3), last)


@pytest.mark.parametrize('form', OVERLAPPING)
def test_many_classes(tmp_path, form):
    names = [f'part{index:02d}' for index in range(40)]
    masks = drawn_masks(3, count=40)
    masks[:, 0, 0] = np.arange(40) % 7 == 0
    image = made_image(masks, 'hand.png')
    write_png(tmp_path / 'pictures/hand.png', np.zeros((20, 28), np.uint8))
    write_all(writer_class(form)(tmp_path / 'out', names), [image])
    reader = reader_class(form)(tmp_path / 'out', tmp_path / 'pictures', ClassChoice(names))
    assert_same(reader, [image], names)
    assert next(iter(reader)).path == tmp_path / 'pictures/hand.png'


@pytest.mark.parametrize('form', OF_PICTURES)
@pytest.mark.parametrize('count', [3, 40])
def test_ignored_pixels_stay_or_are_counted(tmp_path, form, count):
    names = [f'part{index:02d}' for index in range(count)]
    masks, ignore = drawn_masks(3, count=count), np.zeros((20, 28), bool)
    masks[2:] &= form not in FLAT
    masks[0] &= ~masks[1] | (form not in FLAT)
    ignore[4:9, 2:12] = True
    folder = tmp_path / 'in/label_png'
    folder.mkdir(parents=True)
    (folder / 'hand.png').write_bytes(encode_label_png(pack(masks, ignore), names))
    write_png(tmp_path / 'in/images/hand.png', np.zeros((20, 28), np.uint8))
    done = convert(tmp_path / 'in', tmp_path / 'out', form, image_files='copy')
    (image,) = reader_class(form)(tmp_path / 'out', choice=ClassChoice(names))
    drawn = image.draw(count)
    keeps = form in (*FLAT, 'label-png')
    np.testing.assert_array_equal(ignore_mask(drawn), ignore & keeps)
    np.testing.assert_array_equal(unpack(drawn, count), masks & ~ignore)
    lost = [line for line in done.losses if line.startswith('ignored')]
    assert lost == ([] if keeps else ['ignored pixels: 50'])


def test_points_of_annotators_stay_unless_traced(tmp_path):
    triangle = [[1.5, 2.25], [20.0, 3.0], [4.0, 15.75]]
    file = tmp_path / 'data/outputs_json/hand.json'
    file.parent.mkdir(parents=True)
    annotations = [dict(label='round', points=triangle), dict(label='square', points=triangle)]
    file.write_text(json.dumps(dict(annotations=annotations, metadata=dict(height=20, width=28))))
    done = convert(tmp_path / 'data', tmp_path / 'same', 'hand-bone')
    again = json.loads((tmp_path / 'same/outputs_json/hand.json').read_bytes())
    assert [each['points'] for each in again['annotations']] == [triangle] * 2
    assert done.losses == () and 'nothing was lost' in done.text()
    convert(tmp_path / 'data', tmp_path / 'traced', 'hand-bone', writer_options=dict(trace=True))
    traced = json.loads((tmp_path / 'traced/outputs_json/hand.json').read_bytes())
    assert len(traced['annotations'][0]['points']) > 3
    coco = convert(tmp_path / 'data', tmp_path / 'coco', 'coco')
    assert coco.losses == ('polygons that became masks: 2',)


@pytest.mark.parametrize('mode', ['link', 'copy', 'none'])
def test_image_files(tmp_path, mode):
    folder, images = written(tmp_path, 'coco')
    for _ in range(2):  # running it again changes nothing
        convert(
            folder, tmp_path / 'out', 'hand-bone', images=tmp_path / 'pictures', image_files=mode
        )
        place = tmp_path / 'out/DCM' / images[1].name
        assert place.exists() == (mode != 'none') and place.is_symlink() == (mode == 'link')
        if mode != 'none':
            assert place.read_bytes() == images[1].path.read_bytes()


@pytest.mark.parametrize('form', OF_PICTURES)
@pytest.mark.parametrize('names', [('a.png', 'a.jpg'), ('a/b.png', 'a__b.png')])
def test_no_image_takes_the_label_file_of_another(tmp_path, form, names):
    images = [made_image(drawn_masks(seed), name) for seed, name in enumerate(names, 1)]
    folder, _ = written(tmp_path, 'coco', images)
    done = convert(folder, tmp_path / 'out', form)
    shared = form == 'nnunet' or names[0] == 'a.png' and form not in ONE_FILE
    assert (done.images, len(done.problems)) == ((1, 1) if shared else (2, 0))
    if shared:
        assert f'label file would be that of image {names[0]!r} too' in str(done.problems[0])
        (image,) = reader_class(form)(tmp_path / 'out', choice=ClassChoice(CLASSES))
        present = unpack(image.draw(3), 3).any(axis=0)
        np.testing.assert_array_equal(present, images[0].draw(3) != 0)


def test_another_image_in_the_place_is_kept(tmp_path):
    folder, images = written(tmp_path, 'coco')
    place = tmp_path / 'out/DCM' / images[1].name
    write_png(place, np.ones((3, 3), np.uint8))
    before = place.read_bytes()
    with pytest.raises(HandboneError, match='is there already and is not the image'):
        convert(folder, tmp_path / 'out', 'hand-bone', images=tmp_path / 'pictures')
    assert place.read_bytes() == before


def test_bad_images_are_left_out_and_listed(tmp_path, capsys):
    folder, _ = written(tmp_path, 'label-png')
    damaged = folder / 'label_png/ID0/hand1.png'
    damaged.write_bytes(damaged.read_bytes()[:-30])
    with pytest.raises(SystemExit) as caught:
        main(['convert', str(folder), str(tmp_path / 'out'), '--to', 'coco'])
    assert caught.value.code == 1
    output = capsys.readouterr().out
    assert '3 images, 3 classes' in output and '1 problem, whose' in output
    problems = (tmp_path / 'out/problems.txt').read_text()
    assert problems.startswith(str(damaged)) and problems.count('\n') == 1
    assert len(json.loads((tmp_path / 'out/coco.json').read_bytes())['images']) == 3
    written(tmp_path, 'label-png')
    main(['convert', str(folder), str(tmp_path / 'out'), '--to', 'coco'])
    assert not (tmp_path / 'out/problems.txt').exists()


def test_command(tmp_path, capsys):
    folder, images = written(tmp_path, 'coco')
    command = ['convert', folder, tmp_path / 'out', '--to', 'label-png', '--from', 'coco']
    command += ['--classes', 'any', 'long', '--rename', 'round=any', 'square=any']
    command += ['--images', tmp_path / 'pictures', '--read', 'crowd=skip']
    main([str(word) for word in command])
    output = capsys.readouterr().out
    assert '4 images, 2 classes' in output and 'nothing was lost' in output
    for image in reader_class('label-png')(tmp_path / 'out'):
        (source,) = (each for each in images if each.name == image.name)
        codes = source.draw(3)
        expected = ((codes & 3) != 0) + 2 * (codes >> 2)
        np.testing.assert_array_equal(image.draw(2), expected)


@pytest.mark.parametrize(
    ('arguments', 'fault'),
    [
        (dict(to='jpeg'), "no format 'jpeg'"),
        (dict(to='coco', source_format='tiff'), "no format 'tiff'"),
        (dict(to='coco', image_files='move'), "image_files must be 'link', 'copy' or 'none'"),
        (dict(to='coco', reader_options=dict(order='C')), "reader of coco has no option 'order'"),
        (dict(to='hand-bone', writer_options=dict(x=1)), "no option 'x': they are trace"),
    ],
)
def test_wrong_arguments(tmp_path, arguments, fault):
    folder, _ = written(tmp_path, 'coco')
    with pytest.raises(HandboneError, match=fault):
        convert(folder, tmp_path / 'out', **arguments)
    assert not (tmp_path / 'out').exists()


def test_targets_in_the_source(tmp_path):
    folder, _ = written(tmp_path, 'label-png')
    for target in (folder, folder / 'out'):
        with pytest.raises(HandboneError, match='lies in the source'):
            convert(folder, target, 'coco')


@pytest.mark.parametrize('form', OF_PICTURES)
def test_new_labels_never_replace_the_source(tmp_path, form):
    """The source is the very file or folder that the writer fills; so are corrected labels."""
    folder, images = written(tmp_path, form)
    choice, before = ClassChoice(CLASSES), contents(folder)
    found = [path for path in folder.iterdir() if path.is_dir() or form in ONE_FILE]
    sources = [path for path in found if path.name != 'interface.xml']
    assert sources
    for source in sources:
        with pytest.raises(HandboneError, match='could replace the source'):
            convert(source, folder, form, source_format=form, choice=choice)
    other = tmp_path / 'other'
    write_all(writer_class('coco')(other, CLASSES), images)
    with pytest.raises(HandboneError, match='lies in the source|could replace the source'):
        convert(other, folder, form, corrected=sources[0])
    assert contents(folder) == before


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_unknown_sources(tmp_path):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in/note.txt').write_text('nothing')
    with pytest.raises(DatasetError, match='none of the formats'):
        convert(tmp_path / 'in', tmp_path / 'out', 'coco')
    with pytest.raises(DatasetError, match='no such file or folder'):
        convert(tmp_path / 'missing', tmp_path / 'out', 'coco')
    (tmp_path / 'in/coco.json').write_text(
        json.dumps(
            dict(
                images=[dict(id=1, file_name='a.png', height=4)],
                categories=[dict(id=1, name='a')],
                annotations=[],
            )
        )
    )
    with pytest.raises(HandboneError, match='No image could be converted: .* not known'):
        convert(tmp_path / 'in', tmp_path / 'out', 'label-png')
    assert not list((tmp_path / 'out').glob('*'))


def test_every_format_that_is_written_is_read():
    assert {*FORMATS} == {*OF_PICTURES, 'dicom-seg'}
    for name in FORMATS:
        assert reader_class(name).__doc__ and writer_class(name).__doc__
