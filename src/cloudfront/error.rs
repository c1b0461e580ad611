//! What CloudFront refuses, and what can be done about it.

use std::fmt;

use crate::error::{Diagnose, Problem};
use crate::store::{StoreError, StoreErrorKind};

/// What was asked for, as policies spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are CloudFront's own")]
pub enum Asked {
    CreateInvalidation,
    GetInvalidation,
}

impl Asked {
    /// The name of the operation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateInvalidation => "CreateInvalidation",
            Self::GetInvalidation => "GetInvalidation",
        }
    }
}

/// CloudFront's own sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// Why there is no invalidation, or why nothing is known of it.
#[derive(Debug, thiserror::Error)]
pub enum CloudFrontError {
    /// It answered with an error.
    #[error("CloudFront refused {} on the distribution `{distribution}`: {}", asked.name(), reason(code, *status))]
    Refused {
        /// What was asked for.
        asked: Asked,
        /// Of which distribution.
        distribution: String,
        /// The HTTP status.
        status: u16,
        /// CloudFront's code; empty where there is none.
        code: String,
        /// What it said besides.
        #[source]
        said: Option<Refusal>,
    },
    /// There was no answer, or nobody to ask as.
    #[error("CloudFront could not be asked about the distribution `{distribution}`")]
    Unreachable {
        /// Which distribution.
        distribution: String,
        /// Why.
        #[source]
        source: Way,
    },
    /// Something else answers there.
    #[error("`{endpoint}` does not answer as CloudFront does: HTTP status {status}")]
    Foreign {
        /// Where.
        endpoint: String,
        /// With which status.
        status: u16,
    },
}

/// What is wrong with the way to CloudFront.
#[derive(Debug)]
pub struct Way(Box<StoreError>);

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            StoreErrorKind::TimedOut => formatter.write_str("there was no answer in time"),
            StoreErrorKind::ConnectionLost => formatter.write_str("the connection was lost"),
            StoreErrorKind::Unsendable => formatter.write_str("the request cannot be sent"),
            StoreErrorKind::NoCredentials { .. } => formatter.write_str("no credentials were found"),
            StoreErrorKind::CredentialsNotLoaded => {
                formatter.write_str("the credentials could not be loaded")
            }
            _ => fmt::Display::fmt(&*self.0, formatter),
        }
    }
}

impl std::error::Error for Way {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

fn reason(code: &str, status: u16) -> String {
    if code.is_empty() { format!("HTTP status {status}") } else { code.to_owned() }
}

impl CloudFrontError {
    pub(super) fn unreachable(distribution: &str, source: StoreError) -> Self {
        Self::Unreachable { distribution: distribution.to_owned(), source: Way(Box::new(source)) }
    }

    /// Whether there is no distribution of that id.
    #[must_use]
    pub fn is_about_the_id(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "NoSuchDistribution")
    }

    /// Whether the same request may succeed in a moment.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => {
                *status == 429
                    || *status >= 500
                    || matches!(code.as_str(), "Throttling" | "ThrottlingException" | "RequestLimitExceeded")
            }
            Self::Unreachable { source, .. } => source.0.is_retryable(),
            Self::Foreign { .. } => false,
        }
    }
}

impl Diagnose for CloudFrontError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { asked, distribution, code, .. } => refused(*asked, distribution, code),
            Self::Unreachable { source: Way(error), .. } => match error.kind {
                StoreErrorKind::Unreachable { .. } | StoreErrorKind::NoTls { .. } => {
                    Some("check the network, and `cloudfront_endpoint_url` where it is set".to_owned())
                }
                _ => Problem::of(&**error).hint,
            },
            Self::Foreign { .. } => Some("correct `cloudfront_endpoint_url`, or leave it out".to_owned()),
        }
    }
}

fn refused(asked: Asked, distribution: &str, code: &str) -> Option<String> {
    Some(match code {
        "AccessDenied" => format!(
            "it needs `cloudfront:{}` on `arn:aws:cloudfront::*:distribution/{distribution}`; `s3collect iam-policy` has it",
            asked.name()
        ),
        "NoSuchDistribution" => {
            "`aws cloudfront list-distributions` has the ids; it must be one of the account that these credentials are of"
                .to_owned()
        }
        "TooManyInvalidationsInProgress" => {
            "a distribution takes 3,000 paths and 15 wildcards at a time: wait for those under way".to_owned()
        }
        "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException" => {
            "the credentials of the bucket count for CloudFront as well; they must be AWS's".to_owned()
        }
        "ExpiredToken" => "get new temporary credentials; with SSO that is `aws sso login`".to_owned(),
        _ => return None,
    })
}
