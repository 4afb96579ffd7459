//! The client against recorded documents, against an engine in memory on a paused clock, and against a TLS server.

mod fake;

mod conformance;
mod corpus;
mod documents;
mod long_lists;
mod properties;
mod refusals;
mod session;
mod tls;
mod transit;
