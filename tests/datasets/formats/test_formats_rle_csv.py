"""CSV files of runs: HuBMAP, UW-Madison, SIIM and others, written by hand or by plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_images import (
    CLASSES,
    assert_same,
    drawn_masks,
    made_image,
    made_images,
    masks_of,
    write_all,
)
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.formats.conversion import convert
from handbone.datasets.formats.rle_csv import RleCsvReader, RleCsvWriter
from handbone.datasets.formats.run_conventions import Convention, RunEvidence
from handbone.errors import HandboneError

#: Four rows and three columns.
SHAPE = (4, 3)
MASK = np.array([[0, 1, 0], [1, 1, 0], [1, 0, 0], [1, 0, 1]], bool)
BY_COLUMN, BY_ROW = '2 5 12 1', '2 1 4 2 7 1 10 1 12 1'


def plain_runs(mask, order, first=1, relative=False):
    """Runs as competitors write them."""
    flat = mask.ravel(order='C' if order == 'rows' else 'F')
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]]))).reshape(-1, 2)
    words, before = [], 0
    for start, stop in edges.tolist():
        words += [start - before if relative else start + first, stop - start]
        before = stop
    return ' '.join(map(str, words))


def csv(path, *lines):
    path.write_text('\n'.join(lines) + '\n')
    return path


def test_hubmap(tmp_path):
    path = csv(
        tmp_path / 'train.csv',
        'id,organ,data_source,img_height,img_width,pixel_size,tissue_thickness,rle,age,sex',
        f'10044,prostate,HPA,4,3,0.4,4,{BY_COLUMN},37.0,Male',
        '10274,kidney,HPA,4,3,0.4,4,,37.0,Female',
    )
    write_png(tmp_path / 'train_images/10044.png', np.zeros(SHAPE, np.uint8))
    write_png(tmp_path / 'train_images/10274.png', np.zeros(SHAPE, np.uint8))
    reader = RleCsvReader(path, tmp_path / 'train_images')
    assert reader.classes == ('prostate', 'kidney')
    found = masks_of(reader)
    np.testing.assert_array_equal(found['10044.png'][0], MASK)
    assert list(found) == ['10044.png', '10274.png'] and not found['10274.png'].any()
    note, unlisted = reader.notes
    assert note == (
        'runs go along columns, starts are absolute and count from 1: '
        'its columns are those of HuBMAP'
    )
    assert unlisted.startswith('an image shows the organ of its rows')


@pytest.mark.parametrize(
    ('column', 'unlisted', 'unknown'),
    [
        ('organ', None, [{1}, {0}]),
        ('organ', 'absent', [set(), set()]),
        ('class', None, [set(), set()]),
        ('class', 'unknown', [{1}, {0}]),
    ],
)
def test_the_other_organs_of_a_section_are_unknown(tmp_path, column, unlisted, unknown):
    """Nobody has looked for them; an organ whose row is empty is absent."""
    header = f'id,{column},rle,img_height,img_width'
    path = csv(tmp_path / 'train.csv', header, f'a,lung,{BY_COLUMN},4,3', 'b,spleen,,4,3')
    options = dict(order='columns', first=1, relative=False, unlisted=unlisted)
    reader = RleCsvReader(path, **options)
    images = list(reader)
    assert reader.classes == ('lung', 'spleen')
    assert [image.unknown for image in images] == unknown
    assert [image.labels.present() for image in images] == [[0], []]
    told = [note for note in reader.notes if 'its other classes are unknown in it' in note]
    assert len(told) == (column == 'organ' and unlisted is None)
    coco = convert(path, tmp_path / 'coco', 'coco', reader_options=options)
    lost = ['classes that are unknown in an image: 2'] if unknown[0] else []
    assert [line for line in coco.losses if 'unknown' in line] == lost


def test_uw_madison(tmp_path):
    identity = 'case123_day20_slice_0065'
    path = csv(
        tmp_path / 'train.csv',
        'id,class,segmentation',
        f'{identity},large_bowel,',
        f'{identity},small_bowel,{BY_ROW}',
        f'{identity},stomach,1 12',
    )
    image = 'case123/case123_day20/scans/slice_0065_3_4_1.50_1.50.png'
    write_png(tmp_path / 'train' / image, np.zeros(SHAPE, np.uint8))
    reader = RleCsvReader(path, tmp_path / 'train')
    (found,) = reader
    assert found.name == image and found.path.is_file()
    masks = masks_of(reader)[image]
    np.testing.assert_array_equal(masks, [np.zeros(SHAPE), MASK, np.ones(SHAPE)])


def test_siim(tmp_path):
    """Relative starts from 0, along columns, several rows per image, -1 for empty."""
    other = np.zeros(SHAPE, bool)
    other[0, 2] = True
    path = csv(
        tmp_path / 'train-rle.csv',
        'ImageId, EncodedPixels',
        '1.2.276.0.7230,1 5 5 1',
        f'1.2.276.0.7230, {plain_runs(other, "columns", relative=True)}',
        '1.2.276.0.7231,-1',
    )
    reader = RleCsvReader(path, size=[4, 3], class_name='pneumothorax')
    assert reader.classes == ('pneumothorax',)
    assert 'starts are relative and count from 0' in reader.notes[0]
    found = masks_of(reader)
    np.testing.assert_array_equal(found['1.2.276.0.7230'][0], MASK | other)
    assert not found['1.2.276.0.7231'].any()


def test_minus_one_tells_siim_where_the_numbers_do_not(tmp_path):
    path = csv(tmp_path / 'a.csv', 'ImageId,EncodedPixels', 'a,1 2', 'b,-1')
    reader = RleCsvReader(path, size=[4, 3])
    assert '1 empty masks are written -1, as in SIIM' in reader.notes[0]
    assert masks_of(reader)['a'][0].ravel(order='F').nonzero()[0].tolist() == [1, 2]
    csv(path, 'ImageId,EncodedPixels', 'a,1 2', 'b,')
    with pytest.raises(DatasetError, match='absolute or relative'):
        RleCsvReader(path, size=[4, 3])


def test_airbus_has_the_columns_of_siim_but_absolute_starts(tmp_path):
    path = csv(tmp_path / 'train.csv', 'ImageId,EncodedPixels', f'a.jpg,{BY_COLUMN}', 'b.jpg,')
    reader = RleCsvReader(path, size=[4, 3])
    assert 'absolute and count from 1' in reader.notes[0]
    assert '1 masks would be too long for relative starts' in reader.notes[0]
    np.testing.assert_array_equal(masks_of(reader)['a.jpg'][0], MASK)


@pytest.mark.parametrize('order', ['rows', 'columns'])
@pytest.mark.parametrize('relative', [True, False])
def test_conventions_are_guessed_from_the_numbers(tmp_path, order, relative):
    """Unknown columns, images that are not square, masks at the first or the last pixel."""
    lines, truth = ['image,label,rle'], {}
    for seed in range(1, 5):
        masks = drawn_masks(seed, 40, 56, 1)
        masks[:, -1, -1] = True
        truth[f'im{seed}'] = masks
        lines.append(f'im{seed},a,{plain_runs(masks[0], order, 1, relative)}')
    reader = RleCsvReader(csv(tmp_path / 'a.csv', *lines), size=[40, 56])
    (note,) = reader.notes
    assert f'runs go along {order}, starts are {"relative" if relative else "absolute"}' in note
    for name, masks in masks_of(reader).items():
        np.testing.assert_array_equal(masks, truth[name])


@pytest.mark.parametrize(
    ('rle', 'options', 'fault'),
    [
        ('2 1', {}, 'absolute or relative, as both readings fit.* relative=false'),
        ('3 2 13 2', {}, 'the first pixel may be 0 or 1.* first=1'),
        ('3 2 14 2', {}, 'the first pixel may be 0 or 1'),
        ('3 2 15 2', {}, 'along rows or columns'),
        ('0 2 13 2', {}, 'along rows or columns.* order=rows'),
        ('3 2 9 2', dict(relative=False, first=1), 'along rows or columns'),
    ],
)
def test_two_readings_are_refused(tmp_path, rle, options, fault):
    path = csv(tmp_path / 'a.csv', 'image,label,rle', f'a,b,{rle}')
    with pytest.raises(DatasetError, match=fault):
        RleCsvReader(path, size=[4, 4], **options)


def test_an_order_needs_many_runs_that_fit_it_alone():
    size, known = (40, 56), Convention(None, 1, False)

    def evidence(step, runs, masks=1):
        gathered = RunEvidence()
        for _ in range(masks):
            starts = 5 + step * np.arange(runs)
            gathered.add(np.stack([starts, np.full(runs, 3)], axis=1).ravel(), size)
        return gathered

    assert evidence(56, 21).convention(known, None)[0].order == 'rows'
    assert evidence(40, 21).convention(known, None)[0].order == 'columns'
    # too few, as near in both orders, near in none
    for unclear in (evidence(56, 20), evidence(5 * 56, 7, 6), evidence(20, 60)):
        with pytest.raises(HandboneError, match='along rows or columns'):
            unclear.convention(known, None)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda shape: arrays(bool, shape)),
    st.sampled_from(['rows', 'columns']),
    st.sampled_from([0, 1]),
    st.booleans(),
)
def test_any_mask_in_any_convention(tmp_path_factory, mask, order, first, relative):
    path = tmp_path_factory.mktemp('csv') / 'a.csv'
    text = plain_runs(mask, order, first, relative)
    csv(path, 'image,label,rle', f'a,b,{text}')
    options = dict(order=order, first=first, relative=relative, size=list(mask.shape))
    ((found,),) = masks_of(RleCsvReader(path, **options)).values()
    np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize('order', ['rows', 'columns'])
def test_round_trip(tmp_path, order):
    images = made_images(tmp_path / 'images')
    write_all(RleCsvWriter(tmp_path, CLASSES, order=order), images)
    options = {} if order == 'rows' else dict(order=order)
    assert_same(RleCsvReader(tmp_path, tmp_path / 'images', **options), images)


def test_a_name_that_is_not_utf8_comes_back(tmp_path):
    name = 'ID1/h\udce4nd.png'  # in Latin-1
    (tmp_path / 'pictures/ID1').mkdir(parents=True)
    write_png(tmp_path / 'picture.png', np.zeros((20, 28), np.uint8))
    (tmp_path / 'picture.png').rename(tmp_path / 'pictures' / name)
    image = made_image(drawn_masks(1), name, tmp_path / 'pictures' / name)
    write_all(RleCsvWriter(tmp_path, CLASSES), [image])
    reader = RleCsvReader(tmp_path, tmp_path / 'pictures')
    assert reader.names() == [name]
    assert_same(reader, [image])


@pytest.mark.parametrize(
    ('lines', 'fault'),
    [
        (['id,class', 'a,b'], "line 1: there is no column of runs among 'id', 'class'"),
        (['id,image,rle', 'a,b,1 1'], r"line 1: the columns 'id', 'image' could all be meant"),
        (['id,class,rle,rle', 'a,b,1 1,1 1'], "line 1: the columns 'rle', 'rle'"),
        (['id,class,rle'], 'there is no row below the header'),
        (['id,class,rle', 'a,b'], 'line 2: 2 fields where the header has 3'),
        (['id,class,rle', 'a,b,1 1', 'a,b,2 1'], "line 3: second row of image 'a', class 'b'"),
        (['id,class,rle', 'a,,1 1'], 'line 2: the class has no name'),
        (['id,class,rle', 'a,b,1 x'], "line 2: bad RLE of image 'a', class 'b': 'x' is not"),
        (['id,class,rle', 'a,b,1 1 2'], 'line 2: bad RLE .* 3 values, an odd count'),
        (['id,class,rle', 'a,b,12 5'], 'line 2: bad RLE .* ends outside the map of 12 pixels'),
        (['id,class,rle', 'a,b,0 1'], 'line 2: bad RLE .* starts below 1'),
        (['id,class,rle', 'a,b,4 0'], 'line 2: bad RLE .* shorter than 1 pixel'),
        (['id,class,rle', 'a,b,4 3 5 1'], 'line 2: bad RLE .* before the previous run ends'),
        (['id,class,rle', f'a,b,{"9" * 30} 1'], 'is not a whole number'),
        (['id,rle,img_height,img_width', 'a,1 1,4,x'], "line 2: img_width is 'x'"),
        (
            ['id,class,rle,img_height,img_width', 'a,b,1 1,4,3', 'a,c,1 1,3,4'],
            'line 2: the rows of one image say 2 sizes',
        ),
    ],
)
def test_bad_files_name_place_and_remedy(tmp_path, lines, fault):
    path = csv(tmp_path / 'a.csv', *lines)
    with pytest.raises(DatasetError, match=fault) as caught:
        list(RleCsvReader(path, order='rows', first=1, relative=False, size=[4, 3]))
    assert str(caught.value).startswith(str(path)) and '\n' not in str(caught.value)


def test_an_image_with_another_suffix_is_found(tmp_path):
    write_png(tmp_path / 'images/ID1/a.png', np.zeros((4, 3), np.uint8))
    path = csv(tmp_path / 'a.csv', 'image_name,class,rle', 'ID1/a.jpg,b,1 1')
    (image,) = RleCsvReader(path, tmp_path / 'images')
    assert image.path == tmp_path / 'images/ID1/a.png'


def test_sizes_that_disagree(tmp_path):
    write_png(tmp_path / 'images/a.png', np.zeros((4, 5), np.uint8))
    path = csv(tmp_path / 'a.csv', 'id,rle,img_height,img_width', 'a,1 1,4,3')
    with pytest.raises(DatasetError, match='has width 3 and height 4 there, but'):
        list(RleCsvReader(path, tmp_path / 'images'))


@pytest.mark.parametrize(
    'options',
    [
        *(dict(order='C'), dict(first=2), dict(relative='no'), dict(size=[4]), dict(size=[0, 1])),
        *(dict(size=512), dict(image_key='('), dict(image_key=7), dict(class_name=5)),
        *(dict(order=[1]), dict(unlisted='missing')),
    ],
)
def test_wrong_options(tmp_path, options):
    with pytest.raises(HandboneError, match=f'{next(iter(options))} must be'):
        RleCsvReader(csv(tmp_path / 'a.csv', 'id,class,rle', 'a,b,1 1'), **options)
