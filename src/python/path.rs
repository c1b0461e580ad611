//! `posixpath` on text: nothing here looks at a file system.

/// `posixpath.normpath`.
pub(crate) fn normpath(path: &str) -> String {
    let slashes = match path.bytes().take_while(|byte| *byte == b'/').count() {
        2 => 2,
        0 => 0,
        _ => 1,
    };
    let mut normal = "//"[..slashes].to_owned();
    for part in path.split('/') {
        let so_far = &normal[slashes..];
        match part {
            "" | "." => {}
            ".." if slashes > 0 && so_far.is_empty() => {}
            ".." if !so_far.is_empty() && so_far != ".." && !so_far.ends_with("/..") => {
                normal.truncate(slashes + so_far.rfind('/').unwrap_or(0));
            }
            _ => {
                if !so_far.is_empty() {
                    normal.push('/');
                }
                normal.push_str(part);
            }
        }
    }
    if normal.is_empty() { ".".to_owned() } else { normal }
}

/// `posixpath.join` of two.
pub(crate) fn join(left: &str, right: &str) -> String {
    if right.starts_with('/') {
        right.to_owned()
    } else if left.is_empty() || left.ends_with('/') {
        format!("{left}{right}")
    } else {
        format!("{left}/{right}")
    }
}

/// `posixpath.split`: what is before the last slash, and what is behind it.
pub(crate) fn split(path: &str) -> (&str, &str) {
    let (head, tail) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    let shorter = head.trim_end_matches('/');
    (if shorter.is_empty() { head } else { shorter }, tail)
}

/// `posixpath.dirname`.
pub(crate) fn dirname(path: &str) -> &str {
    split(path).0
}

/// `posixpath.splitext` of a base name: at the last dot, of which leading ones do not count.
pub(crate) fn splitext(base_name: &str) -> (&str, &str) {
    let leading = base_name.len() - base_name.trim_start_matches('.').len();
    match base_name.rfind('.') {
        Some(dot) if dot >= leading => base_name.split_at(dot),
        _ => (base_name, ""),
    }
}

/// A name below a root as Django's `safe_join` has it, relative to that root and normal; empty for the root itself,
/// `None` for what is outside.
pub(crate) fn inside(name: &str) -> Option<String> {
    if name.starts_with('/') {
        return None;
    }
    let normal = normpath(name);
    match normal.as_str() {
        "." => Some(String::new()),
        ".." => None,
        outside if outside.starts_with("../") => None,
        _ => Some(normal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `posixpath.normpath` of CPython 3.11 says.
    #[test]
    fn paths_become_normal() {
        for (path, normal) in [
            ("", "."),
            (".", "."),
            ("a/./b//c/", "a/b/c"),
            ("a/../../b", "../b"),
            ("../../a", "../../a"),
            ("/../a", "/a"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("//../..", "//"),
            ("a/..", "."),
            ("b.css?/../x", "x"),
            ("a/b/../..", "."),
            ("a/b/../../../..", "../.."),
            ("..a/b../../c", "..a/c"),
            ("a/..b/..", "a"),
            ("/a/../..", "/"),
            ("//a/b/../c", "//a/c"),
            ("é/ü/..", "é"),
        ] {
            assert_eq!(normpath(path), normal, "{path}");
        }
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(split("a//b.txt"), ("a", "b.txt"));
        assert_eq!(split("//b"), ("//", "b"));
        assert_eq!(split("b"), ("", "b"));
        for (name, parts) in [
            ("a.tar.gz", ("a.tar", ".gz")),
            (".htaccess", (".htaccess", "")),
            ("..a.b", ("..a", ".b")),
            ("...", ("...", "")),
            ("a.", ("a", ".")),
            ("a", ("a", "")),
        ] {
            assert_eq!(splitext(name), parts, "{name}");
        }
    }

    #[test]
    fn what_is_outside_is_no_name() {
        assert_eq!(inside("a/../b"), Some("b".to_owned()));
        assert_eq!(inside("a/.."), Some(String::new()));
        assert_eq!(inside("a/../.."), None);
        assert_eq!(inside("..b/c"), Some("..b/c".to_owned()));
        assert_eq!(inside("/a"), None);
    }
}
