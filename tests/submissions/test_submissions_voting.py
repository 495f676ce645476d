"""Votes on runs against votes on pixels, and what is wrong with files."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.errors import HandboneError
from handbone.masks import decode, encode, pack, unpack
from handbone.masks.rle import runs_to_string
from handbone.submissions import (
    ImageRuns,
    SubmissionRows,
    VoteWeights,
    read_class_weights,
    vote_on_runs,
    vote_submissions,
)
from handbone.submissions.reading import read_submission

CLASSES = ('radius', 'ulna', 'lunate')
HEIGHT, WIDTH = 5, 9


def make_masks(seed, density):
    """Masks of one file, bool (classes, height, width)."""
    return np.random.default_rng(seed).random((len(CLASSES), HEIGHT, WIDTH)) < density


def make_runs(masks):
    """The same masks as runs."""
    found = [(index, *run) for index, runs in enumerate(encode_all(masks)) for run in runs]
    table = np.array(found, np.int64).reshape(-1, 3)
    return ImageRuns(table[:, 1], table[:, 1] + table[:, 2], table[:, 0])


def encode_all(masks):
    return encode(pack(masks.astype(np.uint8)), len(masks))


def write(path, images, shuffle=None, drop=()):
    """Write masks by image name as a CSV, without the rows named in ``drop``."""
    rows = [
        (image, name, runs_to_string(runs))
        for image, masks in images.items()
        for name, runs in zip(CLASSES, encode_all(masks), strict=True)
        if (image, name) not in drop
    ]
    if shuffle is not None:
        np.random.default_rng(shuffle).shuffle(rows)
    lines = [','.join(row) for row in rows]
    path.write_text('\n'.join(['image_name,class,rle', *lines]) + '\n')
    return path


def test_names_are_compared_in_one_unicode_form(tmp_path):
    composed, decomposed = '\uae40\u00e9.png', '\u1100\u1175\u11b7e\u0301.png'
    masks = make_masks(0, 0.5)
    files = [
        write(tmp_path / f'{index}.csv', {name: masks})
        for index, name in enumerate((decomposed, composed, composed))
    ]
    assert vote_submissions(files, tmp_path / 'out.csv').images == 1
    assert list(read(tmp_path / 'out.csv')) == [decomposed]  # as the first file writes it
    both = write(tmp_path / 'both.csv', {composed: masks, decomposed: masks})
    with pytest.raises(HandboneError, match=r'both\.csv: .*\\uae40.* are the same name'):
        vote_submissions([both, *files], tmp_path / 'out.csv')
    with pytest.raises(HandboneError, match='two Unicode forms'):
        read_submission(both)


def test_class_names_are_compared_in_one_unicode_form(tmp_path):
    composed, decomposed = 'r\u00e1dio', 'ra\u0301dio'
    for name, class_name in (('a.csv', decomposed), ('b.csv', composed)):
        (tmp_path / name).write_text(f'image_name,class,rle\na.png,{class_name},1 2\n')
    files = [tmp_path / 'a.csv', tmp_path / 'b.csv']
    for form in (composed, decomposed):
        weights = tmp_path / 'weights.yaml'
        weights.write_text(f'{form}: [1, 3]\n', encoding='utf-8')
        assert vote_submissions(files, tmp_path / 'out.csv', class_weights=weights).images == 1
        assert VoteWeights(2, [composed], class_weights={form: [1, 3]}).weights.T.tolist() == [
            [1, 3]
        ]
        assert read_submission(files[0], [form])['a.png'][0].tolist() == [[0, 2]]
        assert read_submission(files[1], [form])['a.png'][0].tolist() == [[0, 2]]
    assert (tmp_path / 'out.csv').read_text() == f'image_name,class,rle\na.png,{composed},1 2\n'
    weights.write_text(f'{composed}: [1, 3]\n{decomposed}: [1, 3]\n', encoding='utf-8')
    with pytest.raises(HandboneError, match='weights.yaml: .* two Unicode forms'):
        read_class_weights(weights)
    files[0].write_text(f'image_name,class,rle\na.png,{composed},1 2\na.png,{decomposed},1 2\n')
    with pytest.raises(HandboneError, match='line 3: second row of image'):
        read_submission(files[0])


def read(path):
    """Masks by image name and class, whatever the order of the rows."""
    runs = read_submission(path, CLASSES, HEIGHT * WIDTH)
    return {name: unpack(decode(each, HEIGHT, WIDTH), len(CLASSES)) for name, each in runs.items()}


densities = st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), min_size=2, max_size=6)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**31), densities=densities, data=st.data())
def test_runs_vote_as_pixels_do(seed, densities, data):
    """Any number of voters, weights by class, and every threshold that can be reached."""
    masks = np.stack([make_masks(seed + voter, each) for voter, each in enumerate(densities)])
    weights = data.draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=3, max_size=3),
            min_size=len(masks),
            max_size=len(masks),
        )
    )
    needed = np.array(data.draw(st.lists(st.integers(1, 9), min_size=3, max_size=3)))
    voted = vote_on_runs([make_runs(each) for each in masks], np.array(weights), needed)
    votes = (masks * np.array(weights)[:, :, None, None]).sum(axis=0)
    expected = votes >= needed[:, None, None]
    for runs, mask in zip(voted, encode_all(expected), strict=True):
        assert (runs == mask).all() and runs.shape == mask.shape


def test_no_runs_at_all():
    nothing = make_runs(np.zeros((3, HEIGHT, WIDTH), bool))
    assert [
        len(runs) for runs in vote_on_runs([nothing] * 2, np.ones((2, 3), int), np.ones(3))
    ] == [
        0,
        0,
        0,
    ]


def test_files_of_any_order(tmp_path):
    """The majority of three files; rows of two of them are shuffled, some masks are empty."""
    images = {
        f'{number}.png': [make_masks(9 * number + file, 0.5) for file in range(3)]
        for number in range(4)
    }
    images['2.png'][1][:] = False
    paths = [
        write(tmp_path / f'{file}.csv', {name: each[file] for name, each in images.items()}, order)
        for file, order in enumerate((None, 1, 2))
    ]
    voted = vote_submissions(paths, tmp_path / 'out' / 'voted.csv', num_pixels=HEIGHT * WIDTH)
    assert voted == (4, CLASSES, (0, 0, 0))
    found = read(tmp_path / 'out' / 'voted.csv')
    assert list(found) == list(images)
    for name, masks in images.items():
        assert (found[name] == (np.sum(masks, axis=0) >= 2)).all()
    assert list((tmp_path / 'out').iterdir()) == [tmp_path / 'out' / 'voted.csv']


@pytest.mark.parametrize('missing', ['empty', 'skip'])
def test_missing_rows(tmp_path, missing):
    """They count as empty masks, or the others decide."""
    masks = [make_masks(seed, 0.5) for seed in range(3)]
    drop = [('a.png', 'ulna')]
    images = [{'a.png': each, 'b.png': each} for each in masks]
    paths = [write(tmp_path / f'{number}.csv', each) for number, each in enumerate(images)]
    write(paths[2], images[2], drop=drop)
    voted = vote_submissions(paths, tmp_path / 'voted.csv', missing=missing)
    assert voted.missing_rows == (0, 0, 1)
    expected = np.sum(masks, axis=0) >= 2
    expected[1] = masks[0][1] & masks[1][1]  # two of three, or the majority of two
    assert (read(tmp_path / 'voted.csv')['a.png'] == expected).all()
    # at least one of three votes is a third of the votes: one of the two that are cast
    vote_submissions(paths, tmp_path / 'voted.csv', missing=missing, min_votes=1)
    expected = np.any(masks, axis=0)
    expected[1] = masks[0][1] | masks[1][1]
    assert (read(tmp_path / 'voted.csv')['a.png'] == expected).all()


def test_weights_are_exact():
    """0.1 + 0.2 reaches 0.3, and what abstains is not counted."""
    votes = VoteWeights(3, CLASSES, ['0.1', '0.2', '0.7'], {'ulna': [1, 1, 0]}, '0.3')
    scale = Fraction(votes.weights[0, 0]) / Fraction('0.1')
    assert (votes.weights[:, 1] == [scale, scale, 0]).all()
    everyone = np.ones((3, 3), bool)
    assert votes.needed(everyone).tolist() == [votes.weights[:2, 0].sum(), 3 * scale / 10, 3]
    everyone[2, 0] = False
    assert votes.needed(everyone)[0] == 1  # 0.3 of all, of what is left: 0.09, below one tenth
    majority = VoteWeights(2, CLASSES)
    assert majority.needed(np.ones((2, 3), bool)).tolist() == [2, 2, 2]


def test_forms_of_a_file(tmp_path):
    """Quotes, a byte order mark, other columns, tabs and Windows' line ends."""
    path = tmp_path / 'odd.csv'
    path.write_bytes(
        b'\xef\xbb\xbfscore,class,image_name,rle\r\n'
        b'1,ulna,"a, left.png","1 2\t4 1"\r\n\r\n'
        b'1,radius,"a, left.png",\r\n'
    )
    with SubmissionRows(path) as rows:
        runs = rows.read('a, left.png', ('radius', 'ulna'))
    assert [each.tolist() for each in runs] == [[0, 3], [2, 4], [1, 1]]


