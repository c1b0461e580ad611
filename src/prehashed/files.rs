//! From a file as a manifest spells it to the collected one. Bundlers name files relative to their output, or by URLs
//! with a public path before; the output may be anywhere in a source, and have a prefix.

use std::collections::HashMap;

use crate::collect::CollectedFile;
use crate::python::path::{inside, join};

/// All collected files.
pub(super) struct Files<'a> {
    by_name: HashMap<&'a str, &'a CollectedFile>,
    by_base_name: HashMap<&'a str, Vec<&'a CollectedFile>>,
    all: &'a [CollectedFile],
}

/// Which files a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match<'a> {
    /// One, or one for each source that the manifest lies in.
    Files(Vec<&'a CollectedFile>),
    /// None.
    Nothing,
    /// Several, and it cannot be told which.
    Several,
}

impl<'a> Files<'a> {
    pub(super) fn new(files: &'a [CollectedFile]) -> Self {
        let mut by_base_name: HashMap<&str, Vec<&CollectedFile>> = HashMap::new();
        for file in files {
            by_base_name.entry(file.name.base_name()).or_default().push(file);
        }
        let by_name = files.iter().map(|file| (file.name.as_str(), file)).collect();
        Self { by_name, by_base_name, all: files }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &'a CollectedFile> + use<'a> {
        self.all.iter()
    }

    /// The source map beside a file, which bundlers name after it.
    pub(super) fn source_map(&self, file: &CollectedFile) -> Option<&'a CollectedFile> {
        self.by_name.get(format!("{}.map", file.name).as_str()).copied()
    }

    /// The file of a name in a manifest that lies in these folders of sources. What lies where the manifest says is
    /// taken first; a name that merely ends alike only where there is no other.
    pub(super) fn named(&self, name: &str, folders: &[(usize, String)], static_url: &str) -> Match<'a> {
        if let Some(file) = name.strip_prefix(static_url).and_then(|name| self.by_name.get(name)) {
            return Match::Files(vec![*file]);
        }
        let (path, has_public_path) = below_root(name);
        let Some(path) = inside(path).filter(|path| !path.is_empty()) else { return Match::Nothing };
        let mut ways = vec![path.as_str()];
        if has_public_path {
            ways.extend(path.match_indices('/').map(|(slash, _)| &path[slash + 1..]));
        }
        let near: Vec<&CollectedFile> =
            folders.iter().filter_map(|(source, folder)| self.near(&ways, *source, folder)).collect();
        if !near.is_empty() {
            return Match::Files(near);
        }
        match self.by_name.get(path.as_str()) {
            Some(file) => Match::Files(vec![*file]),
            None => self.ending(&path, folders),
        }
    }

    /// The file that a path leads to from a folder, or from one above it: Vite's manifest lies in `.vite`.
    fn near(&self, ways: &[&str], source: usize, folder: &str) -> Option<&'a CollectedFile> {
        let above = folder.rmatch_indices('/').map(|(slash, _)| &folder[..slash]);
        let folders = [folder].into_iter().chain(above).chain([""]);
        let mut names = folders.flat_map(|folder| ways.iter().map(move |way| join(folder, way)));
        names.find_map(|name| self.by_name.get(name.as_str()).filter(|file| file.source == source).copied())
    }

    fn ending(&self, path: &str, folders: &[(usize, String)]) -> Match<'a> {
        let base_name = path.rsplit('/').next().unwrap_or_default();
        let end = format!("/{path}");
        let mut alike = self.by_base_name.get(base_name).into_iter().flatten().filter(|file| {
            let is_near = folders.is_empty() || folders.iter().any(|(source, _)| *source == file.source);
            is_near && file.name.as_str().ends_with(&end)
        });
        match (alike.next(), alike.next()) {
            (None, _) => Match::Nothing,
            (Some(file), None) => Match::Files(vec![*file]),
            _ => Match::Several,
        }
    }
}

/// A name without host and leading slash, and whether it had these.
fn below_root(name: &str) -> (&str, bool) {
    let host = name.split_once("://").map(|(_, rest)| rest).or_else(|| name.strip_prefix("//"));
    match host {
        Some(rest) => (rest.split_once('/').map_or("", |(_, path)| path), true),
        None => name.strip_prefix('/').map_or((name, false), |path| (path, true)),
    }
}
