"""Codes of the bones of the hand, as DICOM names what a segment is.

Where a published code names a bone, it is taken. DICOM's content mapping (PS3.16, as in
``pydicom.sr.codedict``) has the scaphoid (CID 1006), radius and ulna (CID 7304), the metacarpals as
one concept (CID 1006), and "hand bone" (CID 7304). Two more are in the expansion of HL7's value set
``http://hl7.org/fhir/ValueSet/body-site`` (FHIR R4): the first metacarpal and the phalanges of the
thumb. All other bones take the nearest of these more general codes: metacarpals 2 to 5
"Metacarpal", phalanges of the thumb "phalanx of thumb", and the other phalanges and carpals "Hand
bone". What exactly such a segment shows is said by a code of the private scheme 99HANDBONE as its
primary anatomic structure, by its label, and by its region.
"""

from typing import NamedTuple

from handbone.bones import CARPALS, RAYS

#: Scheme of codes that stand for class names.
PRIVATE_SCHEME = '99HANDBONE'

#: SNOMED CT concepts: code and meaning.
CATEGORY = ('91723000', 'Anatomical Structure')
FINGER = ('7569003', 'Finger')
FIRST_METACARPAL = ('4247003', 'Bone structure of first metacarpal')
FOREARM = ('14975008', 'Forearm')
HAND = ('85562004', 'Hand')
HAND_BONE = ('24097009', 'Hand bone')
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


class BoneCode(NamedTuple):
    """How DICOM names a bone.

    Attributes:
        name: Anatomical name of the very bone.
        type: SNOMED CT code and meaning of the bone, or of the kind of bone that it is.
        region: SNOMED CT code and meaning of the part of the body.
        exact: Whether ``type`` names this bone alone.
    """

    name: str
    type: tuple[str, str]
    region: tuple[str, str]
    exact: bool


def _bone_codes() -> dict[str, BoneCode]:
    codes = {}
    for ordinal, (ray, bones) in zip(ORDINALS, RAYS.items(), strict=True):
        thumb = ray == 'thumb'
        finger = ray if thumb else f'{ray} finger'
        phalanges = PHALANGES[::2] if thumb else PHALANGES
        for name, position in zip(bones, phalanges, strict=False):
            kind, region = (THUMB_PHALANX, THUMB) if thumb else (HAND_BONE, FINGER)
            codes[name] = BoneCode(f'{position} phalanx of {finger}', kind, region, False)
        kind = FIRST_METACARPAL if thumb else METACARPAL
        codes[bones[-1]] = BoneCode(f'{ordinal} metacarpal', kind, HAND, thumb)
    for name in CARPALS:
        scaphoid = name == 'Scaphoid'
        codes[name] = BoneCode(name, SCAPHOID if scaphoid else HAND_BONE, HAND, scaphoid)
    codes['Radius'] = BoneCode('Radius', RADIUS, FOREARM, True)
    codes['Ulna'] = BoneCode('Ulna', ULNA, FOREARM, True)
    return codes


#: Codes by class name, for the classes of :data:`handbone.bones.CLASSES`.
BONE_CODES = _bone_codes()
