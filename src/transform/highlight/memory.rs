//! Code that was highlighted, from one build to the next: `(key: 16 bytes, length: u32 little-endian, HTML)*`, by rising keys. A
//! text that is cut or strange gives less of it, never another HTML: whoever keeps it sees to it that it is whole.

use std::{collections::HashMap, sync::Arc};

use crate::site::ContentHash;

/// In bytes. Beyond it a build highlights again.
const MOST: usize = 64 << 20;

/// What is recalled.
#[derive(Default)]
pub(super) struct Memory(HashMap<ContentHash, Box<str>>);

impl Memory {
    pub(super) fn read(mut memory: &[u8]) -> Self {
        let mut known = HashMap::new();
        while let Some((key, html, rest)) = block(memory) {
            known.insert(key, html.into());
            memory = rest;
        }
        Self(known)
    }

    pub(super) fn get(&self, key: ContentHash) -> Option<&str> {
        self.0.get(&key).map(|html| &**html)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// As much as there is room for.
pub(super) fn write(mut blocks: Vec<(ContentHash, Arc<str>)>) -> Vec<u8> {
    blocks.sort_unstable();
    let mut memory = Vec::new();
    for (key, html) in blocks {
        let Ok(length) = u32::try_from(html.len()) else { continue };
        if memory.len() + html.len() <= MOST {
            memory.extend_from_slice(key.as_bytes());
            memory.extend_from_slice(&length.to_le_bytes());
            memory.extend_from_slice(html.as_bytes());
        }
    }
    memory
}

fn block(memory: &[u8]) -> Option<(ContentHash, &str, &[u8])> {
    let (key, rest) = memory.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (html, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    Some((ContentHash::from_bytes(*key), std::str::from_utf8(html).ok()?, rest))
}