HEADER = 'image_name,class,rle\n'
GOOD = HEADER + 'a.png,ulna,1 2\na.png,radius,\n'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'line 1: the file is empty'),
        ('image_name,class\n', 'line 1: the header .* lacks rle'),
        (HEADER, 'no row below the header'),
        (GOOD + 'a.png,ulna,5 1\n', "line 4: second row of image 'a.png', class 'ulna'.*line 2"),
        (GOOD + 'a.png,lunate,1 1\n', r'line 4: other classes than .*1 that .* lacks \(.lunate.\)'),
        (HEADER + 'a.png,ulna,1 2\n', r'line 1: other classes .* without 1 .*\(.radius.\)'),
        (GOOD + 'b.png,ulna,1 2\n', r'line 4: other images than .*1 that .* lacks \(.b.png.\)'),
        (GOOD + 'a.png,lunate\n', 'line 4: 2 fields where the header has 3'),
        (GOOD.replace('1 2', '1'), "line 2: bad RLE of image 'a.png', class 'ulna': .* odd"),
        (GOOD.replace('1 2', '1 x'), "line 2: bad RLE .*value 2 is 'x'"),
        (GOOD.replace('1 2', '0 2'), 'line 2: bad RLE .* starts below 1'),
        (GOOD.replace('1 2', '1 0'), 'line 2: bad RLE .* shorter than 1 pixel'),
        (GOOD.replace('1 2', '1 -2'), 'line 2: bad RLE .* shorter than 1 pixel'),
        (GOOD.replace('1 2', '4 2 3 1'), 'line 2: bad RLE .* begins before'),
        (GOOD.replace('1 2', '100 2'), 'line 2: bad RLE .* ends outside the map of 100 pixels'),
        (GOOD.replace('1 2', '1 ' + 30 * '9'), 'line 2: bad RLE .* not a whole number'),
        (GOOD.replace('1 2', '1 ' + 15 * '9'), 'line 2: bad RLE .* ends outside'),
        (GOOD.replace('a.png,u', '"a.png,u'), 'line 2: not a line of CSV'),
        (GOOD.replace('ulna', '\udcff'), 'line 2: not a text in UTF-8'),
    ],
)
def test_bad_files(tmp_path, content, message):
    """One error with file and line; what was written before stays."""
    good, bad, out = (tmp_path / name for name in ('good.csv', 'bad.csv', 'out.csv'))
    good.write_text(GOOD)
    bad.write_bytes(content.encode(errors='surrogateescape'))
    out.write_text('as it was')
    with pytest.raises(
        ValueError, match=f'(?s)bad.csv, {message}' if 'line' in message else message
    ):
        vote_submissions([good, bad], out, num_pixels=100)
    assert out.read_text() == 'as it was'
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(weights=[1]), 'weights: got 1 for 2 files'),
        (dict(weights=[0, 0]), 'weights: all weights are 0'),
        (dict(weights=[1, -1]), 'weights: -1 is not between'),
        (dict(weights=['1', 'two']), "'two' is not a number"),
        (dict(min_votes=3), r"'radius' add up to 2, so 3 cannot"),
        (dict(min_votes=0), 'so 0 cannot decide'),
        (dict(class_weights={'Radius': [1, 1]}), "class_weights: no file has the class 'Radius'"),
        (dict(class_weights={'radius': [1]}), "class_weights: class 'radius': got 1 for 2"),
    ],
)
def test_bad_weights(options, message):
    with pytest.raises(ValueError, match=message):
        VoteWeights(2, CLASSES, **options)


