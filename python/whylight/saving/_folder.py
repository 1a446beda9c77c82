"""Where a SavedModel goes: it appears whole or not at all, in a folder or in a bucket."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

from .. import _core
from .._errors import InvalidArgumentError
from ._tensorflow import tf

_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


def _is_bucket(path: str) -> bool:
    """Whether the engine writes there: it tells absent buckets, credentials and networks apart.

    Without pyarrow TensorFlow's own file systems have to do, where they know the scheme.
    """
    return path.startswith(("gs://", "s3://")) and _core.has_arrow()


def is_remote(path: str) -> bool:
    """Whether TensorFlow's file systems are needed for `path`, as for gs://bucket/model."""
    return "://" in path


@contextlib.contextmanager
def new_folder(path: str, *, overwrite: bool) -> Iterator[str]:
    """A local folder to write to, which becomes `path` when the block ends without an error.

    Args:
        path: A local folder, or one of a file system that TensorFlow writes to.
        overwrite: Whether a SavedModel that is there gives way.

    Yields:
        The folder. It does not exist yet; its parent does.

    Raises:
        InvalidArgumentError: `path` is taken, or TensorFlow cannot write there.
    """
    refuse_taken(path, overwrite=overwrite)
    parent = None
    if not is_remote(path):
        path = os.path.abspath(path)
        parent = os.path.dirname(path)
        os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".whylight-", dir=parent) as scratch:
        folder = os.path.join(scratch, "new")
        yield folder
        if _is_bucket(path):
            _core.upload_folder(folder, path)
        elif is_remote(path):
            _upload(folder, path)
        else:
            _move(folder, path, aside=os.path.join(scratch, "old"))


def refuse_taken(path: str, *, overwrite: bool) -> None:
    """Raises InvalidArgumentError if something is at `path` that must not be written over."""
    if _is_bucket(path):
        if _core.kind_at(path) != "nothing":
            raise InvalidArgumentError(
                f"path: {path!r} is there already, and what lies in a bucket cannot be exchanged at "
                "one stroke; give a new folder, such as a version of an export base"
            )
        return
    with _file_system(path):
        if not tf.io.gfile.exists(path):
            return
        names = tf.io.gfile.listdir(path) if tf.io.gfile.isdir(path) else None
    if names is None:
        raise InvalidArgumentError(f"path: {path!r} is a file; a SavedModel is a folder")
    if not names:
        return
    if not any(name in _MODEL_FILES for name in names):
        raise InvalidArgumentError(
            f"path: {path!r} holds other things than a SavedModel, which overwrite=True "
            "would not remove either; give a new folder"
        )
    if not overwrite:
        raise InvalidArgumentError(
            f"path: there is a SavedModel in {path!r}; overwrite=True replaces it, or give a "
            "new folder"
        )


def _move(folder: str, path: str, *, aside: str) -> None:
    if not os.path.lexists(path):
        os.rename(folder, path)
        return
    os.rename(path, aside)
    try:
        os.rename(folder, path)
    except OSError:
        os.rename(aside, path)
        raise


def _upload(folder: str, path: str) -> None:
    gfile = tf.io.gfile
    files = [
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
    ]
    with _file_system(path):
        if gfile.exists(path):
            gfile.rmtree(path)
        try:
            # Last, so that a reader finds a whole model or none.
            for name in sorted(files, key=lambda name: (name in _MODEL_FILES, name)):
                target = "/".join([path.rstrip("/"), *name.split(os.sep)])
                gfile.makedirs(target.rpartition("/")[0])
                gfile.copy(os.path.join(folder, name), target, overwrite=True)
        except tf.errors.OpError:
            with contextlib.suppress(tf.errors.OpError):
                gfile.rmtree(path)
            raise


@contextlib.contextmanager
def _file_system(path: str) -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        raise InvalidArgumentError(
            f"path: TensorFlow cannot write to {path!r}: {error.message}; save to a local "
            "folder and copy it there with the store's own program"
        ) from error
