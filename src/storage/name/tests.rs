use super::*;
use crate::name::clean_name;

/// One row of the fixture; `None` is a refusal.
struct Row {
    name: String,
    keys: Vec<Option<String>>,
    overwriting: [Option<String>; 2],
    taken: [Option<String>; 2],
    generated: Option<String>,
}

fn rows() -> impl Iterator<Item = Row> {
    include_str!("../../../fixtures/storage_names.tsv").lines().filter(|line| !line.starts_with('#')).map(
        |line| {
            let mut cells =
                line.split('\t').map(|cell| serde_json::from_str::<Option<String>>(cell).expect("JSON"));
            let mut next = || cells.next().expect("nine columns");
            Row {
                name: next().expect("a name"),
                keys: vec![next(), next(), next()],
                overwriting: [next(), next()],
                taken: [next(), next()],
                generated: next(),
            }
        },
    )
}

#[test]
fn keys_are_django_storages() {
    let mut count = 0;
    for Row { name, keys, .. } in rows() {
        for (location, expected) in ["", "static", "a/b"].into_iter().zip(keys) {
            let location = Location::new(location).expect("a location");
            assert_eq!(location.storage_key(&name).ok(), expected, "{name:?} under {location:?}");
            count += 1;
        }
    }
    assert!(count > 5000, "{count}");
}

fn overwriting(name: &str, most: Option<usize>) -> Result<String, StorageError> {
    validate(name)?;
    let name = truncated(&clean_name(name), most)?;
    validate(&name)?;
    Ok(clean_name(&name))
}

#[test]
fn names_to_save_under_are_djangos() {
    for Row { name, overwriting: expected, generated, .. } in rows() {
        for (most, expected) in [None, Some(12)].into_iter().zip(expected) {
            assert_eq!(overwriting(&name, most).ok(), expected, "{name:?} within {most:?}");
        }
        assert_eq!(generate_filename(&name).ok(), generated, "{name:?}");
    }
}

/// The name that is tried when the first is taken.
fn other(name: &str, most: Option<usize>) -> Result<String, StorageError> {
    validate(name)?;
    let first = clean_name(name);
    let mut candidates = Candidates::new(&first.replace('\\', "/"), most)?;
    while candidates.is_too_long() || candidates.name() == first {
        candidates.turn()?;
    }
    validate(candidates.name())?;
    Ok(clean_name(candidates.name()))
}

#[test]
fn names_that_are_taken_get_random_characters() {
    for Row { name, taken, .. } in rows() {
        for (most, expected) in [None, Some(18)].into_iter().zip(taken) {
            let mut found = other(&name, most).ok();
            if let (Some(expected), Some(found)) = (&expected, &mut found)
                && let Some(at) = expected.find("RANDOM7")
            {
                let random = found.get(at..at + RANDOM).unwrap_or_else(|| panic!("{found} is no {expected}"));
                assert!(random.chars().all(|character| character.is_ascii_alphanumeric()), "{found}");
                found.replace_range(at..at + RANDOM, "RANDOM7");
            }
            assert_eq!(found, expected, "{name:?} within {most:?}");
        }
    }
}

#[test]
fn random_characters_are_others_each_time() {
    let all: std::collections::BTreeSet<String> = (0..1000).map(|_| random_characters()).collect();
    assert_eq!(all.len(), 1000);
}
