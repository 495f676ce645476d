"""The rows of the table: one piece of work each, done in the usual ways and in ours."""
