"""Unpacks the collection ovirt.ovirt from the wheel of `ansible`, which carries a hundred others that nobody here needs.

    python collection.py FOLDER-OF-THE-WHEEL

It goes where an installation of the whole wheel would put it.
"""

import pathlib
import sys
import sysconfig
import zipfile

(wheel,) = pathlib.Path(sys.argv[1]).glob("ansible-*.whl")
with zipfile.ZipFile(wheel) as archive:
    files = [name for name in archive.namelist() if name.startswith("ansible_collections/ovirt/ovirt/")]
    archive.extractall(sysconfig.get_paths()["purelib"], files)
if not files:
    sys.exit(f"{wheel.name} has no collection ovirt.ovirt")
wheel.unlink()
