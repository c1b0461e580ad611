//! What is left behind, whatever goes wrong, and what findings come to together.

use crate::error::Problem;
use crate::settings::Settings;
use crate::store::memory::{Conditions, Fault, MemoryStore};
use crate::store::{Operation, StoreErrorKind};
use crate::testing::Site;

use super::finding::{Check, Finding, State};
use super::permission::Needed;
use super::scratch::Scratch;
use super::summary::DoctorSummary;

const ALL: Needed = Needed { put: true, delete: true, multipart: true, versions: true };

fn settings() -> Settings {
    Site::new(&[]).settings()
}

fn states(findings: &[Finding]) -> Vec<(&'static str, &'static str)> {
    findings.iter().map(|finding| (finding.check.name(), finding.state.name())).collect()
}

/// What is found with a failure in each place, and that nothing stays.
#[tokio::test]
async fn nothing_stays_whatever_fails() {
    let denied = StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] };
    for (operation, done, failed) in [
        (Operation::PutObject, false, ("put", "failed")),
        (Operation::PutObject, true, ("put", "failed")),
        (Operation::HeadObject, false, ("checksum", "unknown")),
        (Operation::GetObject, false, ("get", "failed")),
        (Operation::CreateMultipartUpload, false, ("multipart", "failed")),
        (Operation::AbortMultipartUpload, false, ("multipart", "warning")),
        (Operation::ListObjectVersions, false, ("versions", "failed")),
    ] {
        let (settings, store) = (settings(), MemoryStore::new());
        let mut scratch = Scratch::new(&settings, &store).expect("short keys");
        store.fail(Fault { operation, key: None, kind: denied.clone(), done });
        let findings = scratch.prove(&ALL).await;
        assert!(states(&findings).contains(&failed), "{operation}: {:?}", states(&findings));
        let (removed, left) = scratch.remove().await;
        assert!(removed.is_ok());
        assert_eq!((left, store.objects().len(), store.open_uploads()), (Vec::new(), 0, 0), "{operation}");
    }
}

#[tokio::test]
async fn what_cannot_be_removed_is_named() {
    let (settings, store) = (settings(), MemoryStore::new());
    let mut scratch = Scratch::new(&settings, &store).expect("short keys");
    scratch.prove(&ALL).await;
    scratch.put_manifest(1).await.expect("it is taken");
    let keys: Vec<String> = store.objects().into_keys().collect();
    store.fail_next(Operation::DeleteObject, StoreErrorKind::SlowDown, 2);
    let (removed, left) = scratch.remove().await;
    assert_eq!((removed.expect_err("refused").kind, left), (StoreErrorKind::SlowDown, keys));
}

#[tokio::test]
async fn conditions_are_told_from_none() {
    for (conditions, state) in [
        (Conditions::Heeded, State::Ok),
        (Conditions::Ignored, State::Warning),
        (Conditions::Refused, State::Warning),
    ] {
        let (settings, store) = (settings(), MemoryStore::new());
        store.conditions(conditions);
        let findings = Scratch::new(&settings, &store).expect("short keys").prove(&ALL).await;
        let found = findings.iter().find(|finding| finding.check == Check::ConditionalWrites);
        assert_eq!(found.map(|finding| finding.state), Some(state), "{conditions:?}");
    }
}

#[test]
fn one_cause_is_told_once() {
    let told = |states: &[(Check, State)]| {
        let finding = |(check, state): &(Check, State)| Finding::of(*check, *state, Problem::new(""));
        let checks = states.iter().map(finding).collect();
        let summary = DoctorSummary { checks, ..DoctorSummary::default() }.settled();
        (summary.ok, summary.checks.iter().map(|finding| finding.check).collect::<Vec<_>>())
    };
    let (access, urls) = (Check::PublicAccess, Check::Urls);
    for (states, expected) in [
        (&[(urls, State::Failed), (access, State::Failed)][..], (false, vec![access])),
        (&[(urls, State::Failed), (access, State::Unknown)], (false, vec![urls])),
        (&[(urls, State::Ok), (access, State::Unknown)], (true, vec![urls])),
        (&[(urls, State::Ok), (access, State::Ok)], (true, vec![access, urls])),
        (&[(access, State::Unknown)], (true, vec![access])),
    ] {
        assert_eq!(told(states), expected);
    }
}
