#!/usr/bin/env python3
"""Writes what scikit-image and PAIR's saliency make of small images: xrai.npz.

    python3 -m venv VENV && VENV/bin/pip install saliency==0.2.1 scikit-image==0.26.0
    VENV/bin/python tests/golden/make_xrai_golden.py

Sorts are stable here: edges of equal weight stay in their order, where NumPy's default leaves it to
the processor. For each image <name>:
    <name>/image      uint8 [H,W,C]
    <name>/labels     int16 [6,H,W], the Felzenszwalb labels of each scale, in the image's size
    <name>/areas      int32, the pixels of each dilated region, in PAIR's order
    <name>/<algorithm>/ranks   int16 [H,W], of XRAI `full` and `fast`; 1 is the highest
    <name>/<algorithm>/values  float64, the attribution of each rank
The base attribution of pixel (y, x, c), exact in binary:
    (image - 128) / 256 + ((31 y + 17 x + 7 c + (x y) mod 97) mod 101 - 50) / 128
Of BlurIG and Guided IG, on F(x) = sum over k of v_k tanh(w_k . x + b_k), in float64:
    path/x, path/baseline [H,W,C]; path/w [K, H W C]; path/b, path/v [K]
    blur/<steps>_<max sigma>                      attributions
    guided/<steps>_<fraction in %>_<max dist in %>
src/segment/golden_test.cc, src/attribution/xrai_test.cc, blur_ig_test.cc and guided_ig_test.cc
replay them. The photographs are scikit-image's samples, made smaller; see README.md for whose.
"""
import pathlib
import warnings

import numpy as np
import saliency.core as saliency
import skimage
from saliency.core import xrai
from skimage import data
from skimage.segmentation import _felzenszwalb_cy
from skimage.transform import resize

HERE = pathlib.Path(__file__).parent
BLUR = ((25, 3), (100, 50))  # Steps, sigma.
GUIDED = ((20, 25, 2), (200, 25, 2), (30, 10, 100), (10, 50, 0), (1, 25, 2))


class StableNumpy:
    """NumPy, but argsort keeps the order of equal values."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def argsort(values):
        return np.argsort(values, kind="stable")


def quantile(values, q, interpolation):
    """The `interpolation` that saliency gives is called `method` since NumPy 1.22."""
    return np.quantile(values, q, method=interpolation)


class QuantileNumpy(StableNumpy):
    quantile = staticmethod(quantile)


_felzenszwalb_cy.np = StableNumpy()
saliency.guided_ig.np = QuantileNumpy()


def smaller(image, height, width):
    scaled = resize(image, (height, width), preserve_range=True, anti_aliasing=True)
    return np.round(scaled).astype(np.uint8)


def rings(height, width):
    """Flat areas and exact symmetry: many edges of equal weight. Of 224 x 224 pixels, so that nothing is
    resized: the spline leaves its rounding noise on flat areas, and that would decide."""
    y, x = np.mgrid[:height, :width]
    r = (2 * y - height + 1)**2 + (2 * x - width + 1)**2
    return np.stack([r // 400 % 2 * 200, r // 900 % 3 * 100, x // 8 % 2 * 60], -1).astype(np.uint8)


IMAGES = {
    "astronaut": smaller(data.astronaut(), 224, 224),
    "chelsea": smaller(data.chelsea(), 100, 150),  # Enlarged to 224 x 224.
    "coffee": smaller(data.coffee(), 240, 360),  # Made smaller.
    "camera": smaller(data.camera(), 128, 96)[..., None],  # Grey.
    "rings": rings(224, 224),
}


def base_attribution(image):
    y, x, c = np.indices(image.shape)
    return (image.astype(np.float64) - 128) / 256 + ((31 * y + 17 * x + 7 * c +
                                                      (x * y) % 97) % 101 - 50) / 128


def labels_of(image):
    """The label maps inside _get_segments_felzenszwalb, which gives away their masks only."""
    maps = []
    unpack = xrai._unpack_segs_to_masks
    xrai._unpack_segs_to_masks = lambda segs: maps.extend(segs) or unpack(segs)
    masks = xrai._get_segments_felzenszwalb(image)
    xrai._unpack_segs_to_masks = unpack
    return np.stack(maps), masks


def image_arrays():
    arrays = {}
    for name, image in IMAGES.items():
        labels, masks = labels_of(image.astype(np.float64))
        arrays[name + "/image"] = image
        arrays[name + "/labels"] = labels.astype(np.int16)
        arrays[name + "/areas"] = np.array([mask.sum() for mask in masks], np.int32)
        for algorithm in ("full", "fast"):
            result = saliency.XRAI().GetMaskWithDetails(
                image, None, segments=masks, base_attribution=base_attribution(image),
                extra_parameters=saliency.XRAIParameters(return_xrai_segments=True,
                                                         algorithm=algorithm))
            ranks = result.segments
            values = np.array([result.attribution_mask[ranks == rank][0]
                               for rank in range(1, ranks.max() + 1)])
            assert np.array_equal(values[ranks - 1], result.attribution_mask)
            arrays["%s/%s/ranks" % (name, algorithm)] = ranks.astype(np.int16)
            arrays["%s/%s/values" % (name, algorithm)] = values
        print("%-10s %s, %d regions" % (name, image.shape, len(masks)))
    return arrays


def path_arrays():
    random = np.random.RandomState(7)
    shape, hidden = (14, 11, 3), 6
    x = random.uniform(0, 1, shape)
    baseline = np.full(shape, 0.25)
    x[:2, :3] = 0.25  # Equal to the baseline.
    w = random.normal(0, 0.15, (hidden, x.size))
    b, v = random.normal(0, 0.3, (2, hidden))

    def call(points, call_model_args=None, expected_keys=None):
        rows = points.reshape(len(points), -1)
        slope = (v * (1 - np.tanh(rows @ w.T + b)**2)) @ w
        return {saliency.INPUT_OUTPUT_GRADIENTS: slope.reshape(points.shape)}

    arrays = {"path/x": x, "path/baseline": baseline, "path/w": w, "path/b": b, "path/v": v}
    for steps, sigma in BLUR:
        arrays["blur/%d_%d" % (steps, sigma)] = saliency.BlurIG().GetMask(
            x, call, max_sigma=sigma, steps=steps)
    for steps, fraction, distance in GUIDED:
        arrays["guided/%d_%d_%d" % (steps, fraction, distance)] = saliency.GuidedIG().GetMask(
            x, call, x_baseline=baseline, x_steps=steps, fraction=fraction / 100,
            max_dist=distance / 100)
    return arrays


def main():
    warnings.simplefilter("ignore")
    arrays = image_arrays() | path_arrays()
    arrays["version"] = np.array([b"scikit-image " + skimage.__version__.encode()])
    np.savez_compressed(HERE / "xrai.npz", **arrays)
    print("%d kB" % ((HERE / "xrai.npz").stat().st_size // 1000))


if __name__ == "__main__":
    main()
