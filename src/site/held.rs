//! Bytes of a build that need not be in memory until they are needed again: the pages of a large site are more than a machine
//! has room for. Where they are put meanwhile is the affair of who has a disk.

use std::{fmt, io, sync::Arc};

use bytes::Bytes;

use super::ContentHash;

/// Where bytes are put aside.
pub trait Shelf: fmt::Debug + Send + Sync {
    /// Takes bytes and says where they are; `None` when they stay in memory.
    fn put(&self, bytes: &[u8]) -> Option<u64>;

    /// The bytes that are at a place.
    ///
    /// # Errors
    /// When they cannot be read again.
    fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>>;
}

/// Bytes that are on a shelf.
#[derive(Clone, Debug)]
pub struct Aside {
    shelf: Arc<dyn Shelf>,
    at: u64,
    len: usize,
}

impl Aside {
    /// Puts bytes on a shelf; `None` when they stay in memory.
    #[must_use]
    pub fn put(shelf: &Arc<dyn Shelf>, bytes: &[u8]) -> Option<Self> {
        let at = shelf.put(bytes)?;
        Some(Self { shelf: Arc::clone(shelf), at, len: bytes.len() })
    }

    /// The bytes themselves.
    ///
    /// # Errors
    /// When they cannot be read again.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        self.shelf.read(self.at, self.len)
    }
}

/// The bytes of a body, in memory or put aside, and their hash, which is taken once.
#[derive(Clone, Debug)]
pub struct Body {
    place: Place,
    hash: ContentHash,
}

#[derive(Clone, Debug)]
enum Place {
    Here(Bytes),
    Aside(Aside),
}

impl Body {
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    #[must_use]
    pub fn len(&self) -> usize {
        match &self.place {
            Place::Here(bytes) => bytes.len(),
            Place::Aside(aside) => aside.len,
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same body on a shelf, where there is one and it takes it.
    #[must_use]
    pub fn put_aside(self, on: Option<&Arc<dyn Shelf>>) -> Self {
        match (&self.place, on) {
            (Place::Here(bytes), Some(on)) => match Aside::put(on, bytes) {
                Some(aside) => Self { place: Place::Aside(aside), ..self },
                None => self,
            },
            _ => self,
        }
    }

    /// The bytes themselves.
    ///
    /// # Errors
    /// When they cannot be read again.
    pub fn read(&self) -> io::Result<Bytes> {
        match &self.place {
            Place::Here(bytes) => Ok(bytes.clone()),
            Place::Aside(aside) => aside.read().map(Bytes::from),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { hash: ContentHash::of(&bytes), place: Place::Here(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Takes what is longer than three bytes.
    #[derive(Debug, Default)]
    struct Memory(Mutex<Vec<u8>>);

    impl Shelf for Memory {
        fn put(&self, bytes: &[u8]) -> Option<u64> {
            let mut all = self.0.lock().unwrap();
            let at = all.len() as u64;
            (bytes.len() > 3).then(|| all.extend(bytes)).map(|()| at)
        }

        fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
            let (all, at) = (self.0.lock().unwrap(), usize::try_from(at).unwrap());
            all.get(at..at + len).map(<[u8]>::to_vec).ok_or_else(|| io::Error::other("gone"))
        }
    }

    #[test]
    fn what_is_put_aside_reads_the_same() {
        let memory = Arc::new(Memory::default());
        let shelf: Arc<dyn Shelf> = Arc::<Memory>::clone(&memory);
        for text in ["", "abc", "defg", "hijkl"] {
            let body = Body::from(Bytes::from(text)).put_aside(Some(&shelf));
            assert_eq!((body.len(), body.hash()), (text.len(), ContentHash::of(text.as_bytes())));
            assert_eq!(body.read().unwrap(), text);
        }
        assert_eq!(*memory.0.lock().unwrap(), b"defghijkl");
        let lost = Aside::put(&shelf, b"mnop").unwrap();
        memory.0.lock().unwrap().clear();
        assert!(lost.read().is_err());
    }
}
