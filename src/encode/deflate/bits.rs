//! Bits one behind the other, the lowest of a byte first (RFC 1951, 3.1.1).

#[derive(Debug, Default)]
pub(super) struct Bits {
    /// Whole bytes.
    pub(super) bytes: Vec<u8>,
    /// Bits that wait for more, and how many: fewer than 32.
    waiting: u64,
    count: u32,
}

impl Bits {
    /// The lowest `length` bits of a value that has no others; at most 32.
    #[inline]
    pub(super) fn put(&mut self, value: u32, length: u32) {
        self.waiting |= u64::from(value) << self.count;
        self.count += length;
        if self.count >= u32::BITS {
            let [a, b, c, d, ..] = self.waiting.to_le_bytes();
            self.bytes.extend_from_slice(&[a, b, c, d]);
            self.waiting >>= u32::BITS;
            self.count -= u32::BITS;
        }
    }

    /// Zeros up to the end of the byte.
    pub(super) fn align(&mut self) {
        let whole = self.count.div_ceil(u8::BITS) as usize;
        self.bytes.extend_from_slice(&self.waiting.to_le_bytes()[..whole]);
        self.waiting = 0;
        self.count = 0;
    }
}
