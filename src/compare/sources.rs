//! The MD5s of sources that a comparison with a record will ask for, all taken together: while the listing is under way, on
//! all cores, several at a time on each, and each file once, under however many keys it is stored.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::digest;
use crate::encode::Material;
use crate::object::Compression;
use crate::parallel;
use crate::plan::Asset;
use crate::read::{ReadError, SourceFile};
use crate::release::RecordedObject;

/// Bytes that a core has in memory at a time; a file that is larger is read in stretches.
const BATCH_BYTES: u64 = 4 << 20;

/// What is digested once: a body, and the keys that it is for.
struct Work {
    material: Material,
    keys: Vec<String>,
}

/// By key. What cannot be read is left out: who asks for it then is told why.
pub(crate) async fn sources(
    assets: &[Asset],
    memory: &HashMap<String, Arc<RecordedObject>>,
) -> HashMap<String, String> {
    let works = works(assets, memory);
    if works.is_empty() {
        return HashMap::new();
    }
    spawn_blocking(move || digested(works)).await.expect("digesting does not panic")
}

/// What the comparison cannot decide without.
fn works(assets: &[Asset], memory: &HashMap<String, Arc<RecordedObject>>) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    let mut of_files: BTreeMap<&Path, usize> = BTreeMap::new();
    for asset in assets {
        let key = asset.key.as_str();
        let is_plain = matches!(asset.description.compression, Compression::None(_));
        let asked = |object: &Arc<RecordedObject>| !is_plain || object.size == asset.material.size();
        if !memory.get(key).is_some_and(asked) {
            continue;
        }
        let next = works.len();
        let index = match &asset.material {
            Material::File(file) => *of_files.entry(&file.path).or_insert(next),
            Material::Rewritten { .. } | Material::Made { .. } => next,
        };
        if index == next {
            works.push(Work { material: asset.material.clone(), keys: Vec::new() });
        }
        works[index].keys.push(key.to_owned());
    }
    works
}

fn digested(works: Vec<Work>) -> HashMap<String, String> {
    let digests = parallel::largest_first(
        &works,
        |work| work.material.size(),
        BATCH_BYTES,
        |batch| match batch {
            [alone] => vec![alone.material.md5().ok()],
            batch => together(batch),
        },
    );
    let pairs = works.into_iter().zip(digests).filter_map(|(work, md5)| Some((work.keys, md5?)));
    pairs.flat_map(|(keys, md5)| keys.into_iter().map(move |key| (key, md5.clone()))).collect()
}

fn together(batch: &[&Work]) -> Vec<Option<String>> {
    let whole = |work: &&Work| match &work.material {
        Material::File(file) => SourceFile::from(file).read_whole().map(Into::into),
        Material::Rewritten { bytes, .. } | Material::Made { bytes, .. } => Ok(bytes.clone()),
    };
    let bodies: Vec<Result<bytes::Bytes, ReadError>> = batch.iter().map(whole).collect();
    let in_hand: Vec<&[u8]> = bodies.iter().map(|body| body.as_deref().unwrap_or_default()).collect();
    let digests = digest::md5_each(&in_hand);
    bodies.iter().zip(digests).map(|(body, md5)| body.is_ok().then_some(md5)).collect()
}

#[cfg(test)]
mod tests {
    use crate::release::HeaderFingerprint;
    use crate::testing::Site;

    use super::*;

    #[tokio::test]
    async fn the_digests_are_those_of_one_after_the_other() {
        let large = vec![b'x'; 5 << 20];
        let files: [(&str, &[u8]); 6] = [
            ("a.css", b"a{}"),
            ("b.css", b"b{}"),
            ("c.css", b""),
            ("d.css", b"d{}"),
            ("e.css", &large),
            ("f.css", b"f{}"),
        ];
        let site = Site::new(&files);
        let assets = site.assets(&site.settings());
        let mut memory = HashMap::new();
        let mut expected = HashMap::new();
        for asset in &assets {
            let md5 = asset.material.md5().expect("it can be read");
            let recorded = RecordedObject {
                role: asset.role,
                source: md5.clone(),
                body: md5.clone(),
                etag: md5.clone(),
                size: asset.material.size(),
                headers: HeaderFingerprint::of(&asset.description.parameters, &asset.description.compression),
                put_at: 0,
            };
            memory.insert(asset.key.to_string(), Arc::new(recorded));
            expected.insert(asset.key.to_string(), md5);
        }
        // Neither recorded, nor as long as what is recorded, nor what it was when it was collected.
        memory.remove("static/b.css");
        Arc::make_mut(memory.get_mut("static/d.css").expect("it is recorded")).size = 7;
        site.write("f.css", b"f{} and more");
        for key in ["static/b.css", "static/d.css", "static/f.css"] {
            expected.remove(key);
        }
        assert_eq!(sources(&assets, &memory).await, expected);
    }
}
