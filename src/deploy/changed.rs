//! What became of each object since the last release: by what this run did, and by what an earlier one did that never
//! became a release.

use std::collections::HashMap;

use crate::plan::{Action, Plan, PutReason, Step};
use crate::release::Record;
use crate::report::Summary;
use crate::stale::Change;

/// What a put of a step that is carried out means.
pub(super) fn by_put(step: &Step) -> Change {
    match &step.action {
        Action::Put(PutReason::New) => Change::Created,
        Action::Put(PutReason::HeadersDiffer(_)) => Change::Headers,
        Action::Put(_) => Change::Body,
        Action::Skip(_) => Change::None,
    }
}

/// What differs from the last release without this run having put it, by key.
pub(crate) fn since(last: Option<&Record>, plan: &Plan) -> HashMap<String, Change> {
    let changed = |step: &Step| {
        let before = last?.objects.get(step.asset.stored_name.as_str())?;
        let now = step.recorded.as_ref().filter(|_| !step.is_put())?;
        let change = match () {
            () if (&now.etag, now.size) != (&before.etag, before.size) => Change::Body,
            () if !now.headers.difference(&before.headers).is_empty() => Change::Headers,
            () => return None,
        };
        Some((step.asset.key.to_string(), change))
    };
    plan.steps.iter().filter_map(changed).collect()
}

/// Notes it in the steps.
pub(crate) fn mark(summary: &mut Summary, since: &HashMap<String, Change>) {
    for step in summary.steps.iter_mut().filter(|step| step.change == Change::None) {
        step.change = since.get(&step.key).copied().unwrap_or_default();
    }
}
