//! Names that two bodies would be stored under.

use std::collections::HashMap;

use super::{PostProcessError, ProcessedAsset};
use crate::digest::ContentHash;
use crate::name::StoredName;
use crate::settings::ManifestSettings;

/// Looks whether each name stands for one body only. Equal bodies under one name are worth a warning.
///
/// # Errors
/// All names that stand for several bodies.
pub(super) fn clashes(
    assets: &[ProcessedAsset],
    settings: &ManifestSettings,
) -> Result<Vec<PostProcessError>, Vec<PostProcessError>> {
    let mut clashes: Vec<PostProcessError> = Vec::new();
    let mut taken: HashMap<&StoredName, (&ProcessedAsset, ContentHash)> = HashMap::new();
    let mut take = |stored_name, asset, hash| {
        if let Some((first, other)) = taken.insert(stored_name, (asset, hash)) {
            let names = (first.file.name.clone(), asset.file.name.clone());
            clashes.push(PostProcessError::Clash {
                stored_name: stored_name.clone(),
                names,
                same: hash == other,
            });
        }
    };
    let mut manifest = Vec::new();
    for asset in assets.iter().filter(|_| settings.keep_original_files) {
        take(&asset.plain_name, asset, asset.source_hash);
        if asset.plain_name.as_str() == settings.manifest_name.as_str() {
            manifest.push(PostProcessError::Manifest { name: asset.file.name.clone() });
        }
    }
    for asset in assets {
        take(&asset.stored_name, asset, asset.hash);
    }
    let (mut same, different): (Vec<_>, Vec<_>) =
        clashes.into_iter().partition(|clash| matches!(clash, PostProcessError::Clash { same: true, .. }));
    same.append(&mut manifest);
    if different.is_empty() { Ok(same) } else { Err(different) }
}
