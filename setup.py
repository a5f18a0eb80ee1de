"""Packaging of darfix-core.

The folders icons/, tutorials/ and docs/steps/ stand at the top of the tree and are installed as sub-packages of the
add-on.
"""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_namespace_packages, find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "darfix_core" / "__init__.py").read_text(encoding="utf8"))[1]

CORE = [
    "annotated-types>=0.6",
    "fabio>=2024.4",
    "h5py>=3.10",
    "hdf5plugin>=4.4",
    "matplotlib>=3.8",
    "numba>=0.60",
    "numpy>=1.26",
    "platformdirs>=4",
    "psutil>=5.9",
    "pydantic>=2.7",
    "rich>=13",
    "scipy>=1.12",
    "tifffile>=2024.5",
]
GUI = [
    "Orange3>=3.38",
    "orange-widget-base>=4.25",
    "orange-canvas-core>=0.2.5",
    "markdown-it-py>=3",
    "PyOpenGL>=3.1",
    "PyQt5>=5.15",
    "qtawesome>=1.3",
    "silx>=2.2",
    "opencv-python>=4.9",
    "scikit-learn>=1.4",
]
EWOKS = [
    "ewoks>=6,<7",
    "ewokscore>=5,<6",
    "ewoksorange>=5,<6",
]
TIFF = [
    "imagecodecs>=2024.6",
]
DISTRIBUTED = [
    "distributed>=2024.5",
]
DOCS = [
    "furo>=2024.8",
    "myst-parser>=4",
    "numpydoc>=1.8",
    "sphinx>=8",
]
TEST = [
    *DOCS,
    *DISTRIBUTED,
    *GUI,
    *EWOKS,
    *TIFF,
    "build>=1.2",
    "setuptools>=77",
    "wheel>=0.43",
    "codespell>=2.3",
    "dask[array]>=2024.5",
    "hypothesis>=6.100",
    "import-linter>=2.1",
    "mypy>=1.15",
    "pytest>=8.2",
    "pytest-qt>=4.4",
    "pytest-xdist>=3.6",
    "ruff>=0.9",
    "xarray>=2024.5",
]

setup(
    name="darfix-core",
    version=VERSION,
    description="Analysis and simulation of dark-field X-ray microscopy, headless and in Orange Canvas",
    long_description=(HERE / "README.md").read_text(encoding="utf8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    keywords=["orange3 add-on", "dark-field X-ray microscopy", "synchrotron", "diffraction", "mosaicity"],
    classifiers=[
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Physics",
    ],
    packages=[
        *find_packages(include=["darfix_core", "darfix_core.*"]),
        *find_namespace_packages(include=["orangecontrib.dfxm", "orangecontrib.dfxm.*"]),
        "orangecontrib.dfxm.help_pages",
        "orangecontrib.dfxm.icons",
        "orangecontrib.dfxm.tutorials",
    ],
    package_dir={
        "orangecontrib.dfxm.help_pages": "docs/steps",
        "orangecontrib.dfxm.icons": "icons",
        "orangecontrib.dfxm.tutorials": "tutorials",
    },
    package_data={
        "darfix_core": ["py.typed"],
        "orangecontrib.dfxm.help_pages": ["*.md", "pictures/*.png"],
        "orangecontrib.dfxm.icons": ["*.svg"],
        "orangecontrib.dfxm.tutorials": ["*.ows"],
    },
    install_requires=CORE,
    extras_require={"gui": GUI, "distributed": DISTRIBUTED, "ewoks": EWOKS, "tiff": TIFF, "docs": DOCS, "test": TEST},
    entry_points={
        "console_scripts": ["darfix-core = darfix_core.cli:main"],
        # ewoks imports the module and lists the tasks that it finds in it.
        "ewoks.tasks.class": ["darfix_core.workflow.ewoks_tasks = darfix_core"],
        "orange3.addon": ["dfxm = orangecontrib.dfxm"],
        "orange.canvas.help": ["html-index = orangecontrib.dfxm.help:WIDGET_INDEX"],
        "orange.widgets": ["DFXM = orangecontrib.dfxm.widgets"],
        "orange.widgets.tutorials": ["dfxm = orangecontrib.dfxm.tutorials"],
        "orangecanvas.examples": ["dfxm = orangecontrib.dfxm.tutorials"],
    },
)
