//! CPython's `urllib.parse`, `posixpath` and `str.strip`, as far as Django hands names and references to them. A name
//! is what these make of it, quirks included, so they are followed function by function (CPython 3.11). A leaf: it
//! uses no other room and may touch nothing.

pub(crate) mod path;
pub(crate) mod url;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// `urllib.parse.unquote`: UTF-8, and U+FFFD for what is none.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// `str.strip()`. Unlike Rust, Python counts U+001C to U+001F as white space.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(|character: char| {
        character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_that_are_none_stay() {
        for (text, plain) in [
            ("a%20b", "a b"),
            ("a%2Fb%2f", "a/b/"),
            ("%%41%4", "%A%4"),
            ("%FFé%C3", "\u{fffd}é\u{fffd}"),
            ("%C3%A9", "é"),
            ("%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
            ("%2541", "%41"),
        ] {
            assert_eq!(unquote(text), plain, "{text}");
        }
    }

    #[test]
    fn blanks_are_python_s() {
        assert_eq!(strip(" \u{1c}\u{a0}a b\u{1f}\u{85}\u{3000}\n"), "a b");
        assert_eq!(strip("\u{200b}\u{0}"), "\u{200b}\u{0}");
    }
}
