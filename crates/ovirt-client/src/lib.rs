//! A REST v4 JSON client for oVirt Engine.
