//! What a reference becomes: `HashedFilesMixin.url_converter`, `_url` and `_stored_name`, step by step.

use std::collections::{BTreeSet, HashMap};
use std::mem::{Discriminant, discriminant};

use crate::digest::{NotHashable, hashed_name};
use crate::python::path::{dirname, inside, join, normpath};
use crate::python::url::{last_of_url, urldefrag, urlsplit};
use crate::python::{strip, unquote};
use crate::read::Source;
use crate::rewrite::{Reference, ReferenceKind};

use super::table::{Naming, Table};

/// So many different references of a file are remembered; the others are resolved whenever they are met.
const REMEMBERED: usize = 1 << 12;

/// Longer references are not remembered, and are told by their beginnings. No key of S3 has more bytes.
const LONGEST: usize = 1024;

/// So many findings alike are kept of a file; the others are counted, as there may be millions.
const KEPT: usize = 1000;

/// Everything that is known when references are resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) sources: &'a [Source],
    pub(super) table: &'a Table,
    pub(super) namings: &'a [Naming],
    pub(super) static_url: &'a str,
    /// Whether plain names are stored, too.
    pub(super) plain_names: bool,
}

/// A file whose references are resolved one after the other.
#[derive(Debug)]
pub(super) struct Referrer<'a> {
    known: Known<'a>,
    index: usize,
    remembered: HashMap<String, Option<String>>,
    /// The stored names that stand in the text by now: Django's later patterns may find them there.
    handed_out: HashMap<&'a str, usize>,
    /// The files on whose stored names the text depends.
    targets: BTreeSet<usize>,
    /// What is to be said about references.
    findings: Vec<Finding>,
    /// How many of each kind were found.
    alike: HashMap<(ReferenceKind, Discriminant<Trouble>), usize>,
}

/// Something that is to be said about a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: ReferenceKind,
    pub(super) url: String,
    pub(super) line: usize,
    pub(super) trouble: Trouble,
}

/// What is the matter with a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Left as it stands: no URL at all.
    Unparsable,
    /// Left as it stands: the name is above the root.
    Outside(String),
    /// Left as it stands: there is no file of the name.
    Missing(String),
    /// Left as it stands, as its file keeps its bytes: the file is not stored under its plain name.
    PlainOnly(String),
    /// Replaced, by the same in other quotes.
    Directory,
    /// Replaced, by what is no file.
    Dangling(String),
    /// Replaced although it was a replacement already.
    Twice(String),
    /// Replaced, by what is a file only if this one is stored as it is.
    Unprocessed(String, usize),
    /// So many more of this kind, of which this is the first.
    More(Box<Trouble>, usize),
}

/// What a name is in the storage.
enum Target {
    /// A row of the table: the stored name, as it will be.
    Row(usize),
    /// A file that is not in the table under this name: Django hashes it as it is, not as it will be stored.
    Unprocessed(usize),
    /// A stored name of a file, which is hashed again.
    Stored,
    /// A name that ends in a slash, which is not looked up.
    Slash,
    /// A directory.
    Directory,
}

impl Trouble {
    fn shortened(self) -> Self {
        match self {
            Self::Outside(name) => Self::Outside(shortened(&name)),
            Self::Missing(name) => Self::Missing(shortened(&name)),
            Self::PlainOnly(name) => Self::PlainOnly(shortened(&name)),
            Self::Dangling(name) => Self::Dangling(shortened(&name)),
            Self::Twice(name) => Self::Twice(shortened(&name)),
            Self::Unprocessed(name, index) => Self::Unprocessed(shortened(&name), index),
            other @ (Self::Unparsable | Self::Directory | Self::More(..)) => other,
        }
    }
}

/// A text of any length, for people.
fn shortened(text: &str) -> String {
    match text.len() {
        ..=LONGEST => text.to_owned(),
        _ => format!("{}…", &text[..text.floor_char_boundary(LONGEST)]),
    }
}

