"""Logits of 29 classes at 384 x 384 to masks at 2048 x 2048 and their RLE strings."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from benchmarks.usual.competition import encode_mask_to_rle
from handbone.masks import encode, logits_to_packed, planes_last, runs_to_string

SIZE = (subject.SIZE, subject.SIZE)


def planes() -> Callable[[], Any]:
    """Upsample all classes, take the sigmoid, threshold, and encode class by class."""
    logits = torch.from_numpy(subject.logits())[None]

    def encode_all() -> list[str]:
        full = F.interpolate(logits, size=SIZE, mode='bilinear', align_corners=False)
        masks = (torch.sigmoid(full) > 0.5).numpy().astype(np.uint8)[0]
        return [encode_mask_to_rle(mask) for mask in masks]

    return encode_all


def one_class_at_a_time() -> Callable[[], Any]:
    """Do the same class by class, thresholding the logits, to save memory."""
    logits = torch.from_numpy(subject.logits())

    def encode_all() -> list[str]:
        strings = []
        for logit in logits:
            full = F.interpolate(logit[None, None], size=SIZE, mode='bilinear', align_corners=False)
            strings.append(encode_mask_to_rle((full[0, 0] > 0).numpy().astype(np.uint8)))
        return strings

    return encode_all


def pycocotools() -> Callable[[], Any]:
    """Upsample class by class and encode with pycocotools, column by column."""
    from pycocotools import mask as coco

    logits = torch.from_numpy(subject.logits())

    def encode_all() -> list[dict]:
        encoded = []
        for logit in logits:
            full = F.interpolate(logit[None, None], size=SIZE, mode='bilinear', align_corners=False)
            mask = (full[0, 0] > 0).numpy().astype(np.uint8)
            encoded.append(coco.encode(np.asfortranarray(mask)))
        return encoded

    return encode_all


def packed() -> Callable[[], Any]:
    """Upsample within the box of each class into a packed map, and encode that."""
    logits = torch.from_numpy(subject.logits())

    def encode_all() -> list[str]:
        label = planes_last(logits_to_packed(logits, SIZE))
        return [runs_to_string(runs) for runs in encode(label, len(logits))]

    return encode_all


def check(usual: list[str], ours: list[str]) -> None:
    """Compare the strings."""
    assert usual == ours


ROW = Row(
    work=f'logits 29 x {subject.LOGIT_SIZE}² to masks {subject.SIZE}² to RLE strings',
    ways=(
        Way('F.interpolate, sigmoid, threshold, NumPy RLE per class', planes),
        Way('the same one class at a time', one_class_at_a_time),
        Way('one class at a time, pycocotools encode', pycocotools),
        Way('handbone.masks.logits_to_packed + encode', packed),
    ),
    check=check,
    target='30 x faster, under 60 MB',
)
