//! Settings that were read out of something else than a file of ours: a Django project. They stand in for the file.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::Document;
use super::layer::{Layer, Origin, Source};
use super::register;
use crate::error::Problem;

/// What a project says, in place of a settings file.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Where it says it, as a user would name it: `mysite.settings`.
    pub module: String,
    /// By the names of the storages.
    pub storages: BTreeMap<String, ImportedStorage>,
    /// What could not be taken over, whichever storage is used.
    pub warnings: Vec<Problem>,
}

/// What a project says of one storage.
#[derive(Clone, Default)]
pub struct ImportedStorage {
    /// Values other than the default, by the names of settings.
    pub values: BTreeMap<&'static str, Value>,
    /// Names of settings whose values were not asked for, because they are secrets.
    pub left_out: Vec<&'static str>,
    /// What could not be taken over.
    pub warnings: Vec<Problem>,
}

impl std::fmt::Debug for ImportedStorage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The values may be secrets.
        write!(formatter, "ImportedStorage({:?})", self.values.keys())
    }
}

impl Imported {
    /// The layers that a file with the same settings would have.
    pub(super) fn document(&self) -> Document {
        let mut document = Document::empty();
        for (name, storage) in &self.storages {
            let mut layer = Layer::new(Source::Storage);
            for (setting, value) in &storage.values {
                if let Some(row) = register::find(setting) {
                    let origin = Origin::Project { module: self.module.clone(), storage: name.clone() };
                    layer.give_value(row, value.clone(), origin, BTreeMap::new());
                }
            }
            document.storages.insert(name.clone(), layer);
        }
        document
    }
}
