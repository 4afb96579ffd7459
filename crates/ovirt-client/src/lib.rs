//! A REST v4 JSON client for oVirt Engine. Requests are built as values and sent through a [`Client`] that keeps one
//! token alive and whose errors say what the engine may have done.
//!
//! ```no_run
//! use ovirt_client::{Client, EngineEffect, EngineUrl, HttpTransport, Trust, hosts};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = EngineUrl::parse("https://engine.example.com/ovirt-engine/api")?;
//! let transport = HttpTransport::new(&Trust::CaPem(std::fs::read("engine-ca.pem")?))?;
//! let client = Client::new(url, "admin@internal", "secret".to_owned().into(), transport);
//!
//! let listing = client.send(hosts::list()).await?;
//! assert!(listing.unreadable.is_empty(), "a host that cannot be read is there all the same");
//! for host in &listing.items {
//!     let parking = hosts::deactivate(&host.id, Some("power work")).with_correlation_id("night-shift-1");
//!     if let Err(error) = client.send(parking).await {
//!         match error.what_the_engine_may_have_done() {
//!             EngineEffect::Nothing | EngineEffect::Refused => { /* safe to ask again */ }
//!             EngineEffect::MaybeApplied => { /* look at the host before asking again */ }
//!         }
//!     }
//! }
//! client.log_out().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Words: a *request* is a call not yet sent; a *listing* holds what could be read and what could not; a *refusal* is
//! an answer of no with a class; *patience* is how long a caller waits, which never says that a change did not happen.
//!
//! # Architecture invariants
//!
//! - Never repeat a request whose effect is unknown. Only a call answered 401 is repeated, once, after one login.
//! - Never log in again after `access_denied` until told: five in a row lock the account.
//! - Never send back an object that was fetched; bodies hold only what is meant to change.
//! - Never take an unreadable element for an absent one, nor an unknown word for a known one.
//! - Never show a password or token in an error, a log line or `Debug`.
//! - Only [`HttpTransport`] opens connections; everything else works on values.
//!
//! Reading order: `request`, `read`, `whole`, `long_list` and `list_again`, one noun module ([`hosts`]), `client` and `known`, `answer` and `error`, `login`, the transports.

mod request;

mod read;

mod whole;

mod long_list;

mod list_again;

mod ids;
mod words;

pub mod root;

pub mod clusters;
pub mod data_centers;
pub mod disks;
pub mod events;
pub mod hosts;
pub mod jobs;
pub mod storage;
pub mod tags;
pub mod vms;

mod client;
mod known;

mod login;

mod answer;
mod error;

mod transport;

mod http_transport;
mod url;

pub use client::{Client, PARALLEL_READS};
pub use error::{EngineEffect, Error, LoginError, LoginProblem, RefusalClass, RequestName};
pub use http_transport::{BODY_LIMIT, CONNECT_TIMEOUT, HttpTransport, Trust, TrustError};
pub use ids::{
    ClusterId, DataCenterId, DiskId, FenceAgentId, HostId, JobId, StorageConnectionId, StorageDomainId, TagId, UserId,
    VmId,
};
pub use known::Known;
pub use read::{EngineTime, Listing, UnreadableItem};
pub use request::{
    Action, CORRELATION_ID_LENGTH, Deleted, MUTATION_PATIENCE, READ_PATIENCE, ReportedPower, Request, segment,
};
pub use transport::{ReadAlong, Transport, TransportError, TransportErrorKind};
pub use url::{EngineUrl, UrlError};
pub use words::{
    ActionStatus, DataCenterStatus, DiskStorageType, ExternalStatus, FenceType, HostStatus, JobStatus, PowerStatus,
    Severity, SpmStatus, StorageDomainStatus, StorageDomainType, StorageType, VmAffinity, VmStatus,
};
