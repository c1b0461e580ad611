//! The offline beginning of a push: collects the sources, hashes and rewrites with the manifest backend, and describes
//! every object. Composes rooms; may not touch the network.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::build;
use crate::collect::{self, CollectedFile, Ignored, Shadowed};
use crate::encode::Material;
use crate::error::Problem;
use crate::name::{NameError, StoredName};
use crate::object::{self, Described, Description, Role};
use crate::plan::Asset;
use crate::post_process::{Output, Processed};
use crate::settings::{Backend, Settings, Severity};

/// What the sources hold, described.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Sorted by stored name; the manifest last.
    pub assets: Vec<Asset>,
    /// Files that were collected.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// With the manifest backend.
    pub manifest: Option<PreparedManifest>,
    /// Files that an earlier source hides.
    pub shadowed: Vec<Shadowed>,
    /// What ignore patterns left out.
    pub ignored: Vec<Ignored>,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
}

/// The manifest of a push.
#[derive(Debug)]
pub struct PreparedManifest {
    /// Django's hash over its paths.
    pub hash: String,
    /// How many names it maps.
    pub entries: u64,
    /// The document, byte for byte.
    pub document: Bytes,
}

/// Collects the sources and describes every object.
///
/// # Errors
/// Everything that is wrong with sources, names, rules and references.
pub fn prepare(settings: &Settings, home: Option<&Path>) -> Result<Prepared, Vec<Problem>> {
    let collected = collect::collect(&settings.collect, &settings.location, home)
        .map_err(|errors| Problem::all(&errors))?;
    for (path, what, setting) in [
        (&settings.connection.local, "local bucket directory", "local"),
        (&settings.manifest.local_path, "local manifest", "manifest_location"),
    ] {
        if let Some(path) = path {
            collect::check_outside(&settings.collect, path, what, setting)
                .map_err(|error| vec![Problem::of(&error)])?;
        }
    }
    let warnings = collected.warnings();
    let mut prepared = Prepared {
        files: collected.files.len() as u64,
        bytes: collected.files.iter().map(|file| file.stamp.size).sum(),
        shadowed: collected.shadowed,
        ignored: collected.ignored,
        warnings,
        ..Prepared::default()
    };
    if settings.backend == Backend::S3ManifestStaticStorage {
        // S3 has no directories, so that a reference to one leads nowhere.
        let mut processed = build::process(settings, collected.files, Severity::Error)?;
        prepared.warnings.append(&mut processed.warnings);
        prepared.post_processed(settings, &processed)?;
    } else {
        prepared.assets = plain(settings, collected.files)?;
    }
    Ok(prepared)
}

impl Prepared {
    /// Takes over what post-processing gives.
    fn post_processed(&mut self, settings: &Settings, processed: &Processed) -> Result<(), Vec<Problem>> {
        let outputs = processed.outputs(&settings.manifest);
        let mut shared = HashSet::new();
        self.assets = all(outputs.into_iter().map(|(stored_name, output)| {
            let role = if output.hashed { Role::Hashed } else { Role::Plain };
            asset(settings, material(output), role, stored_name.clone(), &mut shared)
        }))?;
        let document = Bytes::from(processed.manifest.to_json());
        if settings.manifest.in_bucket {
            let name = settings.manifest.manifest_name.clone();
            let manifest = StoredName::plain(&name).and_then(|stored_name| {
                let material = Material::Made { name, bytes: document.clone() };
                asset(settings, material, Role::Manifest, stored_name, &mut shared)
            });
            self.assets.push(manifest.map_err(|error| vec![Problem::of(&error)])?);
        }
        self.manifest = Some(PreparedManifest {
            hash: processed.manifest.hash().to_owned(),
            entries: processed.manifest.paths().len() as u64,
            document,
        });
        Ok(())
    }
}

fn plain(settings: &Settings, files: Vec<CollectedFile>) -> Result<Vec<Asset>, Vec<Problem>> {
    let mut shared = HashSet::new();
    all(files.into_iter().map(|file| {
        let stored_name = StoredName::plain(&file.name)?;
        asset(settings, Material::File(file), Role::Plain, stored_name, &mut shared)
    }))
}

fn material(output: Output<'_>) -> Material {
    let file = output.asset.file.clone();
    match output.rewritten() {
        Some(bytes) => Material::Rewritten { file, bytes: bytes.clone() },
        None => Material::File(file),
    }
}

fn asset(
    settings: &Settings,
    material: Material,
    role: Role,
    stored_name: StoredName,
    shared: &mut HashSet<Arc<Description>>,
) -> Result<Asset, NameError> {
    let key = settings.location.key(stored_name.as_name())?;
    let object =
        Described { name: material.name(), stored_name: &stored_name, key: &key, role, content_type: None };
    let description = object::describe(&settings.objects, object);
    let description = match shared.get(&description) {
        Some(same) => Arc::clone(same),
        None => {
            let first = Arc::new(description);
            shared.insert(Arc::clone(&first));
            first
        }
    };
    Ok(Asset { material, role, stored_name, key, description })
}

/// All assets, or all that is wrong.
fn all(assets: impl Iterator<Item = Result<Asset, NameError>>) -> Result<Vec<Asset>, Vec<Problem>> {
    let mut whole = Vec::with_capacity(assets.size_hint().0);
    let mut problems = Vec::new();
    for asset in assets {
        match asset {
            Ok(asset) => whole.push(asset),
            Err(error) => problems.push(Problem::of(&error)),
        }
    }
    if problems.is_empty() { Ok(whole) } else { Err(problems) }
}
