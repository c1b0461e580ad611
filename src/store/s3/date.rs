//! The `Date` of an answer, which the SDK's outputs leave out: the one clock that all clients of a bucket share.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;

/// When one request was answered, once it was; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct AnswerDate(Arc<OnceLock<SystemTime>>);

impl AnswerDate {
    /// The date; `None` before the answer, and where that had none.
    pub(super) fn get(&self) -> Option<SystemTime> {
        self.0.get().copied()
    }

    /// Takes the text of an answer's `Date`.
    pub(super) fn learn(&self, text: Option<&str>) {
        if let Some(date) = text.and_then(|text| httpdate::parse_http_date(text).ok()) {
            self.0.get_or_init(|| date);
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for AnswerDate {
    fn name(&self) -> &'static str {
        "s3collect date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.learn(context.response().headers().get("date"));
        Ok(())
    }
}
