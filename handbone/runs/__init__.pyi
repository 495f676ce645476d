from .run_comparison import class_rows, comparison_tables, config_differences, score_rows
from .run_record import RunRecord, read_run

__all__ = [
    'RunRecord',
    'class_rows',
    'comparison_tables',
    'config_differences',
    'read_run',
    'score_rows',
]
