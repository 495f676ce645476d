"""DICOM radiographs, complete enough for a validator."""

from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)


def write_radiograph(path: Path, image: np.ndarray, modality: str = 'DX') -> Path:
    """Write a Digital X-Ray or Computed Radiography image of a right hand."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = (
        DigitalXRayImageStorageForPresentation
        if modality == 'DX'
        else ComputedRadiographyImageStorage
    )
    for keyword in ('SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID'):
        setattr(dataset, keyword, generate_uid())
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.Modality = modality
    dataset.PatientName, dataset.PatientID, dataset.PatientSex = 'Hand^Phantom', 'ID001', 'F'
    dataset.PatientBirthDate, dataset.AccessionNumber, dataset.StudyID = '19800101', 'A1', '1'
    dataset.StudyDate, dataset.StudyTime = '20240102', '101500'
    dataset.ReferringPhysicianName = ''
    dataset.SeriesNumber, dataset.InstanceNumber = '3', '1'
    dataset.Manufacturer, dataset.BodyPartExamined = 'handbone tests', 'HAND'
    dataset.PatientOrientation = ['L', 'F']
    dataset.ViewPosition = 'PA'
    dataset.Rows, dataset.Columns = image.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, 'MONOCHROME2'
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.ImagerPixelSpacing = [0.15, 0.1]
    dataset.PixelSpacing = [0.15, 0.1]
    if modality == 'DX':
        dataset.ImageLaterality = 'R'
    else:
        dataset.Laterality = 'R'
    dataset.PixelData = image.tobytes() + b'\0' * (image.size % 2)
    dataset.save_as(path, enforce_file_format=True)
    return path


def read_header(path: Path) -> Dataset:
    """Read a DICOM file without its pixels."""
    return dcmread(path, stop_before_pixels=True)
