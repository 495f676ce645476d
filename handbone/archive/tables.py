"""Columns of the tables of an archive."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from handbone.quality.signs import SIGNS

#: One row per image and class. ``starts`` count from 1 along the rows, as in the submission; each
#: run covers ``lengths`` pixels. The hash of the model stands in the name of the folder.
RUNS = pa.schema(
    [
        ('image', pa.string()),
        ('image_hash', pa.string()),
        ('class', pa.string()),
        ('height', pa.int32()),
        ('width', pa.int32()),
        ('starts', pa.list_(pa.int64())),
        ('lengths', pa.list_(pa.int64())),
    ]
)
#: Further columns of :data:`RUNS` where a model of quality predicts: the signs of the mask, and the
#: Dice that it is likely to have.
TRUST = [
    *(pa.field(name, pa.float32()) for name in SIGNS),
    pa.field('predicted_dice', pa.float32()),
]
#: One row per image that a model of quality has judged, the doubtful ones first.
REVIEW = pa.schema(
    [
        ('image', pa.string()),
        ('image_name', pa.string()),
        ('image_hash', pa.string()),
        ('predicted_dice', pa.float64()),
        ('worst_class', pa.string()),
        ('worst_predicted_dice', pa.float64()),
    ]
)
#: One row per image: its path and name as given, SHA-256 of its bytes, and the size (bytes) and
#: time of change (ns) that show whether it has changed.
IMAGES = pa.schema(
    [
        ('image', pa.string()),
        ('image_name', pa.string()),
        ('image_hash', pa.string()),
        ('size', pa.int64()),
        ('modified', pa.int64()),
    ]
)
#: One row per image that failed; without ``image_hash`` it could not even be opened.
FAILURES = pa.schema(
    [
        ('image', pa.string()),
        ('image_hash', pa.string()),
        ('model_hash', pa.string()),
        ('error', pa.string()),
    ]
)
#: Increasing starts and short lengths take a third of the space when stored as differences.
RUN_ENCODINGS = {
    'starts.list.element': 'DELTA_BINARY_PACKED',
    'lengths.list.element': 'DELTA_BINARY_PACKED',
}


def parquet_bytes(frame: pd.DataFrame, schema: pa.Schema) -> bytes:
    """Write a table as Parquet.

    Args:
        frame: The rows.
        schema: The columns.

    Returns:
        The file.
    """
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    parquet.write_table(table, sink, compression='zstd')
    return sink.getvalue().to_pybytes()


def runs_bytes(rows: pa.Table) -> bytes:
    """Write rows of :data:`RUNS` as Parquet.

    Args:
        rows: The rows of some images.

    Returns:
        The file.
    """
    sink = pa.BufferOutputStream()
    parquet.write_table(
        rows,
        sink,
        compression='zstd',
        use_dictionary=['image', 'image_hash', 'class'],
        column_encoding=RUN_ENCODINGS,
    )
    return sink.getvalue().to_pybytes()
