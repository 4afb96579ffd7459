//! Nearness and enumeration of words.

/// The known word that the written one is most likely meant to be, if any is near enough.
pub(crate) fn nearest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let written = written.to_lowercase();
    // Long nonsense is near nothing, and comparing it would cost time.
    if written.len() > 64 {
        return None;
    }
    let distances = known.iter().map(|word| (strsim::osa_distance(&written, word), *word));
    let (distance, word) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= (word.len() / 3).max(1)).then_some(word)
}

/// Words for a message: `a`, `b`, `c`.
pub(crate) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
