//! What a name becomes before something is saved under it: Django's checks, and its search for a name that is free.
//! Pure but for the random characters.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use regex::Regex;

use crate::name::{Location, ObjectKey};
use crate::python::path;

use super::StorageError;

/// How many characters tell a name from one that is taken.
const RANDOM: usize = 7;

/// Of which characters they are, as Django's `get_random_string`.
const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What Django takes out of a file name.
static UNFIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[^-\p{L}\p{N}_.]").expect("a constant pattern"));

/// Django's `get_valid_filename`: no blanks at the ends, `_` for other spaces, and nothing that is not a letter, a digit, `-`,
/// `_` or a dot.
///
/// # Errors
/// [`StorageError::NoFileName`] where nothing is left.
///
/// ```
/// use s3collect::storage::get_valid_name;
///
/// assert_eq!(get_valid_name("john's portrait in 2004.jpg")?, "johns_portrait_in_2004.jpg");
/// assert!(get_valid_name("..").is_err());
/// # Ok::<(), s3collect::storage::StorageError>(())
/// ```
pub fn get_valid_name(name: &str) -> Result<String, StorageError> {
    let blank = |character: char| character.is_whitespace() || ('\x1c'..='\x1f').contains(&character);
    let spaced = name.trim_matches(blank).replace(' ', "_");
    let valid = UNFIT.replace_all(&spaced, "").into_owned();
    match valid.as_str() {
        "" | "." | ".." => Err(StorageError::NoFileName { name: name.to_owned() }),
        _ => Ok(valid),
    }
}

/// Django's `generate_filename`: the folder as it is, normal, the file name made valid.
///
/// # Errors
/// [`StorageError::Traversal`] and [`StorageError::NoFileName`].
///
/// ```
/// use s3collect::storage::generate_filename;
///
/// assert_eq!(generate_filename("photos//my cat.jpg")?, "photos/my_cat.jpg");
/// assert!(generate_filename("photos/../cat.jpg").is_err());
/// # Ok::<(), s3collect::storage::StorageError>(())
/// ```
pub fn generate_filename(filename: &str) -> Result<String, StorageError> {
    let filename = filename.replace('\\', "/");
    let (folder, base) = path::split(&filename);
    refuse_way_up(folder)?;
    Ok(path::normpath(&path::join(folder, &get_valid_name(base)?)))
}

/// The key of the object that a name means.
pub(super) fn key(location: &Location, name: &str) -> Result<ObjectKey, StorageError> {
    let key = location.storage_key(name)?;
    if key.is_empty() {
        return Err(StorageError::NoFileName { name: name.to_owned() });
    }
    Ok(ObjectKey::new(key)?)
}

/// Django's `validate_file_name` with relative paths allowed.
pub(super) fn validate(name: &str) -> Result<(), StorageError> {
    let base = name.rsplit('/').next().unwrap_or(name);
    if matches!(base, "" | "." | "..") {
        return Err(StorageError::NoFileName { name: name.to_owned() });
    }
    let posix = name.replace('\\', "/");
    if posix.starts_with('/') {
        Err(StorageError::Traversal { path: name.to_owned() })
    } else {
        refuse_way_up(&posix)
    }
}

fn refuse_way_up(path: &str) -> Result<(), StorageError> {
    match path.split('/').any(|part| part == "..") {
        true => Err(StorageError::Traversal { path: path.to_owned() }),
        false => Ok(()),
    }
}

/// The name that replaces whatever has it, cut before its extension where it is longer than `most` characters.
pub(super) fn truncated(name: &str, most: Option<usize>) -> Result<String, StorageError> {
    let (folder, base) = path::split(name);
    refuse_way_up(folder)?;
    validate(base)?;
    let length = name.chars().count();
    let Some(most) = most.filter(|most| length > *most) else { return Ok(name.to_owned()) };
    let (root, extension) = path::splitext(base);
    let root = without_last(root, length - most);
    if root.is_empty() {
        return Err(StorageError::TooLong { name: name.to_owned(), max_length: most });
    }
    let name = path::join(folder, &format!("{root}{extension}"));
    validate(&name)?;
    Ok(name)
}

fn without_last(text: &str, count: usize) -> &str {
    let kept = text.chars().count().saturating_sub(count);
    text.char_indices().nth(kept).map_or(text, |(end, _)| &text[..end])
}

/// Names to try one after the other: the one that was asked for, then others with random characters.
#[derive(Debug)]
pub(super) struct Candidates {
    folder: String,
    root: String,
    extension: String,
    max_length: Option<usize>,
    name: String,
}

impl Candidates {
    /// For a clean name.
    pub(super) fn new(name: &str, max_length: Option<usize>) -> Result<Self, StorageError> {
        let (folder, base) = path::split(name);
        refuse_way_up(folder)?;
        validate(base)?;
        let extension = suffixes(base);
        Ok(Self {
            folder: folder.to_owned(),
            root: base.strip_suffix(extension).unwrap_or(base).to_owned(),
            extension: extension.to_owned(),
            max_length,
            name: name.to_owned(),
        })
    }

    /// The one to try now.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is longer than it may be; 0 is no limit, as in Django.
    pub(super) fn is_too_long(&self) -> bool {
        self.max_length.is_some_and(|most| most > 0 && self.name.chars().count() > most)
    }

    /// Turns to another one.
    pub(super) fn turn(&mut self) -> Result<(), StorageError> {
        self.name = self.alternative();
        let Some(most) = self.max_length else { return Ok(()) };
        let length = self.name.chars().count();
        if length > most {
            self.root = without_last(&self.root, length - most).to_owned();
            if self.root.is_empty() {
                return Err(StorageError::TooLong { name: self.name.clone(), max_length: most });
            }
            self.name = self.alternative();
        }
        Ok(())
    }

    /// Django's `get_alternative_name`.
    fn alternative(&self) -> String {
        let base = format!("{}_{}{}", self.root, random_characters(), self.extension);
        path::join(&self.folder, &base)
    }
}

/// All suffixes of a base name, as `pathlib` counts them: `.tar.gz` of `a.tar.gz`, none of `.htaccess` or `a.`.
fn suffixes(base: &str) -> &str {
    let visible = base.trim_start_matches('.');
    match visible.find('.') {
        Some(dot) if !base.ends_with('.') => &visible[dot..],
        _ => "",
    }
}

/// Nobody has to keep them secret: they only have to be others each time, in every process.
fn random_characters() -> String {
    let mut number = RandomState::new().hash_one(RANDOM);
    let mut next = || {
        let length = ALPHABET.len() as u64;
        let character = ALPHABET[usize::try_from(number % length).unwrap_or_default()];
        number /= length;
        char::from(character)
    };
    (0..RANDOM).map(|_| next()).collect()
}

#[cfg(test)]
mod tests;
