//! Bytes that are taken from the front; what a length claims is never more than what is there.

/// What is left of a pickle.
#[derive(Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

const SHORT: &str = "the pickle ends too soon";

impl<'a> Bytes<'a> {
    pub fn byte(&mut self) -> Result<u8, &'static str> {
        Ok(self.take(1)?[0])
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The text up to the end of the line.
    pub fn line(&mut self) -> Result<String, &'static str> {
        let end = self.0.iter().position(|byte| *byte == b'\n').ok_or(SHORT)?;
        let line = self.take(end)?;
        self.take(1)?;
        Ok(String::from_utf8_lossy(line).trim_end().to_string())
    }

    /// A number of `width` bytes that is not negative.
    pub fn size(&mut self, width: usize) -> Result<usize, &'static str> {
        let number = self.take(width)?.iter().rev();
        let wide = number.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        usize::try_from(wide).map_err(|_| SHORT)
    }

    /// An integer of `width` bytes; none if 64 bits do not hold it.
    pub fn integer(&mut self, width: usize, signed: bool) -> Result<Option<i64>, &'static str> {
        let bytes = self.take(width)?;
        let negative = signed && bytes.last().is_some_and(|byte| *byte >= 0x80);
        let fill = if negative { 0xff } else { 0 };
        let mut all = [fill; 8];
        let (kept, above) = bytes.split_at(width.min(all.len()));
        if above.iter().any(|byte| *byte != fill) {
            return Ok(None);
        }
        all[..kept.len()].copy_from_slice(kept);
        Ok(Some(i64::from_le_bytes(all)))
    }
}
