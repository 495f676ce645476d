"""Settings of film and plate of wild phantoms."""

from dataclasses import dataclass

from handbone.phantom.settings import CheckedSettings, Range, rate, setting


@dataclass(frozen=True)
class FilmSettings(CheckedSettings):
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
        margin_factor: Range of a factor on all four of these distances, which makes fields tight.
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
        exposure_gap: Range of half the distance between two exposures, as a share.
        exposure_border: Range of the distance from the frame to their outer edges, as a share;
            negative distances put the edges outside the image.
        exposure_split: Range of the place where a film is divided between them, 0 to 1.
        exposure_scale: Size of the hands on these films relative to those that are alone. Hands
            that would become smaller than any of those keep their size.
        vignetting: Range of how much darker or brighter the corners are, as a share of the grey.
        clouds: Range of the contrast of broad shades on the film, in grey.
        dust_rate: Share of films with dust.
        dust: Range of the number of grains.
        dust_radius: Mean radius of a grain, as a share.
        scratch_rate: Share of films with scratches.
        scratches: Range of the number of scratches.
        scratch_width: Mean width of a scratch, as a share.
        dirt_grey: Range of the difference in grey of dust and scratches, which are all dark or all
            bright.
        text_rate: Share of images with burnt-in text.
        text_height: Range of the height of its letters, as a share.
        blur: Range of the standard deviation of the scanner's blur, as a share.
        grain: Range of the standard deviation of the film's grain, in grey.
        blurred_grain_rate: Share of images whose grain is coarse.
        jpeg_rate: Share of images that were stored as JPEG.
        jpeg_quality: Range of its quality, 1 to 100.
        steps_rate: Share of images with visible steps of grey.
        steps: Range of the number of grey values that are left.
    """

    air: Range = setting((0.0, 0.6), 0, 0.95)
    contrast: Range = setting((0.1, 1.0), 0.02, 1.5)
    gamma: Range = setting((0.5, 1.8), 0.1, 5)
    soft_tissue: Range = setting((0.7, 2.8), 0.05, 10)
    bone: Range = setting((0.45, 1.1), 0.05, 10)
    clipped_rate: float = rate(0.3)
    clipped: Range = setting((0.0, 0.25), 0, 0.9)
    inverted_rate: float = rate(0.08)
    collimated_rate: float = rate(0.55)
    turned_rate: float = rate(0.25)
    field_turn: float = setting(45.0, 0, 180)
    field_margin: Range = setting((0.01, 0.7), -0.1, 3)
    margin_factor: Range = setting((0.1, 1.0), 0, 1)
    cut_rate: float = rate(0.1)
    cut: Range = setting((0.0, 0.25), 0, 0.5)
    outside: Range = setting((0.0, 1.0), 0, 1)
    black_rate: float = rate(0.35)
    penumbra: Range = setting((0.0005, 0.012), 0, 0.1)
    sheet_rate: float = rate(0.35)
    sheet_margin: Range = setting((-0.1, 0.08), -0.5, 0.4)
    edge_rate: float = rate(0.4)
    edge_grey: Range = setting((-0.4, 0.6), -1, 1)
    edge_width: Range = setting((0.001, 0.012), 0, 0.1)
    two_exposures_rate: float = rate(0.05)
    second_hand_rate: float = rate(0.5)
    exposure_gap: Range = setting((0.0, 0.03), 0, 0.1)
    exposure_border: Range = setting((-0.05, 0.04), -0.2, 0.1)
    exposure_split: Range = setting((0.46, 0.54), 0.3, 0.7)
    exposure_scale: float = setting(0.5, 0.2, 1)
    vignetting: Range = setting((-0.15, 0.3), -1, 0.5)
    clouds: Range = setting((0.0, 0.035), 0, 0.3)
    dust_rate: float = rate(0.3)
    dust: Range = setting((3.0, 60.0), 0, 1000)
    dust_radius: float = setting(0.0008, 0, 0.02)
    scratch_rate: float = rate(0.25)
    scratches: Range = setting((1.0, 8.0), 0, 200)
    scratch_width: float = setting(0.0006, 0, 0.02)
    dirt_grey: Range = setting((0.2, 0.8), 0, 1)
    text_rate: float = rate(0.2)
    text_height: Range = setting((0.012, 0.04), 0.005, 0.2)
    blur: Range = setting((0.0, 0.0022), 0, 0.05)
    grain: Range = setting((0.0, 0.035), 0, 0.5)
    blurred_grain_rate: float = rate(0.5)
    jpeg_rate: float = rate(0.4)
    jpeg_quality: Range = setting((8.0, 70.0), 1, 100)
    steps_rate: float = rate(0.15)
    steps: Range = setting((12.0, 64.0), 4, 256)


@dataclass(frozen=True)
class PlateSettings(CheckedSettings):
    """What lies on the plate beside the hand. Rates are shares of images, 0 to 1.

    Lengths that are shares refer to the side of the image. Attenuations are those of the whole
    object: that of lead is 6, that of two centimetres of soft tissue 0.5.

    Args:
        marker_rate: Share of images with a marker of the side.
        marker_height: Range of the height of its letter, as a share.
        board_rate: Share of markers whose letter stands on a board, often with initials.
        framed_rate: Share of boards with a frame.
        cut_out_rate: Share of boards that are sheets of lead with the letter cut out.
        board_text_rate: Share of boards with initials, a date or a number.
        on_hand_rate: Share of objects that may cover the hand.
        disc_rate: Share of images with discs, such as coins or the balls of a scale.
        disc_radius: Range of their radius, as a share.
        discs: Range of their number.
        disc_attenuation: Range of their attenuation.
        ring_rate: Share of these images in which the discs have a hole.
        text_rate: Share of images with lead text, such as initials or a date.
        text_height: Range of the height of its letters, as a share.
        wire_rate: Share of images with a wire or cable.
        wire_width: Range of its width, as a share.
        wire_attenuation: Range of its attenuation.
        tape_rate: Share of images with strips of tape.
        tapes: Range of their number.
        tape_length: Range of their length, as a share.
        tape_width: Range of their width, as a share.
        tape_attenuation: Range of their attenuation.
        wedge_rate: Share of images with a step wedge.
        wedge_steps: Range of the number of its steps.
        wedge_length: Range of its length, as a share.
        wedge_width: Range of its width, as a share.
        wedge_attenuation: Range of the attenuation of its last step.
        holder_rate: Share of images with the blurred shade of a cushion or a holding hand.
        holder_size: Range of its length and of its width, as a share.
        holder_attenuation: Range of its attenuation.
    """

    marker_rate: float = rate(0.6)
    marker_height: Range = setting((0.02, 0.11), 0.005, 0.3)
    board_rate: float = rate(0.5)
    framed_rate: float = rate(0.3)
    cut_out_rate: float = rate(0.2)
    board_text_rate: float = rate(0.6)
    on_hand_rate: float = rate(0.1)
    disc_rate: float = rate(0.08)
    disc_radius: Range = setting((0.004, 0.035), 0.001, 0.2)
    discs: Range = setting((1.0, 3.0), 1, 20)
    disc_attenuation: Range = setting((0.3, 6.0), 0.02, 10)
    ring_rate: float = rate(0.3)
    text_rate: float = rate(0.2)
    text_height: Range = setting((0.012, 0.04), 0.005, 0.2)
    wire_rate: float = rate(0.06)
    wire_width: Range = setting((0.001, 0.006), 0, 0.05)
    wire_attenuation: Range = setting((0.1, 2.0), 0.02, 10)
    tape_rate: float = rate(0.08)
    tapes: Range = setting((1.0, 2.0), 1, 20)
    tape_length: Range = setting((0.06, 0.6), 0.01, 2)
    tape_width: Range = setting((0.01, 0.05), 0.002, 0.3)
    tape_attenuation: Range = setting((0.02, 0.15), 0, 2)
    wedge_rate: float = rate(0.05)
    wedge_steps: Range = setting((5.0, 15.0), 2, 40)
    wedge_length: Range = setting((0.08, 0.3), 0.02, 0.8)
    wedge_width: Range = setting((0.02, 0.06), 0.005, 0.3)
    wedge_attenuation: Range = setting((0.6, 2.5), 0.02, 10)
    holder_rate: float = rate(0.12)
    holder_size: Range = setting((0.125, 0.5625), 0.02, 1)
    holder_attenuation: Range = setting((0.03, 0.3), 0, 2)
