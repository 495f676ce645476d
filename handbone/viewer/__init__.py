"""The viewer: a page on this machine that shows images with truth and predictions."""
