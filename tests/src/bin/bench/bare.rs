//! The bare cost: a program that fetches the same documents with the same client settings and parses them into plain structs with the same
//! members, and does nothing with them.

use futures::future::try_join_all;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

/// The program.
pub(crate) struct Program {
    client: reqwest::Client,
    urls: Vec<(Kind, String)>,
    /// As many reads at once as the daemon's client has.
    reads: Semaphore,
}

/// What a path lists.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Root,
    Events,
    Hosts,
    Clusters,
    DataCenters,
    Domains,
    Connections,
    Vms,
    Tags,
}

impl Program {
    /// A program that reads `paths` from the loopback's `port`.
    pub(crate) fn new(paths: &[String], port: u16, ca_pem: &str) -> Result<Program, String> {
        let urls: Result<Vec<_>, String> = paths
            .iter()
            .map(|path| Ok((kind(path)?, format!("https://{}:{port}{path}", crate::world::NAME))))
            .collect();
        Ok(Program { client: client(ca_pem)?, urls: urls?, reads: Semaphore::new(ovirt_client::PARALLEL_READS) })
    }

    /// Reads everything once; the number of objects.
    pub(crate) async fn pass(&self) -> Result<usize, String> {
        let counts = try_join_all(self.urls.iter().map(|(kind, url)| self.fetch(*kind, url))).await;
        counts.map(|counts| counts.into_iter().sum()).map_err(|error| error.to_string())
    }

    async fn fetch(&self, kind: Kind, url: &str) -> Result<usize, Box<dyn std::error::Error>> {
        let body = {
            let _permit = self.reads.acquire().await?;
            let request = self.client.get(url).header(ACCEPT, "application/json").header(AUTHORIZATION, "Bearer t");
            request.send().await?.error_for_status()?.bytes().await?
        };
        Ok(match kind {
            Kind::Root => parse::<Root>(&body)?.count(),
            Kind::Events => parse::<Events>(&body)?.event.len(),
            Kind::Hosts => parse::<Hosts>(&body)?.host.len(),
            Kind::Clusters => parse::<Clusters>(&body)?.cluster.len(),
            Kind::DataCenters => parse::<DataCenters>(&body)?.data_center.len(),
            Kind::Domains => parse::<Domains>(&body)?.storage_domain.len(),
            Kind::Connections => parse::<Connections>(&body)?.storage_connection.len(),
            Kind::Vms => parse::<Vms>(&body)?.vm.len(),
            Kind::Tags => parse::<Tags>(&body)?.tag.len(),
        })
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

fn kind(path: &str) -> Result<Kind, String> {
    let path = path.split('?').next().unwrap_or(path);
    match path.rsplit('/').next().unwrap_or(path) {
        "api" => Ok(Kind::Root),
        "events" => Ok(Kind::Events),
        "hosts" => Ok(Kind::Hosts),
        "clusters" => Ok(Kind::Clusters),
        "datacenters" => Ok(Kind::DataCenters),
        "storagedomains" => Ok(Kind::Domains),
        "storageconnections" => Ok(Kind::Connections),
        "vms" => Ok(Kind::Vms),
        "tags" => Ok(Kind::Tags),
        other => Err(format!("a pass reads {other}, which the bare program does not know")),
    }
}

/// The settings of the daemon's own client.
fn client(ca_pem: &str) -> Result<reqwest::Client, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut tls = tls.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).http1_only().no_proxy().gzip(true);
    client.build().map_err(|error| error.to_string())
}

type Text = Option<String>;

macro_rules! documents {
    ($($name:ident { $($member:ident: $type:ty $(as $word:literal)?,)* })*) => {$(
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "parsed for what parsing costs")]
        struct $name {
            $(#[serde(default $(, rename = $word)?)] $member: $type,)*
        }
    )*};
}

macro_rules! lists {
    ($($name:ident { $member:ident: $type:ty })*) => {$(
        #[derive(Deserialize)]
        struct $name {
            #[serde(default)]
            $member: Vec<$type>,
        }
    )*};
}

lists! {
    Events { event: Event }
    Hosts { host: Host }
    Clusters { cluster: Cluster }
    DataCenters { data_center: DataCenter }
    Domains { storage_domain: Domain }
    Connections { storage_connection: Connection }
    Vms { vm: Vm }
    Tags { tag: Tag }
}

documents! {
    Root { product_info: Option<ProductInfo>, summary: Option<Totals>, time: Option<i64>, authenticated_user: Option<Link>, }
    ProductInfo { instance_id: Text, name: Text, version: Option<Version>, }
    Version { full_version: Text, major: Text, minor: Text, build: Text, revision: Text, }
    Totals { hosts: Option<Count>, storage_domains: Option<Count>, vms: Option<Count>, }
    Count { active: Text, total: Text, }
    Link { id: Text, }
    Event {
        id: Text, code: Text, severity: Text, time: Option<i64>, description: Text, correlation_id: Text, origin: Text,
        host: Option<Link>, vm: Option<Link>, cluster: Option<Link>, data_center: Option<Link>, storage_domain: Option<Link>,
    }
    Host {
        id: Text, name: Text, comment: Text, address: Text, port: Text, status: Text, status_detail: Text, external_status: Text,
        cluster: Option<Link>, spm: Option<Spm>, power_management: Option<PowerManagement>, summary: Option<Summary>,
    }
    Spm { priority: Text, status: Text, }
    PowerManagement { enabled: Text, automatic_pm_enabled: Text, kdump_detection: Text, }
    Summary { active: Text, migrating: Text, total: Text, }
    Cluster { id: Text, name: Text, data_center: Option<Link>, fencing_policy: serde_json::Value, }
    DataCenter { id: Text, name: Text, status: Text, storage_format: Text, local: Text, }
    Domain {
        id: Text, name: Text, domain_type: Text as "type", master: Text, status: Text, external_status: Text, storage: Option<Storage>,
        data_centers: Option<Attached>, available: Text, used: Text,
    }
    Attached { data_center: Vec<Link>, }
    Storage {
        storage_type: Text as "type", address: Text, path: Text, vfs_type: Text, mount_options: Text, nfs_version: Text,
        volume_group: Option<VolumeGroup>,
    }
    VolumeGroup { id: Text, logical_units: Option<Units>, }
    Units { logical_unit: Vec<Unit>, }
    Unit {
        id: Text, address: Text, port: Text, target: Text, portal: Text, size: Text, paths: Text, storage_domain_id: Text,
        volume_group_id: Text, disk_id: Text,
    }
    Connection {
        id: Text, storage_type: Text as "type", address: Text, path: Text, port: Text, target: Text, portal: Text, username: Text,
        vfs_type: Text, mount_options: Text, nfs_version: Text, nfs_retrans: Text, nfs_timeo: Text,
    }
    Vm {
        id: Text, name: Text, status: Text, status_detail: Text, stop_reason: Text, host: Option<Link>, cluster: Option<Link>,
        high_availability: Option<HighAvailability>, lease: Option<Lease>, placement_policy: Option<Placement>,
        start_time: Option<i64>, stop_time: Option<i64>, run_once: Text, next_run_configuration_exists: Text, fqdn: Text, origin: Text,
        stateless: Text, memory: Text,
    }
    HighAvailability { enabled: Text, priority: Text, }
    Lease { storage_domain: Option<Link>, }
    Placement { affinity: Text, hosts: Option<Pinned>, }
    Pinned { host: Vec<Link>, }
    Tag { id: Text, name: Text, description: Text, parent: Option<Link>, }
}

impl Root {
    fn count(&self) -> usize {
        usize::from(self.product_info.is_some())
    }
}
