//! The documents of the API, in XML.

use quick_xml::escape::escape;
use serde::Deserialize;

use super::error::{Asked, CloudFrontError, Refusal};
use crate::store::s3::Answer;

/// An invalidation as CloudFront tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Invalidation {
    /// Its id.
    pub id: String,
    /// `InProgress` or `Completed`.
    pub status: String,
}

impl Invalidation {
    /// Whether no edge holds anything any more of what was invalidated.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status == "Completed"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorResponse {
    error: Told,
    request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    code: String,
    message: Option<String>,
}

/// What an invalidation is asked for with.
pub(super) fn batch(reference: &str, paths: &[String]) -> String {
    let items: String = paths.iter().map(|path| format!("<Path>{}</Path>", escape(path.as_str()))).collect();
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>{}</Quantity>\
         <Items>{items}</Items></Paths><CallerReference>{}</CallerReference></InvalidationBatch>",
        paths.len(),
        escape(reference)
    )
}

/// What an answer says.
pub(super) fn read(
    answer: &Answer,
    asked: Asked,
    distribution: &str,
    endpoint: &str,
) -> Result<Invalidation, CloudFrontError> {
    let text = String::from_utf8_lossy(&answer.body);
    let foreign = || CloudFrontError::Foreign { endpoint: endpoint.to_owned(), status: answer.status };
    if (200..300).contains(&answer.status) {
        return quick_xml::de::from_str(&text).map_err(|_| foreign());
    }
    let refused = |code: String, said: Option<String>| CloudFrontError::Refused {
        asked,
        distribution: distribution.to_owned(),
        status: answer.status,
        code,
        said: said.map(Refusal),
    };
    match quick_xml::de::from_str::<ErrorResponse>(&text) {
        Ok(ErrorResponse { error, request_id }) => {
            let said = error.message.map(|message| {
                let line: Vec<&str> = message.split_whitespace().collect();
                let line = line.join(" ");
                let id = request_id.map(|id| format!(" (request id {id})")).unwrap_or_default();
                format!("{}{id}", line.trim_end_matches('.'))
            });
            Err(refused(error.code, said))
        }
        // Whatever stands before the API is busy or broken.
        Err(_) if answer.status == 429 || answer.status >= 500 => Err(refused(String::new(), None)),
        Err(_) => Err(foreign()),
    }
}
