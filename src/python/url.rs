//! `urlsplit`, `urlunsplit`, `urldefrag` and the little of `urljoin` that a reference depends on.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use unicode_normalization::UnicodeNormalization;

use super::unquote;

/// What `urlsplit` refuses: a bracketed host that is none, or one with characters that only look harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAUrl;

/// `urlparse.uses_netloc`, without the empty one.
const SCHEMES_WITH_HOST: &str = " ftp http gopher nntp telnet imap wais file mms https shttp snews prospero rtsp rtsps \
    rtspu rsync svn svn+ssh sftp nfs git git+ssh ws wss ";

/// `urlparse.uses_params`, without the empty one.
const SCHEMES_WITH_PARAMETERS: &str =
    " ftp hdl prospero http imap https shttp rtsp rtsps rtspu sip sips mms sftp tel ";

/// A URL in five parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SplitUrl {
    pub(crate) scheme: String,
    pub(crate) netloc: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) fragment: String,
}

fn is_one_of(list: &str, scheme: &str) -> bool {
    !scheme.is_empty() && list.contains(&format!(" {scheme} "))
}

/// `urllib.parse.urlsplit`.
pub(crate) fn urlsplit(url: &str) -> Result<SplitUrl, NotAUrl> {
    let url = url.trim_start_matches(|c| c <= ' ');
    let url = match url.contains(['\t', '\r', '\n']) {
        true => Cow::Owned(url.replace(['\t', '\r', '\n'], "")),
        false => Cow::Borrowed(url),
    };
    let mut split = SplitUrl::default();
    let mut rest = &*url;
    if let Some((scheme, behind)) = rest.split_once(':')
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    {
        split.scheme = scheme.to_ascii_lowercase();
        rest = behind;
    }
    if let Some(behind) = rest.strip_prefix("//") {
        let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        split.netloc = behind[..end].to_owned();
        rest = &behind[end..];
        check_host(&split.netloc)?;
    }
    if let Some((before, fragment)) = rest.split_once('#') {
        split.fragment = fragment.to_owned();
        rest = before;
    }
    if let Some((before, query)) = rest.split_once('?') {
        split.query = query.to_owned();
        rest = before;
    }
    split.path = rest.to_owned();
    Ok(split)
}

/// Brackets must hold an IPv6 address, and compatibility forms must hide no separator.
fn check_host(netloc: &str) -> Result<(), NotAUrl> {
    if netloc.contains('[') != netloc.contains(']') {
        return Err(NotAUrl);
    }
    if let Some((_, behind)) = netloc.split_once('[') {
        let host = behind.split(']').next().unwrap_or_default();
        host.parse::<Ipv6Addr>().map_err(|_| NotAUrl)?;
    }
    if netloc.is_ascii() {
        return Ok(());
    }
    let bare: String = netloc.chars().filter(|c| !matches!(c, '@' | ':' | '#' | '?')).collect();
    let folded: String = bare.nfkc().collect();
    if folded != bare && folded.contains(['/', '?', '#', '@', ':']) { Err(NotAUrl) } else { Ok(()) }
}

impl SplitUrl {
    /// `urllib.parse.urlunsplit`.
    pub(crate) fn unsplit(&self) -> String {
        let mut url = self.path.clone();
        let wants_host = is_one_of(SCHEMES_WITH_HOST, &self.scheme) && !url.starts_with("//");
        if !self.netloc.is_empty() || wants_host {
            let slash = if url.is_empty() || url.starts_with('/') { "" } else { "/" };
            url = format!("//{}{slash}{url}", self.netloc);
        }
        if !self.scheme.is_empty() {
            url = format!("{}:{url}", self.scheme);
        }
        for (mark, part) in [('?', &self.query), ('#', &self.fragment)] {
            if !part.is_empty() {
                url.push(mark);
                url.push_str(part);
            }
        }
        url
    }
}

