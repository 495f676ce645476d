"""Codes of the bones of the hand, as DICOM names what a segment is.

The primary anatomic structure of a segment says which bone it shows, by a concept of the
Foundational Model of Anatomy, a coding scheme of DICOM (PS3.16, as in ``pydicom.sr.codedict``).
BodyParts3D lists the concepts of all bones (Mitsuhashi et al., Nucleic Acids Research 37, 2009).

The property type of a segment is a SNOMED CT concept, by which viewers choose colours. A bone that
a published code names has that code. DICOM's content mapping has the scaphoid (CID 1006),
radius and ulna (CID 7304), the metacarpals as one concept (CID 1006), and "hand bone" (CID 7304).
Three more are in the expansion of HL7's value set ``http://hl7.org/fhir/ValueSet/body-site`` (FHIR
R4): the first metacarpal, the phalanges of the thumb and the middle phalanx of the index finger.
All other bones have the nearest of these more general codes: metacarpals 2 to 5 "Metacarpal",
phalanges of the thumb "phalanx of thumb", and the other phalanges and carpals "Hand bone".
"""

from typing import NamedTuple

from handbone.bones import RAYS

#: Scheme of codes that stand for the names of classes other than these bones.
PRIVATE_SCHEME = '99HANDBONE'

#: SNOMED CT concepts: code and meaning.
CATEGORY = ('91723000', 'Anatomical Structure')
FINGER = ('7569003', 'Finger')
FIRST_METACARPAL = ('4247003', 'Bone structure of first metacarpal')
FOREARM = ('14975008', 'Forearm')
HAND = ('85562004', 'Hand')
HAND_BONE = ('24097009', 'Hand bone')
INDEX_MIDDLE_PHALANX = ('7083009', 'Middle phalanx of index finger')
METACARPAL = ('36455000', 'Metacarpal')
RADIUS = ('62413002', 'Radius')
SCAPHOID = ('30518006', 'Scaphoid')
THUMB = ('76505004', 'Thumb')
THUMB_PHALANX = ('2550002', 'Bone structure of phalanx of thumb')
ULNA = ('23416004', 'Ulna')

#: SNOMED CT concepts by the letter of DICOM's attributes Image Laterality and Laterality.
LATERALITY = {'R': ('24028007', 'Right'), 'L': ('7771000', 'Left')}

ORDINALS = ('First', 'Second', 'Third', 'Fourth', 'Fifth')
PHALANGES = ('Distal', 'Middle', 'Proximal')

#: Numbers in the Foundational Model of Anatomy, rays from the thumb to the little finger; the thumb
#: has no middle phalanx.
FMA_PHALANGES = {
    'Distal': (23945, 23946, 23947, 23948, 23949),
    'Middle': (0, 23933, 23934, 23935, 23936),
    'Proximal': (23918, 23919, 23920, 23921, 23922),
}
FMA_METACARPALS = (23899, 23900, 23901, 23902, 23903)
FMA_CARPALS = {
    'Trapezium': 23721,
    'Trapezoid': 23724,
    'Capitate': 23727,
    'Hamate': 23730,
    'Scaphoid': 23709,
    'Lunate': 23712,
    'Triquetrum': 23715,
    'Pisiform': 23718,
}


class BoneCode(NamedTuple):
    """How DICOM names a bone.

    Attributes:
        name: Anatomical name of the very bone.
        fma: Its number in the Foundational Model of Anatomy.
        type: SNOMED CT code and meaning of the bone, or of the kind of bone that it is.
        region: SNOMED CT code and meaning of the part of the body.
    """

    name: str
    fma: str
    type: tuple[str, str]
    region: tuple[str, str]


def _phalanx(ray: int, finger: str, position: str) -> BoneCode:
    kind, region = (THUMB_PHALANX, THUMB) if finger == 'thumb' else (HAND_BONE, FINGER)
    name, number = f'{position} phalanx of {finger}', FMA_PHALANGES[position][ray]
    exact = INDEX_MIDDLE_PHALANX if name == INDEX_MIDDLE_PHALANX[1] else kind
    return BoneCode(name, str(number), exact, region)


def _bone_codes() -> dict[str, BoneCode]:
    codes: dict[str, BoneCode] = {}
    for ray, (finger, bones) in enumerate(RAYS.items()):
        thumb = finger == 'thumb'
        for name, position in zip(bones, PHALANGES[::2] if thumb else PHALANGES, strict=False):
            codes[name] = _phalanx(ray, finger if thumb else f'{finger} finger', position)
        name, number = f'{ORDINALS[ray]} metacarpal', str(FMA_METACARPALS[ray])
        codes[bones[-1]] = BoneCode(name, number, FIRST_METACARPAL if thumb else METACARPAL, HAND)
    for name, carpal in FMA_CARPALS.items():
        kind = SCAPHOID if name == 'Scaphoid' else HAND_BONE
        codes[name] = BoneCode(name, str(carpal), kind, HAND)
    codes['Radius'] = BoneCode('Radius', '23463', RADIUS, FOREARM)
    codes['Ulna'] = BoneCode('Ulna', '23466', ULNA, FOREARM)
    return codes


#: Codes by class name, for the classes of :data:`handbone.bones.CLASSES`.
BONE_CODES = _bone_codes()
