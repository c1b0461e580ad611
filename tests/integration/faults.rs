//! Pushes of the real binary through a proxy that fails: whatever happens on the way, a push does all or says why it did not,
//! who follows the manifest finds everything, nothing is deleted, and the next push finishes it.
//!
//! Each fault once in every `cargo test`; `S3COLLECT_FAULTS=N` strikes N times, each time another choice of requests, over
//! larger files: `S3COLLECT_FAULTS=20 cargo test --test integration faults::whatever -- --nocapture`.

mod message;
mod proxy;
mod stage;
mod trials;

use std::time::Duration;

use crate::support::Sandbox;
use proxy::{Rule, Trouble, When};
use trials::{ALL, Trial, WRITES, run};

/// How often each fault strikes.
#[expect(clippy::disallowed_methods, reason = "the door for those who want more")]
fn rounds() -> usize {
    std::env::var("S3COLLECT_FAULTS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Whether more was asked for than what is quick.
fn is_thorough() -> bool {
    rounds() > 1
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_on_the_way() {
    run([refusals(), refusals_for_good(), ends(), standstills(), damages()].concat()).await;
}

/// Whoever asks for fewer requests, or fails, is asked again; errors that stand behind a 200 are errors.
fn refusals() -> Vec<Trial> {
    let slow = Trouble::Refused("503 Slow Down", "SlowDown");
    let broken = Trouble::Refused("500 Internal Server Error", "InternalError");
    vec![
        Trial::done("503 `SlowDown`", ALL, When::First(1), slow),
        Trial::done("503 `SlowDown`", ALL, When::Percent(60), slow),
        Trial::done("500", ALL, When::Percent(30), broken),
        Trial::done("200 with an error", WRITES, When::First(1), Trouble::RefusedWith200("InternalError")),
        Trial::done("200 with `SlowDown`", WRITES, When::Percent(30), Trouble::RefusedWith200("SlowDown")),
    ]
}

/// One that goes on refusing is told of.
fn refusals_for_good() -> Vec<Trial> {
    let slow = Trouble::Refused("503 Slow Down", "SlowDown");
    let expired = Trouble::Refused("400 Bad Request", "ExpiredToken");
    let expired_too = Trouble::Refused("403 Forbidden", "ExpiredToken");
    let skewed = Trouble::Refused("403 Forbidden", "RequestTimeTooSkewed");
    let hidden = Trouble::RefusedWith200("InternalError");
    vec![
        Trial::told("503 `SlowDown`", ALL, When::Always, slow),
        Trial::told("503 `SlowDown` to puts", &["PutObject"], When::After(10), slow),
        Trial::told("200 with an error", WRITES, When::After(10), hidden),
        Trial::told("an expired token", ALL, When::Always, expired),
        Trial::told("an expired token", ALL, When::After(12), expired),
        Trial::told("an expired token, 403", ALL, When::After(15), expired_too),
        Trial::told("a clock that is wrong", ALL, When::Always, skewed),
    ]
}

/// Connections that end, before, in and behind bodies, with the request done or not.
fn ends() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, trouble) in [
        ("reset before the body", Trouble::ResetBefore),
        ("reset in the body", Trouble::ResetWithin),
        ("reset behind the body", Trouble::ResetAfter),
        ("done, and the answer lost", Trouble::Lost),
        ("done, and the answer truncated", Trouble::Truncated),
    ] {
        trials.push(Trial::done(name, ALL, When::Percent(30), trouble));
        if is_thorough() {
            trials.push(Trial::done(name, ALL, When::First(1), trouble));
            trials.push(Trial::told(name, WRITES, When::After(10), trouble));
        }
    }
    trials
}

/// Nothing moves any more, or slowly.
fn standstills() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, trouble) in [
        ("the body not read", Trouble::Unread),
        ("no answer", Trouble::Stalled),
        ("done, and half an answer", Trouble::HalfAnswered),
    ] {
        trials.push(Trial::done(name, ALL, When::Percent(20), trouble));
        if is_thorough() {
            trials.push(Trial::told(name, WRITES, When::After(10), trouble));
        }
    }
    let seconds = Duration::from_millis(if is_thorough() { 2500 } else { 700 });
    trials.push(Trial::done("late", ALL, When::Percent(50), Trouble::Delayed(seconds)));
    trials
}

/// What arrives is another body than was sent, whether or not the service looks.
fn damages() -> Vec<Trial> {
    const BODIES: &[&str] = &["PutObject", "UploadPart"];
    const STORES: &[&str] = &["PutObject", "UploadPart", "CompleteMultipartUpload"];
    vec![
        Trial::done("a bit of a body", BODIES, When::Percent(50), Trouble::FlippedPut),
        Trial::told("a bit of a body", BODIES, When::Always, Trouble::FlippedPut),
        Trial::done("a bit of a body, unseen", BODIES, When::First(1), Trouble::FlippedUnseen),
        Trial::any("a bit of a body, unseen", BODIES, When::Percent(30), Trouble::FlippedUnseen),
        Trial::told("a bit of a body, unseen", BODIES, When::Always, Trouble::FlippedUnseen),
        Trial::done("another ETag", STORES, When::First(1), Trouble::WrongEtag),
        Trial::done("another ETag", STORES, When::Percent(30), Trouble::WrongEtag),
        Trial::done("a bit of an answer", &["GetObject"], When::First(1), Trouble::FlippedGet),
    ]
}

/// A host that has no address is told in a moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_resolve() {
    let sandbox = Sandbox::new().file("1/a.css", "a{}");
    let environment = stage::environment("http://s3.nowhere.invalid");
    let run = stage::run(&sandbox, &environment, &["push", "1"]).await;
    let lines: Vec<&str> = run.stderr.lines().collect();
    // How the resolver puts it is the system's.
    assert!(lines[1].starts_with("  caused by: failed to lookup address information"), "{run:?}");
    assert_eq!(
        (run.status, lines[0], &lines[2..]),
        (
            1,
            "error: cannot reach `http://s3.nowhere.invalid`",
            &["  hint: check `endpoint_url`, and that the service runs", "note: nothing was stored"][..]
        )
    );
}
