from .cleaning import CleanTable, Finding, TableCleaner
from .patient_table import PatientTable, read_patient_table
from .raw_table import RawTable, read_raw_table

__all__ = [
    'CleanTable',
    'Finding',
    'PatientTable',
    'RawTable',
    'TableCleaner',
    'read_patient_table',
    'read_raw_table',
]
