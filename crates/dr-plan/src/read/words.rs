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

/// Words for a message: `a`, `b`, `c`; the first ones, if there are very many.
pub(crate) fn quoted(words: &[&str]) -> String {
    const MOST: usize = 20;
    let mut text = words.iter().take(MOST).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    if words.len() > MOST {
        text.push_str(&format!(" and {} more", words.len() - MOST));
    }
    text
}
