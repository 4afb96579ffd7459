//! Bodies, media types, paths and ids that do not fit.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;

use super::Lab;

#[tokio::test(start_paused = true)]
async fn unknown_paths_methods_and_types_have_empty_or_html_answers() {
    let lab = Lab::new().await;
    let nothing = lab.get("/nothing").await;
    assert_eq!((nothing.status, nothing.content_type.as_str()), (404, "text/html;charset=UTF-8"));
    assert!(nothing.text.starts_with("RESTEASY003210: Could not find resource"));
    for path in
        ["/hosts/00000000-0000-0000-0000-00000000dead", "/hosts/nonsense", "/jobs/00000000-0000-0000-0000-00000000dead"]
    {
        let got = lab.get(path).await;
        assert_eq!((got.status, got.text.as_str(), got.content_type.as_str()), (404, "", ""), "{path}");
    }
    let wrong_method = lab.delete("/hosts").await;
    assert_eq!((wrong_method.status, wrong_method.text.as_str()), (405, ""));
    let unknown_action = lab.post(&format!("/hosts/{}/frobnicate", lab.host("beta-h1")), "{}").await;
    assert_eq!(unknown_action.status, 404);
    assert_eq!(lab.post("/hosts/not-a-uuid/activate", "{}").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn versions_other_than_four_are_refused() {
    let lab = Lab::new().await;
    for (version, status) in [("5", 400), ("4.0", 400), ("3", 405)] {
        let mut request = lab.request(Method::GET, "/hosts", "");
        request.headers_mut().insert("version", version.parse().unwrap());
        assert_eq!(lab.send(request).await.status, status, "{version}");
    }
    assert_eq!(lab.get("/v3/clusters").await.status, 405);
    let v4 = lab.get("/v4/clusters").await;
    assert!(v4.json["cluster"][0]["href"].as_str().unwrap().starts_with("/ovirt-engine/api/v4/clusters/"));
    assert_eq!(lab.get("//hosts").await.status, 200);
    assert_eq!(lab.get("/hosts/").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn bodies_are_read_strictly() {
    let lab = Lab::new().await;
    let host = format!("/hosts/{}", lab.host("beta-h1"));
    let unknown = lab.put(&host, r#"{"comment":"x","banana":"1"}"#).await;
    assert_eq!((unknown.status, unknown.content_type.as_str()), (400, "text/html;charset=UTF-8"));
    let broken = lab.put(&host, "{").await;
    assert_eq!(broken.json["reason"], "Request syntactically incorrect.");
    assert_eq!(
        broken.json["detail"],
        "For correct usage, see: https://engine.test/ovirt-engine/apidoc#services/host/methods/update"
    );
    let empty = lab.put(&host, "").await;
    assert_eq!((empty.status, empty.content_type.as_str()), (500, "text/html;charset=UTF-8"));
    assert_eq!(lab.post(&format!("{host}/refresh"), "").await.status, 500);
    let other_id = lab.put(&host, r#"{"id":"00000000-0000-0000-0000-00000000dead"}"#).await;
    assert_eq!(
        (other_id.status, other_id.json),
        (409, json!({"detail": "Attempt to set immutable field: id", "reason": "Broken immutability constraint"}))
    );
    let untyped = Request::post(format!("/ovirt-engine/api{host}/refresh"))
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {}", lab.token));
    let untyped = lab.send(untyped.body(Bytes::new()).unwrap()).await;
    assert_eq!((untyped.status, untyped.text.as_str()), (415, ""));
}

#[tokio::test(start_paused = true)]
async fn the_correlation_id_comes_back_or_is_made() {
    let lab = Lab::new().await;
    let mut request = lab.request(Method::GET, "/hosts", "");
    request.headers_mut().insert("correlation-id", "dr-probe-0001".parse().unwrap());
    assert_eq!(lab.send(request).await.headers["correlation-id"], "dr-probe-0001");
    let (first, second) = (lab.get("/hosts").await, lab.get("/hosts").await);
    assert_eq!(first.headers["correlation-id"].len(), 36);
    assert_ne!(first.headers["correlation-id"], second.headers["correlation-id"]);
}

#[tokio::test(start_paused = true)]
async fn fence_types_are_checked_before_anything_happens() {
    let lab = Lab::new().await;
    let fence = format!("/hosts/{}/fence", lab.host("beta-h3"));
    let bogus = lab.post(&fence, r#"{"fence_type":"bogus"}"#).await;
    assert_eq!(
        (bogus.status, bogus.json),
        (
            400,
            json!({
                "detail": "BOGUS is not a member of FenceType. Possible values for FenceType are: manual, restart, start, stop, status",
                "reason": "Invalid value",
            })
        )
    );
    let missing = lab.post(&fence, "{}").await;
    assert_eq!(
        (missing.status, missing.json),
        (
            400,
            json!({
                "detail": "Parameter 'fence_type' is mandatory but was not provided.",
                "reason": "Input validation failed.",
            })
        )
    );
    let upper = lab.post(&fence, r#"{"fence_type":"MANUAL"}"#).await;
    assert_eq!((upper.status, &upper.json["fence_type"]), (200, &json!("MANUAL")));
}

#[tokio::test(start_paused = true)]
async fn actions_on_unknown_ids_are_refused_in_the_engines_odd_ways() {
    let lab = Lab::new().await;
    let nobody = "00000000-0000-0000-0000-00000000dead";
    let activate = lab.post(&format!("/hosts/{nobody}/activate"), "{}").await;
    assert_eq!(
        (activate.status, &activate.json["fault"]["detail"]),
        (400, &json!("[Cannot activate Host. Invalid Host Id.]"))
    );
    let fence = lab.post(&format!("/hosts/{nobody}/fence"), r#"{"fence_type":"manual"}"#).await;
    assert_eq!((fence.status, &fence.json["detail"]), (404, &json!(format!("Entity not found: {nobody}"))));
    let stop = lab.post(&format!("/vms/{nobody}/stop"), "{}").await;
    assert_eq!((stop.status, &stop.json["fault"]["detail"]), (400, &json!("[Cannot stop VM. VM is not found.]")));
    assert_eq!(lab.post(&format!("/vms/{nobody}/start"), "{}").await.status, 500);
}
