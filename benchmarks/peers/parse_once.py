"""Floor Y1: parse each YAML file below a folder once with PyYAML's C loader, and nothing else."""

import os
import sys

import yaml

for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".yaml"):
            with open(os.path.join(folder, name), "rb") as file:  # noqa: PTH118 - pathlib would be part of the floor
                yaml.load(file.read(), yaml.CSafeLoader)
