//! Compressed bodies that a later step stores under another name: hashed names and plain ones of files that nobody rewrites.
//! Compressed once, and kept on disk until then. Knows what a plan needs again; asks for nothing itself.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::encode::{Encoded, EncodedBody, Material, Shelf, Shelved};
use crate::object::Compression;
use crate::plan::Plan;

use super::object::Digests;

/// The most bytes of bodies that are kept; what is beyond is compressed again.
const MOST: u64 = 512 << 20;

/// What was compressed and is needed again.
pub(super) struct Kept {
    /// The first of the steps that store the same body, by step.
    first: HashMap<usize, usize>,
    bodies: Mutex<HashMap<usize, Body>>,
    shelf: Shelf,
}

/// A body that was compressed.
#[derive(Clone)]
enum Body {
    /// On the shelf: it was small enough for memory.
    Shelved(Shelved, Digests),
    /// In a file of its own.
    Large(Arc<Encoded>),
}

impl Kept {
    /// Empty, for what a plan needs more than once.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut of_files: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
        for (index, step) in plan.steps.iter().enumerate().filter(|(_, step)| step.is_put()) {
            let is_compressed = matches!(step.asset.description.compression, Compression::Gzip { .. });
            if let (Material::File(file), true) = (&step.asset.material, is_compressed) {
                of_files.entry(&file.path).or_default().push(index);
            }
        }
        let compression = |index: usize| &plan.steps[index].asset.description.compression;
        let mut first = HashMap::new();
        for steps in of_files.into_values().filter(|steps| steps.len() > 1) {
            let alike = steps.iter().filter(|step| compression(**step) == compression(steps[0]));
            first.extend(alike.map(|step| (*step, steps[0])));
        }
        Self { first, bodies: Mutex::default(), shelf: Shelf::new(MOST) }
    }

    /// Keeps the body of a step, where another one stores the same.
    pub(super) fn keep(&self, step: usize, encoded: &Arc<Encoded>, digests: Option<&Digests>) {
        let Some(first) = self.first.get(&step) else { return };
        let body = match (&encoded.body, digests) {
            (EncodedBody::Memory(bytes), Some(digests)) => {
                self.shelf.put(encoded, bytes).map(|shelved| Body::Shelved(shelved, digests.clone()))
            }
            (EncodedBody::Temporary(_), _) => Some(Body::Large(Arc::clone(encoded))),
            (EncodedBody::Memory(_) | EncodedBody::File { .. }, _) => None,
        };
        if let Some(body) = body {
            self.bodies.lock().unwrap_or_else(PoisonError::into_inner).insert(*first, body);
        }
    }

    /// The body of a step where it was kept, and its digests where they are known.
    pub(super) fn find(&self, step: usize) -> Option<(Arc<Encoded>, Option<Digests>)> {
        let first = self.first.get(&step)?;
        let body = self.bodies.lock().unwrap_or_else(PoisonError::into_inner).get(first).cloned();
        match body? {
            Body::Shelved(shelved, digests) => {
                Some((Arc::new(self.shelf.get(&shelved).ok()?), Some(digests)))
            }
            Body::Large(encoded) => Some((encoded, None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Chunking;
    use crate::encode::{HOLD, encode};
    use crate::plan::{Action, Asset, PutReason, Step};
    use crate::settings::{Backend, Settings};
    use crate::testing::Site;

    use super::super::object::digests;

    fn site() -> Site {
        Site::new(&[
            ("a.css", b"a{b:url(b.png)}"),
            ("b.png", b"\x89PNG"),
            ("c.css", b"c{}"),
            ("d.css", b"d{}"),
        ])
    }

    fn plan(settings: &Settings, site: &Site) -> Plan {
        let put = |asset: Asset| Step {
            asset,
            action: Action::Put(PutReason::New),
            body: None,
            there: None,
            recorded: None,
        };
        Plan::new(site.assets(settings).into_iter().map(put).collect())
    }

    fn settings(site: &Site) -> Settings {
        let mut settings = Settings { backend: Backend::S3ManifestStaticStorage, ..site.settings() };
        settings.objects.gzip.enabled = true;
        settings
    }

    fn encoded(plan: &Plan, step: usize, limit: u64) -> (Arc<Encoded>, Digests) {
        let asset = &plan.steps[step].asset;
        let encoded = encode(&asset.material, &asset.description.compression, Chunking::default(), limit)
            .expect("a body");
        let digests = digests(&asset.material, &encoded).expect("digests");
        (Arc::new(encoded), digests)
    }

    /// The stored names of steps whose body another one finds, and the same bytes in it.
    fn found(plan: &Plan, limit: u64) -> Vec<String> {
        let kept = Kept::new(plan);
        let mut found = Vec::new();
        for (step, its) in plan.steps.iter().enumerate() {
            let (encoded, digests) = encoded(plan, step, limit);
            if let Some((again, its_digests)) = kept.find(step) {
                assert_eq!(again.digest().expect("a digest"), digests.body);
                assert!(
                    its_digests.is_none_or(|its| its.body == digests.body && its.source == digests.source)
                );
                found.push(its.asset.stored_name.to_string());
            }
            kept.keep(step, &encoded, Some(&digests));
        }
        found
    }

    #[test]
    fn what_two_names_store_is_found_by_the_second() {
        let site = site();
        let plan = plan(&settings(&site), &site);
        // `a.css` is stored rewritten and as it is; `b.png` is not compressed.
        for limit in [HOLD, 1] {
            assert_eq!(found(&plan, limit), ["c.css", "d.css"], "{limit} bytes are held");
        }
    }

    #[test]
    fn what_is_stored_once_is_not_kept() {
        let site = site();
        let mut settings = settings(&site);
        settings.objects.gzip.if_smaller = true;
        assert_eq!(found(&plan(&settings, &site), HOLD), ["c.css", "d.css"]);
        settings.objects.gzip.if_smaller = false;
        settings.manifest.keep_original_files = false;
        assert_eq!(found(&plan(&settings, &site), HOLD), Vec::<String>::new());
    }
}
