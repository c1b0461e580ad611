//! The class of the boto backend, wherever a file names it.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Edit, Form};

const WHY: &str = "the boto backend is gone since django-storages 1.9";

/// By its whole path: in `DEFAULT_FILE_STORAGE`, `STATICFILES_STORAGE`, `STORAGES`.
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\bstorages\.backends\.s3boto\.S3BotoStorage\b").expect("a constant pattern")
});

/// An import of it, which lets its bare name be used.
static IMPORT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bstorages\.backends\.s3boto import\b").expect("a constant pattern"));

/// The bare name; the first group is what stands before it.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(^|[^.\w])S3BotoStorage\b").expect("a constant pattern"));

/// Replacements of every mention outside comments.
pub(super) fn edits(text: &str, form: Form, comments: &[Range<usize>]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = PATH
        .find_iter(text)
        .map(|found| Edit {
            range: found.range(),
            by: "storages.backends.s3boto3.S3Boto3Storage".to_owned(),
            told: format!("`S3BotoStorage` is now `S3Boto3Storage`: {WHY}"),
        })
        .collect();
    if form == Form::Python && IMPORT.is_match(text) {
        edits.extend(IMPORT.find_iter(text).map(|found| Edit {
            range: found.range(),
            by: "storages.backends.s3boto3 import".to_owned(),
            told: format!("the import is of `s3boto3`: {WHY}"),
        }));
        edits.extend(NAME.captures_iter(text).filter_map(|found| {
            let (whole, before) = (found.get(0)?, found.get(1)?);
            Some(Edit {
                range: before.end()..whole.end(),
                by: "S3Boto3Storage".to_owned(),
                told: String::new(),
            })
        }));
    }
    edits.retain(|edit| !comments.iter().any(|comment| comment.contains(&edit.range.start)));
    edits
}
