"""Read all files of a commit through the product's door to Git, and nothing else."""

import sys

from terrace import git

repository, revision = sys.argv[1:]
git.read_tree(repository, revision)
