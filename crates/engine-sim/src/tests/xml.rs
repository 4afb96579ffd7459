//! The same engine for callers that speak XML, as the SDKs do.

use bytes::Bytes;
use http::{Method, Request};

use super::{Got, Lab};

async fn xml(lab: &Lab, method: Method, path: &str, body: &str) -> Got {
    let request = Request::builder()
        .method(method)
        .uri(format!("https://engine.test/ovirt-engine/api{path}"))
        .header("accept", "application/xml")
        .header("content-type", "application/xml")
        .header("version", "4")
        .header("authorization", format!("Bearer {}", lab.token));
    lab.send(request.body(Bytes::from(body.to_owned())).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn documents_are_xml_for_those_who_ask_for_it_or_for_nothing() {
    let lab = Lab::new().await;
    let tags = xml(&lab, Method::GET, "/tags", "").await;
    assert_eq!((tags.status, tags.content_type.as_str()), (200, "application/xml;charset=UTF-8"));
    let expected = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<tags>
    <tag href="/ovirt-engine/api/tags/00000000-0000-0000-0000-000000000000" id="00000000-0000-0000-0000-000000000000">
        <name>root</name>
        <description>root</description>
    </tag>
</tags>
"#;
    assert_eq!(tags.text, expected);
    let mut any = lab.request(Method::GET, "/clusters", "");
    any.headers_mut().remove("accept");
    assert!(lab.send(any).await.text.contains("<clusters>"));
    let mut html = lab.request(Method::GET, "/clusters", "");
    html.headers_mut().insert("accept", "text/html".parse().unwrap());
    assert_eq!(lab.send(html).await.status, 406);
    let query = lab.get("/clusters?accept=application/json").await;
    assert_eq!(query.content_type, "application/json");
}

#[tokio::test(start_paused = true)]
async fn bodies_may_be_xml_and_unknown_elements_are_ignored() {
    let lab = Lab::new().await;
    let path = format!("/hosts/{}", lab.host("beta-h1"));
    let body = "<host><comment>from xml</comment><banana>1</banana>\
                <power_management><enabled>false</enabled></power_management></host>";
    let put = xml(&lab, Method::PUT, &path, body).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let host = lab.get(&path).await.json;
    assert_eq!(
        (host["comment"].as_str(), host["power_management"]["enabled"].as_str()),
        (Some("from xml"), Some("false"))
    );
    let action = xml(&lab, Method::POST, &format!("{path}/activate"), "<action/>").await;
    assert_eq!(action.status, 200);
    assert!(action.text.contains("<status>complete</status>"), "{}", action.text);
    let refused = xml(&lab, Method::POST, &format!("/hosts/{}/activate", lab.host("alpha-h1")), "<action/>").await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("<detail>[Cannot activate Host. Host in Up status.]</detail>"), "{}", refused.text);
}
