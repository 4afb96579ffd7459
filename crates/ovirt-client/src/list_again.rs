//! A list that is read again and again: elements that stand in an answer as they stood in the one before are not read anew.

use serde::de::DeserializeOwned;

use crate::long_list::{SPACE, closing, first, opening};
use crate::read::Listing;

/// Bytes compared at once.
const AT_ONCE: usize = 64;

/// Where elements stand: behind the bracket that opens the list, then behind the comma or bracket after each element, in bytes from the beginning.
pub(crate) type Places = Vec<usize>;

/// An answer before, what it was read into, and where that stands.
pub(crate) type Before<'a, T> = (&'a [u8], (T, Places));

/// What an answer was read into, and where in it that stands.
#[derive(Clone, Debug, PartialEq)]
struct Placed<T> {
    /// All elements; there is none that cannot be read.
    items: Vec<T>,
    places: Places,
}

/// Reads `{"host": [...]}`, given the same list before. `None` says nothing about it: then it is to be read in another way.
pub(crate) fn listing<T: DeserializeOwned>(
    now: &[u8],
    member: &str,
    before: Option<Before<'_, Listing<T>>>,
) -> Option<(Listing<T>, Places)> {
    let before = before.map(|(old, (listing, places))| (old, Placed { items: listing.items, places }));
    let Placed { items, places } = read(now, member, before)?;
    Some((Listing { items, unreadable: Vec::new() }, places))
}

/// Reads the elements of `{"host": [...]}`, given the answer before and what it was read into.
fn read<T: DeserializeOwned>(now: &[u8], member: &str, before: Option<(&[u8], Placed<T>)>) -> Option<Placed<T>> {
    let text = std::str::from_utf8(now).ok()?;
    let begins = now.len() - opening(text, member)?.len();
    let (old, known) = before.unwrap_or((&[], Placed { items: Vec::new(), places: Vec::new() }));
    // What follows an element belongs to it: only then it is known where it ends.
    let front = alike_in_front(old, now);
    let kept = known.places.partition_point(|place| *place <= front).saturating_sub(1);
    // The last one is read anew, and so is what stands behind the list.
    let kept = kept.min(known.items.len().saturating_sub(1));
    let back = alike_at_the_end(old, now);
    let mut known_items = known.items.into_iter();
    let mut items: Vec<T> = known_items.by_ref().take(kept).collect();
    let mut places = if kept == 0 { vec![begins] } else { known.places[..=kept].to_vec() };
    loop {
        let at = *places.last()?;
        // From here on all is as it was, to the end.
        let was_at = (old.len() + at).checked_sub(now.len()).filter(|_| now.len() - at <= back);
        if let Some(same) = was_at.and_then(|was_at| known.places.binary_search(&was_at).ok())
            && same >= kept
            && same + 1 < known.places.len()
        {
            items.extend(known_items.skip(same - kept));
            places.extend(known.places[same + 1..].iter().map(|place| place + now.len() - old.len()));
            return Some(Placed { items, places });
        }
        let rest = &text[at..];
        if items.is_empty() && rest.trim_start_matches(SPACE).starts_with(']') {
            closing(rest.as_bytes(), member).ok()?;
            return Some(Placed { items, places });
        }
        let (item, length) = first::<T>(rest).ok()??;
        let behind = rest[length..].trim_start_matches(SPACE);
        items.push(item);
        places.push(now.len() - behind.len() + 1);
        match behind.as_bytes().first()? {
            b',' => {}
            b']' => return closing(behind.as_bytes(), member).ok().map(|()| Placed { items, places }),
            _ => return None,
        }
    }
}

/// How many bytes two texts have in common at their beginnings.
pub(crate) fn alike_in_front(old: &[u8], now: &[u8]) -> usize {
    let blocks = old.chunks_exact(AT_ONCE).zip(now.chunks_exact(AT_ONCE)).take_while(|(old, now)| old == now);
    let blocks = blocks.count() * AT_ONCE;
    blocks + old[blocks..].iter().zip(&now[blocks..]).take_while(|(old, now)| old == now).count()
}

