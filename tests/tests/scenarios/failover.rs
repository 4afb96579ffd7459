//! Failovers of a lost site that arrive as they should.

use std::collections::BTreeMap;

use engine_sim::world::{ClusterSpec, DataCenterSpec, DomainSpec, StorageType, Target, VmSpec};
use expect_test::expect_file;

use crate::stage::{Stage, plan, usual};

#[tokio::test(start_paused = true)]
async fn a_lost_site_fails_over() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed_with(&[]).await;
    stage.vms_up(20).await;
    stage.converged(expect_file!["golden/lost_site.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn two_data_centers_with_every_kind_of_storage_fail_over_together() {
    let mut spec = usual();
    spec.data_centers = vec![named("dr-dc"), named("lab-dc")];
    spec.clusters = vec![cluster("dr-cluster", "dr-dc"), cluster("lab-cluster", "lab-dc")];
    for site in &mut spec.sites {
        if let Some(last) = site.hosts.last_mut() {
            last.cluster = Some("lab-cluster".to_owned());
        }
    }
    let mount = |address: &str, path: &str| vec![Target::Mount { address: address.to_owned(), path: path.to_owned() }];
    let copies = |madrid: Vec<Target>, seville: Vec<Target>| {
        BTreeMap::from([("madrid".to_owned(), madrid), ("seville".to_owned(), seville)])
    };
    let lab = |domain: DomainSpec| DomainSpec { data_center: Some("lab-dc".to_owned()), ..domain };
    let images = copies(mount("", "/ceph-a/ovirt"), mount("", "/ceph-b/ovirt"));
    spec.domains.push(lab(DomainSpec::new("images", StorageType::Posixfs, images).as_master()));
    spec.domains.push(DomainSpec::new("fc-vault", StorageType::Fcp, copies(vec![], vec![])));
    let scratch = mount("nas.campus.example.com", "/scratch");
    spec.domains.push(lab(DomainSpec::new("scratch", StorageType::Nfs, copies(scratch.clone(), scratch))));
    for vm in &mut spec.vms {
        if vm.host.as_deref() == Some("madrid-h3") {
            vm.disks = vec!["images".to_owned()];
            vm.lease = None;
        }
    }
    spec.vms.push(VmSpec { disks: vec!["images".to_owned()], ..VmSpec::new("asleep") });
    let plan = plan(&spec, "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed_with(&[]).await;
    stage.converged(expect_file!["golden/two_data_centers.txt"]).await;
}

fn named(name: &str) -> DataCenterSpec {
    DataCenterSpec { name: name.to_owned() }
}

fn cluster(name: &str, data_center: &str) -> ClusterSpec {
    let fencing_policy = Default::default();
    ClusterSpec { name: name.to_owned(), data_center: Some(data_center.to_owned()), fencing_policy }
}
