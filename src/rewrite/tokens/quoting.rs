//! How text is written where a reference stands, and what a JavaScript string means.

use std::borrow::Cow;
use std::fmt::Write;

use cssparser::{CssStringWriter, ToCss, Token};

/// What surrounds a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// `url(…)` without quotes.
    CssUrl,
    /// A string in CSS in these quotes.
    CssString(char),
    /// A string in JavaScript in these quotes.
    JsString(char),
    /// A comment, where nothing can be escaped but as in URLs.
    Comment,
}

impl Quoting {
    /// The text as it has to stand there.
    pub(super) fn write(self, text: &str) -> String {
        match self {
            Self::CssUrl => css_url(text),
            Self::CssString(quote) => css_string(text, quote),
            Self::JsString(quote) => javascript_string(text, quote),
            Self::Comment => comment(text),
        }
    }
}

fn css_url(text: &str) -> String {
    let whole = Token::UnquotedUrl(text.into()).to_css_string();
    whole.strip_prefix("url(").and_then(|url| url.strip_suffix(')')).unwrap_or(&whole).to_owned()
}

fn css_string(text: &str, quote: char) -> String {
    let mut written = String::new();
    CssStringWriter::new(&mut written).write_str(text).expect("a string takes everything");
    // The writer escapes double quotes, which does no harm between single ones.
    if quote == '\'' { written.replace('\'', "\\'") } else { written }
}

fn javascript_string(text: &str, quote: char) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\u{2028}' => written.push_str("\\u2028"),
            '\u{2029}' => written.push_str("\\u2029"),
            character => {
                if character == quote || character == '\\' {
                    written.push('\\');
                }
                written.push(character);
            }
        }
    }
    written
}

fn comment(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            for byte in character.encode_utf8(&mut buffer).bytes() {
                write!(written, "%{byte:02X}").expect("a string takes everything");
            }
        } else {
            written.push(character);
        }
    }
    written.replace("*/", "%2A/")
}

/// Whether a text ends in this character, not escaped.
pub(super) fn ends(text: &str, character: char) -> bool {
    text.strip_suffix(character).is_some_and(|rest| {
        let backslashes = rest.bytes().rev().take_while(|byte| *byte == b'\\').count();
        backslashes % 2 == 0
    })
}

/// What stands between the quotes of a JavaScript string; `None` for what modules do not allow there, and for halves of
/// surrogate pairs, which no name has.
pub(super) fn javascript_text(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('\\') {
        return Some(Cow::Borrowed(raw));
    }
    let mut units: Vec<u16> = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        units.extend(plain.encode_utf16());
        let first = escape.chars().next()?;
        rest = &escape[first.len_utf8()..];
        match first {
            'n' => units.push(10),
            't' => units.push(9),
            'b' => units.push(8),
            'v' => units.push(11),
            'f' => units.push(12),
            'r' => units.push(13),
            '0' if !rest.starts_with(|digit: char| digit.is_ascii_digit()) => units.push(0),
            '0'..='9' => return None,
            'x' => units.push(digits(&mut rest, 2)?),
            'u' if rest.starts_with('{') => {
                let (code, after) = rest[1..].split_once('}')?;
                let character = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
                units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
                rest = after;
            }
            'u' => units.push(digits(&mut rest, 4)?),
            '\r' => rest = rest.strip_prefix('\n').unwrap_or(rest),
            '\n' | '\u{2028}' | '\u{2029}' => {}
            other => units.extend_from_slice(other.encode_utf16(&mut [0; 2])),
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16(&units).ok().map(Cow::Owned)
}

/// So many hexadecimal digits at the beginning.
fn digits(rest: &mut &str, count: usize) -> Option<u16> {
    let (hexadecimal, after) = rest.split_at_checked(count)?;
    *rest = after;
    u16::from_str_radix(hexadecimal, 16).ok()
}
