"""Which images the arguments of the command line name, and how they are named."""

import shutil
from pathlib import Path

import pytest

from handbone.errors import HandboneError
from handbone.inference import ImageSources


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Files that only have names, in the working directory."""
    for name in (
        'a/ID2/x.png',
        'a/ID10/x.PNG',
        'a/ID10/y.dcm',
        'a/z.tiff',
        'a/.hidden/x.png',
        'a/ID2/._x.png',
        'a/ID2/x.json',
        'a/DICOMDIR',
        'b/w.jpg',
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / 'a' / 'scan').write_bytes(bytes(128) + b'DICM')
    (tmp_path / 'a' / '1.2.840.7').write_bytes(bytes(128) + b'DICM')
    (tmp_path / 'a' / 'README').write_text('no image')
    (tmp_path / 'a' / 'DICOMDIR').write_bytes(bytes(128) + b'DICM')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(*arguments):
    return [
        (str(source.path), source.name, source.image_name) for source in ImageSources(arguments)
    ]


def test_folder(tree):
    """All below it in order, named by their place; two share a file name but for its suffix."""
    sources = ImageSources(['a'])
    assert [source.name for source in sources] == [
        '1.2.840.7',
        'ID10/x',
        'ID10/y',
        'ID2/x',
        'scan',
        'z',
    ]
    assert len(sources) == 6
    assert [source.image_name for source in sources][1] == 'x.PNG'


def test_file_names_that_repeat_get_their_folders(tree):
    (tree / 'a' / 'ID10' / 'x.png').touch()
    names = [source.image_name for source in ImageSources(['a'])]
    assert 'ID10/x.png' in names and 'ID2/x.png' in names and 'z.tiff' in names
    assert len(set(names)) == len(names) == 7


def test_suffixes_that_tell_images_apart_are_kept(tree):
    assert listed('a/ID10')[0][1] == 'x'
    (tree / 'a' / 'ID10' / 'x.dcm').touch()
    assert [name for _, name, _ in listed('a/ID10')] == ['x.PNG', 'x.dcm', 'y.dcm']


def test_single_image(tree):
    assert listed('a/ID2/x.png') == [('a/ID2/x.png', 'x', 'x.png')]
    (tree / 'odd.bin').touch()  # what is named is taken, whatever its suffix
    assert listed('odd.bin') == [('odd.bin', 'odd.bin', 'odd.bin')]


def test_pattern(tree):
    assert [path for path, *_ in listed('a/*/x.*')] == ['a/ID10/x.PNG', 'a/ID2/x.png']
    assert [name for _, name, _ in listed('a/**/*.dcm')] == ['ID10/y']
    assert [name for _, name, _ in listed(f'{tree}/?/*.jpg')] == ['b/w']


@pytest.mark.parametrize(
    ('argument', 'folder', 'reached'),
    [
        ('a', 'a', True),
        ('a', 'a/out/deep', True),
        ('a', 'out', False),
        ('a/**/*.png', 'a/out/deep', True),
        ('a/*/*.png', 'a/out', True),
        ('a/*/*.png', 'a/out/deep', False),
        ('a/*/*.png', 'out', False),
        ('a/*.tiff', 'a', True),
        ('a/*.tiff', 'a/out', False),
        ('?/ID2/*.png', 'a/out', False),
        ('a/z.tiff', 'a', False),
        ('@names.txt', 'a', False),
    ],
)
def test_folders_in_which_images_would_be_found(tree, argument, folder, reached):
    (tree / 'names.txt').write_text('a/z.tiff')
    for given in (Path(folder), tree / folder):
        assert ImageSources([argument]).reaching(given) == (argument if reached else None)


def test_list_keeps_its_order(tree):
    (tree / 'list.txt').write_text('# mine\nb/w.jpg\n\na/ID2/x.png\nmissing.png\n')
    assert [path for path, *_ in listed('@list.txt')] == ['b/w.jpg', 'a/ID2/x.png', 'missing.png']
    assert [name for _, name, _ in listed('@list.txt')] == ['b/w', 'a/ID2/x', 'missing']


def test_several_arguments(tree):
    assert [name for _, name, _ in listed('b', 'a/ID2', 'a/z.tiff')] == ['b/w', 'a/ID2/x', 'a/z']


def test_the_digest_tells_other_images(tree):
    before = ImageSources(['a']).survey.digest
    assert ImageSources([tree / 'a']).survey.digest == before
    (tree / 'a' / 'ID2' / 'x.png').rename(tree / 'a' / 'ID2' / 'v.png')
    assert ImageSources(['a']).survey.digest != before


def test_the_digest_tells_another_folder_with_the_same_names(tree):
    shutil.copytree(tree / 'a', tree / 'tuesday')
    assert ImageSources(['tuesday']).survey.digest != ImageSources(['a']).survey.digest


def test_links_in_a_circle(tree):
    (tree / 'a' / 'ID2' / 'back').symlink_to(tree / 'a')
    (tree / 'a' / 'loop').symlink_to('.')
    assert len(ImageSources(['a'])) == 6
    assert [path for path, *_ in listed('a/**/x.*')] == ['a/ID10/x.PNG', 'a/ID2/x.png']
    assert [path for path, *_ in listed('**/*.jpg')] == ['b/w.jpg']
    assert [path for path, *_ in listed(f'{tree}/**/w.*')] == [f'{tree}/b/w.jpg']


def test_a_byte_order_mark_names_nothing(tree):
    for encoding in ('utf-8', 'utf-8-sig'):
        (tree / 'list.txt').write_text('b/w.jpg\na/ID2/x.png\n', encoding)
        assert [path for path, *_ in listed('@list.txt')] == ['b/w.jpg', 'a/ID2/x.png']


def test_lists_name_files_in_either_unicode_form(tree):
    (tree / 'b' / 'Zoe\u0308.png').touch()
    (tree / 'list.txt').write_text('b/Zo\u00eb.png\nb/w.jpg\n', 'utf-8')
    assert [path for path, *_ in listed('@list.txt')] == ['b/Zoe\u0308.png', 'b/w.jpg']
    (tree / 'b' / 'Zo\u00eb.png').touch()
    with pytest.raises(HandboneError, match=r'Zoe\\u0308.* and .*\\xeb.* two Unicode forms'):
        ImageSources(['b'])


def test_file_names_that_repeat_in_the_other_unicode_form_get_their_folders(tree):
    (tree / 'b' / 'Zoe\u0308.png').touch()
    (tree / 'a' / 'Zo\u00eb.png').touch()
    assert 'b/Zoe\u0308.png' in [image_name for _, _, image_name in listed('a', 'b')]


def test_one_folder_as_relative_and_absolute_path(tree):
    with pytest.raises(HandboneError, match='named twice'):
        ImageSources(['b', tree / 'b'])


@pytest.mark.parametrize(
    ('arguments', 'error', 'message'),
    [
        (['nowhere'], FileNotFoundError, 'no image or folder nowhere'),
        (['@nowhere'], FileNotFoundError, 'the list of images nowhere does not exist'),
        (['empty'], ValueError, 'empty: there is no image'),
        (['a/*.jpg'], ValueError, r'a/\*\.jpg: there is no image'),
        (['a', 'a/ID2'], ValueError, r'a/ID2/x\.png is named twice'),
        (['@binary'], ValueError, 'binary, line 1: not a text'),
    ],
)
def test_bad_arguments(tree, arguments, error, message):
    Path('empty').mkdir()
    Path('binary').write_bytes(b'\xff\xfa')
    with pytest.raises(error, match=message):
        ImageSources(arguments)


def test_all_formats_are_images_and_the_rest_is_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'many'
    folder.mkdir()
    images = ['a.bmp', 'b.GIF', 'c.webp', 'd.jp2', 'e.jpeg', 'f.pgm']
    for name in [*images, 'g.txt', 'h.TXT', 'i.xml', 'README', '.hidden.txt', 'j.1']:
        (folder / name).touch()
    for argument in ('many', 'many/*', '**/*'):
        sources = ImageSources([argument])
        assert [source.path.name for source in sources] == images
        expected = '5 files are not images and are left out: 2 .txt, 2 without suffix, 1 .xml'
        assert sources.describe_left_out() == expected
    assert ImageSources(['many/a.bmp']).describe_left_out() == ''
    for number in range(6):
        (folder / f'k.kind{number}').touch()
    assert ImageSources(['many']).describe_left_out().endswith('1 .kind1, 1 .kind2, 4 others')
    for name in images:
        (folder / name).unlink()
    with pytest.raises(HandboneError, match=r'there is no image .*11 files are not images'):
        ImageSources(['many'])