/// How many at their ends.
fn alike_at_the_end(old: &[u8], now: &[u8]) -> usize {
    let blocks = old.rchunks_exact(AT_ONCE).zip(now.rchunks_exact(AT_ONCE)).take_while(|(old, now)| old == now);
    let blocks = blocks.count() * AT_ONCE;
    let (old, now) = (&old[..old.len() - blocks], &now[..now.len() - blocks]);
    blocks + old.iter().rev().zip(now.iter().rev()).take_while(|(old, now)| old == now).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::vms::Vm;
    use crate::whole;

    #[derive(Clone, Debug, PartialEq, Deserialize)]
    struct Item {
        id: u32,
    }

    fn list(ids: &[u32], space: &str) -> String {
        let items: Vec<String> = ids.iter().map(|id| format!(r#"{{"link":[{{"rel":"x"}}],"id":{id}}}"#)).collect();
        format!("{{{space}\"item\":[{}]{space}}}", items.join(&format!("{space},{space}")))
    }

    fn placed<T: serde::de::DeserializeOwned + Clone>(body: &str, member: &str) -> Placed<T> {
        read(body.as_bytes(), member, None).expect("a list")
    }

    #[test]
    fn only_what_changed_is_read_anew() {
        /// Reads any object as one that was read anew.
        #[derive(Clone, Debug, PartialEq)]
        struct Anew(bool);

        impl<'de> Deserialize<'de> for Anew {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::de::IgnoredAny::deserialize(deserializer).map(|_| Anew(true))
            }
        }

        let before = [11, 12, 13, 14, 15];
        for (now, anew) in [
            (&[11, 12, 93, 14, 15][..], &[false, false, true, false, false][..]),
            (&[91, 12, 13, 14, 15], &[true, false, false, false, false]),
            (&[11, 12, 13, 14, 95], &[false, false, false, false, true]),
            (&[11, 12, 14, 15], &[false, false, false, false]),
            (&[11, 12, 99, 13, 14, 15], &[false, false, true, false, false, false]),
            (&[12, 13, 14, 15], &[false, false, false, false]),
            (&[11, 12], &[false, true]),
        ] {
            let (before, now) = (list(&before, ""), list(now, ""));
            let mut known = placed::<Anew>(&before, "item");
            known.items.fill(Anew(false));
            let read = read(now.as_bytes(), "item", Some((before.as_bytes(), known))).unwrap();
            assert_eq!(read.items.iter().map(|item| item.0).collect::<Vec<_>>(), anew, "{now}");
        }
    }

    #[test]
    fn a_recorded_list_that_grows_shrinks_and_changes_is_what_it_is() {
        let recorded = include_str!("../tests/fixtures/vms_unknown.json");
        let compact = serde_json::from_str::<serde_json::Value>(recorded).unwrap().to_string();
        let changed = recorded.replacen("\"unknown\"", "\"up\"", 1);
        for (before, now) in
            [(recorded, changed.as_str()), (&changed, recorded), (recorded, &compact), (recorded, recorded)]
        {
            let known = placed::<Vm>(before, "vm");
            let again = read(now.as_bytes(), "vm", Some((before.as_bytes(), known))).unwrap();
            assert_eq!(Some(&again.items), whole::listing::<Vm>(now.as_bytes(), "vm").map(|list| list.items).as_ref());
            assert_eq!(again, placed::<Vm>(now, "vm"));
        }
    }

    #[test]
    fn what_is_no_list_is_left_to_others() {
        let (before, known) = (list(&[1, 2], ""), placed::<Item>(&list(&[1, 2], ""), "item"));
        let whole = list(&[1, 2], "");
        let cut = (0..whole.len()).map(|length| whole[..length].to_owned());
        let odd = ["", "{}", "null", r#"{"item":null}"#, r#"{"item":[{"id":1},]}"#, r#"{"item":[{"id":1}],"item":[]}"#];
        let odd = odd.into_iter().map(str::to_owned).chain([format!("{whole}x"), whole.replace("2}", "\"two\"}")]);
        for now in cut.chain(odd) {
            let again = read(now.as_bytes(), "item", Some((before.as_bytes(), known.clone())));
            assert_eq!(again, None, "{now}");
        }
    }

    proptest! {
        #[test]
        fn any_list_after_any_other_is_read_as_if_it_were_the_first(
            before in prop::collection::vec(0_u32..12, 0..9),
            now in prop::collection::vec(0_u32..12, 0..9),
            spaces in prop::collection::vec(prop::sample::select(vec!["", " ", "\n  "]), 2),
        ) {
            let (before, now) = (list(&before, spaces[0]), list(&now, spaces[1]));
            let known = placed::<Item>(&before, "item");
            let again = read(now.as_bytes(), "item", Some((before.as_bytes(), known)));
            prop_assert_eq!(again, Some(placed::<Item>(&now, "item")));
        }
    }
}
