//! Why there is no policy.

use crate::error::{Diagnose, Exit};

/// What is wrong with what a policy is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Unsigned URLs ask nobody, and IAM takes no policy without a statement.
    #[error("{} needs no permission with these settings", listed(verbs))]
    NothingNeeded {
        /// The verbs that were asked for.
        verbs: Vec<&'static str>,
    },
    /// An Object Lambda access point, whose callers need a function and another access point as well.
    #[error("there is no policy for the Object Lambda access point `{arn}`")]
    ObjectLambda {
        /// The access point.
        arn: String,
    },
}

fn listed(verbs: &[&str]) -> String {
    verbs.iter().map(|verb| format!("`{verb}`")).collect::<Vec<_>>().join(", ")
}

impl Diagnose for PolicyError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NothingNeeded { .. } => "URLs that are not signed by S3's keys ask nothing of the bucket",
            Self::ObjectLambda { .. } => {
                "name the access point behind it as `bucket_name`, and add the permission to invoke the function"
            }
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
