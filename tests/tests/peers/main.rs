//! Programs that know nothing of this project, against the simulated engine as they run against a real one: the official Python SDK, and Ansible
//! with the collection ovirt.ovirt. They read and write XML, poll and search in their own ways, and agree with the simulator or do not.
//!
//! What they do is in `tests/peers/`; they are installed from PyPI, once, into `target/peers-venv`.
//!
//! Reading order: `tests::peers` (how they get here), `run` (how one is started and judged), `sdk`, `ansible`.

mod run;

mod sdk;

mod ansible;
