//! Names of buckets, objects and keys as IAM has them.

use super::error::PolicyError;
use crate::settings::ConnectionSettings;

/// AWS's partitions but the usual one, by how the names of their regions begin.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

/// A bucket or an access point.
pub(super) struct Bucket {
    /// Its ARN; of an access point with slashes, as policies want it.
    arn: String,
    partition: String,
    region: Option<String>,
    is_access_point: bool,
    service: String,
}

/// A key of KMS.
pub(super) enum Key {
    /// Its ARN, with stars for what the settings do not say.
    Arn(String),
    /// A policy cannot name an alias as a resource, only as a condition on keys.
    Alias {
        /// The ARN of any key.
        any: String,
        /// The alias, with `alias/` before it.
        alias: String,
    },
}

impl Bucket {
    /// The bucket of a connection.
    pub(super) fn of(connection: &ConnectionSettings) -> Result<Self, PolicyError> {
        let name = &connection.bucket;
        let parts: Vec<&str> = name.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else {
            let region = connection.region_name.clone();
            let partition = partition(region.as_deref().unwrap_or_default()).to_owned();
            return Ok(Self {
                arn: format!("arn:{partition}:s3:::{name}"),
                partition,
                region,
                is_access_point: false,
                service: "s3".to_owned(),
            });
        };
        if service == "s3-object-lambda" {
            return Err(PolicyError::ObjectLambda { arn: name.clone() });
        }
        let resource = resource.replace(':', "/");
        Ok(Self {
            arn: format!("arn:{partition}:{service}:{region}:{account}:{resource}"),
            partition: partition.to_owned(),
            region: Some(region).filter(|region| !region.is_empty()).map(str::to_owned),
            is_access_point: true,
            service: service.to_owned(),
        })
    }

    /// The resource that is listed.
    pub(super) fn itself(&self) -> String {
        self.arn.clone()
    }

    /// The resource of keys, which may hold wildcards.
    pub(super) fn object(&self, key: &str) -> String {
        let between = if self.is_access_point { "/object/" } else { "/" };
        format!("{}{between}{key}", self.arn)
    }

    /// A distribution before the bucket, of whichever account.
    pub(super) fn distribution(&self, id: &str) -> String {
        format!("arn:{}:cloudfront::*:distribution/{id}", self.partition)
    }

    /// An action with its service: those on Outposts have one of their own.
    pub(super) fn action(&self, action: &str) -> String {
        format!("{}:{action}", self.service)
    }

    /// What a policy says of a `SSEKMSKeyId`: an ARN, the id of a key or an alias.
    pub(super) fn key(&self, name: &str) -> Key {
        let region = self.region.as_deref().unwrap_or("*");
        let alias =
            name.strip_prefix("alias/").or_else(|| name.split_once(":alias/").map(|(_, alias)| alias));
        match alias {
            Some(alias) => {
                let whole: Vec<&str> = name.split(':').collect();
                let (region, account) = match whole[..] {
                    ["arn", _, "kms", region, account, _] => (region, account),
                    _ => (region, "*"),
                };
                let any = format!("arn:{}:kms:{region}:{account}:key/*", self.partition);
                Key::Alias { any, alias: format!("alias/{alias}") }
            }
            None if name.starts_with("arn:") => Key::Arn(name.to_owned()),
            None => Key::Arn(format!("arn:{}:kms:{region}:*:key/{name}", self.partition)),
        }
    }
}

fn partition(region: &str) -> &'static str {
    PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
}

/// Text of which no character is a wildcard or begins a variable.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '*' | '?' | '$' => literal.extend(['$', '{', character, '}']),
            _ => literal.push(character),
        }
    }
    literal
}
