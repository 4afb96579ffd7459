//! The engine's web doors: login, services and the API.
//!
//! Reading order: `request` and `answer` (in and out), `command` (how a handler asks the world), `router`, the handlers by
//! collection, `body`, `schema` and `search` (what callers may say), the `render_*` files (what they are shown).

mod answer;
mod answered;
mod body;
mod clusters;
mod command;
mod connections;
mod data_centers;
mod disks;
mod domains;
mod empty;
mod events;
mod hosts;
mod jobs;
mod links;
mod list;
mod login;
mod render_cluster;
mod render_connection;
mod render_domain;
mod render_event;
mod render_host;
mod render_network;
mod render_tag;
mod render_user;
mod render_vm;
mod request;
mod root;
mod router;
mod schema;
mod search;
mod services;
mod tags;
mod texts;
mod vms;
mod xml;
mod xml_read;

pub(crate) use answer::{Answer, Body};
pub(crate) use answered::Answered;
pub(crate) use command::{Finish, Reply};
pub(crate) use links::Frame;
pub(crate) use request::{Call, form};
pub(crate) use root::Root;
pub(crate) use router::route;
pub(crate) use texts::Texts;
