//! What Django's pattern `url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\)` matches, found by hand: a regex looks at most of a style
//! sheet three times for it. Linear in the text.

use std::ops::Range;

use memchr::{memchr_iter, memchr2};

/// The matches in a text, as the pattern has them: each with the group `url`.
pub(super) struct CssUrls<'t> {
    text: &'t str,
    at: usize,
    /// The next parenthesis that closes, or the next end of a line, behind what was looked at last.
    stop: usize,
}

impl<'t> CssUrls<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, stop: 0 }
    }

    /// What stands in a parenthesis that is opened: without a quote and blanks before it, and a quote behind it. `None`
    /// where the parenthesis is not closed on the line on which that begins: giving a blank or the quote back to it
    /// would not help, since neither is a parenthesis, and every end of a line before it stays between.
    fn inside(&mut self, open: usize) -> Option<Range<usize>> {
        let inside = &self.text[open..];
        let bare = inside.strip_prefix(['\'', '"']).unwrap_or(inside).trim_start_matches(is_blank);
        let begin = self.text.len() - bare.len();
        if self.stop < begin {
            self.stop = memchr2(b')', b'\n', bare.as_bytes()).map_or(self.text.len(), |stop| begin + stop);
        }
        let bytes = self.text.as_bytes();
        if bytes.get(self.stop) != Some(&b')') {
            return None;
        }
        let quoted = self.stop > begin && matches!(bytes[self.stop - 1], b'\'' | b'"');
        Some(begin..self.stop - usize::from(quoted))
    }
}

impl Iterator for CssUrls<'_> {
    type Item = (Range<usize>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let from = self.at;
        let bytes = self.text.as_bytes();
        for open in memchr_iter(b'(', &bytes[from..]) {
            let name = &bytes[from..from + open];
            let is_url = name.last_chunk::<3>().is_some_and(|name| name.eq_ignore_ascii_case(b"url"));
            if is_url && let Some(url) = self.inside(from + open + 1) {
                self.at = self.stop + 1;
                return Some((from + open - 3..self.at, url));
            }
        }
        self.at = bytes.len();
        None
    }
}

/// Python's `\s`.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn by_regex(text: &str) -> Vec<(Range<usize>, Range<usize>)> {
        let pattern = r#"(?i)url\(['"]{0,1}[\s\x1c-\x1f]*(?P<url>.*?)["']{0,1}\)"#;
        let regex = Regex::new(pattern).expect("a pattern");
        let found = regex.captures_iter(text);
        found.map(|it| (it.get_match().range(), it.name("url").expect("a group").range())).collect()
    }

    fn by_hand(text: &str) -> Vec<(Range<usize>, Range<usize>)> {
        CssUrls::new(text).collect()
    }

    #[test]
    fn quotes_blanks_and_ends_of_lines_are_the_pattern_s() {
        for text in [
            "a{b:url(c.png)}",
            "URL( 'c.png' ) uRl(\"c\")",
            "url(')url(\")",
            "url('\n \u{1c}\u{a0}c')url(c\n)url(\n)",
            "url('c'')url(''c)url('')url()",
            "url(url(a)b)",
            "url(a\nurl(b)",
            "rl(a) xurl(a)(b)",
            "url(\r)url(a\u{2028}b)",
            "url(",
            "url(a",
        ] {
            assert_eq!(by_hand(text), by_regex(text), "{text:?}");
        }
        assert_eq!(by_hand("a{b:url( 'c.png' )}"), [(4..18, 9..17)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_text_has_the_matches_of_the_pattern(
            text in "(url\\(|URL|[ru(]|[)'\"]|[ \n\r\u{1c}\u{85}]|[aé]){0,16}"
        ) {
            prop_assert_eq!(by_hand(&text), by_regex(&text));
        }
    }
}
