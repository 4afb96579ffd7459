//! One answer of the engine before it becomes bytes: a document tree, a page of text or nothing.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// What an answer carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// No bytes and no content type, as the engine sends with 404, 405, 406 and 415.
    Empty,
    /// A document of the API. `root` is its XML element name; JSON has no root name.
    Document { root: &'static str, tree: Value },
    /// A document that is written out already, in the way that was asked for.
    Written { content_type: &'static str, bytes: Bytes },
    /// Anything the API did not render: HTML pages, plain words, a PEM file.
    Text { content_type: &'static str, text: String },
}

/// Status, body and the headers that are not the same for all answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// Whether a document is written as XML: what the API does for callers that do not ask for JSON.
    pub(crate) as_xml: bool,
}

pub(crate) const HTML: &str = "text/html;charset=UTF-8";

impl Answer {
    pub(crate) fn new(status: StatusCode, body: Body) -> Answer {
        Answer { status, body, headers: Vec::new(), as_xml: false }
    }

    pub(crate) fn ok(root: &'static str, tree: Value) -> Answer {
        Answer::new(StatusCode::OK, Body::Document { root, tree })
    }

    /// A document that is JSON text already.
    pub(crate) fn written(json: impl Into<Bytes>) -> Answer {
        let body = Body::Written { content_type: "application/json", bytes: json.into() };
        Answer::new(StatusCode::OK, body)
    }

    /// 201 with the odd `Location` of the engine, which repeats its own prefix (`recorded/tags.jsonl`).
    pub(crate) fn created(root: &'static str, tree: Value, base: &str) -> Answer {
        let href = tree.get("href").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut answer = Answer::new(StatusCode::CREATED, Body::Document { root, tree });
        answer.headers.push((http::header::LOCATION, format!("{base}/ovirt-engine/api/v4{href}")));
        answer
    }

    pub(crate) fn empty(status: StatusCode) -> Answer {
        Answer::new(status, Body::Empty)
    }

    /// The empty 404 of an id that does not exist (or is no UUID).
    pub(crate) fn not_found() -> Answer {
        Answer::empty(StatusCode::NOT_FOUND)
    }

    pub(crate) fn text(status: StatusCode, content_type: &'static str, text: impl Into<String>) -> Answer {
        Answer::new(status, Body::Text { content_type, text: text.into() })
    }

    /// The short page used by the login filters and the servlets below them.
    pub(crate) fn error_page(status: StatusCode, text: &str) -> Answer {
        let text = escape(text);
        Answer::text(status, HTML, format!("<html><head><title>Error</title></head><body>{text}</body></html>"))
    }

    /// The long page of an uncaught exception (500): it names the request, then a stack trace.
    pub(crate) fn exception_page(path: &str, query: &str, exception: &str) -> Answer {
        let query = if query.is_empty() { "null" } else { query };
        let (path, query, exception) = (escape(path), escape(query), escape(exception));
        let text = format!(
            "<html><head><title>ERROR</title></head><body><div class=\"header\"><div class=\"error-div\"></div>\
             <div class=\"error-text-div\">Error processing request</div></div>\
             <div class=\"label\">Context Path:</div><div class=\"value\">/ovirt-engine/api</div><br/>\
             <div class=\"label\">Servlet Path:</div><div class=\"value\">/v4</div><br/>\
             <div class=\"label\">Path Info:</div><div class=\"value\">{path}</div><br/>\
             <div class=\"label\">Query String:</div><div class=\"value\">{query}</div><br/>\
             <div class=\"label\">Stack Trace:</div><div class=\"value\"></div><br/><pre>{exception}</pre></body></html>"
        );
        Answer::text(StatusCode::INTERNAL_SERVER_ERROR, HTML, text)
    }

    /// A bare fault: refused reads, updates, deletes and checks of parameters.
    pub(crate) fn fault(status: u16, reason: &str, detail: Option<&str>) -> Answer {
        let tree = fault_tree(reason, detail);
        Answer::new(code(status), Body::Document { root: "fault", tree })
    }

    /// A bare fault of a refused command: `Operation Failed` and the texts in brackets.
    pub(crate) fn refused(status: u16, detail: &str) -> Answer {
        Answer::fault(status, "Operation Failed", Some(detail))
    }

    /// A failed action: the members the caller sent, then the fault inside.
    pub(crate) fn failed_action(status: u16, echo: Value, reason: &str, detail: Option<&str>) -> Answer {
        let mut tree = echo;
        tree["fault"] = fault_tree(reason, detail);
        tree["status"] = json!("failed");
        Answer::new(code(status), Body::Document { root: "action", tree })
    }

    pub(crate) fn entity_not_found(what: &str) -> Answer {
        Answer::refused(404, &format!("Entity not found: {what}"))
    }

    /// A request that does not fit the model; the detail points to the documentation of the method.
    pub(crate) fn syntax(base: &str, method: &str) -> Answer {
        let detail = format!("For correct usage, see: {base}/ovirt-engine/apidoc#services/{method}");
        Answer::fault(400, "Request syntactically incorrect.", Some(&detail))
    }

    /// The same answer with its document written out, to be given again.
    pub(crate) fn with_written_body(mut self) -> Answer {
        if let Body::Document { root, tree } = &self.body {
            let (content_type, bytes) = write(root, tree, self.as_xml);
            self.body = Body::Written { content_type, bytes };
        }
        self
    }

    /// Writes the answer out.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let content_type = match self.body {
            Body::Empty => None,
            Body::Document { root, tree } => {
                let (content_type, bytes) = write(root, &tree, self.as_xml);
                *response.body_mut() = bytes;
                Some(content_type)
            }
            Body::Written { content_type, bytes } => {
                *response.body_mut() = bytes;
                Some(content_type)
            }
            Body::Text { content_type, text } => {
                *response.body_mut() = Bytes::from(text);
                Some(content_type)
            }
        };
        if let Some(content_type) = content_type {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

fn write(root: &'static str, tree: &Value, as_xml: bool) -> (&'static str, Bytes) {
    match as_xml {
        true => ("application/xml;charset=UTF-8", Bytes::from(super::xml::document(root, tree))),
        false => ("application/json", Bytes::from(written(tree))),
    }
}

/// Much faster than the tree's own way of displaying itself; a tree has no keys that are not text.
pub(super) fn written(tree: &Value) -> String {
    /// A document of the usual size need not be moved while it grows.
    const ROOM: usize = 4096;

    let mut text = Vec::with_capacity(ROOM);
    match serde_json::to_writer(&mut text, tree) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// `<`, `>`, `&` and quotes as the engine's pages write them.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn fault_tree(reason: &str, detail: Option<&str>) -> Value {
    match detail {
        Some(detail) => json!({"detail": detail, "reason": reason}),
        None => json!({"reason": reason}),
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
