//! Whether what was found is an error, a warning or nothing to speak of, and its words.

use std::cell::Cell;

use super::resolve::{Finding, Trouble};
use super::table::{Naming, Table};
use super::{Place, PostProcessError, PostProcessOptions};
use crate::read::Source;
use crate::rewrite::ReferenceKind;
use crate::settings::{Severity, words};

/// The nearest name is looked for in so many errors of a run: each look goes through all names.
const OFFERS: usize = 64;

/// From findings to words.
pub(super) struct Judge<'a> {
    sources: &'a [Source],
    table: &'a Table,
    options: &'a PostProcessOptions<'a>,
    offers: Cell<usize>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(sources: &'a [Source], table: &'a Table, options: &'a PostProcessOptions<'a>) -> Self {
        Self { sources, table, options, offers: Cell::new(OFFERS) }
    }

    /// The error that a finding is, if it is one.
    pub(super) fn error(
        &self,
        index: usize,
        finding: &Finding,
        namings: &[Naming],
    ) -> Option<PostProcessError> {
        match self.severity(finding.kind, &finding.trouble) {
            Severity::Error => self.words(index, finding, namings),
            Severity::Warn => None,
        }
    }

    fn severity(&self, kind: ReferenceKind, trouble: &Trouble) -> Severity {
        let settings = self.options.settings;
        match trouble {
            Trouble::More(first, _) => self.severity(kind, first),
            Trouble::Directory => self.options.directories,
            Trouble::PlainOnly(_) | Trouble::Dangling(_) | Trouble::Twice(_) | Trouble::Unprocessed(..) => {
                Severity::Warn
            }
            Trouble::Unparsable | Trouble::Outside(_) | Trouble::Missing(_) => match kind {
                ReferenceKind::SourceMap => settings.missing_source_map.min(settings.missing_reference),
                _ => settings.missing_reference,
            },
        }
    }

    /// A finding in words; `None` where it is no trouble after all, as all names are known now.
    pub(super) fn words(
        &self,
        index: usize,
        finding: &Finding,
        namings: &[Naming],
    ) -> Option<PostProcessError> {
        let name = self.sources[index].file.name.clone();
        let place = Box::new(Place { name, line: finding.line, url: finding.url.clone() });
        let is_stored = |target: usize| namings[target].hash == self.sources[target].hash;
        Some(match finding.trouble.clone() {
            Trouble::Unparsable => PostProcessError::Unparsable { place },
            Trouble::Outside(resolved) => PostProcessError::Outside { place, resolved },
            Trouble::Missing(resolved) => PostProcessError::Missing {
                place,
                kind: finding.kind,
                nearest: self.nearest(&resolved, finding.kind),
                resolved,
                sources: self.options.sources.to_vec(),
            },
            Trouble::PlainOnly(resolved) => PostProcessError::PlainOnly { place, resolved },
            Trouble::Directory => PostProcessError::Directory { place },
            Trouble::Dangling(replacement) => PostProcessError::Dangling { place, replacement },
            Trouble::Twice(replacement) => PostProcessError::Twice { place, replacement },
            Trouble::Unprocessed(_, target) if is_stored(target) => return None,
            Trouble::More(first, count) => match *first {
                Trouble::Unprocessed(_, target) if is_stored(target) => return None,
                _ => PostProcessError::More { place, count },
            },
            Trouble::Unprocessed(replacement, target) => {
                let stored_name = namings[target].stored_name.clone();
                PostProcessError::Stale { place, replacement, stored_name }
            }
        })
    }

    /// The collected name that is meant most likely: the same file elsewhere, or one that is spelled much alike. Next to
    /// a source map that is missing there always is the file that it is of, which nobody means.
    fn nearest(&self, missing: &str, kind: ReferenceKind) -> Option<String> {
        let offers = self.offers.get();
        self.offers.set(offers.checked_sub(1)?);
        let base_name = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        let wanted = base_name(missing);
        let likeness = |name: &str| {
            let alike = words::likeness(missing, name);
            if base_name(name) == wanted { alike + 1.0 } else { alike }
        };
        let is_map = |name: &&str| kind != ReferenceKind::SourceMap || name.ends_with(".map");
        let rated = self.table.names().filter(is_map).map(|name| (likeness(name), name));
        // Names come in no order: of two that are as near, it is the first.
        let best = rated.max_by(|left, right| left.0.total_cmp(&right.0).then_with(|| right.1.cmp(left.1)));
        best.filter(|(likeness, _)| *likeness >= 0.6).map(|(_, name)| name.to_owned())
    }
}
