"""The official Python SDK against the simulated engine: what an administrator's scripts rely on.

    python sdk.py Calm      both sites live, the first is active
    python sdk.py Lost      the first site is lost, its hosts are non_responsive, the copies of the other one are writable

Where and as whom: OVIRT_URL, OVIRT_USERNAME, OVIRT_PASSWORD, OVIRT_CAFILE.
"""

import contextlib
import os
import time
import unittest

import ovirtsdk4
from ovirtsdk4 import types

# The engine lives faster than the wall clock, so nothing takes longer than this.
PATIENCE = 60.0
LOOK = 0.1


def connect(**other):
    """A connection with the account of the environment, or with what is named instead."""
    settings = {
        "url": os.environ["OVIRT_URL"],
        "username": os.environ["OVIRT_USERNAME"],
        "password": os.environ["OVIRT_PASSWORD"],
        "ca_file": os.environ["OVIRT_CAFILE"],
        "timeout": 60,
    }
    return ovirtsdk4.Connection(**{**settings, **other})


def by_name(service, name):
    """Found by a search, as scripts do it."""
    (found,) = service.list(search=f'name="{name}"')
    return found


def until(what, look):
    """Looks until there is something to see."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        seen = look()
        if seen:
            return seen
        time.sleep(LOOK)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def confirmed(service):
    """Says that a host is off. The engine's own treatment of a lost host may hold the lock of its power management for a while."""
    try:
        service.fence(fence_type="manual")
        return True
    except ovirtsdk4.Error as error:
        if error.code == 409 and "already in progress" in str(error):
            return False
        raise


class Case(unittest.TestCase):
    def setUp(self):
        self.connection = connect()
        self.addCleanup(self.connection.close)
        system = self.connection.system_service()
        self.system = system
        self.hosts = system.hosts_service()
        self.clusters = system.clusters_service()
        self.data_centers = system.data_centers_service()
        self.domains = system.storage_domains_service()
        self.rows = system.storage_connections_service()
        self.vms = system.vms_service()
        self.events = system.events_service()
        self.jobs = system.jobs_service()

    def host(self, name):
        return self.hosts.host_service(by_name(self.hosts, name).id)

    def vm(self, name):
        return self.vms.vm_service(by_name(self.vms, name).id)

    def mount(self, path):
        """The row of an NFS export."""
        (found,) = [row for row in self.rows.list() if row.path == path]
        return found, self.rows.storage_connection_service(found.id)

    @contextlib.contextmanager
    def refused(self, code, words):
        """The engine refuses, with this HTTP status and these words."""
        with self.assertRaises(ovirtsdk4.Error) as caught:
            yield
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertIn(words.lower(), str(caught.exception).lower())


