"""Settings of film and plate of wild phantoms."""

from dataclasses import dataclass

from handbone.phantom.settings import Range, check_settings


@dataclass(frozen=True)
class FilmSettings:
    """How film and scanner look.

    Grey values run from 0 (black) to 1 (white), before an inversion. Rates are shares of images, 0
    to 1. Lengths that are shares refer to the side of the image, unless stated otherwise.

    Args:
        air: Range of the grey value of exposed film without patient.
        contrast: Range of the difference in grey between air and the densest bone.
        gamma: Range of the exponent of the display curve.
        soft_tissue: Range of the attenuation of soft tissue relative to the default phantoms: high
            with soft radiation.
        bone: The same range for bone: low with hard radiation.
        clipped_rate: Share of images whose dark and bright ends are cut off.
        clipped: Range of what is cut off at both ends together, as a share of the contrast.
        inverted_rate: Share of images with dark bones on bright ground.
        collimated_rate: Share of images with a visible edge of the exposed field. Where the far end
            of the forearm would otherwise be in the image, there always is one.
        turned_rate: Share of fields and sheets that are turned by any angle up to ``field_turn``;
            the others are turned by up to 3 degrees.
        field_turn: Largest turn of the exposed field and of the sheet, in degrees.
        field_margin: Range of the distance from the hand to an edge of the field, as a share of the
            size of the hand. A negative distance cuts the hand.
        cut_rate: Share of fields of which one edge cuts the hand.
        cut: Range of how much of the hand such an edge cuts off, as a share of its size.
        outside: Range of the grey value outside the field.
        black_rate: Share of fields whose outside is black, whatever ``outside`` says.
        penumbra: Range of the width of the edge of a field, as a share.
        sheet_rate: Share of images with an edge of the sheet or cassette in the image.
        sheet_margin: Range of the distance from the frame to an edge of the sheet, as a share;
            negative distances put the edge outside the image.
        edge_rate: Share of edges of fields and sheets that are accompanied by a line.
        edge_grey: Range of the difference in grey of such a line, dark or bright.
        edge_width: Range of the width of such a line, as a share.
        two_exposures_rate: Share of films with two exposures, of which one may be empty.
        second_hand_rate: Share of these that show both hands, all bones of which have labels.
        vignetting: Range of how much darker or brighter the corners are, as a share of the grey.
        clouds: Range of the contrast of broad shades on the film, in grey.
        dust_rate: Share of films with dust.
        dust: Range of the number of grains.
        scratch_rate: Share of films with scratches.
        scratches: Range of the number of scratches.
        text_rate: Share of images with burnt-in text.
        text_height: Range of the height of its letters, as a share.
        blur: Range of the standard deviation of the scanner's blur, as a share.
        grain: Range of the standard deviation of the film's grain, in grey.
        jpeg_rate: Share of images that were stored as JPEG.
        jpeg_quality: Range of its quality, 1 to 100.
        steps_rate: Share of images with visible steps of grey.
        steps: Range of the number of grey values that are left.
    """

    air: Range = (0.0, 0.6)
    contrast: Range = (0.1, 1.0)
    gamma: Range = (0.5, 1.8)
    soft_tissue: Range = (0.7, 2.8)
    bone: Range = (0.45, 1.1)
    clipped_rate: float = 0.3
    clipped: Range = (0.0, 0.25)
    inverted_rate: float = 0.08
    collimated_rate: float = 0.55
    turned_rate: float = 0.25
    field_turn: float = 45.0
    field_margin: Range = (0.01, 0.7)
    cut_rate: float = 0.1
    cut: Range = (0.0, 0.25)
    outside: Range = (0.0, 1.0)
    black_rate: float = 0.35
    penumbra: Range = (0.0005, 0.012)
    sheet_rate: float = 0.35
    sheet_margin: Range = (-0.1, 0.08)
    edge_rate: float = 0.4
    edge_grey: Range = (-0.4, 0.6)
    edge_width: Range = (0.001, 0.012)
    two_exposures_rate: float = 0.05
    second_hand_rate: float = 0.5
    vignetting: Range = (-0.15, 0.3)
    clouds: Range = (0.0, 0.035)
    dust_rate: float = 0.3
    dust: Range = (3.0, 60.0)
    scratch_rate: float = 0.25
    scratches: Range = (1.0, 8.0)
    text_rate: float = 0.2
    text_height: Range = (0.012, 0.04)
    blur: Range = (0.0, 0.0022)
    grain: Range = (0.0, 0.035)
    jpeg_rate: float = 0.4
    jpeg_quality: Range = (8.0, 70.0)
    steps_rate: float = 0.15
    steps: Range = (12.0, 64.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class PlateSettings:
    """What lies on the plate beside the hand. Rates are shares of images, 0 to 1.

    Lengths that are shares refer to the side of the image.

    Args:
        marker_rate: Share of images with a marker of the side.
        marker_height: Range of the height of its letter, as a share.
        board_rate: Share of markers whose letter stands on a board, often with initials.
        framed_rate: Share of boards with a frame.
        on_hand_rate: Share of objects that may cover the hand.
        disc_rate: Share of images with discs, such as coins or the balls of a scale.
        disc_radius: Range of their radius, as a share.
        text_rate: Share of images with lead text, such as initials or a date.
        wire_rate: Share of images with a wire or cable.
        tape_rate: Share of images with strips of tape.
        wedge_rate: Share of images with a step wedge.
        holder_rate: Share of images with the blurred shade of a cushion or a holding hand.
    """

    marker_rate: float = 0.6
    marker_height: Range = (0.02, 0.11)
    board_rate: float = 0.5
    framed_rate: float = 0.3
    on_hand_rate: float = 0.1
    disc_rate: float = 0.08
    disc_radius: Range = (0.004, 0.035)
    text_rate: float = 0.2
    wire_rate: float = 0.06
    tape_rate: float = 0.08
    wedge_rate: float = 0.05
    holder_rate: float = 0.12

    def __post_init__(self) -> None:
        check_settings(self)
