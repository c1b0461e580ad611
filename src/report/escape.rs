//! Text that may hold names which somebody else chose, made harmless for a terminal and for a line. Pure.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

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

/// Writes a JSON document, indented and with a newline at its end, as it is made: the text of a large one is never in memory
/// whole. What is odd in a terminal is written as JSON's `\u009b`, which reads as the same document.
///
/// # Errors
///
/// As the writer has them.
pub fn write_json(out: impl Write, document: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(WRITTEN_AT_ONCE, out);
    document.serialize(&mut Serializer::with_formatter(&mut out, Harmless(PrettyFormatter::new())))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Bytes of a document for each call of the system.
const WRITTEN_AT_ONCE: usize = 64 << 10;

/// Indents, and lets nothing odd through.
struct Harmless(PrettyFormatter<'static>);

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| is_odd(*character)) {
            // All of them are of the basic plane.
            write!(writer, "{}\\u{:04x}", &rest[..at], u32::from(character))?;
            rest = &rest[at + character.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
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
        fn a_document_stays_what_it_is(name in "[a\u{1b}\u{9b}\u{202e}\u{2028}\u{7f}\n\"\\\\é]{0,12}", many in 0..3_usize) {
            let document = serde_json::json!({ "name": name, name.clone(): vec![serde_json::json!({ "of": name }); many] });
            let mut written = Vec::new();
            write_json(&mut written, &document).expect("memory takes it");
            let safe = String::from_utf8(written).expect("text");
            prop_assert!(!safe.contains(|character| character != '\n' && is_odd(character)), "{safe}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).expect("JSON"), document.clone());
            if !name.contains(is_odd) {
                prop_assert_eq!(safe, serde_json::to_string_pretty(&document).expect("JSON") + "\n");
            }
        }
    }
}
