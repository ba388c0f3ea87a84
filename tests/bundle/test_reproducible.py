"""The same content gives the same bytes, wherever and by whichever process it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WRITE = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[2], 8))
from terrace.bundle import BundleWriter, Facts
facts = Facts("staging", protected=False)
schema = {"x-terrace-version": "1.0", "properties": dict.fromkeys(set("abcdefgh"), {"type": "string"})}
head = {"environment": "staging", "service": "worker", "tenancy": "dedicated"}
writer = BundleWriter(Path(sys.argv[1]), **head, schema=schema, facts=facts)
shared = ("environments/staging/worker.secrets.yaml", b"\\xff\\x00 bytes as they are")
writer.add(None, {"b": 1e-9, "a": {"é": 1.0, "z": None}}, [shared], origins={"/b": "x.yaml:1:2", "/a/z": "y.yaml:3:4"})
for tenant in eval(sys.argv[3]):
    writer.add(tenant, {key: tenant for key in set("pqrstuvw")}, [shared, ("t", tenant.encode())])
writer.add("zeta", None, [shared])
print(writer.seal({"commit": "abc", "terrace": "0.1.0"}).digest)
"""

ENVIRONMENTS = [
    {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0"},
    {"TZ": "Pacific/Apia", "LC_ALL": "C.utf8", "PYTHONHASHSEED": "99"},
    {"TZ": "Asia/Kolkata", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "12345"},
]
UMASKS = ["022", "077", "000"]
ORDERS = ["['acme', 'bolt', 'corp']", "['corp', 'bolt', 'acme']", "sorted({'bolt', 'corp', 'acme'})"]


def test_two_processes_write_identical_bundles(tmp_path: Path) -> None:
    digests, contents = set(), []
    for number, settings in enumerate(ENVIRONMENTS):
        folder = tmp_path / f"{number}" / ("deep/" * number) / "bundle"
        folder.parent.mkdir(parents=True)
        command = [sys.executable, "-c", WRITE, str(folder), UMASKS[number], ORDERS[number]]
        done = subprocess.run(
            command, env={**os.environ, **settings}, cwd=folder.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert len(digests) == 1
    assert contents[0] == contents[1] == contents[2]


def test_the_digest_of_a_known_bundle_never_changes(tmp_path: Path) -> None:
    """A new digest for old content reloads every service everywhere: that takes a new format version."""
    from terrace.bundle import BundleWriter, Facts

    facts = Facts("test", protected=False)
    writer = BundleWriter(
        tmp_path / "b", environment="e", service="s", tenancy="none", schema={"type": "object"}, facts=facts
    )
    writer.add(None, {"number": 1.0, "text": "ü"}, [("environments/e/s.secrets.yaml", b"x")])
    ref = writer.seal()
    assert (tmp_path / "b" / "manifest.json").read_text() == KNOWN
    assert ref.digest == "sha256:" + KNOWN_DIGEST


KNOWN = (
    '{"environment":"e","files":{"config.json":{"sha256":"94ac5ba99b76a8f15b6f2baa3703a579a71289a9c3c445'
    '8f25fc79aedcb7e1c9","size":80},"environment.json":{"sha256":"83a425292a900136c221b839d31ed730ec9bda'
    'f6e3e741d5d9658347e80091e5","size":92},"schema.json":{"sha256":"a2c799262a3ce3c19ef5cdd983bf3d12b43'
    'ab3c426227091b909dcb7054738c0","size":17},"secrets.2d711642b726b044.yaml":{"sha256":"2d711642b726b0'
    '4401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","size":1}},"format":1,"schema":{"sha256":"a2c79'
    '9262a3ce3c19ef5cdd983bf3d12b43ab3c426227091b909dcb7054738c0","version":""},"service":"s","slices":{'
    '"":{"config":"config.json","secrets":[{"file":"secrets.2d711642b726b044.yaml","layer":"environments'
    '/e/s.secrets.yaml"}]}},"streams":{"config":"sha256:a27ea8a0a792b42208b91743bd16f50503ebdf22485febd6'
    '282be7041e622005","secrets":"sha256:67bb0322619c4afbb1848751ff05b0d81b6daab44668b412e376c26ddd686de'
    'a"},"tenancy":"none"}'
)
KNOWN_DIGEST = "803f0be8bfc085a26ba47a0fd6249723e6a1ff93dda0e2d9303c3632155f42b5"
