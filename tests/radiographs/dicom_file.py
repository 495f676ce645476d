"""DICOM files to read in tests."""

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid


def write_dicom(path, pixels, syntax=ExplicitVRLittleEndian, **elements):
    """Write a digital radiograph; elements set to None are left out."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = syntax
    header = pydicom.Dataset()
    header.file_meta = meta
    bits = 8 * pixels.dtype.itemsize
    standard = dict(
        SOPClassUID=meta.MediaStorageSOPClassUID,
        SOPInstanceUID=meta.MediaStorageSOPInstanceUID,
        Modality='DX',
        PatientID='hand',
        Rows=pixels.shape[0],
        Columns=pixels.shape[1],
        SamplesPerPixel=1,
        PhotometricInterpretation='MONOCHROME2',
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=int(pixels.dtype.kind == 'i'),
        PixelData=np.ascontiguousarray(pixels).tobytes(),
    )
    for keyword, value in (standard | elements).items():
        if value is not None:
            setattr(header, keyword, value)
    header.save_as(path, enforce_file_format=True)
    return path


def compress(path, target, syntax):
    """Write a file anew in another transfer syntax, by GDCM."""
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return target
