"""Fingerprints and costs for the rules."""

from dataclasses import replace

from handbone.planning.fingerprint import ClassMeasures, Fingerprint
from handbone.planning.plan import StepCost

CLASS = ClassMeasures('Radius', 1.0, 0.02, 48.0, '')


def fingerprint(names=('Radius', 'Ulna'), thickness=48.0, sides=(), **more):
    """Five hundred square images of 2048 pixels of a hundred patients."""
    sides = [*sides, *[''] * len(names)]
    classes = tuple(
        replace(CLASS, name=name, thickness=thickness, side=side)
        for name, side in zip(names, sides, strict=False)
    )
    measures = dict(
        images=500,
        patients=100,
        measured_images=200,
        width=2048,
        height=2048,
        smallest=(2048, 2048),
        largest=(2048, 2048),
        grey_mean=100.0,
        grey_deviation=50.0,
        grey_range=(0.0, 255.0),
        classes=classes,
        overlap=0.01,
        overlapping_pairs=1,
        extent=(0.6, 0.8, 0.88),
        shift=0.04,
    )
    return Fingerprint(**(measures | more))


def cost_per_pixel(seconds, memory):
    """A cost in proportion to the pixels of a batch."""

    def cost(step):
        pixels = step.size[0] * step.size[1] * step.batch
        return StepCost(seconds * pixels, int(memory * pixels), True, True)

    return cost
