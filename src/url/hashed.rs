//! Names that go through the manifest, as the `url()` of Django's `ManifestFilesMixin` takes them: queries and fragments
//! are cut off, looked past and put back.

use super::error::UrlError;
use crate::manifest::Manifest;
use crate::python::url::{NotAUrl, SplitUrl, urldefrag, urlsplit};
use crate::python::{strip, unquote};
use crate::settings::words;

/// So many near names are told.
const NEAREST: usize = 3;

/// A name as a template has it, taken apart.
#[derive(Debug)]
pub struct Asked<'a> {
    name: &'a str,
    /// Without the fragment.
    clean: String,
    fragment: String,
    /// What is looked up, with the parts of the URL that the name is; `None` for a directory, which is not hashed.
    looked_up: Option<(String, SplitUrl)>,
}

impl<'a> Asked<'a> {
    /// Takes a name apart.
    ///
    /// # Errors
    /// [`UrlError::NotAUrl`] where Python raises `ValueError`.
    pub fn new(name: &'a str) -> Result<Self, UrlError> {
        let refused = |_: NotAUrl| UrlError::NotAUrl { name: name.to_owned() };
        let (clean, fragment) = urldefrag(name).map_err(refused)?;
        let clean = clean.into_owned();
        let looked_up = match urlsplit(&clean).map_err(refused)?.path.ends_with('/') {
            true => None,
            false => {
                let split = urlsplit(&unquote(&clean)).map_err(refused)?;
                Some((strip(&split.path).to_owned(), split))
            }
        };
        Ok(Self { name, clean, fragment, looked_up })
    }

    /// The name that the manifest is asked for; `None` where it is not asked.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.looked_up.as_ref().map(|(key, _)| key.as_str())
    }

    /// The stored name as the manifest has it; a directory is its own.
    ///
    /// # Errors
    /// [`UrlError::NotInManifest`].
    pub fn stored<'m>(&'m self, manifest: &'m Manifest) -> Result<&'m str, UrlError> {
        let Some((key, _)) = &self.looked_up else { return Ok(self.name) };
        match manifest.stored_name(key) {
            Some(stored) => Ok(stored),
            None => Err(UrlError::NotInManifest { name: key.clone(), nearest: nearest(key, manifest) }),
        }
    }

    /// A stored name with whatever this name carries besides: what a URL is made of.
    #[must_use]
    pub fn with(&self, stored: &str) -> String {
        let Some((_, split)) = &self.looked_up else { return self.name.to_owned() };
        let mut split = split.clone();
        stored.clone_into(&mut split.path);
        if self.clean.contains("?#") && split.query.is_empty() {
            split.path.push('?');
        }
        split.unsplit()
    }

    /// The URL with the fragment put back. An unsigned one is percent-decoded, as Django does; that would break a
    /// signature.
    ///
    /// # Errors
    /// [`UrlError::NotAUrl`].
    pub fn finish(&self, url: String, signed: bool) -> Result<String, UrlError> {
        let query_fragment = self.name.contains("?#");
        let mut url = url;
        if !self.fragment.is_empty() || query_fragment {
            let mut split = urlsplit(&url).map_err(|_| UrlError::NotAUrl { name: self.name.to_owned() })?;
            if split.fragment.is_empty() {
                split.fragment.clone_from(&self.fragment);
            }
            if query_fragment && split.query.is_empty() {
                split.path.push('?');
            }
            url = split.unsplit();
        }
        Ok(if signed { url } else { unquote(&url).into_owned() })
    }
}

/// The names in a manifest that are spelled most like one, the likest first.
fn nearest(wrong: &str, manifest: &Manifest) -> Vec<String> {
    let mut left: Vec<&str> = manifest.paths().keys().map(String::as_str).collect();
    let mut found = Vec::new();
    while let Some(name) = words::nearest(wrong, left.iter().copied()).filter(|_| found.len() < NEAREST) {
        left.retain(|other| *other != name);
        found.push(name.to_owned());
    }
    found
}
