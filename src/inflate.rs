//! Decompresses documents that somebody else may have written: what comes out is bounded by what came in, so that a few
//! kilobytes never become gigabytes. A leaf; pure.

use std::io::{self, Read as _};

use flate2::read::MultiGzDecoder;

/// So many bytes come out of any document, if it likes: small ones compress best.
const ALWAYS: u64 = 4 * 1024 * 1024;

/// So many come out of each byte beyond. Names and hashes in JSON give 5 to 20, deflate's utmost is 1,032.
const RATIO: u64 = 48;

/// The document, as long as it is no larger than `most`, and than such documents become.
///
/// # Errors
/// It is damaged, cut off or too large.
pub(crate) fn gunzip(bytes: &[u8], most: u64) -> io::Result<Vec<u8>> {
    let most = most.min(ALWAYS + RATIO * bytes.len() as u64);
    let mut document = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut document)?;
    if read as u64 > most {
        return Err(io::Error::other(format!("there are more than the {most} bytes that are taken")));
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(size: usize) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let piece = vec![b' '; 1 << 20];
        for start in (0..size).step_by(piece.len()) {
            encoder.write_all(&piece[..piece.len().min(size - start)]).expect("memory takes it");
        }
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn a_bomb_is_let_out_no_further_than_a_document() {
        let small = gzip(3 << 20);
        assert_eq!(gunzip(&small, u64::MAX).expect("small enough").len(), 3 << 20);
        assert_eq!(gunzip(&small, 3 << 20).expect("not too large").len(), 3 << 20);
        assert!(gunzip(&small, (3 << 20) - 1).is_err());
        let bomb = gzip(256 << 20);
        let most = ALWAYS + RATIO * bomb.len() as u64;
        assert!(most < 20 << 20, "{} bytes", bomb.len());
        let error = gunzip(&bomb, u64::MAX).expect_err("a bomb");
        assert_eq!(error.to_string(), format!("there are more than the {most} bytes that are taken"));
    }
}