/// `urllib.parse.urldefrag`: a URL without its fragment, and the fragment. Where there is a fragment the rest is taken
/// apart and put together again, which drops an empty query and an empty parameter.
pub(crate) fn urldefrag(url: &str) -> Result<(Cow<'_, str>, String), NotAUrl> {
    if !url.contains('#') {
        return Ok((Cow::Borrowed(url), String::new()));
    }
    let mut split = urlsplit(url)?;
    let fragment = std::mem::take(&mut split.fragment);
    if split.scheme.is_empty() || is_one_of(SCHEMES_WITH_PARAMETERS, &split.scheme) {
        let last = split.path.rfind('/').unwrap_or(0);
        if split.path[last..].find(';').is_some_and(|found| last + found + 1 == split.path.len()) {
            split.path.pop();
        }
    }
    Ok((Cow::Owned(split.unsplit()), fragment))
}

/// The part behind the last slash of the URL that Django's `HashedFilesMixin._url` makes of a hashed name: quoted,
/// joined with `STATIC_URL` (which resolves dots), the fragment of the name put back, all of it unquoted. Nothing
/// before that slash is ever used, so `STATIC_URL` plays no part, and quoting undoes itself.
pub(crate) fn last_of_url(hashed_name: &str, fragment: &str, query_fragment: bool) -> String {
    let mut url = match hashed_name.rsplit(['/', '\\']).next().unwrap_or_default() {
        "." | ".." => String::new(),
        last => last.to_owned(),
    };
    if query_fragment {
        url.push('?');
    }
    if !fragment.is_empty() {
        url.push('#');
        url.push_str(&unquote(fragment));
    }
    url.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `urlunsplit(urlsplit(url))` of CPython 3.11 says.
    #[test]
    fn urls_are_put_together_again_as_python_does() {
        for (url, again) in [
            ("HTTP:x.txt", "http:///x.txt"),
            ("http:", "http://"),
            ("x:y", "x:y"),
            ("1x:y", "1x:y"),
            ("a?#b", "a#b"),
            ("a?", "a"),
            (" \u{1}a\tb\r\n ", "ab "),
            ("//host/x?q", "//host/x?q"),
            ("s://h:1//x", "s://h:1//x"),
            ("é:x", "é:x"),
        ] {
            assert_eq!(urlsplit(url).map(|split| split.unsplit()), Ok(again.to_owned()), "{url}");
        }
        for url in ["//[x", "//x]/", "//[x]/", "//a℀b/"] {
            assert_eq!(urlsplit(url), Err(NotAUrl), "{url}");
        }
    }

    #[test]
    fn a_fragment_goes_and_takes_what_is_empty_with_it() {
        for (url, rest, fragment) in [
            ("x.eot?#iefix", "x.eot", "iefix"),
            ("x.eot?#", "x.eot", ""),
            ("x.eot?", "x.eot?", ""),
            ("a;#b", "a", "b"),
            ("a;c#b", "a;c", "b"),
            ("a;/c#b", "a;/c", "b"),
            ("a/c;;#b", "a/c;;", "b"),
            ("a#b#c", "a", "b#c"),
        ] {
            let found = urldefrag(url).map(|(rest, fragment)| (rest.into_owned(), fragment));
            assert_eq!(found, Ok((rest.to_owned(), fragment.to_owned())), "{url}");
        }
    }

    #[test]
    fn the_end_of_a_url_is_what_django_takes() {
        for (name, fragment, query_fragment, last) in [
            ("css/a b.1.css", "", false, "a b.1.css"),
            ("css/", "", false, ""),
            ("..", "", false, ""),
            ("a/b.css?u=x/y", "", false, "y"),
            ("x.1.eot", "iefix", true, "x.1.eot?#iefix"),
            ("x.1.svg", "a/b", false, "b"),
            ("a\\b.css", "", false, "b.css"),
            ("100%25.1.png", "", false, "100%25.1.png"),
            ("x.1.svg", "a%2Fb", false, "b"),
        ] {
            assert_eq!(last_of_url(name, fragment, query_fragment), last, "{name}");
        }
    }
}
