//! A cursor over the bytes of a pickle, with bounds checks on every length that it declares.

/// The unread part of a pickle.
#[derive(Debug)]
pub struct Cursor<'a>(pub &'a [u8]);

const TRUNCATED: &str = "the pickle is truncated";

impl<'a> Cursor<'a> {
    pub fn byte(&mut self) -> Result<u8, &'static str> {
        Ok(self.take(1)?[0])
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The text up to the end of the line.
    pub fn line(&mut self) -> Result<String, &'static str> {
        let end = self
            .0
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or(TRUNCATED)?;
        let line = self.take(end)?;
        self.take(1)?;
        Ok(String::from_utf8_lossy(line).trim_end().to_string())
    }

    /// A non-negative integer of `width` bytes.
    pub fn size(&mut self, width: usize) -> Result<usize, &'static str> {
        let digits = self.take(width)?.iter().rev();
        let value = digits.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        usize::try_from(value).map_err(|_| TRUNCATED)
    }

    /// An integer of `width` bytes; None if it exceeds 64 bits.
    pub fn integer(&mut self, width: usize, signed: bool) -> Result<Option<i64>, &'static str> {
        let bytes = self.take(width)?;
        let negative = signed && bytes.last().is_some_and(|byte| *byte >= 0x80);
        let fill = if negative { 0xff } else { 0 };
        let mut all = [fill; 8];
        let (low, high) = bytes.split_at(width.min(all.len()));
        if high.iter().any(|byte| *byte != fill) {
            return Ok(None);
        }
        all[..low.len()].copy_from_slice(low);
        Ok(Some(i64::from_le_bytes(all)))
    }
}
