//! Reads Python literals: text, numbers, `True`, `False`, `None`, and lists, tuples and dictionaries of them.
//! What is no literal is nothing; no expression is ever worked out.

use serde_json::{Map, Number, Value};

/// The literal at the beginning of `text`, and what stands behind it.
pub(super) fn read(text: &str) -> Option<(Value, &str)> {
    let mut reader = Reader { rest: text, depth: 0 };
    let value = reader.value()?;
    Some((value, reader.rest))
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        self.skip();
        match self.rest.chars().next()? {
            '{' => self.dictionary(),
            '[' => self.sequence(']').map(|(items, _)| Value::Array(items)),
            '(' => match self.sequence(')')? {
                // Brackets round one value without a comma only group.
                (mut items, false) if items.len() == 1 => items.pop(),
                (items, _) => Some(Value::Array(items)),
            },
            '-' | '+' | '.' | '0'..='9' => self.number(),
            _ => self.text().or_else(|| self.word()),
        }
    }

    /// Goes over blanks and continued lines, and inside brackets over line ends and comments.
    fn skip(&mut self) {
        loop {
            let before = self.rest;
            self.rest = self.rest.trim_start_matches([' ', '\t']);
            for continued in ["\\\n", "\\\r\n"] {
                self.rest = self.rest.strip_prefix(continued).unwrap_or(self.rest);
            }
            if self.depth > 0 {
                self.rest = self.rest.trim_start();
                if self.rest.starts_with('#') {
                    self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
                }
            }
            if self.rest.len() == before.len() {
                return;
            }
        }
    }

    fn take(&mut self, token: char) -> Option<()> {
        self.skip();
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    /// Values between brackets, and whether there was a comma.
    fn sequence(&mut self, closing: char) -> Option<(Vec<Value>, bool)> {
        self.rest = self.rest.get(1..)?;
        self.depth += 1;
        let (mut items, mut comma) = (Vec::new(), false);
        loop {
            self.skip();
            if self.rest.starts_with(closing) {
                break;
            }
            if !items.is_empty() && !comma {
                return None;
            }
            items.push(self.value()?);
            let more = self.take(',').is_some();
            comma |= more;
            self.skip();
            if !more && !self.rest.starts_with(closing) {
                return None;
            }
        }
        self.depth -= 1;
        self.take(closing)?;
        Some((items, comma))
    }

    fn dictionary(&mut self) -> Option<Value> {
        self.rest = self.rest.get(1..)?;
        self.depth += 1;
        let mut fields = Map::new();
        loop {
            self.skip();
            if self.rest.starts_with('}') {
                break;
            }
            let Value::String(key) = self.value()? else { return None };
            self.take(':')?;
            fields.insert(key, self.value()?);
            let more = self.take(',').is_some();
            self.skip();
            if !more && !self.rest.starts_with('}') {
                return None;
            }
        }
        self.depth -= 1;
        self.take('}')?;
        Some(Value::Object(fields))
    }

    fn number(&mut self) -> Option<Value> {
        let end = self
            .rest
            .char_indices()
            .find(|(at, character)| {
                !(character.is_ascii_alphanumeric()
                    || "._".contains(*character)
                    || (*at == 0 && "+-".contains(*character)))
            })
            .map_or(self.rest.len(), |(at, _)| at);
        let (digits, rest) = self.rest.split_at(end);
        let digits = digits.replace('_', "");
        let number = digits.trim_start_matches('+');
        let value = match number.parse::<i64>() {
            Ok(whole) => Value::from(whole),
            Err(_) if number.contains('.') => Value::Number(Number::from_f64(number.parse().ok()?)?),
            Err(_) => return None,
        };
        self.rest = rest;
        Some(value)
    }

    fn word(&mut self) -> Option<Value> {
        [("True", Value::Bool(true)), ("False", Value::Bool(false)), ("None", Value::Null)]
            .into_iter()
            .find_map(|(word, value)| {
                let rest = self.rest.strip_prefix(word)?;
                let ends = !rest.starts_with(|next: char| next.is_alphanumeric() || "_.([".contains(next));
                ends.then(|| {
                    self.rest = rest;
                    value
                })
            })
    }

    /// One or more string literals in a row, which Python joins.
    fn text(&mut self) -> Option<Value> {
        let mut joined = self.string()?;
        loop {
            self.skip();
            match self.string() {
                Some(more) => joined += &more,
                None => return Some(Value::from(joined)),
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote_at = self.rest.find(['"', '\''])?;
        let (prefix, quoted) = self.rest.split_at(quote_at);
        let prefix = prefix.to_ascii_lowercase();
        if !matches!(prefix.as_str(), "" | "r" | "b" | "u" | "br" | "rb") {
            return None;
        }
        let mark = &quoted[..1];
        let triple = mark.repeat(3);
        let mark = if quoted.starts_with(&triple) { triple.as_str() } else { mark };
        let (text, rest) = body(&quoted[mark.len()..], mark, prefix.contains('r'))?;
        self.rest = rest;
        Some(text)
    }
}

/// The text up to the closing mark, and what stands behind that.
fn body<'t>(text: &'t str, mark: &str, raw: bool) -> Option<(String, &'t str)> {
    let mut read = String::new();
    let mut rest = text;
    loop {
        if let Some(behind) = rest.strip_prefix(mark) {
            return Some((read, behind));
        }
        let character = rest.chars().next()?;
        rest = &rest[character.len_utf8()..];
        match character {
            '\n' if mark.len() == 1 => return None,
            '\\' if raw => {
                let next = rest.chars().next()?;
                read.extend(['\\', next]);
                rest = &rest[next.len_utf8()..];
            }
            '\\' => rest = escape(rest, &mut read)?,
            _ => read.push(character),
        }
    }
}

/// Reads what stands behind a backslash, and gives what stands behind that.
fn escape<'t>(text: &'t str, read: &mut String) -> Option<&'t str> {
    let next = text.chars().next()?;
    let rest = &text[next.len_utf8()..];
    let digits = match next {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let code = u32::from_str_radix(rest.get(..digits)?, 16).ok()?;
        read.push(char::from_u32(code)?);
        return rest.get(digits..);
    }
    match next {
        '\n' => {}
        'n' => read.push('\n'),
        't' => read.push('\t'),
        'r' => read.push('\r'),
        '\\' | '\'' | '"' => read.push(next),
        // Characters by name or by octal digits stand in no setting of this kind.
        'N' | '0'..='7' | 'a' | 'b' | 'f' | 'v' => return None,
        // Python keeps the backslash of an escape that it does not know.
        _ => read.extend(['\\', next]),
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::migrate::render;

    fn whole(text: &str) -> Option<Value> {
        read(text).filter(|(_, rest)| rest.trim().is_empty()).map(|(value, _)| value)
    }

    #[test]
    fn literals_are_read_as_python_reads_them() {
        for (text, value) in [
            ("'a' \"b\"", json!("ab")),
            ("('a'\n  'b')", json!("ab")),
            ("(1)", json!(1)),
            ("(1,)", json!([1])),
            ("()", json!([])),
            ("[1, -2, 1_000, 0.5,]", json!([1, -2, 1000, 0.5])),
            ("{'a': True, # why\n 'b': None}", json!({"a": true, "b": null})),
            (r"r'a\d' 'b\d\n\x41\u00e9'", json!("a\\db\\d\nAé")),
            ("b'max-age=1'", json!("max-age=1")),
            ("'''a\n'b'''", json!("a\n'b")),
            ("'a' \\\n 'b'", json!("ab")),
            ("''", json!("")),
        ] {
            assert_eq!(whole(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_literal_is_nothing() {
        for text in [
            "os.environ['A']",
            "f'a{b}'",
            "'a' % b",
            "1 + 1",
            "[1 2]",
            "{'a' 1}",
            "{1: 2}",
            "Truer",
            "'a\n'",
            "'a",
            "[1",
            "{**a}",
            "'a'.format()",
            "lambda: 1",
            "",
            "(a for a in b)",
            "'\\N{DASH}'",
            "[,]",
            "True.real",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~\\n\\té€\\\\'\"]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z'\\\\-]{0,8}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values(), quote in prop::sample::select(vec!['"', '\''])) {
            prop_assert_eq!(whole(&render::python(&value, quote)), Some(value));
        }

        #[test]
        fn nothing_makes_it_fall_over(text in "[\\[\\](){}'\",:#\\\\a-zA-Z0-9 \\né.+-]{0,40}") {
            let _ = read(&text);
        }
    }
}
