//! Both ways of reading a list agree, wherever it is cut, and none makes it shorter.

use std::fmt::Debug;

use http::header::CONTENT_TYPE;
use proptest::prelude::*;

use super::*;
use crate::hosts::Host;
use crate::storage::StorageDomain;
use crate::vms::Vm;

const VMS: &[u8] = include_bytes!("../../tests/fixtures/vms.json");
const VMS_UNKNOWN: &[u8] = include_bytes!("../../tests/fixtures/vms_unknown.json");
const VMS_WITH_ALL: &[u8] = include_bytes!("../../tests/fixtures/vms_with_disks_and_tags.json");
const HOSTS: &[u8] = include_bytes!("../../tests/fixtures/hosts.json");
const DOMAINS: &[u8] = include_bytes!("../../tests/fixtures/attached_domains.json");

/// What is said of an answer that comes in these pieces; `None` if it is left as it came.
fn in_pieces<'a, T: DeserializeOwned + Send + 'static>(
    pieces: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
    member: &'static str,
) -> Option<Result<Listing<T>, String>> {
    let pieces = pieces.into_iter();
    // So much always is there at the beginning, and much more.
    let beginning = pieces.clone().flatten().position(|byte| *byte == b'[').map_or(0, |place| place + 1);
    let head = http::Response::builder().header(CONTENT_TYPE, "application/json").body(()).unwrap();
    let (mut list, mut body) = (Box::new(LongList::<T>::holding(member, beginning)), Vec::new());
    for piece in pieces {
        body.extend_from_slice(piece);
        list.more(&head, &mut body);
    }
    list.end(&body)
}

fn as_a_whole<T: DeserializeOwned>(body: &[u8], member: &str) -> Result<Listing<T>, String> {
    let slow = |body| read::listing(serde_json::from_slice(body).map_err(|problem| problem.to_string())?, member);
    whole::listing(body, member).map_or_else(|| slow(body), Ok)
}

fn agree<T: DeserializeOwned + Send + Clone + PartialEq + Debug + 'static>(body: &[u8], member: &'static str) {
    let whole = as_a_whole::<T>(body, member).unwrap();
    assert!(!whole.items.is_empty());
    let sizes = (1..300).chain((300..body.len()).step_by(61)).chain([body.len()]);
    for size in sizes {
        assert_eq!(in_pieces::<T>(body.chunks(size), member), Some(Ok(whole.clone())), "{member} by {size} bytes");
    }
}

#[test]
fn a_list_is_the_same_in_pieces_of_any_size() {
    agree::<Vm>(VMS, "vm");
    agree::<Vm>(VMS_UNKNOWN, "vm");
    agree::<Vm>(VMS_WITH_ALL, "vm");
    agree::<Host>(HOSTS, "host");
    agree::<StorageDomain>(DOMAINS, "storage_domain");
}

#[test]
fn a_list_cut_at_any_byte_is_the_same_and_one_that_ends_there_is_none() {
    for body in [VMS.trim_ascii_end(), r#"{"vm":[{"id":"1","name":"é€😀\ud83d\ude00"}, 12 ,"x"]}"#.as_bytes()] {
        let whole = as_a_whole::<Vm>(body, "vm").unwrap();
        for cut in 0..body.len() {
            let (first, second) = body.split_at(cut);
            assert_eq!(in_pieces([first, second], "vm"), Some(Ok(whole.clone())), "cut at {cut}");
            let alone = in_pieces::<Vm>([first], "vm").unwrap_or_else(|| as_a_whole(first, "vm"));
            assert!(alone.is_err(), "{alone:?} of {cut} bytes");
        }
    }
}

#[test]
fn an_element_that_cannot_be_read_is_named_as_in_an_answer_that_is_read_as_a_whole() {
    let mut document: Value = serde_json::from_slice(VMS).unwrap();
    let vms = document["vm"].as_array_mut().unwrap();
    let mut odd = vms[0].clone();
    odd["name"] = "odd".into();
    odd["memory"] = "much".into();
    vms.insert(1, odd);
    vms.push(12.into());
    let body = document.to_string().into_bytes();
    let whole = as_a_whole::<Vm>(&body, "vm").unwrap();
    assert_eq!(whole.unreadable.len(), 2);
    assert_eq!(whole.unreadable[0].name.as_deref(), Some("odd"));
    for size in 1..body.len() {
        assert_eq!(in_pieces(body.chunks(size), "vm"), Some(Ok(whole.clone())), "by {size} bytes");
    }
}