class Calm(Case):
    def test_logs_in_and_reads_what_engine_it_is(self):
        self.assertTrue(self.connection.test(raise_exception=True))
        api = self.system.get()
        self.assertEqual(api.product_info.version.full_version, "4.5.8")
        self.assertEqual((api.product_info.version.major, api.product_info.version.minor), (4, 5))
        self.assertEqual((api.summary.hosts.total, api.summary.vms.total), (6, 8))
        self.assertEqual(api.time.utcoffset().total_seconds(), 0)

    def test_a_wrong_password_is_refused_as_such(self):
        other = connect(password="wrong")
        with self.assertRaises(ovirtsdk4.AuthError) as caught:
            other.test(raise_exception=True)
        self.assertIn("access_denied", str(caught.exception))

    def test_another_ca_is_not_trusted(self):
        other = connect(ca_file="/etc/ssl/certs/ca-certificates.crt")
        with self.assertRaises(ovirtsdk4.Error) as caught:
            other.test(raise_exception=True)
        self.assertIn("certificate", str(caught.exception))

    def test_a_forgotten_session_is_renewed_without_a_word(self):
        token = self.connection.authenticate()
        connect(token=token).close(logout=True)
        self.assertEqual(len(self.hosts.list()), 6)
        self.assertNotEqual(self.connection.authenticate(), token)

    def test_lists_every_collection_of_the_root_document(self):
        names = [
            "affinity_labels", "bookmarks", "cluster_levels", "clusters", "cpu_profiles", "data_centers", "disk_profiles",
            "disks", "domains", "events", "groups", "hosts", "icons", "image_transfers", "instance_types", "jobs",
            "katello_errata", "mac_pools", "network_filters", "networks", "operating_systems", "permissions", "roles",
            "scheduling_policies", "scheduling_policy_units", "storage_connections", "storage_domains", "tags", "templates",
            "users", "vm_pools", "vms", "vnic_profiles",
        ]
        sizes = {name: len(getattr(self.system, f"{name}_service")().list()) for name in names}
        expected = {"hosts": 6, "clusters": 1, "data_centers": 1, "storage_domains": 3, "storage_connections": 4}
        expected |= {"vms": 8, "disks": 8, "tags": 1}
        self.assertEqual({name: sizes[name] for name in expected}, expected)
        self.assertGreater(sizes["events"], 0, "at least this login")

    def test_hosts_have_typed_values(self):
        host = by_name(self.hosts, "madrid-h1")
        self.assertIs(host.status, types.HostStatus.UP)
        self.assertEqual((host.address, host.port, host.spm.priority), ("10.1.0.1", 54321, 5))
        self.assertIs(host.power_management.enabled, True)
        self.assertIs(host.type, types.HostType.RHEL)
        self.assertEqual([host.name for host in self.hosts.list() if host.spm.status == types.SpmStatus.SPM], ["madrid-h1"])
        resting = by_name(self.hosts, "seville-h1")
        self.assertIs(resting.status, types.HostStatus.MAINTENANCE)
        self.assertIsNone(host.network_operation_in_progress)
        (whole,) = self.hosts.list(search="name=madrid-h1", all_content=True)
        self.assertIs(whole.network_operation_in_progress, False)

    def test_searches_by_fields_and_gives_nothing_for_nonsense(self):
        def found(text, **other):
            return [host.name for host in self.hosts.list(search=text, **other)]

        self.assertEqual(found("name=seville*"), ["seville-h1", "seville-h2", "seville-h3"])
        self.assertEqual(found("status=up and name=*-h2"), ["madrid-h2"])
        self.assertEqual(found("name=madrid-h1 or name=seville-h1"), ["madrid-h1", "seville-h1"])
        self.assertEqual(found("datacenter=dr-dc sortby name desc", max=2), ["seville-h3", "seville-h2"])
        self.assertEqual(found("name=MADRID-H1", case_sensitive=False), ["madrid-h1"])
        self.assertEqual(found("status=non_responsive"), [], "a word of the API, not of the search")
        self.assertEqual(found("frobnicate=="), [])
        self.assertEqual([vm.name for vm in self.vms.list(search="host.name=madrid-h1 and status=up sortby name")][0], "vm1")
        self.assertEqual([dc.name for dc in self.data_centers.list(search='storage="data-nfs"')], ["dr-dc"])

    def test_follows_links_in_one_request_or_one_by_one(self):
        (host,) = self.hosts.list(search="name=madrid-h1", follow="cluster,tags")
        self.assertEqual((host.cluster.name, host.tags), ("dr-cluster", []))
        (vm,) = self.vms.list(search="name=vm1", follow="diskattachments.disk")
        (attachment,) = vm.disk_attachments
        self.assertEqual((attachment.disk.name, attachment.bootable), ("vm1-disk", True))
        self.assertIs(attachment.disk.status, types.DiskStatus.OK)
        domain = self.connection.follow_link(attachment.disk.storage_domains[0])
        self.assertEqual((domain.name, domain.master), ("data-master", True))
        (data_center,) = self.data_centers.list(follow="storagedomains,clusters")
        self.assertEqual({domain.status for domain in data_center.storage_domains}, {types.StorageDomainStatus.ACTIVE})
        plain = by_name(self.vms, "vm1")
        self.assertEqual(self.connection.follow_link(plain.cluster).name, "dr-cluster")
        self.assertEqual(len(self.connection.follow_link(plain.disk_attachments)), 1)
        self.assertEqual(self.connection.follow_link(plain.nics), [])
        with self.assertRaises(ovirtsdk4.Error):
            self.hosts.list(follow="frobnicate")

    def test_reads_many_at_a_time(self):
        with contextlib.closing(connect(connections=4, pipeline=2)) as connection:
            hosts = connection.system_service().hosts_service()
            futures = [hosts.host_service(host.id).get(wait=False) for host in hosts.list()]
            self.assertEqual(len({future.wait().name for future in futures}), 6)

    def test_updates_a_host_and_only_what_is_named(self):
        service = self.host("seville-h2")
        before = service.get()
        changed = service.update(types.Host(
            comment="spare & <ready>",
            spm=types.Spm(priority=7),
            power_management=types.PowerManagement(enabled=False, automatic_pm_enabled=False),
        ))
        self.assertEqual((changed.comment, changed.spm.priority), ("spare & <ready>", 7))
        after = service.get()
        self.assertEqual((after.comment, after.spm.priority, after.power_management.enabled), ("spare & <ready>", 7, False))
        self.assertEqual((after.name, after.address), (before.name, before.address))
        service.update(types.Host(comment="", spm=types.Spm(priority=5), power_management=before.power_management))
        self.assertIs(service.get().power_management.enabled, True)
        with self.refused(409, "immutable"):
            service.update(types.Host(id=by_name(self.hosts, "seville-h3").id, comment="x"))

    def test_updates_a_cluster_s_fencing_policy(self):
        cluster = by_name(self.clusters, "dr-cluster")
        service = self.clusters.cluster_service(cluster.id)
        self.assertIs(cluster.fencing_policy.enabled, True)
        off = service.update(types.Cluster(fencing_policy=types.FencingPolicy(enabled=False)))
        self.assertIs(off.fencing_policy.enabled, False)
        service.update(types.Cluster(fencing_policy=cluster.fencing_policy))
        self.assertIs(service.get().fencing_policy.enabled, True)

    def test_updates_a_storage_connection_with_force_only(self):
        row, service = self.mount("/exports/data-nfs")
        there = types.StorageConnection(type=types.StorageType.NFS, address="10.2.0.250", path="/exports/data-nfs")
        with self.refused(400, "should be in maintenance or unattached"):
            service.update(there)
        self.assertEqual(service.get().address, "10.1.0.250")
        same = types.StorageConnection(type=row.type, address=row.address, path=row.path)
        self.assertEqual(service.update(same, force=True).address, "10.1.0.250")
        (portal, _) = sorted((one for one in self.rows.list() if one.target), key=lambda one: one.address)
        self.assertEqual((portal.address, portal.port), ("10.1.0.251", 3260))
        self.assertIs(portal.type, types.StorageType.ISCSI)

    def test_activates_and_deactivates_a_host(self):
        service = self.host("seville-h1")
        with self.refused(409, "maintenance"):
            service.deactivate()
        service.activate()
        until("the host is up", lambda: service.get().status == types.HostStatus.UP)
        with self.refused(409, "up"):
            service.activate()
        service.deactivate(reason="back to rest")
        until("the host rests", lambda: service.get().status == types.HostStatus.MAINTENANCE)

    def test_fences(self):
        self.assertIs(self.host("seville-h3").fence(fence_type="status").status, types.PowerManagementStatus.ON)
        self.host("seville-h3").fence(fence_type="stop")
        off = lambda: self.host("seville-h3").fence(fence_type="status").status == types.PowerManagementStatus.OFF
        until("its BMC says off", off)
        with self.refused(409, "please retry in 180 Sec."):
            self.host("seville-h3").fence(fence_type="start")
        with self.refused(409, "cannot"):
            self.host("madrid-h1").fence(fence_type="manual")
        with self.refused(400, "FenceType"):
            self.host("madrid-h1").fence(fence_type="banana")
        agents = self.host("madrid-h1").fence_agents_service().list()
        self.assertEqual([(agent.order, agent.password) for agent in agents], [(1, None)])

    def test_starts_and_stops_vms(self):
        service = self.vm("vm6")
        self.assertIs(service.get().status, types.VmStatus.UP)
        with self.refused(409, "Up status"):
            service.start()
        service.shutdown(reason="for the test")
        until("vm6 is down", lambda: service.get().status == types.VmStatus.DOWN)
        service.stop()
        service.start()
        until("vm6 is up", lambda: service.get().status == types.VmStatus.UP)
        self.assertIsNotNone(service.get().start_time)
        service.stop()
        until("vm6 is down again", lambda: service.get().status == types.VmStatus.DOWN)
        self.assertIsNone(service.get().host)
        service.start()
        until("vm6 is up again", lambda: service.get().status == types.VmStatus.UP)

    def test_updates_a_vm_s_high_availability(self):
        service = self.vm("vm5")
        service.update(types.Vm(high_availability=types.HighAvailability(enabled=True, priority=40), comment="tier 2"))
        after = service.get()
        self.assertEqual((after.high_availability.enabled, after.high_availability.priority), (True, 40))
        self.assertEqual(after.comment, "tier 2")
        service.update(types.Vm(high_availability=types.HighAvailability(enabled=False, priority=50)))

    def test_activates_and_deactivates_a_domain_of_a_data_center(self):
        data_center = by_name(self.data_centers, "dr-dc")
        attached = self.data_centers.data_center_service(data_center.id).storage_domains_service()
        (domain,) = [one for one in attached.list() if one.name == "data-iscsi"]
        service = attached.storage_domain_service(domain.id)
        self.assertIs(service.get().status, types.StorageDomainStatus.ACTIVE)
        with self.refused(409, "cannot"):
            service.activate()
        with self.refused(409, "cannot"):
            service.deactivate()

    def test_tags_are_made_assigned_and_removed(self):
        tags = self.system.tags_service()
        made = tags.add(types.Tag(name="dr-drill", description="a rehearsal"))
        assigned = self.host("seville-h2").tags_service()
        assigned.add(types.Tag(name="dr-drill"))
        self.assertEqual([tag.name for tag in assigned.list()], ["dr-drill"])
        self.assertEqual([host.name for host in self.hosts.list(search="tag=dr-drill")], ["seville-h2"])
        assigned.tag_service(made.id).remove()
        tags.tag_service(made.id).remove()
        self.assertEqual(assigned.list(), [])
        with self.assertRaises(ovirtsdk4.NotFoundError):
            tags.tag_service(made.id).get()

    def test_reads_and_writes_events(self):
        (newest,) = self.events.list(max=1)
        written = self.events.add(types.Event(
            origin="drill", severity=types.LogSeverity.WARNING, custom_id=42, description="a rehearsal begins",
        ))
        self.assertEqual(written.description, "a rehearsal begins")
        later = self.events.list(from_=int(newest.id))
        self.assertIn("a rehearsal begins", [event.description for event in later])
        (found,) = self.events.list(search="severity=warning and message=*rehearsal*", max=5)
        self.assertEqual((found.origin, found.severity), ("drill", types.LogSeverity.WARNING))
        ids = [int(event.id) for event in self.events.list()]
        self.assertEqual(ids, sorted(ids, reverse=True), "the newest first")

    def test_finds_the_job_of_its_own_request(self):
        row, service = self.mount("/exports/data-master")
        same = types.StorageConnection(type=row.type, address=row.address, path=row.path)
        service.update(same, force=True, query={"correlation_id": "dr-drill-7"})
        (job,) = self.jobs.list(search="correlation_id=dr-drill-7")
        self.assertIs(job.status, types.JobStatus.FINISHED)
        self.assertGreaterEqual(job.end_time, job.start_time)
        self.assertEqual(self.jobs.job_service(job.id).get().description, job.description)

    def test_what_does_not_exist_is_said_to_be_so(self):
        nobody = "00000000-0000-0000-0000-00000000dead"
        for service in [self.hosts.host_service(nobody), self.vms.vm_service(nobody), self.domains.storage_domain_service(nobody)]:
            with self.assertRaises(ovirtsdk4.NotFoundError) as caught:
                service.get()
            self.assertEqual(caught.exception.code, 404)
        with self.refused(404, "not found"):
            self.vm("vm1").update(types.Vm(placement_policy=types.VmPlacementPolicy(hosts=[types.Host(name="nobody")])))


