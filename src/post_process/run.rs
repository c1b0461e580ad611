//! The two looks at files: one at each, in parallel, that finds all references; and one, in the order of the graph, at
//! those whose targets got their names only then.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::clash::clashes;
use super::graph::{self, Component, Graph};
use super::judge::Judge;
use super::resolve::{Finding, Known, Referrer};
use super::table::{Naming, Table, all, plain_name};
use super::{Content, PostProcessError, PostProcessOptions, Processed, ProcessedAsset};
use crate::digest::{ContentHash, ContentHasher};
use crate::error::Problem;
use crate::manifest::Manifest;
use crate::name::StoredName;
use crate::parallel;
use crate::read::Source;
use crate::rewrite::{Language, Rewritten, Unlexed};
use crate::settings::CircularReferences;

/// More text is not looked at together: what it becomes is hashed while it is still in a core's cache.
const BATCH_BYTES: u64 = 128 << 10;

/// Post-processes files; errors come in no order.
pub(super) fn run(
    sources: Vec<Source>,
    options: &PostProcessOptions<'_>,
) -> Result<Processed, Vec<PostProcessError>> {
    let names = parallel::map(&sources, |source| (plain_name(&source.file), first_naming(source)));
    let (plain_names, namings): (Vec<_>, Vec<_>) = names.into_iter().unzip();
    let plain_names = all(plain_names.into_iter())?;
    let table = Table::new(&plain_names);
    let mut run = Run {
        sources: &sources,
        table: &table,
        options,
        namings: all(namings.into_iter())?,
        contents: vec![Content::Original; sources.len()],
        findings: Vec::new(),
        unlexed: Vec::new(),
    };
    for component in run.begin()? {
        match component {
            Component::File(index) => {
                let looks = run.looks_together(&[&index]);
                looks.into_iter().try_for_each(|look| run.settle(index, look))?;
            }
            Component::Circle(members) => run.settle_circle(&members)?,
        }
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
    let warnings = Problem::all(&warnings);
    Ok(Processed { assets, manifest: Manifest::new(paths), warnings })
}

/// What a file is called if nothing in it is replaced. Where something may be, the hash is not known yet.
fn first_naming(source: &Source) -> Result<Naming, PostProcessError> {
    let hash = if source.text.is_some() { ContentHash::UNKNOWN } else { source.hash };
    Naming::of(source, hash)
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
        prehashed: source.prehashed,
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
    fn begin(&mut self) -> Result<Vec<Component>, Vec<PostProcessError>> {
        // References of a file that keeps its name matter only where it can miss plain names.
        let plain_names = self.options.settings.keep_original_files;
        let is_open = |source: &Source| source.text.is_some() && !(source.prehashed && plain_names);
        let files: Vec<usize> =
            (0..self.sources.len()).filter(|index| is_open(&self.sources[*index])).collect();
        let looks = self.looks(&files);
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
        let components = graph::components(&graph);
        if self.options.settings.circular_references == CircularReferences::Refuse {
            errors.extend(components.iter().filter_map(|it| self.circular(&graph, it)));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        for (index, look) in clear {
            self.settle(index, look)?;
        }
        Ok(components)
    }

    fn circular(&self, graph: &Graph, component: &Component) -> Option<PostProcessError> {
        let Component::Circle(members) = component else { return None };
        let cycle = graph::cycle(graph, members);
        let names = cycle.iter().map(|index| self.sources[*index].file.name.clone());
        Some(PostProcessError::Circular { names: names.collect() })
    }

    /// Looks at files, on all cores.
    fn looks(&self, files: &[usize]) -> Vec<Look> {
        let length = |index: &usize| self.sources[*index].text.as_ref().map_or(0, |text| text.len() as u64);
        parallel::largest_first(files, length, BATCH_BYTES, |batch| self.looks_together(batch))
    }

    /// Looks at files, and hashes what they become together.
    fn looks_together(&self, files: &[&usize]) -> Vec<Look> {
        let (mut texts, mut looks): (Vec<Option<String>>, Vec<Look>) =
            files.iter().map(|index| self.look(**index)).unzip();
        let bodies: Vec<&[u8]> = texts.iter().flatten().map(String::as_bytes).collect();
        let hashes = ContentHash::of_each(&bodies);
        let rewritten = texts.iter_mut().zip(&mut looks);
        let rewritten = rewritten.filter_map(|(text, look)| Some((text.take()?, look)));
        for ((text, look), hash) in rewritten.zip(hashes) {
            if hash != look.hash {
                (look.hash, look.content) = (hash, Content::Rewritten(Bytes::from(text)));
            }
        }
        looks
    }

    /// Rewrites a file with the names that are known: the text where anything was replaced, and the look as it is
    /// where that changed nothing.
    fn look(&self, index: usize) -> (Option<String>, Look) {
        let Source { file, hash, text, .. } = &self.sources[index];
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
        let (findings, mut targets) = referrer.finish();
        targets.retain(|target| self.namings[*target].hash == ContentHash::UNKNOWN);
        (rewritten, Look { content: Content::Original, hash: *hash, unknown: targets, findings, unlexed })
    }

    /// Takes over what a look showed that depends on nothing unknown.
    fn settle(&mut self, index: usize, look: Look) -> Result<(), Vec<PostProcessError>> {
        self.name(index, look.hash)?;
        self.take(index, look);
        Ok(())
    }

    /// Names files that refer to each other, then looks at what they become with these names.
    fn settle_circle(&mut self, members: &BTreeSet<usize>) -> Result<(), Vec<PostProcessError>> {
        let members: Vec<usize> = members.iter().copied().collect();
        let hash = self.common_hash(&members);
        for index in &members {
            self.name(*index, hash)?;
        }
        let looks = self.looks(&members);
        for (index, look) in members.into_iter().zip(looks) {
            self.take(index, look);
        }
        Ok(())
    }

    /// One hash of files that refer to each other: of their names, their texts, and what these become while the
    /// members' own hashes are unknown and all others in their place. Lengths keep these apart.
    fn common_hash(&self, members: &[usize]) -> ContentHash {
        let looks = self.looks(members);
        let mut members: Vec<(&Source, Look)> =
            members.iter().map(|index| &self.sources[*index]).zip(looks).collect();
        members.sort_by(|left, right| left.0.file.name.cmp(&right.0.file.name));
        let mut hasher = ContentHasher::default();
        let mut framed = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        for (source, look) in &members {
            let text = source.text.as_deref().unwrap_or_default().as_bytes();
            framed(source.file.name.as_str().as_bytes());
            framed(text);
            framed(match &look.content {
                Content::Original => text,
                Content::Rewritten(bytes) => bytes,
            });
        }
        hasher.finish()
    }

    fn name(&mut self, index: usize, hash: ContentHash) -> Result<(), Vec<PostProcessError>> {
        self.namings[index] = Naming::of(&self.sources[index], hash).map_err(|error| vec![error])?;
        Ok(())
    }

    fn take(&mut self, index: usize, look: Look) {
        self.contents[index] = look.content;
        self.unlexed.extend(look.unlexed.map(|unlexed| (index, unlexed)));
        self.findings.extend(look.findings.into_iter().map(|finding| (index, finding)));
    }
}