impl From<NotHashable> for Trouble {
    fn from(NotHashable: NotHashable) -> Self {
        Self::Unparsable
    }
}

impl<'a> Referrer<'a> {
    pub(super) fn new(known: Known<'a>, index: usize) -> Self {
        Self {
            known,
            index,
            remembered: HashMap::new(),
            handed_out: HashMap::new(),
            targets: BTreeSet::new(),
            findings: Vec::new(),
            alike: HashMap::new(),
        }
    }

    /// What the reference is replaced by; `None` leaves it as it stands.
    pub(super) fn resolve(&mut self, reference: Reference<'_>) -> Option<String> {
        if let Some(replacement) = self.remembered.get(reference.url) {
            return replacement.clone();
        }
        let replacement = self.convert(reference);
        if self.remembered.len() < REMEMBERED && reference.url.len() <= LONGEST {
            self.remembered.insert(reference.url.to_owned(), replacement.clone());
        }
        replacement
    }

    fn convert(&mut self, reference: Reference<'_>) -> Option<String> {
        let url = reference.url;
        if is_foreign(url, self.known.static_url) {
            return None;
        }
        if self.known.sources[self.index].prehashed {
            if let Some(trouble) = self.plain_only(reference) {
                self.find(reference, trouble);
            }
            return None;
        }
        let found = match urldefrag(url) {
            Err(_) => Err(Trouble::Unparsable),
            Ok((path, _)) if path.is_empty() => return None,
            Ok((path, fragment)) => self.replacement(url, &path, &fragment),
        };
        let (replacement, trouble) = match found {
            Ok((replacement, target)) => {
                let trouble = self.judge(&replacement, &target);
                (Some(replacement), trouble)
            }
            Err(trouble) => (None, Some(trouble)),
        };
        if let Some(trouble) = trouble {
            self.find(reference, trouble);
        }
        replacement
    }

    fn find(&mut self, Reference { kind, url, line }: Reference<'_>, trouble: Trouble) {
        let alike = (kind, discriminant(&trouble));
        let found = self.alike.entry(alike).or_default();
        *found += 1;
        let trouble = match *found - 1 {
            ..KEPT => trouble.shortened(),
            KEPT => Trouble::More(Box::new(trouble.shortened()), 1),
            _ => return,
        };
        self.findings.push(Finding { kind, url: shortened(url), line, trouble });
    }

    /// What is to be said, and the files on whose stored names the text depends.
    pub(super) fn finish(mut self) -> (Vec<Finding>, BTreeSet<usize>) {
        for Finding { kind, trouble, .. } in &mut self.findings {
            if let Trouble::More(first, count) = trouble {
                *count = self.alike[&(*kind, discriminant(&**first))] - KEPT;
            }
        }
        (self.findings, self.targets)
    }

    /// What is wrong with a reference that stays as it stands: a file may be stored under its hashed name only.
    fn plain_only(&self, reference: Reference<'_>) -> Option<Trouble> {
        let known = self.known;
        let landing = self.landing(reference.url)?;
        let index = known.table.file(&landing).filter(|_| !known.plain_names)?;
        let is_stored = known.namings[index].stored_name.as_str() == landing;
        (!is_stored).then_some(Trouble::PlainOnly(landing))
    }

    /// What a reference becomes whose path and fragment were taken apart.
    fn replacement(&mut self, url: &str, path: &str, fragment: &str) -> Result<(String, Target), Trouble> {
        let target_name = match path.strip_prefix('/') {
            None => join(dirname(self.name()), path),
            Some(_) => match path.strip_prefix(self.known.static_url) {
                Some(name) => name.to_owned(),
                None => return Err(Trouble::Missing(path.to_owned())),
            },
        };
        let name = unquote(&target_name);
        let (clean_name, name_fragment) = urldefrag(&name).map_err(NotHashable::from)?;
        let (stored_name, target) = if urlsplit(&clean_name).map_err(NotHashable::from)?.path.ends_with('/') {
            (name.to_string(), Target::Slash)
        } else {
            self.stored_name(&clean_name)?
        };
        let last = last_of_url(&stored_name, &name_fragment, name.contains("?#"));
        let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
        let mut replacement = format!("{folder}{last}");
        if !fragment.is_empty() {
            replacement.push_str(if url.contains("?#") { "?#" } else { "#" });
            replacement.push_str(fragment);
        }
        Ok((unquote(&replacement).into_owned(), target))
    }

