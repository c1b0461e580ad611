//! TOML, as it is read from files of any origin. Pure.

use toml::Spanned;
use toml::de::DeTable;

/// How many brackets may be open at once. The parser knows a limit of its own, 80, and forgets it over mistakes.
const DEEPEST: usize = 128;

/// What is wrong with a text, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoToml {
    pub(crate) offset: usize,
    pub(crate) problem: String,
}

/// Takes a text apart.
pub(crate) fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, NoToml> {
    if let Some(offset) = too_deep(text) {
        return Err(NoToml { offset, problem: format!("more than {DEEPEST} brackets are open") });
    }
    DeTable::parse(text).map_err(|error| NoToml {
        offset: error.span().map_or(0, |span| span.start),
        // Further lines of the parser's text list what it would have taken.
        problem: error.message().lines().next().unwrap_or_default().to_owned(),
    })
}

/// Where a kind of bracket is open too often, wherever it stands: no text or comment has as many that are never closed.
fn too_deep(text: &str) -> Option<usize> {
    let (mut curly, mut square) = (0_usize, 0_usize);
    text.bytes().position(|byte| {
        match byte {
            b'{' => curly += 1,
            b'}' => curly = curly.saturating_sub(1),
            b'[' => square += 1,
            b']' => square = square.saturating_sub(1),
            _ => {}
        }
        curly > DEEPEST || square > DEEPEST
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by the fuzz target of settings files: the parser counts a bracket that stands where it should not as one
    /// that closes, and went as deep as there was text, until the stack overflowed.
    #[test]
    fn depth_is_bounded_over_mistakes() {
        for deep in ["{[]x=", "{", "[", "{a=", "[[", "{a=[", "{b={\n"] {
            let text = format!("a = {}", deep.repeat(100_000));
            let NoToml { offset, problem } = parse(&text).expect_err("no TOML");
            assert!(offset <= 5 * DEEPEST + 4, "{deep}: {offset}");
            assert_eq!(problem, "more than 128 brackets are open");
        }
        assert!(parse("a = \"{[\" # {[\n").is_ok());
        assert!(parse(&format!("a = {}{}", "[".repeat(40), "]".repeat(40))).is_ok());
    }
}
