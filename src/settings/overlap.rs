//! Storages of one file that share keys of a bucket: what one lists, verifies or deletes may be another's. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::layer::{Layer, Source};
use crate::error::Problem;

/// Where a storage keeps its objects.
struct Spot<'l> {
    storage: &'l str,
    bucket: &'l str,
    endpoint: Option<&'l str>,
    location: &'l str,
}

/// A warning for each two storages of which one location holds the other. Flags are about the `chosen` one.
pub(super) fn warnings(layers: &[Layer], storages: &BTreeMap<String, Layer>, chosen: &str) -> Vec<Problem> {
    let names: BTreeSet<&str> = storages.keys().map(String::as_str).chain([chosen]).collect();
    let spots: Vec<Spot<'_>> = names.iter().filter_map(|name| spot(layers, storages, name, chosen)).collect();
    let pairs = spots
        .iter()
        .enumerate()
        .flat_map(|(index, one)| spots[index + 1..].iter().map(move |two| (one, two)));
    pairs.filter_map(|(one, two)| shared(one, two)).collect()
}

fn spot<'l>(
    layers: &'l [Layer],
    storages: &'l BTreeMap<String, Layer>,
    storage: &'l str,
    chosen: &str,
) -> Option<Spot<'l>> {
    let mut relevant: Vec<&Layer> = layers
        .iter()
        .filter(|layer| storage == chosen || !matches!(layer.source, Source::Flag | Source::Set))
        .chain(storages.get(storage))
        .collect();
    relevant.sort_by_key(|layer| layer.source);
    let text = |name: &str| {
        let value = relevant.iter().find_map(|layer| layer.values.get(name))?;
        value.value.as_str().filter(|text| !text.is_empty())
    };
    Some(Spot {
        storage,
        bucket: text("bucket_name")?,
        endpoint: text("endpoint_url"),
        location: text("location").unwrap_or_default().trim_end_matches('/'),
    })
}

fn shared(one: &Spot<'_>, two: &Spot<'_>) -> Option<Problem> {
    if (one.bucket, one.endpoint) != (two.bucket, two.endpoint) {
        return None;
    }
    let (outer, inner) = if two.location.len() < one.location.len() { (two, one) } else { (one, two) };
    let url = |spot: &Spot<'_>| match spot.location {
        "" => format!("`s3://{}/`", spot.bucket),
        location => format!("`s3://{}/{location}/`", spot.bucket),
    };
    let message = match inner.location.strip_prefix(outer.location) {
        Some("") => format!("the storages `{}` and `{}` share {}", one.storage, two.storage, url(one)),
        Some(rest) if outer.location.is_empty() || rest.starts_with('/') => format!(
            "the storage `{}` is inside the storage `{}`: {} in {}",
            inner.storage,
            outer.storage,
            url(inner),
            url(outer)
        ),
        _ => return None,
    };
    Some(Problem::new(message).with_hint("give each a `location` of its own, e.g. `static` and `media`"))
}
