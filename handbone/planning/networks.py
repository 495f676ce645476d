"""The networks that a plan chooses from, and what their training costs."""

from collections.abc import Mapping
from typing import NamedTuple

from handbone.masks import num_planes

#: What the memory in NETWORKS was measured on: float32, 512 x 512 pixels, 29 classes.
MEASURED_PIXELS, MEASURED_CLASSES = 512**2, 29
#: What the operations in NETWORKS were counted on: 1536 x 1536 pixels.
COUNTED_PIXELS = 1536**2
#: Bytes of a weight with its gradient, and with AdamW's two averages.
WITH_GRADIENT, WITH_AVERAGES = 8, 16
#: Memory of half-precision activations relative to float32: losses and some layers stay in float32.
HALF_MEMORY = 0.65
#: Memory of activations where blocks of the backbone are computed twice, and with UPerNet's head,
#: which needs much itself.
RECOMPUTED_MEMORY, RECOMPUTED_MEMORY_UPERNET = 0.5, 0.75
#: Bytes per class and value of the output when the losses are computed, where memory is at its
#: peak: the logits and their gradient. Losses upsample a few classes at a time, however many.
CLASS_MEMORY = 8
#: Bytes per pixel and plane of packed labels: those of the samples, and the stack of the batch.
PLANE_MEMORY = 8
#: What a GPU's libraries hold besides.
LIBRARIES = 700 * 10**6
#: Operations per second of a middling GPU in training, in half precision and in float32.
HALF_SPEED, FULL_SPEED = 25e12, 8e12


class Network(NamedTuple):
    """A network.

    Attributes:
        base: Its file below ``configs/_base_/models``.
        parameters: Number of its weights.
        flops: Operations of predicting the logits of COUNTED_PIXELS.
        peak: Bytes of a training step on MEASURED_PIXELS, weights included.
        schedule: Its schedule below ``configs/_base_/schedules``.
        stride: Pixels of the image per logit.
        divisor: What height and width are multiples of.
        auxiliary: Whether it has an auxiliary head.
        pretrained: Whether its training starts from pretrained weights.
    """

    base: str
    parameters: int
    flops: float
    peak: int
    schedule: str = 'adamw_poly_40k'
    stride: int = 4
    divisor: int = 32
    auxiliary: bool = False
    pretrained: bool = True

    def estimated_bytes(
        self, pixels: int, batch: int, half: bool, recompute: bool, classes: int
    ) -> int:
        """Estimate the peak memory of a training step on a GPU.

        Args:
            pixels: Pixels of an image.
            batch: Number of images.
            half: Whether it is computed in half precision.
            recompute: Whether blocks are computed twice.
            classes: Number of classes.

        Returns:
            Bytes.
        """
        activations = (self.peak - WITH_GRADIENT * self.parameters) / MEASURED_PIXELS
        if half:
            activations *= HALF_MEMORY
        if recompute:
            activations *= RECOMPUTED_MEMORY_UPERNET if self.auxiliary else RECOMPUTED_MEMORY
        activations += CLASS_MEMORY * (classes - MEASURED_CLASSES) / self.stride**2
        activations += PLANE_MEMORY * (num_planes(classes) - num_planes(MEASURED_CLASSES))
        return int(LIBRARIES + WITH_AVERAGES * self.parameters + activations * pixels * batch)

    def estimated_seconds(self, pixels: int, batch: int, half: bool, recompute: bool) -> float:
        """Estimate the time of a training step on a GPU.

        Args:
            pixels: Pixels of an image.
            batch: Number of images.
            half: Whether it is computed in half precision.
            recompute: Whether blocks are computed twice.

        Returns:
            Seconds.
        """
        # the backward pass takes twice the forward pass
        operations = self.flops / COUNTED_PIXELS * pixels * batch * (4 if recompute else 3)
        return operations / (HALF_SPEED if half else FULL_SPEED)


#: By name, from small to large. Numbers are those of docs/model_zoo.json.
NETWORKS: Mapping[str, Network] = {
    'folded_unet': Network(
        base='folded_unet',
        parameters=3_727_184,
        flops=48.2e9,
        peak=196_190_208,
        schedule='adamw_progressive',
        stride=1,
        divisor=64,
        pretrained=False,
    ),
    'folded_unet_wide': Network(
        base='folded_unet_wide',
        parameters=4_083_280,
        flops=102.0e9,
        peak=207_806_464,
        schedule='adamw_progressive',
        stride=1,
        divisor=64,
        pretrained=False,
    ),
    'segformer_mit-b0': Network(
        base='segformer_mit-b0',
        parameters=3_722_621,
        flops=240e9,
        peak=356_220_928,
    ),
    'segformer_mit-b2': Network(
        base='segformer_mit-b2',
        parameters=24_730_589,
        flops=962e9,
        peak=868_798_464,
    ),
    'upernet_swin-t': Network(
        base='upernet_swin',
        parameters=59_848_692,
        flops=4213e9,
        peak=1_354_203_136,
        auxiliary=True,
    ),
    'upernet_convnext-b': Network(
        base='upernet_convnext-b',
        parameters=122_009_786,
        flops=5244e9,
        peak=2_228_887_552,
        auxiliary=True,
    ),
}
