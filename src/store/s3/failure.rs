//! Takes the SDK's errors apart: what the service said, or what became of the connection. What an answer means
//! stands in `classify`.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http_body_util::LengthLimitError;

use crate::parameters::ObjectParameters;
use crate::store::{Operation, StoreError, StoreErrorKind, Target};

use super::classify::{Answer, meaning};
use super::client::Place;
use super::http::NotConnected;

/// The longest text of a cause.
const LONGEST: usize = 300;

/// What a failed request was.
pub(super) struct Asked<'a> {
    pub(super) operation: Operation,
    pub(super) target: Target,
    pub(super) place: &'a Place,
    pub(super) parameters: &'a ObjectParameters,
}

impl Asked<'_> {
    /// The error that a failure of the SDK means.
    pub(super) fn classify<E>(&self, error: &SdkError<E, HttpResponse>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (kind, cause) = match error {
            SdkError::ServiceError(service) => {
                let answer = answer(self.operation, service.raw(), service.err());
                let cause = match answer.foreign && answer.redirects_to.is_none() {
                    true => status_and_type(service.raw()),
                    false => said(&answer),
                };
                (meaning(&answer, self), cause)
            }
            // The head of the answer was there and its rest was not S3's, or not whole.
            SdkError::ResponseError(response) => match broken_off(error) {
                Some(cause) => (StoreErrorKind::ConnectionLost, cause),
                None => (self.not_s3(), status_and_type(response.raw())),
            },
            _ => self.unanswered(error),
        };
        // The last place of the chain says nothing of those before it; the note names all. A proxy that asks who
        // asks says nothing else.
        let tells = !matches!(
            kind,
            StoreErrorKind::NoCredentials { .. } | StoreErrorKind::ProxyAuthentication { .. }
        );
        let error = StoreError::new(self.operation, self.target.clone(), kind);
        if tells { error.because(cause) } else { error }
    }

    /// The error that a code and a message mean where the answer as a whole is good.
    pub(super) fn within_answer(&self, code: &str, message: Option<&str>) -> StoreError {
        let answer = Answer {
            operation: self.operation,
            status: 200,
            code: Some(code.to_owned()),
            message: message.map(str::to_owned),
            region: None,
            request_id: None,
            redirects_to: None,
            foreign: false,
        };
        let error = StoreError::new(self.operation, self.target.clone(), meaning(&answer, self));
        error.because(message.map_or_else(|| "without a message".to_owned(), one_line))
    }

    fn not_s3(&self) -> StoreErrorKind {
        StoreErrorKind::NotS3 { endpoint: self.place.endpoint.clone() }
    }

    /// There was no answer: credentials, connection, TLS.
    fn unanswered(&self, error: &(dyn Error + 'static)) -> (StoreErrorKind, String) {
        let cause = one_line(&innermost(error).to_string());
        let kind = match find::<CredentialsError>(error) {
            Some(credentials) => self.credentials(credentials),
            None if !met_network(error) => StoreErrorKind::Unsendable,
            None => self.network(error),
        };
        (kind, cause)
    }

    /// What the HTTP client, its TLS and the system below have no common types for is told by their texts.
    fn network(&self, error: &(dyn Error + 'static)) -> StoreErrorKind {
        let endpoint = self.place.endpoint.clone();
        match find::<NotConnected>(error) {
            Some(NotConnected::ProxyAuthentication { proxy, given }) => {
                return StoreErrorKind::ProxyAuthentication { proxy: proxy.clone(), given: *given };
            }
            Some(NotConnected::Proxy { proxy, .. }) => {
                return StoreErrorKind::Proxy { proxy: proxy.clone() };
            }
            Some(NotConnected::Unresolved(_) | NotConnected::TooSlow(_)) => {
                return StoreErrorKind::Unreachable { endpoint };
            }
            None => {}
        }
        if find::<LengthLimitError>(error).is_some() {
            StoreErrorKind::NotS3 { endpoint }
        } else if says(error, &["InvalidContentType"]) {
            StoreErrorKind::NoTls { endpoint }
        } else if says(error, &["certificate", "TLS", "tls handshake", "received fatal alert"]) {
            StoreErrorKind::Tls { endpoint }
        } else if unreachable(error) {
            StoreErrorKind::Unreachable { endpoint }
        } else if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            StoreErrorKind::NotS3 { endpoint }
        } else if says(error, &["timeout"]) {
            StoreErrorKind::TimedOut
        } else {
            StoreErrorKind::ConnectionLost
        }
    }

    /// The error of a request that got no whole answer.
    pub(super) fn undelivered(&self, error: &(dyn Error + 'static)) -> StoreError {
        let (kind, cause) = self.unanswered(error);
        StoreError::new(self.operation, self.target.clone(), kind).because(cause)
    }

    /// There are no credentials to sign a URL with.
    pub(super) fn keyless(&self, error: &CredentialsError) -> StoreError {
        let kind = self.credentials(error);
        let tells = !matches!(kind, StoreErrorKind::NoCredentials { .. });
        let failed = StoreError::new(self.operation, self.target.clone(), kind);
        if tells { failed.because(one_line(&innermost(error).to_string())) } else { failed }
    }

    fn credentials(&self, error: &CredentialsError) -> StoreErrorKind {
        let none = match error {
            CredentialsError::CredentialsNotLoaded(_) => true,
            // The last of the chain: a machine without this service has given nothing.
            error => says(error, &["IMDS", "instance metadata service"]),
        };
        if none {
            StoreErrorKind::NoCredentials { looked_in: self.place.looked_in.clone() }
        } else {
            StoreErrorKind::CredentialsNotLoaded
        }
    }
}

/// What the service said, as far as it is S3's way of saying it.
fn answer<E: ProvideErrorMetadata>(operation: Operation, raw: &HttpResponse, error: &E) -> Answer {
    let header = |name: &str| raw.headers().get(name).map(str::to_owned);
    let body = raw.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    Answer {
        operation,
        status: raw.status().as_u16(),
        code: error.code().map(str::to_owned),
        message: error.message().map(str::to_owned),
        region: header("x-amz-bucket-region").or_else(|| element(&body, "Region")),
        request_id: header("x-amz-request-id").or_else(|| element(&body, "RequestId")),
        redirects_to: header("location"),
        foreign: error.code().is_none() && !speaks_for_itself(operation, raw.status().as_u16(), &body),
    }
}

/// The answer to a HEAD, and "not modified", have no body to judge by, and Garage has none for a condition that does
/// not hold.
fn speaks_for_itself(operation: Operation, status: u16, body: &str) -> bool {
    operation == Operation::HeadObject || status == 304 || (status == 412 && body.is_empty())
}

/// The text of an element of S3's flat error documents.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once('<')?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// S3's own sentence with the request id, on one line.
fn said(answer: &Answer) -> String {
    let mut text = match (&answer.message, &answer.redirects_to) {
        (Some(message), _) if !message.trim().is_empty() => one_line(message),
        (_, Some(to)) => {
            let bare = to.split(['?', '#']).next().unwrap_or_default();
            one_line(&format!("HTTP status {}, to `{bare}`", answer.status))
        }
        _ => format!("HTTP status {} without a message", answer.status),
    };
    if let Some(id) = &answer.request_id {
        text.push_str(&format!(" (request id {})", one_line(id)));
    }
    text
}

fn status_and_type(raw: &HttpResponse) -> String {
    let media_type = raw.headers().get("content-type").unwrap_or("no content type");
    one_line(&format!("HTTP status {}, {media_type}", raw.status().as_u16()))
}

/// Short enough, no control characters, no full stop at its end.
fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref::<T>())
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    chain(error).last().unwrap_or(error)
}

