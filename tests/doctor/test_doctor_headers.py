"""What files say beside their pixels, and what is told of parts and how they differ."""

from dataclasses import replace

import numpy as np
import pytest
from made_records import annotated, survey_of

from handbone.doctor.attribute_tables import differences, distributions, groups
from handbone.doctor.checks.headers import check_headers
from handbone.doctor.examined import examine
from handbone.doctor.image_values import ImageValues
from handbone.doctor.measuring import measure_image
from handbone.doctor.pixel_measures import measure_pixels
from handbone.metadata.patient_table import PatientTable
from handbone.radiographs.file_header import FileHeader, read_file_header

PLAIN = dict(PhotometricInterpretation='MONOCHROME2', ViewPosition='PA', Laterality='R')


def records_of(headers, number=12):
    """Images of one patient each; some have a header of their own, by number."""
    pixels = measure_pixels(np.arange(64, dtype=np.uint8).reshape(8, 8))
    usual = FileHeader((0.1, 0.1), dicom=PLAIN)
    records = []
    for index in range(number):
        image = annotated(f'P{index}/{index}_R.png', [], 8, None, ('a',))
        header = headers.get(index, usual)
        if header.dicom:
            header = replace(header, dicom={'PatientID': f'I{index}', **PLAIN, **header.dicom})
        record = measure_image('train', image, ('a',))
        records.append(replace(record, pixels=pixels, header=header))
    return records


def checks_of(headers, table=None):
    survey = survey_of(records_of(headers), ('a',))
    found = check_headers(examine(survey, table))
    return {(each.check, each.image.split('/')[0]) for each in found}


def dicom(**values):
    return FileHeader((0.1, 0.1), dicom=values)


@pytest.mark.parametrize(
    ('header', 'check'),
    [
        (dicom(), None),
        (dicom(BurnedInAnnotation='NO'), None),
        (dicom(BurnedInAnnotation='YES'), 'burnt-in-text'),
        (dicom(Laterality='L'), 'side-in-header'),
        (dicom(Laterality=''), None),
        (dicom(ViewPosition='LAT'), 'view-position'),
        (dicom(BodyPartExamined='HAND'), None),  # the only one that tells it
        (FileHeader((0.1, 0.1), inverted=True), 'white-is-zero'),
        (FileHeader(None), 'no-spacing'),
        (FileHeader((0.1, 0.15)), 'odd-spacing'),
        (FileHeader((0.2, 0.2)), None),
        (FileHeader((25.4, 25.4)), 'odd-spacing'),
    ],
)
def test_headers(header, check):
    assert checks_of({3: header}) == (set() if check is None else {(check, 'P3')})


def test_what_many_headers_say_is_no_finding():
    views = {index: dicom(ViewPosition='LAT') for index in range(4)}
    inverted = {index: FileHeader(None, inverted=True) for index in range(4)}
    assert checks_of(views) == checks_of(inverted) == set()


def test_patients_with_two_identities_and_identities_with_two_patients():
    found = checks_of({1: dicom(PatientID='I5')})
    assert found == {('patient-in-header', 'P1'), ('patient-in-header', 'P5')}
    anonymised = {index: dicom(PatientID='ANON') for index in range(12)}
    assert checks_of(anonymised) == set()
    records = records_of({})
    records[4] = replace(records[4], patient='P3')
    found = check_headers(examine(survey_of(records, ('a',))))
    assert sorted(each.image for each in found) == ['P3/3_R.png', 'P4/4_R.png']


def test_sex_and_age_that_the_table_tells_otherwise():
    columns = {'sex': {'P1': 'F', 'P2': 'F', 'P3': 'M'}, 'age': {'P1': '34', 'P2': '0.5'}}
    table = PatientTable('table.csv', columns, ('P1', 'P2', 'P3'))
    same = {1: dicom(PatientSex='F', PatientAge='036Y'), 2: dicom(PatientAge='006M')}
    assert checks_of(same, table) == set()
    other = {1: dicom(PatientAge='038Y'), 3: dicom(PatientSex='F'), 4: dicom(PatientSex='F')}
    assert checks_of(other, table) == {('unlike-table', 'P1'), ('unlike-table', 'P3')}


def test_a_dicom_header(tmp_path):
    pydicom = pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
    from pydicom.uid import ExplicitVRLittleEndian

    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.Rows, header.Columns = 4, 5
    header.PhotometricInterpretation, header.ImageLaterality = 'MONOCHROME1', 'L'
    header.PatientID, header.PatientSex, header.PatientAge = 'X1', 'F', '034Y'
    header.PixelSpacing = [0.1, 0.2]
    header.save_as(tmp_path / 'a.dcm', enforce_file_format=False)
    found = read_file_header(tmp_path / 'a.dcm')
    assert found.spacing == (0.1, 0.2) and found.inverted
    assert found.dicom == {
        'PhotometricInterpretation': 'MONOCHROME1',
        'Laterality': 'L',
        'PatientID': 'X1',
        'PatientSex': 'F',
        'PatientAge': '034Y',
    }


def test_differences_of_parts():
    splits = np.array(['train'] * 10 + ['test'] * 10)
    numbers = {
        'same': np.tile(np.arange(10.0), 2),
        'disjoint': np.arange(20.0),
        'unknown in one': np.concatenate([np.arange(10.0), np.full(10, np.nan)]),
    }
    words = {'sex': np.array([*'FFFFFMMMMM', *'FFMMMMMMMM'])}
    values = ImageValues(splits, numbers, words)
    rows = {cells[0]: (cells[1:], plot) for cells, plot in differences(values).rows}
    assert rows == {
        'disjoint': (('train and test', '4.5', '14.5'), 1.0),
        'sex': (('train and test', 'F 50%', 'F 20%'), pytest.approx(0.3)),
        'same': (('train and test', '4.5', '4.5'), 0.0),
    }
    assert list(rows) == ['disjoint', 'sex', 'same']
    counted = {cells: share for cells, share in groups(values).rows}
    assert counted['sex', 'test', 'F', '2'] == 0.2


def test_distributions_share_an_axis():
    splits = np.array(['a'] * 100 + ['b'] * 100)
    numbers = {'x': np.arange(200.0), 'constant': np.ones(200)}
    rows = distributions(ImageValues(splits, numbers, {})).rows
    assert [cells[:3] for cells, _ in rows] == [('x', 'a', '100'), ('x', 'b', '100')]
    first, second = (np.array(plot) for _, plot in rows)
    assert first.max() == second.max() == 1
    assert not first[13:].any() and not second[:11].any()
