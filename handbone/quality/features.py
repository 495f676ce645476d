"""From the signs of masks to the features of a linear model."""

import numpy as np

from .signs import SIGNS

#: Features of a mask, each standardised within its class.
OF_MASK = (
    'confidence',
    'margin',
    'agreement',
    'area',
    'relative_area',
    'parts',
    'border',
    'flagged',
    'flags',
    'brightness',
    'contrast',
)
#: The same and what comes of them: how unusual an area is, and how sure the network is elsewhere.
FEATURES = (
    *OF_MASK,
    'unusual_area',
    'unusual_relative_area',
    'confidence_of_image',
    'margin_of_image',
    'agreement_of_image',
)
#: Standardised features stay within this many standard deviations.
FURTHEST = 4.0
#: Shares are taken to lie at least this far from 0 and 1.
LEAST = 1e-3


def has_mask(signs: np.ndarray) -> np.ndarray:
    """Tell where there is a mask.

    Args:
        signs: (N, C, len(SIGNS)).

    Returns:
        Bool (N, C).
    """
    return (signs[..., SIGNS.index('area')] > 0) & np.isfinite(
        signs[..., SIGNS.index('confidence')]
    )


def mask_features(signs: np.ndarray) -> np.ndarray:
    """Bring signs to scales on which errors are linear.

    Args:
        signs: (N, C, len(SIGNS)).

    Returns:
        (N, C, len(OF_MASK)); NaN where there is no mask or no value.
    """
    of = {name: signs[..., index] for index, name in enumerate(SIGNS)}
    there = has_mask(signs)
    confidence = np.clip(of['confidence'], LEAST, 1 - LEAST)
    area = np.log(np.where(there, of['area'], np.nan))
    made = dict(
        confidence=np.log(confidence / (1 - confidence)),
        margin=np.log(of['margin'] + LEAST),
        agreement=np.log(1 - of['agreement'] + LEAST),
        area=area,
        relative_area=area - _means(area),
        parts=np.log(np.maximum(of['parts'], 1)),
        border=of['border'],
        flagged=np.log1p(of['flagged']),
        flags=np.log1p(of['flags']),
        brightness=of['brightness'],
        contrast=of['contrast'],
    )
    features = np.stack([made[name] for name in OF_MASK], axis=-1)
    return np.where(there[..., None], features, np.nan)


def features_of(signs: np.ndarray, centres: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Compute all features.

    Args:
        signs: (N, C, len(SIGNS)).
        centres: What is taken from each feature of a mask, (C, F); only the first of
            :data:`FEATURES` have one.
        scales: What each is divided by, the same shape.

    Returns:
        (N, C, F), 0 where there is no value.
    """
    number = len(OF_MASK)
    standard = (mask_features(signs) - centres[:, :number]) / scales[:, :number]
    standard = np.clip(standard, -FURTHEST, FURTHEST)
    at = OF_MASK.index
    unusual = np.abs(standard[..., [at('area'), at('relative_area')]])
    images = [_means(standard[..., at(name)]) for name in ('confidence', 'margin', 'agreement')]
    of_image = np.stack(np.broadcast_arrays(*images), axis=-1)
    of_image = np.broadcast_to(of_image, (*standard.shape[:2], 3))
    return np.nan_to_num(np.concatenate([standard, unusual, of_image], axis=-1))


def standardisation(signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find mean and standard deviation of the features of masks in each class.

    Args:
        signs: (N, C, len(SIGNS)).

    Returns:
        Centres and scales, (C, len(FEATURES)); 0 and 1 where a feature is constant or missing.
    """
    features = mask_features(signs)
    known = np.isfinite(features)
    count = known.sum(axis=0)
    centres = np.where(known, features, 0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, (features - centres) ** 2, 0).sum(axis=0)
    scales = np.sqrt(squares / np.maximum(count, 1))
    scales = np.where((scales > 1e-6) & (count > 1), scales, 1.0)
    more = len(FEATURES) - len(OF_MASK)
    filling = ((0, 0), (0, more))
    return np.pad(centres, filling), np.pad(scales, filling, constant_values=1.0)


def _means(values: np.ndarray) -> np.ndarray:
    """Mean over the classes that have a value, (N, 1); NaN where none has."""
    known = np.isfinite(values)
    count = known.sum(axis=1, keepdims=True)
    total = np.where(known, values, 0).sum(axis=1, keepdims=True)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
