"""Multilabel segmentation for MMSegmentation."""
