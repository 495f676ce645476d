"""Predictions of whole archives: processes of Ray in front, a dataset of Parquet files behind.

The parts need the extra ``archive`` and are imported by their modules.
"""
