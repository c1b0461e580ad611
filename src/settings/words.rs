//! Near names and lists, as messages have them. Pure.

/// The name that is spelled most like `wrong`, if any is near.
#[must_use]
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(wrong, name), name))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

/// Names in backticks: five, and how many more.
#[must_use]
pub(crate) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(5) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stop_at_five() {
        let names: Vec<String> = "abcdefg".chars().map(String::from).collect();
        assert_eq!(listed(&names[..5]), "`a`, `b`, `c`, `d`, `e`");
        assert_eq!(listed(&names), "`a`, `b`, `c`, `d`, `e` and 2 more");
    }

    #[test]
    fn only_what_is_near_is_offered() {
        assert_eq!(nearest("loction", ["bucket_name", "location"]), Some("location"));
        assert_eq!(nearest("elephant", ["bucket_name", "location"]), None);
    }
}
