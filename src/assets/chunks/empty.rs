//! Chunks without code. What several modules import may be style sheets alone; the linker makes a script of that, and no
//! browser should have to fetch it.

use std::collections::BTreeSet;

use super::Chunk;

/// Takes imports of empty chunks out of all others, and says which chunks nobody asks for any more. Nothing else moves.
pub(super) fn without_empty(chunks: &mut [Chunk]) -> BTreeSet<usize> {
    let later: BTreeSet<String> = chunks.iter().flat_map(|chunk| chunk.later.iter().cloned()).collect();
    let mut empty = BTreeSet::new();
    for at in 0..chunks.len() {
        let chunk = &chunks[at];
        if !chunk.code.trim().is_empty() || chunk.entry.is_some() || later.contains(&chunk.placeholder) {
            continue;
        }
        let placeholder = chunk.placeholder.clone();
        let statement = format!("import \"./{placeholder}\";");
        let importers = || chunks.iter().filter(|chunk| chunk.imports.contains(&placeholder));
        if importers().all(|importer| {
            importer.code.matches(placeholder.as_str()).count() == 1 && importer.code.contains(&statement)
        }) {
            let blank = " ".repeat(statement.len());
            for importer in chunks.iter_mut().filter(|chunk| chunk.imports.contains(&placeholder)) {
                importer.code = importer.code.replacen(&statement, &blank, 1);
            }
            empty.insert(at);
        }
    }
    empty
}
