"""What the pages of this package have in common: style, tables that sort, the frame of a page."""
