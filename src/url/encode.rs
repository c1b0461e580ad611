//! The percent-encodings of botocore, Django and `urllib`, which differ in what they leave bare.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const KEY: &AsciiSet = &QUERY.remove(b'/');
const URI: &AsciiSet = &KEY.remove(b'!').remove(b'*').remove(b'(').remove(b')').remove(b'\'');

/// A key in the URL of a bucket: botocore's.
pub(crate) fn key(text: &str) -> String {
    utf8_percent_encode(text, KEY).to_string()
}

/// A name in a URL at a custom domain: Django's `filepath_to_uri`.
pub(crate) fn uri(text: &str) -> String {
    utf8_percent_encode(&text.replace('\\', "/"), URI).to_string()
}

/// `name=value&…` as signatures have it.
pub(super) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs.into_iter().map(|(name, value)| {
        format!("{}={}", utf8_percent_encode(name, QUERY), utf8_percent_encode(value, QUERY))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// `name=value&…` as `urllib.parse.urlencode` has it: a blank is a plus.
pub(super) fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    // A literal plus or `%20` is encoded itself, so nothing else can be mistaken for a blank.
    query(pairs).replace("%20", "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaves_other_characters_bare() {
        let odd = "a b/~!*()'\\+%é";
        assert_eq!(key(odd), "a%20b/~%21%2A%28%29%27%5C%2B%25%C3%A9");
        assert_eq!(uri(odd), "a%20b/~!*()'/%2B%25%C3%A9");
        assert_eq!(query([("a b", "c/d+~")]), "a%20b=c%2Fd%2B~");
        assert_eq!(form([("a b", "c%20d+e"), ("f", "")]), "a+b=c%2520d%2Be&f=");
    }
}