def test_class_weights_file(tmp_path):
    path = tmp_path / 'weights.yaml'
    path.write_text('radius: [1, 2.5]\n')
    assert read_class_weights(path) == {'radius': [1, 2.5]}
    for content in ('[1, 2]', 'radius: 3', 'a: [1', '!!python/object:os.system [1]'):
        path.write_text(content)
        with pytest.raises(ValueError, match='weights.yaml'):
            read_class_weights(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('radius: [1]', r"weights\.yaml: class 'radius': got 1 for 2 files; give one weight per"),
        ('radius: [0, 0]', r"weights\.yaml: class 'radius': all weights are 0"),
        ('radius: [1, -1]', r"weights\.yaml: class 'radius': -1 is not between"),
        ('Radius: [1, 1]', r"weights\.yaml: no file has the class 'Radius'; use one of 'radius'"),
    ],
)
def test_errors_about_class_weights_name_their_file(tmp_path, content, message):
    paths = [tmp_path / 'a.csv', tmp_path / 'b.csv']
    for path in paths:
        write(path, {'a.png': make_masks(0, 0.5)})
    weights = tmp_path / 'weights.yaml'
    weights.write_text(content)
    with pytest.raises(HandboneError, match=message):
        vote_submissions(paths, tmp_path / 'out.csv', class_weights=weights)


def test_one_file_twice(tmp_path):
    path = write(tmp_path / 'a.csv', {'a.png': make_masks(0, 0.5)})
    with pytest.raises(HandboneError, match=r'a\.csv is given twice, but each file votes once'):
        vote_submissions([path, path], tmp_path / 'out.csv')
    with pytest.raises(HandboneError, match=r'out\.csv is read here'):
        vote_submissions([path, tmp_path / 'out.csv'], tmp_path / 'out.csv')
    with pytest.raises(ValueError, match='at least two'):
        vote_submissions([path], tmp_path / 'out.csv')
