"""Hooks of training and testing."""

from .hooks import RLESubmissionHook

__all__ = ['RLESubmissionHook']
