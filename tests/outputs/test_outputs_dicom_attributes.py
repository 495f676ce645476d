"""DICOM segmentations of images with odd headers: kept where possible, blank otherwise."""

import numpy as np
import pytest
from made_predictions import CLASSES, PALETTE, draw_labels, make_prediction

from handbone.errors import HandboneError
from handbone.outputs import WRITERS

highdicom = pytest.importorskip('highdicom', reason='needs pip install "handbone[dicom]"')

from made_radiographs import read_header, write_radiograph  # noqa: E402

KOREAN, JAPANESE = 'Hong^Gildong=洪^吉洞=홍^길동', 'Yamada^Tarou=山田^太郎=やまだ^たろう'
ELEMENTS = {
    'SpecificCharacterSet': (0x0008, 0x0005, b'CS'),
    'StudyDate': (0x0008, 0x0020, b'DA'),
    'StudyTime': (0x0008, 0x0030, b'TM'),
    'PatientName': (0x0010, 0x0010, b'PN'),
    'PatientID': (0x0010, 0x0020, b'LO'),
    'PatientBirthDate': (0x0010, 0x0030, b'DA'),
    'PatientSex': (0x0010, 0x0040, b'CS'),
    'SeriesNumber': (0x0020, 0x0011, b'IS'),
    'ImageLaterality': (0x0020, 0x0062, b'CS'),
}


def korean(text):
    """Code extensions of DICOM PS3.5, annex I: an escape before each group and delimiter."""
    alphabetic, *others = text.split('=')
    encoded = [
        b'^'.join(b'\x1b$)C' + part.encode('euc_kr') for part in group.split('^'))
        for group in others
    ]
    return b'='.join([alphabetic.encode(), *encoded])


def japanese(text):
    """As annex H: codec iso2022_jp switches to ASCII before each delimiter."""
    return b'='.join(group.encode('iso2022_jp') for group in text.split('='))


def write(folder, classes=CLASSES, **values):
    """Write the segmentation of an image whose header has raw values; returns what is read."""
    labels = draw_labels(1, 61, 83)
    path = write_radiograph(folder / 'a.dcm', np.zeros((61, 83), np.uint8))
    header = read_header(path)
    header.SpecificCharacterSet = 'ISO_IR 100'
    header.PixelData = bytes(5064)
    header['PixelData'].VR = 'OB'
    header.save_as(path)
    content = path.read_bytes()
    for keyword, value in values.items():
        content = replaced(content, *ELEMENTS[keyword], value)
    path.write_bytes(content)
    prediction = make_prediction('hand', labels, (0.15, 0.1), read_header(path), path)
    writer = WRITERS['dicom-seg'](folder, classes, PALETTE)
    writer.write(prediction)
    return highdicom.seg.segread(folder / 'dicom_seg' / 'hand.dcm')


def replaced(content, group, number, representation, value):
    tag = group.to_bytes(2, 'little') + number.to_bytes(2, 'little') + representation
    place = content.index(tag, 132) + len(tag)
    length = int.from_bytes(content[place : place + 2], 'little')
    value += b' ' * (len(value) % 2)
    head = content[:place] + len(value).to_bytes(2, 'little')
    return head + value + content[place + 2 + length :]


@pytest.mark.parametrize(
    ('character_set', 'raw', 'name'),
    [
        (b'\\ISO 2022 IR 149', korean(KOREAN), KOREAN),
        (b'ISO 2022 IR 149', korean(KOREAN), KOREAN),
        (b'ISO_IR 149', korean(KOREAN), KOREAN),
        (b'\\ISO 2022 IR 87', japanese(JAPANESE), JAPANESE),
        (b'ISO_IR 100', 'Müller^Jörg'.encode('latin1'), 'Müller^Jörg'),
        (b'ISO_IR 192', 'Müller^洪'.encode(), 'Müller^洪'),
        (b'GB18030', '王^小东'.encode('gb18030'), '王^小东'),
        (b'', b'Hand^Phantom', 'Hand^Phantom'),
        (b'ISO_IR 999', b'Hand^Phantom', 'Hand^Phantom'),
        (b'XX\\YY', b'Hand^Phantom', 'Hand^Phantom'),
        (b'ISO_IR 100', b'Hand\\Phantom', 'Hand Phantom'),
        (b'ISO_IR 100', b'\\', ''),
        (b'ISO_IR 192', b'M\xfcller', ''),  # not UTF-8
    ],
)
def test_names_in_all_character_sets(tmp_path, character_set, raw, name):
    written = write(tmp_path, SpecificCharacterSet=character_set, PatientName=raw)
    assert written.SpecificCharacterSet == 'ISO_IR 192'
    assert str(written.PatientName) == name
    assert written.PatientID == 'ID001'


@pytest.mark.parametrize(
    ('keyword', 'raw', 'kept'),
    [
        *(('PatientBirthDate', raw, '') for raw in (b'00000000', b'19801341', b'unknown', b'')),
        ('PatientBirthDate', b'1980-01-01', '19800101'),
        ('PatientBirthDate', b'1980.01.01', '19800101'),
        ('StudyDate', b'2024/02/30', ''),
        ('StudyDate', b'20240102', '20240102'),
        ('StudyTime', b'10:10:10', '101010'),
        ('StudyTime', b'101010.123', '101010.123'),
        *(('StudyTime', raw, '') for raw in (b'25:00:00', b'noon', b'24')),
        ('PatientSex', b'f', 'F'),
        *(('PatientSex', raw, '') for raw in (b'male', b'W', b'1', b'M\\F')),
        ('PatientID', b'a\\b', 'a b'),
        ('PatientID', b'a\x01b', 'a b'),
    ],
)
def test_values_that_are_not_valid_are_blank(tmp_path, keyword, raw, kept):
    written = write(tmp_path, **{keyword: raw})
    assert str(written.get(keyword) or '') == kept
    assert str(written.PatientName) == 'Hand^Phantom'


def test_numbers_and_sides_that_are_not_valid(tmp_path):
    assert write(tmp_path, SeriesNumber=b'x').SeriesNumber == 1
    assert write(tmp_path, SeriesNumber=b'-7').SeriesNumber == 1
    assert write(tmp_path, SeriesNumber=b'7').SeriesNumber == 8
    write(tmp_path, ImageLaterality=b'R\\L')


def test_whatever_highdicom_raises_names_the_file(tmp_path, monkeypatch):
    def fail(*args, **options):
        raise TypeError('it cannot\nbe')

    monkeypatch.setattr(highdicom.seg, 'Segmentation', fail)
    with pytest.raises(HandboneError, match=r'a\.dcm: no DICOM segmentation .*\(it cannot be\)'):
        write(tmp_path)
    assert not (tmp_path / 'dicom_seg').exists()
