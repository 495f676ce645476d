from .patient_table import PatientTable, read_patient_table

__all__ = ['PatientTable', 'read_patient_table']
