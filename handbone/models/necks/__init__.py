"""Necks that mmseg does not have."""

from .unet_neck import UNetNeck

__all__ = ['UNetNeck']