#[test]
fn what_is_no_list_is_left_as_it_came() {
    let odd =
        ["", "[", "{}", "{\"vm", r#"{"error":1}"#, r#"{"vm":null}"#, r#"{"vm":{}}"#, r#"{"href":"/vms","vm":[]}"#];
    for odd in odd.into_iter().chain(["\u{feff}{\"vm\":[]}", r#"{"vms":[]}"#, "<html>"]) {
        assert_eq!(in_pieces::<Vm>([odd.as_bytes()], "vm"), None, "{odd}");
    }
    assert_eq!(in_pieces::<Vm>([&b"\xff{\"vm\":[]}"[..]], "vm"), None);
}

#[test]
fn a_list_that_does_not_end_well_is_no_list() {
    let cases = [
        (r#"{"vm":[1"#, "the answer ends inside the list of \"vm\""),
        (r#"{"vm":[1,"#, "the answer ends inside the list of \"vm\""),
        (r#"{"vm":[1,]}"#, "element 2 of \"vm\": expected value at line 1 column 1"),
        (r#"{"vm":[,1]}"#, "element 1 of \"vm\": expected value at line 1 column 1"),
        (r#"{"vm":[1 2]}"#, "element 1 of \"vm\": expected `,` or `]` behind it, got '2'"),
        (r#"{"vm":[{"id":1]}"#, "element 1 of \"vm\": expected `,` or `}` at line 1 column 8"),
        (r#"{"vm":[nil]}"#, "element 1 of \"vm\": expected ident at line 1 column 2"),
        (r#"{"vm":[1]"#, "behind the list of \"vm\": EOF while parsing an object at line 1 column 8"),
        (r#"{"vm":[1],}"#, "behind the list of \"vm\": trailing comma at line 1 column 10"),
        (r#"{"vm":[1]]}"#, "behind the list of \"vm\": expected `,` or `}` at line 1 column 9"),
        (r#"{"vm":[1]} x"#, "behind the list of \"vm\": trailing characters at line 1 column 11"),
        (r#"{"vm":[1],"vm":[]}"#, "behind the list of \"vm\": \"vm\" is there twice at line 1 column 13"),
        (r#"{"vm":[1],"v\u006d":null}"#, "behind the list of \"vm\": \"vm\" is there twice at line 1 column 18"),
    ];
    for (body, problem) in cases {
        for size in 1..=body.len() {
            let read = in_pieces::<Vm>(body.as_bytes().chunks(size), "vm");
            assert_eq!(read, Some(Err(problem.to_owned())), "{body} by {size} bytes");
        }
    }
    let no_text: [&[u8]; 2] = [b"{\"vm\":[{\"x\":\"\xff\"}]}", b"{\"vm\":[], \"x\":\"\xff\"}"];
    for body in no_text {
        assert!(in_pieces::<Vm>(body.chunks(1), "vm").is_some_and(|read| read.is_err()), "bytes that are no text");
    }
    let more = r#" { "vm" : [ ] , "link" : [ { } ] } "#;
    assert_eq!(in_pieces::<Vm>(more.as_bytes().chunks(1), "vm"), Some(as_a_whole(more.as_bytes(), "vm")));
}

#[test]
fn only_a_success_in_json_is_read_while_it_arrives() {
    for (status, content_type) in [(500, "application/json"), (201, "application/json"), (200, "text/html")] {
        let head = http::Response::builder().status(status).header(CONTENT_TYPE, content_type).body(()).unwrap();
        let (mut list, mut body) = (Box::new(LongList::<Vm>::holding("vm", 0)), VMS.to_vec());
        list.more(&head, &mut body);
        assert_eq!((body.len(), list.end(&body)), (VMS.len(), None));
    }
}

#[test]
fn no_more_is_held_than_a_part_of_a_long_list() {
    const CHUNK: usize = 8 * 1024;
    let element = format!(r#"{{"id":"1","name":"a","comment":"{}"}},"#, "x".repeat(10_000));
    let body = [r#"{"vm":["#, &element.repeat(400), r#"{"id":"2","name":"b"}]}"#].concat();
    let head = http::Response::builder().header(CONTENT_TYPE, "application/json").body(()).unwrap();
    let (mut list, mut held) = (Box::new(LongList::<Vm>::new("vm")), Vec::new());
    for chunk in body.as_bytes().chunks(CHUNK) {
        held.extend_from_slice(chunk);
        list.more(&head, &mut held);
        assert!(held.capacity() <= 2 * (HELD + CHUNK), "{} bytes are held", held.capacity());
    }
    assert_eq!(list.end(&held).unwrap().unwrap().items.len(), 401);
    // One that is not long is left to those who compare it with the one before.
    let mut list = Box::new(LongList::<Vm>::new("vm"));
    list.more(&head, &mut VMS.to_vec());
    assert_eq!(list.end(VMS), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_lists_are_read_as_a_whole_would_be_or_refused(
        cuts in prop::collection::vec(0..VMS_UNKNOWN.len(), 0..6),
        wounds in prop::collection::vec((0..VMS_UNKNOWN.len(), prop::sample::select(b"{}[],:\"\\x0\xc3".to_vec()), 0..3_usize), 0..3),
    ) {
        let mut body = VMS_UNKNOWN.to_vec();
        for (place, byte, kind) in wounds {
            let place = place % body.len().max(1);
            match kind {
                0 => body[place] = byte,
                1 => body.truncate(place.max(1)),
                _ => body.insert(place, byte),
            }
        }
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        let whole = as_a_whole::<Vm>(&body, "vm");
        match in_pieces::<Vm>(cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]), "vm") {
            None => {}
            Some(Ok(listing)) => match whole {
                Ok(whole) => prop_assert_eq!(listing, whole),
                // A number that is too large for a value may stand in what is skipped.
                Err(_) => {
                    let elements = whole::items::<IgnoredAny>(&body, "vm").unwrap().unwrap().len();
                    prop_assert_eq!(listing.items.len() + listing.unreadable.len(), elements);
                }
            },
            Some(Err(problem)) => prop_assert!(whole.is_err(), "{problem}"),
        }
    }
}
