"""Writes the golden files, by the libraries of the formats and never by handbone; see README.md.

pip install labelme label-studio-converter nnunetv2
python tests/datasets/formats/golden/make_golden.py
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
HEIGHT, WIDTH = 20, 28
NAMES = ('round', 'square', 'long')
COLORS = ((255, 0, 0), (0, 160, 0), (0, 0, 255))
#: First and last row and column of each class.
BOXES = dict(round=(3, 9, 4, 14), square=(6, 15, 10, 20), long=(17, 18, 2, 25))


def mask_of(name):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    top, bottom, left, right = BOXES[name]
    mask[top : bottom + 1, left : right + 1] = 1
    return mask


def corners(name):
    top, bottom, left, right = BOXES[name]
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def folder(name):
    (HERE / name).mkdir(parents=True, exist_ok=True)
    return HERE / name


def values():
    """One class per pixel, the later one where two overlap."""
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    for value, name in enumerate(NAMES, 1):
        picture[mask_of(name) != 0] = value
    return picture


def hand_bone():
    annotations = [
        dict(id=f'a{index}', type='poly_seg', attributes={}, points=corners(name), label=name)
        for index, name in enumerate(NAMES)
    ]
    document = dict(annotations=annotations, attributes={}, file_id='hand', filename='hand.png')
    document['metadata'] = dict(height=HEIGHT, width=WIDTH)
    text = json.dumps(document, indent=1)
    (folder('hand-bone/outputs_json/ID001') / 'hand.json').write_text(f'{text}\n')


def coco():
    from pycocotools import mask

    packed = mask.encode(np.asfortranarray(mask_of('square')))
    flat = mask_of('long').ravel(order='F')
    edges = np.flatnonzero(np.diff(flat, prepend=0, append=0))
    lengths = np.diff([0, *edges, flat.size]).tolist()
    top, bottom, left, right = BOXES['round']
    # COCO counts from the corner of the first pixel
    outline = [left, top, right + 1, top, right + 1, bottom + 1, left, bottom + 1]
    segmentations = (
        [outline],
        dict(size=packed['size'], counts=packed['counts'].decode()),
        dict(size=[HEIGHT, WIDTH], counts=lengths),
    )
    document = dict(
        images=[dict(id=7, file_name='hand.png', height=HEIGHT, width=WIDTH)],
        categories=[dict(id=10 * place, name=name) for place, name in enumerate(NAMES, 1)],
        annotations=[
            dict(id=place, image_id=7, category_id=10 * place, segmentation=each, iscrowd=0)
            for place, each in enumerate(segmentations, 1)
        ],
    )
    (folder('coco') / 'coco.json').write_text(f'{json.dumps(document, indent=1)}\n')


def rle_csv():
    """The function that competitors use, from the forum of the first Kaggle competition of runs."""
    lines = ['id,class,rle,img_height,img_width']
    for name in NAMES:
        pixels = np.concatenate([[0], mask_of(name).T.flatten(), [0]])
        runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
        runs[1::2] -= runs[::2]
        lines.append(f'hand,{name},{" ".join(map(str, runs))},{HEIGHT},{WIDTH}')
    (folder('rle-csv') / 'train.csv').write_text('\n'.join(lines) + '\n')


def labelme():
    from labelme._label_file import write_label_file
    from labelme.utils import img_arr_to_b64

    top, bottom, left, right = BOXES['long']
    drawn = mask_of('long')[top : bottom + 1, left : right + 1].astype(bool)
    kinds = (
        ('round', 'polygon', corners('round'), None),
        ('square', 'rectangle', corners('square')[::2], None),
        ('long', 'mask', corners('long')[::2], img_arr_to_b64(drawn)),
    )
    shapes = [
        dict(label=name, points=points, group_id=None, description='', shape_type=kind)
        | dict(flags={}, mask=mask)
        for name, kind, points, mask in kinds
    ]
    write_label_file(
        str(folder('labelme') / 'hand.json'),
        shapes=shapes,
        image_path='hand.png',
        image_height=HEIGHT,
        image_width=WIDTH,
    )


def label_studio():
    from label_studio_converter.brush import mask2rle

    size = dict(original_width=WIDTH, original_height=HEIGHT, image_rotation=0)
    scale = 100 / WIDTH, 100 / HEIGHT
    points = [[x * scale[0], y * scale[1]] for x, y in corners('round')]
    top, bottom, left, right = BOXES['long']
    box = dict(x=left * scale[0], y=top * scale[1], rotation=0)
    box |= dict(width=(right - left) * scale[0], height=(bottom - top) * scale[1])
    brush = dict(format='rle', rle=mask2rle(mask_of('square') * 255))
    kinds = (
        ('round', 'polygonlabels', dict(points=points, closed=True)),
        ('square', 'brushlabels', brush),
        ('long', 'rectanglelabels', box),
    )
    results = [
        dict(id=name, type=kind, from_name='label', to_name='image', origin='manual')
        | size
        | dict(value=value | {kind: [name]})
        for name, kind, value in kinds
    ]
    annotation = dict(id=1, completed_by=1, result=results, was_cancelled=False)
    task = dict(id=1, data=dict(image='/data/upload/1/0a1b2c3d-hand.png'), predictions=[])
    tasks = [task | dict(annotations=[annotation])]
    (folder('label-studio') / 'tasks.json').write_text(f'{json.dumps(tasks)}\n')


def label_png():
    """Chunk by chunk: RGB of 16 bits, red for bits 0 to 15, green for 16 to 31."""
    codes = sum(mask_of(name).astype(np.uint32) << index for index, name in enumerate(NAMES))
    pixels = np.zeros((HEIGHT, WIDTH, 3), '>u2')
    pixels[..., 0], pixels[..., 1] = codes & 0xFFFF, codes >> 16
    rows = b''.join(b'\0' + row.tobytes() for row in pixels)
    chunks = (
        (b'IHDR', struct.pack('>IIBBBBB', WIDTH, HEIGHT, 16, 2, 0, 0, 0)),
        (b'tEXt', b'handbone classes\0' + json.dumps(NAMES).encode()),
        (b'IDAT', zlib.compress(rows)),
        (b'IEND', b''),
    )
    data = b'\x89PNG\r\n\x1a\n'
    for kind, content in chunks:
        checksum = struct.pack('>I', zlib.crc32(kind + content))
        data += struct.pack('>I', len(content)) + kind + content + checksum
    (folder('label-png/label_png') / 'hand.png').write_bytes(data)


def class_masks():
    for name, suffix in zip(NAMES, ('png', 'gif', 'bmp'), strict=True):
        picture = Image.fromarray(mask_of(name) * np.uint8(255))
        picture.save(folder(f'class-masks/masks/{name}') / f'hand.{suffix}')


def index_png():
    picture = Image.fromarray(values())
    picture.putpalette([0, 0, 0, *np.ravel(COLORS).tolist()])
    picture.save(folder('index-png/masks') / 'hand.png')
    (HERE / 'index-png/classes.txt').write_text('\n'.join(NAMES) + '\n')


def color_png():
    colors = np.array([(0, 0, 0), *COLORS], np.uint8)[values()]
    Image.fromarray(colors).save(folder('color-png/masks') / 'hand.png')
    table = dict(zip(NAMES, COLORS, strict=True))
    (HERE / 'color-png/colors.json').write_text(f'{json.dumps(table)}\n')


def arrays():
    np.save(folder('arrays/masks') / 'hand.npy', np.stack([mask_of(name) for name in NAMES]))
    (HERE / 'arrays/classes.txt').write_text('\n'.join(NAMES) + '\n')


def nnunet():
    from nnunetv2.dataset_conversion.generate_dataset_json import generate_dataset_json

    masks = [mask_of(name) != 0 for name in NAMES]
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    for value, mask in enumerate((*masks, masks[0] & masks[1]), 1):
        picture[mask] = value
    Image.fromarray(picture).save(folder('nnunet/labelsTr') / 'hand.png')
    generate_dataset_json(
        str(HERE / 'nnunet'),
        channel_names={0: 'radiograph'},
        labels=dict(background=0, round=(1, 4), square=(2, 4), long=3),
        num_training_cases=1,
        file_ending='.png',
        regions_class_order=(1, 2, 3),
        license='CC0',
        converted_by='handbone',
    )


def dicom_seg(place='dicom-seg', names=NAMES):
    import highdicom
    import pydicom

    image = pydicom.Dataset()
    image.file_meta = pydicom.dataset.FileMetaDataset()
    image.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    image.SOPClassUID = pydicom.uid.ComputedRadiographyImageStorage
    for number, keyword in enumerate(('SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID')):
        setattr(image, keyword, f'1.2.3.{number}')
    for keyword in ('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'StudyID'):
        setattr(image, keyword, '')
    for keyword in ('AccessionNumber', 'StudyDate', 'StudyTime', 'ReferringPhysicianName'):
        setattr(image, keyword, '')
    image.Modality, image.Rows, image.Columns = 'CR', HEIGHT, WIDTH
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=pydicom.sr.codedict.codes.SCT.Bone,
            segmented_property_type=pydicom.sr.coding.Code(name, '99TEST', name),
            algorithm_type='MANUAL',
        )
        for number, name in enumerate(names, 1)
    ]
    segmentation = highdicom.seg.Segmentation(
        source_images=[image],
        pixel_array=np.stack([mask_of(name) for name in names], axis=-1)[None],
        segmentation_type='BINARY',
        segment_descriptions=described,
        series_instance_uid='1.2.3.3',
        series_number=1,
        sop_instance_uid='1.2.3.4',
        instance_number=1,
        manufacturer='golden',
        manufacturer_model_name='golden',
        software_versions='1',
        device_serial_number='1',
    )
    segmentation.save_as(folder(f'{place}/dicom_seg') / 'hand.dcm')


def dicom_seg_of_one():
    """What all frames share stands elsewhere in it."""
    dicom_seg('dicom-seg-of-one', NAMES[1:2])


if __name__ == '__main__':
    made = (hand_bone, coco, rle_csv, labelme, label_studio, label_png, class_masks, index_png)
    for make in (*made, color_png, arrays, nnunet, dicom_seg, dicom_seg_of_one):
        make()
