//! A file that can be changed without being written: `verify` must repair what an unclean stop left
//! behind in order to read it, and must leave every byte of the evidence as it is.

use std::collections::BTreeMap;
use std::io;

use parking_lot::Mutex;
use redb::StorageBackend;

const PAGE_BYTES: u64 = 4096;

/// What lies in `base`, and on top of it, in memory, what was written since.
#[derive(Debug)]
pub(crate) struct Overlay {
    base: Box<dyn StorageBackend>,
    base_bytes: u64,
    changed: Mutex<Changed>,
}

#[derive(Debug)]
struct Changed {
    pages: BTreeMap<u64, Box<[u8]>>,
    bytes: u64,
    /// Below this the base still shows through; lowered when the file is cut.
    visible_bytes: u64,
}

impl Overlay {
    pub(crate) fn new(base: Box<dyn StorageBackend>) -> io::Result<Self> {
        let base_bytes = base.len()?;
        let changed =
            Changed { pages: BTreeMap::new(), bytes: base_bytes, visible_bytes: base_bytes };
        Ok(Self { base, base_bytes, changed: Mutex::new(changed) })
    }

    fn base_page(&self, changed: &Changed, page: u64) -> io::Result<Box<[u8]>> {
        let mut bytes = vec![0; size(PAGE_BYTES)].into_boxed_slice();
        let start = page * PAGE_BYTES;
        let end = (start + PAGE_BYTES).min(changed.visible_bytes).min(self.base_bytes);
        if start < end {
            self.base.read(start, &mut bytes[..size(end - start)])?;
        }
        Ok(bytes)
    }

    /// Calls `each` with page number, offset in the page, and range of the caller's buffer.
    fn pieces(
        offset: u64,
        length: usize,
    ) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            if done == length {
                return None;
            }
            let at = offset + done as u64;
            let inside = size(at % PAGE_BYTES);
            let count = (size(PAGE_BYTES) - inside).min(length - done);
            let piece = (at / PAGE_BYTES, inside, done..done + count);
            done += count;
            Some(piece)
        })
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).expect("offsets inside a page and its buffers fit")
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changed.lock().bytes)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changed = self.changed.lock();
        if offset + out.len() as u64 > changed.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if changed.pages.is_empty() && changed.visible_bytes == self.base_bytes {
            let inside = out.len().min(size(self.base_bytes.saturating_sub(offset)));
            let (base, beyond) = out.split_at_mut(inside);
            beyond.fill(0);
            return self.base.read(offset, base);
        }
        for (page, inside, range) in Self::pieces(offset, out.len()) {
            let count = range.len();
            match changed.pages.get(&page) {
                Some(bytes) => out[range].copy_from_slice(&bytes[inside..inside + count]),
                None => {
                    let bytes = self.base_page(&changed, page)?;
                    out[range].copy_from_slice(&bytes[inside..inside + count]);
                }
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changed = self.changed.lock();
        if len < changed.bytes {
            let last = len / PAGE_BYTES;
            changed.pages.split_off(&(last + 1));
            let mut page = match changed.pages.remove(&last) {
                Some(page) => page,
                None => self.base_page(&changed, last)?,
            };
            page[size(len % PAGE_BYTES)..].fill(0);
            changed.pages.insert(last, page);
            changed.visible_bytes = changed.visible_bytes.min(len);
        }
        changed.bytes = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changed = self.changed.lock();
        for (page, inside, range) in Self::pieces(offset, data.len()) {
            if !changed.pages.contains_key(&page) {
                let bytes = self.base_page(&changed, page)?;
                changed.pages.insert(page, bytes);
            }
            if let Some(bytes) = changed.pages.get_mut(&page) {
                bytes[inside..inside + range.len()].copy_from_slice(&data[range]);
            }
        }
        changed.bytes = changed.bytes.max(offset + data.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    #[test]
    fn an_overlay_behaves_like_the_file_it_hides() {
        let base = InMemoryBackend::new();
        let content: Vec<u8> = (0..20_000_u32).map(|n| n.to_le_bytes()[0] | 1).collect();
        base.set_len(content.len() as u64).expect("grows");
        base.write(0, &content).expect("writes");
        let overlay = Overlay::new(Box::new(base)).expect("opens");
        let mut model = content;
        let mut random = 42_u64;
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            (random >> 33) % limit
        };
        for step in 0..2000 {
            let length = size(below(9000));
            let offset = below(30_000);
            match below(8) {
                0 => {
                    overlay.set_len(offset).expect("cuts or grows");
                    model.resize(size(offset), 0);
                }
                1..4 => {
                    let byte = u8::try_from(step % 256).expect("is a byte");
                    overlay.write(offset, &vec![byte; length]).expect("writes");
                    let end = size(offset) + length;
                    model.resize(model.len().max(end), 0);
                    model[size(offset)..end].fill(byte);
                }
                _ => {
                    let mut read = vec![0; length];
                    let expected = model.get(size(offset)..size(offset) + length);
                    let found = overlay.read(offset, &mut read).ok().map(|()| read.as_slice());
                    assert!(found == expected, "step {step}: {length} bytes at {offset}");
                }
            }
            assert_eq!(overlay.len().expect("is known"), model.len() as u64, "step {step}");
        }
        let mut base = vec![0; 20_000];
        overlay.base.read(0, &mut base).expect("reads");
        assert!(base.iter().zip(0_u32..).all(|(byte, n)| *byte == n.to_le_bytes()[0] | 1));
    }
}
