"""# Image tag that moves

A production target would use the tag `latest` of a container image, another tag that moves with every build (`main`,
`edge`, `nightly`), or an image without any tag, which means `latest`.

**Why.** The same configuration then runs different programs from one day to the next, and from one machine to the other.
A rollback brings back the configuration, and not the program.

**Fix.** Name a version, better with its digest: `renderer:3.1.4@sha256:...`.

**Exceptions.** Images that are pictures, machine images, and repositories whose tag stands under a key of its own
(`repository`, `tag`). Only the key `image` itself must bring a tag, and only where no tag, version or digest stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrace.model.findings import Severity
from terrace.model.source import dotted
from terrace.validate.later import later
from terrace.validate.rule import Example, Hit, Leaf, rule
from terrace.validate.words import is_prose, keys, word_set, words

GOOD = (
    Example({"environments/base/app.yaml": "images:\n  renderer: registry.internal:5000/renderer:3.1\n"}),
    Example({"environments/base/app.yaml": "images:\n  renderer: registry.internal/renderer@sha256:0f1e2d\n"}),
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    image: img/logo.png
    background_image: https://cdn.harbourkitchen.com/hero
    release: latest
    metadata: http://169.254.169.254/latest
    image_repository: registry.internal/renderer
    branch: main
    tag: latest-and-greatest
"""
        }
    ),
    Example(
        {
            "environments/base/app.yaml": """\
branding:
  labels:
    image: shop/renderer
    version: 3.1.4
"""
        }
    ),
)
BAD = (
    Example(
        {"environments/base/app.yaml": "images:\n  renderer: registry.internal/renderer:latest\n"},
        "environments/base/app.yaml:2",
        "images.renderer",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    image: registry.internal:5000/shop/renderer\n"},
        "environments/base/app.yaml:3",
        "branding.labels.image",
    ),
    Example(
        {"environments/base/app.yaml": "branding:\n  labels:\n    image_tag: latest\n"},
        "environments/base/app.yaml:3",
        "branding.labels.image_tag",
    ),
)

_MOVING = word_set("latest edge nightly main master head dev develop canary")
_VERSIONS = word_set("digest sha sha256 tag version")
_NAME = r"(?:[a-z0-9][a-z0-9.-]*(?::\d{1,5})?/)*[a-z0-9][a-z0-9._-]*"
_TAGGED = later(rf"(?:docker://|oci://)?(?P<name>{_NAME}):(?P<tag>[A-Za-z][A-Za-z-]*)")
_BARE = later(rf"(?:docker://)?(?=[^\s]*/){_NAME}")
_PICTURE = later(r"\.(?:avif|gif|ico|iso|img|jpe?g|png|qcow2|svg|webp)$", re.I)


@rule(
    "LEAK019",
    "image tag that moves in production",
    on="value",
    severity=Severity.WARNING,
    values=r"^(?:docker://|(?![a-z]+://))[a-z0-9:/._-]*/[a-z0-9._-]+$|\b(latest|edge|nightly|main|master|head|dev|develop|canary)$",
)
def check(leaf: Leaf) -> Iterator[Hit]:
    """A container image whose tag names no version."""
    what = "" if is_prose(leaf.name) else _moving(leaf)
    if what:
        message = f"{dotted(leaf.pointer)} {what} in production"
        yield Hit(message, leaf.location, leaf.pointer, "Name a version, better with its digest.")


def _moving(leaf: Leaf) -> str:
    said = words(leaf.name)
    tagged = _TAGGED.fullmatch(leaf.text)
    names_image = bool({"image", "images"} & {word for key in keys(leaf.pointer)[-2:] for word in words(key)})
    if tagged and tagged["tag"].lower() in _MOVING and (names_image or tagged["tag"] == "latest"):
        return f"is an image with the tag {tagged['tag']}"
    if said[-1:] == ("tag",) and leaf.text == "latest":
        return "is the tag latest"
    if said[-1:] == ("tag",) and names_image and leaf.text.lower() in _MOVING:
        return f"is the tag {leaf.text}"
    if (
        said[-1:] == ("image",)
        and len(said) < 3
        and _BARE.fullmatch(leaf.text)
        and not _PICTURE.search(leaf.text)
        and not _is_tagged(leaf)
    ):
        return "is an image without a tag"
    return ""


def _is_tagged(leaf: Leaf) -> bool:
    """Whether a tag, version or digest stands beside the image."""
    return any(_VERSIONS.intersection(words(name)) for name in leaf.beside)
