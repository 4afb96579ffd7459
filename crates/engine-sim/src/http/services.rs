//! Health, the CA certificate, and what is left of the API without its database.

use http::{Method, StatusCode};
use serde_json::json;

use super::answer::{Answer, HTML};
use super::request::Call;
use crate::state::State;

const HEALTH_TYPE: &str = "text/html;charset=ISO-8859-1";

/// `/ovirt-engine/services/health`: one database query, no login.
pub(crate) fn health(state: &State, call: &Call) -> Answer {
    if call.method != Method::GET && call.method != Method::HEAD {
        return Answer::text(
            StatusCode::METHOD_NOT_ALLOWED,
            HTML,
            "<!DOCTYPE html>\n<html><head><title>405 - Method not allowed</title></head><body><h1>405 - Method not allowed</h1>\
             <a href=\"/ovirt-engine/\">Click here</a> to continue.</body></html>",
        );
    }
    if state.database_is_down(call.fault.as_ref()) {
        return Answer::text(StatusCode::INTERNAL_SERVER_ERROR, HEALTH_TYPE, "DB Down!");
    }
    Answer::text(StatusCode::OK, HEALTH_TYPE, "DB Up!Welcome to Health Status!")
}

/// `/ovirt-engine/services/pki-resource`: the certificate of the internal CA.
pub(crate) fn pki_resource(state: &State, call: &Call) -> Answer {
    let resource = call.parameter("resource").unwrap_or_default();
    if resource != "ca-certificate" || state.ca_pem.is_empty() {
        return Answer::error_page(StatusCode::BAD_REQUEST, &format!("Resource '{resource}' is invalid"));
    }
    Answer::text(StatusCode::OK, "application/x-x509-ca-cert; charset=ISO-8859-1", state.ca_pem.clone())
}

/// What the API answers while its database is gone; `None` is answered as always (the root document, from memory).
pub(crate) fn without_database(call: &Call) -> Option<Answer> {
    let segments = call.segments();
    let is_root = segments.is_empty();
    let is_fence = segments.last() == Some(&"fence");
    if is_root {
        return None;
    }
    if call.method == Method::POST && !is_fence && segments.len() > 1 {
        let detail = "org.springframework.dao.DataAccessResourceFailureException: PreparedStatementCallback; \
                      SQL [select * from  getvdcoptionbyname(?, ?)]; This connection has been closed.; nested exception \
                      is org.postgresql.util.PSQLException: This connection has been closed.";
        return Some(Answer::failed_action(500, json!({}), "Operation Failed", Some(detail)));
    }
    let what = segments.first().copied().unwrap_or_default();
    let detail = format!(
        "preparedstatementcallback; sql [select * from  getall{what}()]; this connection has been closed.; \
         nested exception is org.postgresql.util.psqlexception: this connection has been closed."
    );
    Some(Answer::refused(400, &detail))
}
