"""Settings of what a hand wears or carries on wild phantoms."""

from dataclasses import dataclass

from handbone.phantom.settings import CheckedSettings, Range, rate, setting


@dataclass(frozen=True)
class ThingsSettings(CheckedSettings):
    """What a hand wears or carries, besides rings, varnish and plates. Rates are shares of images.

    Lengths are those on a hand as large as in the tables of bone sizes.

    Args:
        watch_rate: Share of images with a watch.
        watch_radius: Range of the radius of its case, in millimetres.
        metal_strap_rate: Share of watches with a strap of metal.
        bracelet_rate: Share of images with bracelets.
        bracelets: Range of their number.
        bracelet_width: Range of their width, in millimetres; wide ones are strings of beads.
        cannula_rate: Share of images with a venous cannula and its tube.
        cannula_length: Range of the length of its needle, in millimetres.
        wires_rate: Share of images with long wires through joints.
        wires: Range of their number.
        wire_length: Range of their length, in millimetres.
        bent_wire_rate: Share of wires with a bent end.
        screws_rate: Share of images with screws without a plate.
        screws: Range of their number.
        screw_length: Range of their length, in millimetres.
        screw_radius: Range of the radius of their heads, in millimetres.
        fixator_rate: Share of images with an external fixator: pins and a rod beside the hand.
        fixator_reach: Range of the distance from the bone to the outer end of a pin, in
            millimetres.
        cast_rate: Share of images with a cast around hand and forearm.
        cast_wall: Range of the thickness of its wall, in millimetres.
        cast_attenuation: Range of the attenuation of one millimetre of it.
        cast_thumb_rate: Share of casts that enclose the thumb.
        splint_rate: Share of images with a splint, a rail of metal or plaster.
        finger_splint_rate: Share of splints along a finger; the others lie along the wrist.
        finger_splint_width: Range of the width of a splint along a finger, in millimetres.
        wrist_splint_width: Range of the width of a splint along the wrist, in millimetres.
        splint_attenuation: Range of the attenuation of a splint.
    """

    watch_rate: float = rate(0.03)
    watch_radius: Range = setting((12.0, 19.0), 4, 30)
    metal_strap_rate: float = rate(0.5)
    bracelet_rate: float = rate(0.04)
    bracelets: Range = setting((1.0, 4.0), 1, 10)
    bracelet_width: Range = setting((0.8, 5.0), 0.3, 15)
    cannula_rate: float = rate(0.03)
    cannula_length: Range = setting((25.0, 45.0), 5, 80)
    wires_rate: float = rate(0.04)
    wires: Range = setting((1.0, 4.0), 1, 10)
    wire_length: Range = setting((30.0, 90.0), 5, 200)
    bent_wire_rate: float = rate(0.4)
    screws_rate: float = rate(0.02)
    screws: Range = setting((1.0, 3.0), 1, 10)
    screw_length: Range = setting((8.0, 24.0), 4, 60)
    screw_radius: Range = setting((1.6, 3.0), 0.5, 8)
    fixator_rate: float = rate(0.015)
    fixator_reach: Range = setting((45.0, 60.0), 20, 120)
    cast_rate: float = rate(0.06)
    cast_wall: Range = setting((3.0, 8.0), 0.5, 30)
    cast_attenuation: Range = setting((0.015, 0.05), 0, 0.5)
    cast_thumb_rate: float = rate(0.4)
    splint_rate: float = rate(0.04)
    finger_splint_rate: float = rate(0.5)
    finger_splint_width: Range = setting((10.0, 18.0), 2, 60)
    wrist_splint_width: Range = setting((24.0, 52.0), 5, 120)
    splint_attenuation: Range = setting((0.1, 0.5), 0, 2)
