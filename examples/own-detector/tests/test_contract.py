"""WEIGHTS=face.onnx PICTURE=portrait.png HEAD=yolo python -m pytest"""

import os

import numpy as np
from passerby_own_detector import open_scrfd, open_yolo
from PIL import Image

from passerby.testing import detector_contract


def test_it_keeps_what_a_detector_promises():
    opened = {"yolo": open_yolo, "scrfd": open_scrfd}[os.environ["HEAD"]]
    with Image.open(os.environ["PICTURE"]) as image:
        picture = np.asarray(image.convert("RGB"))
    detector_contract(lambda: opened("cpu", os.environ["WEIGHTS"]), picture)
