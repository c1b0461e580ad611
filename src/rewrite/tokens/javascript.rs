//! References in JavaScript by a parser: specifiers of modules, `new URL("…", import.meta.url)`, and the comment that
//! names the source map.

use std::ops::Range;

use super::parse::{self, Parsed};
use super::quoting::{Quoting, ends, javascript_text};
use super::{Found, Unlexed, source_map};
use crate::rewrite::ReferenceKind;

const SOURCE_MAP: &str = "sourceMappingURL=";

/// Whether there may be a reference in a script, at a glance.
pub(in crate::rewrite) fn looks_at(text: &str, modules: bool) -> bool {
    text.contains(SOURCE_MAP) || (modules && may_have_modules(text))
}

fn may_have_modules(text: &str) -> bool {
    text.contains("import") || (text.contains("export") && text.contains("from"))
}

/// All references of a script or module, in the order of the text.
pub(in crate::rewrite) fn references(text: &str, modules: bool) -> Result<Vec<Found<'_>>, Unlexed> {
    let modules = modules && may_have_modules(text);
    if !modules && let Some(found) = last_line(text) {
        return Ok(found.into_iter().collect());
    }
    let parsed = parse::parse(text)?;
    let mut found: Vec<Found<'_>> = Vec::new();
    let comments = parsed.comments.iter().rev();
    found.extend(comments.filter_map(|comment| source_map_comment(text, comment.clone())).next());
    if modules {
        found.extend(parsed.requests.iter().filter_map(|request| specifier(text, request.clone())));
        found.extend(parsed.metas.iter().filter_map(|meta| url_beside(text, meta.clone(), &parsed)));
    }
    found.sort_by_key(|found| found.range.start);
    Ok(found)
}

/// Where nothing but the source map is looked for, it is nearly always in the last line, and nothing else has to be
/// known of the text: what this line could be part of besides a comment would have to end in it. `None` is any other
/// case.
fn last_line(text: &str) -> Option<Option<Found<'_>>> {
    if !text.contains(SOURCE_MAP) {
        return Some(None);
    }
    let text = text.trim_end();
    let start = text.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let line = &text[start..];
    if !line.starts_with("//") || line.contains(['`', '"', '\'']) || line.contains("*/") {
        return None;
    }
    let found = source_map_comment(text, start..text.len())?;
    Some(Some(found))
}

fn source_map_comment(text: &str, range: Range<usize>) -> Option<Found<'_>> {
    let comment = &text[range.clone()];
    let block = || comment.strip_prefix("/*")?.strip_suffix("*/");
    source_map(comment.strip_prefix("//").or_else(block)?, range.start + 2)
}

/// A specifier, which begins with a dot or a slash, as Django looks for them; others are for the page's import map.
fn specifier(text: &str, range: Range<usize>) -> Option<Found<'_>> {
    string(text, range).filter(|found| found.url.starts_with(['.', '/']))
}

/// What stands before this `import.meta` if it is in `new URL("…", import.meta.url)`, and is no directory.
fn url_beside<'a>(text: &'a str, meta: Range<usize>, parsed: &Parsed) -> Option<Found<'a>> {
    let after =
        text[meta.end..].trim_start().strip_prefix('.')?.trim_start().strip_prefix("url")?.trim_start();
    after.strip_prefix(',').map_or(after, str::trim_start).strip_prefix(')')?;
    let argument = text[..meta.start].trim_end().strip_suffix(',')?.trim_end();
    let quote = argument.chars().next_back().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut quotes = argument[..argument.len() - 1].rmatch_indices(quote);
    let (opening, _) = quotes.find(|(place, _)| ends(&argument[..=*place], quote))?;
    let before = argument[..opening].trim_end().strip_suffix('(')?.trim_end().strip_suffix("URL")?;
    let start = before.trim_end().strip_suffix("new")?.len();
    let is_whole = !before.ends_with("new")
        && !text[..start].ends_with(|it: char| it.is_alphanumeric() || it == '_' || it == '$');
    let next = parsed.comments.partition_point(|comment| comment.end <= start);
    let is_code = parsed.comments.get(next).is_none_or(|comment| comment.start >= meta.start);
    let found = string(text, opening..argument.len())?;
    let last = found.url.rsplit('/').next().unwrap_or_default();
    (is_whole && is_code && !matches!(last, "" | "." | "..")).then_some(found)
}

/// A string literal, by where it is; `None` for any other expression.
fn string(text: &str, range: Range<usize>) -> Option<Found<'_>> {
    let literal = &text[range.clone()];
    let quote = literal.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let raw = literal[1..].strip_suffix(quote)?;
    // Two strings with something between them begin and end with quotes, too.
    if !ends(literal, quote) || raw.match_indices(quote).any(|(place, _)| ends(&raw[..=place], quote)) {
        return None;
    }
    let range = range.start + 1..range.end - 1;
    Some(Found::new(ReferenceKind::JsModule, javascript_text(raw)?, range, Quoting::JsString(quote)))
}
