"""Predicts a folder into an archive, slowly: a process to be killed."""

import sys
from pathlib import Path

from marking_predictor import OpenStub

from handbone.archive.folder import ArchiveFolder
from handbone.archive.prediction import Workforce, predict_archive

if __name__ == '__main__':
    images, out, address = sys.argv[1:]
    predict_archive(
        {str(path): path.name for path in sorted(Path(images).iterdir())},
        ArchiveFolder(out),
        OpenStub(pause=0.1),
        workforce=Workforce(address, actors=1, images_per_file=2),
    )
