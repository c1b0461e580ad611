//! The two looks at files: one at each, in parallel, that finds all references; and one, in the order of the graph, at
//! those whose targets got their names only then.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::clash::clashes;
use super::graph::{self, Graph};
use super::judge::Judge;
use super::resolve::{Finding, Known, Referrer};
use super::table::{Naming, Table, all};
use super::{Content, PostProcessError, PostProcessOptions, Processed, ProcessedAsset};
use crate::digest::ContentHash;
use crate::error::Problem;
use crate::manifest::Manifest;
use crate::name::StoredName;
use crate::parallel;
use crate::read::Source;
use crate::rewrite::{Language, Rewritten, Unlexed};

/// Post-processes files; errors come in no order.
pub(super) fn run(
    sources: Vec<Source>,
    options: &PostProcessOptions<'_>,
) -> Result<Processed, Vec<PostProcessError>> {
    let plain_names = all(sources.iter().map(plain_name))?;
    let table = Table::new(&plain_names);
    let mut run = Run {
        sources: &sources,
        table: &table,
        options,
        namings: all(sources.iter().map(first_naming))?,
        contents: vec![Content::Original; sources.len()],
        findings: Vec::new(),
        unlexed: Vec::new(),
    };
    for index in run.begin()? {
        let look = run.look(index);
        run.settle(index, look)?;
    }
    let judge = Judge::new(&sources, &table, options);
    let mut warnings: Vec<PostProcessError> = run
        .findings
        .iter()
        .filter_map(|(index, finding)| judge.words(*index, finding, &run.namings))
        .collect();
    let Run { namings, contents, unlexed, .. } = run;
    warnings.extend(unlexed.into_iter().map(|(index, unlexed)| {
        let name = sources[index].file.name.clone();
        PostProcessError::Unlexed { name, line: unlexed.line, reason: unlexed.reason }
    }));
    let assets = assets(sources, plain_names, namings, contents);
    warnings.extend(clashes(&assets, options.settings)?);
    warnings.sort_by_cached_key(PostProcessError::position);
    let paths = assets.iter().map(|it| (it.plain_name.to_string(), it.stored_name.to_string())).collect();
    let warnings = warnings.iter().map(Problem::of).collect();
    Ok(Processed { assets, manifest: Manifest::new(paths), warnings })
}

fn plain_name(source: &Source) -> Result<StoredName, PostProcessError> {
    let name = &source.file.name;
    StoredName::plain(name).map_err(|_| PostProcessError::Name { name: name.clone(), hashed: None })
}

/// What a file is called if nothing in it is replaced. Where something may be, the hash is not known yet.
fn first_naming(source: &Source) -> Result<Naming, PostProcessError> {
    let hash = if source.text.is_some() { ContentHash::UNKNOWN } else { source.hash };
    Naming::new(&source.file.name, hash)
}

fn assets(
    sources: Vec<Source>,
    plain_names: Vec<StoredName>,
    namings: Vec<Naming>,
    contents: Vec<Content>,
) -> Vec<ProcessedAsset> {
    let named = sources.into_iter().zip(plain_names).zip(namings.into_iter().zip(contents));
    let asset = |((source, plain_name), (naming, content)): ((Source, _), (Naming, _))| ProcessedAsset {
        file: source.file,
        plain_name,
        stored_name: naming.stored_name,
        source_hash: source.hash,
        hash: naming.hash,
        content,
    };
    named.map(asset).collect()
}

/// Everything that is known so far.
struct Run<'a> {
    sources: &'a [Source],
    table: &'a Table,
    options: &'a PostProcessOptions<'a>,
    namings: Vec<Naming>,
    contents: Vec<Content>,
    /// Of files that are settled.
    findings: Vec<(usize, Finding)>,
    /// Of those, what no lexer could make anything of.
    unlexed: Vec<(usize, Unlexed)>,
}

/// What one look at a file shows.
struct Look {
    content: Content,
    hash: ContentHash,
    /// The files with a name that is not known yet on which the content depends.
    unknown: BTreeSet<usize>,
    findings: Vec<Finding>,
    unlexed: Option<Unlexed>,
}

impl Run<'_> {
    /// Looks at every file that may refer to others. Those whose targets all have their names are settled, the others
    /// come back in an order with targets first.
    fn begin(&mut self) -> Result<Vec<usize>, Vec<PostProcessError>> {
        let files: Vec<usize> =
            (0..self.sources.len()).filter(|index| self.sources[*index].text.is_some()).collect();
        let looks = parallel::map(&files, |index| self.look(*index));
        let judge = Judge::new(self.sources, self.table, self.options);
        let mut errors = Vec::new();
        let mut graph = Graph::new();
        let mut clear = Vec::new();
        for (index, look) in files.into_iter().zip(looks) {
            errors.extend(look.findings.iter().filter_map(|it| judge.error(index, it, &self.namings)));
            if look.unknown.is_empty() {
                clear.push((index, look));
            } else {
                graph.insert(index, look.unknown);
            }
        }
        let order = graph::order(&graph).unwrap_or_else(|cycles| {
            errors.extend(cycles.iter().map(|cycle| self.circular(cycle)));
            Vec::new()
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        for (index, look) in clear {
            self.settle(index, look)?;
        }
        Ok(order)
    }

    fn circular(&self, cycle: &[usize]) -> PostProcessError {
        let names = cycle.iter().map(|index| self.sources[*index].file.name.clone());
        PostProcessError::Circular { names: names.collect() }
    }

    /// Rewrites a file with the names that are known.
    fn look(&self, index: usize) -> Look {
        let Source { file, hash, text } = &self.sources[index];
        let mut referrer = Referrer::new(
            Known {
                sources: self.sources,
                table: self.table,
                namings: &self.namings,
                static_url: &self.options.settings.static_url,
                plain_names: self.options.settings.keep_original_files,
            },
            index,
        );
        let (rewritten, unlexed) = match (Language::of(file.name.as_str()), text) {
            (Some(language), Some(text)) => {
                let rewriter = self.options.rewriter;
                let Rewritten { text, unlexed } =
                    rewriter.rewrite(language, text, |reference| referrer.resolve(reference));
                (text, unlexed)
            }
            _ => (None, None),
        };
        let Referrer { mut targets, findings, .. } = referrer;
        targets.retain(|target| self.namings[*target].hash == ContentHash::UNKNOWN);
        let rewritten = rewritten.map(|text| (ContentHash::of(text.as_bytes()), Bytes::from(text)));
        let (hash, content) = match rewritten {
            Some((rewritten, bytes)) if rewritten != *hash => (rewritten, Content::Rewritten(bytes)),
            _ => (*hash, Content::Original),
        };
        Look { content, hash, unknown: targets, findings, unlexed }
    }

    /// Takes over what a look showed that depends on nothing unknown.
    fn settle(&mut self, index: usize, look: Look) -> Result<(), Vec<PostProcessError>> {
        self.namings[index] =
            Naming::new(&self.sources[index].file.name, look.hash).map_err(|error| vec![error])?;
        self.contents[index] = look.content;
        self.unlexed.extend(look.unlexed.map(|unlexed| (index, unlexed)));
        self.findings.extend(look.findings.into_iter().map(|finding| (index, finding)));
        Ok(())
    }
}
