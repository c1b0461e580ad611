//! Names and locations: whatever is typed or stands in a document, no key leaves the location.

use std::path::Path;

use s3collect::name::{AssetName, Location, StoredName, clean_name};

use super::{Target, same};

const LOCATIONS: [&str; 3] = ["", "static", "a/b"];

/// Any text as a name, by every way to a key.
pub(super) fn stays_inside(name: &str) -> Result<(), String> {
    for location in LOCATIONS {
        let location = Location::new(location).map_err(|error| error.to_string())?;
        if let Ok(key) = location.storage_key(name) {
            within(&location, &key)?;
            let rest = key.strip_prefix(&location.prefix()).unwrap_or_default();
            same("the key of the name of a key", &location.storage_key(rest), &Ok(key.clone()))?;
        }
        let names = [AssetName::new(name), StoredName::normal(name).map(|name| name.as_name().clone())];
        for name in names.into_iter().chain([AssetName::from_relative(Path::new(name))]).flatten() {
            if let Ok(key) = location.key(&name) {
                within(&location, key.as_str())?;
            }
            same("a check", &location.check(&name).is_ok(), &location.key(&name).is_ok())?;
            same("a name again", &AssetName::new(name.as_str()), &Ok(name))?;
        }
    }
    Ok(())
}

/// A key under its location, with no way back out of it.
pub(super) fn within(location: &Location, key: &str) -> Result<(), String> {
    let inside = key.starts_with(&location.prefix()) || format!("{key}/") == location.prefix();
    let is_plain = !key.starts_with('/') && key.split('/').all(|part| part != "..");
    if inside && is_plain { Ok(()) } else { Err(format!("`{key}` is not in `{location}`")) }
}

#[test]
fn names() {
    let seeds = ["css/site.css", "../other/secret", "a/../b/./c//d", "..\\..\\x", "img/größe 大.png", "dir/"];
    let words = ["/", "..", ".", "\\", "./", "/..", "static", "static/", "\u{2024}\u{2024}/", "C:", "a"];
    let target =
        Target { name: "names", seeds: seeds.map(|seed| seed.as_bytes().to_vec()).to_vec(), words: &words };
    target.run(|case| {
        let name = String::from_utf8_lossy(case);
        let clean = clean_name(&name);
        stays_inside(&name)?;
        stays_inside(&clean)?;
        Ok(AssetName::new(name).is_ok())
    });
}

#[test]
fn locations() {
    let seeds = ["static", "a/b/c", "", "é/大/"].map(|seed| seed.as_bytes().to_vec()).to_vec();
    let words = ["/", "..", ".", "./", "//", "a"];
    Target { name: "locations", seeds, words: &words }.run(|case| {
        let Ok(location) = Location::new(&String::from_utf8_lossy(case)) else { return Ok(false) };
        same("a location again", &Location::new(location.as_str()), &Ok(location.clone()))?;
        for name in ["a.css", "../a.css", "..", "/", "a/../../b"] {
            if let Ok(key) = location.storage_key(name) {
                within(&location, &key)?;
            }
        }
        Ok(true)
    });
}
