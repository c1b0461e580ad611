//! The globs of `[[rules]]`. Pure.

use globset::{GlobBuilder, GlobMatcher};

/// A glob over names: without `/` it is matched against base names, with one against whole names, where a leading
/// one only says so; `*` stops at `/`.
#[derive(Debug, Clone)]
pub struct NamePattern {
    glob: GlobMatcher,
    whole_name: bool,
}

impl NamePattern {
    /// Compiles a glob; a `\` takes the next character literally, on every system.
    ///
    /// # Errors
    /// What is wrong with it, in globset's words.
    pub fn new(text: &str) -> Result<Self, globset::Error> {
        let glob = GlobBuilder::new(text.strip_prefix('/').unwrap_or(text))
            .literal_separator(true)
            .backslash_escape(true)
            .build()?;
        Ok(Self { glob: glob.compile_matcher(), whole_name: text.contains('/') })
    }

    /// Whether it is about this name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let base_name = name.rsplit('/').next().unwrap_or(name);
        self.glob.is_match(if self.whole_name { name } else { base_name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_base_names_or_whole_names() {
        for (pattern, name, expected) in [
            ("*.css", "css/site.css", true),
            ("*.css", "site.CSS", false),
            ("css/*.css", "css/site.css", true),
            ("css/*.css", "css/deep/site.css", false),
            ("css/**", "css/deep/site.css", true),
            ("**/site.css", "site.css", true),
            ("/site.css", "site.css", true),
            ("/site.css", "css/site.css", false),
            ("*.{css,js}", "a/b.js", true),
            ("?.js", "a/b.js", true),
            ("[ab].js", "a/c.js", false),
            (r"\*.js", "a/*.js", true),
            (r"\*.js", "a/b.js", false),
        ] {
            let matched = NamePattern::new(pattern).expect("a glob").matches(name);
            assert_eq!(matched, expected, "{pattern} {name}");
        }
    }
}