    /// The hashed name that a name stands for, possibly with a query.
    fn stored_name(&mut self, name: &str) -> Result<(String, Target), Trouble> {
        let known = self.known;
        let name = normpath(name);
        if let Some(index) = known.table.file(&name.replace('\\', "/")) {
            let stored_name = known.namings[index].stored_name.as_str();
            self.targets.insert(index);
            self.handed_out.insert(stored_name, index);
            return Ok((stored_name.to_owned(), Target::Row(index)));
        }
        let mut parsed = urlsplit(&unquote(&name)).map_err(NotHashable::from)?;
        let file = strip(&parsed.path);
        let Some(file) = inside(file) else {
            return Err(Trouble::Outside(normpath(file)));
        };
        let (hash, target) = if let Some(index) = known.table.file(&file) {
            let source = &known.sources[index];
            if source.prehashed {
                parsed.path = file;
                return Ok((parsed.unsplit().replace('\\', "/"), Target::Row(index)));
            }
            if source.text.is_none() {
                self.handed_out.insert(known.namings[index].stored_name.as_str(), index);
            }
            (source.hash, Target::Unprocessed(index))
        } else if known.table.is_directory(&file) {
            return Ok((name.replace('\\', "/"), Target::Directory));
        } else if let Some(index) = self.handed_out.get(file.as_str()) {
            (known.namings[*index].hash, Target::Stored)
        } else {
            return Err(Trouble::Missing(file));
        };
        Ok((hashed_name(&name, hash)?.replace('\\', "/"), target))
    }

    /// What is wrong with a replacement, if anything is: whether one who follows it finds a file.
    fn judge(&self, replacement: &str, target: &Target) -> Option<Trouble> {
        let index = match target {
            Target::Slash => return None,
            Target::Directory => return Some(Trouble::Directory),
            Target::Stored => return Some(Trouble::Twice(replacement.to_owned())),
            Target::Row(index) | Target::Unprocessed(index) => *index,
        };
        let known = self.known;
        let landing = self.landing(replacement).unwrap_or_default();
        if landing == known.namings[index].stored_name.as_str()
            || (known.plain_names && known.table.file(&landing).is_some())
        {
            return None;
        }
        let Source { file, hash, .. } = &known.sources[index];
        match Naming::new(&file.name, *hash) {
            Ok(unprocessed) if landing == unprocessed.stored_name.as_str() => {
                Some(Trouble::Unprocessed(replacement.to_owned(), index))
            }
            _ => Some(Trouble::Dangling(replacement.to_owned())),
        }
    }

    /// The name that a browser asks for which follows a replacement.
    fn landing(&self, replacement: &str) -> Option<String> {
        let path = strip(replacement).split(['?', '#']).next().unwrap_or_default();
        let plain = unquote(path);
        match plain.strip_prefix(self.known.static_url) {
            Some(name) => inside(name),
            None => inside(&join(dirname(self.name()), &plain)),
        }
    }

    fn name(&self) -> &'a str {
        self.known.sources[self.index].file.name.as_str()
    }
}

/// References that are none to a static file.
fn is_foreign(url: &str, static_url: &str) -> bool {
    let scheme = url.bytes().take_while(u8::is_ascii_lowercase).count();
    let has_scheme = scheme > 0 && url[scheme..].starts_with(':');
    has_scheme || url.starts_with("//") || (url.starts_with('/') && !url.starts_with(static_url))
}
