//! Names that two bodies would be stored under.

use std::collections::HashMap;

use super::{Output, PostProcessError, ProcessedAsset};
use crate::digest::ContentHash;
use crate::name::StoredName;
use crate::settings::ManifestSettings;

/// Looks whether each name stands for one body only. Equal bodies under one name are worth a warning, unless that name
/// is said to carry their hash.
///
/// # Errors
/// All names that stand for several bodies.
pub(super) fn clashes<'a>(
    assets: &'a [ProcessedAsset],
    settings: &ManifestSettings,
) -> Result<Vec<PostProcessError>, Vec<PostProcessError>> {
    let mut clashes: Vec<PostProcessError> = Vec::new();
    let mut taken: HashMap<&'a StoredName, Output<'a>> = HashMap::with_capacity(2 * assets.len());
    let mut take = |stored_name: &'a StoredName, output: Output<'a>| {
        let Some(first) = taken.insert(stored_name, output) else { return };
        let same = body_hash(first) == body_hash(output);
        if !(same && (first.asset.prehashed || output.asset.prehashed)) {
            let names = (first.asset.file.name.clone(), output.asset.file.name.clone());
            clashes.push(PostProcessError::Clash { stored_name: stored_name.clone(), names, same });
        }
    };
    for asset in assets.iter().filter(|_| settings.keep_original_files) {
        take(&asset.plain_name, Output { asset, hashed: false });
    }
    for asset in assets {
        take(&asset.stored_name, Output { asset, hashed: true });
    }
    let (mut same, different): (Vec<_>, Vec<_>) =
        clashes.into_iter().partition(|clash| matches!(clash, PostProcessError::Clash { same: true, .. }));
    let is_overwritten = |asset: &&ProcessedAsset| {
        asset.plain_name.as_str() == settings.manifest_name.as_str()
            && (settings.keep_original_files || asset.prehashed)
    };
    let overwritten = assets.iter().filter(is_overwritten).map(|asset| asset.file.name.clone());
    same.extend(overwritten.map(|name| PostProcessError::Manifest { name }));
    if different.is_empty() { Ok(same) } else { Err(different) }
}

/// Of the body that is stored. The hash in a name may be that of several files.
fn body_hash(output: Output<'_>) -> ContentHash {
    output.rewritten().map_or(output.asset.source_hash, |bytes| ContentHash::of(bytes))
}
