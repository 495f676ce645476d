"""What a process of an archive run does with a predictor, without the cluster."""


def archive_images(predictor, root, folder):
    """Predict the test images below a folder as one work unit; returns its table."""
    import pyarrow
    from pyarrow import parquet

    from handbone.archive.hashing import file_hash
    from handbone.archive.work_unit_predictor import WorkUnitPredictor, WorkUnitSettings

    images = sorted((root / 'test' / 'DCM').rglob('*.png'))
    names = [str(path.relative_to(root)) for path in images]
    unit = pyarrow.table({'image': names, 'image_hash': [file_hash(path) for path in images]})
    settings = WorkUnitSettings(str(root), str(folder), predictor.model_hash, 2)
    receipt = WorkUnitPredictor(lambda: predictor, settings)(unit)
    table = parquet.read_table(folder / receipt['file'][0].as_py())
    assert table.num_rows == len(images) * len(predictor.classes)
    return table
