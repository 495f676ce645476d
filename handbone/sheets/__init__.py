"""Tables that several runs and machines write: CSV files, SQLite files and Google Sheets."""
