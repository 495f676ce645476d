"""Hooks of training and testing."""

from .rle_submission_hook import RLESubmissionHook

__all__ = ['RLESubmissionHook']
