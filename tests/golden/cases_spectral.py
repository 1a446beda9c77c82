"""Cases of Fourier transforms."""

import tensorflow as tf

from cases import case, const, feed, x

CASES = []


def add(*args, **kwargs):
    CASES.append(case(*args, **kwargs))


# Complex to complex.
for rank, suffix in ((1, ""), (2, "2D"), (3, "3D")):
    for op in ("FFT" + suffix, "IFFT" + suffix):
        for dtype in ("complex64", "complex128"):
            add(op, x(*(4, 3, 5)[-rank:], dtype=dtype))
            add(op, x(2, 2, *(2, 3, 4)[-rank:], dtype=dtype))
        add(op, x(2, *(2, 3, 6)[-rank:], dtype="complex128", known=(None, *(None,) * rank)))
        add(op, x(2, *(2, 3, 2)[-rank:], dtype="complex64", known="rank?"))
        add(op, x(0, *(2, 3, 2)[-rank:], dtype="complex64"))
        add(op, x(2, *(1, 1, 1)[-rank:], dtype="complex64"))

# Of real numbers, and back. Beside TensorFlow's gradient, which exists for transforms of one and
# two axes that take x whole, stands the central difference.
REAL = {"complex64": "float32", "complex128": "float64"}


def lengths(rank):
    return [(4, 3, 6)[-rank:], (3, 2, 5)[-rank:], (2, 1, 1)[-rank:]]


for rank, suffix in ((1, ""), (2, "2D"), (3, "3D")):
    for length in lengths(rank):
        half = (*length[:-1], length[-1] // 2 + 1)
        text = "x".join(map(str, length))
        for dtype in REAL:
            rfft = lambda v, n, op=f"RFFT{suffix}", to=dtype: getattr(tf.raw_ops, op)(
                input=v, fft_length=n, Tcomplex=tf.as_dtype(to)
            )
            # A real output, which a central difference needs: both parts weighted.
            parts = lambda v, n, f=rfft: tf.stack([tf.math.real(f(v, n)), tf.math.imag(f(v, n))])
            irfft = lambda v, n, op=f"IRFFT{suffix}", to=REAL[dtype]: getattr(tf.raw_ops, op)(
                input=v, fft_length=n, Treal=tf.as_dtype(to)
            )
            real = REAL[dtype]
            known = rank < 3
            # Of a single element TensorFlow counts frequency 0 twice.
            known = known and length[-1] > 1
            for what, fn in (("", rfft), ("_parts", parts)):
                name = f"RFFT{suffix}_{text}_{dtype}{what}"
                add(
                    f"RFFT{suffix}",
                    x(*length, dtype=real),
                    const(list(length)),
                    fn=fn,
                    name=name,
                    reference=known,
                )
                add(
                    f"RFFT{suffix}",
                    x(2, *length, dtype=real, known=(None, *(None,) * rank)),
                    feed(list(length)),
                    fn=fn,
                    name=f"{name}_unknown",
                    reference=known,
                )
            z = lambda re, im, n, f=irfft: f(tf.complex(re, im), n)
            add(
                f"IRFFT{suffix}",
                x(2, *half, dtype=real),
                x(2, *half, dtype=real),
                const(list(length)),
                fn=z,
                name=f"IRFFT{suffix}_{text}_{dtype}",
                reference=known,
            )
            add(
                f"IRFFT{suffix}",
                x(2, *half, dtype=dtype, known="rank?"),
                feed(list(length)),
                fn=irfft,
                name=f"IRFFT{suffix}_{text}_{dtype}_unknown",
                reference=known,
            )
    # The transform reads no more than so many elements. TensorFlow's gradient does not fit then.
    for length in ((3, 2, 4), (2, 5, 1)):
        length = list(length[-rank:])
        half = [6, 5, 4][-rank:]
        text = "x".join(map(str, length))
        for known in (None, "rank?"):
            mark = "_no_rank" if known else ""
            add(
                f"RFFT{suffix}",
                x(2, *(5, 5, 5)[-rank:], known=known),
                const(length),
                fn=lambda v, n, op=f"RFFT{suffix}": tf.math.imag(
                    getattr(tf.raw_ops, op)(input=v, fft_length=n, Tcomplex=tf.complex128)
                    * (1 + 2j)
                ),
                name=f"RFFT{suffix}_to_{text}{mark}",
                reference=False,
            )
            add(
                f"IRFFT{suffix}",
                x(2, *half, known=known),
                x(2, *half, known=known),
                const(length),
                fn=lambda re, im, n, op=f"IRFFT{suffix}": getattr(tf.raw_ops, op)(
                    input=tf.complex(re, im), fft_length=n, Treal=tf.float64
                ),
                name=f"IRFFT{suffix}_to_{text}{mark}",
                reference=False,
            )

# What models make of them: a spectrogram, a cosine transform, a convolution.
add(
    "RFFT",
    x(2, 40),
    fn=lambda v: tf.abs(tf.signal.stft(v, frame_length=12, frame_step=5, fft_length=16)),
    name="RFFT_spectrogram",
)
add("RFFT", x(3, 7), fn=lambda v: tf.signal.dct(v, 2, norm="ortho"), name="RFFT_cosine_transform")
add(
    "FFT",
    x(2, 8),
    x(2, 8),
    fn=lambda u, v: tf.math.real(
        tf.signal.ifft(
            tf.signal.fft(tf.cast(u, tf.complex128)) * tf.signal.fft(tf.cast(v, tf.complex128))
        )
    ),
    name="FFT_circular_convolution",
)
