//! Near names and lists, as messages have them. Pure.

/// The likeness from which on a name is offered.
const NEAR: f64 = 0.6;
/// The most characters of what is compared: no key is longer.
const LONGEST: usize = 1024;

/// The name that is spelled most like `wrong`, if any is near.
#[must_use]
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (likeness(wrong, name), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

/// How much one is spelled like the other, from 0 to 1. What cannot be near by its length alone is not compared: that
/// takes time as the product of the lengths, and names of any length come from elsewhere.
#[must_use]
pub(crate) fn likeness(left: &str, right: &str) -> f64 {
    let (left_length, right_length) = (left.chars().count(), right.chars().count());
    let (shorter, longer) = (left_length.min(right_length), left_length.max(right_length));
    if (shorter as f64) < longer as f64 * NEAR || longer > LONGEST {
        return 0.0;
    }
    strsim::normalized_damerau_levenshtein(left, right)
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

    /// A key of 64 KiB in a settings file was compared with each known name, for four seconds.
    #[test]
    fn what_cannot_be_near_is_not_compared() {
        let long = "location".repeat(1 << 20);
        let begun = std::time::Instant::now();
        assert_eq!(nearest(&long, [&*"bucket_name".repeat(1 << 20), "location"]), None);
        assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!(likeness("abc", "abcde"), strsim::normalized_damerau_levenshtein("abc", "abcde"));
    }
}