class Lost(Case):
    def test_the_run_book(self):
        """Every step of a failover by hand, and every refusal on the way that a script has to expect."""
        lost = self.hosts.list(search="name=madrid*")
        self.assertEqual({host.status for host in lost}, {types.HostStatus.NON_RESPONSIVE})
        running = self.vms.list(search="status=unknown")
        self.assertEqual(len(running), 8)
        with self.refused(409, "VM is not running"):
            self.vms.vm_service(running[0].id).stop()
        with self.refused(409, "Unknown status"):
            self.vms.vm_service(running[0].id).start()
        with self.refused(409, "cannot"):
            self.hosts.host_service(lost[0].id).deactivate()

        for host in lost:
            service = self.hosts.host_service(host.id)
            service.update(types.Host(power_management=types.PowerManagement(enabled=False)))
            until(f"{host.name} is confirmed", lambda service=service: confirmed(service))
        until("their VMs are known to be down", lambda: not self.vms.list(search="status=unknown"))
        for host in lost:
            service = self.hosts.host_service(host.id)
            service.deactivate()
            until(f"{host.name} is parked", lambda service=service: service.get().status == types.HostStatus.MAINTENANCE)

        portals = {"10.1.0.251": "10.2.0.251", "10.1.0.252": "10.2.0.252"}
        for row in self.rows.list():
            there = types.StorageConnection(type=row.type)
            if row.type == types.StorageType.NFS:
                there.address, there.path = "10.2.0.250", row.path
            else:
                there.address, there.port = portals[row.address], row.port
                there.target = "iqn.2016-01.example.seville:array1"
            written = self.rows.storage_connection_service(row.id).update(there, force=True)
            self.assertEqual((written.id, written.address), (row.id, there.address))
        (domain,) = self.domains.list(search="name=data-nfs")
        (below,) = self.connection.follow_link(domain.storage_connections)
        self.assertEqual((domain.storage.address, below.address), ("10.2.0.250", "10.2.0.250"))

        here = [self.hosts.host_service(host.id) for host in self.hosts.list(search="name=seville*")]
        for service in here:
            service.activate()
        for service in here:
            until("the host is up", lambda service=service: service.get().status == types.HostStatus.UP)
        data_center = by_name(self.data_centers, "dr-dc")
        service = self.data_centers.data_center_service(data_center.id)
        until("the data center is up", lambda: service.get().status == types.DataCenterStatus.UP)
        active = lambda: {domain.status for domain in service.storage_domains_service().list()} == {types.StorageDomainStatus.ACTIVE}
        until("its domains are active", active)

        for vm in self.vms.list():
            if vm.status == types.VmStatus.DOWN and not vm.high_availability.enabled:
                self.vms.vm_service(vm.id).start()
        until("every VM is up", lambda: len(self.vms.list(search="status=up")) == 8)
        names = {self.connection.follow_link(vm.host).name for vm in self.vms.list()}
        self.assertTrue(names <= {"seville-h1", "seville-h2", "seville-h3"}, names)

        for host in lost:
            service = self.hosts.host_service(host.id)
            service.update(types.Host(power_management=host.power_management))
            self.assertIs(service.get().power_management.enabled, True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
