//! Access control lists: canned ones and grants, as requests give them, as they are kept, as they are given
//! back. Only "may anybody read this" has an effect here: one person has all the keys. Pure.

use http::HeaderMap;
use s3s::dto::{self, AccessControlPolicy, Grantee, Owner, Type};
use s3s::{S3Error, S3ErrorCode, S3Result};
use serde::{Deserialize, Serialize};

use super::refusal::refuse;

/// The one account that there is.
pub(super) const OWNER: &str = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";
const OWNER_NAME: &str = "s3collect";
const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

/// One line of an ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    grantee: GranteeName,
    permission: String,
}

/// Whom a grant is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum GranteeName {
    Id(String),
    Uri(String),
    Email(String),
}

/// The owner as the protocol has it.
pub(super) fn owner() -> Owner {
    Owner { display_name: Some(OWNER_NAME.to_owned()), id: Some(OWNER.to_owned()) }
}

/// The grants that a request's headers ask for; those of `private` without any.
pub(super) fn of_request(headers: &HeaderMap) -> S3Result<Vec<Grant>> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut grants = Vec::new();
    for (name, permission) in [
        ("x-amz-grant-full-control", "FULL_CONTROL"),
        ("x-amz-grant-read", "READ"),
        ("x-amz-grant-read-acp", "READ_ACP"),
        ("x-amz-grant-write-acp", "WRITE_ACP"),
    ] {
        for grantee in text(name).into_iter().flat_map(|value| value.split(',')) {
            grants.push(Grant { grantee: parse_grantee(grantee)?, permission: permission.to_owned() });
        }
    }
    match text("x-amz-acl") {
        Some(_) if !grants.is_empty() => Err(refuse(
            S3ErrorCode::InvalidRequest,
            "Specifying both Canned ACLs and Header Grants is not allowed",
        )),
        Some(canned) => of_canned(canned),
        None if grants.is_empty() => of_canned("private"),
        None => Ok(grants),
    }
}

fn of_canned(name: &str) -> S3Result<Vec<Grant>> {
    let group = |uri: &str, permission: &str| Grant {
        grantee: GranteeName::Uri(uri.to_owned()),
        permission: permission.to_owned(),
    };
    let mut grants =
        vec![Grant { grantee: GranteeName::Id(OWNER.to_owned()), permission: "FULL_CONTROL".to_owned() }];
    match name {
        // The bucket's owner is the object's owner here.
        "private" | "bucket-owner-read" | "bucket-owner-full-control" | "aws-exec-read" => {}
        "public-read" => grants.push(group(ALL_USERS, "READ")),
        "public-read-write" => grants.extend([group(ALL_USERS, "READ"), group(ALL_USERS, "WRITE")]),
        "authenticated-read" => grants.push(group(AUTHENTICATED_USERS, "READ")),
        _ => return Err(S3Error::new(S3ErrorCode::InvalidArgument)),
    }
    Ok(grants)
}

/// `uri="http://…"`, `id="…"` or `emailAddress="…"`.
fn parse_grantee(text: &str) -> S3Result<GranteeName> {
    let (kind, value) = text.trim().split_once('=').unwrap_or_default();
    let value = value.trim_matches('"').to_owned();
    match kind {
        "id" => Ok(GranteeName::Id(value)),
        "uri" => Ok(GranteeName::Uri(value)),
        "emailAddress" => Ok(GranteeName::Email(value)),
        _ => Err(refuse(S3ErrorCode::InvalidArgument, "Argument format not recognized")),
    }
}

/// The grants of a document that `PutObjectAcl` carries.
pub(super) fn of_policy(policy: AccessControlPolicy) -> S3Result<Vec<Grant>> {
    let malformed = || refuse(S3ErrorCode::MalformedACLError, "The XML you provided was not well-formed");
    let grants = policy.grants.unwrap_or_default().into_iter().map(|grant| {
        let grantee = grant.grantee.ok_or_else(malformed)?;
        let name = (grantee.uri.map(GranteeName::Uri))
            .or(grantee.id.map(GranteeName::Id))
            .or(grantee.email_address.map(GranteeName::Email));
        let permission = grant.permission.ok_or_else(malformed)?.as_str().to_owned();
        Ok(Grant { grantee: name.ok_or_else(malformed)?, permission })
    });
    grants.collect()
}

/// Grants as the protocol has them.
pub(super) fn to_protocol(grants: &[Grant]) -> Vec<dto::Grant> {
    let grantee = |kind: &'static str| Grantee {
        display_name: None,
        email_address: None,
        id: None,
        type_: Type::from_static(kind),
        uri: None,
    };
    grants
        .iter()
        .map(|grant| {
            let grantee = match grant.grantee.clone() {
                GranteeName::Id(id) => Grantee {
                    display_name: (id == OWNER).then(|| OWNER_NAME.to_owned()),
                    id: Some(id),
                    ..grantee(Type::CANONICAL_USER)
                },
                GranteeName::Uri(uri) => Grantee { uri: Some(uri), ..grantee(Type::GROUP) },
                GranteeName::Email(email) => {
                    Grantee { email_address: Some(email), ..grantee(Type::AMAZON_CUSTOMER_BY_EMAIL) }
                }
            };
            dto::Grant { grantee: Some(grantee), permission: Some(grant.permission.clone().into()) }
        })
        .collect()
}

/// Whether anybody may read.
pub(super) fn is_public(grants: &[Grant]) -> bool {
    grants.iter().any(|grant| {
        grant.grantee == GranteeName::Uri(ALL_USERS.to_owned())
            && matches!(grant.permission.as_str(), "READ" | "FULL_CONTROL")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(name: &'static str, value: &'static str) -> Result<bool, S3ErrorCode> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        of_request(&headers).map(|grants| is_public(&grants)).map_err(|error| error.code().clone())
    }

    #[test]
    fn only_a_grant_to_all_users_is_public() {
        assert_eq!(public("x-amz-acl", "public-read"), Ok(true));
        assert_eq!(public("x-amz-acl", "public-read-write"), Ok(true));
        assert_eq!(public("x-amz-acl", "private"), Ok(false));
        assert_eq!(public("x-amz-acl", "authenticated-read"), Ok(false));
        let all = r#"id="me", uri="http://acs.amazonaws.com/groups/global/AllUsers""#;
        assert_eq!(public("x-amz-grant-read", all), Ok(true));
        assert_eq!(public("x-amz-grant-read-acp", all), Ok(false));
        assert_eq!(public("host", "x"), Ok(false));
    }

    #[test]
    fn what_is_no_acl_is_refused() {
        assert_eq!(public("x-amz-acl", "public"), Err(S3ErrorCode::InvalidArgument));
        assert_eq!(public("x-amz-grant-read", "everybody"), Err(S3ErrorCode::InvalidArgument));
    }
}