/// The system says that nothing is there.
fn unreachable(error: &(dyn Error + 'static)) -> bool {
    find::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable
                | io::ErrorKind::TimedOut
        )
    })
}

/// Whether the request met the network at all; "client error" is how the HTTP client's own errors start.
fn met_network(error: &(dyn Error + 'static)) -> bool {
    find::<hyper::Error>(error).is_some()
        || find::<LengthLimitError>(error).is_some()
        || find::<io::Error>(error).is_some()
        || find::<NotConnected>(error).is_some()
        || says(error, &["client error", "timeout"])
}

/// Whether any layer's text holds one of the words.
fn says(error: &(dyn Error + 'static), words: &[&str]) -> bool {
    chain(error).map(ToString::to_string).any(|text| words.iter().any(|word| text.contains(word)))
}

/// The cause, where the answer's body did not arrive whole.
fn broken_off(error: &(dyn Error + 'static)) -> Option<String> {
    let lost = find::<hyper::Error>(error).is_some() || find::<io::Error>(error).is_some();
    lost.then(|| one_line(&innermost(error).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_one_line_without_controls() {
        assert_eq!(one_line("a\r\n\tb\u{1b}[31m  c.\n"), "a b [31m c");
        assert_eq!(one_line(&"é".repeat(400)), format!("{}…", "é".repeat(300)));
    }

    #[test]
    fn elements_are_found_where_they_are() {
        let body = "<Error><Code>X</Code><Region>eu-west-1</Region><RequestId/></Error>";
        assert_eq!(element(body, "Region"), Some("eu-west-1".to_owned()));
        assert_eq!(element(body, "RequestId"), None);
    }
}
