//! Text that may hold names which somebody else chose, made harmless for a terminal and for a line. Pure.

use std::borrow::Cow;

/// The same text on one line: control characters, and those that turn the direction of text, as `\u{1b}`. JSON documents
/// have names as they are.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_odd(character) { safe.extend(character.escape_unicode()) } else { safe.push(character) }
    }
    Cow::Owned(safe)
}

/// The text of a JSON document, the same document: what is odd in a terminal is written as JSON's `\u009b`.
#[must_use]
pub fn escape_json(text: String) -> String {
    let odd = |character: char| character != '\n' && is_odd(character);
    if !text.contains(odd) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        // All of them are of the basic plane.
        if odd(character) {
            safe.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Controls of both sets, marks and overrides of direction, separators of lines and paragraphs.
fn is_odd(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_from_a_name_reaches_the_terminal_raw() {
        assert_eq!(escape("a\u{1b}[31m\nb\u{202e}é"), "a\\u{1b}[31m\\u{a}b\\u{202e}é");
        assert_eq!(escape("\u{9b}2J\u{2028}\u{61c}\u{7f}"), "\\u{9b}2J\\u{2028}\\u{61c}\\u{7f}");
        assert!(matches!(escape("css/größe-大.css"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn a_document_stays_what_it_is(name in "[a\u{1b}\u{9b}\u{202e}\u{2028}\u{7f}\n\"\\\\é]{0,12}") {
            let text = serde_json::to_string_pretty(&serde_json::json!({ "name": name })).expect("JSON");
            let safe = escape_json(text);
            prop_assert!(!safe.contains(|character| character != '\n' && is_odd(character)), "{safe}");
            let read: serde_json::Value = serde_json::from_str(&safe).expect("JSON");
            prop_assert_eq!(read["name"].as_str(), Some(name.as_str()));
        }
    }
}
