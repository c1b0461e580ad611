//! What an ETag says of a body, and that of an object made of parts. Pure.

use md5::{Digest as _, Md5};

use crate::digest::hex;
use crate::parameters::{ObjectParameters, Parameter};

use super::Part;

/// The ETag that S3 gives an object made of parts: the MD5 of the parts' MD5s, and their number. `None` where
/// an ETag of a part is no MD5.
#[must_use]
pub fn multipart_etag(parts: &[Part]) -> Option<String> {
    let mut digest = Md5::new();
    for part in parts {
        let value = u128::from_str_radix(&part.etag, 16).ok().filter(|_| part.etag.len() == 32)?;
        digest.update(value.to_be_bytes());
    }
    Some(format!("{}-{}", hex(&digest.finalize()), parts.len()))
}

/// Whether an ETag could be the MD5 of a body.
pub(super) fn looks_like_md5(etag: &str) -> bool {
    etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether an object is encrypted with a key of KMS's or the customer's, which makes its ETag something else.
pub(super) fn has_own_keys(parameters: &ObjectParameters) -> bool {
    let by_kms = parameters.get(Parameter::ServerSideEncryption).is_some_and(|by| by.starts_with("aws:kms"));
    by_kms || parameters.get(Parameter::SseCustomerAlgorithm).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u16, etag: &str) -> Part {
        Part { number, etag: etag.to_owned(), encrypted: false, checksum: None }
    }

    #[test]
    fn it_is_the_md5_of_the_md5s() {
        // `printf part | md5sum`, twice; then `printf $HEX$HEX | xxd -r -p | md5sum`.
        let etag = "f4c9385f1902f7334b00b9b4ecd164de";
        assert_eq!(
            multipart_etag(&[part(1, etag), part(2, etag)]).as_deref(),
            Some("ca46ba190dcf239f636a4155d47c4b18-2")
        );
    }

    #[test]
    fn an_etag_that_is_no_md5_makes_none() {
        assert_eq!(multipart_etag(&[part(1, "841a2d689ad86bd1611447453c22c6fc-2")]), None);
        assert_eq!(multipart_etag(&[part(1, "abc")]), None);
    }
}
